"""Show everything offline: a simulated hub is crawled, loaded, analysed and reported."""

from __future__ import annotations

import click

from hubcensus.cli import FINDING, FINE, Context
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

    Nothing leaves this machine. The home is made anew each time; a home that no demo has made is refused.
    """
    from hubcensus.demo import run, tell
    from hubcensus.output import print_json

    outcome = run(context.settings, models=models, seed=seed, days=days)
    if context.json:
        print_json(outcome)
    else:
        tell(outcome)
    return FINDING if outcome["failed_checks"] else FINE
