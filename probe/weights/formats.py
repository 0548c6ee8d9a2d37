"""Where the tensors of one weights file lie, from the file's own header; nothing is loaded, nothing is executed.

A safetensors file is an unsigned 64-bit length, that many bytes of JSON, then the tensors' bytes. The header is
untrusted: every number in it is checked against the file before a byte of data is read.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landing.errors import OperationalError

#: The format's own limit on the header.
HEADER_CAP = 100 << 20
TENSOR_CAP = 200_000
JSON_CAP = 64 << 20

#: Bytes of an element, by the header's word.
WIDTHS = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1,
    "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}  # fmt: skip
_PLAIN = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "u1",
}  # fmt: skip
#: Relative spacing of neighbouring numbers (unit in the last place over the value).
SPACING = {"F64": 2.0**-52, "F32": 2.0**-23, "F16": 2.0**-10, "BF16": 2.0**-7, "F8_E4M3": 2.0**-3, "F8_E5M2": 2.0**-2}
#: Elements that hold packed small integers rather than numbers of their own.
INTEGERS = frozenset({"I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8"})

Floats = NDArray[np.float32]


class Unreadable(OperationalError):
    """The weights cannot be read: what is wrong, in one sentence. ``code`` is its word of the closed list."""

    def __init__(self, message: str, code: str = "LOAD_ERROR") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor: its place in ``file``, its element type (the word of the safetensors header) and shape."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: Path
    offset: int
    nbytes: int

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)


def read_json(path: Path, cap: int = JSON_CAP) -> Any:
    """A JSON file under a cap on its size; raises :class:`Unreadable` where it is larger, deeper or not JSON."""
    try:
        with path.open("rb") as handle:
            data = handle.read(cap + 1)
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror or error}.") from error
    if len(data) > cap:
        raise Unreadable(f"{path.name} is larger than {cap} bytes.", "TOO_LARGE")
    return parse_json(data, path.name)


def parse_json(data: bytes, name: str) -> Any:
    """JSON without the words that are not JSON (NaN) and without two values for one key."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        whole = dict(pairs)
        if len(whole) != len(pairs):
            raise ValueError("a key appears twice")
        return whole

    def refuse(word: str) -> Any:
        raise ValueError(f"{word} is not JSON")

    try:
        return json.loads(data, object_pairs_hook=unique, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{name} is not valid JSON: {str(error)[:120]}.") from error


def read_header(path: Path) -> tuple[dict[str, TensorInfo], dict[str, str]]:
    """The tensors of a safetensors file and its free metadata; raises :class:`Unreadable` for what does not fit."""
    try:
        size = path.stat().st_size
        with path.open("rb") as handle:
            length = int.from_bytes(handle.read(8), "little")
            if size < 8 or length > size - 8:
                raise Unreadable(f"{path.name}: the header claims {length} bytes, the file has {size}.")
            if length > HEADER_CAP:
                raise Unreadable(f"{path.name}: a header of {length} bytes is over the format's limit.", "TOO_LARGE")
            header = parse_json(handle.read(length), f"the header of {path.name}")
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror or error}.") from error
    if not isinstance(header, dict) or len(header) > TENSOR_CAP:
        raise Unreadable(f"{path.name}: the header is not an object of at most {TENSOR_CAP} tensors.")
    metadata = header.pop("__metadata__", None) or {}
    start = 8 + length
    tensors = {name: _entry(path, name, entry, start, size) for name, entry in header.items()}
    _check_overlap(path, tensors)
    kept = metadata if isinstance(metadata, dict) else {}
    return tensors, {str(key): str(value) for key, value in kept.items()}


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62


def _entry(path: Path, name: str, entry: Any, start: int, size: int) -> TensorInfo:
    where = f"{path.name}: tensor {name[:80]!r}"
    if not isinstance(entry, dict):
        raise Unreadable(f"{where} is not described by an object.")
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(shape, list) or len(shape) > 16 or not all(map(_whole, shape)):
        raise Unreadable(f"{where} has no usable shape.")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_whole, offsets)):
        raise Unreadable(f"{where} has no usable offsets.")
    begin, end = offsets
    if begin > end or start + end > size:
        raise Unreadable(f"{where} ends at byte {start + end} of a file of {size}.")
    if isinstance(dtype, str) and dtype in WIDTHS and prod(shape) * WIDTHS[dtype] != end - begin:
        raise Unreadable(f"{where}: shape {shape} of {dtype} does not fill {end - begin} bytes.")
    return TensorInfo(name, str(dtype), tuple(shape), path, start + begin, end - begin)


def _check_overlap(path: Path, tensors: dict[str, TensorInfo]) -> None:
    last = 0
    for info in sorted((info for info in tensors.values() if info.nbytes), key=lambda info: info.offset):
        if info.offset < last:
            raise Unreadable(f"{path.name}: tensor {info.name[:80]!r} overlaps another.")
        last = info.offset + info.nbytes


def read_bytes(info: TensorInfo, start: int, count: int) -> NDArray[np.uint8]:
    """``count`` bytes of the tensor from byte ``start``. Read, not mapped: a file cut meanwhile is a clean error."""
    try:
        handle = os.open(info.file, os.O_RDONLY)
        try:
            data = np.empty(count, np.uint8)
            view, done = memoryview(data), 0  # type: ignore[arg-type]
            while done < count:
                got = os.preadv(handle, [view[done : done + (1 << 28)]], info.offset + start + done)
                if got <= 0:
                    raise Unreadable(f"{info.file.name} ended while {info.name[:80]!r} was read.")
                done += got
        finally:
            os.close(handle)
    except OSError as error:
        raise Unreadable(f"{info.file.name} cannot be read: {error.strerror or error}.") from error
    return data


def decode(data: NDArray[np.uint8], dtype: str) -> Floats:
    """Bytes as float32, whatever the element type; raises :class:`Unreadable` for a type that has no numbers."""
    if dtype == "F32":
        return data.view("<f4")
    if dtype == "BF16":
        return (data.view("<u2").astype(np.uint32) << np.uint32(16)).view(np.float32)
    if dtype in ("F8_E4M3", "F8_E5M2"):
        return _eight_bits(dtype)[data]
    if dtype in _PLAIN:
        with np.errstate(over="ignore"):  # a float64 beyond float32 becomes an infinity, and is reported as one
            return data.view(_PLAIN[dtype]).astype(np.float32)
    raise Unreadable(f"Elements of type {dtype[:20]!r} have no reading here.", "ARCH_UNSUPPORTED")


def _eight_bits(dtype: str) -> Floats:
    """The 256 values of an eight-bit float (Micikevicius et al., 2022, section 3)."""
    mantissa, bias = (3, 7) if dtype == "F8_E4M3" else (2, 15)
    codes = np.arange(256)
    sign = np.where(codes & 0x80, -1.0, 1.0)
    exponent, fraction = (codes & 0x7F) >> mantissa, (codes & ((1 << mantissa) - 1)) / (1 << mantissa)
    values = np.where(exponent > 0, (1 + fraction) * 2.0 ** (exponent - bias), fraction * 2.0 ** (1 - bias))
    if dtype == "F8_E4M3":
        values = np.where((codes & 0x7F) == 0x7F, np.nan, values)
    else:
        values = np.where(exponent == 31, np.where(fraction > 0, np.nan, np.inf), values)
    return (sign * values).astype(np.float32)
