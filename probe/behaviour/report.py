"""What an examination of behaviour says, and the two ways in which it may not get that far."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any


class NotApplicable(Exception):
    """This scan says nothing about this model; the message is the reason, in words for the reader."""


class Spent(Exception):
    """The time allowed for the examination is used up."""


@dataclass(slots=True)
class Budget:
    """Wall seconds that an examination may take; long loops ``tick`` between two batches."""

    seconds: float = float("inf")
    started: float = field(default_factory=time.monotonic)

    def tick(self) -> None:
        """Raise :class:`Spent` once the time is used up."""
        if time.monotonic() - self.started > self.seconds:
            raise Spent(f"not finished within {self.seconds:g} seconds")


@dataclass(slots=True)
class BehaviourReport:
    """Scores of every scan, findings, the points of the figure, and what it took.

    ``scores``: ``detector, score, threshold, fpr, flagged, suspects, reason`` (``score`` is None where the scan did
    not apply, ``reason`` says why). ``findings``: as :meth:`probe.finding.Finding.facts`. ``tokens``: ``token,
    token_id, frequency, lfr, score``. ``facts``: device, plan, probes, sequences, tokens per second, peak bytes.
    """

    scores: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def no_score(detector: str, reason: str) -> dict[str, Any]:
    """The entry of a scan that did not apply or did not finish."""
    return {
        "detector": detector,
        "score": None,
        "threshold": None,
        "fpr": None,
        "flagged": False,
        "suspects": [],
        "reason": reason,
    }
