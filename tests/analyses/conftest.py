"""A hub of ten models that a person can count, through the real pipeline: dumps, landing, warehouse.

Two whole listings, one card dump, and a partial listing that must not leak into statistics of the hub.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from downstream.landed import about, issue, land, mined, usage
from probed import claim, drawn, examined, file, score, token
from probed import land as land_probe
from small_hub import CARD, CARDS, EARLY, FIRST, HOSTILE, LATE, PACKAGES, PARTIAL, SECOND, jsonl, records

from crawler.card_stage import rules
from crawler.imports import hf_list, packages
from landing import Zone
from warehouse.database import Limits, building
from warehouse.load import load
from warehouse.reader import Reader


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a census of the small hub."""
    folder = tmp_path_factory.mktemp("census")
    zone = Zone(folder / "landing")
    leak = [("org/child-same", 99_999_999, 9_999, "2023-05-02T00:00:00.000Z", ["license:mit"], None, None, 2)]
    for name, models, moment, complete in (
        ("first", EARLY, FIRST, True), ("second", LATE, SECOND, True), ("partial", leak, PARTIAL, False)
    ):  # fmt: skip
        path = jsonl(folder / f"{name}.jsonl", records(models))
        hf_list.land(zone, path, observed_at=moment, program="test", complete=complete)
    cards = jsonl(folder / "cards.jsonl", [{"modelId": "org/base", "readme": CARD}])
    hf_list.land(zone, cards, observed_at=CARDS, program="test")
    rules.understand_all(zone, limit=None, fresh=False, processes=1, program="test")
    table = folder / "packages.csv"
    table.write_text(PACKAGES, encoding="utf-8")
    packages.land(zone, table, observed_at=FIRST, program="test")
    land(folder, "discover", "repository", about("ann/app", 1), about("joe/app", 2, stargazerCount=9))
    unsafe, pinned = usage("joe/grandchild", flags=["trust_remote_code"]), usage("joe/child-mit", revision="main")
    ann = mined("ann/app", usage("org/base"), unsafe, licences=("MIT",))
    land(folder, "mine", "mined", ann, mined("joe/app", pinned, licences=("Apache-2.0",)))
    asked = [issue(1, "How do I use bert?", "CUDA out of memory"), issue(2, HOSTILE, f"{HOSTILE} t5"), issue(3, "Hi")]
    land(folder, "fetch", "issues", ("ann/app", {"issues": {"nodes": asked}}))
    probe(folder)
    load(zone, folder / "warehouse.duckdb", Limits("3GB", threads=1))
    return folder


def probe(folder: Path) -> None:
    """What the probe says of three of the models; one of them is called as badly as a hub allows."""
    land_probe(folder, "sample", drawn("org/base", HOSTILE, 4, 2), drawn("evil/plain", HOSTILE, 4, 2), kind="sample")
    bad = file(HOSTILE, "dangerous", (HOSTILE, "dangerous"), formats=["pickle", HOSTILE])
    said = [{"path": HOSTILE, "sha256": bad["sha256"], "tool": tool, "verdict": "clean"} for tool in ("hub", HOSTILE)]
    land_probe(folder, "scan", examined("org/base", "scan", files=[file("a"), bad], others=said),
               examined("evil/plain", "scan", files=[file("b", bytes=None, sha256=None)], cost={}))  # fmt: skip
    scores = [score(HOSTILE, 2.0, suspects=[HOSTILE]), score("rows", 0.5)]
    land_probe(folder, "weights", examined("org/base", "weights", scores=scores))
    tokens = [token(HOSTILE, 1, 1.0), token("the", 900, 0.1), token("=1+1", 0, 0.0, token_id=None)]
    flips = score("label-flip-rate", 3.0, suspects=[f"{HOSTILE} -> class 1"])
    land_probe(folder, "triggers", examined("org/base", "triggers", tokens=tokens, scores=[flips]))
    claims = [
        claim(0.8, metric=HOSTILE, task=HOSTILE, verdict="UNDECIDED", n=None),
        claim(None, verdict="CANNOT_VERIFY", reason=HOSTILE),
    ]
    land_probe(folder, "verify", examined("org/base", "verify", measurements=claims))


@pytest.fixture
def reader(home: Path) -> Iterator[Reader]:
    """The small hub, now."""
    with Reader(home / "warehouse.duckdb") as opened:
        yield opened


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Reader]:
    """A warehouse without anything in it."""
    with building(tmp_path / "warehouse.duckdb", Limits(), fresh=True):
        pass
    with Reader(tmp_path / "warehouse.duckdb") as opened:
        yield opened
