"""Runs of the downstream stages in the warehouse: which model a usage loads, or why none is known; what cannot be
read.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from doors import hubcensus
from downstream.landed import MOMENT, about, land, mined, usage

FLOOR = "2022-03-02T23:29:04.000Z"
EARLY = [
    ("bert", 900, FLOOR, 1),
    ("old/name", 50, "2023-01-01T00:00:00.000Z", 2),
    ("lab/gone", 5, "2023-02-01T00:00:00.000Z", 3),
]
LATE = [
    ("org/bert", 1000, FLOOR, 11),
    ("new/name", 60, "2023-01-01T00:00:00.000Z", 2),
    ("Lab/Net", 10, "2024-01-01T00:00:00.000Z", 4),
    ("openai-community/gpt2", 5000, FLOOR, 5),
    ("somebody/gpt2", 7, FLOOR, 6),
    ("late/gpt2", 9000, "2024-02-01T00:00:00.000Z", 7),
]


def dump(home: Path, models: list[tuple[str, int, str, int]], at: str, whole: str = "--complete") -> None:
    """One listing of Hugging Face."""
    path = home / f"{at}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        {
            "id": name,
            "downloads": count,
            "likes": 0,
            "createdAt": born,
            "_id": f"5f{number:022x}",
            "tags": [],
            "private": False,
        }
        for name, count, born, number in models
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    hubcensus(home, "import", "hf-list", str(path), "--observed-at", at, whole)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two listings of a hub, the second with renames and removals."""
    dump(tmp_path, EARLY, "2024-01-01")
    dump(tmp_path, LATE, "2025-01-01")
    return tmp_path


def joined(home: Path, *words: str) -> dict[str, tuple[str | None, bool, str | None, str | None]]:
    query = "SELECT id_as_written AS w, model_id AS m, joined AS j, evidence AS e, why AS y FROM mart.usage"
    return {row["w"]: (row["m"], row["j"], row["e"], row["y"]) for row in hubcensus(home, "sql", query, *words)}


def test_usages_are_joined_to_models_or_say_why_not(home):
    used = (
        *(usage(name) for name in ("new/name", "old/name", "lab/net", "bert", "gpt2", "lab/gone", "no/such")),
        usage(None),
        usage("en_core_web_sm", hub="spacy"),
    )
    land(home, "mine", "mined", mined("lab/app", *used))
    hubcensus(home, "load")
    assert joined(home) == {
        "new/name": ("new/name", True, "exact", None),
        "old/name": ("new/name", True, "rename", None),
        "lab/net": ("Lab/Net", True, "case", None),
        "bert": ("org/bert", True, "rename", None),
        "gpt2": ("openai-community/gpt2", True, "legacy", None),
        "lab/gone": ("lab/gone", False, "exact", "deleted"),
        "no/such": ("no/such", False, None, "unknown"),
        "./here": (None, False, None, "local path"),
        "en_core_web_sm": ("en_core_web_sm", False, None, "other hub"),
    }
    assert hubcensus(home, "check")["ok"]


def test_a_hub_that_was_never_seen_whole_proves_no_absence(tmp_path):
    dump(tmp_path, LATE, "2025-01-01", "--partial")
    land(tmp_path, "mine", "mined", mined("lab/app", usage("no/such")))
    hubcensus(tmp_path, "load")
    assert joined(tmp_path)["no/such"][3] == "not crawled"


def test_what_is_learned_later_joins_what_was_mined_before(tmp_path):
    land(tmp_path, "mine", "mined", mined("lab/app", usage("new/name")))
    hubcensus(tmp_path, "load")
    assert joined(tmp_path)["new/name"][3] == "other hub"
    dump(tmp_path, LATE, "2025-01-01")
    hubcensus(tmp_path, "load")
    assert joined(tmp_path)["new/name"] == ("new/name", True, "exact", None)


def test_the_past_knows_what_was_known_then(home):
    later = datetime(2026, 3, 1, tzinfo=UTC)
    land(home, "fetch", "repository", about("lab/app", 7, stargazerCount=5))
    land(home, "mine", "mined", mined("lab/app", usage("new/name"), licences=("MIT",)))
    land(home, "fetch", "repository", about("lab/renamed", 7, stargazerCount=90), at=later)
    land(home, "mine", "mined", mined("lab/renamed", usage("Lab/Net")), at=later, revision="beef")
    hubcensus(home, "load")
    query = "SELECT owner || '/' || name AS name, stars, commit, file_licences FROM mart.repository"
    assert hubcensus(home, "sql", query) == [
        {"name": "lab/renamed", "stars": 90, "commit": "beef", "file_licences": []}
    ]
    assert set(joined(home)) == {"Lab/Net"}
    then = "2026-02-01"
    assert hubcensus(home, "sql", query, "--as-of", then)[0]["stars"] == 5
    assert set(joined(home, "--as-of", then)) == {"new/name"}
    assert joined(home, "--as-of", "2025-06-01") == {}
    assert hubcensus(home, "sql", "SELECT count(*) AS n FROM mart.repository", "--as-of", "2025-06-01") == [{"n": 0}]


