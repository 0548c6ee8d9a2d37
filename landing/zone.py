"""The landing zone as a whole: finding runs, opening them, keeping writers apart."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from landing.clock import now, to_iso
from landing.errors import BusyError, UsageError, storage
from landing.manifest import Manifest, observed
from landing.run import MANIFEST, Run
from landing.writer import RunWriter

_SOURCE = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Zone:
    """The landing zone under ``root``."""

    root: Path

    def runs(self, source: str | None = None) -> list[Run]:
        """Every run with a manifest, by source and then by the moment its snapshot stands for."""
        folders = self.root.glob(f"{source or '*'}/*/{MANIFEST}")
        runs = [Run.read(manifest.parent) for manifest in folders]
        return sorted(runs, key=lambda run: (run.manifest.source, observed(run.manifest), run.run_id))

    def finished(self, source: str | None = None) -> list[Run]:
        """The runs the warehouse may load, oldest observation first over all sources."""
        done = [run for run in self.runs(source) if run.finished]
        return sorted(done, key=lambda run: (observed(run.manifest), run.run_id))

    def unfinished(self, source: str) -> Run | None:
        """The newest run of ``source`` that was cut off and not abandoned, if any; imports resume by themselves."""
        cut = [run for run in self.runs(source) if run.manifest.state == "running" and run.manifest.kind != "import"]
        return max(cut, key=lambda run: run.manifest.started_at, default=None)

    @contextmanager
    def lock(self, source: str) -> Iterator[None]:
        """Keep a second writer of the same source away; raises :class:`BusyError` at once."""
        if not _SOURCE.fullmatch(source):
            raise UsageError(f"{source!r} is no name for a source; use lower-case letters, digits, '-' and '_'.")
        folder = self.root / source
        with storage(folder, "write to"):
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / ".lock", timeout=0)
            try:
                lock.acquire()
            except Timeout:
                raise BusyError(
                    f"Another crawl or import of {source} is at work in {self.root}; "
                    "wait for it, or use another --home."
                ) from None
        try:
            yield
        finally:
            lock.release()

    def start(self, source: str, *, kind: str, program: str, parser: str, config: dict[str, Any]) -> RunWriter:
        """Open a fresh run; hold :meth:`lock` while using it."""
        started = now()
        run_id = f"{source}-{started:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        folder = self.root / source / run_id
        manifest = Manifest(
            run_id=run_id,
            source=source,
            kind=kind,
            program=program,
            parser=parser,
            started_at=to_iso(started),
            config=config,
        )
        with storage(folder, "create"):
            (folder / "parts").mkdir(parents=True)
        writer = RunWriter(Run(folder, manifest))
        writer.save()
        return writer

    def resume(self, run: Run) -> RunWriter:
        """Take up an unfinished run; hold :meth:`lock` while using it."""
        if run.manifest.state != "running":
            raise UsageError(f"Run {run.run_id} is {run.manifest.state}; only a running one is written to.")
        return RunWriter(run)
