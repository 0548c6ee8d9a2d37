"""Runs of the probe in the warehouse: loaded once, alike after a rebuild, joined to models, claims and draws."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from probed import HUB, MOMENT, claim, drawn, examined, file, land, relatives, score, token
from scipy.stats import false_discovery_control

from crawler.imports import hf_list
from landing import Zone
from warehouse.database import Limits
from warehouse.load import Loaded, load
from warehouse.reader import Reader

LISTED = datetime(2025, 1, 1, tzinfo=UTC)
LATER = MOMENT + timedelta(days=5)
VIEWS = ("examination", "examined_file", "finding", "detector_score", "measurement", "claim", "trigger_token",
         "scanner_verdict", "sample")  # fmt: skip


def result(value: Any, metric: str = "accuracy", split: str = "test") -> dict[str, Any]:
    """One result of a card's model-index."""
    dataset = {"type": "sst2", "name": "SST", "split": split}
    return {
        "task": {"type": "text-classification"},
        "dataset": dataset,
        "metrics": [{"type": metric, "value": value}],
    }


def models(home: Path, claims: dict[str, list[dict[str, Any]]], *names: str, at: datetime = LISTED) -> None:
    """A whole listing of models, some of which claim results."""
    records = []
    for number, name in enumerate((*claims, *names), 1):
        record = {"id": name, "downloads": 10, "likes": 1, "createdAt": "2024-01-01T00:00:00.000Z", "tags": []}
        card = {"model-index": [{"name": "it", "results": claims[name]}]} if name in claims else {}
        records.append({**record, "_id": f"5f{number:022x}", "private": False, "cardData": card, **card})
    listing = home / f"{at:%Y%m%d}.jsonl"
    listing.write_text("".join(json.dumps(record) + "\n" for record in records))
    hf_list.land(Zone(home / "landing"), listing, observed_at=at, program="test", complete=True)


def loaded(home: Path, *, rebuild: bool = False) -> Loaded:
    return load(Zone(home / "landing"), home / "warehouse.duckdb", Limits("2GB", threads=1), rebuild=rebuild)


def rows(home: Path, query: str, as_of: datetime | None = None) -> list[tuple[Any, ...]]:
    with Reader(home / "warehouse.duckdb", as_of=as_of) as reader:
        return reader.rows(query)


