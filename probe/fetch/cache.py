"""huggingface_hub's cache on disk: verified blobs under their hash, links to them per commit, and a budget.

models--OWNER--NAME/blobs/<hash>              the bytes
                    blobs/<hash>.part         the beginning of a download that was cut off
                    snapshots/<commit>/<path> links
                    .used                     touched at every use: what was not used longest goes first
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from landing.errors import storage
from probe.fetch.results import Unfetched
from probe.fetch.wanted import Remote

_BLOCK = 1 << 20


class Cache:
    """The cache under ``root`` and the bytes that it may hold."""

    def __init__(self, root: Path, budget: int) -> None:
        self.root, self.budget = root, budget
        with storage(root, "write to"):
            root.mkdir(parents=True, exist_ok=True)
        self.used = sum(_size(folder) for folder in self._repositories())

    def folder(self, repo_id: str, kind: str) -> Path:
        """Where a repository lies."""
        from huggingface_hub.file_download import repo_folder_name

        return self.root / repo_folder_name(repo_id=repo_id, repo_type=kind)

    def touch(self, repository: Path) -> None:
        """Note that a repository is in use."""
        with storage(repository, "write to"):
            repository.mkdir(parents=True, exist_ok=True)
            (repository / ".used").touch()

    def held(self, repository: Path, file: Remote) -> Path | None:
        """The blob of a file where it is there and has its size; it was verified when it came in."""
        blob = repository / "blobs" / name_of(file)
        try:
            return blob if blob.stat().st_size == file.size else None
        except OSError:
            return None

    def make_room(self, need: int, keep: Collection[Path]) -> list[str]:
        """Make room for ``need`` bytes, evicting what was not used longest; the names of what went.

        Raises :class:`Unfetched` (BUDGET) where that does not suffice.
        """
        if need > self.budget:
            raise Unfetched("BUDGET", f"{need} bytes are needed, the whole budget is {self.budget}.")
        gone: list[str] = []
        candidates = sorted((one for one in self._repositories() if one not in keep), key=_last_used)
        while self.used + need > self.budget and candidates:
            oldest = candidates.pop(0)
            self.used -= _size(oldest)
            with storage(oldest, "delete"):
                shutil.rmtree(oldest)
            gone.append(oldest.name)
        if self.used + need > self.budget:
            raise Unfetched("BUDGET", f"{need} bytes are needed, {max(0, self.budget - self.used)} are left.")
        return gone

    def link(self, repository: Path, commit: str, file: Remote, blob: Path) -> Path:
        """The file's place in the commit's snapshot, as a link to its blob (a copy where links are not to be had)."""
        place = repository / "snapshots" / commit / file.path
        with storage(place, "write"):
            place.parent.mkdir(parents=True, exist_ok=True)
            temporary = place.with_name(f".{blob.name[:32]}.link")
            temporary.unlink(missing_ok=True)
            try:
                temporary.symlink_to(os.path.relpath(blob, place.parent))
            except OSError:
                shutil.copyfile(blob, temporary)
            temporary.replace(place)
        return place

    def _repositories(self) -> list[Path]:
        return [one for one in self.root.glob("*--*") if one.is_dir() and not one.is_symlink()]


def name_of(file: Remote) -> str:
    """The name of a file's blob: the hash that the hub states (the ETag, as huggingface_hub names it)."""
    name = file.sha256 or file.blob_id or ""
    if len(name) not in (40, 64) or not all(letter in "0123456789abcdef" for letter in name):
        raise Unfetched("BROKEN", f"The hub states no usable hash for {file.path[:120]!r}.")
    return name


def check(path: Path, file: Remote) -> tuple[str, str] | None:
    """The file's sha256 and what it was held against (``sha256`` or ``git-sha1``); None where it is another file."""
    sha256 = hashlib.sha256()
    # Git names a blob by the sha1 of its length and bytes; it is the only hash that a hub states for small files.
    sha1 = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK):
            sha256.update(block)
            if not file.sha256:
                sha1.update(block)
    if file.sha256:
        return (file.sha256, "sha256") if sha256.hexdigest() == file.sha256 else None
    return (sha256.hexdigest(), "git-sha1") if sha1.hexdigest() == file.blob_id else None


def _size(folder: Path) -> int:
    """Bytes of a repository; links count nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                status = (Path(place) / name).lstat()
            except OSError:
                continue
            total += status.st_size if not (Path(place) / name).is_symlink() else 0
    return total


def _last_used(folder: Path) -> tuple[float, str]:
    try:
        return (folder / ".used").stat().st_mtime, folder.name
    except OSError:
        return 0.0, folder.name
