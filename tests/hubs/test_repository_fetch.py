"""Fetching a repository from a forge: the commit, its archive, and everything that can go wrong with them."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import landing.writer
from crawler import archive, hubs, repository
from crawler.crawl import Options, crawl
from crawler.session import Patience
from landing import Manifest, OperationalError, Run, UsageError, Zone
from simhub.api import SimApi
from simhub.apps import _archives
from simhub.apps.forge import Forge

TOY = Path(__file__).parent / "toy"
PATIENT = Patience(attempts=12, base=0.01, longest=0.05, connect=2, silence=1.0, deadline=20)
TOYS = 5


@pytest.fixture(autouse=True)
def toy_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy zoo, as if it were installed."""
    monkeypatch.syspath_prepend(str(TOY))
    guest = EntryPoint("toy-zoo", "toy_zoo", "hubcensus.hubs")
    monkeypatch.setattr(hubs, "_guests", lambda: {"toy-zoo": guest})


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    toys = tmp_path / "zoo" / "toys"
    toys.mkdir(parents=True)
    (tmp_path / "zoo" / "README.md").write_text("# Toys\n")
    for number in range(TOYS):
        (toys / f"toy-{number}.yml").write_text(f"name: Bär {number}\nmaker: steiff\n", encoding="utf-8")
    return tmp_path / "zoo"


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    return Zone(tmp_path / "landing")


def go(zone: Zone, endpoint: str | None = None, **asked: object) -> Manifest:
    return crawl(zone, "toy-zoo", Options(endpoint=endpoint, patience=PATIENT, **asked), program="test 1")


def test_the_commit_and_the_hash_of_the_archive_are_recorded(zone, zoo):
    with SimApi(Forge({"toys/zoo": zoo})) as forge:
        done = go(zone, forge.endpoint)
        truth = forge.truth["toys/zoo"]
    told = done.config["repository"]
    assert told["commit"] == truth["commit"] and len(told["sha256"]) == 64 and done.complete
    run = Run.read(zone.root / "toy-zoo" / done.run_id)
    landed = {
        line["key"]: line for part in run.parts() if part.kind == "file" for line in repository_lines(run, part)
    }
    assert {path: line["sha256"] for path, line in landed.items()} == truth["files"]
    assert {line["revision"] for line in landed.values()} == {truth["commit"]}
    assert not (run.folder / "archive").exists()


def repository_lines(run, part):
    import json

    return [json.loads(line) for line in repository._unpack(run, part).splitlines()]


@pytest.mark.parametrize("faults", ["429=0.4,retry=0", "5xx=0.4", "cut=0.4", "429=0.3,5xx=0.3,cut=0.3,retry=0"])
def test_transient_faults_are_waited_out(zone, zoo, faults):
    for seed in range(4):
        with SimApi(Forge({"toys/zoo": zoo}), faults=f"{faults},seed={seed}") as forge:
            done = go(zone, forge.endpoint)
        assert done.complete and done.counts["models"] == TOYS


def test_a_spent_allowance_is_waited_for(zone, zoo):
    with SimApi(Forge({"toys/zoo": zoo}, quota=1, seconds=2)) as forge:
        done = go(zone, forge.endpoint)
    assert done.complete and done.requests["waited_s"] > 0.3


def test_an_archive_that_ends_early_is_one_sentence(zone, zoo):
    with (
        SimApi(Forge({"toys/zoo": zoo}, cut=True)) as forge,
        pytest.raises(OperationalError, match="keeps coming cut off"),
    ):
        go(zone, forge.endpoint)


def test_an_unknown_repository_or_an_empty_one_is_one_sentence(zone, zoo):
    with SimApi(Forge({"other/zoo": zoo})) as forge, pytest.raises(OperationalError, match="404"):
        go(zone, forge.endpoint)


def test_hostile_archives_give_the_good_files_and_nothing_else(zone, zoo, tmp_path):
    hostile = [name for name in _archives.HOSTILE if name not in ("bomb", "crowd")]
    with SimApi(Forge({"toys/zoo": zoo}, hostile=hostile)) as forge:
        done = go(zone, forge.endpoint)
    assert done.counts["models"] == TOYS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["landing", "zoo"]


