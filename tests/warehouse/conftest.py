"""A census of a simulated hub over several days, through the command line, with the truth beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from doors import hubcensus

from landing.clock import from_iso
from simhub import SimHub, Truth, build_synthetic
from warehouse.reader import Reader

CALM = ""
# Everything the hub can do wrong at once. Transient faults go away on retry, bad records stay.
STORMY = (
    "429=0.05,5xx=0.05,cut=0.05,malformed=0.1,utf8page=0.1,badlink=0.05,dup=0.5,deep504=1,retry=0,"
    "noid=2,notobject=2,wrongtype=2,badutf8=2,hostile=1,bigcard=1"
)


@dataclass
class Census:
    """A crawled and loaded home, and what was true on each crawled day."""

    home: Path
    truth: Truth
    moments: dict[int, datetime]
    runs: dict[int, dict]

    def reader(self, day: int | None = None) -> Reader:
        as_of = None if day is None else self.moments[day]
        return Reader(self.home / "warehouse.duckdb", as_of=as_of)


def crawl(home: Path, endpoint: str, *options: str) -> dict:
    return hubcensus(home, "crawl", "huggingface", "--endpoint", endpoint, *options)["runs"][0]


def observed_at(home: Path, run_id: str) -> datetime:
    manifest = json.loads((home / "landing" / "huggingface" / run_id / "manifest.json").read_text())
    return from_iso(manifest["observed_at"])


def _census(home: Path, faults: str, plan: list[tuple[int, tuple[str, ...]]]) -> tuple[Census, SimHub]:
    store = build_synthetic(400, seed=11, path=home.parent / f"{home.name}.sqlite")
    hub = SimHub(store, faults=faults)
    hub.__enter__()
    census = Census(home, hub.truth, {}, {})
    today = 0
    for day, options in plan:
        if day > today:
            hub.advance(day - today)
            today = day
        done = crawl(home, hub.endpoint, *options)
        census.runs[day] = done
        census.moments[day] = observed_at(home, done["run_id"])
        hubcensus(home, "load")
    return census, hub


@pytest.fixture(scope="session")
def calm(tmp_path_factory):
    """Days 0, 1, 3 and 4: full with details, incremental, incremental, full with details."""
    details = ("--with", "cards,files,commits,discussions,headers")
    plan = [(0, details), (1, ("--since", "auto")), (3, ("--since", "auto", *details)), (4, details)]
    census, hub = _census(tmp_path_factory.mktemp("calm") / "home", CALM, plan)
    yield census
    hub.__exit__(None, None, None)


@pytest.fixture(scope="session")
def stormy(tmp_path_factory):
    """Days 0 and 2, full with cards, while everything goes wrong."""
    plan = [(0, ("--with", "cards")), (2, ("--with", "cards"))]
    census, hub = _census(tmp_path_factory.mktemp("stormy") / "home", STORMY, plan)
    yield census
    hub.__exit__(None, None, None)


@pytest.fixture(params=["calm", "stormy"])
def census(request):
    return request.getfixturevalue(request.param)
