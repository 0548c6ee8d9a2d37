"""PeaTMOSS out and in: all 56 tables, the same after a round trip, and the same answers to its demo queries."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from doors import hubcensus

from simhub import SimHub, build_synthetic
from warehouse.exports._peatmoss_tables import tables
from warehouse.reader import Reader

ROWS = 7
# What the demonstration of PeaTMOSS asks: the most downloaded models, how often each is reused, what is talked about.
DEMO = (
    "SELECT id, context_id, downloads FROM model ORDER BY downloads DESC, id LIMIT 100",
    "SELECT model_id, count(*) FROM model_to_reuse_repository GROUP BY model_id ORDER BY 1",
    "SELECT id, title FROM github_issue WHERE state = 'OPEN' ORDER BY updated_at DESC, id LIMIT 100",
    "SELECT id, title FROM github_pull_request WHERE state IN ('OPEN', 'MERGED')"
    " ORDER BY updated_at DESC, id LIMIT 100",
)
HUBS = [(1, "Hugging Face", "https://huggingface.co/"), (2, "PyTorch", "https://pytorch.org/hub/")]


def content(path: Path) -> dict[str, list[tuple]]:
    """Every table with its rows in order."""
    with sqlite3.connect(path) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
    connection.close()
    return {name: sorted(found, key=repr) for name, found in rows.items()}


def filled(path: Path, rows: int = ROWS) -> Path:
    """A database with rows in all 56 tables: references point somewhere, texts have letters of all kinds."""
    metadata = tables()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        metadata.create_all(connection)
        for name, table in metadata.tables.items():
            listed = HUBS if name == "model_hub" else [_row(table, number, rows) for number in range(1, rows + 1)]
            connection.execute(sa.insert(table), [dict(zip(table.c.keys(), row, strict=True)) for row in listed])
    engine.dispose()
    return path


def _row(table: sa.Table, number: int, rows: int) -> tuple:
    return tuple(_value(table.name, column, number, rows) for column in table.c)


def _value(table: str, column: sa.Column, number: int, rows: int) -> object:
    if column.name == "model_hub_id":
        return 1 if number <= rows - 2 else 2
    if column.foreign_keys:
        return (number * 3) % rows + 1 if column is not next(iter(column.table.c)) else number
    if column.name == "id":
        return number
    if column.name == "context_id":
        return f"lab{number}/größe-{number}" if number <= rows - 2 else f"lab_net{number}"
    if column.name == "state":
        return ("OPEN", "MERGED", "CLOSED")[number % 3]
    if column.name.endswith(("_at", "_date", "due_on")):
        return f"2023-0{number % 9 + 1}-11 10:0{number % 10}:00+00:00"
    if column.name == "abbreviation":
        return f"l{number}"
    if isinstance(column.type, sa.Integer):
        return number * 1000 if column.name == "downloads" else number % 2
    return (
        None
        if number % 5 == 0 and column.name in ("body", "content")
        else f"{table} {column.name} {number} «ü» \U0001f600'"
    )


def answers(path: Path) -> list[list[tuple]]:
    with sqlite3.connect(path) as connection:
        found = [connection.execute(query).fetchall() for query in DEMO]
    connection.close()
    return found


def export(home: Path, out: Path, *words: str) -> Path:
    assert hubcensus(home, "export", "peatmoss", "--out", str(out), *words)["files"] == ["PeaTMOSS.db"]
    return out / "PeaTMOSS.db"


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A census of nothing but one imported database."""
    folder = tmp_path_factory.mktemp("peatmoss")
    hubcensus(folder / "home", "import", "peatmoss", str(filled(folder / "theirs.db")))
    hubcensus(folder / "home", "load")
    hubcensus(folder / "home", "check")
    return folder / "home"


def test_there_are_56_tables():
    assert len(tables().tables) == 56


def test_a_round_trip_gives_back_every_row_of_every_table(home, tmp_path):
    theirs, ours = content(home.parent / "theirs.db"), content(export(home, tmp_path))
    assert all(theirs.values()) and len(theirs) == 56
    assert ours == theirs


def test_the_demo_queries_answer_the_same(home, tmp_path):
    theirs = answers(home.parent / "theirs.db")
    assert all(theirs)
    assert answers(export(home, tmp_path)) == theirs


