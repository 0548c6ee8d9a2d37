"""Say what is installed, what is reachable, and whether the census is in order."""

from __future__ import annotations

import click

from hubcensus.cli import FINDING, FINE, Context
from hubcensus.options import json_option


@click.command(epilog="Example: hubcensus doctor --online")
@click.option("--online", is_flag=True, help="Also ask the hub for one record.")
@json_option
@click.pass_obj
def command(context: Context, online: bool) -> int:
    """Look at this installation and this home; exit code 1 when something is wrong."""
    from hubcensus.doctor import examine
    from hubcensus.output import print_json, table

    found = examine(context.settings, online=online)
    if context.json:
        print_json({"ok": all(item.ok for item in found), "checks": [item.facts() for item in found]})
    else:
        table(["", "what", "finding"], [("ok" if item.ok else "WRONG", item.what, item.finding) for item in found])
    return FINE if all(item.ok for item in found) else FINDING
