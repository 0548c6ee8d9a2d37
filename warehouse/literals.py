"""Few rows into a table as literals, one number out.

Bound parameters would do, but the first one makes DuckDB's Python binding import pandas, which costs
more than loading a small snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from warehouse.database import Connection

Value = str | int | float | bool | datetime | Sequence[str] | None
_CHUNK = 1000


def literal(value: Value) -> str:
    """``value`` as SQL, quoted."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if isinstance(value, str) and "\0" in value:
        # A NUL ends the text of a statement, not a value.
        return "(" + " || chr(0) || ".join(literal(piece) for piece in value.split("\0")) + ")"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return f"[{', '.join(literal(item) for item in value)}]::VARCHAR[]"


def insert(connection: Connection, table: str, rows: Iterable[Sequence[Value]]) -> None:
    """Insert ``rows``, whose values are in the order of the table's columns."""
    listed = [f"({', '.join(literal(value) for value in row)})" for row in rows]
    for start in range(0, len(listed), _CHUNK):
        connection.execute(f"INSERT INTO {table} VALUES {', '.join(listed[start : start + _CHUNK])}")


def value(connection: Connection, query: str) -> int:
    """The number that ``query`` answers."""
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
