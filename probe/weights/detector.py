"""What a detector of weights is: it looks at one subject, gives a score with suspects, or says why it cannot."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

from probe.finding import Finding, Rule, Severity
from probe.weights.subject import Subject


@dataclass(slots=True)
class Reading:
    """What a detector read off a subject.

    ``score`` grows with suspicion and is None where the detector does not apply; ``reason`` then says why.
    ``null`` names the calibration to hold it against, where it is not the detector's own (more or less was at hand).
    ``suspects`` are tokens, the most suspicious first. ``findings`` are those that need no threshold.
    """

    score: float | None = None
    suspects: list[str] = field(default_factory=list)
    reason: str = ""
    findings: list[Finding] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    null: str = ""


class Detector(ABC):
    """One concern. A file in ``probe/weights/detectors`` holds one subclass and ``DETECTOR = Subclass()``."""

    #: Short name, as stored with the score.
    name: ClassVar[str]
    #: Every rule that it can report, by id.
    rules: ClassVar[dict[str, Rule]]
    #: The rule reported where a calibrated threshold is passed; None for a covariate, which never flags.
    flag: ClassVar[str | None] = None
    #: Whether it streams more than the embedding matrix.
    heavy: ClassVar[bool] = False

    @abstractmethod
    def read(self, subject: Subject) -> Reading:
        """Look at the subject. Malformed content is a reading with a reason, or a finding; never a crash."""

    def found(self, rule: str, message: str, where: str = "", **details: Any) -> Finding:
        """A finding of one of this detector's rules."""
        return Finding(rule, self.rules[rule].severity, message, where, details=details)


def rules(*listed: Rule) -> dict[str, Rule]:
    """Rules by id."""
    return {rule.id: rule for rule in listed}


def note(id: str, title: str, help: str = "") -> Rule:
    """A rule that informs and never turns a verdict."""
    return Rule(id, Severity.NOTE, title, help)


def review(id: str, title: str, help: str = "") -> Rule:
    """A rule that asks for a second look."""
    return Rule(id, Severity.SUSPICIOUS, title, help)
