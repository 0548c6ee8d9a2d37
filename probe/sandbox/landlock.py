"""Landlock (Linux 5.13 and later): this process reads and writes only below named folders, from now on for good.

Spoken to by system calls, as the C library has no wrapper; the numbers are the same on every architecture.
https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION = 1
_EXECUTE, _WRITE, _READ, _LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL = 1 << 14, 1 << 15
#: The highest right that each version of the interface knows.
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NETWORK = 3
_SCOPES = 3
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _IOCTL


class _Attributes(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version(libc: ctypes.CDLL) -> int:
    """The version of the interface; 0 where the kernel has none or it is switched off."""
    return max(0, int(libc.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))))


def confine(
    libc: ctypes.CDLL, readable: Iterable[Path], writable: Iterable[Path], devices: Iterable[Path] = ()
) -> int:
    """Allow reading below ``readable``, everything below ``writable``, and use of ``devices``; forbid all else.

    From version 4 on TCP is forbidden, from version 6 on signals and abstract sockets of other processes. Returns the
    version; raises OSError. Paths that do not exist are passed over. ``prctl(PR_SET_NO_NEW_PRIVS)`` must be set.
    """
    known = version(libc)
    if not known:
        raise OSError(0, "the kernel has no Landlock")
    handled = (1 << _RIGHTS.get(known, 16)) - 1
    attributes = _Attributes(handled, _NETWORK if known >= 4 else 0, _SCOPES if known >= 6 else 0)
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    ruleset = _checked(libc.syscall(_CREATE, ctypes.byref(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0)))
    try:
        for paths, rights in (
            (readable, _READ | _LIST | _EXECUTE),
            (writable, handled & ~_EXECUTE),
            (devices, _READ | _WRITE | _IOCTL),
        ):
            for path in paths:
                _allow(libc, ruleset, path, rights & handled)
        _checked(libc.syscall(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0)))
    finally:
        os.close(ruleset)
    return known


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_FILES
        rule = _Beneath(rights, place)
        _checked(libc.syscall(_ADD, ctypes.c_int(ruleset), ctypes.c_int(1), ctypes.byref(rule), ctypes.c_uint32(0)))
    finally:
        os.close(place)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)