def everything(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    return {view: rows(home, f"SELECT * FROM mart.{view} ORDER BY ALL") for view in VIEWS}


def land_all(home: Path) -> None:
    """Something of every kind, of two models."""
    pickled = file("a.bin", "dangerous", ("pickle-dangerous-global", "dangerous"), formats=["zip", "pickle"])
    others = [
        {"path": "a.bin", "sha256": "sha of a.bin", "tool": "picklescan", "version": "1", "verdict": "dangerous"}
    ]
    own = {"rule": "rows-moved", "severity": "suspicious", "message": "needs review", "where": "cf", "score": 3.0,
           "threshold": 2.0}  # fmt: skip
    land(home, "sample", drawn("lab/one", "s", 10, 2), *relatives(["lab/two"], "base"), kind="sample")
    land(home, "fetch", examined("lab/one", "fetch", downloads=[{"path": "a.bin", "bytes": 5, "verified": True}]))
    land(
        home,
        "scan",
        examined("lab/one", "scan", files=[pickled, file("b")], others=others),
        examined("lab/two", "scan"),
    )
    land(
        home, "weights", examined("lab/one", "weights", scores=[score("rows", 3.0, suspects=["cf"])], findings=[own])
    )
    land(home, "triggers", examined("lab/one", "triggers", tokens=[token("cf", 1e-6, 1.0)]))
    land(home, "verify", examined("lab/one", "verify", measurements=[claim(0.9, p_value=0.5)]))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    models(tmp_path, {"lab/one": [result(0.9)]}, "lab/two")
    return tmp_path


def test_everything_arrives(home: Path) -> None:
    land_all(home)
    outcome = loaded(home)
    assert outcome.quarantined == 0 and rows(home, "SELECT * FROM raw.quarantine") == []
    found = everything(home)
    assert [len(found[view]) for view in VIEWS] == [6, 2, 2, 1, 1, 1, 1, 3, 2]
    assert rows(home, "SELECT path, bytes, ranged, verified FROM core.fetched_file") == [("a.bin", 5, None, True)]
    asked = "SELECT model_id, revision, path, sha256, tool, rule, severity, message, place, score FROM mart.finding"
    assert sorted(rows(home, asked), key=lambda row: row[4]) == [
        ("lab/one", "c0ffee", "a.bin", "sha of a.bin", "hubcensus-scan/1", "pickle-dangerous-global", "dangerous",
         "pickle-dangerous-global in a.bin", "a.bin", None),
        ("lab/one", "c0ffee", None, None, "hubcensus-weights/1", "rows-moved", "suspicious", "needs review", "cf",
         3.0),
    ]  # fmt: skip
    assert rows(home, "SELECT scanner, version, path, verdict FROM mart.scanner_verdict ORDER BY ALL") == [
        ("hubcensus", "hubcensus-scan/1", "a.bin", "dangerous"), ("hubcensus", "hubcensus-scan/1", "b", "clean"),
        ("picklescan", "1", "a.bin", "dangerous"),
    ]  # fmt: skip
    assert rows(home, "SELECT formats FROM mart.examined_file ORDER BY path") == [(["zip", "pickle"],), (["json"],)]
    assert rows(home, "SELECT detector, score, threshold, fpr, flagged, suspects FROM mart.detector_score") == [
        ("rows", 3.0, 1.0, 0.05, True, ["cf"])
    ]
    costs = "SELECT DISTINCT cpu_seconds, wall_seconds, peak_bytes, read_bytes FROM mart.examination"
    assert rows(home, costs) == [(0.5, 1.0, 1_000_000, 1_000)]
    assert rows(home, "SELECT count(*) FROM mart.examination WHERE model_key IS NULL") == [(0,)]


def test_loading_again_changes_nothing_and_a_rebuild_gives_the_same(home: Path) -> None:
    land_all(home)
    loaded(home)
    before = everything(home)
    assert loaded(home).runs == [] and everything(home) == before
    land(home, "scan", examined("lab/two", "scan", files=[file("c")]), at=LATER)
    assert len(loaded(home).runs) == 1
    grown = everything(home)
    assert len(grown["examined_file"]) == 3
    assert loaded(home, rebuild=True).runs and everything(home) == grown


def test_a_verdict_without_a_hash_is_about_the_file_at_the_same_commit(home: Path) -> None:
    """The hub tells its verdict with the listing of files, before any of them is there to be hashed."""
    said = [{"path": path, "tool": "hub", "verdict": "safe"} for path in ("a", "b", "c")]
    elsewhere = examined("lab/two", "fetch", others=said)
    elsewhere.revision = "another"
    land(home, "fetch", examined("lab/one", "fetch", others=said), elsewhere)
    files = [file("a"), file("b", sha256=None)]
    land(home, "scan", examined("lab/one", "scan", files=files), examined("lab/two", "scan", files=files))
    loaded(home)
    asked = "SELECT model_id, path, sha256 FROM mart.scanner_verdict WHERE scanner = 'hub' ORDER BY ALL"
    assert rows(home, asked) == [
        ("lab/one", "a", "sha of a"), ("lab/one", "b", None), ("lab/one", "c", None),
        ("lab/two", "a", None), ("lab/two", "b", None), ("lab/two", "c", None),
    ]  # fmt: skip


def test_what_is_not_known_is_null_and_costs_nothing(tmp_path: Path) -> None:
    land(tmp_path, "scan", examined("x/y", "scan", cost={}, files=[{"path": "a", "verdict": "clean"}]), ("x/z", {
        "hub": HUB, "stage": "scan", "tool": "t", "files": None}))  # fmt: skip
    assert loaded(tmp_path).quarantined == 0
    assert rows(tmp_path, "SELECT path, sha256, bytes, formats, verdict FROM mart.examined_file") == [
        ("a", None, None, [], "clean")
    ]
    asked = (
        "SELECT model_id, state, code, reason, cpu_seconds, peak_bytes, model_key FROM mart.examination ORDER BY 1"
    )
    nothing = (None,) * 5
    assert rows(tmp_path, asked) == [("x/y", "done", *nothing), ("x/z", "done", *nothing)]


# ---------------------------------------------------------------- what cannot be read


@pytest.mark.parametrize(
    ("body", "snippet"),
    [
        (b"\xff\xfe no text", None),
        (b"{not json", "{not json"),
        ([1, 2], "[1, 2]"),
        ({"stage": "scan", "tool": "t"}, '{"stage": "scan", "tool": "t"}'),
        ({"hub": HUB, "tool": "t"}, '{"hub": "huggingface", "tool": "t"}'),
        ({"hub": HUB, "stage": "scan"}, '{"hub": "huggingface", "stage": "scan"}'),
    ],
)
def test_an_examination_that_nobody_can_read_is_left_out(tmp_path: Path, body: Any, snippet: str | None) -> None:
    land(tmp_path, "scan", ("bad/one", body), examined("good/one", "scan", files=[file("a")]))
    assert loaded(tmp_path).quarantined == 1
    told = rows(tmp_path, "SELECT key, ordinal, reason, kept, snippet FROM raw.quarantine")
    assert told == [("bad/one", -1, "no examination of a model", False, snippet)]
    assert rows(tmp_path, "SELECT model_id, path FROM mart.examined_file") == [("good/one", "a")]


GOOD = {
    "downloads": {"path": "a"},
    "files": file("a"),
    "findings": {"rule": "r", "severity": "note"},
    "scores": score("d", 1.0),
    "measurements": claim(0.9),
    "tokens": token("cf", 1.0, 0.5),
    "others": {"path": "a", "tool": "hub", "verdict": "safe"},
}
BAD = [
    ("downloads", {"bytes": 5}),
    ("files", {"verdict": "clean"}),
    ("files", file("b", "harmless")),
    ("files", {"path": "b"}),
    ("findings", {"severity": "note"}),
    ("findings", {"rule": "r", "severity": "terrible"}),
    ("findings", {"rule": "r"}),
    ("scores", {"score": 1.0}),
    ("measurements", claim(0.9, verdict="TRUE")),
    ("measurements", {"claimed": 0.9}),
    ("measurements", claim(0.9, p_value=1.5)),
    ("measurements", claim(0.9, p_value="often")),
    ("tokens", {"lfr": 0.5}),
    ("others", {"path": "a", "tool": "hub"}),
    ("others", {"path": "a", "verdict": "safe"}),
    ("others", {"tool": "hub", "verdict": "safe"}),
    ("files", "a"),
    ("tokens", 7),
    ("scores", None),
]
TABLES = {"downloads": "fetched_file", "files": "examined_file", "findings": "finding", "scores": "detector_score",
          "measurements": "measurement", "tokens": "trigger_token", "others": "scanner_verdict"}  # fmt: skip


@pytest.mark.parametrize(("name", "entry"), BAD)
def test_an_entry_that_lacks_what_it_must_have_is_set_aside_and_the_rest_counts(tmp_path, name, entry):
    lists = {"files": [], **{name: [GOOD[name], entry, GOOD[name]]}}
    land(tmp_path, "scan", ("x/y", {"hub": HUB, "stage": "scan", "tool": "t", **lists}))
    assert loaded(tmp_path).quarantined == 0
    told = rows(tmp_path, "SELECT key, ordinal, reason, kept FROM raw.quarantine")
    assert told == [("x/y", 1, f"an entry of {name} lacks what it must have", True)]
    assert rows(tmp_path, f"SELECT count(*) FROM core.{TABLES[name]}") == [(2,)]


@pytest.mark.parametrize("name", TABLES)
def test_what_is_no_list_is_set_aside(tmp_path: Path, name: str) -> None:
    land(tmp_path, "scan", ("x/y", {"hub": HUB, "stage": "scan", "tool": "t", name: {"path": "a"}}))
    assert loaded(tmp_path).quarantined == 0
    told = rows(tmp_path, "SELECT key, ordinal, reason, kept, snippet FROM raw.quarantine")
    assert told == [("x/y", -1, f"{name} is no list", True, '{"path":"a"}')]
    assert rows(tmp_path, "SELECT stage FROM mart.examination") == [("scan",)]


def test_findings_of_a_file(tmp_path: Path) -> None:
    """They inherit the file's path and hash; those of a file that is set aside go with it."""
    odd = {**file("a", "suspicious", ("r", "suspicious"), ("s", "awful")), "sha256": "5"}
    lost = {"verdict": "clean", "findings": [{"rule": "of nothing", "severity": "note"}]}
    land(tmp_path, "scan", examined("x/y", "scan", files=[odd, lost, {**file("b"), "findings": "?"}]))
    loaded(tmp_path)
    assert rows(tmp_path, "SELECT path, sha256, rule FROM mart.finding") == [("a", "5", "r")]
    told = sorted(reason for (reason,) in rows(tmp_path, "SELECT reason FROM raw.quarantine"))
    lacks = "an entry of {} lacks what it must have"
    assert told == [lacks.format("files"), lacks.format("findings"), "findings is no list"]


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"role": "drawn", "probability": 0.5},
        {"hub": HUB},
        {"hub": HUB, "probability": 0},
        {"hub": HUB, "probability": 1.5},
        {"hub": HUB, "probability": "half"},
        {"hub": HUB, "probability": None, "role": "drawn"},
        {"hub": HUB, "probability": 0.5, "role": "found in the street"},
    ],
)
def test_a_draw_without_a_probability_is_left_out(tmp_path: Path, body: Any) -> None:
    land(tmp_path, "sample", ("x/y", body), drawn("x/z", "s", 8, 2), kind="sample")
    assert loaded(tmp_path).quarantined == 1
    assert rows(tmp_path, "SELECT key, reason, kept FROM raw.quarantine") == [
        ("x/y", "no model drawn with a probability", False)
    ]
    assert rows(tmp_path, "SELECT model_id FROM mart.sample") == [("x/z",)]


