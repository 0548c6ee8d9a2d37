"""Mining what was fetched: the usages, packages and licences in the landed files of each repository, as one record.

Only landed files are read. Those of one repository are written into a folder of their own, so that names can be
followed from file to file, and read there by the miner; nothing in them is run. A reading is a pure function of the
files and of the miner's version, so what an earlier version read can be read again.
"""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import zstandard

from crawler.downstream import dependencies, discover, fetch, licences
from crawler.downstream.tree import Counts, usages
from crawler.downstream.wanted import is_licence, is_manifest
from crawler.downstream.workers import workers
from crawler.source import Progress
from landing import Manifest, Record, Run, RunWriter, UsageError, Zone
from landing.clock import from_iso
from landing.errors import storage

SOURCE = "downstream-mine"
#: Raise it when the miner finds something else: what was mined before is mined again.
PARSER = "usages/1"
_BUNDLE, _BYTES = 200, 8 << 20
# Two names that this file system cannot tell apart, or one that it does not allow.
_NAMES = frozenset(
    {errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ELOOP}
)


class _Envelope(msgspec.Struct):
    key: str
    revision: str | None
    url: str
    fetched_at: str
    body: str | None = None
    body_base64: bytes | None = None


_envelope = msgspec.json.Decoder(_Envelope)


@dataclass(slots=True)
class Job:
    """One repository whose files are in a folder; ``summary`` is what fetching said of it."""

    name: str
    commit: str | None
    url: str
    fetched_at: str
    folder: Path
    summary: dict[str, Any] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


def mine(
    zone: Zone,
    *,
    processes: int,
    again: bool,
    fresh: bool,
    program: str,
    tell: Callable[[Progress], None] | None = None,
) -> Manifest | None:
    """Mine every fetched run that this version has not mined yet, or all of them ``again``; None where none is left.

    Goes on with a run that was cut off, unless ``fresh``. Raises :class:`UsageError` where nothing was fetched.
    """
    fetched = [run.run_id for run in zone.finished(fetch.SOURCE)]
    if not fetched:
        raise UsageError("Nothing was fetched yet; run 'hubcensus downstream fetch' first.")
    unfinished = zone.unfinished(SOURCE)
    if unfinished and not fresh and unfinished.manifest.parser == PARSER:
        todo = unfinished.manifest.config["fetched"]
    else:
        fresh = True
        todo = fetched if again else [run_id for run_id in fetched if run_id not in _mined(zone)]
    if not todo:
        return None
    with zone.lock(SOURCE):
        asked = {"fetched": todo}
        writer = discover.take_up(zone, SOURCE, "mine", PARSER, asked, fresh=fresh, program=program)
        return Mining(zone, writer, processes, tell).whole()


def _mined(zone: Zone) -> set[str]:
    """The fetched runs that this version has mined."""
    runs = (run.manifest for run in zone.finished(SOURCE) if run.manifest.parser == PARSER)
    return {run_id for manifest in runs for run_id in manifest.config["fetched"]}


class Mining:
    """One run, from where it stands to its end."""

    def __init__(
        self, zone: Zone, writer: RunWriter, processes: int, tell: Callable[[Progress], None] | None = None
    ) -> None:
        """Take up the run where its journal ends."""
        self.zone, self.writer, self.processes = zone, writer, processes
        self._tell = tell or (lambda _progress: None)
        self.counts = {"repositories": 0, "usages": 0}

    def whole(self) -> Manifest:
        """Mine everything, seal."""
        beside = Path(tempfile.gettempdir())
        with storage(beside, "write to"), tempfile.TemporaryDirectory(prefix="hubcensus-") as place:
            for run in self.zone.finished(fetch.SOURCE):
                if run.run_id in self.writer.manifest.config["fetched"]:
                    self._run(run, Path(place))
        return self.writer.finish(complete=not self.writer.failures, counts=self._counted())

    def _run(self, run: Run, place: Path) -> None:
        """Mine one fetched run; its repositories land in their order, so a count says how far it is."""
        walk = f"mine-{run.run_id.rpartition('-')[2]}"
        landed, done = self.writer.cursors.get(walk, (0, False))
        if done:
            return
        bundle: list[Record] = []
        count = landed or 0
        for record in self._records(repositories(run, place, skip=count)):
            bundle.append(record)
            if len(bundle) >= _BUNDLE or sum(len(one.body) for one in bundle) > _BYTES:
                count += len(bundle)
                self.writer.write_records(bundle, walk=walk, cursor=count)
                self._tell(Progress("repositories", self.writer.landed, count))
                bundle = []
        if bundle:
            count += len(bundle)
            self.writer.write_records(bundle, walk=walk, cursor=count, done=True)
        self.writer.mark(walk, count, done=True)

    def _records(self, jobs: Iterator[Job]) -> Iterator[Record]:
        """The records of jobs, in order, on so many processes."""
        if self.processes <= 1:
            yield from map(read, jobs)
            return
        with workers(self.processes) as pool:
            under_way: deque[Future[Record]] = deque()
            for job in jobs:
                under_way.append(pool.submit(read, job))
                if len(under_way) > 4 * self.processes:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()

    def _counted(self) -> dict[str, int]:
        """Repositories and usages, from what has landed: a run that was cut off counts the whole."""
        counts = {"repositories": 0, "usages": 0}
        for part in Run(self.writer.folder, self.writer.manifest).parts():
            with _lines(self.writer.folder / part.path) as lines:
                for line in lines:
                    body = msgspec.json.decode(_envelope.decode(line).body or "{}")
                    counts["repositories"] += 1
                    counts["usages"] += len(body.get("usages", ()))
        return counts


