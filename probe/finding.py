"""What the probe says of a file: findings, ordered by severity, and the verdict that follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Severity(IntEnum):
    """How bad a finding is; a file's verdict is that of its worst finding.

    ``ERROR`` says that something could not be judged: worse than what merely stands on no list, not as bad as what
    is known to be odd.
    """

    NOTE = 0
    UNLISTED = 1
    ERROR = 2
    SUSPICIOUS = 3
    DANGEROUS = 4

    @property
    def word(self) -> str:
        """The severity as it is printed and stored."""
        return self.name.lower()


#: The verdict of a file whose worst finding has this severity.
VERDICTS = {
    Severity.NOTE: "clean",
    Severity.UNLISTED: "unlisted",
    Severity.ERROR: "error",
    Severity.SUSPICIOUS: "suspicious",
    Severity.DANGEROUS: "dangerous",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a detector can find: a stable id (``pickle-dangerous-global``), its severity, and what it means."""

    id: str
    severity: Severity
    title: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found.

    ``where`` is the place inside the file (member of an archive, byte offset, tensor, token). A detector that
    scores says its ``score`` and the calibrated ``threshold`` beside it; ``details`` is JSON for machines.
    """

    rule: str
    severity: Severity
    message: str
    where: str = ""
    score: float | None = None
    threshold: float | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """As JSON: what the command line prints and the landing zone keeps."""
        facts: dict[str, Any] = {
            "rule": self.rule,
            "severity": self.severity.word,
            "message": self.message,
            "where": self.where,
        }
        if self.score is not None:
            facts["score"] = self.score
        if self.threshold is not None:
            facts["threshold"] = self.threshold
        if self.details:
            facts["details"] = self.details
        return facts


def verdict(findings: Iterable[Finding]) -> str:
    """``clean``, ``unlisted``, ``error``, ``suspicious`` or ``dangerous``."""
    return VERDICTS[max((finding.severity for finding in findings), default=Severity.NOTE)]


@dataclass(slots=True)
class FileReport:
    """One file, judged. ``sha256`` is None where it could not be read whole."""

    path: str
    sha256: str | None
    size: int
    findings: list[Finding] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        """The file's verdict."""
        return verdict(self.findings)

    def facts(self) -> dict[str, Any]:
        """As the command-line contract prints it."""
        return {
            "path": self.path,
            "sha256": self.sha256,
            "bytes": self.size,
            "verdict": self.verdict,
            "formats": self.formats,
            "findings": [finding.facts() for finding in sorted(self.findings, key=lambda f: -f.severity)],
        }
