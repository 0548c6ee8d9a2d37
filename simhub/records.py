"""Records as SQL: each shape of the list API is one expression that joins ready JSON inside SQLite.

The counters are spliced in at serving time, so a download that is counted shows in the next listing
without touching the bulky part of a record. Unknown values (replayed dumps that lack a field) are empty
or negative and leave their key out.
"""

from __future__ import annotations

from simhub.pieces import RARE


def _text(key: str, column: str) -> str:
    return f"CASE WHEN {column} IS NULL OR {column} = '' THEN '' ELSE ',\"{key}\":' || json_quote({column}) END"


def _json(key: str, column: str) -> str:
    return f"ifnull(',\"{key}\":' || {column}, '')"


def _flag(key: str, column: str) -> str:
    return f"',\"{key}\":' || CASE WHEN {column} THEN 'true' ELSE 'false' END"


def _count(key: str, column: str) -> str:
    return f"CASE WHEN {column} < 0 THEN '' ELSE ',\"{key}\":' || {column} END"


#: Field of `expand` -> the SQL that yields `,"field":value`, or nothing.
EXPAND: dict[str, str] = {
    "author": _text("author", "s.owner"),
    "cardData": "ifnull(d.card, '')",
    "config": "ifnull(d.config, '')",
    "createdAt": _text("createdAt", "s.created_at"),
    "disabled": _flag("disabled", "s.disabled"),
    "downloads": _count("downloads", "s.downloads"),
    "downloadsAllTime": _count("downloadsAllTime", "s.all_time"),
    "gated": _json("gated", "s.gated"),
    "lastModified": _text("lastModified", "s.last_modified"),
    "library_name": _text("library_name", "s.library"),
    "likes": _count("likes", "s.likes"),
    "pipeline_tag": _text("pipeline_tag", "s.task"),
    "private": _flag("private", "s.private"),
    "sha": _text("sha", "s.sha"),
    "siblings": "ifnull(d.siblings, '')",
    "tags": "ifnull(d.tags, '')",
    "trendingScore": _count("trendingScore", "s.trending"),
    **{key: f"ifnull(d.\"{key}\", '')" for key in RARE},
}
_BASE = ("d.base", "d.tags", EXPAND["likes"], EXPAND["downloads"])
_FULL = ("d.whole", "d.siblings")


def _join(*pieces: str) -> str:
    # Short pieces first: joining copies what is already there.
    return "CAST(" + " || ".join(["s.head", *pieces, "'}'"]) + " AS BLOB)"


def expanded(fields: list[str]) -> str:
    """The record with exactly these fields (and `_id`, `id`)."""
    return _join(*(EXPAND[name] for name in dict.fromkeys(fields)))


def listed(full: bool, card_data: bool, config: bool) -> str:
    """The record of a listing without `expand`."""
    asked = (*(_FULL if full else ()), *(["d.config"] if config else []), *(["d.card"] if card_data else []))
    return _join(*_BASE, *asked)


def info() -> str:
    """The record of model info."""
    return _join(*_BASE, *_FULL, "d.config", "d.card", *(EXPAND[key] for key in RARE), "ifnull(d.others, '')")


#: Shapes that need no bulky column are answered from the narrow table alone.
def source(expression: str) -> str:
    """The FROM clause an expression needs."""
    return "state s LEFT JOIN doc d ON d.ordinal = s.ordinal" if "d." in expression else "state s"
