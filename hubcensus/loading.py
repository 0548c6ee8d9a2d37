"""What `load` and `rebuild` have in common: progress, the checks that follow, the answer."""

from __future__ import annotations

from dataclasses import asdict

from hubcensus.cli import FINDING, FINE, Context
from hubcensus.output import print_json, say
from landing.zone import Zone
from warehouse.check import Check, run
from warehouse.database import Limits, open_reader
from warehouse.load import Loaded, load


def load_and_tell(context: Context, *, rebuild: bool) -> int:
    """Load or rebuild, check, answer; 1 where a check fails."""
    settings = context.settings
    limits = Limits(settings.memory_limit, settings.threads)

    def progress(run_id: str, done: int, total: int) -> None:
        say(f"[{done + 1}/{total}] {run_id}")

    outcome = load(Zone(settings.landing), settings.warehouse, limits, rebuild=rebuild, progress=progress)
    connection = open_reader(settings.warehouse)
    try:
        failed = [check for check in run(connection) if not check.ok and not check.warning]
    finally:
        connection.close()
    if context.json:
        print_json(
            {**asdict(outcome), "warehouse": settings.warehouse, "failed_checks": [check.name for check in failed]}
        )
    else:
        _tell(outcome, failed, str(settings.warehouse))
    return FINDING if failed else FINE


def _tell(outcome: Loaded, failed: list[Check], path: str) -> None:
    if outcome.rebuilt:
        say(f"Built anew, because {outcome.rebuilt}.")
    if outcome.skipped:
        say(f"Left out {len(outcome.skipped)} run(s) of hubs without a mapping: {', '.join(outcome.skipped)}.")
    if outcome.runs:
        say(
            f"Loaded {len(outcome.runs)} run(s): {outcome.records:,} model observations, "
            f"{outcome.duplicates:,} repeated, {outcome.quarantined:,} quarantined. Published {path}."
        )
    else:
        say(f"Nothing new; {path} is up to date.")
    for check in failed:
        say(f"CHECK FAILED {check.name}: {check.rule} ({check.violations:,} violations)")
