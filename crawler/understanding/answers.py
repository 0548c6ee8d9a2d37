"""From everything that the rules found to what the card says: one answer, or one list, per field."""

from __future__ import annotations

import json
import re
from typing import Any

from crawler.understanding._base import Value
from crawler.understanding._vocabulary import aliases

#: Below this a value is a candidate and no answer.
SURE = 0.5
#: Fields with one answer: the surest, the first in the card among equals.
SINGLE = frozenset({"domain", "parameter_count", "github", "carbon"})
#: Versions and sizes that end a name: ``common_voice_8_0``, ``SlimPajama-627B``, ``RedPajama-Data-1T``.
_VERSION = re.compile(r"(?<=common_voice)[ _-]\d+[._]\d+$|(?<=common voice)[ _-]\d+[._]\d+$|(?:-data)?-\d+[bt]$")
_FLAT = re.compile(r"[\W_]+")


def answers(values: list[Value], sure: float = SURE) -> dict[str, list[Value]]:
    """Field -> its values of at least this confidence, each said once, the surest first."""
    best: dict[str, dict[str, Value]] = {}
    for value in values:
        if value.confidence >= sure:
            kept = best.setdefault(value.field, {})
            same = key(value.field, value.value)
            known = kept.get(same)
            if known is None or value.confidence > known.confidence:
                kept[same] = value
    found = {
        field: sorted(kept.values(), key=lambda value: (-value.confidence, value.start))
        for field, kept in best.items()
    }
    if any(len(value.value) > 1 or "title" not in value.value for value in found.get("paper", [])):
        # A citation by title alone is as a rule the paper that a link has named already.
        found["paper"] = [value for value in found["paper"] if set(value.value) != {"title"}]
    return {field: kept[:1] if field in SINGLE else kept for field, kept in found.items()}


def key(field: str, value: Any) -> str:
    """What makes two values of a field the same: case, punctuation, owner and known synonyms do not differ."""
    if field in ("dataset", "base_model"):
        return name_key(field, str(value.get("name", "")))
    if field in ("hyper_parameter", "metric"):
        return (
            "|".join(_FLAT.sub("", str(value.get(part, "")).lower()) for part in ("name", "dataset"))
            + f"|{value.get('value')}"
        )
    if field == "paper":
        return str(value.get("arxiv") or value.get("doi") or value.get("url") or value.get("title")).lower()
    if field == "hardware":
        return _FLAT.sub("", str(value.get("name", "")).lower())
    if field == "language":
        return str(value).partition("-")[0]
    if field == "parameter_count":
        return f"{float(value):.2g}"
    return _FLAT.sub("", value.lower()) if isinstance(value, str) else json.dumps(value, sort_keys=True)


def name_key(field: str, name: str) -> str:
    """A data set's or model's name without its owner, in one spelling."""
    last = name.strip().rstrip("/").rpartition("/")[2].lower()
    if field == "dataset":
        last = _VERSION.sub("", re.sub(r"[ _-]?(?:data ?sets?|corpus)$", "", last))
        last = "glue" if last.startswith("glue ") else last
        last = aliases("datasets", "aliases").get(last, last)
    return _FLAT.sub("", last)
