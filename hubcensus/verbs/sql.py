"""Ask the warehouse in SQL, read-only."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hubcensus.cli import Context
from hubcensus.options import json_option

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHOWN = 200
CHUNK = 20_000


@click.command(epilog='Example: hubcensus sql "SELECT licence, count(*) FROM mart.model GROUP BY 1 ORDER BY 2 DESC"')
@click.argument("query")
@click.option("--as-of", metavar="TIME", help="The state of the hubs at this moment (views of mart).")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv", "parquet"]), help="Default: table.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write to instead of stdout.")
@json_option
@click.pass_obj
def command(context: Context, query: str, as_of: str | None, form: str | None, out: Path | None) -> None:
    """Run QUERY ('-': from stdin) over the published warehouse.

    It cannot write, and reaches neither files nor the network. The views of the schema mart are the stable surface;
    the table format shows the first 200 rows, the others all.
    """
    from hubcensus.census import when
    from landing.errors import UsageError
    from warehouse.reader import Reader

    text = sys.stdin.read() if query == "-" else query
    if not text.strip():
        raise UsageError("The query is empty.")
    form = form or ("json" if context.json else "table")
    if form == "parquet" and out is None:
        raise UsageError("Parquet needs a file: --out FILE.")
    with Reader(context.settings.warehouse, as_of=when(as_of)) as reader:
        found = reader.execute(text)
        if not found.description:
            return
        {"table": _table, "json": _json, "csv": _csv, "parquet": _parquet}[form](found, out)


def _columns(found: DuckDBPyConnection) -> list[str]:
    """The names of the columns, made distinct."""
    names: list[str] = []
    for column in found.description or []:
        name, number = str(column[0]), 2
        while name in names:
            name, number = f"{column[0]}_{number}", number + 1
        names.append(name)
    return names


def _table(found: DuckDBPyConnection, out: Path | None) -> None:
    from contextlib import redirect_stdout

    from hubcensus.output import say, table

    columns = _columns(found)
    rows = found.fetchmany(SHOWN + 1)
    if out is None:
        table(columns, rows[:SHOWN])
    else:
        with out.open("w", encoding="utf-8") as handle, redirect_stdout(handle):
            table(columns, rows[:SHOWN])
    if len(rows) > SHOWN:
        say(f"Only the first {SHOWN} rows are shown; --format csv or json gives all.")


def _json(found: DuckDBPyConnection, out: Path | None) -> None:
    import json

    from hubcensus.output import plain, print_json

    columns = _columns(found)
    document = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    if out is None:
        print_json(document)
    else:
        out.write_text(json.dumps(plain(document), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _csv(found: DuckDBPyConnection, out: Path | None) -> None:
    handle = out.open("w", encoding="utf-8", newline="") if out else sys.stdout
    try:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(_columns(found))
        while rows := found.fetchmany(CHUNK):
            writer.writerows(rows)
    finally:
        if out:
            handle.close()


def _parquet(found: DuckDBPyConnection, out: Path | None) -> None:
    """Through a second, empty database: the one that runs queries of others may not write files.

    Rows go over a column at a time, with their types, so that nothing is rounded or renamed on the way.
    """
    import duckdb

    from landing.errors import storage

    assert out is not None
    types = [str(column[1]) for column in found.description or []]
    quoted = ['"' + name.replace('"', '""') + '"' for name in _columns(found)]
    target = duckdb.connect(":memory:")
    try:
        target.execute(f"CREATE TABLE result ({', '.join(map(' '.join, zip(quoted, types, strict=True)))})")
        places = ", ".join(f"unnest(${place}::{kind}[])" for place, kind in enumerate(types, 1))
        while rows := found.fetchmany(CHUNK):
            columns: list[Any] = [list(column) for column in zip(*rows, strict=True)]
            target.execute(f"INSERT INTO result SELECT {places}", columns)
        with storage(out, "write"):
            beside = out.with_name(out.name + ".part")
            name = str(beside).replace("'", "''")
            target.execute(f"COPY result TO '{name}' (FORMAT parquet, COMPRESSION zstd)")
            beside.replace(out)
    finally:
        target.close()
