"""Run the data-quality checks: queries that must return no rows."""

from __future__ import annotations

import click

from hubcensus.cli import FINDING, FINE, Context
from hubcensus.options import json_option


@click.command(epilog="Example: hubcensus check --json")
@json_option
@click.pass_obj
def command(context: Context) -> int:
    """Check the published warehouse; exit code 1 when a check fails.

    Warnings are about the hub's own data (dangling base models, outliers): they are shown and fail nothing.
    """
    from dataclasses import asdict

    from hubcensus.output import print_json, table
    from warehouse.check import run
    from warehouse.database import open_reader

    connection = open_reader(context.settings.warehouse)
    try:
        checks = run(connection)
    finally:
        connection.close()
    failed = [check for check in checks if not check.ok and not check.warning]
    if context.json:
        print_json({"ok": not failed, "checks": [{**asdict(check), "ok": check.ok} for check in checks]})
    else:
        words = {(True, False): "ok", (True, True): "ok", (False, True): "warning", (False, False): "FAILED"}
        rows = [(words[check.ok, check.warning], check.name, check.violations, check.rule) for check in checks]
        table(["", "check", "violations", "rule"], rows)
    return FINDING if failed else FINE