def test_what_cannot_be_read_is_quarantined_and_counted(tmp_path):
    good = mined("lab/app", usage("a/b"), {"path": "x.py"}, usage("c/d", line="seven"))
    land(
        tmp_path,
        "mine",
        "mined",
        good,
        ("lab/list", [1, 2]),
        ("noslash", {"usages": []}),
        ("lab/odd", {"usages": "?"}),
    )
    outcome = hubcensus(tmp_path, "load")
    assert outcome["quarantined"] == 2
    reasons = hubcensus(tmp_path, "sql", "SELECT key, reason FROM raw.quarantine ORDER BY ALL")
    assert [(row["key"], row["reason"]) for row in reasons] == [
        ("lab/app", "an entry of usages lacks what it must have"),
        ("lab/app", "an entry of usages lacks what it must have"),
        ("lab/list", "not a JSON object about a repository"),
        ("lab/odd", "usages is no list"),
        ("noslash", "not a JSON object about a repository"),
    ]
    assert [row["model_id"] for row in hubcensus(tmp_path, "sql", "SELECT model_id FROM mart.usage")] == ["a/b"]
    assert {row["name"] for row in hubcensus(tmp_path, "sql", "SELECT name FROM mart.repository")} == {"app", "odd"}
    assert hubcensus(tmp_path, "check")["ok"]


def test_states_and_refusals(tmp_path):
    land(tmp_path, "fetch", "repository", about("lab/there"), about("lab/empty", 2, defaultBranchRef=None))
    land(tmp_path, "fetch", "repository", ("lab/gone", {"errors": []}), status=404)
    land(tmp_path, "fetch", "repository", ("lab/blocked", {"errors": []}), status=451)
    finding = {"rule": "archive-bomb", "severity": "high", "message": "unpacks to more", "place": "x"}
    land(tmp_path, "mine", "mined", ("lab/there", {"refused": True, "findings": [finding]}))
    hubcensus(tmp_path, "load")
    states = hubcensus(tmp_path, "sql", "SELECT name, state, mined FROM mart.repository ORDER BY name")
    assert [(row["name"], row["state"], row["mined"]) for row in states] == [
        ("blocked", "blocked", False),
        ("empty", "empty", False),
        ("gone", "gone", False),
        ("there", "found", False),
    ]
    found = hubcensus(tmp_path, "sql", "SELECT repository, rule, severity, place FROM mart.repository_finding")
    assert found == [
        {"repository": "https://github.com/lab/there", "rule": "archive-bomb", "severity": "high", "place": "x"}
    ]


def test_a_rebuild_gives_the_same(home):
    land(home, "fetch", "repository", about("lab/app"))
    land(home, "mine", "mined", mined("lab/app", usage("old/name"), usage("gpt2"), licences=("MIT",)))
    land(home, "mine", "mined", mined("lab/other", usage("lab/net")), at=MOMENT.replace(day=12))
    tables = ("mart.usage", "mart.repository", "mart.reuse", "mart.dependency")
    hubcensus(home, "load")
    before = [hubcensus(home, "sql", f"SELECT * FROM {table} ORDER BY ALL") for table in tables]
    hubcensus(home, "rebuild")
    assert [hubcensus(home, "sql", f"SELECT * FROM {table} ORDER BY ALL") for table in tables] == before
    assert len(before[0]) == 3


def test_reuse_reaches_the_peatmoss_export(home, tmp_path):
    import sqlite3

    land(home, "mine", "mined", mined("lab/app", usage("old/name"), usage("no/such")))
    hubcensus(home, "load")
    hubcensus(home, "export", "peatmoss", "--out", str(tmp_path / "out"))
    database = sqlite3.connect(next((tmp_path / "out").glob("*.db")))
    found = database.execute(
        "SELECT r.owner, r.name, f.path, m.context_id FROM reuse_file f JOIN model m ON m.id = f.model_id "
        "JOIN reuse_repository r ON r.id = f.reuse_repository_id"
    ).fetchall()
    database.close()
    assert found == [("lab", "app", "app.py", "new/name")]
