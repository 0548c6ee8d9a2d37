"""Write the warehouse as Parquet or CSV files with hashes and a data dictionary, or as the data set of a study."""

from __future__ import annotations

from pathlib import Path

import click

from hubcensus.cli import Context
from hubcensus.options import json_option


@click.command(epilog="Example: hubcensus export parquet --out release/2026-01")
@click.argument("format", metavar="FORMAT")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write to.")
@click.option(
    "--schema",
    "schemas",
    multiple=True,
    type=click.Choice(["mart", "core", "raw"]),
    help="Only the tables of this schema (parquet and csv).",
)
@click.option("--as-of", metavar="TIME", help="The state of the hubs at this moment.")
@json_option
@click.pass_obj
def command(context: Context, format: str, out: Path, schemas: tuple[str, ...], as_of: str | None) -> None:
    """Export the census as FORMAT.

    parquet and csv write one file per table and view with SHA256SUMS and datapackage.json; ptmtorrent writes JSON
    arrays by PTMTorrent's uniform schema, one folder per hub; peatmoss writes an SQLite database with the tables of
    PeaTMOSS.
    """
    from hubcensus.census import when
    from hubcensus.output import print_json, say
    from warehouse.export import export

    moment = when(as_of)
    chosen = schemas or ("mart", "core", "raw")
    files = export(context.settings.warehouse, format, out, schemas=chosen, as_of=moment, progress=say)
    if context.json:
        print_json({"format": format, "out": out, "files": [path.relative_to(out) for path in files]})
    else:
        say(f"Wrote {len(files)} files to {out}.")
