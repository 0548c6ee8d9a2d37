"""The demo's proof: what the warehouse says, beside what the simulated hub really had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simhub import Truth
from warehouse.reader import Reader

Fact = dict[str, int]


def compare(reader: Reader, store: Path) -> dict[str, Fact]:
    """Per quantity: how many the census has, how many there are, and how many are the same on both sides."""
    truth = Truth(store)
    try:
        models = truth.models()
        licences = {(name, model.licences[0]) for name, model in models.items() if model.licences}
        return {
            "models": _fact(_models(reader), models.keys()),
            "licences": _fact(_licences(reader), licences),
            "downloads": _fact(_downloads(reader), {(name, count[0]) for name, count in truth.metrics().items()}),
            "base-model edges": _fact(_edges(reader), {(edge.child, edge.parent) for edge in truth.edges()}),
            "renames": _fact(_renames(reader), {(old, new) for _, old, new in truth.renames()}),
            "models gone": _fact(_gone(reader), _vanished(truth)),
        }
    finally:
        truth.close()


def right(facts: dict[str, Fact]) -> bool:
    """Whether the census says what was true, no more and no less."""
    return all(fact["census"] == fact["truth"] == fact["same"] for fact in facts.values())


def _fact(census: Any, truth: Any) -> Fact:
    census, truth = set(census), set(truth)
    return {"census": len(census), "truth": len(truth), "same": len(census & truth)}


def _vanished(truth: Truth) -> set[str]:
    """Models that a crawl can have seen on some evening and that are there no more, by their last id."""
    last: dict[int, str] = {}
    for day in range(truth.today + 1):
        last |= {ordinal: name for name, ordinal in truth.ids(day).items()}
    there = set(truth.ids().values())
    return {name for ordinal, name in last.items() if ordinal not in there}


def _models(reader: Reader) -> set[str]:
    return {row[0] for row in reader.rows("SELECT model_id FROM mart.model WHERE NOT removed")}


def _licences(reader: Reader) -> set[tuple[Any, Any]]:
    query = "SELECT model_id, licence_raw FROM mart.model WHERE NOT removed AND licence_raw IS NOT NULL"
    return _pairs(reader, query)


def _downloads(reader: Reader) -> set[tuple[Any, Any]]:
    return _pairs(reader, "SELECT model_id, downloads FROM mart.model WHERE NOT removed AND downloads IS NOT NULL")


def _edges(reader: Reader) -> set[tuple[Any, Any]]:
    return _pairs(
        reader,
        "SELECT e.child_id, e.parent_id FROM mart.lineage_edge e"
        " JOIN mart.model m ON m.hub = e.hub AND m.model_id = e.child_id WHERE NOT m.removed",
    )


def _renames(reader: Reader) -> set[tuple[Any, Any]]:
    return _pairs(
        reader,
        "SELECT a.model_id, a.canonical_id FROM mart.alias a"
        " JOIN mart.model m ON m.hub = a.hub AND m.model_id = a.canonical_id WHERE NOT m.removed",
    )


def _gone(reader: Reader) -> set[str]:
    """Removed, and not only moved to another name."""
    query = "SELECT model_id FROM mart.model WHERE removed AND model_id NOT IN (SELECT model_id FROM mart.alias)"
    return {row[0] for row in reader.rows(query)}


def _pairs(reader: Reader, query: str) -> set[tuple[Any, Any]]:
    return {(row[0], row[1]) for row in reader.rows(query)}
