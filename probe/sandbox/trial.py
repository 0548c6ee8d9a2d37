"""What the sandbox keeps from a child on this machine: tried, not assumed.

The trial goes past Python's own fence, straight to the C library, as native code would.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import socket
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Protection:
    """One thing that a child must not do: whether this machine keeps it from that, and what was seen."""

    name: str
    given: bool
    detail: str


def protections() -> list[Protection]:
    """Try, in a child, all that a child must not do. Raises OperationalError where no child can be started."""
    from probe.sandbox.call import call
    from probe.sandbox.outcome import Limits

    with (
        tempfile.TemporaryDirectory(prefix="hubcensus-trial-") as place,
        socket.create_server(("127.0.0.1", 0)) as door,
    ):
        secret = Path(place) / "secret"
        secret.write_text("secret")
        arguments = {"folder": place, "secret": str(secret), "port": door.getsockname()[1], "pid": os.getpid()}
        outcome = call("probe.sandbox.trial:attempt", arguments, limits=Limits(seconds=60))
    if outcome.state != "done":
        return [Protection("child process", False, outcome.reason)]
    tried = [Protection(name, bool(refused), str(detail)) for name, refused, detail in outcome.value]
    return tried + [
        Protection(line.partition(":")[0], False, line.partition(":")[2].strip()) for line in outcome.lacking
    ]


def attempt(arguments: dict[str, Any]) -> list[tuple[str, bool, str]]:
    """In the child: name, whether it was refused, and how, of everything that is tried."""
    libc = ctypes.CDLL(None, use_errno=True)
    folder, secret = os.fsencode(arguments["folder"]), os.fsencode(arguments["secret"])
    found = [
        ("network", *_connect(libc, int(arguments["port"]))),
        ("reading other files", *_result(libc.open(secret, os.O_RDONLY))),
        ("writing other files", *_result(libc.open(folder + b"/written", os.O_CREAT | os.O_WRONLY, 0o600))),
        ("other processes' environment", *_result(libc.open(b"/proc/%d/environ" % arguments["pid"], os.O_RDONLY))),
        ("signals to other processes", *_result(libc.kill(int(arguments["pid"]), 0))),
        ("programs", *_program(libc)),
        ("new processes", *_fork(libc)),
    ]
    size = resource.getrlimit(resource.RLIMIT_DATA)[0]
    given = size != resource.RLIM_INFINITY
    found.append(("memory limit of the kernel", given, f"{size} bytes" if given else "only watched from outside"))
    return found


def _result(result: int) -> tuple[bool, str]:
    return (True, os.strerror(ctypes.get_errno())) if result < 0 else (False, "it was possible")


def _connect(libc: ctypes.CDLL, port: int) -> tuple[bool, str]:
    made = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    if made < 0:
        return True, os.strerror(ctypes.get_errno())
    address = struct.pack("=H", socket.AF_INET) + struct.pack("!H4s8x", port, socket.inet_aton("127.0.0.1"))
    return _result(libc.connect(made, address, len(address)))


def _program(libc: ctypes.CDLL) -> tuple[bool, str]:
    """A program that is not there: the answer tells whether it was looked for."""
    libc.execv(b"/no/such/program", None)
    number = ctypes.get_errno()
    return number in (1, 13), os.strerror(number)


def _fork(libc: ctypes.CDLL) -> tuple[bool, str]:
    pid = libc.fork()
    if pid == 0:
        os._exit(0)
    if pid > 0:
        with contextlib.suppress(OSError):
            os.waitpid(pid, 0)
    return _result(pid)
