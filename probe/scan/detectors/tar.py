"""Tar archives: NeMo's, TorchServe's, torch's oldest format, and everybody's."""

from __future__ import annotations

from collections.abc import Iterator

from probe.finding import Finding, Rule, Severity
from probe.scan.archives.names import escapes, link_escapes
from probe.scan.archives.tars import BLOCK, Malformed, checks, members
from probe.scan.detector import Blob, Budget, Detector, rules

_S = Severity.SUSPICIOUS


class TarDetector(Detector):
    """Tar archives, told by a right checksum in the first header."""

    name = "tar"
    rules = rules(
        Rule("tar-slip", _S, "A name or a link that leads outside the folder"),
        Rule("tar-special", _S, "A device or a pipe in an archive of a model"),
        Rule("tar-malformed", _S, "Begins like a tar and breaks"),
        Rule("tar-truncated", Severity.ERROR, "A member ends before its size"),
        Rule("tar-link", Severity.NOTE, "A link inside the archive"),
    )

    def applies(self, blob: Blob) -> bool:
        """By the checksum, or by the word ``ustar`` where that is wrong."""
        if blob.size < BLOCK:
            return False
        return bytes(blob.data[257:262]) == b"ustar" or (_shaped(blob.data) and checks(bytes(blob.data[:BLOCK])))

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Findings on names, links and kinds; each file as a child."""
        try:
            for member in members(blob.data):
                budget.take(0)
                name = member.name[:200]
                if reason := escapes(member.name):
                    yield self.found("tar-slip", blob, reason, name)
                if member.kind == "link" and (reason := link_escapes(member.name, member.target)):
                    yield self.found("tar-slip", blob, f"a link to {reason}: {member.target[:80]}", name)
                elif member.kind == "hard link" and (reason := escapes(member.target)):
                    yield self.found("tar-slip", blob, f"a hard link to {reason}: {member.target[:80]}", name)
                elif member.kind in ("link", "hard link"):
                    yield self.found("tar-link", blob, f"{member.kind} to {member.target[:80]}", name)
                elif member.kind in ("device", "pipe"):
                    yield self.found("tar-special", blob, f"a {member.kind}", name)
                elif member.kind != "folder":
                    if member.data + member.size > blob.size:
                        yield self.found("tar-truncated", blob, "ends before its size", name)
                    yield blob.child(member.name, blob.data[member.data : member.data + member.size])
        except Malformed as problem:
            yield self.found("tar-malformed", blob, str(problem))


def _shaped(data: memoryview) -> bool:
    """A cheap look at the first header: digits of octal numbers where they belong."""
    return data[0] != 0 and all(one in b"01234567 \x00" for one in data[148:156]) and data[124] in b"01234567 \x80"


DETECTOR = TarDetector()
