"""The whole of downstream on a synthetic GitHub: searched, fetched, mined, loaded; in the end the census says what
is true.

Everything goes wrong on the way: limits are short, answers fail, archives are hostile, repositories are gone, and
every stage is interrupted again and again. ``HUBCENSUS_FORGE`` says how many repositories there are (the promise is
held with 2,000).
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from doors import hubcensus
from downstream.forge import rows, serving

import landing.writer
from crawler.downstream import discover
from hubcensus.verbs import downstream as verb
from landing import Zone
from simhub.github.limits import Limits
from simhub.github.population import invent, truth_usages
from simhub.github.repository import Repository

SIZE = int(os.environ.get("HUBCENSUS_FORGE", "300"))
REFUSED = frozenset({"paths", "devices", "bomb", "huge", "cut"})
LIMITS = Limits(core=700, code_search=120, graphql=150, window=2.0, search_window=1.0, secondary_points=100_000)
FAULTS = "5xx=0.01,cut=0.004,malformed=0.004,seed=5"


@pytest.mark.timeout(3000)
def test_usages_equal_the_truth_whatever_happens(tmp_path, monkeypatch):
    population = invent(SIZE, 11)
    chance = random.Random(11)
    impatient(monkeypatch)
    interrupted = 0
    with serving(population, monkeypatch, faults=FAULTS, limits=LIMITS) as hub:
        written = interrupting(monkeypatch, chance)
        interrupted += until_done(tmp_path, written, "discover")
        searched = {name.lower() for run in Zone(tmp_path / "landing").finished() for name in discover.names(run)}
        names = tmp_path / "names.txt"
        names.write_text("\n".join(one.full_name for one in population))
        written.clear()
        hubcensus(tmp_path, "downstream", "discover", "--from", str(names))
        interrupted += until_done(tmp_path, written, "fetch", "--forks", "--max-archive", "64")
        interrupted += until_done(tmp_path, written, "mine")
        stats = hub.stats()
    assert interrupted >= 6 and sum(stats["faults"].values()) > 10
    users = {one[0] for one in truth_usages(population)} & {one.full_name for one in population if not one.fork}
    assert len({name for name in users if name.lower() in searched}) >= 0.98 * len(users)
    compare(tmp_path, population)


def compare(home: Path, population: list[Repository]) -> None:
    """Usages, states and refusals are those of the population."""
    truth = truth_usages(population, REFUSED)
    query = "SELECT repository[20:] AS r, path, named_id FROM mart.usage WHERE named_id IS NOT NULL"
    census = {(row["r"], row["path"], row["named_id"]) for row in rows(home, query)}
    assert (sorted(truth - census)[:20], sorted(census - truth)[:20]) == ([], [])
    told = {
        row["r"]: row for row in rows(home, "SELECT owner || '/' || name AS r, state, mined FROM mart.repository")
    }
    states = {"there": "found", "gone": "gone", "empty": "empty", "blocked": "blocked"}
    for one in population:
        fine = one.state == "there" and not REFUSED & set(one.hostile)
        assert (told[one.full_name]["state"], told[one.full_name]["mined"]) == (states[one.state], fine), (
            one.full_name
        )
    found = {row["rule"] for row in rows(home, "SELECT rule FROM mart.repository_finding WHERE severity = 'high'")}
    assert found == {"archive-traversal", "archive-device", "archive-bomb", "archive-too-large"}
    assert hubcensus(home, "check")["ok"]


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No long waits between two attempts."""
    from crawler.session import Patience

    session = verb._session

    def quick(*asked: Any) -> Any:
        made = session(*asked)
        made.patience = Patience(base=0.01, longest=0.1)
        return made

    monkeypatch.setattr(verb, "_session", quick)


def interrupting(monkeypatch: pytest.MonkeyPatch, chance: random.Random) -> list[int]:
    """Now and then a line of the journal is the last one of its process."""
    written: list[int] = []
    journal = landing.writer.RunWriter._journal

    def write(self: landing.writer.RunWriter, line: object) -> None:
        written.append(1)
        if len(written) > 3 and chance.random() < 0.02:
            if chance.random() < 0.5:
                journal(self, line)
            raise KeyboardInterrupt
        journal(self, line)

    monkeypatch.setattr(landing.writer.RunWriter, "_journal", write)
    return written


def until_done(home: Path, written: list[int], *words: str) -> int:
    """Run a stage until it ends by itself; how often it was interrupted."""
    from hubcensus.cli import run

    for times in range(1000):
        written.clear()
        code = run(["--home", str(home), "downstream", *words])
        if code in (0, 3):
            return times
        assert code == 130, code
    raise AssertionError("never done")
