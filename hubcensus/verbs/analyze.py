"""Run analyses: one sentence each, or one with its numbers."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from hubcensus.cli import Context
from hubcensus.options import json_option

if TYPE_CHECKING:
    from analyses._base import Result

ROWS = 25


@click.command(epilog="Example: hubcensus analyze licence_drift --as-of 2024-07-11")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--list", "listing", is_flag=True, help="Only name the analyses and their questions.")
@click.option("--as-of", metavar="TIME", help="The state of the hubs at this moment.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), help="Default: table.")
@json_option
@click.pass_obj
def command(context: Context, names: tuple[str, ...], listing: bool, as_of: str | None, form: str | None) -> None:
    """Run the analyses of these names, or all.

    Without names, the sentence of each; with names also the numbers, what others have published, and notes. With csv,
    the main table of one.
    """
    import analyses
    from hubcensus.census import when
    from landing.errors import UsageError
    from warehouse.reader import Reader

    form = form or ("json" if context.json else "table")
    chosen = list(names) or analyses.names()
    found = {name: analyses.find(name) for name in chosen}
    if listing:
        _list([(name, one.TITLE, one.QUESTION) for name, one in found.items()], form)
        return
    if form == "csv" and len(chosen) != 1:
        raise UsageError("--format csv prints the table of one analysis; name one.")
    with Reader(context.settings.warehouse, as_of=when(as_of)) as reader:
        results = [one.run(reader) for one in found.values()]
    _print(results, form, numbers=bool(names))


def _list(rows: list[tuple[str, str, str]], form: str) -> None:
    from hubcensus.output import print_json, table

    columns = ["name", "title", "question"]
    if form == "json":
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        table(columns, rows)


def _print(results: list[Result], form: str, *, numbers: bool) -> None:
    from hubcensus.output import inert, print_json

    if form == "json":
        print_json([document(result) for result in results])
    elif form == "csv":
        from analyses._report import inert as harmless

        sys.stdout.write(harmless(results[0].table).to_csv(index=False))
    else:
        for result in results:
            sys.stdout.write(f"{inert(result.title)}\n  {inert(result.statement)}\n")
            if numbers:
                _numbers(result)
            sys.stdout.write("\n")


def _numbers(result: Result) -> None:
    from hubcensus.output import inert, table

    for name, frame in {**result.tables, "published beside ours": result.published}.items():
        if len(frame):
            more = f" (first {ROWS} of {len(frame):,})" if len(frame) > ROWS else ""
            table([str(column) for column in frame.columns], _rows(frame.head(ROWS)), title=f"{name}{more}")
    for note in result.notes:
        sys.stdout.write(f"  * {inert(note)}\n")


def _rows(frame: Any) -> list[list[Any]]:
    rows = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    return [[_day(value) for value in row] for row in rows]


def _day(value: Any) -> Any:
    """A moment at midnight as its date."""
    midnight = isinstance(value, datetime) and (value.hour, value.minute, value.second) == (0, 0, 0)
    return value.date() if midnight else value


def document(result: Result) -> dict[str, Any]:
    """A result as one JSON object."""
    return {
        "name": result.name,
        "title": result.title,
        "question": result.question,
        "source": result.source,
        "available": result.available,
        "statement": result.statement,
        "snapshots": result.snapshots,
        "as_of": result.as_of,
        "version": result.version,
        "tables": {name: _records(frame) for name, frame in result.tables.items()},
        "published": _records(result.published),
        "notes": result.notes,
    }


def _records(frame: Any) -> list[dict[str, Any]]:
    columns = [str(column) for column in frame.columns]
    return [dict(zip(columns, row, strict=True)) for row in _rows(frame)]
