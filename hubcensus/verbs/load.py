"""Bring the warehouse up to the landing zone and publish it."""

from __future__ import annotations

import click

from hubcensus.cli import Context
from hubcensus.options import json_option


@click.command(epilog="Example: hubcensus load")
@json_option
@click.pass_obj
def command(context: Context) -> int:
    """Load every finished run that the warehouse does not have yet.

    The new warehouse is built beside the old one and takes its place at once when it is whole; readers are never
    blocked. Stop it at any time: the published file stays as it was, and the next load starts anew.
    """
    from hubcensus.loading import load_and_tell

    return load_and_tell(context, rebuild=False)
