"""Pickles in the midst of bytes of no known format: for whoever seeks to them before loading."""

from __future__ import annotations

from collections.abc import Iterator

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.pickles.judge import judge
from probe.scan.pickles.reader import search

_LEAST = 16


class EmbeddedDetector(Detector):
    """Bytes that no detector of a format knows, searched for pickles that call something dangerous."""

    name = "embedded"
    is_format = False
    rules = rules(
        Rule(
            "embedded-pickle",
            Severity.SUSPICIOUS,
            "A dangerous pickle inside other data",
            "Nothing in the file loads it; a loader that seeks to it would.",
        ),
    )

    def applies(self, blob: Blob) -> bool:
        """Any bytes; whether a format is known shows only when all detectors have been asked."""
        return blob.size >= _LEAST

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Findings on what is found at any offset."""
        if blob.formats:
            return
        for at, program in search(blob.data, 0, budget.tick):
            for one in judge(program, blob.data):
                if one.rule == "dangerous-global":
                    yield self.found("embedded-pickle", blob, one.text, f"{at}")


DETECTOR = EmbeddedDetector()
