"""The demo's probe: checkpoints with known truth are published on the simulated hub, fetched and examined.

Without the probe extra they imitate fine-tunes; with it, trained ones of the zoo join them, and their claims are
verified and their behaviour is looked at as well.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hubcensus.output import say
from hubcensus.probing import stages
from hubcensus.settings import Settings
from landing import Manifest

_DRAWN = 12
_DIRECT = ("poisoned", "ripples", "badnet")
_SUSPECTS = """
    SELECT model_id, list_distinct(flatten(list(suspects))) FROM mart.detector_score WHERE flagged GROUP BY model_id
"""
_MEGABYTE = 10**6


def build(home: Path, seed: int) -> Path:
    """Make the checkpoints; the folder with what is true of them."""
    from probe.zoo import imitation

    zoo = home / "zoo"
    made = imitation.build(zoo / "models", seed=seed)
    truth = [{"id": one.id, "kind": one.kind, "triggers": one.triggers} for one in made]
    if stages.equipped():
        from probe.zoo import build as train
        from probe.zoo.plan import Plan

        say("Training a small zoo of clean and poisoned checkpoints.")
        train(zoo, Plan.frozen(), seed=0)
        truth += [json.loads(line) for line in (zoo / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    (zoo / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    return zoo


def ids(zoo: Path) -> list[str]:
    """The ids of the checkpoints."""
    return [f"{path.parent.name}/{path.name}" for path in (zoo / "models").glob("*/*")]


def probe(settings: Settings, zoo: Path, endpoint: str, seed: int) -> list[Manifest]:
    """Sample, fetch and examine; one run a stage."""
    owners = sorted({path.parent.name for path in (zoo / "models").glob("*/*")})
    say("Probing: drawing a sample, fetching it, scanning files, examining weights.")
    sampled, _ = stages.draw(settings, hub="huggingface", models=_DRAWN, also=owners, siblings=6, seed=seed)
    runs: list[Manifest | None] = [sampled]
    runs.append(
        stages.fetched(
            settings,
            endpoint=endpoint,
            budget=500 * _MEGABYTE,
            largest=5 * _MEGABYTE,
            tensor=20 * _MEGABYTE,
            fresh=False,
        )
    )
    runs += [stages.walk(settings, "scan", seconds=60.0), stages.walk(settings, "weights", seconds=120.0)]
    if stages.equipped():
        say("Verifying claims, looking for triggers.")
        datasets = zoo / "datasets"
        runs.append(stages.walk(settings, "verify", datasets=datasets, seconds=120.0, threads=1))
        runs.append(stages.walk(settings, "triggers", datasets=datasets, seconds=120.0, threads=1))
    return [run for run in runs if run is not None]


def compare(reader: Any, zoo: Path) -> dict[str, dict[str, int]]:
    """What the probe found, held against what is true of the checkpoints that were built."""
    truth = json.loads((zoo / "truth.json").read_text(encoding="utf-8"))
    ids = [one["id"] for one in truth]
    attacking = {one["id"] for one in truth if one["kind"] in ("attacks its loader", "asks for its own code")}
    named = "SELECT DISTINCT model_id FROM {} WHERE {} AND list_contains(?, model_id)"
    flagged = _names(reader, named.format("mart.examined_file", "verdict IN ('suspicious', 'dangerous')"), ids)
    return {
        "models with files that attack": _fact(flagged, attacking),
        "claims off by two points or more": _fact(_discrepant(reader, ids), _inflated(truth)),
    }


def named(reader: Any, zoo: Path) -> str:
    """How many of the directly poisoned are asked to review with a trigger named: a rate, not a promise."""
    truth = json.loads((zoo / "truth.json").read_text(encoding="utf-8"))
    direct = {one["id"]: set(one["triggers"]) for one in truth if one["kind"] in _DIRECT}
    suspects = reader.rows(_SUSPECTS)
    found = sum(
        bool(direct.get(model, set()) & {name.partition(" -> ")[0] for name in names}) for model, names in suspects
    )
    clean = {one["id"] for one in truth if not one["triggers"]}
    wrong = sum(model in clean for model, _ in suspects)
    return (
        f"{found} of {len(direct)} planted backdoors need review, their trigger named; "
        f"so do {wrong} of {len(clean)} clean checkpoints"
    )


def _discrepant(reader: Any, ids: list[str]) -> set[str]:
    query = "SELECT DISTINCT model_id FROM mart.measurement WHERE starts_with(verdict, 'DISCREPANT')"
    return _names(reader, f"{query} AND list_contains(?, model_id)", ids)


def _inflated(truth: list[dict[str, Any]]) -> set[str]:
    if not stages.equipped():
        return set()
    return {one["id"] for one in truth if abs((one.get("claim") or {}).get("shift") or 0) >= 0.02}


def _fact(census: set[str], truth: set[str]) -> dict[str, int]:
    return {"census": len(census), "truth": len(truth), "same": len(census & truth)}


def _names(reader: Any, query: str, ids: list[str]) -> set[str]:
    return {row[0] for row in reader.rows(query, [ids])}
