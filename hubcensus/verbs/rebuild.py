"""Build the warehouse again from the landing zone."""

from __future__ import annotations

import click

from hubcensus.cli import Context
from hubcensus.options import json_option


@click.command(epilog="Example: hubcensus rebuild")
@json_option
@click.pass_obj
def command(context: Context) -> int:
    """Build the warehouse from nothing; the tables come out the same.

    The new warehouse is built beside the old one and takes its place at once when it is whole; readers are never
    blocked. Stop it at any time: the published file stays as it was, and the next one starts anew.
    """
    from hubcensus.loading import load_and_tell

    return load_and_tell(context, rebuild=True)
