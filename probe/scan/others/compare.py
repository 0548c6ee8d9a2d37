"""The parent's side: one child per tool, one question per file, a new child after a crash or a timeout."""

from __future__ import annotations

import hashlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from landing.errors import UsageError
from probe.scan.others.hub import hub_verdicts

#: Tools, by the file beside this one that knows them.
TOOLS = ("picklescan", "modelscan", "fickling")
#: What a verdict may be.
VERDICTS = ("clean", "unlisted", "suspicious", "dangerous", "error", "skipped", "not-installed")
#: Names the Python of the environment that holds the other scanners.
VARIABLE = "HUBCENSUS_SCANNERS"
#: Bytes of address space of a child.
MEMORY = 4 << 30
_ANSWER = 1 << 20
_START = 60.0


class _Child:
    """One running child. ``ask`` gives its answer, or why there is none."""

    def __init__(self, tool: str, python: str, memory: int, cpu_seconds: int) -> None:
        self.scratch = tempfile.TemporaryDirectory(prefix="hubcensus-other-")
        script = Path(__file__).with_name("child.py")
        environment = {"PATH": os.defpath, "HOME": self.scratch.name, "TMPDIR": self.scratch.name, "LANG": "C.UTF-8"}
        self.process = subprocess.Popen(
            [python, "-I", "-W", "ignore", str(script), tool, str(memory), str(cpu_seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.scratch.name,
            env=environment,
            start_new_session=True,
        )
        self.pending = b""

    def ask(self, path: str | None, seconds: float) -> tuple[dict[str, Any] | None, str]:
        """The child's next line (after naming ``path`` to it), or None and the reason."""
        assert self.process.stdin is not None
        if path is not None:
            try:
                self.process.stdin.write(json.dumps(path).encode() + b"\n")
                self.process.stdin.flush()
            except OSError:
                return None, self.ended()
        line, reason = self.line(time.monotonic() + seconds)
        if line is None:
            return None, reason or f"not finished within {seconds:g} seconds"
        try:
            answer = json.loads(line)
        except ValueError:
            return None, "its answer is no JSON"
        return (answer, "") if isinstance(answer, dict) else (None, "its answer is no object")

    def line(self, deadline: float) -> tuple[bytes | None, str]:
        """One line of its output before the deadline, or None and how it ended ("" for a timeout)."""
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self.pending:
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    return None, ""
                chunk = os.read(self.process.stdout.fileno(), 65536)
                if not chunk:
                    return None, self.ended()
                self.pending += chunk
                if len(self.pending) > _ANSWER:
                    return None, "its answer has no end"
        line, _, self.pending = self.pending.partition(b"\n")
        return line, ""

    def ended(self) -> str:
        """How the child ended, in words."""
        try:
            code = self.process.wait(5)
        except subprocess.TimeoutExpired:
            return "closed its output"
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def close(self) -> None:
        """Kill it and whatever it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        self.process.wait()
        self.scratch.cleanup()


def compare(
    paths: Iterable[str | Path],
    tools: Sequence[str] | None = None,
    seconds: float = 60,
    *,
    python: str | Path | None = None,
    memory: int = MEMORY,
    hub: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """What other scanners say of each file: ``path, sha256, tool, version, verdict, detail``.

    ``tools`` of :data:`TOOLS` (all by default); ``seconds`` per file; ``python`` is the interpreter that has them
    (by default ``HUBCENSUS_SCANNERS``, else this one). ``hub`` adds the hub's own verdicts: by path, the block that
    its API calls ``securityFileStatus``. A tool that is absent gives ``not-installed``, one that crashes or takes
    too long ``error``. Raises :class:`landing.errors.UsageError` for a tool that nobody knows or a Python that is
    not there.
    """
    chosen = TOOLS if tools is None else tuple(tools)
    for tool in chosen:
        if tool not in TOOLS:
            raise UsageError(f"no scanner {tool!r}; there are {', '.join(TOOLS)}")
    interpreter = str(python or os.environ.get(VARIABLE) or sys.executable)
    if not os.access(interpreter, os.X_OK):
        raise UsageError(f"{interpreter!r} ({VARIABLE}) is no Python that can be run")
    files = [(str(path), _sha256(path)) for path in paths]
    rows: list[dict[str, Any]] = []
    for tool in chosen:
        for (path, sha256), (version, verdict, detail) in zip(
            files, _verdicts(tool, [path for path, _ in files], seconds, interpreter, memory), strict=True
        ):
            rows.append(
                {
                    "path": path,
                    "sha256": sha256,
                    "tool": tool,
                    "version": version,
                    "verdict": verdict,
                    "detail": detail,
                }
            )
    if hub:
        hashes = dict(files)
        for path, status in hub.items():
            rows += hub_verdicts(path, status, hashes.get(path))
    return rows


def _verdicts(
    tool: str, paths: list[str], seconds: float, python: str, memory: int
) -> Iterator[tuple[str, str, str]]:
    """(version, verdict, detail) for each path in order."""
    child: _Child | None = None
    version = ""
    absent = False
    hello: dict[str, Any] | None = None
    cpu_seconds = int(seconds * max(1, len(paths))) + 60

    try:
        for path in paths:
            if child is None:
                child = _Child(tool, python, memory, cpu_seconds)
                hello, reason = child.ask(None, _START)
                if hello is None:
                    yield version, "error", f"could not be started: {reason}"
                    child.close()
                    child = None
                    continue
                if "version" not in hello:
                    absent = True
                version = str(hello.get("version") or version)
            if absent:
                yield "", "not-installed", str(hello.get("missing", "")) if hello else ""
                continue
            answer, reason = child.ask(str(Path(path).absolute()), seconds)
            if answer is None or answer.get("verdict") not in VERDICTS:
                yield version, "error", reason or "its answer is no verdict"
                child.close()
                child = None
            else:
                yield version, str(answer["verdict"]), str(answer.get("detail", ""))
    finally:
        if child is not None:
            child.close()


def _sha256(path: str | Path) -> str | None:
    """The file's hash, or None where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
