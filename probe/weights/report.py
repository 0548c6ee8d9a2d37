"""What the examination of one model's weights says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from probe.finding import Finding


@dataclass(slots=True)
class WeightsReport:
    """Scores of all detectors, what was found, and facts.

    ``scores`` have the keys of :class:`probe.examination.Examination`: ``detector, score, threshold, fpr, flagged,
    suspects, reason``. ``read_bytes`` counts what was read of the model's, the base's and the siblings' tensors.
    """

    scores: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    read_bytes: int = 0
    seconds: float = 0.0

    @property
    def flagged(self) -> bool:
        """Whether the combined verdict asks for a review."""
        return any(score["detector"] == "combined" and score["flagged"] for score in self.scores)

    def as_json(self) -> dict[str, Any]:
        """For machines; findings by falling severity."""
        findings = sorted(self.findings, key=lambda finding: -finding.severity)
        return {
            "scores": self.scores,
            "findings": [finding.facts() for finding in findings],
            "facts": self.facts,
            "read_bytes": self.read_bytes,
            "seconds": self.seconds,
        }
