"""Zip archives read twice: by the central directory, as Python does, and by the local headers, as streams are."""

from __future__ import annotations

import bisect
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

LOCAL, CENTRAL, END, END64, LOCATOR = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_SIGNATURE = re.compile(re.escape(LOCAL))
_LOCAL = struct.Struct("<4x5H3I2H")
_CENTRAL = struct.Struct("<4x6H3I5H2I")
_END = struct.Struct("<4x4H2IH")
_END64 = struct.Struct("<4xQ2H2I4Q")
#: A comment is at most this long, so the end record lies in the last bytes.
_TAIL = 65557
_LIMIT16, _LIMIT32 = 0xFFFF, 0xFFFFFFFF
#: Flags that say what the bytes are: encrypted, patched, strongly encrypted, masked headers.
MEANING = 0x1 | 0x20 | 0x40 | 0x2000
_STREAMED = 0x8


@dataclass(slots=True)
class Entry:
    """A member as one header describes it. ``start`` is where its local header lies, ``data`` where its bytes do."""

    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    start: int
    data: int = -1
    mode: int = 0

    @property
    def end(self) -> int:
        """The offset after its bytes."""
        return self.data + self.packed


@dataclass(slots=True)
class Directory:
    """An archive's members by its central directory, each beside its local header, and what lies between them."""

    members: list[tuple[Entry, Entry | None]] = field(default_factory=list)
    hidden: list[Entry] = field(default_factory=list)
    prefix: int = 0
    found: bool = False
    problems: list[tuple[str, str]] = field(default_factory=list)
    overlap: str | None = None


def _text(raw: bytes, flags: int) -> str:
    if flags & 0x800:
        return raw.decode("utf-8", "replace")
    return raw.decode("ascii") if raw.isascii() else raw.decode("cp437")


def _wide(extra: bytes, packed: int, size: int, start: int) -> tuple[int, int, int]:
    """Sizes and offset with those taken from the ZIP64 field that did not fit."""
    at = 0
    while at + 4 <= len(extra):
        kind, count = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            values = [
                int.from_bytes(extra[place : place + 8], "little")
                for place in range(at + 4, min(at + 4 + count, len(extra)) - 7, 8)
            ]
            if size == _LIMIT32 and values:
                size = values.pop(0)
            if packed == _LIMIT32 and values:
                packed = values.pop(0)
            if start == _LIMIT32 and values:
                start = values.pop(0)
            break
        at += 4 + count
    return packed, size, start


def local(view: memoryview, at: int) -> Entry | None:
    """The local header at ``at``, if there is one."""
    if at < 0 or at + 30 > len(view) or view[at : at + 4] != LOCAL:
        return None
    _, flags, method, _, _, crc, packed, size, named, extras = _LOCAL.unpack_from(view, at)
    if at + 30 + named + extras > len(view):
        return None
    name = _text(bytes(view[at + 30 : at + 30 + named]), flags)
    if extras and _LIMIT32 in (packed, size):
        packed, size, _ = _wide(bytes(view[at + 30 + named : at + 30 + named + extras]), packed, size, 0)
    return Entry(name, flags, method, crc, packed, size, at, at + 30 + named + extras)


def ends(view: memoryview, within: int | None = None) -> int:
    """The offset of the end record, or -1; looked for in the last ``within`` bytes."""
    tail = bytes(view[max(0, len(view) - (within or _TAIL)) :])
    at = tail.rfind(END)
    while at >= 0:
        if at + 22 <= len(tail):
            return len(view) - len(tail) + at
        at = tail.rfind(END, 0, at)
    return -1


def read(view: memoryview, tick: Callable[[], None], most: int) -> Directory:
    """Everything the archive says of itself; at most ``most`` members."""
    made = Directory()
    end = ends(view)
    if end >= 0:
        _central(view, end, made, tick, most)
    covered = sorted(_spans(made, view))
    _overlaps(covered, made)
    made.hidden = list(_between(view, covered, tick, most, made.found))
    return made


