"""Reading the archive of a repository: the wanted files, and what is wrong with the archive.

It is read from front to back and nothing is unpacked to disk. A name that leads outside, a device, or more bytes or
entries than a repository has ends the reading: the archive is refused, with a finding. Links are left out, and so
are files that are too long; what was left out is counted, and a link that leads outside is a finding too.
"""

from __future__ import annotations

import tarfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from crawler.downstream.wanted import wanted

_BROKEN = (tarfile.TarError, EOFError, zlib.error, OSError, ValueError)
# A repository has at most so many findings; the rest are counted.
_FINDINGS = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What a repository may be: bytes of its archive, packed and unpacked, entries; bytes and number of wanted
    files.
    """

    packed: int = 1 << 30
    unpacked: int = 4 << 30
    entries: int = 250_000
    file: int = 4 << 20
    files: int = 20_000
    kept: int = 256 << 20


@dataclass(frozen=True, slots=True)
class Finding:
    """What was wrong."""

    rule: str
    severity: str
    message: str
    place: str | None = None


@dataclass(slots=True)
class Contents:
    """The wanted files of a repository at a commit, and what was left out.

    ``refused`` says that nothing of it is kept, ``broken`` that it could not be read to its end.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    refused: bool = False
    broken: str | None = None
    size: int = 0

    def find(self, rule: str, severity: str, message: str, place: str | None = None) -> None:
        """Note a finding; after so many they are only counted."""
        if len(self.findings) < _FINDINGS:
            self.findings.append(Finding(rule, severity, message, place[:300] if place else None))
        else:
            self.left_out["findings"] += 1

    def refuse(self, rule: str, message: str, place: str | None = None) -> None:
        """Keep nothing of it."""
        self.find(rule, "high", message, place)
        self.refused, self.files = True, {}

    def keep(self, path: str, read: Callable[[int], bytes], limits: Limits) -> None:
        """Keep a wanted file, where it is not too much."""
        if len(self.files) >= limits.files:
            self.left_out["too many files"] += 1
            return
        data = read(limits.file + 1)
        if len(data) > limits.file:
            self.left_out["too long"] += 1
        elif self.size + len(data) > limits.kept:
            self.left_out["too many bytes"] += 1
        else:
            self.files[path] = data
            self.size += len(data)

    def summary(self) -> dict[str, Any]:
        """What came of it, without the files."""
        for reason in ("too many files", "too many bytes"):
            if self.left_out[reason]:
                left = f"{self.left_out[reason]} files are left out: {reason}"
                self.find("too-large", "medium", left)
        return {
            "files": len(self.files),
            "bytes": self.size,
            "refused": self.refused,
            "left_out": dict(+self.left_out),
            "findings": [asdict(finding) for finding in self.findings],
        }


def read_tar(path: Path, limits: Limits | None = None) -> Contents:
    """The wanted files of a packed archive as a forge makes it, with one folder around everything."""
    limits, contents = limits or Limits(), Contents()
    try:
        with tarfile.open(path, "r|*") as archive:
            for path_in, read in _entries(archive, contents, limits):
                contents.keep(path_in, read, limits)
    except _Refused:
        pass
    except _BROKEN as error:
        contents.broken = str(error)[:200] or type(error).__name__
    contents.files = {} if contents.broken else dict(sorted(contents.files.items()))
    return contents


class _Refused(Exception):
    """The archive is not read any further."""


def _entries(
    archive: tarfile.TarFile, contents: Contents, limits: Limits
) -> Iterator[tuple[str, Callable[[int], bytes]]]:
    unpacked = 0
    for count, member in enumerate(archive, 1):
        archive.members = []  # type: ignore[attr-defined]  # tarfile keeps every entry it has seen
        unpacked += member.size
        if unpacked > limits.unpacked:
            contents.refuse("archive-bomb", f"unpacks to more than {limits.unpacked >> 20} MiB", member.name)
            raise _Refused
        if count > limits.entries:
            contents.refuse("archive-crowd", f"has more than {limits.entries:,} entries")
            raise _Refused
        path = _inside(member, contents)
        if path is None or member.isdir():
            continue
        if member.issym() or member.islnk():
            contents.left_out["link"] += 1
            _look_at_link(member, path, contents)
        elif not member.isreg():
            contents.refuse("archive-device", "holds what is no file", member.name)
            raise _Refused
        elif wanted(path):
            yield path, lambda most, member=member: _bytes(archive, member, most)  # type: ignore[misc]


def _bytes(archive: tarfile.TarFile, member: tarfile.TarInfo, most: int) -> bytes:
    stream = archive.extractfile(member)
    return stream.read(most) if stream else b""


def _inside(member: tarfile.TarInfo, contents: Contents) -> str | None:
    """The path below the archive's folder; raises where it leads outside."""
    parts = PurePosixPath(member.name.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or "\0" in member.name or ":" in parts[0]:
        contents.refuse("archive-traversal", "holds a name that leads outside", member.name)
        raise _Refused
    if len(member.name) > 1024:
        contents.left_out["name too long"] += 1
        return None
    return "/".join(parts[1:]).encode("utf-8", "replace").decode("utf-8") or None


def _look_at_link(member: tarfile.TarInfo, path: str, contents: Contents) -> None:
    """A link that leads outside the repository is worth saying; it is not followed either way."""
    target = member.linkname.replace("\\", "/")
    depth = path.count("/") if member.issym() else -1
    for part in target.split("/"):
        depth += -1 if part == ".." else (part not in ("", "."))
        if depth < -1 or target.startswith("/") or (depth < 0 and member.issym()):
            contents.find("link-outside", "medium", f"a link to {target[:200]}", path)
            return


def chosen(paths: Iterable[str]) -> list[str]:
    """The wanted paths of a listing, in order; odd names are none."""
    return sorted(path for path in paths if ".." not in PurePosixPath(path).parts and wanted(path))
