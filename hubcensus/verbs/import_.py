"""Bring a public dump into the landing zone.

``FORMAT`` names what the files are; ``hf-list`` takes Hub API records as JSON, JSONL or Parquet,
tables of ids and downloads as CSV, and README files as JSONL.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hubcensus.options import json_option

if TYPE_CHECKING:
    from hubcensus.cli import Context
    from landing import Manifest


@click.command("import")
@click.argument("format")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--observed-at",
    metavar="TIME",
    help="When the dump was taken; else the file's date column, its name, or its newest time stamp says.",
)
@click.option(
    "--complete/--partial",
    default=False,
    help="Whether the dump lists the whole hub, so that a model absent from it counts as removed "
    "(default: partial; nothing in a dump can prove that it is whole).",
)
@json_option
@click.pass_obj
def command(context: Context, format: str, paths: tuple[Path, ...], observed_at: str | None, complete: bool) -> None:
    """Bring public dumps of FORMAT into the landing zone, one run per moment of observation.

    Importing a file again for the same moment lands nothing.
    """
    from crawler import imports
    from hubcensus import __version__
    from hubcensus.output import print_json, say
    from landing import Zone
    from landing.clock import from_iso

    importer = imports.load(format)
    moment = from_iso(observed_at) if observed_at else None
    landed: list[dict[str, object]] = []

    def note(manifest: Manifest, new: bool) -> None:
        landed.append(_facts(manifest, new))

    for path in paths:
        before = len(landed)
        importer.land(
            Zone(context.settings.landing),
            path,
            observed_at=moment,
            program=f"hubcensus {__version__}",
            complete=complete,
            on_landed=note,
        )
        say(_summary(path.name, landed[before:]))
    if context.json:
        print_json({"runs": landed})


def _facts(manifest: Manifest, new: bool) -> dict[str, object]:
    return {
        "run_id": manifest.run_id,
        "hub": manifest.source,
        "kind": manifest.kind,
        "file": manifest.config.get("file"),
        "observed_at": manifest.observed_at,
        "state": manifest.state,
        "complete": manifest.complete,
        "records": manifest.counts.get("records", 0),
        "new": new,
    }


def _summary(name: str, runs: list[dict[str, object]]) -> str:
    new = [run for run in runs if run["new"]]
    if not new:
        return f"{name}: already landed ({runs[0]['run_id']}); nothing to do."
    records = sum(int(str(run["records"])) for run in new)
    hubs, days = len({run["hub"] for run in new}), len({run["observed_at"] for run in new})
    several = "".join(f"{number} {what}, " for number, what in ((hubs, "hubs"), (days, "days")) if number > 1)
    lost = sum(run["state"] == "partial" for run in new)
    partial = f" {lost} run(s) are partial; 'hubcensus status' says what is missing." if lost else ""
    return f"{name}: {several}{records:,} records, observed {str(new[0]['observed_at'])[:16]}.{partial}"
