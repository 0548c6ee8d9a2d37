"""7z archives with the standard library: the header, and folders packed by LZMA, LZMA2, bzip2, deflate or copied.

The layout follows the public description of the format (7zFormat.txt): a start header of 32 bytes points at the
header, which may itself be packed; streams are grouped in folders, each a chain of coders.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from probe.scan.detector import Budget
from probe.scan.detectors.compressed import Unpackable, _Zlib, _zstd, stream

MAGIC = b"7z\xbc\xaf\x27\x1c"
_MOST = 100_000
_HEADER = 64 << 20
_BRANCH = {
    b"\x03\x03\x01\x03": lzma.FILTER_X86,
    b"\x03\x03\x02\x05": lzma.FILTER_POWERPC,
    b"\x03\x03\x04\x01": lzma.FILTER_IA64,
    b"\x03\x03\x05\x01": lzma.FILTER_ARM,
    b"\x03\x03\x07\x01": lzma.FILTER_ARMTHUMB,
    b"\x03\x03\x08\x05": lzma.FILTER_SPARC,
}


class Unreadable(Exception):
    """What stands in the way: a broken header, a coder that is not known, a password."""


@dataclass(slots=True)
class Coder:
    """One step of a folder: its method's id and properties."""

    method: bytes
    properties: bytes
    inputs: int = 1
    outputs: int = 1


@dataclass(slots=True)
class Folder:
    """A chain of coders over one packed stream, and the sizes that come out of each."""

    coders: list[Coder] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    packed: int = 1
    parts: list[int] = field(default_factory=list)


