"""Show everything offline: a simulated hub is crawled, loaded, analysed and reported."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from hubcensus.cli import FINDING, FINE, PARTIAL, Context
from hubcensus.options import json_option


@click.command(epilog="Example: hubcensus --home demo-census demo --models 3000")
@click.option(
    "--models", type=click.IntRange(50, 1_000_000), default=3000, show_default=True, help="Size of the hub."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same hub.")
@click.option("--days", type=click.IntRange(1, 60), default=7, show_default=True, help="Simulated days that pass.")
@json_option
@click.pass_obj
def command(context: Context, models: int, seed: int, days: int) -> int:
    """Crawl a simulated hub over real HTTP, faults included, and write its report.

    Nothing leaves this machine. Days pass, models change, move and go; in the end the census is held against what
    was true. The home is made anew each time; a home that no demo has made is refused.
    """
    from hubcensus.demo import run
    from hubcensus.demo_truth import right
    from hubcensus.output import print_json

    outcome = run(context.settings, models=models, seed=seed, days=days)
    if context.json:
        print_json(outcome)
    else:
        _tell(outcome, context.home)
    if outcome["failed_checks"] or not right(outcome["truth"]):
        return FINDING
    return PARTIAL if any(done["state"] == "partial" for done in outcome["runs"]) else FINE


def _tell(outcome: dict[str, Any], home: str | None) -> None:
    """The summary a person reads at the end."""
    from hubcensus.output import say, table

    rows = [(name, fact["census"], fact["truth"]) for name, fact in outcome["truth"].items()]
    table(["held against the hub", "census", "truth"], rows)
    for line in outcome["headlines"].values():
        say(f"  {line}")
    met = ", ".join(f"{count} {name}" for name, count in sorted(outcome["faults_met"].items()))
    say(f"Faults met and made good: {met}; {outcome['quarantined']} bad records quarantined.")
    say(f"{outcome['requests']:,} requests to crawl; {outcome['query_files_touched']} of them count as a download.")
    for name in outcome["failed_checks"]:
        say(f"CHECK FAILED: {name}")
    front = _program() + (f" --home {shlex.quote(home)}" if home else "")
    say(f"Done in {outcome['seconds']:.0f} s. The report: {outcome['report']}")
    say("Next:")
    say(f'  {front} sql "SELECT licence, count(*) FROM mart.model GROUP BY 1 ORDER BY 2 DESC LIMIT 5"')
    say(f'  {front} sql "SELECT sum(downloads) FROM mart.model" --as-of {outcome["halfway"]:%Y-%m-%d}')
    say(f"  {_program()} crawl huggingface --limit 5000   (the real hub, politely)")


def _program() -> str:
    """How this person can call this program again: by name only where the path leads to it."""
    here = Path(sys.executable).parent / "hubcensus"
    found = shutil.which("hubcensus")
    if not here.is_file() or (found and Path(found).resolve() == here.resolve()):
        return "hubcensus"
    return shlex.quote(str(here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here))
