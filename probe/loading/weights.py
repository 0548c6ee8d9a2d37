"""The tensors of a checkpoint: safetensors first, else a state dict through torch's restricted loader.

What the headers say is held against the sizes of the files before a byte is allocated.
"""

from __future__ import annotations

import json
import re
import warnings
import zipfile
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

from probe.loading.files import INDEX_CAP, plain, read_object
from probe.loading.refusal import Code, Refused, brief, printable

#: Bytes of a safetensors header. Real ones of a thousand tensors have 100 kB; the format itself allows 100 MB.
HEADER_CAP = 32 << 20
SHARDS = 2_000
_PICKLED_INDEX = 64 << 20
_NAMES = (
    ("model.safetensors", "model.safetensors.index.json"),
    ("pytorch_model.bin", "pytorch_model.bin.index.json"),
)
#: What :mod:`probe.fetch` leaves of weights that are too large to fetch.
_PARTIAL = "partial.safetensors"
_WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


@dataclass(slots=True)
class Weights:
    """A state dict, and where it came from. ``tensors`` maps names to torch tensors, mapped from disk."""

    tensors: dict[str, Any]
    form: str
    files: list[str] = field(default_factory=list)

    @property
    def elements(self) -> int:
        """Elements of all tensors."""
        return sum(int(tensor.numel()) for tensor in self.tensors.values())


def read_weights(folder: Path, most_bytes: int) -> Weights:
    """Every tensor of the checkpoint. Raises :class:`Refused`."""
    form, files = _files(folder)
    sizes = [plain(file) or 0 for file in files]
    if sum(sizes) > most_bytes:
        raise Refused("TOO_LARGE", f"The weights have {sum(sizes)} bytes; more than {most_bytes} are not loaded.")
    found: dict[str, Any] = {}
    for file in files:
        tensors = _read_safetensors(file) if form == "safetensors" else _read_torch(file, most_bytes)
        if twice := tensors.keys() & found.keys():
            raise Refused("LOAD_ERROR", f"The tensor {min(twice)[:80]!r} stands in two files.")
        found |= tensors
    if not found:
        raise Refused("LOAD_ERROR", "The weights hold no tensor.")
    return Weights(found, form, [file.name for file in files])


def _files(folder: Path) -> tuple[str, list[Path]]:
    for single, index in _NAMES:
        form = "safetensors" if single.endswith("safetensors") else "pytorch"
        if plain(folder / single) is not None:
            return form, [folder / single]
        if (table := read_object(folder / index, INDEX_CAP)) is not None:
            return form, _shards(folder, index, table)
    if plain(folder / _PARTIAL) is not None:
        raise Refused("TOO_LARGE", "Of these weights only the table of embeddings was fetched.")
    raise Refused("ARCH_UNSUPPORTED", "There are no weights in safetensors or PyTorch format.")


def _shards(folder: Path, index: str, table: dict[str, Any]) -> list[Path]:
    listed = table.get("weight_map")
    if not isinstance(listed, dict) or not all(isinstance(name, str) for name in listed.values()):
        raise Refused("LOAD_ERROR", f"{index} has no usable weight_map.")
    names = sorted(set(listed.values()))
    if not names or len(names) > SHARDS:
        raise Refused("LOAD_ERROR", f"{index} names {len(names)} files.")
    for name in names:
        if name in ("", ".", "..") or "/" in name or "\\" in name or "\0" in name:
            raise Refused("UNSAFE_FILE", f"{index} names a file outside its folder.")
        if plain(folder / name) is None:
            raise Refused("LOAD_ERROR", f"The shard {name[:80]} is missing.")
    return [folder / name for name in names]


