"""The child: it gives up its rights, calls one function of ours, writes one answer, and ends.

An answer is four bytes of length, the head (JSON: how it ended), four bytes of length, the value (JSON).
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from landing.errors import HubCensusError
from probe.sandbox.confine import Bounds, confine

#: Libraries that are costly to import: the next child is born with those that this one needed.
HEAVY = (
    "numpy", "torch", "safetensors", "safetensors.torch", "tokenizers", "transformers",
    "transformers.modeling_utils", "transformers.models.auto", "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto", "scipy.stats", "scipy.optimize", "scipy.special", "sklearn.metrics",
    "sklearn.linear_model", "duckdb", "pandas",
)  # fmt: skip
_ARCHITECTURE = re.compile(r"transformers\.models\.\w+\.(modeling|configuration|tokenization)_\w+", re.ASCII)
_OUT_OF_MEMORY = ("can't allocate memory", "cannot allocate memory", "out of memory", "std::bad_alloc")


def is_heavy(name: str) -> bool:
    """Whether a module is one that a mother may import: a costly library, or an architecture of transformers' own."""
    return name in HEAVY or bool(_ARCHITECTURE.fullmatch(name))


def run(job: dict[str, Any], answer: int) -> NoReturn:
    """Do the job and end the process, whatever happens."""
    code = 1
    try:
        head, value = _done(job)
        _send(answer, head, value, int(job["limits"]["answer"]))
        code = 0
    except BaseException:
        if not isinstance(sys.exc_info()[1], BrokenPipeError):
            sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


def _done(job: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The head and the value of the answer."""
    head: dict[str, Any] = {}
    try:
        head["missing"] = _begin(job)
        value = _call(job["function"], job["arguments"])
        body = json.dumps(value, allow_nan=False).encode()
        return {**head, "state": "done", "heavy": [name for name in sys.modules if is_heavy(name)]}, body
    except BaseException as error:
        head |= _failure(error)
        head["heavy"] = [name for name in sys.modules if is_heavy(name)]
        return head, b"null"


def _begin(job: dict[str, Any]) -> list[str]:
    """Into the scratch folder and into confinement; what could not be had."""
    limits = job["limits"]
    scratch = Path(job["scratch"])
    os.chdir(scratch)
    for name in ("HOME", "TMPDIR", "HF_HOME", "XDG_CACHE_HOME", "TORCH_HOME", "MPLCONFIGDIR", "CUDA_CACHE_PATH"):
        os.environ[name] = str(scratch)
    threads = int(limits["threads"]) or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else (0,))
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    missing = confine(
        Bounds(
            scratch=scratch,
            readable=tuple(map(Path, job["readable"])),
            writable=tuple(map(Path, job["writable"])),
            packages=tuple(map(Path, job["packages"])),
            memory=int(limits["memory"]),
            written=int(limits["written"]),
            cpu_seconds=int(float(limits["seconds"]) * (threads + 1)) + 10,
        )
    )
    if "torch" in sys.modules:  # only now: it may start threads, and a process with several gets no namespace
        sys.modules["torch"].set_num_threads(threads)
    return missing


def _call(function: str, arguments: dict[str, Any]) -> Any:
    module, _, name = function.partition(":")
    return getattr(importlib.import_module(module), name)(arguments)


def _failure(error: BaseException) -> dict[str, Any]:
    """How an error ends a call: refused with the word of a closed list, out of memory, or failed."""
    text = " ".join("".join(c if c.isprintable() else " " for c in str(error)).split())[:500]
    kind = type(error).__name__
    code = getattr(error, "code", None)
    if isinstance(error, HubCensusError):
        return {"state": "refused", "code": code if isinstance(code, str) else None, "reason": text}
    if isinstance(error, MemoryError) or kind == "OutOfMemoryError" or any(w in text.lower() for w in _OUT_OF_MEMORY):
        return {"state": "memory", "reason": "more memory was asked for than it may have"}
    if isinstance(error, OSError) and error.errno in (errno.EFBIG, errno.ENOSPC, errno.EDQUOT):
        return {"state": "flooded", "reason": "more was written than it may write"}
    if isinstance(error, SystemExit):
        return {"state": "failed", "reason": f"it ended itself with {error.code!r} and gave no answer"}
    return {"state": "failed", "reason": f"{kind}: {text}" if text else kind}


def _send(answer: int, head: dict[str, Any], body: bytes, most: int) -> None:
    if len(body) > most:
        head = {**head, "state": "flooded", "reason": f"an answer of {len(body)} bytes; it may have {most}"}
        body = b"null"
    first = json.dumps(head).encode()
    data = memoryview(len(first).to_bytes(4, "big") + first + len(body).to_bytes(4, "big") + body)
    while data:
        data = data[os.write(answer, data) :]
