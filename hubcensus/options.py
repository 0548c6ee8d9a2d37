"""Options that many verbs share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def _switch_to_json(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        ctx.find_root().obj.json = True


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--json`` after the verb, the same as before it; read it as ``context.json``."""
    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_switch_to_json,
        help="Print one JSON document on stdout and nothing else there.",
    )(function)