def check_header(path: Path) -> int:
    """Elements that a safetensors header promises, once it agrees with its file; raises :class:`Refused`."""
    size = plain(path) or 0
    with path.open("rb") as handle:
        length = int.from_bytes(handle.read(8), "little")
        if size < 8 or length > size - 8:
            raise Refused("LOAD_ERROR", f"{path.name} has {size} bytes, its header claims {length}.")
        if length > HEADER_CAP:
            raise Refused("TOO_LARGE", f"{path.name} has a header of {length} bytes; more than {HEADER_CAP} are odd.")
        text = handle.read(length)
    try:
        table = json.loads(text)
        tensors = {name: facts for name, facts in table.items() if name != "__metadata__"}
        return sum(_tensor_elements(name, facts, size - 8 - length) for name, facts in tensors.items())
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise Refused("LOAD_ERROR", f"{path.name} has no usable header: {brief(error)}.") from error


def _tensor_elements(name: str, facts: dict[str, Any], room: int) -> int:
    start, end = (int(number) for number in facts["data_offsets"])
    count = prod(int(length) for length in facts["shape"])
    width = _WIDTHS.get(facts["dtype"])
    if width is None:
        raise Refused("ARCH_UNSUPPORTED", f"The tensor {name[:80]!r} is of type {str(facts['dtype'])[:20]}.")
    if not 0 <= start <= end <= room or count * width != end - start:
        raise Refused("LOAD_ERROR", f"The tensor {name[:80]!r} does not fit into its file.")
    return count


def _read_safetensors(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    check_header(path)
    try:
        return dict(load_file(path, device="cpu"))
    except (SafetensorError, OSError, ValueError) as error:
        raise Refused("LOAD_ERROR", f"{path.name} cannot be read: {brief(error)}.") from error


def _read_torch(path: Path, most_bytes: int) -> dict[str, Any]:
    """A state dict; classes that are not on torch's own list make it UNSAFE_FILE."""
    import torch

    zipped = zipfile.is_zipfile(path)
    if zipped:
        _check_zip(path, most_bytes)
    options: dict[str, Any] = {"map_location": "cpu", "weights_only": True}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            state = torch.load(path, mmap=True, **options) if zipped else torch.load(path, **options)
    except MemoryError:
        raise
    except Exception as error:
        # torch raises pickle's own error for what is not on its list; the class is named, not imported.
        unsafe = type(error).__name__ == "UnpicklingError" and "weights_only" in str(error).lower().replace(" ", "_")
        code: Code = "UNSAFE_FILE" if unsafe else "LOAD_ERROR"
        told = re.search(r"GLOBAL [\w.]{1,150}|WeightsUnpickler error: [^\n]{1,150}", str(error))
        reason = told[0].strip() if told else brief(error)
        raise Refused(code, f"{path.name}: torch's restricted loader refuses it: {printable(reason)}") from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict):
        raise Refused("LOAD_ERROR", f"{path.name} holds no state dict.")
    return {name: _usable(path, name, tensor) for name, tensor in state.items() if isinstance(tensor, torch.Tensor)}


def _check_zip(path: Path, most_bytes: int) -> None:
    """What a torch archive unpacks to: no more than allowed, and its index no larger than an index is."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise Refused("LOAD_ERROR", f"{path.name} is a damaged archive: {brief(error)}.") from error
    index = max((member.file_size for member in members if member.filename.endswith(".pkl")), default=0)
    if sum(member.file_size for member in members) > most_bytes or index > _PICKLED_INDEX:
        raise Refused("TOO_LARGE", f"{path.name} unpacks to more bytes than are loaded.")


def _usable(path: Path, name: Any, tensor: Any) -> Any:
    import torch

    if not isinstance(name, str) or tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_complex():
        raise Refused("ARCH_UNSUPPORTED", f"{path.name}: {str(name)[:80]!r} is no plain tensor.")
    # A storage of eight bytes may be viewed as 10^12 elements; a copy of that view would be real.
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise Refused("LOAD_ERROR", f"{path.name}: {name[:80]!r} claims more elements than are stored.")
    return tensor.detach()
