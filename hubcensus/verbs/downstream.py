"""Who uses which model on GitHub: discover repositories, fetch their files, mine the usages into the landing zone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hubcensus.options import json_option

if TYPE_CHECKING:
    from hubcensus.cli import Context

_ENDPOINT = click.option(
    "--endpoint",
    metavar="URL",
    help="Another server with GitHub's API (else HUBCENSUS_ENDPOINT_GITHUB, else GitHub).",
)
_FRESH = click.option("--fresh", is_flag=True, help="Give up an unfinished run and start anew.")


@click.group(
    epilog="Example: hubcensus downstream discover --library timm && hubcensus downstream fetch && "
    "hubcensus downstream mine && hubcensus load"
)
def command() -> None:
    """Repositories on GitHub that load models: three stages, each resumable by the same command.

    GITHUB_TOKEN is needed to discover by search and to fetch. Nothing that is fetched is ever run.
    """


@command.command()
@click.option("--library", "libraries", multiple=True, help="Only calls of this library (repeat for several).")
@click.option("--query", "queries", multiple=True, help="A code search of your own (repeat for several).")
@click.option("--owner", "owners", multiple=True, help="All repositories of an organisation or a person.")
@click.option(
    "--from",
    "listed",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A list instead: owner/name or addresses, one a line or a CSV's first column (peatmoss_mapping.csv).",
)
@_ENDPOINT
@_FRESH
@json_option
@click.pass_obj
def discover(
    context: Context,
    libraries: tuple[str, ...],
    queries: tuple[str, ...],
    owners: tuple[str, ...],
    listed: Path | None,
    endpoint: str | None,
    fresh: bool,
) -> int:
    """Find repositories: by code search for every call of the table, an owner, or a list.

    A question with more than 1,000 answers is split by the size of files; what each part had and how much of it was
    seen stands in the run's manifest, and a part that could not be seen whole is said.
    """
    from crawler.downstream import discover as stage
    from crawler.downstream.github import GitHub
    from crawler.downstream.words import questions
    from hubcensus.progress import Reporter
    from landing import Zone

    zone = Zone(context.settings.landing)
    if listed:
        return _tell(context, stage.from_list(zone, listed, program=_program()))
    asked = list(queries)
    if libraries or not (queries or owners):
        asked += questions(libraries)
    with Reporter("discover") as reporter:
        session = _session(context, endpoint, reporter)
        try:
            manifest = stage.search(
                zone,
                GitHub(session),
                questions=asked,
                owners=list(owners),
                fresh=fresh,
                program=_program(),
                tell=reporter.progress,
            )
        finally:
            session.close()
    return _tell(context, manifest)


@command.command()
@click.option("--by", type=click.Choice(["archive", "clone"]), default="archive", show_default=True, help="How.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many repositories.")
@click.option("--forks", is_flag=True, help="Fetch the files of forks as well.")
@click.option("--with", "threads", metavar="LIST", default="", help="Also issues, pulls (separated by commas).")
@click.option(
    "--max-archive", type=click.IntRange(1), default=1024, show_default=True, metavar="MIB", help="Larger is refused."
)
@click.option(
    "--at-once", type=click.IntRange(1, 16), default=4, show_default=True, help="Repositories side by side."
)
@_ENDPOINT
@_FRESH
@json_option
@click.pass_obj
def fetch(
    context: Context,
    by: str,
    limit: int | None,
    forks: bool,
    threads: str,
    max_archive: int,
    at_once: int,
    endpoint: str | None,
    fresh: bool,
) -> int:
    """Fetch what was discovered: what GitHub says of each repository, and its files that matter, at a commit.

    By archive (one request) or by partial clone (only the wanted files travel). Hostile archives are refused, with a
    finding; a repository whose commit is here already is not fetched again.
    """
    from crawler.downstream import fetch as stage
    from crawler.downstream.archives import Limits
    from crawler.downstream.github import GitHub
    from hubcensus.progress import Reporter
    from landing import UsageError, Zone

    wanted = tuple(dict.fromkeys(name.strip() for name in threads.split(",") if name.strip()))
    if unknown := [name for name in wanted if name not in ("issues", "pulls")]:
        raise UsageError(f"--with does not know {', '.join(unknown)}; it takes issues and pulls.")
    with Reporter("fetch") as reporter:
        session = _session(context, endpoint, reporter)
        limits = Limits(packed=max_archive << 20, unpacked=max_archive << 22)
        options = stage.Options(by, limit, forks, wanted, fresh, at_once, limits, session.token)
        try:
            manifest = stage.fetch(
                Zone(context.settings.landing), GitHub(session), options, program=_program(), tell=reporter.progress
            )
        finally:
            session.close()
    return _tell(context, manifest)


@command.command()
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True, help="Repositories side by side.")
@click.option("--again", is_flag=True, help="Read again what this version has read already.")
@_FRESH
@json_option
@click.pass_obj
def mine(context: Context, processes: int, again: bool, fresh: bool) -> int:
    """Read the fetched files: usages, packages, licences. Needs no network."""
    from crawler.downstream import mine as stage
    from hubcensus.cli import FINE
    from hubcensus.output import print_json, say
    from hubcensus.progress import Reporter
    from landing import Zone

    with Reporter("mine") as reporter:
        manifest = stage.mine(
            Zone(context.settings.landing),
            processes=processes,
            again=again,
            fresh=fresh,
            program=_program(),
            tell=reporter.progress,
        )
    if manifest is not None:
        return _tell(context, manifest)
    if context.json:
        print_json({"run": None})
    say("Everything that was fetched has been mined; --again reads it again.")
    return FINE


def _program() -> str:
    from hubcensus import __version__

    return f"hubcensus {__version__}"


def _session(context: Context, endpoint: str | None, reporter: Any) -> Any:
    """A session with GitHub; the token is for GitHub, or for the server that the environment names, and nobody
    else.
    """
    from crawler.downstream.github import API, session
    from crawler.session import Patience, origin

    settings = context.settings
    own = os.environ.get("HUBCENSUS_ENDPOINT_GITHUB") or API
    chosen = endpoint or own
    secret = settings.github_token.get_secret_value() if settings.github_token else None
    loopback = origin(chosen)[1] in ("127.0.0.1", "localhost", "::1")
    token = secret if origin(chosen) == origin(own) else "simulated" if loopback else None
    patience = Patience(silence=settings.timeout, connect=min(10.0, settings.timeout))
    return session(
        chosen, token, program=_program(), contact=settings.contact, patience=patience, on_wait=reporter.wait
    )


def _tell(context: Context, manifest: Any) -> int:
    """Say how a run ended; its exit code."""
    from hubcensus.cli import FINE, PARTIAL
    from hubcensus.output import print_json, say

    coverage = manifest.config.get("coverage", {})
    short = [part for part in coverage.get("per_partition", ()) if part["seen"] < part["total"] or part["incomplete"]]
    if context.json:
        facts = {
            name: getattr(manifest, name) for name in ("run_id", "kind", "state", "complete", "counts", "requests")
        }
        print_json({"run": {**facts, "failures": manifest.failures, "coverage": coverage}})
    counts = ", ".join(
        f"{count:,} {kind}" for kind, count in manifest.counts.items() if kind not in ("parts", "records")
    )
    say(f"{manifest.kind}: {manifest.state}: {counts or 'nothing'}; run {manifest.run_id}.")
    if coverage.get("partitions"):
        seen = f"{coverage['files']:,} of {coverage['total_count']:,} files"
        say(f"  {seen} seen in {coverage['partitions']:,} partitions.")
    for part in short[:10]:
        sizes = "-".join(f"{size:,}" for size in part["sizes"])
        say(f"  short: {part['question']} ({sizes} bytes): {part['seen']:,} of {part['total']:,}")
    for failure in manifest.failures[:10]:
        say(f"  missing: {failure['key']}: {failure['reason']}")
    more = len(manifest.failures) - 10
    if more > 0:
        say(f"  and {more:,} more; see the manifest.")
    return PARTIAL if manifest.state == "partial" or short else FINE