def test_kinds_that_nobody_reads_are_noted_only(tmp_path: Path) -> None:
    land(tmp_path, "scan", ("x/y", {"hub": HUB}), kind="thought")
    assert loaded(tmp_path).quarantined == 0
    assert rows(tmp_path, "SELECT kind, key FROM raw.record") == [("thought", "x/y")]


# ---------------------------------------------------------------- time, draws


def test_the_newest_examination_not_after_the_moment(home: Path) -> None:
    land(home, "scan", examined("lab/one", "scan", files=[file("a", "dangerous")]))
    land(home, "weights", examined("lab/one", "weights", scores=[score("rows", 1.0)]))
    land(home, "scan", examined("lab/one", "scan", files=[file("b"), file("c")]), at=LATER)
    loaded(home)
    query = "SELECT path FROM mart.examined_file ORDER BY path"
    assert rows(home, query) == [("b",), ("c",)]
    assert rows(home, query, as_of=LATER) == [("b",), ("c",)]
    assert rows(home, query, as_of=LATER - timedelta(seconds=1)) == [("a",)]
    assert rows(home, query, as_of=MOMENT - timedelta(seconds=1)) == []
    assert rows(home, "SELECT count(*) FROM mart.detector_score", as_of=LATER) == [(1,)], "another stage stands"


