"""Crawl hubs into the landing zone: a listing, what changed, or the counters.

A crawl that was cut off is gone on with by the same command.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hubcensus.options import json_option

if TYPE_CHECKING:
    from hubcensus.cli import Context


@click.command("crawl")
@click.argument("hubs", metavar="HUB...", nargs=-1, required=True)
@click.option(
    "--endpoint", metavar="URL", help="Another server with the same API (else HF_ENDPOINT, else the hub's own)."
)
@click.option(
    "--from",
    "source",
    metavar="PATH",
    type=click.Path(path_type=Path, exists=True),
    help="A copy of the hub's repository or pages (folder, tar, zip) instead of the network.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), help="Stop after this many models; the snapshot is then not complete."
)
@click.option(
    "--since", metavar="auto|TIME", help="Only what changed since the last crawl (auto) or TIME, then counters."
)
@click.option(
    "--with",
    "details",
    metavar="LIST",
    default="",
    help="Per changed model, e.g. cards,commits,discussions,files,headers,licences,owners "
    "('hubcensus hubs' says what a hub has).",
)
@click.option(
    "--counters/--no-counters",
    default=None,
    help="With --since: also all counters, which shows removals (default: yes). Alone: nothing but counters.",
)
@click.option("--walks", type=click.IntRange(1, 4), help="Walks through the listing side by side (default 1).")
@click.option("--fresh", is_flag=True, help="Give up an unfinished crawl and start anew.")
@json_option
@click.pass_obj
def command(context: Context, /, hubs: tuple[str, ...], details: str, **asked: Any) -> int:
    """Crawl each HUB in turn; see 'hubcensus hubs' for those known.

    Waits for the hub's rate limits and says until when. Ctrl-C is safe: the same command goes on.
    """
    from crawler.crawl import Options, crawl
    from hubcensus import __version__
    from hubcensus.cli import FINE, PARTIAL
    from hubcensus.output import print_json, say
    from hubcensus.progress import Reporter
    from landing import Zone

    settings = context.settings
    wanted = tuple(dict.fromkeys(name.strip() for name in details.split(",") if name.strip()))
    runs: list[dict[str, Any]] = []
    for hub in dict.fromkeys(hubs):
        endpoint, token = _door(hub, asked["endpoint"], settings)
        with Reporter(hub) as reporter:
            options = Options(
                **{**asked, "endpoint": endpoint},
                details=wanted,
                token=token,
                contact=settings.contact,
                patience=_patience(settings),
                on_progress=reporter.progress,
                on_wait=reporter.wait,
                on_note=reporter.note,
            )
            manifest = crawl(Zone(settings.landing), hub, options, program=f"hubcensus {__version__}")
        runs.append(_facts(manifest))
        say(_summary(runs[-1]))
    if context.json:
        print_json({"runs": runs})
    return PARTIAL if any(run["state"] == "partial" for run in runs) else FINE


def _door(hub: str, endpoint: str | None, settings: Any) -> tuple[str | None, str | None]:
    """Where to go, and with which token: a token is for its own host only."""
    from crawler.session import origin

    if hub != "huggingface":
        return _other_door(hub, endpoint)
    token = settings.hf_token.get_secret_value() if settings.hf_token else None
    chosen = endpoint or settings.hf_endpoint
    return chosen, token if origin(chosen) == origin(settings.hf_endpoint) else None


def _other_door(hub: str, endpoint: str | None) -> tuple[str | None, str | None]:
    """The hub's own address, or HUBCENSUS_ENDPOINT_<HUB>; its token goes there and nowhere else."""
    from crawler import hubs
    from crawler.crawl import home
    from crawler.session import origin

    module = hubs.load(hub)
    own = os.environ.get(f"HUBCENSUS_ENDPOINT_{hub.upper().replace('-', '_')}") or home(module)
    chosen = endpoint or own
    if origin(chosen) != origin(own):
        return chosen, None
    if hasattr(module, "REPOSITORY"):
        return chosen, os.environ.get("GITHUB_TOKEN") or None
    return chosen, module.token(os.environ) if hasattr(module, "token") else None


def _patience(settings: Any) -> Any:
    from crawler.session import Patience

    return Patience(silence=settings.timeout, connect=min(10.0, settings.timeout))


def _facts(manifest: Any) -> dict[str, Any]:
    return {
        "run_id": manifest.run_id,
        "hub": manifest.source,
        "kind": manifest.kind,
        "state": manifest.state,
        "complete": manifest.complete,
        "observed_at": manifest.observed_at,
        "records": manifest.counts["records"],
        "parts": manifest.counts["parts"],
        "counts": {key: value for key, value in manifest.counts.items() if key not in ("records", "parts")},
        "requests": manifest.requests,
        "failures": manifest.failures,
    }


def _summary(run: dict[str, Any]) -> str:
    asked = {kind: int(run["requests"].get(kind, 0)) for kind in ("api", "resolvers")}
    spent = ", ".join(f"{number:,} {kind}" for kind, number in asked.items() if number)
    waited = run["requests"].get("waited_s", 0)
    used = (f"{spent} requests" if spent else "no request") + (f", {waited:,.0f} s waited" if waited >= 1 else "")
    counts = ", ".join(
        f"{count:,} {kind}" for kind, count in run["counts"].items() if count and kind != "suspect_parts"
    )
    whole = "complete" if run["complete"] else "not known to be complete"
    text = f"{run['hub']}: {run['kind']} {whole}: {counts or 'nothing new'} ({used}); run {run['run_id']}."
    for failure in run["failures"][:10]:
        text += f"\n  missing: {failure['key']}: {failure['reason']}"
    more = len(run["failures"]) - 10
    return text + (f"\n  and {more:,} more; see the manifest." if more > 0 else "")
