"""A dump's file as DuckDB sees it: which shape, which columns, how many rows, from when."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import duckdb
import zstandard

from landing import UsageError
from landing.clock import from_iso
from landing.manifest import Format

DATE_COLUMNS = ("mined_date", "date", "_fetched_on")
TIME_COLUMNS = ("lastModified", "updated_at", "createdAt", "created_at")
_NAME_DATE = re.compile(r"(?<![\d-])(\d{4}-\d{2}-\d{2})(?:T(\d{2})-(\d{2})Z)?(?![\d-])")
_LARGEST_OBJECT = 64 << 20


@dataclass(frozen=True)
class Dump:
    """One file of a public dump; nothing is read until it is asked for."""

    path: Path
    memory_limit: str = "1GB"

    @cached_property
    def format(self) -> Format:
        """The shape, by name for tables and by the first character for JSON."""
        name = self.path.name.lower().removesuffix(".gz").removesuffix(".zst")
        if name.endswith(".parquet"):
            return "parquet"
        if name.endswith(".csv"):
            return "csv"
        if name.endswith((".json", ".jsonl", ".ndjson")):
            with self.open() as stream:
                return "json-array" if stream.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"[" else "jsonl"
        raise UsageError(f"{self.path.name} is none of .json, .jsonl, .parquet, .csv (also .gz or .zst).")

    @cached_property
    def relation(self) -> str:
        """The ``FROM`` of a query over the rows; JSON rows stay text in the one column ``json``."""
        path = str(self.path).replace("'", "''")
        if self.format == "parquet":
            return f"read_parquet('{path}')"
        if self.format == "csv":
            return f"read_csv('{path}', all_varchar = true, header = true)"
        layout = "array" if self.format == "json-array" else "newline_delimited"
        return f"read_json_objects('{path}', format = '{layout}', maximum_object_size = {_LARGEST_OBJECT})"

    @cached_property
    def columns(self) -> list[str]:
        """Every column, in the file's own names."""
        if self.is_json:
            keys = self.rows(f"SELECT DISTINCT unnest(json_keys(json)) FROM {self.relation} WHERE json IS NOT NULL")
            return sorted(str(key) for (key,) in keys)
        return [str(row[0]) for row in self.rows(f"DESCRIBE FROM {self.relation}")]

    @cached_property
    def count(self) -> int:
        """The number of rows."""
        return int(self.rows(f"SELECT count(*) FROM {self.relation}")[0][0])

    @property
    def is_json(self) -> bool:
        """Whether rows are JSON objects."""
        return self.format in ("json-array", "jsonl")

    def column(self, name: str) -> str:
        """The SQL of one column as text."""
        return f"(json ->> '$.\"{name}\"')" if self.is_json else f'CAST("{name}" AS VARCHAR)'

    def dates(self, column: str) -> list[str]:
        """The days in a column of days."""
        day = f"left({self.column(column)}, 10)"
        return [str(row[0]) for row in self.rows(f"SELECT DISTINCT {day} AS day FROM {self.relation} ORDER BY day")]

    def date_column(self) -> str | None:
        """The column that says on which day a row was seen, if there is one."""
        return next((name for name in DATE_COLUMNS if name in self.columns), None)

    def newest(self) -> datetime | None:
        """The moment that the file stands for: what its name says, else its newest time stamp."""
        if match := _NAME_DATE.search(self.path.name):
            day, hour, minute = match.groups()
            return from_iso(f"{day}T{hour or '00'}:{minute or '00'}:00+00:00")
        stamps = [self.column(name) for name in TIME_COLUMNS if name in self.columns]
        if not stamps:
            return None
        values = ", ".join(f"epoch(max(try_cast({stamp} AS TIMESTAMPTZ)))" for stamp in stamps)
        found = [value for value in self.rows(f"SELECT {values} FROM {self.relation}")[0] if value is not None]
        return datetime.fromtimestamp(max(found), UTC) if found else None

    def holds_datasets(self) -> bool:
        """Whether the rows are data sets: only those carry size categories in their tags."""
        if "tags" not in self.columns:
            return False
        tags = self.column("tags")
        query = (
            f"SELECT avg(CAST(contains({tags}, 'size_categories:') AS INT)) FROM (FROM {self.relation} LIMIT 20000)"
        )
        return float(self.rows(query)[0][0] or 0) > 0.05

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run one query; a file that is not what its name says is the user's to know."""
        try:
            with self.connect() as connection:
                return connection.execute(query).fetchall()
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            reason = str(error).split("\n", 1)[0][:300]
            raise UsageError(f"{self.path} cannot be read as {self.format}: {reason}") from error

    def connect(self) -> duckdb.DuckDBPyConnection:
        """An in-memory DuckDB of modest size."""
        settings = {"memory_limit": self.memory_limit, "threads": 2, "preserve_insertion_order": False}
        connection = duckdb.connect(config=settings)  # type: ignore[arg-type]
        connection.execute("SET TimeZone = 'UTC'")
        return connection

    def open(self) -> IO[bytes]:
        """The bytes, unpacked."""
        if self.path.name.endswith(".gz"):
            return gzip.open(self.path)  # type: ignore[return-value]
        if self.path.name.endswith(".zst"):
            return zstandard.open(self.path, "rb")  # type: ignore[no-any-return]
        return self.path.open("rb")

    def lines(self) -> Iterator[bytes]:
        """The lines of a JSONL file that are not blank, as they are."""
        with self.open() as stream:
            for line in stream:
                if line.strip():
                    yield line
