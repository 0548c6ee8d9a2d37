"""Reading one tensor of a checkpoint that is too large to fetch: its header, then the tensor's byte range."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import Any

from landing.files import atomic
from probe.fetch.door import Door
from probe.fetch.results import Got, Unfetched
from probe.fetch.wanted import Remote

FILE = "partial.safetensors"
#: Tables of input embeddings, by the names that architectures give them; the first that is there is taken.
EMBEDDINGS = (
    "bert.embeddings.word_embeddings.weight", "roberta.embeddings.word_embeddings.weight",
    "distilbert.embeddings.word_embeddings.weight", "embeddings.word_embeddings.weight",
    "model.embed_tokens.weight", "language_model.model.embed_tokens.weight",
    "model.language_model.embed_tokens.weight", "transformer.wte.weight", "wte.weight",
    "gpt_neox.embed_in.weight", "transformer.word_embeddings.weight", "model.decoder.embed_tokens.weight",
    "shared.weight", "encoder.embed_tokens.weight", "embed_tokens.weight",
)  # fmt: skip
_ENDINGS = ("word_embeddings.weight", "embed_tokens.weight", "wte.weight", "shared.weight", "embed_in.weight")
_HEADER_CAP = 32 << 20
_FIRST = 64 << 10
_PIECE = 16 << 20
_WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "I8": 1, "U8": 1}


def embedding(
    door: Door, url: Callable[[str], str], files: list[Remote], most: int, place: Path
) -> tuple[str, list[Got]]:
    """Write a checkpoint's table of embeddings into ``place`` as a safetensors file of its own.

    Headers of the shards are read in order until one holds it. ``most`` is the bytes that the tensor may have. Gives
    the tensor's name and what was downloaded; raises :class:`Unfetched`.
    """
    got: list[Got] = []
    for file in files:
        start, table = header(door, url(file.path), file)
        got.append(Got(file.path, start, None, None, ranged=True))
        name = _named(table)
        if name is None:
            continue
        first, last = _bounds(name, table[name], file.size - start)
        if last - first > most:
            raise Unfetched("TOO_LARGE", f"The embedding alone has {last - first} bytes.")
        _write(place / FILE, name, table[name], file, _pieces(door, url(file.path), start + first, start + last))
        got[-1] = Got(file.path, start + last - first, None, None, ranged=True)
        return name, got
    raise Unfetched("NOT_AVAILABLE", "No shard holds a table of embeddings under a known name.")


def header(door: Door, url: str, file: Remote) -> tuple[int, dict[str, Any]]:
    """Where the tensors of a safetensors file begin, and its table; raises :class:`Unfetched`."""
    head = door.ranged(url, 0, min(_FIRST, file.size))
    length = int.from_bytes(head[:8], "little")
    if length > min(_HEADER_CAP, file.size - 8):
        raise Unfetched("BROKEN", f"{file.path[:120]} claims a header of {length} bytes.")
    text = head[8 : 8 + length]
    if len(text) < length:
        text += door.ranged(url, len(head), 8 + length)
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unfetched("BROKEN", f"{file.path[:120]} has no usable header.") from error
    if not isinstance(table, dict):
        raise Unfetched("BROKEN", f"{file.path[:120]} has no usable header.")
    return 8 + length, table


def _named(table: dict[str, Any]) -> str | None:
    for name in EMBEDDINGS:
        if name in table:
            return name
    return min((name for name in table if name.endswith(_ENDINGS)), key=len, default=None)


def _bounds(name: str, facts: Any, room: int) -> tuple[int, int]:
    try:
        first, last = (int(number) for number in facts["data_offsets"])
        count = prod(int(length) for length in facts["shape"])
        fits = 0 <= first <= last <= room and count * _WIDTHS[facts["dtype"]] == last - first
    except (KeyError, TypeError, ValueError) as error:
        raise Unfetched("BROKEN", f"The tensor {name[:80]!r} is not described.") from error
    if not fits:
        raise Unfetched("BROKEN", f"The tensor {name[:80]!r} does not fit into its file.")
    return first, last


def _pieces(door: Door, url: str, first: int, last: int) -> Iterator[bytes]:
    for at in range(first, last, _PIECE):
        yield door.ranged(url, at, min(last, at + _PIECE))


def _write(path: Path, name: str, facts: dict[str, Any], file: Remote, pieces: Iterator[bytes]) -> None:
    """A safetensors file of one tensor, which says whose it is."""
    first, last = facts["data_offsets"]
    about = {"partial_of": file.path, "of_sha256": file.sha256 or "", "of_bytes": str(file.size)}
    table = {
        "__metadata__": about,
        name: {"dtype": facts["dtype"], "shape": facts["shape"], "data_offsets": [0, last - first]},
    }
    text = json.dumps(table).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as temporary, temporary.open("wb") as handle:
        handle.write(len(text).to_bytes(8, "little") + text)
        handle.writelines(pieces)
