"""Fetching what was discovered: what GitHub says of each repository, and its files that matter, at a recorded commit.

Repositories are taken in the order of their discovery, so many at a time. One GraphQL query says what they are
(``repository`` envelopes, also for those that are gone); the files of each land unchanged (``source`` envelopes,
keys ``owner/name:path``, revision the commit) with a summary behind them, key ``owner/name``: how they came, what
was left out, what was wrong. A repository that had the same commit in an earlier run is not fetched again. Files of
one repository land before its summary, and the journal knows how far each is, so a kill loses nothing and doubles
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import msgspec
import zstandard

from crawler.downstream import archives, clone, discover, facts
from crawler.downstream.archives import Contents, Limits
from crawler.downstream.facts import About
from crawler.downstream.github import GitHub
from crawler.pool import spread
from crawler.source import Progress
from landing import Manifest, OperationalError, Record, Run, RunWriter, TransientError, UsageError, Zone
from landing.clock import now
from landing.errors import StorageError, storage

SOURCE = "downstream-fetch"
PARSER = "fetch/1"
CHUNK = 50
BUNDLE_RECORDS, BUNDLE_BYTES = 2_000, 8 << 20
# An archive that comes cut off is asked for again so often; so many repositories in a row that fail: GitHub is down.
_AGAIN, _HOPELESS = 3, 25
Work = Callable[[About], list[Record]]


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    by: str = "archive"
    limit: int | None = None
    forks: bool = False
    threads: tuple[str, ...] = ()
    fresh: bool = False
    at_once: int = 4
    limits: Limits = field(default_factory=Limits)
    token: str | None = field(default=None, repr=False)


def fetch(
    zone: Zone, hub: GitHub, options: Options, *, program: str, tell: Callable[[Progress], None] | None = None
) -> Manifest:
    """Fetch every discovered repository in one run; goes on with one that was cut off, unless ``fresh``.

    Raises :class:`UsageError` where nothing was discovered, an operational error where GitHub does not allow the
    work.
    """
    found = [run.run_id for run in zone.finished(discover.SOURCE)]
    unfinished = zone.unfinished(SOURCE)
    if unfinished and not options.fresh:
        found = unfinished.manifest.config["discovered"]
    if not found:
        raise UsageError("Nothing was discovered yet; run 'hubcensus downstream discover' first.")
    asked = {
        "endpoint": hub.endpoint,
        "by": options.by,
        "limit": options.limit,
        "forks": options.forks,
        "with": sorted(options.threads),
        "discovered": found,
    }
    with zone.lock(SOURCE):
        writer = discover.take_up(zone, SOURCE, "fetch", PARSER, asked, fresh=options.fresh, program=program)
        try:
            return Fetching(zone, hub, writer, options, tell).whole()
        except BaseException:
            writer.manifest.requests = hub.session.budget.report()
            writer.save()
            raise


class Fetching:
    """One run, from where it stands to its end."""

    def __init__(
        self,
        zone: Zone,
        hub: GitHub,
        writer: RunWriter,
        options: Options,
        tell: Callable[[Progress], None] | None = None,
    ) -> None:
        """Take up the run where its journal ends."""
        self.zone, self.hub, self.writer, self.options = zone, hub, writer, options
        self._tell = tell or (lambda _progress: None)
        self._before = _commits(zone)
        self._in_a_row = 0

    def whole(self) -> Manifest:
        """Fetch everything, seal."""
        position = self.writer.cursors.get("chunks", (0, False))[0] or 0
        names = islice(_discovered(self.zone, self.writer.manifest.config["discovered"]), self.options.limit)
        for _ in islice(names, position):
            pass
        while chunk := list(islice(names, CHUNK)):
            listed = self._facts(position, chunk)
            done = self._each("files", position, list(filter(self._wanted, listed)), self._source)
            for kind in self.options.threads:
                there = [about for about in listed if about.commit is not None]
                self._each(kind, position, there, lambda about, kind=kind: facts.threads(self.hub, about.name, kind))  # type: ignore[misc]
            position += len(chunk)
            self._close(position, [about for about in listed if about.name in done])
            self._tell(Progress("repositories", self.writer.landed, position))
        return self.writer.finish(
            complete=not self.writer.failures,
            counts={"repositories": position, **self._counts()},
            requests=self.hub.session.budget.report(),
        )

    def _close(self, position: int, fetched: list[About]) -> None:
        """A chunk is done: which commits are here now."""
        if not fetched:
            self.writer.mark("chunks", position, done=False)
            return
        self.writer.write_page(
            json.dumps([{"full_name": about.name, "commit": about.commit} for about in fetched]).encode(),
            kind="commits",
            key=f"{position:06d}",
            url="",
            records=len(fetched),
            fields=("full_name", "commit"),
            fetched_at=now(),
            walk="chunks",
            cursor=position,
        )

    def _each(self, walk: str, position: int, todo: list[About], work: Work) -> frozenset[str]:
        """Land what ``work`` gives for each repository, several at once; the names of those that are done.

        Whole repositories share a bundle; one that is more than a bundle has bundles of its own, and those of them
        that had landed before a kill are passed over.
        """
        saved = self.writer.cursors.get(walk, (None, False))[0] or {}
        fresh = {"position": position, "done": [], "halves": {}}
        at: dict[str, Any] = saved if saved.get("position") == position else fresh
        left = [about for about in todo if about.name not in at["done"]]
        bundle: list[Record] = []
        for about, records, failure in spread(lambda about: _tried(work, about), left, self.options.at_once):
            if failure:
                self._fail(about, failure)
                continue
            self._in_a_row = 0
            if not records:
                continue
            if bundle and _too_long(bundle + records):
                at = self._land(walk, at, bundle)
                bundle = []
            if _too_long(records):
                at = self._land_long(walk, at, about.name, records)
            else:
                bundle += records
        return frozenset((self._land(walk, at, bundle) if bundle else at)["done"])

    def _land(self, walk: str, at: dict[str, Any], records: list[Record]) -> dict[str, Any]:
        """Land whole repositories in one bundle; where the walk stands then."""
        done = sorted({*at["done"], *(record.key.partition(":")[0] for record in records)})
        after = {**at, "done": done}
        self.writer.write_records(records, walk=walk, cursor=after)
        return after

    def _land_long(self, walk: str, at: dict[str, Any], name: str, records: list[Record]) -> dict[str, Any]:
        """Land a repository in bundles of its own; the journal knows how many of them are there."""
        halves: dict[str, int] = at["halves"]
        bundles = list(_bundled(records))
        after = at
        for number, bundle in enumerate(bundles, 1):
            if number <= halves.get(name, 0):
                continue
            after = {**at, "halves": {**halves, name: number}}
            if number == len(bundles):
                others = {other: count for other, count in halves.items() if other != name}
                after = {**at, "done": sorted({*at["done"], name}), "halves": others}
            self.writer.write_records(bundle, walk=walk, cursor=after)
        return after

    def _facts(self, position: int, names: list[str]) -> list[About]:
        """What the repositories of a chunk are, landed once."""
        saved = self.writer.cursors.get("facts", (None, False))[0] or {}
        if saved.get("position") == position:
            return [About(*row) for row in saved["listed"]]
        told = facts.ask(self.hub, names)
        for name, reason in told.failures:
            self.writer.fail(name, reason, during="facts")
        cursor = {"position": position, "listed": [list(about) for about in told.listed]}
        if told.records:
            self.writer.write_records(told.records, walk="facts", cursor=cursor)
        else:
            self.writer.mark("facts", cursor, done=False)
        self.writer.cursors["facts"] = (cursor, False)
        return told.listed

    def _wanted(self, about: About) -> bool:
        """Whether a repository's files are wanted: it has some, and they are not here yet."""
        if about.commit is None or (about.fork and not self.options.forks):
            return False
        return self._before.get(about.name.lower()) != about.commit

    def _source(self, about: About) -> list[Record]:
        """The files of a repository, and the summary that makes them count."""
        contents = self._clone(about) if self.options.by == "clone" else self._archive(about)
        moment, name, commit = now(), about.name, about.commit
        site = f"https://github.com/{name}"
        records = [
            Record("source", f"{name}:{path}", f"{site}/blob/{commit}/{path}", 200, moment, data, revision=commit)
            for path, data in contents.files.items()
        ]
        summary = {"via": self.options.by, "asked": about.asked, **contents.summary()}
        body = json.dumps(summary, ensure_ascii=True).encode()
        return [*records, Record("source", name, f"{site}/tree/{commit}", 200, moment, body, revision=commit)]

    def _archive(self, about: About) -> Contents:
        url = self.hub.archive_url(about.name, about.commit or "")
        target = self.writer.folder / f"archive-{about.name.replace('/', '+')}.tar.gz"
        try:
            for attempt in range(_AGAIN):
                with storage(target, "write"):
                    response, _ = self.hub.session.save(url, target, cap=self.options.limits.packed)
                if response.status != 200:
                    raise OperationalError(f"GitHub answers {response.status} to the archive of {about.name}.")
                contents = archives.read_tar(target, self.options.limits)
                if contents.broken is None:
                    return contents
                # A body that stops early without having announced its length shows in no other way.
                self.hub.session.budget.count("retries")
                self.hub.session.budget.pause(self.hub.session.patience.base * 2**attempt)
        except OperationalError as error:
            if "is longer than" not in str(error):
                raise
            contents = Contents()
            contents.refuse("archive-too-large", str(error))
            return contents
        finally:
            target.unlink(missing_ok=True)
            target.with_name(f".{target.name}.tmp").unlink(missing_ok=True)
        raise TransientError(f"The archive of {about.name} comes broken ({contents.broken}).")

    def _clone(self, about: About) -> Contents:
        url = f"{self.hub.site}/{about.name}.git"
        return clone.read_clone(url, about.commit or "", self.options.limits, token=self.options.token)

    def _fail(self, about: About, reason: str) -> None:
        self._in_a_row += 1
        if self._in_a_row >= _HOPELESS:
            raise TransientError(f"{reason} So do the {_HOPELESS} before; run the same command again later.")
        self.writer.fail(about.name, reason, during="chunks")

    def _counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for part in Run(self.writer.folder, self.writer.manifest).parts():
            counts[part.kind] = counts.get(part.kind, 0) + part.records
        return counts


