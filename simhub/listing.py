"""Pages of `GET /api/models`: filters, sorts, and a cursor that carries the last key (as the Hub's does).

Paging is by key, never by offset, so a page costs the same at any depth. Indexes are made when a listing
first asks for a sort or filter and dropped when a day passes.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from simhub.records import source

SORTS = {
    "trendingScore": "trending",
    "downloads": "downloads",
    "likes": "likes",
    "lastModified": "last_modified",
    "last_modified": "last_modified",
    "createdAt": "created_at",
    "created_at": "created_at",
}
MAX_LIMIT = 1_000


class BadCursor(ValueError):
    """The cursor is not one this hub made."""


@dataclass(frozen=True)
class Listing:
    """What a client asked for."""

    expression: str
    sort: str = "trending"
    descending: bool = True
    limit: int = MAX_LIMIT
    tags: tuple[str, ...] = ()
    equal: dict[str, str] = field(default_factory=dict)
    search: str = ""
    gated: bool | None = None
    user: str = ""


@dataclass(frozen=True)
class Cursor:
    """The last key served, and how many pages came before."""

    value: Any
    ordinal: int
    page: int

    def encode(self) -> str:
        """As an opaque string."""
        text = json.dumps({"v": self.value, "o": self.ordinal, "p": self.page}, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode()

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """The inverse of `encode`."""
        try:
            found = json.loads(base64.urlsafe_b64decode(text.encode()))
            return cls(found["v"], int(found["o"]), int(found["p"]))
        except (ValueError, KeyError, TypeError) as error:
            raise BadCursor(text) from error


@dataclass
class Page:
    """Records ready to send, the ordinals they belong to, and where the next page starts."""

    records: list[bytes]
    ordinals: list[int]
    number: int
    next: Cursor | None


def page(db: sqlite3.Connection, asked: Listing, cursor: Cursor | None) -> Page:
    """One page of a listing."""
    _prepare(db, asked)
    rows: list[tuple[int, Any, bytes]] = []
    for query, values in _queries(asked, cursor):
        if len(rows) < asked.limit:
            rows += db.execute(query, {**values, "limit": asked.limit - len(rows)}).fetchall()
    number = cursor.page + 1 if cursor else 1
    following = Cursor(rows[-1][1], rows[-1][0], number) if len(rows) == asked.limit else None
    return Page([r[2] for r in rows], [r[0] for r in rows], number, following)


def _queries(asked: Listing, cursor: Cursor | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows with the cursor's own key first, then the keys after it: both walk an index."""
    where, values = _where(asked)
    order = "DESC" if asked.descending else "ASC"
    select = f"SELECT s.ordinal, s.{asked.sort}, {asked.expression} FROM {_from(asked)} WHERE {where}"
    ending = f"ORDER BY s.{asked.sort} {order}, s.ordinal LIMIT :limit"
    if cursor is None:
        yield f"{select} {ending}", values
        return
    values = {**values, "value": cursor.value, "after": cursor.ordinal}
    same = f"s.{asked.sort} = :value AND s.ordinal > :after ORDER BY s.ordinal LIMIT :limit"
    yield f"{select} AND {same}", values
    beyond = "<" if asked.descending else ">"
    yield f"{select} AND s.{asked.sort} {beyond} :value {ending}", values


def _from(asked: Listing) -> str:
    return source(asked.expression)


def _where(asked: Listing) -> tuple[str, dict[str, Any]]:
    terms, values = ["(s.private = 0 OR s.owner = :user)"], {"user": asked.user}
    for column, value in asked.equal.items():
        terms.append(f"s.{column} = :{column}")
        values[column] = value
    for index, tag in enumerate(asked.tags):
        terms.append(f"EXISTS (SELECT 1 FROM tag WHERE tag.tag = :tag{index} AND tag.ordinal = s.ordinal)")
        values[f"tag{index}"] = tag
    if asked.search:
        terms.append("s.id LIKE :search ESCAPE '!'")
        escaped = asked.search.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        values["search"] = f"%{escaped}%"
    if asked.gated is not None:
        terms.append("s.gated <> 'false'" if asked.gated else "s.gated = 'false'")
    return " AND ".join(terms), values


def _prepare(db: sqlite3.Connection, asked: Listing) -> None:
    order = "desc" if asked.descending else "asc"
    first = next(iter(asked.equal), "")
    name = "_".join(filter(None, ("by", first, asked.sort, order)))
    columns = ", ".join(filter(None, (first, f"{asked.sort} {order}", "ordinal")))
    db.execute(f"CREATE INDEX IF NOT EXISTS {name} ON state({columns})")
    if asked.tags:
        _prepare_tags(db)


def _prepare_tags(db: sqlite3.Connection) -> None:
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'tag'").fetchone():
        return
    db.execute("CREATE TABLE tag(tag TEXT, ordinal INTEGER, PRIMARY KEY(tag, ordinal)) WITHOUT ROWID")
    # The stored piece is `,"tags":[...]`: what follows its first eight characters is the list.
    each = "json_each(substr(d.tags, 9)) t"
    db.execute(f"INSERT OR IGNORE INTO tag SELECT t.value, d.ordinal FROM doc d, {each} ORDER BY 1, 2")
