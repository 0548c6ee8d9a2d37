"""Landed runs of the probe, written by hand: what loading and the analyses of the probe are tested on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from landing import Record, Zone
from probe.examination import Examination, Stage

MOMENT = datetime(2026, 2, 10, 12, tzinfo=UTC)
HUB = "huggingface"


def land(home: Path, stage: str, *bodies: Any, kind: str = "examination", at: datetime = MOMENT) -> None:
    """One finished run ``probe-<stage>`` of envelopes; a body is an examination or a pair of key and content."""
    zone = Zone(home / "landing")
    source = f"probe-{stage}"
    with zone.lock(source):
        writer = zone.start(source, kind=stage, program="test", parser="probe/1", config={})
        writer.write_records([_record(kind, body, at) for body in bodies], walk="test", cursor=1, done=True)
        writer.finish(complete=False, observed_at=at)


def _record(kind: str, body: Any, at: datetime) -> Record:
    if isinstance(body, Examination):
        key, content, revision = body.model_id, body.body(), body.revision
    else:
        key, told = body
        content = told if isinstance(told, bytes) else json.dumps(told).encode()
        revision = told.get("revision", "c0ffee") if isinstance(told, Mapping) else None
    return Record(kind, key, f"https://hub.test/{key}", 200, at, content, revision=revision)


def examined(name: str, stage: Stage, *, hub: str = HUB, **lists: Any) -> Examination:
    """One model, one stage."""
    tool = f"hubcensus-{stage}/1"
    lists.setdefault("cost", {"cpu_seconds": 0.5, "wall_seconds": 1.0, "peak_bytes": 1e6, "read_bytes": 1000})
    return Examination(hub, name, "c0ffee", stage, tool, **lists)


def file(path: str, verdict: str = "clean", *rules: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A file as the scan reports it; a rule is its id and its severity. Its hash is its name unless given."""
    findings = [{"rule": rule, "severity": severity, "message": f"{rule} in {path}", "where": path}
                for rule, severity in rules]  # fmt: skip
    facts = {"path": path, "sha256": f"sha of {path}", "bytes": 100, "verdict": verdict, "formats": ["json"]}
    return {**facts, "findings": findings, **more}


def score(detector: str, value: float | None, threshold: float | None = 1.0, **more: Any) -> dict[str, Any]:
    """A score, flagged where it exceeds its threshold, which was calibrated to 5 %."""
    flagged = value is not None and threshold is not None and value > threshold
    entry = {"detector": detector, "score": value, "threshold": threshold, "fpr": 0.05 if threshold else None}
    return {
        **entry,
        "flagged": flagged,
        "suspects": [],
        "reason": "" if value is not None else "not applicable",
        **more,
    }


def claim(
    measured: float | None, claimed: float | None = 0.9, verdict: str = "VERIFIED", **more: Any
) -> dict[str, Any]:
    """A claim as the verification reports it, with an interval of two points to each side."""
    span = 0.02 if measured is not None else None
    return {
        "ordinal": 1, "task": "text-classification", "dataset": "sst2", "config": None, "split": "test",
        "metric": "accuracy", "value_raw": None if claimed is None else str(claimed), "claimed": claimed,
        "measured": measured, "ci_low": None if span is None else measured - span,
        "ci_high": None if span is None else measured + span, "n": 100, "verdict": verdict, "reason": "",
        "gap": 0.05, "p_value": None, "protocol": "test", **more,
    }  # fmt: skip


def token(word: str, frequency: float, lfr: float, **more: Any) -> dict[str, Any]:
    """A point of the figure of label flip rate against frequency."""
    return {"token": word, "token_id": 1, "frequency": frequency, "lfr": lfr, "score": lfr * 10, **more}


def drawn(name: str, stratum: str, models: int, of: int, **more: Any) -> tuple[str, dict[str, Any]]:
    """A model of the sample: ``of`` models were drawn from the ``models`` of its stratum."""
    body = {"hub": HUB, "stratum": stratum, "probability": of / models, "stratum_models": models}
    return name, {**body, "stratum_drawn": of, "base": None, "siblings": [], "role": "drawn", **more}


def relatives(names: Iterable[str], role: str) -> list[tuple[str, dict[str, Any]]]:
    """Models that are fetched for comparison only."""
    return [(name, {"hub": HUB, "stratum": "", "probability": None, "role": role}) for name in names]
