"""Say what has been crawled: runs, freshness, completeness, what is unfinished, disk, requests."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hubcensus.options import json_option

if TYPE_CHECKING:
    from hubcensus.cli import Context
    from landing import Manifest, Run


@click.command("status")
@click.option("--runs", "shown", type=click.IntRange(min=0), default=10, help="How many runs to list (newest first).")
@json_option
@click.pass_obj
def command(context: Context, shown: int) -> int:
    """Say how fresh and how complete the census is, and how to go on with what was cut off."""
    from hubcensus.cli import ERROR, FINE
    from hubcensus.output import print_json, say
    from landing import Zone

    settings = context.settings
    runs, corrupt = _runs(Zone(settings.landing))
    hubs = [_hub(source, runs) for source in sorted({run.manifest.source for run in runs})]
    document = {
        "home": settings.home,
        "hubs": hubs,
        "runs": [_run(run) for run in _newest_first(runs)],
        "corrupt": corrupt,
        "disk_bytes": {"landing": _size(settings.landing), "warehouse": _size(settings.warehouse)},
        "warehouse": settings.warehouse.exists(),
    }
    if context.json:
        print_json(document)
    else:
        _print(document, shown)
    for problem in corrupt:
        say(problem)
    return ERROR if corrupt else FINE


def _runs(zone: Any) -> tuple[list[Run], list[str]]:
    """All runs that can be read; one that cannot does not hide the others."""
    from landing import CorruptError, Run

    found, corrupt = [], []
    for manifest in sorted(zone.root.glob("*/*/manifest.json")):
        try:
            found.append(Run.read(manifest.parent))
        except CorruptError as error:
            corrupt.append(str(error))
    return found, corrupt


def _newest_first(runs: list[Run]) -> list[Run]:
    return sorted(runs, key=lambda run: run.manifest.started_at, reverse=True)


def _hub(source: str, runs: list[Run]) -> dict[str, Any]:
    """One hub: its last complete snapshot, what it cost, what is unfinished."""
    from landing.clock import now
    from landing.manifest import observed

    own = [run for run in runs if run.manifest.source == source]
    whole = [run.manifest for run in own if run.finished and run.manifest.complete]
    last = max(whole, key=observed, default=None)
    spent: dict[str, float] = {}
    for run in own:
        for name, value in run.manifest.requests.items():
            spent[name] = spent.get(name, 0) + value
    return {
        "hub": source,
        "runs": len(own),
        "complete_snapshots": len(whole),
        "last_complete": last.observed_at if last else None,
        "last_complete_run": last.run_id if last else None,
        "models": _models(last) if last else None,
        "age_seconds": (now() - observed(last)).total_seconds() if last else None,
        "partial_runs": sum(run.manifest.state == "partial" for run in own),
        "requests": spent,
        "unfinished": [_unfinished(run) for run in own if run.manifest.state == "running"],
    }


def _models(manifest: Manifest) -> int:
    counts = manifest.counts
    return counts.get("counters") or counts.get("models") or counts.get("records", 0)


def _unfinished(run: Run) -> dict[str, Any]:
    config = run.manifest.config
    again = f"hubcensus import {config.get('format')} {config.get('file')}"
    command = again if run.manifest.kind == "import" else config.get("command")
    parts = [part.records for part in run.parts()]
    return {"run_id": run.run_id, "kind": run.manifest.kind, "records": sum(parts), "resume": command}


def _run(run: Run) -> dict[str, Any]:
    manifest = run.manifest
    return {
        "run_id": manifest.run_id,
        "hub": manifest.source,
        "kind": manifest.kind,
        "state": manifest.state,
        "complete": manifest.complete,
        "observed_at": manifest.observed_at,
        "records": manifest.counts.get("records"),
        "failures": len(manifest.failures),
        "requests": manifest.requests,
    }


def _size(path: Path) -> int:
    """Bytes of a file or of everything in a folder; what vanishes meanwhile counts as nothing."""
    files = path.rglob("*") if path.is_dir() else [path]
    total = 0
    for file in files:
        try:
            total += file.stat().st_size if file.is_file() else 0
        except OSError:
            continue
    return total


def _print(document: dict[str, Any], shown: int) -> None:
    from hubcensus.output import say, table

    if not document["runs"]:
        say(f"Nothing has been crawled into {document['home']} yet; start with 'hubcensus crawl huggingface'.")
        return
    columns = ["hub", "runs", "models", "last complete snapshot", "age", "requests"]
    table(columns, [_hub_row(hub) for hub in document["hubs"]])
    rows = [
        [run["run_id"], run["kind"], run["state"], run["complete"], _short(run["observed_at"]), run["records"]]
        for run in document["runs"][:shown]
    ]
    if rows:
        table(["run", "kind", "state", "complete", "observed", "records"], rows)
    for hub in document["hubs"]:
        for run in hub["unfinished"]:
            say(f"Unfinished: {run['run_id']} ({run['records']:,} records so far); go on with: {run['resume']}")
    disk = document["disk_bytes"]
    warehouse = f"warehouse {disk['warehouse'] / 1e6:,.1f} MB" if document["warehouse"] else "no warehouse yet"
    say(f"On disk: landing {disk['landing'] / 1e6:,.1f} MB, {warehouse}.")


def _hub_row(hub: dict[str, Any]) -> list[Any]:
    spent = sum(int(hub["requests"].get(kind, 0)) for kind in ("api", "resolvers", "pages"))
    last = _short(hub["last_complete"])
    return [hub["hub"], hub["runs"], hub["models"], last, _age(hub["age_seconds"]), spent]


def _short(text: str | None) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M") if text else ""


def _age(seconds: float | None) -> str:
    if seconds is None:
        return ""
    hours = seconds / 3600
    return (
        f"{hours / 24:,.1f} days"
        if hours >= 48
        else f"{hours:.1f} hours"
        if hours >= 1
        else f"{seconds / 60:.0f} min"
    )