def test_an_examination_that_found_nothing_supersedes_one_that_did(home: Path) -> None:
    land(home, "scan", examined("lab/one", "scan", files=[file("a", "dangerous", ("r", "dangerous"))]))
    land(home, "scan", examined("lab/one", "scan", state="timeout", code="TIMEOUT", reason="slow"), at=LATER)
    loaded(home)
    assert rows(home, "SELECT count(*) FROM mart.finding") == [(0,)]
    assert rows(home, "SELECT state, code, reason FROM mart.examination") == [("timeout", "TIMEOUT", "slow")]


def test_the_newest_draw_of_every_hub(home: Path) -> None:
    land(home, "sample", drawn("lab/one", "s", 10, 1), drawn("lab/two", "s", 10, 1), kind="sample")
    land(home, "sample", drawn("lab/two", "t", 4, 1), *relatives(["gone/base"], "base"), kind="sample", at=LATER)
    other = drawn("o/m", "u", 2, 1, hub="ollama")
    land(home, "sample", other, kind="sample", at=LATER + timedelta(days=1))
    loaded(home)
    query = "SELECT hub, model_id, role, stratum, model_key IS NOT NULL FROM mart.sample ORDER BY ALL"
    assert rows(home, query) == [
        (HUB, "gone/base", "base", "", False), (HUB, "lab/two", "drawn", "t", True),
        ("ollama", "o/m", "drawn", "u", False),
    ]  # fmt: skip
    first = [(HUB, "lab/one", "drawn", "s", True), (HUB, "lab/two", "drawn", "s", True)]
    assert rows(home, query, as_of=LATER - timedelta(days=1)) == first
    assert rows(home, query, as_of=MOMENT - timedelta(days=1)) == []
    chance = "SELECT probability, stratum_models, stratum_drawn FROM mart.sample WHERE model_id = 'lab/two'"
    assert rows(home, chance) == [(0.25, 4, 1)]


