"""Pieces of a record's JSON, written when a model changes so that serving only has to join them.

Each piece but the head starts with a comma, so any of them can follow any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simhub.spec import dumps

#: The rarer fields of a record; each has a column of its own in `doc`.
RARE = (
    *("baseModels", "childrenModelCount", "evalResults", "gguf", "inference", "inferenceProviderMapping"),
    *("mask_token", "model-index", "resourceGroup", "safetensors", "spaces", "transformersInfo", "usedStorage"),
    "widgetData",
)


def piece(key: str, value: Any) -> str:
    """`,"key":value`, or nothing for None."""
    return "" if value is None else f',"{key}":{dumps(value)}'


def head(oid: str, model_id: str) -> str:
    """How every record starts, its brace left open."""
    return f'{{"_id":"{oid}","id":{dumps(model_id)}'


def base(model_id: str, private: bool, task: str | None, library: str | None, created: str | None) -> str:
    """What every record of a plain listing has, tags and counters aside."""
    told = piece("pipeline_tag", task) + piece("library_name", library) + piece("createdAt", created)
    return f"{piece('private', private)}{told}{piece('modelId', model_id)}"


def whole(owner: str | None, sha: str | None, modified: str | None, gated: Any, disabled: bool | None) -> str:
    """What `full` adds, siblings aside."""
    told = piece("author", owner) + piece("sha", sha) + piece("lastModified", modified)
    return told + piece("gated", gated) + piece("disabled", disabled)


def siblings(paths: Iterable[str]) -> str:
    """The file list."""
    return piece("siblings", [{"rfilename": path} for path in paths])


def rare(fields: dict[str, Any]) -> list[str | None]:
    """One piece per rare field, and one for whatever else a replayed record carries."""
    known = [piece(key, fields[key]) if key in fields else None for key in RARE]
    others = "".join(f',"{key}":{dumps(value)}' for key, value in fields.items() if key not in RARE)
    return [*known, others or None]
