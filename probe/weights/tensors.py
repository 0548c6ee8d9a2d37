"""Tensors of a checkpoint, read one by one or by rows, without any model code.

Safetensors needs numpy only. A ``.bin`` file is a pickle: torch's restricted loader reads it (``weights_only``,
mapped from disk), which needs the probe extra; without it the reason is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from probe.weights import formats
from probe.weights.formats import Floats, TensorInfo, Unreadable

SHARD_CAP = 2_000
#: A .bin in torch's old format cannot be mapped and is read whole: no larger than this.
LEGACY_CAP = 4 << 30
_SINGLE = ("model.safetensors", "adapter_model.safetensors", "pytorch_model.bin", "adapter_model.bin")
_INDEXED = ("model.safetensors.index.json", "pytorch_model.bin.index.json")


@dataclass(slots=True)
class Checkpoint:
    """The tensors of one model, lazily. ``read_bytes`` counts what was read of them so far."""

    path: Path
    tensors: dict[str, TensorInfo]
    metadata: dict[str, str] = field(default_factory=dict)
    read_bytes: int = 0
    loaded: dict[str, Any] = field(default_factory=dict)

    def rows(self, name: str, start: int, stop: int) -> Floats:
        """Rows ``start`` to ``stop`` of a tensor as float32 ``(rows, elements of a row)``."""
        info = self.tensors[name]
        count = info.shape[0] if info.shape else 1
        start, stop = max(0, start), min(stop, count)
        width = info.nbytes // count if count else 0
        data = self._bytes(info, start * width, max(0, stop - start) * width)
        return formats.decode(data, info.dtype).reshape(max(0, stop - start), prod(info.shape[1:]))

    def array(self, name: str) -> Floats:
        """The whole tensor as float32, in its shape."""
        info = self.tensors[name]
        return formats.decode(self._bytes(info, 0, info.nbytes), info.dtype).reshape(info.shape)

    def pieces(self, name: str, size: int = 16 << 20) -> Iterator[Floats]:
        """The tensor's elements, flat, at most ``size`` bytes of the file at a time."""
        info = self.tensors[name]
        for start in range(0, info.nbytes, size):
            yield formats.decode(self._bytes(info, start, min(size, info.nbytes - start)), info.dtype)

    def _bytes(self, info: TensorInfo, start: int, count: int) -> Any:
        self.read_bytes += count
        if info.name in self.loaded:
            return self.loaded[info.name][start : start + count]
        return formats.read_bytes(info, start, count)

    @property
    def parameters(self) -> int:
        """Elements of all floating-point tensors."""
        return sum(info.size for info in self.tensors.values() if info.dtype not in formats.INTEGERS | {"BOOL"})


def open_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a folder (its index, else its usual file names, else its only weights file), or a file.

    Raises :class:`Unreadable`.
    """
    files = weight_files(path)
    tensors: dict[str, TensorInfo] = {}
    metadata: dict[str, str] = {}
    loaded: dict[str, Any] = {}
    for file in files:
        if file.suffix == ".safetensors":
            found, more = formats.read_header(file)
        else:
            found, arrays = _read_torch(file)
            loaded |= arrays
            more = {}
        twice = tensors.keys() & found.keys()
        if twice:
            raise Unreadable(f"{min(twice)[:80]!r} stands in two files of {path.name}.")
        tensors |= found
        metadata |= more
    if not tensors:
        raise Unreadable(f"{path.name} holds no tensors.")
    return Checkpoint(path, tensors, metadata, 0, loaded)


def weight_files(path: Path) -> list[Path]:
    """The files that make up the checkpoint; raises :class:`Unreadable` where there is none."""
    if path.is_file():
        return [path]
    for name in _INDEXED:
        if (path / name).is_file():
            return _shards(path / name)
    for name in _SINGLE:
        if (path / name).is_file():
            return [path / name]
    for suffix in (".safetensors", ".bin", ".pt", ".pth"):
        found = sorted(
            file for file in path.glob(f"*{suffix}") if file.is_file() and "training_args" not in file.name
        )
        if len(found) == 1:
            return found
        if found:
            raise Unreadable(f"{path.name} holds {len(found)} {suffix} files and no index that joins them.")
    raise Unreadable(f"{path.name} holds no weights in a format that is read here.", "ARCH_UNSUPPORTED")


def _shards(index: Path) -> list[Path]:
    whole = formats.read_json(index)
    weight_map = whole.get("weight_map") if isinstance(whole, dict) else None
    if not isinstance(weight_map, dict) or not all(isinstance(name, str) for name in weight_map.values()):
        raise Unreadable(f"{index.name} has no usable weight_map.")
    names = sorted(set(weight_map.values()))
    if len(names) > SHARD_CAP or any(Path(name).name != name or name in ("", "..") for name in names):
        raise Unreadable(f"{index.name} names files outside its folder, or more than {SHARD_CAP}.")
    missing = [name for name in names if not (index.parent / name).is_file()]
    if missing:
        raise Unreadable(f"{len(missing)} of {len(names)} shards are missing, the first is {missing[0][:80]}.")
    return [index.parent / name for name in names]


def _read_torch(path: Path) -> tuple[dict[str, TensorInfo], dict[str, Any]]:
    """A state dict through torch's restricted loader, its tensors as flat bytes."""
    try:
        import torch
    except ImportError as error:
        message = f'{path.name} is a pickle; reading it takes torch: pip install "hubcensus[probe]".'
        raise Unreadable(message, "ARCH_UNSUPPORTED") from error
    options: dict[str, Any] = {"map_location": "cpu", "weights_only": True}
    try:
        try:
            state = torch.load(path, mmap=True, **options)
        except RuntimeError:  # the old format cannot be mapped
            if path.stat().st_size > LEGACY_CAP:
                raise
            state = torch.load(path, **options)
    except Exception as error:
        reason = str(error).strip().partition("\n")[0][:160]
        raise Unreadable(f"{path.name}: torch's restricted loader refuses it: {reason}") from error
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict):
        raise Unreadable(f"{path.name} holds no state dict.")
    words = {getattr(torch, name): word for word, name in _TORCH_WORDS.items() if hasattr(torch, name)}
    tensors, arrays = {}, {}
    for name, value in state.items():
        if isinstance(value, torch.Tensor) and value.layout is torch.strided and value.dtype in words:
            if value.numel() * value.element_size() > value.untyped_storage().nbytes():
                raise Unreadable(f"{path.name}: {str(name)[:80]!r} claims more elements than are stored.")
            flat = value.detach().contiguous().reshape(-1).view(torch.uint8).numpy()
            tensors[str(name)] = TensorInfo(str(name), words[value.dtype], tuple(value.shape), path, 0, flat.nbytes)
            arrays[str(name)] = flat
    return tensors, arrays


_TORCH_WORDS = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2", "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8",
    "BOOL": "bool",
}  # fmt: skip


def finite(array: Floats) -> Floats:
    """The array with NaN and infinities as zeros: they are reported elsewhere and must not spread."""
    flat = array.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(flat @ flat):  # one fast pass; a sum that overflows is looked at closely
            return array
    return np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0)
