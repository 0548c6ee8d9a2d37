"""Zip archives: what both sets of headers say, where they differ, and every member."""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Iterator
from typing import Any

from probe.finding import Finding, Rule, Severity
from probe.scan.archives.names import escapes, link_escapes
from probe.scan.archives.zips import CENTRAL, LOCAL, LOCATOR, MEANING, Directory, Entry, disagreements, ends, read
from probe.scan.detector import Blob, Budget, BudgetExceeded, Detector, rules
from probe.scan.detectors.compressed import Unpackable, _Zlib, _zstd, stream
from probe.scan.detectors.disguise import content_kind
from probe.scan.pickles.reader import headless

_S = Severity.SUSPICIOUS
#: Larger stored members are tensors; their checksum costs more than it can tell.
_CHECKED = 16 << 20
#: torch's storages; their bytes are numbers unless they begin like something else.
_STORAGE = re.compile(r"/data/\d{1,9}\Z")
#: Of packed blobs, only the last bytes are searched for an end record.
_TAIL = 1024


class ZipDetector(Detector):
    """Zip archives, torch's among them, by the local headers and by the central directory."""

    name = "zip"
    rules = rules(
        Rule("zip-headers-disagree", _S, "Two headers of one member, or two directories, say different things"),
        Rule("zip-hidden-member", _S, "A member that the directory does not list"),
        Rule("zip-no-directory", _S, "Members without a readable central directory"),
        Rule("zip-wrong-crc", _S, "A member whose checksum is wrong"),
        Rule("zip-false-flag", _S, "A member marked as encrypted or patched which is neither"),
        Rule("zip-overlap", _S, "Members share bytes: a folded bomb"),
        Rule("zip-duplicate-name", _S, "Two members of one name: readers differ on which is meant"),
        Rule("zip-slip", _S, "A name or a link that leads outside the folder"),
        Rule("zip-malformed", _S, "A member that cannot be unpacked"),
        Rule("zip-encrypted", Severity.ERROR, "A member that cannot be read without a password"),
        Rule("zip-unsupported", Severity.ERROR, "A compression that is not supported"),
        Rule("zip-prefix", Severity.UNLISTED, "Bytes before the archive"),
    )

    def applies(self, blob: Blob) -> bool:
        """By a local header at the start or an end record at the end."""
        if blob.size < 22:
            return False
        return blob.data[:4] == LOCAL or _is_archive(blob.data, ends(blob.data, _TAIL if blob.depth else None))

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Findings on the headers, then each member as a child."""
        made = read(blob.data, budget.tick, max(budget.members, 0))
        yield from self._archive(blob, made)
        names: set[str] = set()
        for entry, beside in made.members:
            if entry.name in names:
                yield self.found("zip-duplicate-name", blob, "twice in the directory", entry.name[:200])
            names.add(entry.name)
            if beside is None:
                yield self.found(
                    "zip-headers-disagree", blob, "no local header where it should lie", entry.name[:200]
                )
                continue
            if told := disagreements(entry, beside):
                yield self.found("zip-headers-disagree", blob, "; ".join(told), entry.name[:200])
            yield from self._member(blob, entry, beside, budget)
        for entry in made.hidden:
            if made.found:
                yield self.found("zip-hidden-member", blob, "not in the directory", entry.name[:200])
            yield from self._member(blob, entry, entry, budget)
        if not made.found and not made.hidden:
            yield self.found("zip-malformed", blob, "neither directory nor members can be read")
        if any(kind == "many" for kind, _ in made.problems):
            raise BudgetExceeded(next(text for kind, text in made.problems if kind == "many"))

    def _archive(self, blob: Blob, made: Directory) -> Iterator[Finding | Blob]:
        for kind, text in made.problems:
            if kind != "many":
                yield self.found("zip-headers-disagree" if kind == "disagree" else "zip-malformed", blob, text)
        if not made.found and made.hidden:
            yield self.found("zip-no-directory", blob, f"{len(made.hidden)} members")
        if made.overlap:
            yield self.found("zip-overlap", blob, made.overlap)
        if made.found and made.prefix > 0:
            first = min((beside.start for _, beside in made.members if beside), default=0)
            yield self.found("zip-prefix", blob, f"{made.prefix} bytes")
            if first:
                yield blob.child("prefix", blob.data[:first])

    def _member(self, blob: Blob, entry: Entry, beside: Entry, budget: Budget) -> Iterator[Finding | Blob]:
        if reason := escapes(entry.name) or escapes(beside.name):
            yield self.found("zip-slip", blob, reason, entry.name[:200])
        if entry.name.endswith("/") and not entry.size and not entry.packed:
            return
        content, problem = _content(blob.data, entry, budget)
        raw = content is not None and _raw(entry.name, memoryview(content))
        marked = (entry.flags | beside.flags) & MEANING
        right = content is not None and (
            entry.packed > _CHECKED
            or (raw and not entry.flags & MEANING)
            or not entry.crc
            or zlib.crc32(content) == entry.crc
            or entry is beside
        )
        if marked and (content is None or not right):
            yield self.found("zip-encrypted", blob, "encrypted", entry.name[:200])
            if content is not None:
                yield blob.child(entry.name, content)
            return
        if marked:
            yield self.found("zip-false-flag", blob, f"flags {marked:#x}, yet it reads as it is", entry.name[:200])
        if content is None:
            rule = "zip-unsupported" if problem.startswith("method") else "zip-malformed"
            yield self.found(rule, blob, problem, entry.name[:200])
            return
        if problem:
            yield self.found("zip-malformed", blob, problem, entry.name[:200])
        elif not right:
            yield self.found("zip-wrong-crc", blob, "the checksum is wrong", entry.name[:200])
        if entry.mode & 0o170000 == 0o120000:
            target = bytes(content[:4096]).decode("utf-8", "replace")
            if reason := link_escapes(entry.name, target):
                yield self.found("zip-slip", blob, f"a link to {reason}: {target[:80]}", entry.name[:200])
        name = beside.name if _plainer(beside.name, entry.name) else entry.name
        if not raw:
            yield blob.child(name, content)


def _plainer(local: str, central: str) -> bool:
    """Whether the local name tells more: the directory's has no suffix."""
    return "." in local and "." not in central


