"""Results on their way into the landing zone, and back out of it for the stage that comes next."""

from __future__ import annotations

import json
import platform
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Any, Self

import msgspec
import zstandard

from landing import Manifest, Record, Run, RunWriter, Zone
from landing.clock import now
from probe.examination import Examination

PREFIX = "probe-"
# What a kill may cost: so many examinations, or those of so many seconds.
_BUNDLE, _BYTES, _SECONDS = 50, 8 << 20, 10.0
_PACKAGES = ("hubcensus", "numpy", "torch", "transformers", "tokenizers", "safetensors", "scikit-learn", "scipy")


class Envelope(msgspec.Struct):
    """A landed record, as far as the probe reads it back; ``body`` is JSON."""

    key: str
    revision: str | None
    fetched_at: str
    body: str = ""


_envelope = msgspec.json.Decoder(Envelope)


def envelopes(run: Run) -> Iterator[Envelope]:
    """The records of a run in the order in which they landed; raises :class:`landing.CorruptError`."""
    for part in run.parts():
        if part.format == "envelopes":
            with run.verify(part).open("rb") as handle, zstandard.ZstdDecompressor().stream_reader(handle) as stream:
                rest = b""
                while block := stream.read(1 << 20):
                    *whole, rest = (rest + block).split(b"\n")
                    yield from map(_envelope.decode, whole)


def newest(zone: Zone, stage: str) -> Run | None:
    """The newest finished run of a stage."""
    return max(zone.finished(PREFIX + stage), key=lambda run: run.manifest.finished_at or "", default=None)


def examined(zone: Zone, stage: str, tool: str) -> set[tuple[str, str | None]]:
    """The models (id and commit) that finished runs of this tool have examined to an end."""
    runs = (run for run in zone.finished(PREFIX + stage) if run.manifest.parser == tool)
    return {(one.key, one.revision) for run in runs for one in envelopes(run) if '"state": "done"' in one.body}


class Results:
    """One run of one stage: takes up the unfinished one of the same configuration, else begins.

    Leaving the block by an error or by Ctrl-C lands what is waiting and leaves the run to be taken up; leaving it at
    its end seals the run. An unfinished run of another configuration is sealed as it is: what it has counts.
    """

    def __init__(
        self, zone: Zone, stage: str, *, tool: str, program: str, config: dict[str, Any], fresh: bool = False
    ) -> None:
        """Nothing is written before ``with``; ``tool`` is the version of the code that examines."""
        self.zone, self.source, self.stage = zone, PREFIX + stage, stage
        self.tool, self.program, self.config, self.fresh = tool, program, config, fresh
        self.counts: dict[str, int] = {}
        self.requests: dict[str, float] = {}
        self.manifest: Manifest | None = None
        self._waiting: list[Record] = []
        self._since = time.monotonic()

    def __enter__(self) -> Self:
        self._lock = self.zone.lock(self.source)
        self._lock.__enter__()
        try:
            self._writer = self._take_up()
        except BaseException:
            self._lock.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._flush()
            if kind is None:
                counts = {"examined": len(self._have), **self.counts}
                self.manifest = self._writer.finish(
                    complete=not self._writer.failures, counts=counts, requests=self.requests
                )
        finally:
            self._lock.__exit__(kind, error, trace)

    def _take_up(self) -> RunWriter:
        cut = self.zone.unfinished(self.source)
        same = cut is not None and cut.manifest.config == self.config and cut.manifest.parser == self.tool
        self._have: set[tuple[str, str | None]] = set()
        if cut is not None and same and not self.fresh:
            writer = self.zone.resume(cut)
            for one in envelopes(cut):
                self._have.add((one.key, one.revision))
                self._count(json.loads(one.body))
            return writer
        if cut is not None:
            self.zone.resume(cut).abandon() if self.fresh else self.zone.resume(cut).finish(complete=False)
        return self.zone.start(
            self.source, kind=self.stage, program=self.program, parser=self.tool, config=self.config
        )

    def done(self, model_id: str, revision: str | None) -> bool:
        """Whether this run has this model at this commit already."""
        return (model_id, revision) in self._have

    def put(self, examination: Examination) -> None:
        """Land one examination, with others of its kind."""
        self.land("examination", examination.model_id, examination.revision, examination.body())
        self._count(json.loads(examination.body()))

    def land(self, kind: str, key: str, revision: str | None, body: bytes) -> None:
        """Land any record of this stage; its body is JSON."""
        if self._waiting and self._waiting[0].kind != kind:
            self._flush()
        self._waiting.append(Record(kind, key, f"probe:{self.stage}", 200, now(), body, revision=revision))
        self._have.add((key, revision))
        full = len(self._waiting) >= _BUNDLE or sum(len(one.body) for one in self._waiting) > _BYTES
        if full or time.monotonic() - self._since > _SECONDS:
            self._flush()

    def fail(self, model_id: str, reason: str) -> None:
        """Note a model that could not be examined at all: the run ends as partial."""
        self._writer.fail(model_id, reason)

    def _count(self, facts: dict[str, Any]) -> None:
        verdicts = [row["verdict"] for name in ("files", "measurements") for row in facts.get(name) or ()]
        flagged = any(row.get("flagged") for row in facts.get("scores") or ())
        state = facts.get("state")
        words = [f"state {state}"] if state not in (None, "done") else []
        for word in [*verdicts, *words, *(["needs review"] if flagged else [])]:
            self.counts[word] = self.counts.get(word, 0) + 1

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_records(self._waiting, walk="models", cursor=len(self._have))
            self._waiting = []
        self._since = time.monotonic()


def environment(**more: Any) -> dict[str, Any]:
    """What examined: versions of Python and of the libraries that are installed, the platform, and ``more``."""
    found: dict[str, Any] = {"python": sys.version.split()[0], "platform": platform.platform()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found | more


@contextmanager
def cost(into: dict[str, float]) -> Iterator[None]:
    """Add what the block costs to ``into``: processor and wall seconds, and the process' peak memory in bytes."""
    begun, cpu = time.monotonic(), time.process_time()
    try:
        yield
    finally:
        into["wall_seconds"] = into.get("wall_seconds", 0.0) + time.monotonic() - begun
        into["cpu_seconds"] = into.get("cpu_seconds", 0.0) + time.process_time() - cpu
        # Kibibytes on Linux, bytes on macOS.
        unit = 1 if sys.platform == "darwin" else 1024
        into["peak_bytes"] = float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)