def _tried(work: Work, about: About) -> tuple[About, list[Record], str | None]:
    """What came of one repository, or why nothing did."""
    try:
        return about, work(about), None
    except StorageError:
        # Not the repository's fault: the run stays as it is and can go on.
        raise
    except (OperationalError, TransientError) as error:
        return about, [], str(error)


def _too_long(records: list[Record]) -> bool:
    return len(records) > BUNDLE_RECORDS or sum(len(record.body) for record in records) > BUNDLE_BYTES


def _bundled(records: list[Record]) -> Iterator[list[Record]]:
    bundle: list[Record] = []
    size = 0
    for record in records:
        if bundle and (len(bundle) >= BUNDLE_RECORDS or size + len(record.body) > BUNDLE_BYTES):
            yield bundle
            bundle, size = [], 0
        bundle.append(record)
        size += len(record.body)
    if bundle:
        yield bundle


def _discovered(zone: Zone, runs: list[str]) -> Iterator[str]:
    """The names that runs found, each once, in order."""
    seen: set[str] = set()
    for run in zone.finished(discover.SOURCE):
        if run.run_id in runs:
            for name in discover.names(run):
                if name.lower() not in seen:
                    seen.add(name.lower())
                    yield name


def _commits(zone: Zone) -> dict[str, str]:
    """The commit of every repository whose files are here, by earlier runs."""
    found: dict[str, str] = {}
    for run in zone.finished(SOURCE):
        for part in run.parts():
            if part.kind == "commits":
                with (
                    run.path(part).open("rb") as handle,
                    zstandard.ZstdDecompressor().stream_reader(handle) as stream,
                ):
                    rows = msgspec.json.decode(stream.read())
                found |= {row["full_name"].lower(): row["commit"] for row in rows}
    return found
