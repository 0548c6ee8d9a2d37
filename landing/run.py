"""Reading a run back: its manifest, its journal, its parts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from landing.errors import CorruptError
from landing.files import sha256_file
from landing.manifest import Line, Manifest, Part

MANIFEST = "manifest.json"
JOURNAL = "journal.jsonl"

_line = msgspec.json.Decoder(Line)
_manifest = msgspec.json.Decoder(Manifest)


@dataclass(frozen=True, slots=True)
class Run:
    """A landed run, finished or not."""

    folder: Path
    manifest: Manifest

    @classmethod
    def read(cls, folder: Path) -> Run:
        """Read the manifest; raises :class:`CorruptError` where it is not one."""
        path = folder / MANIFEST
        try:
            return cls(folder, _manifest.decode(path.read_bytes()))
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise CorruptError(
                f"The manifest {path} cannot be read ({error}); restore it from a copy or move its run folder "
                "out of the landing zone.",
                path,
            ) from error

    @property
    def run_id(self) -> str:
        """The run's name, unique in the landing zone."""
        return self.manifest.run_id

    @property
    def finished(self) -> bool:
        """Whether the run ended by itself (complete or partial)."""
        return self.manifest.state in ("complete", "partial")

    def lines(self) -> Iterator[Line]:
        """The journal, line by line.

        A torn last line is the mark of a kill: it never counted, so an unfinished run skips it.
        Raises :class:`CorruptError` for any other unreadable line, and for a finished run
        whose journal is not the one that was sealed.
        """
        path = self.folder / JOURNAL
        data = path.read_bytes() if path.exists() else b""
        if self.finished and hashlib.sha256(data).hexdigest() != self.manifest.journal_sha256:
            raise CorruptError(f"The journal {path} is not the one that was sealed; restore it from a copy.", path)
        *whole, torn = data.split(b"\n")
        for number, text in enumerate(whole, 1):
            try:
                yield _line.decode(text)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise CorruptError(f"Line {number} of the journal {path} cannot be read ({error}).", path) from error
        if torn and self.finished:
            raise CorruptError(f"The journal {path} ends in the middle of a line.", path)

    def parts(self) -> Iterator[Part]:
        """Every part that counts, in the order it was landed."""
        return (line.part for line in self.lines() if line.part is not None)

    def cursors(self) -> dict[str, tuple[Any, bool]]:
        """Per walk: the cursor to go on from, and whether the walk is done."""
        return {line.walk: (line.cursor, line.done) for line in self.lines() if line.walk is not None}

    def path(self, part: Part) -> Path:
        """Where a part lies; a path that leaves the run's folder is refused."""
        path = (self.folder / part.path).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise CorruptError(f"Part {part.path!r} of {self.run_id} points outside its run.", path)
        return path

    def verify(self, part: Part) -> Path:
        """The part's path, once its bytes have been checked against the journal."""
        path = self.path(part)
        if not path.is_file():
            raise CorruptError(f"Part {path} is missing; restore it from a copy of the landing zone.", path)
        if sha256_file(path) != part.sha256:
            raise CorruptError(
                f"Part {path} is corrupt (its sha256 is not the one in the journal); restore it from a copy, "
                "or move its run folder away and crawl again.",
                path,
            )
        return path
