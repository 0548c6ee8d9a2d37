"""One suite over every hub that lives in a Git repository: what must hold whatever the hub is made of."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest
from zoo import FIXTURES, Fixture, census, hubcensus, ids, landed, newest, repositories

import landing.writer
from crawler import hubs, repository

HUBS = repositories()


@pytest.fixture(params=HUBS)
def fixture(request: pytest.FixtureRequest) -> Fixture:
    return Fixture(request.param)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def crawl(home: Path, fixture: Fixture, source: Path, *options: str, code: int = 0):
    return hubcensus(home, "crawl", fixture.name, "--from", str(source), *options, code=code)


def test_every_hub_has_its_fixtures(fixture):
    for part in ("tree", "malformed", "changed"):
        assert (FIXTURES / fixture.name / part).is_dir(), part
    assert fixture.expected["ids"] and fixture.expected["malformed"]["quarantined"] and fixture.expected["changed"]


def test_every_model_is_there_once_with_its_words(fixture, home, tmp_path):
    run = crawl(home, fixture, fixture.copy(tmp_path / "tree"))["runs"][0]
    assert run["complete"] and run["state"] == "complete" and not run["failures"]
    with census(home) as reader:
        assert ids(reader, fixture.name) == sorted(fixture.expected["ids"])
        assert reader.value("SELECT count(*) FROM raw.quarantine") == 0
        assert reader.value("SELECT records FROM mart.snapshot") == len(fixture.expected["ids"])
        assert reader.value("SELECT count(*) FROM mart.model WHERE url NOT LIKE 'http%'") == 0
        everything = reader.rows("SELECT m.*, r.* FROM mart.model m LEFT JOIN mart.release r USING (hub, model_id)")
        tags = reader.rows("SELECT tag FROM mart.model_tag")
        assert not f"{everything}{tags}".isascii(), "the fixture should hold text in another script, and keep it"
        stated = set(reader.value("SELECT fields FROM mart.snapshot"))
        assert stated >= {"task"} & set(hubs.load(fixture.name).STATES)


def test_archives_and_folders_give_the_same(fixture, home, tmp_path):
    tree = fixture.copy(tmp_path / "zoo-main")
    with tarfile.open(tmp_path / "zoo.tar.gz", "w:gz") as archive:
        archive.add(tree, "zoo-main")
    shutil.make_archive(str(tmp_path / "packed"), "zip", tree)
    contents = []
    for source in (tree, tmp_path / "zoo.tar.gz", tmp_path / "packed.zip"):
        crawl(home, fixture, source)
        contents.append([entry for entry in landed(newest(home, fixture.name)) if entry[0] != "file"])
        files = sum(count for kind, count, _ in landed(newest(home, fixture.name)) if kind == "file")
        contents[-1].append(("file", files, ""))
    assert contents[0] == contents[1] == contents[2]


def test_a_kill_at_any_line_loses_and_doubles_nothing(fixture, home, tmp_path, monkeypatch):
    tree = fixture.copy(tmp_path / "tree")
    monkeypatch.setattr(repository, "BUNDLE_RECORDS", 1)
    crawl(home, fixture, tree)
    whole = landed(newest(home, fixture.name))
    append, lines = landing.writer.append_line, sum(1 for _ in newest(home, fixture.name).lines())
    for line in range(lines):
        left = [line]

        def cut(path: Path, data: bytes, left: list[int] = left) -> None:
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
            append(path, data)

        monkeypatch.setattr(landing.writer, "append_line", cut)
        crawl(home, fixture, tree, code=130)
        monkeypatch.setattr(landing.writer, "append_line", append)
        crawl(home, fixture, tree)
        assert landed(newest(home, fixture.name)) == whole, line


def test_the_same_hub_twice_is_one_version_of_every_model(fixture, home, tmp_path):
    tree = fixture.copy(tmp_path / "tree")
    crawl(home, fixture, tree)
    crawl(home, fixture, tree)
    with census(home) as reader:
        assert reader.value("SELECT count(*) FROM mart.snapshot") == 2
        assert reader.value("SELECT count(*) FROM mart.model_version") == len(fixture.expected["ids"])


def test_a_bad_entry_is_quarantined_and_counted(fixture, home, tmp_path):
    run = crawl(home, fixture, fixture.copy(tmp_path / "tree", "tree", "malformed"))["runs"][0]
    expected = fixture.expected["malformed"]
    assert run["counts"]["faults"] <= expected["quarantined"] and not run["complete"]
    with census(home) as reader:
        assert ids(reader, fixture.name) == sorted(expected["ids"])
        reasons = reader.rows("SELECT reason FROM raw.quarantine WHERE NOT kept")
        assert len(reasons) == expected["quarantined"] and all(len(reason) > 8 for (reason,) in reasons)
        assert reader.value("SELECT quarantined FROM mart.snapshot") == expected["quarantined"]


def test_a_changed_shape_is_one_sentence_that_names_the_field(fixture, home, tmp_path):
    crawl(home, fixture, fixture.copy(tmp_path / "tree"))
    said = crawl(home, fixture, fixture.copy(tmp_path / "other", "changed"), code=2)
    assert fixture.expected["changed"] in said and "Traceback" not in said
    with census(home) as reader:
        assert ids(reader, fixture.name) == sorted(fixture.expected["ids"])
    crawl(home, fixture, tmp_path / "tree", "--fresh")


def test_an_unrelated_folder_is_refused(fixture, home, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "nothing.txt").write_text("nothing")
    assert "none of the files" in crawl(home, fixture, tmp_path / "other", code=2)


def test_decoding_is_pure(fixture, tmp_path):
    """The same files give the same records, in the same order, with nothing at hand but the files."""
    from crawler.tree import Tree

    module = hubs.load(fixture.name)
    root = fixture.copy(tmp_path / "tree")
    paths = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
    files = {path: (root / path).read_bytes() for path in paths if module.wanted(path)}
    shutil.rmtree(root)

    def decoded(order: list[str]) -> list[object]:
        hub = module.Hub(Tree(module.REPOSITORY, {path: files[path] for path in order}))
        return [list(hub.decode(unit)) for unit in hub.units()]

    assert decoded(sorted(files)) == decoded(sorted(files, reverse=True))
    assert {record["id"] for records in decoded(sorted(files)) for record in records} == set(fixture.expected["ids"])
