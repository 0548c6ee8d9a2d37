"""Calling a function of ours in a confined child."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from landing.errors import OperationalError, UsageError, storage
from probe.sandbox.mother import receive, send
from probe.sandbox.outcome import Limits, Outcome

#: Functions of these packages may be called, and no others.
_OURS: tuple[str, ...] = ("probe",)
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_ROOT = Path(__file__).resolve().parent.parent.parent
#: Folders besides where packages of ours are (tests have theirs).
_FOLDERS: tuple[Path, ...] = ()
_KEPT = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "CUDA_HOME", "LANG", "LC_ALL", "TZ")
#: What these will import: the mother does it before the first child, not after.
_LIKELY = {
    "probe.behaviour": ("torch", "transformers", "transformers.models.auto.modeling_auto"),
    "probe.claims": ("torch", "transformers", "transformers.models.auto.modeling_auto"),
}
_WORDS = 4_000
_NOISE = 64 << 20
_HEAVY = 200
#: A mother that does not answer so many seconds after a child had to be over is ended herself.
_GRACE = 30.0
_STARTING = 120.0


def call(
    function: str,
    arguments: dict[str, Any],
    *,
    limits: Limits = Limits(),
    readable: Sequence[Path] = (),
    writable: Path | None = None,
) -> Outcome:
    """Call ``function`` (``"probe.module:name"``, one argument: ``arguments``) in a child of its own.

    It never raises for what happens there. Arguments and the returned value travel as JSON. The child reads Python,
    our packages and ``readable``, writes ``writable`` and a scratch folder that is deleted afterwards, has no
    network, starts no process, and is ended where it breaks ``limits``. A :class:`landing.errors.HubCensusError`
    there gives ``refused`` with its ``code``. Raises UsageError for a function that is not ours, and OperationalError
    where no child can be started.
    """
    if not _NAME.fullmatch(function) or function.partition(".")[0].partition(":")[0] not in _OURS:
        raise UsageError(f"{function!r} is no function of ours; only those run beside untrusted files.")
    with storage(Path(tempfile.gettempdir()), "write to"):
        scratch = Path(tempfile.mkdtemp(prefix="hubcensus-probe-"))
    job = {
        "function": function,
        "arguments": arguments,
        "limits": asdict(limits),
        "scratch": str(scratch),
        "readable": [str(place) for path in readable for place in _places(Path(path).resolve())],
        "writable": [str(Path(path).resolve()) for path in ([writable] if writable else [])],
        "packages": [str(path) for path in _packages()],
    }
    try:
        with _mother() as mother:
            return mother.ask(job, limits)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _places(path: Path) -> list[Path]:
    """A folder to read, and where its links lead if it is a snapshot in huggingface_hub's cache.

    Other links are not followed: a folder that somebody unpacked may have one to anywhere.
    """
    blobs = path.parent.parent / "blobs"
    return [path, blobs] if path.parent.name == "snapshots" and blobs.is_dir() else [path]


def _packages() -> list[Path]:
    return [*(_ROOT / name for name in ("probe", "landing")), *_FOLDERS]


def _path() -> list[str]:
    """Where a mother finds our packages, and libraries that were installed beside this Python's own."""
    installed = [path for path in sys.path if path.rstrip("/").endswith(("site-packages", "dist-packages"))]
    return [str(_ROOT), *map(str, _FOLDERS), *installed]


class Mother:
    """A mother process, seen from the one who started her."""

    def __init__(self) -> None:
        ours, hers = socket.socketpair()
        words = [str(Path(__file__).with_name("boot.py")), str(hers.fileno()), *_path()]
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-X", "faulthandler", "-W", "ignore", *words],
                pass_fds=[hers.fileno()],
                env=_environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise OperationalError(f"No child process can be started: {error.strerror}.") from error
        finally:
            hers.close()
        self.control = ours
        self.heavy: list[str] = []

    def ask(self, job: dict[str, Any], limits: Limits) -> Outcome:
        """Have a job done."""
        answer_in, answer_out = os.pipe()
        errors_in, errors_out = os.pipe()
        try:
            try:
                likely = _LIKELY.get(".".join(str(job["function"]).split(".")[:2]), ())
                send(self.control, {**job, "heavy": [*likely, *self.heavy]}, (answer_out, errors_out))
            finally:
                os.close(answer_out)
                os.close(errors_out)
            reading = Reading(self, answer_in, errors_in, limits)
            ended = reading.whole()
        except (OSError, ValueError):
            self.close()
            return Outcome("killed", reason="the process that watches over children ended")
        finally:
            os.close(answer_in)
            os.close(errors_in)
        if reading.flooded:
            self.close()  # the word to end the child may have come after its end, and still be unread
        outcome, heavy = judged(ended, bytes(reading.answer), reading.words, reading.flooded)
        self.heavy += [name for name in heavy if name not in self.heavy]
        return outcome

    @property
    def alive(self) -> bool:
        """Whether she can serve another job."""
        return self.control.fileno() >= 0 and self.process.poll() is None

    def close(self) -> None:
        """End her; a child at work ends with her."""
        self.control.close()
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()


