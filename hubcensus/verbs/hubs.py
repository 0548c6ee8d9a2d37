"""List the hubs known, and what each gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hubcensus.options import json_option

if TYPE_CHECKING:
    from hubcensus.cli import Context


@click.command("hubs")
@json_option
@click.pass_obj
def command(context: Context) -> None:
    """List the hubs that can be crawled, what each gives, and how it is asked."""
    from crawler import hubs
    from crawler.crawl import home
    from hubcensus.output import print_json, table

    known = [(name, hubs.load(name)) for name in hubs.names()]
    facts = [
        {
            "hub": name,
            "title": module.TITLE,
            "endpoint": home(module),
            "gives": list(module.GIVES),
            "parser": module.PARSER,
            "about": (module.__doc__ or "").strip(),
        }
        for name, module in known
    ]
    if context.json:
        print_json({"hubs": facts})
        return
    rows = [[fact["hub"], fact["title"], ", ".join(fact["gives"]), fact["endpoint"]] for fact in facts]
    table(["hub", "title", "gives", "endpoint"], rows)
