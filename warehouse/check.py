"""Data-quality checks: SQL that must return no rows, run at every load and shipped to users.

Each file in ``checks/`` is one check. Its first comment line says what must hold; a line ``-- warning`` makes it a
warning, which is reported but fails nothing: it is about the hub's data, not about ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Any

import duckdb

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one check; ``violations`` counts rows, ``examples`` shows the first few."""

    name: str
    rule: str
    warning: bool
    violations: int
    examples: list[dict[str, Any]]

    @property
    def ok(self) -> bool:
        """Whether the rule holds."""
        return self.violations == 0


def run(connection: duckdb.DuckDBPyConnection) -> list[Check]:
    """Run every check on an open warehouse."""
    return [_one(connection, name, text) for name, text in _checks()]


def _checks() -> list[tuple[str, str]]:
    folder = resources.files("warehouse").joinpath("checks")
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return [(entry.name.removesuffix(".sql"), entry.read_text(encoding="utf-8")) for entry in files]


def _one(connection: duckdb.DuckDBPyConnection, name: str, text: str) -> Check:
    comments = [line.removeprefix("--").strip() for line in text.splitlines() if line.startswith("--")]
    query = "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip().rstrip(";")
    found = connection.execute(f"SELECT *, count(*) OVER () AS violations_ FROM ({query}) LIMIT {EXAMPLES}")
    columns = [column[0] for column in found.description or []]
    rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    total = int(rows[0]["violations_"]) if rows else 0
    examples = [{key: value for key, value in row.items() if key != "violations_"} for row in rows]
    return Check(name, comments[0], "warning" in comments[1:], total, examples)
