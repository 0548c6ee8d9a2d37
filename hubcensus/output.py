"""One sink for everything a person or a program reads.

Data goes to stdout, talk and progress to stderr. With ``--json`` stdout holds exactly one JSON
document. Strings that came from a hub are made inert before a terminal sees them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

_WIDE = 200


def plain(value: Any) -> Any:
    """A JSON-ready form of a value that came out of SQL or pandas."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, Path):
        return str(value)
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def print_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(json.dumps(plain(document), ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def say(message: str) -> None:
    """Talk to the person, on stderr."""
    sys.stderr.write(inert(message) + "\n")


def inert(text: str) -> str:
    """Text without control characters: a crawled string cannot drive the terminal."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None) -> None:
    """Print a table on stdout; numbers are right-aligned."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = [list(row) for row in rows]
    grid = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for position, column in enumerate(columns):
        numeric = any(isinstance(row[position], (int, float)) for row in rows)
        grid.add_column(inert(column), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(Text(cell(value)) for value in row))
    # A file or a pager has no edge to wrap at; a terminal, or whoever sets COLUMNS, does.
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDE
    Console(file=sys.stdout, width=width, soft_wrap=False, highlight=False).print(grid)


def cell(value: Any) -> str:
    """How a value looks in a table."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) >= 1000 else f"{value:,.4g}"
    return inert(str(value))