def _is_archive(data: memoryview, end: int) -> bool:
    """Whether the end record points at a directory: its four letters alone stand in many files."""
    if end < 0:
        return False
    size = int.from_bytes(data[end + 12 : end + 16], "little")
    begin = end - size
    wide = end >= 20 and bytes(data[end - 20 : end - 16]) == LOCATOR
    return wide or (0 <= begin < end and bytes(data[begin : begin + 4]) == CENTRAL) or (not size and end == 0)


def _raw(name: str, data: memoryview) -> bool:
    """Whether a member is the storage of a tensor, and begins like nothing else that could be looked into."""
    return bool(_STORAGE.search(name)) and content_kind(data) is None and not headless(data, _no_clock)


def _no_clock() -> None:
    """For looks so short that no clock is asked."""


def _lzma_filter(head: bytes) -> Any:
    properties = lzma._decode_filter_properties(lzma.FILTER_LZMA1, head)  # type: ignore[attr-defined]
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[properties])


def _content(view: memoryview, entry: Entry, budget: Budget) -> tuple[memoryview | bytearray | None, str]:
    """The member's bytes and what is wrong with them; None where there are none to be had."""
    packed = view[entry.data : entry.end]
    if len(packed) < entry.packed:
        return (packed, "ends before its size") if entry.method == 0 else (None, "ends before its size")
    if entry.method == 0:
        budget.take(0)
        return packed, "" if entry.size == entry.packed or not entry.size else "stored, yet its two sizes differ"
    limit = min(budget.member, max(budget.unpacked, 0))
    try:
        if entry.method == 8:
            made, _ = stream(lambda: _Zlib(-15), packed, limit, budget)
        elif entry.method == 12:
            made, _ = stream(bz2.BZ2Decompressor, packed, limit, budget)
        elif entry.method == 14:
            count = int.from_bytes(packed[2:4], "little")
            head = bytes(packed[4 : 4 + count])
            made, _ = stream(lambda: _lzma_filter(head), packed[4 + count :], limit, budget)
        elif entry.method in (20, 93):
            made = _zstd(packed, limit, budget)
        elif entry.method == 95:
            made, _ = stream(lambda: lzma.LZMADecompressor(memlimit=1 << 28), packed, limit, budget)
        else:
            return None, f"method {entry.method}"
    except (Unpackable, lzma.LZMAError) as problem:
        return None, f"cannot be unpacked: {problem}"
    budget.take(len(made))
    if entry.size and len(made) != entry.size and not (entry.flags & 8 and entry.crc == 0):
        return made, f"unpacks to {len(made)} bytes instead of {entry.size}"
    return made, ""


DETECTOR = ZipDetector()
