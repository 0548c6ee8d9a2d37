"""Copies of a repository: a folder, a tar, a zip or a single file, read from front to back.

Nothing is unpacked to disk and nothing is executed: the regular files that are wanted come out as bytes,
one by one. Links, devices and names that lead outside are passed over; the bytes that an archive may
unpack to, and the number of its entries, are bounded, so that a bomb ends with a sentence.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from crawler.tree import MAX_FILE
from landing import OperationalError, UsageError
from landing.files import sha256_file

Wanted = Callable[[str], bool]

MAX_ENTRIES = 1_000_000
MAX_UNPACKED = 16 << 30
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, gzip.BadGzipFile, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a repository and what it says about itself.

    ``sha256`` is that of the archive, null for a folder; ``commit`` what a Git archive or checkout states.
    ``top`` is the folder that an archive wraps around the repository, with its slash.
    """

    path: Path
    commit: str | None
    sha256: str | None
    top: str = ""

    def files(self, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
        """The wanted files, in the order of the copy; a file that is too long comes cut to the limit and a byte."""
        for name, read in _entries(self.path):
            path = name.removeprefix(self.top)
            if name.startswith(self.top) and wanted(path):
                yield path, read(MAX_FILE + 1)


def open_copy(path: Path, wanted: Wanted) -> Copy:
    """Look at a copy; raises :class:`UsageError` where it is none, or holds nothing that is wanted."""
    if not path.exists():
        raise UsageError(f"There is no {path}.")
    if path.is_dir():
        commit, sha256 = _head(path), None
    else:
        commit, sha256 = _stated(path), sha256_file(path)
    bare, wrapped, tops = False, set(), set()
    for name, _ in _entries(path):
        bare = bare or wanted(name)
        first, slash, rest = name.partition("/")
        tops.add(first + slash)
        if slash and wanted(rest):
            wrapped.add(first + slash)
    # An archive as a forge makes it has one folder around everything.
    if len(wrapped) == 1 and (not bare or (path.is_file() and tops == wrapped)):
        return Copy(path, commit, sha256, wrapped.pop())
    if bare:
        return Copy(path, commit, sha256)
    raise UsageError(f"{path} holds none of the files that this hub is read from; is it a copy of its repository?")


def _entries(path: Path) -> Iterator[tuple[str, Callable[[int], bytes]]]:
    """Names of regular files, with a way to read each while it is at hand."""
    reader = _folder if path.is_dir() else _zip if zipfile.is_zipfile(path) else _tar if _is_tar(path) else _single
    count = 0
    try:
        for name, read in reader(path):
            count += 1
            if count > MAX_ENTRIES:
                raise OperationalError(f"{path} holds more than {MAX_ENTRIES:,} files; it is not read.")
            if (safe := _safe(name)) is not None:
                yield safe, read
    except _BROKEN as error:
        raise OperationalError(
            f"{path} cannot be read to its end ({str(error)[:200] or type(error).__name__})."
        ) from error


def _safe(name: str) -> str | None:
    """The name as a plain relative path, or None where it is none."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or "\x00" in name or len(name) > 1024 or ":" in parts[0]:
        return None
    return "/".join(parts).encode("utf-8", "replace").decode("utf-8")


def _folder(path: Path) -> Iterator[tuple[str, Callable[[int], bytes]]]:
    for here, folders, names in os.walk(path):
        folder = Path(here)
        folders[:] = sorted(name for name in folders if name != ".git" and not (folder / name).is_symlink())
        for name in sorted(names):
            file = folder / name
            if file.is_file() and not file.is_symlink():
                yield file.relative_to(path).as_posix(), partial(_whole, file)


def _tar(path: Path) -> Iterator[tuple[str, Callable[[int], bytes]]]:
    unpacked = 0
    with tarfile.open(path, "r|*") as archive:
        for member in archive:
            archive.members = []  # type: ignore[attr-defined]  # tarfile keeps every entry it has seen
            unpacked += member.size
            if unpacked > MAX_UNPACKED:
                raise OperationalError(f"{path} unpacks to more than {MAX_UNPACKED >> 30} GiB; it is not read.")
            if member.isreg():
                yield member.name, partial(_member, archive, member)


def _zip(path: Path) -> Iterator[tuple[str, Callable[[int], bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            link = entry.external_attr >> 16 & 0o170000 == 0o120000
            if not entry.is_dir() and not link and not entry.flag_bits & 1:
                yield entry.filename, partial(_packed, archive, entry)


def _single(path: Path) -> Iterator[tuple[str, Callable[[int], bytes]]]:
    name = path.name.removesuffix(".gz")
    yield name, partial(_file, path)
    if "_" in name:  # a copy may carry the hub's name before that of the file: zoo_collection.json
        yield name.rpartition("_")[2], partial(_file, path)


def _whole(file: Path, most: int) -> bytes:
    return _most(file.open("rb"), most)


def _file(path: Path, most: int) -> bytes:
    return _most(gzip.open(path) if path.suffix == ".gz" else path.open("rb"), most)  # type: ignore[arg-type]


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo, most: int) -> bytes:
    return _most(archive.extractfile(member), most)


def _packed(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    return _most(archive.open(entry), most)


def _most(stream: IO[bytes] | None, most: int) -> bytes:
    if stream is None:
        return b""
    with stream:
        return stream.read(most)


def _is_tar(path: Path) -> bool:
    try:
        return tarfile.is_tarfile(path)
    except _BROKEN:
        return False


def is_whole(path: Path) -> bool:
    """Whether a tar can be read to its end; one that unpacks to too much is for :func:`open_copy` to refuse."""
    try:
        for _ in _tar(path):
            pass
    except OperationalError:
        return True
    except _BROKEN:
        return False
    return True


def _stated(path: Path) -> str | None:
    """The commit that ``git archive`` writes into what it makes."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                text = packed.comment.decode("ascii", "replace")
        elif _is_tar(path):
            with tarfile.open(path, "r|*") as archive:
                archive.next()
                text = archive.pax_headers.get("comment", "")
        else:
            return None
    except _BROKEN:
        return None
    return text if _COMMIT.fullmatch(text) else None


def _head(folder: Path) -> str | None:
    """The commit of a checkout, read from its files: Git itself is not run."""
    git = folder / ".git"
    try:
        head = (git / "HEAD").read_text("ascii").strip()
        if not head.startswith("ref: "):
            return head if _COMMIT.fullmatch(head) else None
        name = head.removeprefix("ref: ")
        if ".." in name or name.startswith("/"):
            return None
        loose = git / name
        if loose.is_file():
            return loose.read_text("ascii").strip()
        packed = (git / "packed-refs").read_text("utf-8").splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)
    except (OSError, UnicodeDecodeError):
        return None


def digest(pairs: Iterator[tuple[str, bytes]]) -> str:
    """One hash over files: what stands for the state of a folder that states no commit."""
    total = hashlib.sha256()
    for path, body in pairs:
        total.update(f"{path}\0{hashlib.sha256(body).hexdigest()}\n".encode())
    return total.hexdigest()
