"""The mother: a process that has met nothing untrusted, from which children are forked with their libraries loaded.

Importing torch and transformers takes seconds; a fork takes milliseconds. The mother speaks only with the process
that started her, watches over one child at a time, and ends with her starter. She never reads what a child writes.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from probe.sandbox import child

_TICK = 0.05
_COUNT_FILES = 20


def main(descriptor: int) -> None:
    """Serve the socket that was handed down until its other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who waits, who then closes the socket
    with socket.socket(fileno=descriptor) as control:
        while (found := receive(control, 2)) is not None:
            job, (answer, errors) = found
            warm(job.get("heavy", ()))
            _tables()
            send(control, _serve(control, job, answer, errors))


def warm(names: Any) -> None:
    """Import libraries of the list ahead of the next child."""
    for name in names:
        if child.is_heavy(name) and name not in sys.modules:
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def _tables() -> None:
    """Build what transformers builds at its first load, its patterns of renamed weights: a quarter of a second."""
    module = sys.modules.get("transformers.conversion_mapping")
    with contextlib.suppress(Exception):
        getattr(module, "get_checkpoint_conversion_mapping", len)("bert")


def _serve(control: socket.socket, job: dict[str, Any], answer: int, errors: int) -> dict[str, Any]:
    """One child from birth to end; how it ended."""
    pid = os.fork()
    if pid == 0:
        try:
            control.close()
            _become(errors, answer)
            child.run(job, answer)
        finally:
            os._exit(1)  # whatever happens, this process must never go on as a second mother
    os.close(answer)
    os.close(errors)
    watch = Watch(pid, job)
    try:
        return watch.whole(control)
    except BaseException:
        watch.kill()
        raise


def _become(errors: int, answer: int) -> None:
    """Own session, nothing on stdin and stdout, errors into their pipe, no other descriptor of the mother's."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.dup2(errors, 2)
    os.closerange(3, answer)
    os.closerange(answer + 1, 1024)


class Watch:
    """Over one child: its time, its memory, what it writes."""

    def __init__(self, pid: int, job: dict[str, Any]) -> None:
        self.pid = pid
        self.limits = job["limits"]
        self.folders = [Path(job["scratch"])]
        self.begun = time.monotonic()
        self.ticks = 0
        # Readable once the child has ended; where there is none, the child is looked after at every tick.
        self.end = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
        self.first: int | None = None

    def whole(self, control: socket.socket) -> dict[str, Any]:
        """Wait for its end, or bring it about."""
        state, reason = "", ""
        while True:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                break
            if not state and (broken := self._broken()):
                state, reason = broken
                self.kill()
            self.ticks += 1
            watched: list[Any] = [control] if self.end is None else [control, self.end]
            if control in select.select(watched, [], [], _TICK)[0]:
                # The starter wants the end of it, or is gone: the next receive tells which.
                if not control.recv(1):
                    self.kill()
                    os.wait4(self.pid, 0)
                    shutil.rmtree(self.folders[0], ignore_errors=True)  # nobody else will
                    os._exit(0)
                state = state or "stopped"
                self.kill()
        if self.end is not None:
            os.close(self.end)
        return {
            "state": state,
            "reason": reason,
            "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
            "exit": os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0,
            "cpu": usage.ru_utime + usage.ru_stime,
            "wall": time.monotonic() - self.begun,
            "peak": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        }

    def _broken(self) -> tuple[str, str] | None:
        """The limit that is broken, if one is."""
        if time.monotonic() - self.begun > self.limits["seconds"]:
            return "timeout", f"not finished within {self.limits['seconds']:g} seconds"
        used = resident(self.pid)
        self.first = used if self.first is None else min(self.first, used)
        if used - self.first > self.limits["memory"]:
            return "memory", f"it held more than {self.limits['memory']} bytes of memory"
        if self.ticks % _COUNT_FILES == _COUNT_FILES - 1 and self._written() > self.limits["written"]:
            return "flooded", f"it wrote more than {self.limits['written']} bytes"
        return None

    def _written(self) -> int:
        total = 0
        for folder in self.folders:
            for place, _, names in os.walk(folder):
                for name in names:
                    with contextlib.suppress(OSError):
                        total += (Path(place) / name).lstat().st_size
        return total

    def kill(self) -> None:
        """End it, and everything in its group."""
        for end in (os.kill, os.killpg):
            with contextlib.suppress(OSError):
                end(self.pid, signal.SIGKILL)


def resident(pid: int) -> int:
    """Bytes of memory of its own that a process holds; pages of mapped files, which can be dropped, do not count."""
    try:
        found = [line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    except OSError:
        return 0
    return sum(int(words[1]) << 10 for words in found if words and words[0] in ("RssAnon:", "RssShmem:"))


def send(control: socket.socket, message: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
    """One JSON message, with open files beside it."""
    body = json.dumps(message).encode()
    socket.send_fds(control, [len(body).to_bytes(8, "big")], list(descriptors))
    control.sendall(body)


def receive(control: socket.socket, descriptors: int = 0) -> tuple[dict[str, Any], list[int]] | None:
    """The next message; None where the other end is closed."""
    head, found, _, _ = socket.recv_fds(control, 8, descriptors)
    while head and len(head) < 8:
        head += control.recv(8 - len(head)) or b"\0" * 8
    if len(head) != 8:
        return None
    left = int.from_bytes(head, "big")
    blocks = []
    while left:
        block = control.recv(min(left, 1 << 20))
        if not block:
            return None
        blocks.append(block)
        left -= len(block)
    message: dict[str, Any] = json.loads(b"".join(blocks))
    return message, found
