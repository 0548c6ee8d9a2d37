"""Run crawls and loads on a schedule: add, list, remove, run."""

from __future__ import annotations

import click

from hubcensus.cli import FINDING, FINE, Context
from hubcensus.options import json_option


@click.group(epilog='Example: hubcensus schedule add daily --cron "0 3 * * *" -- crawl huggingface --since auto')
def command() -> None:
    """What is to be run when. Times are UTC; one worker at a time runs it."""


def _ledger(context: Context):  # type: ignore[no-untyped-def]  # noqa: ANN202 - SQLAlchemy is imported late
    from hubcensus.ledger import Ledger

    return Ledger(context.settings.ledger, context.settings.ledger_url)


@command.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.option("--cron", metavar="EXPR", help="Five cron fields, UTC, such as '0 3 * * *'.")
@click.option("--every", metavar="INTERVAL", help="An interval such as 30m, 6h or 1d.")
@click.argument("verb", nargs=-1, required=True, type=click.UNPROCESSED)
@json_option
@click.pass_obj
def add(context: Context, name: str, cron: str | None, every: str | None, verb: tuple[str, ...]) -> None:
    """Run '-- VERB ARGS...' at the times that --cron or --every says."""
    from hubcensus.output import print_json, say
    from hubcensus.scheduler import check_command, next_due, trigger
    from landing.errors import UsageError

    if (cron is None) == (every is None):
        raise UsageError("Say either --cron or --every.")
    kind, expression = ("cron", cron) if cron is not None else ("every", every)
    assert expression is not None
    trigger(kind, expression)
    check_command(list(verb))
    ledger = _ledger(context)
    ledger.add(name, kind, expression, list(verb))
    added = next(row for row in ledger.schedules() if row["name"] == name)
    due = next_due(added)
    if context.json:
        print_json({**added, "next_due": due})
    else:
        say(f"{name}: {' '.join(verb)}, first at {due:%Y-%m-%d %H:%M} UTC. Start the worker: hubcensus schedule run")


@command.command("list")
@json_option
@click.pass_obj
def listing(context: Context) -> None:
    """Show every schedule, when it is due next and how it went last."""
    from hubcensus.output import print_json, table
    from hubcensus.scheduler import next_due

    rows = [{**row, "next_due": next_due(row)} for row in _ledger(context).schedules()]
    if context.json:
        print_json({"schedules": rows})
        return
    shown = [
        (
            row["name"],
            f"{row['kind']} {row['expression']}",
            " ".join(row["argv"]),
            f"{row['next_due']:%Y-%m-%d %H:%M}",
            f"{row['last']['started_at']:%Y-%m-%d %H:%M}" if row["last"] else "never",
            None if not row["last"] else row["last"]["exit_code"],
        )
        for row in rows
    ]
    table(["schedule", "when", "what", "next (UTC)", "last (UTC)", "exit code"], shown)


@command.command()
@click.argument("name")
@click.pass_obj
def remove(context: Context, name: str) -> None:
    """Remove a schedule; what it has run stays in the log."""
    from hubcensus.output import say

    _ledger(context).remove(name)
    say(f"Removed {name}.")


@command.command()
@click.option("--once", is_flag=True, help="Run what is due now and end; for cron or systemd.")
@json_option
@click.pass_obj
def run(context: Context, once: bool) -> int:
    """Run the schedule until interrupted. What was missed is caught up once."""
    from hubcensus.output import print_json
    from hubcensus.scheduler import Worker

    worker = Worker(context.settings.home, _ledger(context))
    if not once:
        worker.forever()
        return FINE
    done = worker.once()
    if context.json:
        print_json({"executions": done})
    return FINDING if any(execution["exit_code"] for execution in done) else FINE
