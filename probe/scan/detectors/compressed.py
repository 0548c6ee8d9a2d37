"""Single compressed streams: gzip, bzip2, xz, lzma, zlib, zstandard, lz4; joblib's and everybody's."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules

_CHUNK = 1 << 20
#: Streams with no mark of their own: what only begins like one is left alone, unless its name promises one.
_UNMARKED = ("zlib", "lzma")
_SUFFIXES = (".z", ".zlib", ".lzma", ".joblib", ".pkl", ".pickle", ".pt", ".pth", ".bin", ".ckpt", ".sav")


class Unpackable(Exception):
    """The stream is damaged, or no library for it is installed."""


class _Decompressor(Protocol):
    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


class _Zlib:
    """zlib's object with the interface of the others."""

    def __init__(self, bits: int) -> None:
        self.inner = zlib.decompressobj(bits)

    @property
    def eof(self) -> bool:
        return self.inner.eof

    @property
    def unused_data(self) -> bytes:
        return self.inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self.inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self.inner.decompress(self.inner.unconsumed_tail or data, max(max_length, 0))


def _zstd(data: memoryview, limit: int, budget: Budget) -> bytearray:
    import zstandard

    made = bytearray()
    try:
        with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
            data, read_across_frames=True
        ) as reader:
            while len(made) <= limit and (chunk := reader.read(_CHUNK)):
                made += chunk
                budget.tick()
    except zstandard.ZstdError as problem:
        raise Unpackable(f"{problem} (after {len(made)} bytes)") from None
    return made


def _lz4(data: memoryview, limit: int, budget: Budget) -> bytearray:
    try:
        import lz4.frame  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        raise Unpackable("no library for lz4 is installed") from None
    made = bytearray()
    decompressor: Any = lz4.frame.LZ4FrameDecompressor()
    rest = bytes(data)
    try:
        while not decompressor.eof and len(made) <= limit:
            chunk = decompressor.decompress(rest, max_length=_CHUNK)
            rest = b""
            if not chunk and decompressor.needs_input:
                break
            made += chunk
            budget.tick()
    except RuntimeError as problem:
        raise Unpackable(str(problem)) from None
    return made


def stream(new: Callable[[], Any], data: memoryview, limit: int, budget: Budget) -> tuple[bytearray, int]:
    """What one or several streams in a row hold, at most ``limit`` bytes and one chunk, and how many bytes they take.

    Raises :class:`Unpackable` where not even the first chunk can be read.
    """
    made, used = bytearray(), 0
    while used < len(data):
        decompressor, at = new(), used
        try:
            while not decompressor.eof and len(made) <= limit:
                chunk = b""
                if getattr(decompressor, "needs_input", True):
                    chunk = bytes(data[at : at + _CHUNK])
                    at += len(chunk)
                got = decompressor.decompress(chunk, _CHUNK)
                made += got
                budget.tick()
                if not got and not chunk:
                    break
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as problem:
            if not made:
                raise Unpackable(str(problem)) from None
            return made, used
        if not decompressor.eof:
            return made, len(data)
        used = at - len(decompressor.unused_data)
    return made, used


_STREAMS: dict[str, Callable[[], Any]] = {
    "gzip": lambda: _Zlib(31),
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=1 << 28),
    "lzma": lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=1 << 28),
    "zlib": lambda: _Zlib(15),
}
_MAGIC = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstandard"),
    (b"\x04\x22\x4d\x18", "lz4"),
)


def kind_of(data: memoryview) -> str | None:
    """Which compression, by the first bytes."""
    head = bytes(data[:13])
    for magic, kind in _MAGIC:
        if head.startswith(magic) and (kind != "bzip2" or head[4:10] in (b"1AY&SY", b"\x17rE8P\x90")):
            return kind
    if head[:2] == b"ZF" and head[2:4] == b"0x":
        return "zfile"
    if len(head) > 2 and head[0] & 0x0F == 8 and head[0] >> 4 <= 7 and (head[0] << 8 | head[1]) % 31 == 0:
        return "zlib" if not head[1] & 0x20 and _opens("zlib", data) else None
    # An alone-stream says next to nothing about itself: properties, a dictionary size, a length.
    if len(head) == 13 and head[0] < 225 and head[1:3] == b"\x00\x00" and _opens("lzma", data):
        return "lzma"
    return None


def _opens(kind: str, data: memoryview) -> bool:
    """Whether the first bytes decompress to something."""
    try:
        return bool(_STREAMS[kind]().decompress(bytes(data[:512]), 64))
    except (zlib.error, lzma.LZMAError, EOFError, ValueError):
        return False


class CompressedDetector(Detector):
    """A compressed stream; what it holds is looked at in turn."""

    name = "compressed"
    rules = rules(
        Rule("compressed-malformed", Severity.SUSPICIOUS, "A compressed stream that cannot be unpacked"),
        Rule("compressed-unsupported", Severity.ERROR, "Compressed in a way that no installed library unpacks"),
        Rule("compressed-tail", Severity.UNLISTED, "Bytes after the compressed stream"),
    )

    def applies(self, blob: Blob) -> bool:
        """By the first bytes; a zlib stream also has to open."""
        return kind_of(blob.data) is not None

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """The content as one child, and whatever follows the stream as another."""
        kind = kind_of(blob.data) or ""
        limit = min(budget.member, max(budget.unpacked, 0))
        data, used = blob.data, blob.size
        try:
            if kind == "zstandard":
                made = _zstd(data, limit, budget)
            elif kind == "lz4":
                made = _lz4(data, limit, budget)
            elif kind == "zfile":
                made, used = stream(_STREAMS["zlib"], data[_zfile(data) :], limit, budget)
                used = blob.size
            else:
                made, used = stream(_STREAMS[kind], data, limit, budget)
        except Unpackable as problem:
            if kind in _UNMARKED and not blob.name.lower().endswith(_SUFFIXES):
                return
            rule = "compressed-unsupported" if "no library" in str(problem) else "compressed-malformed"
            yield self.found(rule, blob, f"{kind}: {problem}")
            return
        budget.take(len(made))
        yield blob.child("content" if kind in ("zlib", "zfile") else _inner_name(blob.name), memoryview(made))
        if used < blob.size and any(blob.data[used : used + 4096]):
            yield self.found("compressed-tail", blob, f"{blob.size - used} bytes after the {kind} stream", str(used))
            yield blob.child("tail", blob.data[used:])


def _zfile(data: memoryview) -> int:
    """Where the stream begins in joblib's old format: after ``ZF`` and the length in hexadecimal."""
    head = bytes(data[:32])
    at = head.find(b"\x78", 4)
    return at if at > 0 else 2


def _inner_name(name: str) -> str:
    stem, dot, last = name.rpartition(".")
    known = {"gz", "gzip", "bz2", "xz", "lzma", "z", "zlib", "zst", "zstd", "lz4", "tgz"}
    return stem if dot and last.lower() in known else name


DETECTOR = CompressedDetector()