def repositories(run: Run, place: Path, skip: int = 0) -> Iterator[Job]:
    """The repositories of a fetched run, in the order in which they were done, each with its files in a folder of
    its own.

    The first ``skip`` are passed over. Where a fetch was cut off, the files of two repositories may lie between one
    another.
    """
    begun: dict[str, tuple[Path, list[str]]] = {}
    done = opened = 0
    for envelope in _sources(run):
        name, colon, path = envelope.key.partition(":")
        if name not in begun:
            begun[name], opened = (place / str(opened), []), opened + 1
        folder, lost = begun[name]
        data = envelope.body.encode() if envelope.body is not None else envelope.body_base64 or b""
        if colon:
            if not _write(folder, path, data):
                lost.append(f"{path}: no name for a file here")
            continue
        del begun[name]
        done += 1
        if done <= skip:
            shutil.rmtree(folder, ignore_errors=True)
            continue
        folder.mkdir(parents=True, exist_ok=True)
        summary = msgspec.json.decode(data)
        yield Job(name, envelope.revision, envelope.url, envelope.fetched_at, folder, summary, lost)


def _sources(run: Run) -> Iterator[_Envelope]:
    for part in run.parts():
        if part.kind == "source":
            with _lines(run.verify(part)) as lines:
                yield from map(_envelope.decode, lines)


def read(job: Job) -> Record:
    """The record of one repository; its folder is gone afterwards."""
    try:
        body = json.dumps(_body(job), ensure_ascii=True).encode()
    finally:
        shutil.rmtree(job.folder, ignore_errors=True)
    moment: datetime = from_iso(job.fetched_at)
    return Record(
        "mined", job.name, job.url, 200, moment, body, revision=job.commit, decoded={"usages": True}, decoder=PARSER
    )


def _body(job: Job) -> dict[str, Any]:
    told = {name: job.summary.get(name) for name in ("via", "asked", "refused", "left_out", "findings")}
    if job.summary.get("refused"):
        return told
    counts = Counts()
    found = list(usages(job.folder, counts, local=True))
    facts = {
        path.relative_to(job.folder).as_posix(): path.read_bytes()
        for path in job.folder.rglob("*")
        if path.is_file() and _is_fact(path.relative_to(job.folder).as_posix())
    }
    return {
        **told,
        "files": job.summary.get("files"),
        "parsed": counts.parsed,
        "unread": [*job.lost, *counts.unread],
        "usages": found,
        "dependencies": [msgspec.to_builtins(one) for one in dependencies.named(facts)],
        "licences": [msgspec.to_builtins(one) for one in licences.stated(facts)],
    }


def _is_fact(path: str) -> bool:
    return is_licence(path) or is_manifest(path)


def _write(folder: Path, path: str, data: bytes) -> bool:
    """Write a landed file below its folder; a path that leads outside is none, whoever landed it."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path:
        return False
    target = folder.joinpath(*parts)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as handle:
            handle.write(data)
    except OSError as error:
        if error.errno not in _NAMES:
            raise
        return False
    return True


@contextmanager
def _lines(path: Path) -> Iterator[Iterator[bytes]]:
    """The lines of a landed bundle, one by one."""
    with path.open("rb") as handle, zstandard.ZstdDecompressor().stream_reader(handle) as stream:
        yield _split(stream)


def _split(stream: Any) -> Iterator[bytes]:
    rest = b""
    while block := stream.read(1 << 20):
        *whole, rest = (rest + block).split(b"\n")
        yield from whole
    if rest:
        yield rest
