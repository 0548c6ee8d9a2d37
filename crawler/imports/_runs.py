"""The runs that a dump becomes: one for each source and moment, begun once and gone on with after a kill."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from landing import Manifest, Run, RunWriter, Zone
from landing.clock import to_iso

OnLanded = Callable[[Manifest, bool], None]


class Runs:
    """The runs of one dump of one source. The caller holds the lock of the source."""

    def __init__(
        self, zone: Zone, source: str, *, program: str, parser: str, complete: bool, on_landed: OnLanded | None
    ) -> None:
        self.zone, self.source, self.program, self.parser, self.complete = zone, source, program, parser, complete
        self._on_landed = on_landed or (lambda _manifest, _new: None)
        self._known = {
            (
                run.manifest.config.get("format"),
                run.manifest.config.get("sha256"),
                run.manifest.config.get("observed_at"),
            ): run
            for run in zone.runs(source)
            if run.manifest.kind == "import" and run.manifest.state != "abandoned"
        }

    def run(self, digest: str, file: str, moment: datetime, fill: Callable[[RunWriter], None]) -> Manifest:
        """Land what ``fill`` writes, unless a run of the same bytes and moment has it already."""
        format = self.parser.partition("/")[0]
        key = (format, digest, to_iso(moment))
        known = self._known.get(key)
        if known is not None and known.finished:
            self._on_landed(known.manifest, False)
            return known.manifest
        writer = self.zone.resume(known) if known is not None else self._start(format, digest, file, moment)
        fill(writer)
        manifest = writer.finish(complete=self.complete, observed_at=moment)
        self._known[key] = Run(writer.folder, manifest)
        self._on_landed(manifest, True)
        return manifest

    def _start(self, format: str, digest: str, file: str, moment: datetime) -> RunWriter:
        config = {
            "format": format,
            "file": file,
            "sha256": digest,
            "observed_at": to_iso(moment),
            "complete": self.complete,
        }
        return self.zone.start(self.source, kind="import", program=self.program, parser=self.parser, config=config)
