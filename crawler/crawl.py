"""A crawl from its first request to its sealed manifest: what to walk, resuming, details, the end.

Three kinds of run. A ``listing`` sees every model with every field. An ``incremental`` run sees
what changed since the last one, then every model's counters, which also shows who is gone. A
``counters`` run is that lean pass alone. The manifest is ``complete`` when every public model was
seen, so that whoever is missing was removed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from crawler import hubs
from crawler.asking import Asking
from crawler.budget import Budget, Waiting
from crawler.partition import in_slices
from crawler.repository import Gathering
from crawler.session import Patience, Session, origin
from crawler.site import Visit
from crawler.source import Crawl, Plain, Progress, Walk
from landing import Manifest, Run, RunWriter, UsageError, Zone
from landing.clock import from_iso, to_iso

# Changes are asked for again from this long before the last watermark: clocks differ, caches lag.
OVERLAP = timedelta(hours=1)
FORGE = "https://api.github.com"
NOTHING_COUNTS = "Only descriptions were requested: nothing here counted as a download."


@dataclass(frozen=True)
class Options:
    """What was asked for, and how to behave while doing it."""

    endpoint: str | None = None
    source: Path | None = None
    limit: int | None = None
    since: str | None = None
    details: tuple[str, ...] = ()
    counters: bool | None = None
    walks: int | None = None
    fresh: bool = False
    token: str | None = field(default=None, repr=False)
    contact: str = ""
    patience: Patience = field(default_factory=Patience)
    # What the snapshot stands for where this machine's clock does not say: a simulated hub has days of its own.
    observed_at: datetime | None = None
    on_progress: Callable[[Progress], None] | None = None
    on_wait: Waiting | None = None
    on_note: Callable[[str], None] | None = None

    def command(self, hub: str) -> str:
        """The command that asks for this."""
        words = ["hubcensus", "crawl", hub]
        words += ["--endpoint", self.endpoint] if self.endpoint else []
        words += ["--from", str(self.source)] if self.source else []
        words += ["--limit", str(self.limit)] if self.limit else []
        words += ["--since", self.since] if self.since else []
        words += ["--with", ",".join(self.details)] if self.details else []
        words += [] if self.counters is None else ["--counters" if self.counters else "--no-counters"]
        words += ["--walks", str(self.walks)] if self.walks else []
        return " ".join(words)


def crawl(zone: Zone, hub: str, options: Options, *, program: str) -> Manifest:
    """Crawl one hub into the landing zone; goes on with a run that was cut off, unless ``fresh``.

    Raises an operational error when the hub or the machine does not allow the work, and
    KeyboardInterrupt when the person does not: either way the run stays as it is and can go on.
    """
    module = hubs.load(hub)
    endpoint = _endpoint(options.endpoint or home(module), options.token)
    _check(options, module)
    if not options.details and options.counters is None:
        options = replace(options, details=getattr(module, "BY_DEFAULT", ()))
    with zone.lock(module.NAME):
        writer = _writer(zone, module, endpoint, options, program)
        budget = Budget(options.on_wait)
        budget.spent.update({key: int(value) for key, value in writer.manifest.requests.items() if key != "waited_s"})
        budget.waited = writer.manifest.requests.get("waited_s", 0.0)
        session = _session(module, endpoint, options, program, budget)
        try:
            if hasattr(module, "REPOSITORY"):
                gathering = Gathering(module, session, writer, options.source, options.limit, options.on_progress)
                return gathering.whole(options.observed_at)
            if hasattr(module, "Library"):
                visit = Visit(module, session, writer, options.source, options.limit, options.details)
                return visit.whole(options.observed_at, options.on_progress)
            return _Run(session, module, writer, zone, options).whole()
        except BaseException:
            writer.manifest.requests = budget.report()
            writer.save()
            raise
        finally:
            session.close()


def home(module: Any) -> str:
    """Where a hub is asked: its own address, or the forge that its repository lives on."""
    endpoint: str = getattr(module, "ENDPOINT", FORGE)
    return endpoint


def _endpoint(endpoint: str, token: str | None) -> str:
    scheme, host, _ = origin(endpoint)
    if scheme not in ("http", "https") or not host or "@" in endpoint:
        raise UsageError(f"{endpoint!r} is no endpoint; write https://huggingface.co or http://127.0.0.1:8000.")
    if token and scheme == "http" and host not in ("127.0.0.1", "localhost", "::1"):
        raise UsageError(f"The token would travel unprotected to {host}; use https, or unset the token.")
    return endpoint.rstrip("/")


def _check(options: Options, module: Any) -> None:
    gives = [name for name in module.GIVES if name not in ("models", "counters")]
    unknown = [name for name in options.details if name not in gives]
    if unknown:
        raise UsageError(
            f"--with does not know {', '.join(unknown)}; for {module.NAME} choose from "
            f"{', '.join(gives) or 'nothing: it has no more'}."
        )
    if options.walks is not None and not 1 <= options.walks <= getattr(module, "MAX_WALKS", 1):
        most = getattr(module, "MAX_WALKS", 1)
        raise UsageError(f"--walks takes 1 to {most}: there are no more disjoint ways through the listing.")
    if options.limit is not None and options.limit < 1:
        raise UsageError("--limit takes a number above 0.")
    if options.counters and options.since is None and options.details:
        raise UsageError("--counters alone sees too little of a model for --with; leave one of them out.")
    if (options.since or options.counters) and "counters" not in module.GIVES:
        raise UsageError(f"{module.NAME} does not say what changed; leave out --since and --counters.")
    if options.source and not getattr(module, "COPIES", hasattr(module, "REPOSITORY")):
        raise UsageError(f"{module.NAME} is not read from a copy; leave out --from.")


def _session(module: Any, endpoint: str, options: Options, program: str, budget: Budget) -> Session:
    contact = f" (+{options.contact})" if options.contact else ""
    hub = Plain() if hasattr(module, "REPOSITORY") else module.Hub(endpoint)
    return Session(
        endpoint,
        budget,
        agent=program.replace(" ", "/") + contact,
        token=options.token,
        scheme=getattr(module, "SCHEME", "Bearer"),
        headers=getattr(module, "HEADERS", {}),
        patience=options.patience,
        classify=hub.classify,
        guard=hub.guard,
    )


def _writer(zone: Zone, module: Any, endpoint: str, options: Options, program: str) -> RunWriter:
    """The run to write: the one that was cut off if it is the same work, else a fresh one."""
    unfinished = zone.unfinished(module.NAME)
    asked = _asked(endpoint, options)
    note = options.on_note or (lambda _text: None)
    if unfinished and options.fresh:
        zone.resume(unfinished).abandon()
        note(f"Gave up the unfinished run {unfinished.run_id}; its folder stays.")
    elif unfinished:
        _same(unfinished, asked if options.walks is None else {**asked, "walks": options.walks})
        note(f"Going on with {unfinished.run_id}, begun {unfinished.manifest.started_at[:16]}.")
        return zone.resume(unfinished)
    kind, since = _kind(zone, module.NAME, endpoint, options, note)
    walks = options.walks or 1
    config = {
        **asked,
        "since": since,
        "walks": walks if options.limit is None else 1,
        "command": options.command(module.NAME),
    }
    if not hasattr(module, "REPOSITORY"):
        config["politeness"] = getattr(module, "POLITENESS", NOTHING_COUNTS)
        hub = module.Hub(endpoint)
        config["params"] = {walk.name: walk.url for stage in _stages(hub, kind, config) for walk in stage}
    return zone.start(module.NAME, kind=kind, program=program, parser=module.PARSER, config=config)


def _asked(endpoint: str, options: Options) -> dict[str, Any]:
    """What must be the same for a run to be gone on with."""
    return {
        "endpoint": endpoint,
        **({"from": str(options.source)} if options.source else {}),
        "limit": options.limit,
        "since_asked": options.since,
        "counters": options.counters,
        "with": sorted(options.details),
    }


def _same(unfinished: Run, asked: dict[str, Any]) -> None:
    config = unfinished.manifest.config
    other = [name for name, value in asked.items() if config.get(name) != value]
    if other:
        names = ", ".join(name.replace("since_asked", "since") for name in other)
        raise UsageError(
            f"The unfinished run {unfinished.run_id} was asked for something else ({names}); go on with it by "
            f"'{config.get('command', 'the same command')}', or give it up with --fresh."
        )


def _kind(
    zone: Zone, source: str, endpoint: str, options: Options, note: Callable[[str], None]
) -> tuple[str, str | None]:
    """The kind of run, and the moment since when changes count."""
    if options.since is None:
        return ("counters" if options.counters else "listing"), None
    if options.since != "auto":
        return "incremental", _stamp(from_iso(options.since).isoformat())
    marks = [
        run.manifest.watermark
        for run in zone.finished(source)
        if run.manifest.watermark and run.manifest.config.get("endpoint") == endpoint
    ]
    if not marks:
        note("No earlier crawl of this endpoint: listing everything.")
        return "listing", None
    return "incremental", _stamp((from_iso(max(marks)) - OVERLAP).isoformat())


def _stamp(text: str) -> str:
    """A time as the API writes it, so that the two compare as text."""
    return to_iso(from_iso(text))[:23] + "Z"


def _stages(hub: Any, kind: str, config: dict[str, Any]) -> list[list[Walk]]:
    """The walks of a run, in stages; those of one stage go side by side."""
    walks, limit = config["walks"], config["limit"]
    if hasattr(hub, "expect"):
        hub.expect(frozenset(config["with"]))
    if kind == "listing":
        return [hub.listing(walks, limit)]
    if kind == "counters":
        return [hub.counters(walks, limit)]
    lean = config["counters"] is not False and limit is None
    return [hub.changes(config["since"])] + ([hub.counters(walks)] if lean else [])


class _Run:
    """One run from where it stands to its end."""

    def __init__(self, session: Session, module: Any, writer: RunWriter, zone: Zone, options: Options) -> None:
        self.session, self.module, self.hub = session, module, module.Hub(session.endpoint)
        self.writer, self.zone, self.options = writer, zone, options
        config = writer.manifest.config
        self.kind, self.limit, self.details = writer.manifest.kind, config["limit"], tuple(config["with"])
        self.stages = _stages(self.hub, self.kind, config)

    def whole(self) -> Manifest:
        """Walk, fetch details, seal."""
        at = getattr(self.module, "RECORDS_AT", "")
        tell = self.options.on_progress
        listing = Crawl(self.session, self.hub, self.writer, limit=self.limit, on_progress=tell, at=at)
        for stage in self.stages:
            listing.run(stage)
        # Where the listing ends after so many records, it is asked in slices.
        sliced = self.limit is None and hasattr(self.hub, "facets")
        covered = not sliced or in_slices(self.hub, listing, self.writer, self.options.on_note)
        # A page that came broken to the end hides models: then absence proves nothing.
        whole = self.limit is None and not self.writer.failures and self._sees_all()
        whole = whole and covered and self.writer.records < getattr(self.module, "AT_MOST", self.writer.records + 1)
        if self.details:
            self._details()
        return self.writer.finish(
            complete=whole,
            observed_at=self.options.observed_at,
            counts=self._counts(),
            requests=self.session.budget.report(),
            watermark=self._watermark(listing),
        )

    def _sees_all(self) -> bool:
        kinds = {walk.kind for stage in self.stages for walk in stage}
        return self.kind == "listing" or "counters" in kinds

    def _details(self) -> None:
        if hasattr(self.hub, "asks"):
            fields = ("_key", *getattr(self.module, "DETAIL_FIELDS", ()))
            Asking(self.session, self.hub, self.writer, self.options.on_progress, fields).fetch(self.details)
            return
        from crawler.details import Details  # DuckDB: only where it is needed

        Details(self.session, self.hub, self.writer, self.zone, self.options.on_progress).fetch(self.details)

    def _watermark(self, listing: Crawl) -> str | None:
        """Until when all changes are known: what was seen, and nothing after the run began."""
        if self.limit is not None or self.kind == "counters":
            return None
        newest = listing.newest([walk for stage in self.stages for walk in stage if walk.kind == "models"])
        return min(newest, self.writer.manifest.started_at) or None

    def _counts(self) -> dict[str, int]:
        coverage = self.writer.manifest.config.get("coverage", {})
        counts: dict[str, int] = {name: coverage[name] for name in ("distinct", "total_count") if coverage}
        for part in Run(self.writer.folder, self.writer.manifest).parts():
            counts[part.kind] = counts.get(part.kind, 0) + part.records
            counts["suspect_parts"] = counts.get("suspect_parts", 0) + bool(part.suspect)
        return counts