def _central(view: memoryview, end: int, made: Directory, tick: Callable[[], None], most: int) -> None:
    _, _, count, _, size, offset, _ = _END.unpack_from(view, end)
    total, stop = count, end
    if end >= 20 and view[end - 20 : end - 16] == LOCATOR:
        (there,) = struct.unpack_from("<Q", view, end - 12)
        for at in (there, end - 76):
            if at >= 0 and at + 56 <= len(view) and view[at : at + 4] == END64:
                _, _, _, _, _, _, wide_total, wide_size, wide_offset = _END64.unpack_from(view, at)
                for small, wide, limit in ((count, wide_total, _LIMIT16), (size, wide_size, _LIMIT32)):
                    if small not in (wide, limit):
                        made.problems.append(("disagree", f"the end records count {small} and {wide}"))
                total, size, offset, stop = wide_total, wide_size, wide_offset, at
                break
    begin = stop - size
    made.prefix = begin - offset
    if begin < 0 or made.prefix < 0:
        made.problems.append(("malformed", "the central directory lies outside the file"))
        return
    made.found = True
    at = begin
    while at + 46 <= stop and view[at : at + 4] == CENTRAL:
        if len(made.members) >= most:
            made.problems.append(("many", f"more than {most} members"))
            return
        at = _member(view, at, made)
        if len(made.members) % 1024 == 0:
            tick()
    if len(made.members) != total or at != stop:
        made.problems.append(
            ("disagree", f"the end record counts {total} members, the directory {len(made.members)}")
        )


def _member(view: memoryview, at: int, made: Directory) -> int:
    _, _, flags, method, _, _, crc, packed, size, named, extras, comments, _, _, mode, start = _unpack_central(
        view, at
    )
    after = at + 46 + named
    name = _text(bytes(view[at + 46 : after]), flags)
    if extras and _LIMIT32 in (packed, size, start):
        packed, size, start = _wide(bytes(view[after : after + extras]), packed, size, start)
    entry = Entry(name, flags, method, crc, packed, size, start + made.prefix, mode=mode >> 16)
    beside = local(view, entry.start)
    if beside is not None:
        entry.data = beside.data
    made.members.append((entry, beside))
    return after + extras + comments


def _unpack_central(view: memoryview, at: int) -> tuple[int, ...]:
    made_by, needs, flags, method, clock, day, *rest = _CENTRAL.unpack_from(view, at)
    crc, packed, size, named, extras, comments, disk, inner, mode, start = rest
    return (
        made_by,
        needs,
        flags,
        method,
        clock,
        day,
        crc,
        packed,
        size,
        named,
        extras,
        comments,
        disk,
        inner,
        mode,
        start,
    )


def _spans(made: Directory, view: memoryview) -> Iterator[tuple[int, int, str]]:
    for entry, beside in made.members:
        if beside is not None:
            yield entry.start, min(entry.end, len(view)), entry.name


def _overlaps(covered: list[tuple[int, int, str]], made: Directory) -> None:
    """Members that share bytes: how bombs are folded."""
    for (_, end, first), (start, _, second) in pairwise(covered):
        if start < end:
            made.overlap = f"{first[:80]} and {second[:80]}"
            return


def _between(
    view: memoryview, covered: list[tuple[int, int, str]], tick: Callable[[], None], most: int, found: bool
) -> Iterator[Entry]:
    """Local headers that no directory entry points at: in gaps only, for members may hold archives."""
    starts = [start for start, _, _ in covered]
    at, count = 0, 0
    while count < most:
        where = bisect.bisect_right(starts, at) - 1
        if where >= 0 and at < covered[where][1]:
            at = covered[where][1]
            continue
        stop = starts[where + 1] if where + 1 < len(starts) else len(view)
        match = _SIGNATURE.search(view, at, stop)
        tick()
        if match is None:
            if stop >= len(view):
                return
            at = stop
            continue
        entry = local(view, match.start())
        at = match.start() + 4
        if entry is None or not entry.name.isprintable():
            continue
        if entry.packed in (0, _LIMIT32):
            following = _SIGNATURE.search(view, entry.data, stop)
            entry.packed = (following.start() if following else stop) - entry.data
        entry.packed = max(0, min(entry.packed, len(view) - entry.data))
        count += 1
        at = max(at, entry.end)
        yield entry


def disagreements(entry: Entry, beside: Entry) -> list[str]:
    """In what the two headers of a member differ that both ought to say alike."""
    told = []
    if entry.name != beside.name:
        told.append(f"named {beside.name[:80]!r} where it lies")
    if (entry.flags ^ beside.flags) & MEANING:
        told.append(f"flags {entry.flags:#x} and {beside.flags:#x}")
    if entry.method != beside.method:
        told.append(f"methods {entry.method} and {beside.method}")
    if not beside.flags & _STREAMED:
        for what, ours, theirs in (
            ("checksums", entry.crc, beside.crc),
            ("packed sizes", entry.packed, beside.packed),
            ("sizes", entry.size, beside.size),
        ):
            if ours != theirs:
                told.append(f"{what} {ours} and {theirs}")
    return told