def test_models_that_are_listed_later_are_joined_then(tmp_path: Path) -> None:
    land(tmp_path, "sample", drawn("lab/one", "s", 10, 1), kind="sample", at=LISTED - timedelta(days=9))
    land(tmp_path, "scan", examined("lab/one", "scan"), at=LISTED - timedelta(days=9))
    loaded(tmp_path)
    query = "SELECT e.model_key IS NOT NULL, s.model_key IS NOT NULL FROM mart.examination e, mart.sample s"
    assert rows(tmp_path, query) == [(False, False)]
    models(tmp_path, {}, "lab/one")
    loaded(tmp_path)
    assert rows(tmp_path, query) == [(True, True)]


# ---------------------------------------------------------------- claims


def test_a_measurement_stands_beside_its_claim(home: Path) -> None:
    found = claim(0.85, verdict="DISCREPANT_LOW", p_value=0.001, reason="fewer are right", gap=0.03)
    land(home, "verify", examined("lab/one", "verify", measurements=[found]))
    loaded(home)
    asked = """SELECT model_id, metric, value, measured, ci_low, ci_high, verdict, reason, examples, gap, q_value,
        protocol FROM mart.claim"""
    assert rows(home, asked) == [
        ("lab/one", "accuracy", 0.9, 0.85, 0.83, 0.87, "DISCREPANT_LOW", "fewer are right", 100, 0.03, 0.001, "test")
    ]


