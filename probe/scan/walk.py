"""Which files a scan looks at: regular files under the given paths, each once, with no way round in circles."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """A path to look at, and why it cannot be opened (``problem``), where it cannot."""

    path: str
    problem: str | None = None
    special: bool = False


def files(paths: Iterable[str | Path]) -> Iterator[Place]:
    """Every file under ``paths``, in order of name.

    Links to files are followed (a cache of models is made of them), links to folders only where they stay inside the
    folder that was asked for, and no folder is entered twice. Pipes, devices and sockets are named, never opened.
    """
    for given in paths:
        path = os.fspath(given)
        try:
            mode = Path(path).stat().st_mode
        except (OSError, ValueError) as problem:
            yield Place(path, _words(problem))
            continue
        if stat.S_ISDIR(mode):
            yield from _folder(path, os.path.realpath(path), set())
        else:
            yield _place(path, mode)


def _folder(path: str, root: str, entered: set[tuple[int, int]]) -> Iterator[Place]:
    waiting = [path]
    while waiting:
        folder = waiting.pop()
        try:
            status = Path(folder).stat()
            if (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as problem:
            yield Place(folder, _words(problem))
            continue
        inner: list[str] = []
        for entry in entries:
            try:
                mode = entry.stat().st_mode
            except OSError as problem:
                yield Place(entry.path, _words(problem))
                continue
            if not stat.S_ISDIR(mode):
                yield _place(entry.path, mode)
            elif not entry.is_symlink() or os.path.realpath(entry.path).startswith(root + os.sep):
                inner.append(entry.path)
        waiting.extend(reversed(inner))


def _place(path: str, mode: int) -> Place:
    if stat.S_ISREG(mode):
        return Place(path)
    kind = next(
        (word for test, word in ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket")) if test(mode)), "a device"
    )
    return Place(path, f"{kind}: not opened", special=True)


def _words(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or type(problem).__name__