def test_models_are_in_the_census_with_what_the_database_says(home):
    with Reader(home / "warehouse.duckdb") as reader:
        rows = reader.rows("SELECT hub, model_id, downloads, likes, sha FROM mart.model ORDER BY model_key")
        talk = reader.rows("SELECT count(*) FROM core.commit UNION ALL SELECT count(*) FROM core.discussion")
        when = reader.rows("SELECT DISTINCT observed_at::DATE::VARCHAR FROM core.snapshot")
    assert [row[:3] for row in rows if row[0] == "huggingface"] == [
        ("huggingface", f"lab{number}/größe-{number}", number * 1000) for number in range(1, ROWS - 1)
    ]
    assert [row[1] for row in rows if row[0] == "pytorch-hub"] == [f"lab_net{ROWS - 1}", f"lab_net{ROWS}"]
    assert all("model sha" in row[4] for row in rows)
    assert [count for (count,) in talk] == [5, 5]
    assert when == [("2023-09-11",)] or when == [("2023-08-11",)]


def test_tags_licences_and_data_sets_are_where_a_crawl_puts_them(tmp_path):
    path, home = filled(tmp_path / "theirs.db"), tmp_path / "home"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE license SET name = 'apache-2.0' WHERE id = 1")
        connection.execute("UPDATE dataset SET name = 'imdb' WHERE id = 1")
        connection.execute("UPDATE paper SET name = 'arxiv:1810.04805' WHERE id = 1")
        for kind in ("license", "dataset", "paper"):
            connection.execute(f"DELETE FROM model_to_{kind}")
            connection.execute(f"INSERT INTO model_to_{kind} VALUES (1, 1)")
    connection.close()
    hubcensus(home, "import", "peatmoss", str(path))
    hubcensus(home, "load")
    with Reader(home / "warehouse.duckdb") as reader:
        first = reader.rows("SELECT licence, datasets, papers FROM mart.model WHERE model_id = 'lab1/größe-1'")
        tags = reader.rows("SELECT kind, value FROM mart.model_tag WHERE model_id = 'lab1/größe-1' ORDER BY ALL")
    assert first == [("Apache-2.0", 1, 1)]
    assert {("licence", "apache-2.0"), ("dataset", "imdb"), ("arxiv", "1810.04805")} <= set(tags)


def test_what_was_crawled_since_is_brought_up_to_date_and_added(tmp_path):
    store = build_synthetic(30, seed=5, path=tmp_path / "hub.sqlite")
    with SimHub(store) as hub:
        known = min(hub.truth.models())
        path, home = filled(tmp_path / "theirs.db"), tmp_path / "home"
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE model SET context_id = ? WHERE id = 1", [known])
        connection.close()
        hubcensus(home, "import", "peatmoss", str(path))
        hubcensus(home, "crawl", "huggingface", "--endpoint", hub.endpoint, "--with", "commits")
    hubcensus(home, "load")
    ours, theirs = content(export(home, tmp_path / "out")), content(path)
    with Reader(home / "warehouse.duckdb") as reader:
        live = reader.rows(
            "SELECT model_id, downloads, sha FROM mart.model WHERE NOT removed AND hub = 'huggingface'"
        )
        tags = reader.rows(f"SELECT DISTINCT tag FROM mart.model_tag WHERE model_id = '{known}' ORDER BY tag")
    by_name = {row[1]: row for row in ours["model"]}
    assert len(by_name) == len(ours["model"])
    assert {name for name, _, _ in live} | {row[1] for row in theirs["model"]} == set(by_name)
    assert all((by_name[name][5], by_name[name][3]) == (downloads, sha) for name, downloads, sha in live)
    assert by_name[known][0] == 1
    untouched = [row for row in theirs["model"] if row[0] not in (1,)]
    assert [row for row in ours["model"] if row[0] in range(2, ROWS + 1)] == untouched
    names = dict(ours["tag"])
    assert sorted(names[tag] for model, tag in ours["model_to_tag"] if model == 1) == [tag for (tag,) in tags]
    assert set(theirs["hf_commit"]) < set(ours["hf_commit"])
    for name in ("github_issue", "github_comment", "reuse_file", "hf_git_ref"):
        assert ours[name] == theirs[name]


