"""7z archives: no loader of models reads them, which is why they are used to hide one."""

from __future__ import annotations

from collections.abc import Iterator

from probe.finding import Finding, Rule, Severity
from probe.scan.archives.names import escapes
from probe.scan.archives.sevenzips import MAGIC, Unreadable, read
from probe.scan.detector import Blob, Budget, Detector, rules


class SevenZipDetector(Detector):
    """7z archives, listed and unpacked with the standard library."""

    name = "7z"
    rules = rules(
        Rule("7z-slip", Severity.SUSPICIOUS, "A name that leads outside the folder"),
        Rule("7z-unreadable", Severity.ERROR, "Packed in a way that the scan cannot unpack"),
    )

    def applies(self, blob: Blob) -> bool:
        """By the magic bytes."""
        return blob.data[:6] == MAGIC

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Each file as a child."""
        try:
            for name, content in read(blob.data, budget):
                if reason := escapes(name):
                    yield self.found("7z-slip", blob, reason, name[:200])
                yield blob.child(name, content)
        except Unreadable as problem:
            yield self.found("7z-unreadable", blob, str(problem))


DETECTOR = SevenZipDetector()
