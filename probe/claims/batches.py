"""Running a model over rows in batches: on its own device, without gradients, the longest rows first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from probe.claims.loading import Loaded, texts_of
from probe.claims.recipe import How

BATCH = 32


def encode(loaded: Loaded, texts: Sequence[str], pairs: Sequence[str] | None, how: How, **more: Any) -> list[Any]:
    """Token ids and whatever goes with them, a dictionary per row."""
    tokenizer = texts_of(loaded)
    limit = min(how.max_length or loaded.max_length, loaded.max_length)
    first = [t.lower() for t in texts] if how.lowercase else list(texts)
    second = [t.lower() for t in pairs] if how.lowercase and pairs else pairs
    arguments = {"truncation": True, "max_length": limit, **more}
    encoded = tokenizer(first, list(second), **arguments) if second is not None else tokenizer(first, **arguments)
    length = len(encoded["input_ids"])
    return [{key: encoded[key][i] for key in encoded} for i in range(length)]


def forward(
    loaded: Loaded,
    rows: Sequence[dict[str, Any]],
    take: Callable[[Any, dict[str, Any], Sequence[int]], Sequence[Any]],
    batch: int = BATCH,
) -> list[Any]:
    """What ``take(output, batch, places)`` makes of the model's outputs, a value per row, in the order of the rows.

    A batch that does not fit into the device's memory is halved.
    """
    import torch

    order = sorted(range(len(rows)), key=lambda i: -len(rows[i]["input_ids"]))
    found: list[Any] = [None] * len(rows)
    begun = 0
    while begun < len(order):
        places = order[begun : begun + batch]
        try:
            with torch.inference_mode():
                padded = pad(loaded, [rows[i] for i in places])
                values = take(loaded.model(**padded), padded, places)
        except torch.cuda.OutOfMemoryError:
            if batch == 1:
                raise
            torch.cuda.empty_cache()
            batch //= 2
            continue
        for place, value in zip(places, values, strict=True):
            found[place] = value
        begun += len(places)
    return found


_TENSORS = ("input_ids", "attention_mask", "token_type_ids")


def pad(loaded: Loaded, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One batch of tensors on the model's device."""
    import torch

    longest = max(len(row["input_ids"]) for row in rows)
    tokenizer = texts_of(loaded)
    left = getattr(tokenizer, "padding_side", "right") == "left"
    fill = {"input_ids": getattr(tokenizer, "pad_token_id", None) or 0}
    made = {}
    for key in (key for key in _TENSORS if key in rows[0]):
        lines = []
        for row in rows:
            gap = [fill.get(key, 0)] * (longest - len(row[key]))
            lines.append([*gap, *row[key]] if left else [*row[key], *gap])
        made[key] = torch.tensor(lines, device=loaded.model.device)
    return made


def length(rows: Sequence[dict[str, Any]]) -> int:
    """The longest row in tokens."""
    return max((len(row["input_ids"]) for row in rows), default=0)