def test_bombs_are_bounded(zoo, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_UNPACKED", 1 << 20)
    monkeypatch.setattr(archive, "MAX_ENTRIES", 50)
    big, many = tmp_path / "big.tar.gz", tmp_path / "many.tar"
    with tarfile.open(big, "w:gz") as packed:
        entry = tarfile.TarInfo("README.md")
        entry.size = 4 << 20
        packed.addfile(entry, io.BytesIO(bytes(entry.size)))
    with tarfile.open(many, "w") as packed:
        for number in range(80):
            packed.addfile(tarfile.TarInfo(f"{number}"))
    for path, said in ((big, "unpacks to more"), (many, "more than 50 files")):
        with pytest.raises(OperationalError, match=said):
            archive.open_copy(path, lambda _: True)


def test_a_kill_between_archive_and_models_keeps_to_the_commit(zone, zoo, monkeypatch):
    """What was begun at one commit ends at that commit, though the branch has moved on."""
    append = landing.writer.append_line
    with SimApi(Forge({"toys/zoo": zoo})) as forge:
        left = [1]

        def cut(path: Path, data: bytes) -> None:
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
            append(path, data)

        monkeypatch.setattr(landing.writer, "append_line", cut)
        with pytest.raises(KeyboardInterrupt):
            go(zone, forge.endpoint)
        monkeypatch.setattr(landing.writer, "append_line", append)
        begun, asked = forge.truth["toys/zoo"]["commit"], forge.stats()["requests"]
        done = go(zone, forge.endpoint)
        assert done.config["repository"]["commit"] == begun and done.counts["models"] == TOYS
        assert forge.stats()["requests"] == asked, "the archive was at hand"


def test_a_copy_that_changes_under_a_run_is_refused(zone, zoo, monkeypatch):
    append = landing.writer.append_line
    monkeypatch.setattr(landing.writer, "append_line", _after(1, append))
    with pytest.raises(KeyboardInterrupt):
        go(zone, source=zoo)
    monkeypatch.setattr(landing.writer, "append_line", append)
    (zoo / "toys" / "toy-9.yml").write_text("name: new\nmaker: lego\n")
    with pytest.raises(OperationalError, match="has changed since"):
        go(zone, source=zoo)
    assert go(zone, source=zoo, fresh=True).counts["models"] == TOYS + 1


def _after(lines: int, append):
    left = [lines]

    def cut(path: Path, data: bytes) -> None:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        append(path, data)

    return cut


def test_limit_makes_a_part(zone, zoo):
    done = go(zone, source=zoo, limit=2)
    assert done.counts["models"] == 2 and not done.complete


def test_git_archives_say_their_commit_and_checkouts_too(zoo, tmp_path):
    commit = hashlib.sha1(b"x").hexdigest()
    with tarfile.open(
        tmp_path / "g.tar.gz", "w:gz", format=tarfile.PAX_FORMAT, pax_headers={"comment": commit}
    ) as packed:
        packed.add(zoo, "toys-zoo-abc")
    with zipfile.ZipFile(tmp_path / "g.zip", "w") as zipped:
        zipped.comment = commit.encode()
        zipped.write(zoo / "README.md", "toys-zoo-abc/README.md")
    (zoo / ".git" / "refs" / "heads").mkdir(parents=True)
    (zoo / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (zoo / ".git" / "refs" / "heads" / "main").write_text(commit + "\n")
    for path in (tmp_path / "g.tar.gz", tmp_path / "g.zip", zoo):
        copy = archive.open_copy(path, lambda name: name == "README.md")
        assert copy.commit == commit and [name for name, _ in copy.files(lambda name: name == "README.md")] == [
            "README.md"
        ]


def test_words_that_do_not_fit_a_repository(zone, zoo):
    for asked, said in (({"since": "auto"}, "what changed"), ({"details": ("commits",)}, "does not know commits")):
        with pytest.raises(UsageError, match=said):
            go(zone, source=zoo, **asked)
