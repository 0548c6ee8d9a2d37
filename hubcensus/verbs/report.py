"""Write the report: one HTML page, with figures and numbers beside it."""

from __future__ import annotations

from pathlib import Path

import click

from hubcensus.cli import Context
from hubcensus.options import json_option


@click.command(epilog="Example: hubcensus report --out report-2024-07 --as-of 2024-07-11")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder (default: report/ in the home)."
)
@click.option("--as-of", metavar="TIME", help="The state of the hubs at this moment.")
@json_option
@click.pass_obj
def command(context: Context, out: Path | None, as_of: str | None) -> None:
    """Run all analyses and write OUT/index.html, which works offline, with OUT/figures and OUT/data."""
    from analyses._report import build
    from hubcensus.census import when
    from hubcensus.output import print_json, say
    from warehouse.check import run
    from warehouse.database import open_reader
    from warehouse.reader import Reader

    folder = out or context.settings.report
    connection = open_reader(context.settings.warehouse)
    try:
        checks = [(check.name, check.rule, check.violations, check.warning) for check in run(connection)]
    finally:
        connection.close()
    with Reader(context.settings.warehouse, as_of=when(as_of)) as reader:
        report = build(reader, folder, checks=checks, progress=lambda name: say(f"Analysing {name} ..."))
    if context.json:
        answered = [{"name": r.name, "available": r.available, "statement": r.statement} for r in report.results]
        print_json({"index": report.index, "files": len(report.files), "analyses": answered})
    else:
        say(f"Wrote {report.index} and {len(report.files) - 1} files beside it.")
