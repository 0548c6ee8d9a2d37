"""The few errors of HubCensus. Each says what was wrong, where, and what to do.

    HubCensusError                exit code 2
    ├── UsageError                the command's words are off
    ├── CorruptError              a stored file is not what was written
    └── OperationalError          disk, network, permissions
        ├── BusyError             another process is at the same work
        ├── StorageError          this machine's disk does not allow the work
        └── TransientError        the same request may succeed later

Interruption is Python's own KeyboardInterrupt (exit code 130).
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class HubCensusError(Exception):
    """Base of every error that a user is told in one sentence."""

    exit_code = 2


class UsageError(HubCensusError):
    """The caller asked for something that does not exist or does not fit."""


class CorruptError(HubCensusError):
    """A stored file is not what was written.

    ``path`` is the file.
    """

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = path


class OperationalError(HubCensusError):
    """The machine, the network or the hub does not allow the work."""


class StorageError(OperationalError):
    """The disk is full, read-only or not ours to write; nothing else will go better before that is mended."""


class BusyError(OperationalError):
    """Another process holds the lock."""


class TransientError(OperationalError):
    """A request failed in a way that a later try may cure.

    ``retry_after`` is the number of seconds the server asked for, where it did.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


_ADVICE = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again, it resumes",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again, it resumes",
    errno.EROFS: "the file system is read-only; choose another home with --home",
    errno.EACCES: "permission denied; choose another home with --home or change its permissions",
    errno.EPERM: "permission denied; choose another home with --home or change its permissions",
    errno.ENOTDIR: "a file stands where a folder is needed; choose another home with --home",
}


@contextmanager
def storage(path: Path, doing: str) -> Iterator[None]:
    """Turn an ``OSError`` under ``path`` into one clear :class:`StorageError`."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, error.strerror or str(error))
        raise StorageError(f"Cannot {doing} {path}: {advice}.") from error