class Reading:
    """Reading what a child writes, within limits, until the mother says that it ended."""

    def __init__(self, mother: Mother, answer: int, errors: int, limits: Limits) -> None:
        self.mother, self.limits = mother, limits
        self.answer, self.words, self.flooded = bytearray(), b"", False
        self.noise = 0
        self._answer, self._errors = answer, errors

    def whole(self) -> dict[str, Any]:
        """How the child ended, as the mother tells; raises OSError where she does not."""
        latest = time.monotonic() + self.limits.seconds + _STARTING
        ended: dict[str, Any] | None = None
        with selectors.DefaultSelector() as selector:
            for descriptor in (self._answer, self._errors):
                os.set_blocking(descriptor, False)
                selector.register(descriptor, selectors.EVENT_READ)
            selector.register(self.mother.control, selectors.EVENT_READ)
            while ended is None or len(selector.get_map()) > 1:
                ready = selector.select(0.0 if ended else max(0.0, latest - time.monotonic()))
                if not ready:
                    if ended:
                        break  # something holds a pipe open, but its child is gone
                    raise TimeoutError("the mother does not answer")
                for key, _ in ready:
                    if key.fileobj is self.mother.control:
                        found = receive(self.mother.control)
                        if found is None:
                            raise ConnectionError("the mother is gone")
                        ended = found[0]
                        selector.unregister(self.mother.control)
                    elif not self._take(key.fd):
                        selector.unregister(key.fd)
                if ended is not None and not ready:
                    break
        return ended

    def _take(self, descriptor: int) -> bool:
        """Read once; whether there may be more."""
        try:
            block = os.read(descriptor, 1 << 20)
        except BlockingIOError:
            return True
        if descriptor == self._errors:
            self.words = (self.words + block)[:_WORDS]
            self.noise += len(block)
        elif not self.flooded:
            self.answer += block
        most = self.limits.answer + (1 << 20)
        if not self.flooded and (len(self.answer) > most or self.noise > _NOISE):
            self.flooded = True
            self.answer.clear()
            self.mother.control.sendall(b"k")
        return bool(block)


def judged(ended: dict[str, Any], answer: bytes, words: bytes, flooded: bool) -> tuple[Outcome, list[str]]:
    """What became of a child, from what the mother saw and from what it wrote; and the libraries it had loaded."""
    spent = (float(ended["cpu"]), float(ended["wall"]), int(ended["peak"]))
    if flooded:
        return Outcome("flooded", None, None, "it wrote more than its answer may have", *spent), []
    if ended["state"] in ("timeout", "memory", "flooded"):
        code = "TIMEOUT" if ended["state"] == "timeout" else None
        return Outcome(ended["state"], None, code, ended["reason"], *spent), []
    try:
        size = int.from_bytes(answer[:4], "big")
        head = json.loads(answer[4 : 4 + size])
        body = answer[4 + size + 4 :]
        if len(body) != int.from_bytes(answer[4 + size : 8 + size], "big") or not isinstance(head, dict):
            raise ValueError("cut off")
        value = json.loads(body)
    except (ValueError, RecursionError):
        return Outcome(*_silent(ended, words), *spent), []
    state = head.get("state")
    if state not in ("done", "refused", "failed", "memory", "flooded"):
        return Outcome("failed", None, None, "it gave no usable answer", *spent), []
    code, reason = head.get("code"), str(head.get("reason", ""))[:500]
    lacking = tuple(str(line)[:200] for line in head.get("missing", ()))
    outcome = Outcome(
        state, value if state == "done" else None, code if isinstance(code, str) else None, reason, *spent, lacking
    )
    return outcome, [name for name in head.get("heavy", ()) if isinstance(name, str)][:_HEAVY]


def _silent(ended: dict[str, Any], words: bytes) -> tuple[Any, None, str | None, str]:
    """A child that ended without an answer: killed, or gone by itself."""
    lines = words.decode("utf-8", "replace").strip().partition("\n\n")[0].splitlines() or [""]
    # A crash says what it is in its first line, a traceback in its last.
    text = lines[-1] if lines[0].startswith("Traceback") else lines[0]
    text = "".join(c if c.isprintable() else " " for c in text)[:300]
    said = f"; it said: {text}" if text else ""
    if number := ended["signal"]:
        name = signal.Signals(number).name if number in {int(one) for one in signal.Signals} else str(number)
        if number == signal.SIGXCPU:
            return "timeout", None, "TIMEOUT", "it used more processor time than it may use"
        if any(word in text.lower() for word in ("bad_alloc", "out of memory", "allocate memory")):
            return "memory", None, None, f"ended by {name} when memory was refused"
        return "killed", None, None, f"ended by {name}{said}"
    return "failed", None, None, f"ended with code {ended['exit']} and no answer{said}"


def _environment() -> dict[str, str]:
    """What a mother knows of ours: nothing secret, nothing that leads to the network."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        **kept,
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_XET": "1",
        "TOKENIZERS_PARALLELISM": "false",
        # One thread until the fork: a process with several must not be forked. Children take what they may have.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    }


_idle: list[Mother] = []
_lock = threading.Lock()


@contextlib.contextmanager
def _mother() -> Iterator[Mother]:
    """A mother for one job: an idle one, or a new one."""
    with _lock:
        while _idle and not _idle[-1].alive:
            _idle.pop().close()
        mother = _idle.pop() if _idle else None
    mother = mother or Mother()
    try:
        yield mother
    except BaseException:
        mother.close()
        raise
    if mother.alive:
        with _lock:
            _idle.append(mother)
    else:
        mother.close()


@atexit.register
def close() -> None:
    """End every idle mother."""
    with _lock:
        while _idle:
            _idle.pop().close()


if hasattr(os, "register_at_fork"):
    # A mother answers the process that started her, not a copy of it.
    os.register_at_fork(after_in_child=_idle.clear)
