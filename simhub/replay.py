"""A real dump, served page by page: records of the Hub's API from JSON, JSONL or Parquet.

Records stream from the file into the store, a batch at a time. What a dump lacks stays absent from the
answers, except `id` (from `modelId` in old dumps) and `_id`, without which no listing could be paged.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from simhub import pieces
from simhub.clock import FLOOR, digest
from simhub.schema import LOOKUPS
from simhub.spec import dumps
from simhub.store import BATCH, INSERT_DOC, Store, fresh_path

#: What the store has columns for; whatever else a record carries is served back as it came.
_OWN = frozenset(
    {
        *("_id", "id", "modelId", "author", "sha", "createdAt", "lastModified", "downloads", "likes"),
        *("downloadsAllTime", "trendingScore", "gated", "private", "disabled", "pipeline_tag", "library_name"),
        *("tags", "siblings", "cardData", "config", "page", "_fetched_on"),
    }
)


def records(source: Path) -> Iterator[dict[str, Any]]:
    """The records of a dump, one by one."""
    if source.suffix == ".parquet":
        yield from _parquet(source)
        return
    with _opened(source) as stream:
        first = stream.read(1)
        stream.seek(0)
        if first == "[":
            # One page of the API: small by nature.
            yield from json.load(stream)
        else:
            yield from (json.loads(line) for line in stream if line.strip())


def _opened(source: Path) -> TextIO:
    if source.suffix == ".gz":
        return gzip.open(source, "rt", encoding="utf-8")
    return source.open(encoding="utf-8")


def _parquet(source: Path) -> Iterator[dict[str, Any]]:
    import duckdb  # only here: a hub that replays no Parquet stays small

    with duckdb.connect() as db:
        db.execute("SET TimeZone='UTC'; SET memory_limit='1GB'")
        # Timestamps leave as text: no time-zone library is needed to read them.
        found = db.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(source)]).fetchall()
        stamp = "strftime({0} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ') AS {0}"
        columns = [stamp.format(f'"{row[0]}"') if "TIME ZONE" in row[1] else f'"{row[0]}"' for row in found]
        cursor = db.execute(f"SELECT {', '.join(columns)} FROM read_parquet(?)", [str(source)])
        names = [row[0] for row in found]
        while batch := cursor.fetchmany(BATCH):
            yield from ({k: v for k, v in zip(names, row, strict=True) if v is not None} for row in batch)


def load_replay(
    source: str | Path, path: str | Path | None = None, cards: str | Path | None = None, limit: int | None = None
) -> Store:
    """Make a hub that serves a dump. `cards` is a JSONL of {modelId, readme} for its READMEs."""
    target = Path(path) if path else fresh_path()
    for suffix in ("", "-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    store = Store(target)
    store.hurry()
    numbered = enumerate(islice(records(Path(source)), limit), start=1)
    while batch := list(islice(numbered, BATCH)):
        store.db.execute("BEGIN")
        _write(store, batch)
        store.db.execute("COMMIT")
    if cards is not None:
        _write_cards(store, Path(cards))
    store.db.executescript(LOOKUPS)
    store.settle()
    for key, value in (("seed", 0), ("day", 0), ("kind", "replay")):
        store.put(key, value)
    return store


def _write(store: Store, batch: list[tuple[int, dict[str, Any]]]) -> None:
    store.db.executemany(f"INSERT INTO state VALUES ({'?,' * 16}?)", [_state(n, r) for n, r in batch])
    store.db.executemany(INSERT_DOC, [_doc(n, r) for n, r in batch])
    versions = [_version(n, r) for n, r in batch]
    store.db.executemany(f"INSERT INTO version VALUES ({'?,' * 14}?)", versions)
    metrics = [(0, n, r["downloads"], r.get("likes", -1)) for n, r in batch if "downloads" in r]
    store.db.executemany("INSERT INTO metric VALUES (?,?,?,?)", metrics)


def _write_cards(store: Store, source: Path) -> None:
    rows = ((r.get("modelId") or r.get("id"), (r.get("readme") or "").encode()) for r in records(source))
    store.db.executemany("INSERT OR REPLACE INTO card_text VALUES (?,?)", rows)


def _name(record: dict[str, Any]) -> str:
    return str(record.get("id") or record.get("modelId"))


def _date(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return str(value or "")


def _state(ordinal: int, record: dict[str, Any]) -> tuple[Any, ...]:
    name = _name(record)
    oid = record.get("_id") or f"{FLOOR:08x}{digest('replay', length=10)}{ordinal:06x}"
    counts = (record.get(key, -1) for key in ("downloads", "likes", "downloadsAllTime"))
    dates = (_date(record.get("createdAt")), _date(record.get("lastModified")))
    owner = record.get("author") or name.rpartition("/")[0]
    return (
        *(ordinal, ordinal, pieces.head(oid, name), name, owner, record.get("sha"), *dates, *counts),
        *(record.get("trendingScore", 0), _json(record, "gated"), bool(record.get("private"))),
        *(bool(record.get("disabled")), record.get("pipeline_tag"), record.get("library_name")),
    )


def _json(record: dict[str, Any], key: str) -> str | None:
    return dumps(record[key]) if record.get(key) is not None else None


def _doc(ordinal: int, record: dict[str, Any]) -> tuple[Any, ...]:
    kept = record.get
    extra = {key: value for key, value in record.items() if key not in _OWN}
    created, modified = _date(kept("createdAt")) or None, _date(kept("lastModified")) or None
    return (
        ordinal,
        pieces.base(_name(record), bool(kept("private")), kept("pipeline_tag"), kept("library_name"), created),
        pieces.piece("tags", kept("tags") or []),
        pieces.whole(kept("author"), kept("sha"), modified, kept("gated"), kept("disabled")),
        *(pieces.piece(key, kept(key)) for key in ("siblings", "cardData", "config")),
        *pieces.rare(extra),
    )


def _version(ordinal: int, record: dict[str, Any]) -> tuple[Any, ...]:
    licences = [t.removeprefix("license:") for t in record.get("tags") or () if t.startswith("license:")]
    head = (ordinal, ordinal, 0, None, _name(record), record.get("sha"), _date(record.get("lastModified")))
    doors = (bool(record.get("private")), _json(record, "gated"), bool(record.get("disabled")))
    licence = dumps(licences) if licences else None
    return (*head, *doors, record.get("pipeline_tag"), record.get("library_name"), licence, None, None)