class _Cursor:
    """Reads the header; whatever runs over its end is :class:`Unreadable`."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise Unreadable("the header ends too soon")
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        first, value = self.byte(), 0
        for index in range(8):
            if not first & (0x80 >> index):
                return value | (first & ((0x80 >> index) - 1)) << (8 * index)
            value |= self.byte() << (8 * index)
        return value

    def count(self) -> int:
        value = self.number()
        if value > _MOST:
            raise Unreadable(f"the header counts {value} things")
        return value

    def bits(self, count: int) -> list[bool]:
        raw = self.take(-(-count // 8))
        return [bool(raw[index // 8] & (0x80 >> index % 8)) for index in range(count)]

    def defined(self, count: int) -> list[bool]:
        return [True] * count if self.byte() else self.bits(count)


@dataclass(slots=True)
class Streams:
    """Where packed streams lie and how their folders unpack them."""

    position: int = 0
    packed: list[int] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)


def read(view: memoryview, budget: Budget) -> Iterator[tuple[str, memoryview | bytearray]]:
    """Names and contents of every file. Raises :class:`Unreadable`, and what the budget raises."""
    if len(view) < 32:
        raise Unreadable("too short")
    offset, size = struct.unpack_from("<2Q", view, 12)
    if size == 0:
        return
    if size > _HEADER or 32 + offset + size > len(view):
        raise Unreadable("its header lies outside the file")
    header = bytes(view[32 + offset : 32 + offset + size])
    for _ in range(4):
        if header[:1] != b"\x17":
            break
        cursor = _Cursor(header)
        cursor.byte()
        streams = _streams(cursor)
        header = b"".join(bytes(content) for _, content in _unpacked(view, streams, budget))
    yield from _files(view, header, budget)


def _streams(cursor: _Cursor) -> Streams:
    """The properties of packed streams, folders and their parts, up to the end mark."""
    made = Streams()
    while (kind := cursor.byte()) != 0:
        if kind == 0x06:
            _pack_info(cursor, made)
        elif kind == 0x07:
            _folder_info(cursor, made)
        elif kind == 0x08:
            _part_info(cursor, made)
        else:
            raise Unreadable(f"the header has an unknown part 0x{kind:02x}")
    for folder in made.folders:
        if not folder.parts:
            folder.parts = [folder.sizes[-1]] if folder.sizes else []
    return made


def _pack_info(cursor: _Cursor, made: Streams) -> None:
    made.position = cursor.number()
    count = cursor.count()
    while (kind := cursor.byte()) != 0:
        if kind == 0x09:
            made.packed = [cursor.number() for _ in range(count)]
        elif kind == 0x0A:
            cursor.take(4 * sum(cursor.defined(count)))
        else:
            raise Unreadable("packed streams are described in an unknown way")


def _folder_info(cursor: _Cursor, made: Streams) -> None:
    if cursor.byte() != 0x0B:
        raise Unreadable("folders are missing")
    count = cursor.count()
    if cursor.byte():
        raise Unreadable("folders are described elsewhere")
    made.folders = [_folder(cursor) for _ in range(count)]
    while (kind := cursor.byte()) != 0:
        if kind == 0x0C:
            for folder in made.folders:
                folder.sizes = [cursor.number() for _ in range(sum(coder.outputs for coder in folder.coders))]
        elif kind == 0x0A:
            cursor.take(4 * sum(cursor.defined(count)))
        else:
            raise Unreadable("folders are described in an unknown way")


def _folder(cursor: _Cursor) -> Folder:
    folder = Folder()
    for _ in range(cursor.count()):
        flags = cursor.byte()
        coder = Coder(cursor.take(flags & 0x0F), b"")
        if flags & 0x10:
            coder.inputs, coder.outputs = cursor.count(), cursor.count()
        if flags & 0x20:
            coder.properties = cursor.take(cursor.count())
        folder.coders.append(coder)
    inputs, outputs = sum(one.inputs for one in folder.coders), sum(one.outputs for one in folder.coders)
    for _ in range(outputs - 1):
        cursor.number(), cursor.number()
    folder.packed = inputs - (outputs - 1)
    if folder.packed > 1:
        for _ in range(folder.packed):
            cursor.number()
    return folder


def _part_info(cursor: _Cursor, made: Streams) -> None:
    counts = [1] * len(made.folders)
    kind = cursor.byte()
    if kind == 0x0D:
        counts = [cursor.count() for _ in made.folders]
        kind = cursor.byte()
    sizes: list[list[int]] = []
    for folder, count in zip(made.folders, counts, strict=True):
        whole = folder.sizes[-1] if folder.sizes else 0
        parts = [cursor.number() for _ in range(count - 1)] if kind == 0x09 else []
        sizes.append([*parts, whole - sum(parts)] if count else [])
    for folder, parts in zip(made.folders, sizes, strict=True):
        folder.parts = parts
    if kind == 0x09:
        kind = cursor.byte()
    while kind != 0:
        if kind != 0x0A:
            raise Unreadable("parts are described in an unknown way")
        cursor.take(4 * sum(cursor.defined(sum(counts))))
        kind = cursor.byte()


def _files(view: memoryview, header: bytes, budget: Budget) -> Iterator[tuple[str, memoryview | bytearray]]:
    cursor = _Cursor(header)
    if cursor.byte() != 0x01:
        raise Unreadable("it has no header")
    streams, names, empty = Streams(), list[str](), list[bool]()
    while (kind := cursor.byte()) != 0:
        if kind == 0x04:
            streams = _streams(cursor)
        elif kind == 0x05:
            names, empty = _file_info(cursor)
        elif kind == 0x02:
            while (what := cursor.byte()) != 0:
                cursor.take(cursor.number() if what else 0)
        else:
            raise Unreadable(f"the header has an unknown part 0x{kind:02x}")
    full = [name for name, hollow in zip(names, empty, strict=False) if not hollow]
    for number, (_, content) in enumerate(_unpacked(view, streams, budget)):
        yield (full[number] if number < len(full) else f"stream {number}"), content


def _file_info(cursor: _Cursor) -> tuple[list[str], list[bool]]:
    count = cursor.count()
    names, empty = [""] * count, [False] * count
    while (kind := cursor.byte()) != 0:
        size = cursor.number()
        content = _Cursor(cursor.take(size))
        if kind == 0x0E:
            empty = content.bits(count)
        elif kind == 0x11:
            if content.byte():
                raise Unreadable("names are stored elsewhere")
            text = content.data[1:].decode("utf-16-le", "replace")
            names = (text.split("\x00") + names)[:count]
    return names, empty


def _unpacked(view: memoryview, streams: Streams, budget: Budget) -> Iterator[tuple[int, memoryview | bytearray]]:
    """The parts of every folder, with the folder's number."""
    at, used = 32 + streams.position, 0
    for number, folder in enumerate(streams.folders):
        packed = streams.packed[used : used + folder.packed]
        if not packed or at + sum(packed) > len(view):
            raise Unreadable("a packed stream lies outside the file")
        if folder.packed != 1 or any(coder.inputs != 1 or coder.outputs != 1 for coder in folder.coders):
            raise Unreadable("a coder with several streams")
        made = _decode(view[at : at + packed[0]], folder, budget)
        at, used = at + sum(packed), used + folder.packed
        whole, begun = memoryview(made), 0
        for size in folder.parts:
            budget.tick()
            yield number, whole[begun : begun + max(size, 0)]
            begun += max(size, 0)


