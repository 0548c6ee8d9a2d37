"""A PeaTMOSS database (Jiang et al., MSR 2024): SQLite with its 56 tables, for the queries and programs written for it.

A census that imported such a database gives it back row by row, with the ids it had; what the census has learned since is
brought up to date and added: counters and commits of models that were crawled later, their names and links, models and hubs
that PeaTMOSS did not have, usages found since. A census that never imported one is written from what it knows; tables about
GitHub's issues and pull requests then stay empty. A model keeps its row when its hub has removed it.

The file is written beside its place, checked for references to nowhere, and then put there.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from landing.errors import CorruptError, storage
from landing.files import atomic
from warehouse.database import Connection
from warehouse.exports import _peatmoss_queries as queries
from warehouse.exports._peatmoss_tables import tables
from warehouse.literals import literal

TITLE = "an SQLite database with the 56 tables of PeaTMOSS"
NAME = "PeaTMOSS.db"
_BATCH = 10_000


class _Untyped(sa.types.UserDefinedType[Any]):
    """A column of SQLite that takes every value as it is."""

    cache_ok = True

    def get_col_spec(self, **_named: Any) -> str:
        """Nothing stands after the column's name."""
        return ""


def write(
    connection: Connection,
    out: Path,
    *,
    as_of: datetime | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[Path]:
    """Write the database; returns its path. Raises :class:`CorruptError` where kept rows break the tables' own rules."""
    _prepare(connection)
    target = out / NAME
    with storage(target, "write"), atomic(target) as path:
        engine = sa.create_engine(f"sqlite:///{path}")
        try:
            _fill(connection, engine, progress or (lambda _table: None))
        except sa.exc.IntegrityError as error:
            raise CorruptError(f"The imported database breaks its own rules: {error.orig}.", target) from error
        except sa.exc.OperationalError as error:
            full = "full" in str(error.orig)
            raise OSError(errno.ENOSPC if full else errno.EIO, str(error.orig)) from error
        finally:
            engine.dispose()
    return [target]


def _prepare(connection: Connection) -> None:
    """The temporary tables that rows are read from."""
    for statement in (queries.KEPT, queries.HUBS, queries.MODELS, queries.STATED, queries.WORDED):
        connection.execute(statement)
    connection.execute(queries.COMMITS)
    connection.execute(queries.DISCUSSIONS)
    connection.execute(queries.REUSE)
    connection.execute(queries.NEW_REUSE)
    for kind, query in queries.NAMES.items():
        connection.execute(
            f"CREATE TEMP TABLE linked_{kind} AS SELECT DISTINCT p.id AS model_id, n.name FROM ({query}) n "
            f"JOIN pm p ON p.model_key = n.model_key WHERE n.name IS NOT NULL"
        )
        if kind == "author":
            connection.execute(
                "INSERT INTO linked_author SELECT NULL, unnest(authors) FROM new_commit "
                "UNION ALL SELECT NULL, author FROM new_discussion WHERE author IS NOT NULL"
            )
        spelled = "coalesce(row->>'$.abbreviation', row->>'$.name')" if kind == "language" else "row->>'$.name'"
        connection.execute(queries.NAMED.format(kind=kind, spelled=spelled))


def _fill(connection: Connection, engine: sa.Engine, progress: Callable[[str], None]) -> None:
    metadata = tables()
    for name in _others(connection, set(metadata.tables)):
        _add_table(connection, metadata, name)
    with engine.connect() as target:
        # Nobody reads the file before it is whole, so a journal would only cost time.
        for pragma in ("journal_mode = OFF", "synchronous = OFF"):
            target.exec_driver_sql(f"PRAGMA {pragma}")
        metadata.create_all(target)
        for name, table in metadata.tables.items():
            progress(name)
            columns = list(table.c.keys())
            for rows in _batches(_rows(connection, name, columns)):
                target.execute(sa.insert(table), rows)
        target.commit()
        if astray := _astray(target, imported=bool(_fetch_one(connection, "SELECT count(*) FROM kept"))):
            progress(astray)


def _astray(target: sa.Connection, *, imported: bool) -> str | None:
    """What to say of references to rows that are not there: an imported database may have some, the census has none."""
    astray = target.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if not astray:
        return None
    if not imported:
        table, _, other, _ = astray[0]
        place = Path(str(target.engine.url.database))
        raise CorruptError(
            f"A row of {table} refers to a row of {other} that is not there; run 'hubcensus check'.", place
        )
    return f"{len(astray):,} references to rows that are not there, as in the database that was imported"


def _rows(connection: Connection, name: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    """The kept rows of a table, brought up to date, and those that the census adds."""
    nothing = dict.fromkeys(columns)
    for (text,) in _fetch(connection, _kept(name)):
        yield {**nothing, **{column: _value(value) for column, value in json.loads(text).items()}}
    for query in (queries.ADDED.get(name), _added_names(name), _added_links(name)):
        if query:
            answer = connection.execute(query)
            named = [column[0] for column in answer.description or []]
            while rows := answer.fetchmany(_BATCH):
                for row in rows:
                    yield {**nothing, **dict(zip(named, row, strict=True))}


def _kept(name: str) -> str:
    """The kept rows of one table as text, in their order; links of models that have changed since are written anew."""
    order = "ORDER BY record_id, ordinal"
    if name == "model":
        return f"""
            SELECT json_merge_patch(k.row,
                CASE WHEN p.fresh AND m.sha IS NOT NULL THEN json_object('sha', m.sha) ELSE '{{}}' END,
                CASE WHEN p.counted AND m.downloads IS NOT NULL THEN json_object('downloads', m.downloads) ELSE '{{}}' END,
                CASE WHEN p.counted AND m.likes IS NOT NULL THEN json_object('likes', m.likes) ELSE '{{}}' END)::VARCHAR
            FROM kept k
            LEFT JOIN pm p ON p.known AND p.id = (k.row->>'$.id')::INTEGER
            LEFT JOIN mart.model m ON m.model_key = p.model_key
            WHERE k.relation = 'model' {order}
        """
    if name.removeprefix("model_to_") in queries.NAMES:
        return f"""
            SELECT row::VARCHAR FROM kept
            WHERE relation = '{name}' AND (row->>'$.model_id')::INTEGER NOT IN (SELECT id FROM pm WHERE known AND fresh)
            {order}
        """
    return f"SELECT row::VARCHAR FROM kept WHERE relation = '{name}' {order}"


def _added_names(name: str) -> str | None:
    """The names of a dictionary that the census adds."""
    if name not in queries.NAMES:
        return None
    spelled = "name, name AS abbreviation" if name == "language" else "name"
    return f"SELECT id, {spelled} FROM named_{name} WHERE NOT known ORDER BY id"


def _added_links(name: str) -> str | None:
    """The links of models that are new or have changed."""
    kind = name.removeprefix("model_to_")
    if kind == name or kind not in queries.NAMES:
        return None
    return f"""
        SELECT DISTINCT l.model_id, n.id AS {kind}_id FROM linked_{kind} l JOIN named_{kind} n ON n.name = l.name
        WHERE l.model_id IS NOT NULL ORDER BY ALL
    """


def _others(connection: Connection, known: set[str]) -> list[str]:
    """Kept tables beyond the 56 (the enhanced database has some)."""
    found = connection.execute("SELECT DISTINCT relation FROM kept ORDER BY relation").fetchall()
    return [name for (name,) in found if name not in known]


def _add_table(connection: Connection, metadata: sa.MetaData, name: str) -> None:
    """A table like the one that was imported: its columns in the order of the first row, without a type of their own."""
    row = connection.execute(f"SELECT row::VARCHAR FROM kept WHERE relation = {literal(name)} LIMIT 1").fetchone()
    columns = json.loads(row[0]) if row else {}
    sa.Table(name, metadata, *(sa.Column(column, _Untyped()) for column in columns))


def _fetch_one(connection: Connection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _fetch(connection: Connection, query: str) -> Iterator[tuple[Any, ...]]:
    answer = connection.execute(query)
    while rows := answer.fetchmany(_BATCH):
        yield from rows


def _value(value: Any) -> Any:
    """A kept value as SQLite stores it: blobs travelled as base64."""
    if isinstance(value, dict) and set(value) == {"base64"}:
        import base64

        return base64.b64decode(value["base64"])
    return value


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
