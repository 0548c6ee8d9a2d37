"""Protobuf's wire format without schema or library: fields, as they stand in the bytes, under caps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from probe.scan.detector import Blob, Budget

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Malformed(ValueError):
    """These bytes are not a protobuf message; the text says where."""


class Field(NamedTuple):
    """One field: its number, its wire type, and its value (an integer, or the bytes)."""

    number: int
    wire: int
    integer: int
    data: memoryview

    @property
    def text(self) -> str:
        """The bytes as text; what is not UTF-8 is replaced."""
        return bytes(self.data[:65536]).decode("utf-8", "replace")


_NONE = memoryview(b"")


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """The integer at ``at`` and the place behind it; raises :class:`Malformed`."""
    value = shift = 0
    end = len(data)
    while at < end:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise Malformed(f"an integer of more than ten bytes at {at}")
    raise Malformed("ends within an integer")


def fields(data: memoryview, budget: Budget | None = None) -> Iterator[Field]:
    """The fields of one message in order; nested messages are ``fields(field.data)``. Raises :class:`Malformed`."""
    at, end, count = 0, len(data), 0
    while at < end:
        count += 1
        if budget is not None and count % 8192 == 0:
            budget.tick()
        tag, at = varint(data, at)
        number, wire = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise Malformed(f"field number {number} at {at}")
        if wire == VARINT:
            integer, at = varint(data, at)
            yield Field(number, wire, integer, _NONE)
            continue
        if wire == BYTES:
            size, at = varint(data, at)
        elif wire in (FIXED64, FIXED32):
            size = 8 if wire == FIXED64 else 4
        else:
            raise Malformed(f"wire type {wire} at {at}")
        if size > end - at:
            raise Malformed(f"a field of {size} bytes at {at}, {end - at} are left")
        yield Field(number, wire, 0, data[at : at + size])
        at += size


_last: tuple[Blob, dict[int, int] | None] | None = None


def outline(blob: Blob, most: int = 64) -> dict[int, int] | None:
    """The first top-level fields of a blob as {number: wire type}, or None where it is no message.

    A message cut short is still one, when at least two whole fields stand before the cut.
    """
    global _last
    if _last is not None and _last[0] is blob:
        return _last[1]
    found: dict[int, int] | None = {}
    count = -1
    try:
        for count, field in enumerate(fields(blob.data)):
            assert found is not None
            if found.setdefault(field.number, field.wire) != field.wire or field.number > 4096:
                found = None
                break
            if count >= most:
                break
    except Malformed:
        if count < 1:
            found = None
    _last = (blob, found or None)
    return found or None


def packed(field: Field) -> list[int]:
    """A repeated integer field's values, packed or single (at most 64: dimensions)."""
    if field.wire == VARINT:
        return [field.integer]
    values: list[int] = []
    at = 0
    while at < len(field.data) and len(values) < 64:
        value, at = varint(field.data, at)
        values.append(value)
    return values
