"""Writing a run: parts first, then the journal line that makes them count."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from landing.clock import now, to_iso
from landing.errors import UsageError, storage
from landing.files import append_line, copy_atomic, sha256_file, write_atomic
from landing.manifest import Format, Line, Manifest, Part, State
from landing.record import Record
from landing.run import JOURNAL, MANIFEST, Run

# Level 3 costs about 1.7 ms of CPU per megabyte of JSON and packs it ten times smaller.
_LEVEL = 3


def _number(part: Part) -> int:
    """The running number in a part's name; numbers are never used twice, even after a kill."""
    return int(Path(part.path).name.split("-", 1)[0])


def _failures(lines: Iterable[Line]) -> tuple[list[dict[str, Any]], bool]:
    """The failures that count, and whether others still waited for their walk to move on."""
    counted: list[dict[str, Any]] = []
    waiting: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        if line.resumed:
            waiting.clear()
        if line.failure is not None:
            (waiting.setdefault(line.during, []) if line.during else counted).append(line.failure)
        if line.walk is not None:
            counted += waiting.pop(line.walk, [])
    return counted, bool(waiting)


class RunWriter:
    """An open run. Safe to use from several threads; one process at a time (the zone's lock)."""

    def __init__(self, run: Run) -> None:
        """Take up ``run`` where its journal ends (a fresh run has none)."""
        self.folder: Path = run.folder
        self.manifest: Manifest = run.manifest
        self._lock = threading.Lock()
        self._local = threading.local()
        lines = list(run.lines())
        self.cursors: dict[str, tuple[Any, bool]] = {
            line.walk: (line.cursor, line.done) for line in lines if line.walk
        }
        self.parts: int = max((_number(line.part) for line in lines if line.part), default=0)
        self.landed: int = sum(line.part is not None for line in lines)
        self.records: int = sum(line.part.records for line in lines if line.part)
        self.failures, waiting = _failures(lines)
        self._drop_torn_line(run)
        if waiting:
            self._journal(Line(at=to_iso(now()), resumed=True))

    def _drop_torn_line(self, run: Run) -> None:
        path = run.folder / JOURNAL
        data = path.read_bytes() if path.exists() else b""
        if data and not data.endswith(b"\n"):
            write_atomic(path, data[: data.rfind(b"\n") + 1])

    def write_page(
        self,
        body: bytes,
        *,
        kind: str,
        key: str,
        url: str,
        records: int,
        fields: Iterable[str],
        fetched_at: datetime,
        walk: str,
        cursor: Any,
        done: bool = False,
        etag: str | None = None,
        suspect: str | None = None,
        at: str = "",
    ) -> Part:
        """Land one response with the cursor that follows it.

        Its body is a JSON array of records or, where ``at`` is given, an object that has the array there.
        """
        part = self._store(
            body,
            "json-object" if at else "json-array",
            ".json.zst",
            kind=kind,
            key=key,
            url=url,
            records=records,
            fields=sorted(fields),
            fetched_at=to_iso(fetched_at),
            walk=walk,
            etag=etag,
            suspect=suspect,
            at=at,
        )
        self._journal(Line(at=to_iso(now()), part=part, walk=walk, cursor=cursor, done=done))
        return part

    def write_records(
        self,
        records: list[Record],
        *,
        walk: str,
        cursor: Any = None,
        done: bool = False,
        fields: Iterable[str] = (),
    ) -> Part:
        """Land a bundle of envelopes; ``records`` holds at least one, all of one kind."""
        kinds = {record.kind for record in records}
        if len(kinds) != 1:
            raise UsageError(f"A bundle holds records of one kind, not of {sorted(kinds)}.")
        body = b"".join(record.envelope() for record in records)
        part = self._store(
            body,
            "envelopes",
            ".jsonl.zst",
            kind=kinds.pop(),
            key=f"{records[0].key} .. {records[-1].key}",
            url="",
            records=len(records),
            fields=sorted(fields),
            fetched_at=to_iso(max(record.fetched_at for record in records)),
            walk=walk,
        )
        self._journal(Line(at=to_iso(now()), part=part, walk=walk, cursor=cursor, done=done))
        return part

    def adopt(
        self,
        path: Path,
        *,
        format: Format,
        kind: str,
        records: int,
        fields: Iterable[str],
        url: str,
        walk: str = "import",
    ) -> Part:
        """Land a file as it is, byte for byte (a public dump)."""
        suffix = "".join(path.suffixes[-2:])
        target = self._target(walk, suffix)
        with storage(target, "write"):
            copy_atomic(path, target)
        digest, size = sha256_file(target), target.stat().st_size
        part = Part(
            path=str(target.relative_to(self.folder)),
            format=format,
            kind=kind,
            key=path.name,
            records=records,
            sha256=digest,
            stored_bytes=size,
            body_sha256=digest,
            body_bytes=size,
            fetched_at=to_iso(now()),
            url=url,
            fields=sorted(fields),
            walk=walk,
        )
        self._journal(Line(at=to_iso(now()), part=part, walk=walk))
        return part

    def mark(self, walk: str, cursor: Any, *, done: bool) -> None:
        """Save where a walk stands without landing a part."""
        self._journal(Line(at=to_iso(now()), walk=walk, cursor=cursor, done=done))

    def fail(self, key: str, reason: str, *, url: str = "", during: str | None = None) -> None:
        """Note something asked for that could not be had; the run will end as partial.

        ``during`` names the walk that will ask for it again if the run is cut off before the walk has moved on.
        """
        failure = {"key": key, "reason": reason, "url": url}
        self.failures.append(failure)
        self._journal(Line(at=to_iso(now()), failure=failure, during=during))

    def finish(
        self,
        *,
        complete: bool,
        observed_at: datetime | None = None,
        counts: dict[str, int] | None = None,
        requests: dict[str, float] | None = None,
        watermark: str | None = None,
    ) -> Manifest:
        """Seal the run: from now on the warehouse loads it and nothing may change in it.

        ``complete`` says that the listing was seen whole; a card that could not be had does not change that.
        """
        state: State = "partial" if self.failures else "complete"
        finished = now()
        journal = self.folder / JOURNAL
        self.manifest.state = state
        self.manifest.complete = complete
        self.manifest.finished_at = to_iso(finished)
        self.manifest.observed_at = to_iso(observed_at or finished)
        self.manifest.counts = {"parts": self.landed, "records": self.records, **(counts or {})}
        self.manifest.requests = requests or {}
        self.manifest.failures = self.failures[:1000]
        self.manifest.watermark = watermark
        data = journal.read_bytes() if journal.exists() else b""
        self.manifest.journal_sha256 = hashlib.sha256(data).hexdigest()
        self.save()
        return self.manifest

    def abandon(self) -> None:
        """Give the run up: it keeps what it has, is never resumed and never loaded."""
        self.manifest.state = "abandoned"
        self.save()

    def save(self) -> None:
        """Write the manifest as it stands."""
        path = self.folder / MANIFEST
        with storage(path, "write"):
            write_atomic(path, msgspec.json.format(msgspec.json.encode(self.manifest), indent=2) + b"\n")

    def _target(self, walk: str, suffix: str) -> Path:
        with self._lock:
            self.parts += 1
            number = self.parts
        return self.folder / "parts" / f"{number:06d}-{walk}{suffix}"

    def _store(self, body: bytes, format: Format, suffix: str, **facts: Any) -> Part:
        target = self._target(facts["walk"], suffix)
        stored = self._pack(body)
        with storage(target, "write"):
            write_atomic(target, stored)
        return Part(
            path=str(target.relative_to(self.folder)),
            format=format,
            sha256=hashlib.sha256(stored).hexdigest(),
            stored_bytes=len(stored),
            body_sha256=hashlib.sha256(body).hexdigest(),
            body_bytes=len(body),
            **facts,
        )

    def _pack(self, body: bytes) -> bytes:
        """Compress, with one compressor per thread: making one costs as much as a small page."""
        if not hasattr(self._local, "compressor"):
            self._local.compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        packed: bytes = self._local.compressor.compress(body)
        return packed

    def _journal(self, line: Line) -> None:
        path = self.folder / JOURNAL
        with self._lock, storage(path, "write"):
            append_line(path, msgspec.json.encode(line) + b"\n")
            if line.part is not None:
                self.landed += 1
                self.records += line.part.records
            if line.walk is not None:
                self.cursors[line.walk] = (line.cursor, line.done)
