"""The head of a safetensors file: which tensors, which shapes, how many parameters.

``decode`` is pure and never raises: a head that is not what it should be is described as such.

    {"tensors", "parameters": {dtype: count}, "total", "metadata": [keys], "format", "fingerprint", "error"}

``fingerprint`` is the sha256 of all names, types and shapes: two files with the same one have the
same architecture, whatever the numbers in them.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import msgspec

VERSION = "header/1"
FIRST_READ = 64 << 10
LONGEST = 25_000_000
_MAX_KEYS, _MAX_TEXT = 100, 300


class _Tensor(msgspec.Struct):
    dtype: str
    shape: list[int]


_entries = msgspec.json.Decoder(dict[str, msgspec.Raw])
_tensor = msgspec.json.Decoder(_Tensor)
_metadata = msgspec.json.Decoder(dict[str, str])


def length(head: bytes) -> int | None:
    """The length of the header that the first eight bytes announce, None where it cannot be one."""
    announced = int.from_bytes(head[:8], "little")
    return announced if len(head) >= 8 and 2 <= announced <= LONGEST else None


def decode(body: bytes) -> dict[str, Any]:
    """Describe the header whose JSON is ``body`` (without the eight bytes of its length)."""
    found: dict[str, Any] = {
        "tensors": 0,
        "parameters": {},
        "total": 0,
        "metadata": [],
        "format": None,
        "fingerprint": None,
        "error": None,
    }
    try:
        entries = _entries.decode(body)
        metadata = _metadata.decode(entries.pop("__metadata__", msgspec.Raw(b"{}")))
        tensors = {name: _tensor.decode(raw) for name, raw in entries.items()}
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return found | {"error": str(error)[:_MAX_TEXT]}
    found["tensors"] = len(tensors)
    found["metadata"] = sorted(key[:_MAX_TEXT] for key in metadata)[:_MAX_KEYS]
    found["format"] = metadata.get("format", "")[:_MAX_TEXT] or None
    return found | _sizes(tensors)


def _sizes(tensors: dict[str, _Tensor]) -> dict[str, Any]:
    parameters: dict[str, int] = {}
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        size = math.prod(tensor.shape[:64])
        if len(tensor.shape) > 64 or not 0 <= size < 2**62 or len(tensor.dtype) > 32:
            return {"error": f"tensor {name[:100]!r} has an impossible shape"}
        parameters[tensor.dtype] = parameters.get(tensor.dtype, 0) + size
        digest.update(f"{name}\0{tensor.dtype}\0{tensor.shape}\n".encode("utf-8", "replace"))
    total = sum(parameters.values())
    if total >= 2**62:
        return {"error": "more parameters than there can be"}
    return {"parameters": parameters, "total": total, "fingerprint": digest.hexdigest()}
