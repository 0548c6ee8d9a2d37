"""The demo: the real crawler, loader and analyses against a simulated hub whose truth is known.

Everything but the hub is the real thing. The crawl goes over HTTP to a server that fails now and
then on purpose, days pass there, and in the end the census is held against what was true.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from hubcensus import __version__, demo_downstream, demo_probe
from hubcensus.output import say
from hubcensus.settings import Settings
from hubcensus.simulated import Simulated
from landing import BusyError, Manifest, UsageError, Zone
from landing.errors import storage
from simhub.github.repository import Repository

MARKER, LOCK, STORE = ".made-by-hubcensus-demo", ".demo.lock", "simhub.sqlite"
# A hub on a bad day: every one of these is met and mended, or quarantined and counted.
FAULTS = "429=0.0005,retry=1,5xx=0.008,cut=0.004,malformed=0.05,dup=0.2,noid=1,wrongtype=1,badutf8=1,hostile=1"
# Cards and file lists cost a request per model: beyond this many models the demo leaves them out.
DETAILED = 6_000
DETAILS = ("cards", "files", "licences", "owners")


def run(settings: Settings, *, models: int, seed: int, days: int) -> dict[str, Any]:
    """Crawl, load, check, compare, report; returns what there is to tell.

    Raises :class:`UsageError` where the home holds something that no demo made.
    """
    begun = time.monotonic()
    with _fresh_home(settings.home):
        zoo = demo_probe.build(settings.home, seed)
        with _hub(settings, models, seed, zoo) as hub:
            runs = _crawls(settings, hub, days, details=DETAILS if models <= DETAILED else ())
            if models <= DETAILED:
                _read_cards(settings)
            served = hub.stats()
            github = demo_downstream.crawl(settings, settings.home / STORE, seed, demo_probe.ids(zoo))
            _load(settings)
            # Before the probe: the hub counts what it fetches as downloads.
            known = _compared(settings)
            probed = demo_probe.probe(settings, zoo, hub.endpoint, seed)
        _load(settings)
        truth = known | _truth(settings, github["repositories"], zoo)
        told = {"numbers": _numbers(settings), "truth": truth, **_report(settings)}
        told["headlines"]["planted"] = _named(settings, zoo)
    return {
        "home": settings.home,
        "runs": runs,
        "requests": served["requests"] + github["requests"],
        "faults_met": {
            name: count for name, count in (Counter(served["faults"]) + Counter(github["faults"])).items() if count
        },
        "query_files_touched": served["query_file_touches"],
        "quarantined": told["numbers"].pop("quarantined"),
        "probed": {run.kind: run.counts for run in probed},
        **told,
        "halfway": midnight(days // 2),
        "seconds": round(time.monotonic() - begun, 1),
    }


@contextmanager
def _fresh_home(home: Path) -> Iterator[None]:
    """An empty home that is marked as the demo's, for this demo alone; only what a demo made is deleted."""
    with storage(home, "write to"):
        if home.exists() and (not home.is_dir() or any(home.iterdir())):
            if not (home / MARKER).is_file():
                raise UsageError(f"{home} holds something that no demo has made; choose another folder with --home.")
            if _visited(home):
                raise UsageError(f"{home} also holds runs that no demo has made; choose another folder with --home.")
        home.mkdir(parents=True, exist_ok=True)
        (home / MARKER).write_text("The demo deletes and makes this folder anew each time it runs.\n")
    lock = FileLock(home / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise BusyError(f"Another demo is at work in {home}; wait for it, or choose another --home.") from None
    try:
        with storage(home, "empty"):
            _empty(home)
        yield
    finally:
        lock.release()


def _visited(home: Path) -> bool:
    """Whether somebody has brought runs of other hubs or dumps into a demo's home."""
    # What was mined or read asked nobody, nor did the stages of the probe that only compute.
    kinds = ("mine", "understand")
    asking = (run.manifest for run in Zone(home / "landing").runs() if run.manifest.kind not in kinds)
    manifests = [one for one in asking if not one.source.startswith("probe-") or one.kind == "fetch"]
    return any(not str(manifest.config.get("endpoint")).startswith("http://127.0.0.1:") for manifest in manifests)


def _empty(home: Path) -> None:
    old = [path for path in home.iterdir() if path.name not in (MARKER, LOCK)]
    if old:
        say(f"Starting afresh in {home}: the census of an earlier demo is deleted.")
    for path in old:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def midnight(day: int) -> datetime:
    """The end of a simulated day: what its snapshot stands for."""
    from simhub.clock import DAY0, DAY_SECONDS

    return datetime.fromtimestamp(DAY0, UTC) + timedelta(seconds=(day + 1) * DAY_SECONDS)


@contextmanager
def _hub(settings: Settings, models: int, seed: int, zoo: Path) -> Iterator[Simulated]:
    say(f"Building a simulated hub of {models:,} models (seed {seed}); it fails now and then on purpose.")
    with Simulated(settings.home / STORE, models, seed, f"{FAULTS},seed={seed}", zoo / "models") as hub:
        yield hub


def _crawls(settings: Settings, hub: Simulated, days: int, details: tuple[str, ...]) -> list[dict[str, Any]]:
    """Everything with cards and files, then day by day what changed, on the last day everything again."""
    runs = []
    say(f"Crawling {hub.endpoint} over HTTP, on the first day and on {days} more:")
    for day in range(days + 1):
        if day:
            hub.advance()
        since = "auto" if 0 < day < days else None
        done = _crawl(settings, hub.endpoint, midnight(day), since, details)
        say(f"  {_line(done)}")
        runs.append(_facts(done))
    return runs


def _crawl(
    settings: Settings, endpoint: str, moment: datetime, since: str | None, details: tuple[str, ...]
) -> Manifest:
    from crawler.crawl import Options, crawl
    from crawler.session import Patience
    from hubcensus.progress import Reporter

    with Reporter("huggingface") as reporter:
        options = Options(
            endpoint=endpoint,
            since=since,
            details=details,
            # The hub is next door: there is no need to be patient with it.
            patience=Patience(base=0.05, longest=1.0),
            observed_at=moment,
            on_progress=reporter.progress,
            on_wait=reporter.wait,
        )
        return crawl(Zone(settings.landing), "huggingface", options, program=f"hubcensus {__version__}")


def _facts(done: Manifest) -> dict[str, Any]:
    return {
        "run_id": done.run_id,
        "kind": done.kind,
        "state": done.state,
        "complete": done.complete,
        "observed_at": done.observed_at,
        "counts": done.counts,
        "requests": done.requests,
    }


def _line(done: Manifest) -> str:
    names = {"models": "models", "counters": "counters", "card": "cards", "tree": "file lists"}
    names |= {"licence-text": "licence texts", "owner": "owners"}
    got = ", ".join(f"{done.counts[kind]:,} {name}" for kind, name in names.items() if done.counts.get(kind))
    asked = int(done.requests.get("api", 0) + done.requests.get("resolvers", 0))
    again = int(done.requests.get("retries", 0))
    return f"{str(done.observed_at)[:10]} {done.kind}: {got} ({asked:,} requests, {again} of them again)"


def _read_cards(settings: Settings) -> None:
    from crawler.card_stage import rules
    from hubcensus.progress import Reporter

    with Reporter("cards") as reporter:
        done = rules.understand_all(
            Zone(settings.landing),
            limit=None,
            fresh=False,
            processes=0,
            program=f"hubcensus {__version__}",
            tell=reporter.progress,
        )
    if done is not None:
        say(
            f"Read {done.counts['cards']:,} cards: {done.counts['values']:,} values, each with the words that say it."
        )


def _load(settings: Settings) -> Any:
    from warehouse.database import Limits
    from warehouse.load import load

    say("Loading the warehouse.")
    return load(Zone(settings.landing), settings.warehouse, Limits(settings.memory_limit, settings.threads))


def _compared(settings: Settings) -> dict[str, dict[str, int]]:
    from hubcensus.demo_truth import compare
    from warehouse.reader import Reader

    with Reader(settings.warehouse) as reader:
        return compare(reader, settings.home / STORE)


def _truth(settings: Settings, repositories: list[Repository], zoo: Path) -> dict[str, dict[str, int]]:
    from warehouse.reader import Reader

    with Reader(settings.warehouse) as reader:
        return demo_downstream.compare(reader, repositories) | demo_probe.compare(reader, zoo)


def _named(settings: Settings, zoo: Path) -> str:
    from warehouse.reader import Reader

    with Reader(settings.warehouse) as reader:
        return demo_probe.named(reader, zoo)


def _report(settings: Settings) -> dict[str, Any]:
    """Check and analyse; what was found, with the headlines of the analyses."""
    from analyses._report import build
    from warehouse.check import run as run_checks
    from warehouse.database import open_reader
    from warehouse.reader import Reader

    say("Checking, analysing, drawing.")
    connection = open_reader(settings.warehouse)
    try:
        checks = run_checks(connection)
    finally:
        connection.close()
    rows = [(check.name, check.rule, check.violations, check.warning) for check in checks]
    with Reader(settings.warehouse) as reader:
        report = build(reader, settings.report, checks=rows)
    return {
        "report": report.index,
        "headlines": {result.name: " ".join(result.headline) for result in report.results if result.headline},
        "failed_checks": [check.name for check in checks if not check.ok and not check.warning],
    }


_NUMBERS = {
    "versions of models": "SELECT count(*) FROM mart.model_version",
    "counters": "SELECT count(*) FROM mart.model_metric",
    "files": "SELECT count(*) FROM mart.file",
    "cards": "SELECT count(*) FROM core.card",
    "repositories": "SELECT count(*) FROM mart.repository",
    "places that load a model": "SELECT count(*) FROM mart.usage",
    "files scanned": "SELECT count(*) FROM mart.examined_file",
    "claims measured": "SELECT count(*) FROM mart.measurement WHERE measured IS NOT NULL",
    "quarantined": "SELECT count(*) FROM raw.quarantine WHERE NOT kept",
}


def _numbers(settings: Settings) -> dict[str, Any]:
    from warehouse.reader import Reader

    with Reader(settings.warehouse) as reader:
        return {name: reader.value(query) for name, query in _NUMBERS.items()}