def test_a_census_that_never_imported_one_becomes_a_valid_database(tmp_path):
    home = tmp_path / "home"
    fixture = Path(__file__).parents[1] / "hubs" / "fixtures"
    for hub in ("onnx-zoo", "pytorch-hub", "coqui"):
        hubcensus(home, "crawl", hub, "--from", str(fixture / hub / "tree"))
    hubcensus(home, "load")
    path = export(home, tmp_path / "out")
    ours = content(path)
    with Reader(home / "warehouse.duckdb") as reader:
        models = reader.rows("SELECT model_id FROM mart.model")
    assert len(ours) == 56
    assert sorted(row[1] for row in ours["model"]) == sorted(name for (name,) in models)
    assert sorted(row[1] for row in ours["model_hub"]) == ["Coqui TTS", "ONNX Model Zoo", "PyTorch Hub"]
    assert ours["model_to_architecture"] and ours["model_to_tag"] and not ours["github_issue"]
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_what_we_export_comes_back_the_same_with_every_hub_known(tmp_path):
    home, again = tmp_path / "home", tmp_path / "again"
    fixture = Path(__file__).parents[1] / "hubs" / "fixtures"
    hubs = sorted(folder.name for folder in fixture.iterdir() if (folder / "tree").is_dir())
    for hub in hubs:
        hubcensus(home, "crawl", hub, "--from", str(fixture / hub / "tree"))
    hubcensus(home, "load")
    first = export(home, tmp_path / "first")
    runs = hubcensus(again, "import", "peatmoss", str(first), "--observed-at", "2026-01-01")["runs"]
    assert sorted(run["hub"] for run in runs) == hubs
    hubcensus(again, "load")
    assert content(export(again, tmp_path / "second")) == content(first)


def test_the_same_name_on_two_hubs_stays_two_models(tmp_path):
    path, home = filled(tmp_path / "theirs.db"), tmp_path / "home"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE model SET context_id = 'ResNet50' WHERE id = 1")
    connection.close()
    hubcensus(home, "import", "peatmoss", str(path))
    fixture = Path(__file__).parents[1] / "hubs" / "fixtures" / "onnx-zoo" / "tree"
    hubcensus(home, "crawl", "onnx-zoo", "--from", str(fixture))
    hubcensus(home, "load")
    names = {row[1] for row in content(export(home, tmp_path / "out"))["model"]}
    assert {"ResNet50", "onnx-zoo:ResNet50"} <= names


def test_tables_beyond_the_56_are_kept_too(tmp_path):
    path, home = filled(tmp_path / "theirs.db"), tmp_path / "home"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE model_to_base_model (model_id INTEGER, base_model_name VARCHAR, note BLOB)")
        connection.execute("INSERT INTO model_to_base_model VALUES (1, 'bert', x'00ff'), (2, NULL, NULL)")
    connection.close()
    hubcensus(home, "import", "peatmoss", str(path))
    hubcensus(home, "load")
    assert content(export(home, tmp_path / "out"))["model_to_base_model"] == content(path)["model_to_base_model"]


def test_importing_again_lands_nothing_and_a_kill_goes_on_where_it_stood(tmp_path, monkeypatch):
    from crawler.imports._peatmoss_file import Database

    path, home = filled(tmp_path / "theirs.db"), tmp_path / "home"
    land, left = Database.land, [20]

    def dies(self, *words, **named):
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return land(self, *words, **named)

    monkeypatch.setattr(Database, "land", dies)
    hubcensus(home, "import", "peatmoss", str(path), code=130)
    monkeypatch.setattr(Database, "land", land)
    first = hubcensus(home, "import", "peatmoss", str(path))["runs"]
    second = hubcensus(home, "import", "peatmoss", str(path))["runs"]
    assert [run["new"] for run in first] == [True, True]
    assert [run["new"] for run in second] == [False, False]
    hubcensus(home, "load")
    assert content(export(home, tmp_path / "out")) == content(path)


def test_models_of_an_unknown_hub_are_kept_and_said(tmp_path):
    path, home = filled(tmp_path / "theirs.db"), tmp_path / "home"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE model_hub SET name = 'Elsewhere', url = 'https://else.example' WHERE id = 2")
    connection.close()
    (run,) = hubcensus(home, "import", "peatmoss", str(path))["runs"]
    assert run["state"] == "partial"
    hubcensus(home, "load")
    assert content(export(home, tmp_path / "out")) == content(path)


@pytest.mark.parametrize(
    "content_, word", [(b"no database at all, but long enough " * 40, "cannot be read"), (b"", "no table")]
)
def test_a_file_that_is_none_is_said_in_a_sentence(tmp_path, content_, word):
    path = tmp_path / "theirs.db"
    path.write_bytes(content_)
    assert word in hubcensus(tmp_path / "home", "import", "peatmoss", str(path), code=2)


def test_a_cut_database_is_said_in_a_sentence(tmp_path):
    path = filled(tmp_path / "theirs.db", rows=300)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "cannot be read" in hubcensus(tmp_path / "home", "import", "peatmoss", str(path), code=2)
