"""The simulated hub on loopback: a synthetic or replayed population, with faults on request."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from hubcensus.options import json_option

if TYPE_CHECKING:
    from simhub import Faults, Store


@click.command("simhub")
@click.option("--port", default=0, show_default="a free one", help="Port on 127.0.0.1.")
@click.option("--models", default=3_000, show_default=True, help="Models of a synthetic hub.")
@click.option("--seed", default=0, show_default=True, help="Seed of a synthetic hub.")
@click.option("--days", default=0, show_default=True, help="Simulated days to let pass before serving.")
@click.option("--faults", default="", metavar="SPEC", help="Such as 429=0.02,5xx=0.01,cut=0.01,noid=1.")
@click.option("--from", "source", type=click.Path(exists=True, path_type=Path), help="Replay a dump instead.")
@click.option(
    "--store", type=click.Path(path_type=Path), help="Where the population is kept; served as it is if it exists."
)
@click.option("--folder", type=click.Path(exists=True, path_type=Path), help="Checkpoints to add, as OWNER/NAME/...")
@click.option("--window", default=300.0, show_default=True, help="Seconds of a rate-limit window.")
@click.option(
    "--plan-limits", default="none", show_default=True, help="none, published, or PLAN=API/RESOLVERS/PAGES,..."
)
@click.option("--latency", default=0.0, show_default=True, help="Seconds every answer is delayed.")
@click.option("--cache", default=0, show_default=True, help="Bytes of list pages to keep, for benchmarks.")
@click.option(
    "--github",
    type=click.IntRange(0),
    metavar="N",
    help="A GitHub of N invented repositories instead; with --folder also those in it, as OWNER/NAME/...",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    port: int,
    models: int,
    seed: int,
    days: int,
    faults: str,
    source: Path | None,
    store: Path | None,
    folder: Path | None,
    window: float,
    plan_limits: str,
    latency: float,
    cache: int,
    github: int | None,
) -> None:
    """Serve a simulated Hub, or a simulated GitHub, until Ctrl-C (or SIGTERM).

    The endpoint is printed on stderr, with --json as one line on stdout. POST /__sim__/advance?days=1 lets
    a day pass, GET /__sim__/stats tells what was asked.
    """
    from simhub import Faults, Limits, SimHub, Store, add_folder

    try:
        broken, limits = Faults.parse(faults), Limits.parse(plan_limits, window)
    except ValueError as bad:
        raise click.UsageError(str(bad)) from bad
    if github is not None:
        _serve_github(ctx, github, seed, folder, broken, latency, port)
        return
    population = _population(models, seed, source, store)
    if folder is not None:
        population = population if isinstance(population, Store) else Store(population)
        add_folder(population, folder)
    with SimHub(population, broken, limits, latency, port, cache=cache) as hub:
        if days:
            hub.advance(days)
        _announce(hub.endpoint, as_json=bool(ctx.find_root().obj.json))
        _wait()


def _serve_github(
    ctx: click.Context, count: int, seed: int, folder: Path | None, faults: Faults, latency: float, port: int
) -> None:
    from simhub.api import SimApi
    from simhub.github.app import GitHub, from_folder
    from simhub.github.population import invent

    repositories = invent(count, seed) if count else []
    repositories += from_folder(folder) if folder is not None else []
    with SimApi(GitHub(repositories), faults, latency, port) as hub:
        _announce(hub.endpoint, as_json=bool(ctx.find_root().obj.json))
        _wait()


def _population(models: int, seed: int, source: Path | None, store: Path | None) -> Store | Path:
    """An existing store as it is, else a new population."""
    from simhub import build_synthetic, load_replay

    if store is not None and store.exists():
        return store
    return load_replay(source, store) if source is not None else build_synthetic(models, seed, store)


def _announce(endpoint: str, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"endpoint": endpoint}) + "\n")
        sys.stdout.flush()
    sys.stderr.write(f"simulated hub at {endpoint}\n")
    sys.stderr.flush()


def _wait() -> None:
    """Until SIGTERM; Ctrl-C passes as KeyboardInterrupt to the front door."""
    stop = threading.Event()

    def ended(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ended)
    while not stop.wait(0.5):
        pass
