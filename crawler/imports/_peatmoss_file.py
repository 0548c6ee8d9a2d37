"""An SQLite file of somebody else's, read table by table through SQLAlchemy."""

from __future__ import annotations

import base64
import json
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
import zstandard

from landing import RunWriter, UsageError
from landing.errors import storage

_LONGEST = 64 << 20
_FETCH = 2000


class Database:
    """The file, open for reading while the ``with`` block runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.engine = sa.create_engine("sqlite://", creator=self._connect, poolclass=sa.pool.StaticPool)
        self._metadata = sa.MetaData()

    def __enter__(self) -> Database:
        try:
            self.connection = self.engine.connect()
            names = sa.inspect(self.connection).get_table_names()
        except sa.exc.DatabaseError as error:
            raise UsageError(f"{self.path.name} cannot be read as an SQLite database: {error.orig}.") from error
        missing = sorted({"model", "model_hub"} - set(names))
        if missing:
            raise UsageError(
                f"{self.path.name} is no PeaTMOSS database: it has no table {' and no table '.join(missing)}."
            )
        self.tables = sorted(names)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()
        self.engine.dispose()

    def _connect(self) -> sqlite3.Connection:
        location = f"file:{quote(str(self.path.resolve()))}?mode=ro&immutable=1"
        connection = sqlite3.connect(location, uri=True)
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        # A schema may name functions in its indexes and columns; none of them may do more than compute.
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA query_only = ON")
        return connection

    def table(self, name: str) -> sa.Table | None:
        """A table with the columns it has in the file; None where there is none."""
        if name not in self.tables:
            return None
        # No keys: a reference to a table that is not there would fail, and rows are read as they are.
        return sa.Table(name, self._metadata, autoload_with=self.connection, resolve_fks=False, extend_existing=True)

    def rows(self, query: sa.Select[Any]) -> Iterator[sa.Row[Any]]:
        """The rows of a query, as they come."""
        try:
            yield from self.connection.execution_options(stream_results=True, yield_per=_FETCH).execute(query)
        except sa.exc.DatabaseError as error:
            raise UsageError(f"{self.path.name} cannot be read: {error.orig}.") from error

    def count(self, name: str) -> int:
        """How many rows a table has."""
        table = self.table(name)
        return 0 if table is None else int(next(self.rows(sa.select(sa.func.count()).select_from(table)))[0])

    def newest(self, name: str, column: str) -> str | None:
        """The last time stamp in a column; None where the table, the column or the values are not there."""
        table = self.table(name)
        if table is None or column not in table.c:
            return None
        found = next(self.rows(sa.select(sa.func.max(table.c[column]))))[0]
        return found if isinstance(found, str) else None

    def adopt(self, writer: RunWriter, name: str, first: int, count: int) -> None:
        """Land ``count`` rows of a table from row ``first`` on as one part of kind ``peatmoss.<table>``."""
        table = self.table(name)
        assert table is not None
        query = sa.select(table).order_by(*_order(table)).offset(first).limit(count)
        lines = ({str(column): _plain(value) for column, value in row._mapping.items()} for row in self.rows(query))
        fields = [str(column.name) for column in table.c]
        self.land(writer, lines, kind=f"peatmoss.{name}", fields=fields, name=f"{self.path.name}#{name}")

    def land(
        self, writer: RunWriter, lines: Iterator[dict[str, Any]], *, kind: str, fields: list[str], name: str
    ) -> None:
        """Land objects as one part of JSON lines."""
        with storage(writer.folder, "write to"), tempfile.TemporaryDirectory(dir=writer.folder) as folder:
            path, count = Path(folder) / "rows.jsonl.zst", 0
            with zstandard.open(path, "wt", encoding="utf-8") as stream:
                for count, line in enumerate(lines, 1):  # noqa: B007 - counts
                    stream.write(json.dumps(line) + "\n")
            writer.adopt(path, format="jsonl", kind=kind, records=count, fields=fields, url=name)


def _order(table: sa.Table) -> list[Any]:
    """The key, else the row number that every table of SQLite has."""
    return list(table.primary_key.columns) or [sa.text("rowid")]


def _plain(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
