"""Tar archives: 512-byte headers, GNU's long names and POSIX's extended ones, sparse files left as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

BLOCK = 512
#: Type flags of members that are files.
FILES = b"0\x007"
_LINKS = {ord("1"): "hard link", ord("2"): "link"}
_SPECIAL = {ord("3"): "device", ord("4"): "device", ord("6"): "pipe"}
#: Extended headers longer than this are not read.
_HEADER = 1 << 20


@dataclass(slots=True)
class Member:
    """A member: ``kind`` is ``file``, ``folder``, ``link``, ``hard link``, ``device``, ``pipe`` or ``other``."""

    name: str
    kind: str
    data: int
    size: int
    target: str = ""


class Malformed(Exception):
    """A header that is none; the message says where."""


def _number(raw: bytes) -> int:
    if raw[:1] in (b"\x80", b"\xff"):
        return int.from_bytes(raw[1:], "big") if raw[:1] == b"\x80" else -1
    text = raw.split(b"\x00")[0].strip()
    return int(text or b"0", 8)


def checks(header: bytes) -> bool:
    """Whether a header's checksum is right: what makes a tar a tar, with or without the word ``ustar``."""
    if len(header) < BLOCK or not header[0]:
        return False
    try:
        claimed = _number(header[148:156])
    except ValueError:
        return False
    return claimed == sum(header) - sum(header[148:156]) + 8 * 32


def members(view: memoryview) -> Iterator[Member]:
    """Every member in order. Raises :class:`Malformed` at the first header that is none."""
    at, long_name, long_target, fields = 0, "", "", dict[str, str]()
    while at + BLOCK <= len(view):
        header = bytes(view[at : at + BLOCK])
        if not any(header):
            return
        if not checks(header):
            raise Malformed(f"the header at {at} has a wrong checksum")
        try:
            size = _number(header[124:136])
        except ValueError:
            size = -1
        if size < 0:
            raise Malformed(f"the member at {at} has no size")
        kind, data = header[156], at + BLOCK
        at = data + -(-size // BLOCK) * BLOCK
        if kind in b"LKxgX":
            content = bytes(view[data : data + min(size, _HEADER)])
            if kind == ord("L"):
                long_name = content.rstrip(b"\x00").decode("utf-8", "replace")
            elif kind == ord("K"):
                long_target = content.rstrip(b"\x00").decode("utf-8", "replace")
            elif kind != ord("g"):
                fields = dict(_extended(content))
            continue
        if "size" in fields and fields["size"].isdigit():
            size = int(fields["size"])
            at = data + -(-size // BLOCK) * BLOCK
        name, target = _names(header)
        if kind in _LINKS or kind in _SPECIAL or kind == ord("5"):
            size, at = 0, data if kind != ord("5") else at
        yield Member(
            fields.get("path") or long_name or name,
            _kind(kind, name),
            data,
            size,
            fields.get("linkpath") or long_target or target,
        )
        long_name, long_target, fields = "", "", {}


def _names(header: bytes) -> tuple[str, str]:
    name = header[:100].split(b"\x00")[0]
    if header[257:262] == b"ustar" and header[345] and header[257:265] != b"ustar  \x00":
        name = header[345:500].split(b"\x00")[0] + b"/" + name
    return name.decode("utf-8", "replace"), header[157:257].split(b"\x00")[0].decode("utf-8", "replace")


def _kind(flag: int, name: str) -> str:
    if flag == ord("5") or (flag in FILES and name.endswith("/")):
        return "folder"
    if flag in FILES:
        return "file"
    return _LINKS.get(flag) or _SPECIAL.get(flag) or "other"


def _extended(content: bytes) -> Iterator[tuple[str, str]]:
    """The records of an extended header: ``length key=value\\n``."""
    at = 0
    while at < len(content):
        space = content.find(b" ", at)
        if space < 0 or not content[at:space].isdigit() or space - at > 7:
            return
        length = int(content[at:space])
        if length <= space - at:
            return
        key, _, value = content[space + 1 : at + length - 1].partition(b"=")
        yield key.decode("utf-8", "replace"), value.decode("utf-8", "replace")
        at += length