def _decode(data: memoryview, folder: Folder, budget: Budget) -> memoryview | bytearray:
    """Run the coders from the last (nearest the packed bytes) to the first."""
    made: memoryview | bytearray = data
    size = max(folder.sizes, default=0)
    if size > min(budget.member, max(budget.unpacked, 0)):
        budget.take(size)
    coders = list(reversed(folder.coders)) if _reversed(folder) else list(folder.coders)
    pending: list[dict[str, Any]] = []
    try:
        for coder in coders:
            filters = _filter(coder)
            if filters is not None:
                pending.append(filters)
                continue
            if coder.method == b"\x00":
                continue
            if coder.method == b"\x04\xf7\x11\x01":
                made = _zstd(memoryview(made), size, budget)
                continue
            new = {b"\x04\x02\x02": bz2.BZ2Decompressor, b"\x04\x01\x08": lambda: _Zlib(-15)}.get(coder.method)
            if new is None:
                what = "a password" if coder.method[:2] == b"\x06\xf1" else f"method {coder.method.hex()}"
                raise Unreadable(f"needs {what}")
            made, _ = stream(new, memoryview(made), size, budget)
        if pending:
            # The filters of one raw stream are given from the outermost to the one nearest the packed bytes.
            chain = list(reversed(pending))
            decompressor = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain)
            made = bytearray(decompressor.decompress(bytes(made), size))
    except (lzma.LZMAError, zlib.error, ValueError, EOFError, Unpackable) as problem:
        raise Unreadable(f"cannot be unpacked: {problem}") from None
    budget.take(len(made))
    return made


def _reversed(folder: Folder) -> bool:
    """Folders list the coder nearest the plain bytes first, or last: whichever is the packer decides."""
    return len(folder.coders) > 1 and _filter(folder.coders[0]) is not None and folder.coders[0].method in _BRANCH


def _filter(coder: Coder) -> dict[str, Any] | None:
    """The coder as a filter of :mod:`lzma`, where it is one."""
    if coder.method == b"\x03\x01\x01":
        return dict(lzma._decode_filter_properties(lzma.FILTER_LZMA1, coder.properties))  # type: ignore[attr-defined]
    if coder.method == b"\x21":
        return dict(lzma._decode_filter_properties(lzma.FILTER_LZMA2, coder.properties))  # type: ignore[attr-defined]
    if coder.method == b"\x03":
        return {"id": lzma.FILTER_DELTA, "dist": (coder.properties[0] if coder.properties else 0) + 1}
    if coder.method in _BRANCH:
        return {"id": _BRANCH[coder.method]}
    return None
