"""GGUF's header under caps: key-values and tensor descriptions."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from probe.scan.detector import Budget

#: Bytes of a value by its type; 8 is a string, 9 an array.
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
MAX_STRING = 16 << 20
MAX_ITEMS = 8_000_000
MAX_DIMS = 4

#: (elements of a block, bytes of a block) by ggml type.
BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18),
}  # fmt: skip


class Broken(ValueError):
    """The header says something that cannot be; the text says what and where."""


class Tensor(NamedTuple):
    """One tensor's description; ``offset`` counts from the start of the data section."""

    name: str
    dims: tuple[int, ...]
    kind: int
    offset: int


class Reader:
    """Reads one header from front to back. Raises :class:`Broken`."""

    def __init__(self, data: memoryview, budget: Budget) -> None:
        self.data = data
        self.budget = budget
        self.at = 4
        self.order = "<"
        version = self.number("I")
        if version & 0xFFFF == 0 and version:
            self.order, self.at = ">", 4
            version = self.number("I")
        if not 1 <= version <= 3:
            raise Broken(f"version {version}")
        self.version = version
        self.width = "I" if version == 1 else "Q"
        self.tensors = self.number(self.width)
        self.pairs = self.number(self.width)
        left = len(data) - self.at
        if self.pairs * 13 > left:
            raise Broken(f"{self.pairs:,} key-values in {left:,} bytes")
        if self.tensors * 20 > left:
            raise Broken(f"{self.tensors:,} tensors in {left:,} bytes")

    def number(self, code: str) -> Any:
        size = struct.calcsize(code)
        if self.at + size > len(self.data):
            raise Broken(f"ends at byte {len(self.data):,} within the header")
        (value,) = struct.unpack_from(self.order + code, self.data, self.at)
        self.at += size
        return value

    def string(self, most: int = MAX_STRING) -> bytes:
        size = self.number(self.width)
        if size > len(self.data) - self.at:
            raise Broken(f"a string of {size:,} bytes at {self.at:,}, {len(self.data) - self.at:,} are left")
        if size > most:
            raise Broken(f"a string of {size:,} bytes at {self.at:,}")
        value = bytes(self.data[self.at : self.at + size])
        self.at += size
        return value

    def value(self, kind: int, depth: int = 0) -> Any:
        """A scalar or string; arrays are passed over, strings in them are yielded by :meth:`key_values` as a list of
        those that could hold a template.
        """
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            return self.array(depth)
        if kind not in SCALARS:
            raise Broken(f"value type {kind} at {self.at:,}")
        return self.number(SCALARS[kind])

    def array(self, depth: int) -> list[bytes]:
        kind, count = self.number("I"), self.number(self.width)
        left = len(self.data) - self.at
        if depth > 3:
            raise Broken("arrays nested more than three deep")
        if kind in SCALARS:
            size = struct.calcsize(SCALARS[kind]) * count
            if size > left:
                raise Broken(f"an array of {count:,} items at {self.at:,}, {left:,} bytes are left")
            self.at += size
            return []
        if kind == STRING and (count * 4 > left or count > MAX_ITEMS):
            raise Broken(f"an array of {count:,} strings at {self.at:,}, {left:,} bytes are left")
        if kind == ARRAY and (count * 8 > left or count > MAX_ITEMS):
            raise Broken(f"an array of {count:,} arrays at {self.at:,}")
        kept: list[bytes] = []
        for index in range(count):
            if index % 16384 == 0:
                self.budget.tick()
            item = self.value(kind, depth + 1)
            if isinstance(item, bytes) and len(item) > 64 and len(kept) < 64:
                kept.append(item)
        return kept

    def key_values(self) -> Iterator[tuple[str, Any]]:
        """Every key with its value (strings as bytes; of an array only its long strings)."""
        for _ in range(self.pairs):
            key = self.string(65535).decode("utf-8", "replace")
            yield key, self.value(self.number("I"))

    def descriptions(self) -> Iterator[Tensor]:
        """Every tensor; to be asked after the key-values."""
        for index in range(self.tensors):
            if index % 4096 == 0:
                self.budget.tick()
            name = self.string(65535).decode("utf-8", "replace")
            count = self.number("I")
            if count > MAX_DIMS:
                raise Broken(f"tensor {name[:60]!r} has {count:,} dimensions")
            dims = tuple(self.number(self.width) for _ in range(count))
            yield Tensor(name, dims, self.number("I"), self.number("Q"))
