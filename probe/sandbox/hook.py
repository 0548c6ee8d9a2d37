"""What Python itself refuses, whatever the kernel gives: an audit hook, which cannot be taken away again.

It is a second fence behind Landlock and the filter on system calls, and the only one on systems that have neither;
native code would not meet it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

_NEVER = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "pty.",
    "pickle.find_class", "webbrowser.", "ftplib.", "smtplib.", "urllib.", "http.",
    "telnetlib.", "poplib.", "imaplib.", "nntplib.",
)  # fmt: skip
_CHANGES = frozenset(
    {
        "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
        "os.chown", "os.utime", "os.setxattr", "os.removexattr", "shutil.rmtree", "shutil.move",
    }
)  # fmt: skip
_HARMLESS = frozenset({"socket.gethostname"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SINKS = frozenset({"/dev/null", "/dev/tty", "/dev/zero"})


def install(
    writable: Sequence[str], readable: Sequence[str], untrusted: Sequence[str], devices: Sequence[str]
) -> None:
    """Refuse from now on sockets, processes, programs, unpickling, and libraries out of ``untrusted`` folders.

    So is every change outside the ``writable`` folders but to ``devices``, and where ``readable`` is given, opening
    anything outside those too.
    """
    may_write = tuple(os.path.realpath(path) for path in writable)
    may_read = (*(os.path.realpath(path) for path in readable), *may_write) if readable else ()
    foreign = tuple(os.path.realpath(path) for path in (*untrusted, *writable))
    driven = tuple(devices)

    def hook(event: str, words: tuple[Any, ...]) -> None:
        if event == "open":
            _check_open(words, may_write, may_read, driven)
        elif event in _CHANGES:
            for word in words[:2] if event in ("os.rename", "os.link", "shutil.move") else words[:1]:
                if not _below(word, may_write):
                    raise PermissionError(f"The sandbox refuses {event} outside its scratch folder.")
        elif event == "ctypes.dlopen":
            # A name without a slash is looked up among the system's libraries, not in the current folder.
            if words and isinstance(words[0], str) and "/" in words[0] and _below(words[0], foreign):
                raise PermissionError("The sandbox refuses to load a library from untrusted files.")
        elif event.startswith(_NEVER) and event not in _HARMLESS:
            raise PermissionError(f"The sandbox refuses {event}.")

    sys.addaudithook(hook)


def _check_open(
    words: tuple[Any, ...], may_write: tuple[str, ...], may_read: tuple[str, ...], devices: tuple[str, ...]
) -> None:
    path, mode, flags = (*words, None, None, None)[:3]
    if not isinstance(path, (str, bytes, os.PathLike)):
        return  # a descriptor that is open already
    name = os.fsdecode(path)
    writing = bool(isinstance(flags, int) and flags & _WRITING) or bool(
        isinstance(mode, str) and any(letter in mode for letter in "wax+")
    )
    if writing and name not in _SINKS and not name.startswith(devices or "\0") and not _below(name, may_write):
        raise PermissionError("The sandbox refuses to write outside its scratch folder.")
    if may_read and not _below(name, may_read):
        raise PermissionError("The sandbox refuses to read outside the folders it was given.")


def _below(path: Any, folders: tuple[str, ...]) -> bool:
    if not isinstance(path, (str, bytes, os.PathLike)):
        return False
    real = os.path.realpath(os.fsdecode(path))
    return any(real == folder or real.startswith(folder.rstrip("/") + "/") for folder in folders)