def test_equal_claims_are_taken_one_after_the_other(tmp_path: Path) -> None:
    """Three cards' claims that say the same, one that says it in other letters, one that differs in its split."""
    said = [result(0.9), result(0.9), result("90.0 %", "f1"), result(0.9, split="validation")]
    models(tmp_path, {"lab/one": said})
    measured = [
        claim(0.11, ordinal=1), claim(0.22, ordinal=2), claim(0.33, ordinal=3, split="validation"),
        claim(0.44, ordinal=4, metric="F1", dataset="SST2", value_raw="90"), claim(0.55, ordinal=5),
        claim(0.66, ordinal=6, value_raw="0.91"),
    ]  # fmt: skip
    land(tmp_path, "verify", examined("lab/one", "verify", measurements=measured[::-1]))
    loaded(tmp_path)
    found = rows(tmp_path, "SELECT metric, split, measured FROM mart.claim ORDER BY ALL")
    assert found == [
        ("accuracy", "test", 0.11), ("accuracy", "test", 0.22), ("accuracy", "validation", 0.33), ("f1", "test", 0.44)
    ]  # fmt: skip
    lone = rows(tmp_path, "SELECT measured, position FROM mart.measurement WHERE front_id IS NULL ORDER BY 2")
    assert lone == [(0.55, 5), (0.66, 6)], "what the card does not say, or not as often, belongs to no claim"


def test_measurements_that_repeat_an_ordinal_stay_apart(tmp_path: Path) -> None:
    found = [
        claim(0.1, ordinal=1, p_value=0.01),
        claim(0.2, ordinal=1, p_value=0.02),
        claim(0.3, ordinal=None, p_value=0.03),
    ]
    land(tmp_path, "verify", examined("x/y", "verify", measurements=found))
    loaded(tmp_path)
    assert rows(tmp_path, "SELECT position, measured FROM mart.measurement ORDER BY 1") == [
        (1, 0.1),
        (2, 0.2),
        (3, 0.3),
    ]


def test_a_claim_that_changed_since_is_not_measured(tmp_path: Path) -> None:
    models(tmp_path, {"lab/one": [result(0.9)]})
    land(tmp_path, "verify", examined("lab/one", "verify", measurements=[claim(0.85)]))
    models(tmp_path, {"lab/one": [result(0.95)]}, at=LATER)
    loaded(tmp_path)
    query = "SELECT value, measured FROM mart.claim"
    assert rows(tmp_path, query) == [(0.95, None)]
    assert rows(tmp_path, query, as_of=LATER - timedelta(days=1)) == [(0.9, 0.85)]
    assert rows(tmp_path, "SELECT measured FROM mart.measurement") == [(0.85,)]


def test_discoveries_are_controlled_over_a_run(tmp_path: Path) -> None:
    """Benjamini and Hochberg over all tests of a run, ties and claims that were not tested included."""
    p = [0.001, 0.04, 0.03, 0.04, 0.9, None, 0.2, 0.012, 1.0]
    judged = [
        claim(0.8, p_value=value, verdict="DISCREPANT_LOW" if (value or 1) < 0.05 else "VERIFIED") for value in p
    ]
    half = len(p) // 2
    land(tmp_path, "verify", examined("a/1", "verify", measurements=judged[:half]),
         examined("a/2", "verify", measurements=judged[half:]))  # fmt: skip
    alone = claim(0.8, p_value=0.04, verdict="DISCREPANT_HIGH")
    land(tmp_path, "verify", examined("b/1", "verify", measurements=[alone]), at=LATER)
    loaded(tmp_path)
    found = rows(
        tmp_path, "SELECT p_value, q_value, verdict_alone, verdict FROM mart.measurement WHERE model_id < 'b'"
    )
    tested = sorted(value for value in p if value is not None)
    expected = dict(zip(tested, false_discovery_control(tested), strict=True))
    assert len(found) == len(p)
    for value, q, alone, verdict in found:
        assert q == (None if value is None else pytest.approx(expected[value]))
        holds = alone == "VERIFIED" or q <= 0.05
        assert verdict == (alone if holds else "UNDECIDED")
    assert sum(verdict == "DISCREPANT_LOW" for *_, verdict in found) == sum(q <= 0.05 for q in expected.values()) > 0
    assert sum(alone != verdict for *_, alone, verdict in found) > 0
    one = rows(tmp_path, "SELECT q_value, verdict FROM mart.measurement WHERE model_id = 'b/1'")
    assert one == [(pytest.approx(0.04), "DISCREPANT_HIGH")], "another run is another family of tests"
