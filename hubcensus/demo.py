"""The demo: the real crawler, loader and analyses against a simulated hub on loopback."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from hubcensus import __version__
from hubcensus.output import say, table
from hubcensus.settings import Settings
from landing import UsageError, Zone
from landing.errors import storage

MARKER = ".made-by-hubcensus-demo"
# A hub on a bad day: every one of these is met and mended, or quarantined and counted.
FAULTS = "429=0.002,5xx=0.004,cut=0.003,malformed=0.05,dup=0.2,noid=1,wrongtype=1,badutf8=1,hostile=1,retry=0"


def run(settings: Settings, *, models: int, seed: int, days: int) -> dict[str, Any]:
    """Build, crawl, load, check, report; returns what there is to tell."""
    from simhub import SimHub, build_synthetic

    begun = time.monotonic()
    _fresh_home(settings.home)
    say(f"Building a simulated hub of {models:,} models (seed {seed}) ...")
    store = build_synthetic(models, seed=seed, path=settings.home / "simhub.sqlite")
    with SimHub(store, faults=FAULTS) as hub:
        runs = _crawls(settings, hub, days)
        served = hub.stats()
    loaded = _load(settings)
    failed, index = _report(settings)
    return {
        "home": settings.home,
        "report": index,
        "runs": runs,
        "faults_met": {name: count for name, count in served["faults"].items() if count},
        "query_files_touched": served["query_file_touches"],
        "quarantined": loaded.quarantined,
        "numbers": _numbers(settings),
        "failed_checks": failed,
        "seconds": round(time.monotonic() - begun, 1),
    }


def _fresh_home(home: Path) -> None:
    if home.exists() and any(home.iterdir()):
        if not (home / MARKER).is_file():
            raise UsageError(f"{home} holds something that no demo has made; choose another folder with --home.")
        say(f"Starting afresh in {home}.")
        with storage(home, "empty"):
            shutil.rmtree(home)
    with storage(home, "create"):
        home.mkdir(parents=True, exist_ok=True)
        (home / MARKER).write_text("The demo deletes and makes this folder anew each time it runs.\n")


def _crawls(settings: Settings, hub: Any, days: int) -> list[dict[str, Any]]:
    """A full listing with cards and files, then what changed, then a full listing again."""
    runs = [_crawl(settings, hub, "everything", details=("cards", "files"))]
    hub.advance(1)
    runs.append(_crawl(settings, hub, "a day later: what changed, and all counters", since="auto"))
    if days > 1:
        hub.advance(days - 1)
        when = f"{days} days after the first: everything again, details of what changed"
        runs.append(_crawl(settings, hub, when, details=("cards", "files")))
    return runs


def _crawl(
    settings: Settings, hub: Any, what: str, *, since: str | None = None, details: tuple[str, ...] = ()
) -> dict[str, Any]:
    from crawler.crawl import Options, crawl
    from hubcensus.progress import Reporter

    say(f"Crawling {what} ...")
    with Reporter("huggingface") as reporter:
        options = Options(
            endpoint=hub.endpoint,
            since=since,
            details=details,
            on_progress=reporter.progress,
            on_wait=reporter.wait,
            on_note=reporter.note,
        )
        done = crawl(Zone(settings.landing), "huggingface", options, program=f"hubcensus {__version__}")
    return {
        "run_id": done.run_id,
        "kind": done.kind,
        "complete": done.complete,
        "counts": done.counts,
        "requests": done.requests,
    }


def _load(settings: Settings) -> Any:
    from warehouse.database import Limits
    from warehouse.load import load

    say("Loading the warehouse ...")
    return load(Zone(settings.landing), settings.warehouse, Limits(settings.memory_limit, settings.threads))


def _report(settings: Settings) -> tuple[list[str], Path]:
    from analyses._report import build
    from warehouse.check import run as run_checks
    from warehouse.database import open_reader
    from warehouse.reader import Reader

    connection = open_reader(settings.warehouse)
    try:
        checks = run_checks(connection)
    finally:
        connection.close()
    rows = [(check.name, check.rule, check.violations, check.warning) for check in checks]
    with Reader(settings.warehouse) as reader:
        report = build(reader, settings.report, checks=rows, progress=lambda name: say(f"Analysing {name} ..."))
    return [check.name for check in checks if not check.ok and not check.warning], Path(report.index)


_NUMBERS = {
    "models there": "SELECT count(*) FROM mart.model WHERE NOT removed",
    "models gone (deleted, private, renamed)": "SELECT count(*) FROM mart.model WHERE removed",
    "renames recognised": "SELECT count(*) FROM mart.alias",
    "versions of models": "SELECT count(*) FROM mart.model_version",
    "declare a licence, %": """
        SELECT round(100 * avg((licence_raw IS NOT NULL)::INTEGER), 1) FROM mart.model WHERE NOT removed""",
    "base-model edges": "SELECT count(*) FROM mart.lineage_edge",
    "share of downloads of the top 10, %": """
        SELECT round(100 * sum(downloads) FILTER (place <= 10) / sum(downloads), 1) FROM (
            SELECT downloads, row_number() OVER (ORDER BY downloads DESC) AS place FROM mart.model WHERE NOT removed
        )""",
}


def _numbers(settings: Settings) -> dict[str, Any]:
    from warehouse.reader import Reader

    with Reader(settings.warehouse) as reader:
        return {name: reader.value(query) for name, query in _NUMBERS.items()}


def tell(outcome: dict[str, Any]) -> None:
    """The summary a person reads at the end."""
    rows = [
        (run["kind"], "yes" if run["complete"] else "no", run["counts"].get("records"), run["requests"].get("api", 0))
        for run in outcome["runs"]
    ]
    table(["crawl", "whole hub", "records", "API requests"], [(a, b, c, int(d)) for a, b, c, d in rows])
    table(["the census", "now"], list(outcome["numbers"].items()))
    met = ", ".join(f"{count} {name}" for name, count in sorted(outcome["faults_met"].items()))
    home = outcome["home"]
    say(f"Met on the way and dealt with: {met}; {outcome['quarantined']} bad records quarantined.")
    say(f"Files that count as downloads and were touched: {outcome['query_files_touched']}.")
    for name in outcome["failed_checks"]:
        say(f"CHECK FAILED: {name}")
    say(f"Done in {outcome['seconds']} s. The report: {outcome['report']}")
    say("Next:")
    say(
        f'  hubcensus --home {home} sql "SELECT licence, count(*) FROM mart.model GROUP BY 1 ORDER BY 2 DESC LIMIT 5"'
    )
    say(f"  hubcensus --home {home} analyze lineage")
    say("  hubcensus crawl huggingface --limit 5000        (the real hub, politely)")
