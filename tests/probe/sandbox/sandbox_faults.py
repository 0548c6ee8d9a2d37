"""What a child may do or be made to do: functions that the tests call in the sandbox."""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from landing.errors import HubCensusError


class Word(HubCensusError):
    code = "TOO_LARGE"


def echo(arguments):
    return arguments


def about(arguments):
    return {
        "pid": os.getpid(),
        "folder": str(Path.cwd()),
        "environment": dict(os.environ),
        "isolated": sys.flags.isolated,
        "names": sorted(name.name for name in Path(arguments["folder"]).iterdir()) if arguments else [],
    }


def refuses(arguments):
    raise Word("a header of 10 GB")


def raises(arguments):
    raise LookupError("nothing\nthere\x00")


def leaves(arguments):
    sys.exit(0)


def leaves_at_once(arguments):
    os._exit(0)


def crashes(arguments):
    ctypes.string_at(0)


def killed(arguments):
    os.kill(os.getpid(), signal.SIGKILL)


def stops_itself(arguments):
    os.kill(os.getpid(), signal.SIGSTOP)


def spins(arguments):
    while True:
        pass


def sleeps(arguments):
    Path(arguments["note"]).write_text(str(os.getpid()))
    time.sleep(300)


def ignores_signals(arguments):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(300)


def allocates(arguments):
    return len(bytearray(arguments["bytes"]))


def creeps(arguments):
    held = []
    while True:
        held.append(bytearray(b"x" * (1 << 20)))
        time.sleep(0.001)


def answers_much(arguments):
    return "x" * arguments["bytes"]


def never_ends(arguments):
    while True:
        os.write(2, b"x" * (1 << 16))


def floods_the_pipe(arguments):
    """As native code would that found the pipe of the answer."""
    while True:
        for descriptor in range(3, 20):
            try:
                os.write(descriptor, b"x" * (1 << 16))
            except OSError:
                continue


def closes_everything(arguments):
    os.closerange(0, 100)
    return 1


def lies(arguments):
    """A head that is no answer."""
    for descriptor in range(3, 20):
        try:
            os.write(descriptor, arguments["bytes"].encode("latin-1"))
        except OSError:
            continue
    os._exit(0)


def nests(arguments):
    found: Any = 1
    for _ in range(arguments["deep"]):
        found = [found]
    return found


def recurses(arguments):
    return recurses(arguments)


def no_number(arguments):
    return {"value": float("nan")}


def writes_much(arguments):
    with Path("large").open("wb") as handle:
        for _ in range(arguments["blocks"]):
            handle.write(bytes(1 << 20))


def writes_many(arguments):
    for number in range(10_000):
        Path(f"file-{number}").write_bytes(bytes(1 << 16))
        time.sleep(0.0005)


def starts_threads(arguments):
    for _ in range(20_000):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()


def writes(arguments):
    Path(arguments["path"]).write_text("written")
    return Path(arguments["path"]).read_text()


def reads(arguments):
    return Path(arguments["path"]).read_text()


def forks(arguments):
    return os.fork()


def runs(arguments):
    return subprocess.run(["true"]).returncode


def connects(arguments):
    return socket.create_connection(("127.0.0.1", arguments["port"]), timeout=2).getpeername()


def imports_library(arguments):
    ctypes.CDLL(arguments["path"])


def unpickles(arguments):
    """As a library might; the bytes would run a command."""
    module = importlib.import_module("pick" + "le")
    return module.loads(b"cposix\nsystem\n(S'touch bomb'\ntR.")


def native(arguments):
    """Past Python's own fence, straight to the C library: 0 where it was possible, else the error's number."""
    libc = ctypes.CDLL(None, use_errno=True)

    def number(result):
        return 0 if result >= 0 else ctypes.get_errno()

    return {
        "socket": number(libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)),
        "local socket": number(libc.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0)),
        "fork": number(_forked(libc)),
        "exec": number(libc.execv(b"/bin/true", None)),
        "read": number(libc.open(arguments["secret"].encode(), os.O_RDONLY)),
        "write": number(libc.open(arguments["target"].encode(), os.O_CREAT | os.O_WRONLY, 0o600)),
        "truncate": number(libc.truncate(arguments["secret"].encode(), 0)),
        "unlink": number(libc.unlink(arguments["secret"].encode())),
        "kill": number(libc.kill(arguments["pid"], 0)),
        "environment": number(libc.open(b"/proc/%d/environ" % arguments["pid"], os.O_RDONLY)),
        "ptrace": number(libc.ptrace(16, arguments["pid"], None, None)),
        "unshare": number(libc.unshare(0x10000000)),
        "chroot": number(libc.chroot(b"/")),
    }


def _forked(libc):
    pid = libc.fork()
    if pid == 0:
        os._exit(0)
    return pid


def loads(arguments):
    from probe.checkpoints import load

    return load(Path(arguments["folder"])).facts
