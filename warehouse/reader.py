"""The reading door: the only thing of the warehouse that analyses, notebooks and ``sql`` see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import duckdb

from landing.errors import UsageError
from warehouse.database import Limits, open_reader

if TYPE_CHECKING:
    import pandas as pd

Parameters = Sequence[Any] | Mapping[str, Any] | None


class Reader:
    """A published warehouse, read-only, as of one moment (``None``: now)."""

    def __init__(self, path: Path, *, as_of: datetime | None = None, limits: Limits | None = None) -> None:
        """Open ``path``; errors as :func:`warehouse.database.open_reader`."""
        self.path = path
        self.as_of = as_of
        self._connection = open_reader(path, as_of=as_of, limits=limits)

    def frame(self, query: str, parameters: Parameters = None) -> pd.DataFrame:
        """The rows of ``query`` as a DataFrame."""
        return self._run(query, parameters).df()

    def rows(self, query: str, parameters: Parameters = None) -> list[tuple[Any, ...]]:
        """The rows of ``query``."""
        return self._run(query, parameters).fetchall()

    def row(self, query: str, parameters: Parameters = None) -> tuple[Any, ...]:
        """The first row of ``query``; raises :class:`UsageError` where there is none."""
        found = self._run(query, parameters).fetchone()
        if found is None:
            raise UsageError("The query returned no row.")
        return found

    def value(self, query: str, parameters: Parameters = None) -> Any:
        """The first value of the first row."""
        return self.row(query, parameters)[0]

    def columns(self, query: str, parameters: Parameters = None) -> list[str]:
        """The names of the columns of ``query``."""
        return [column[0] for column in self._run(query, parameters).description or []]

    def execute(self, statement: str, parameters: Parameters = None) -> duckdb.DuckDBPyConnection:
        """Run a statement, such as ``CREATE TEMP TABLE``; the warehouse itself cannot be written."""
        return self._run(statement, parameters)

    def _run(self, query: str, parameters: Parameters) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(query, parameters)
        except duckdb.Error as error:
            raise UsageError(f"The query failed: {error}") from error

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Reader:
        """Enter a ``with`` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close at the end of a ``with`` block."""
        self.close()
