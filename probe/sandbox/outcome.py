"""What a child may use, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

#: How a child ended: it returned; it raised an error of ours or another; it was stopped.
State = Literal["done", "refused", "failed", "timeout", "memory", "killed", "flooded"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use: wall seconds, bytes of memory, bytes written to its scratch folder, bytes of its
    answer.
    """

    seconds: float = 300.0
    memory: int = 8 << 30
    written: int = 1 << 30
    answer: int = 64 << 20
    threads: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended. ``value`` is what the function returned (JSON); ``reason`` says why there is none.

    ``code`` is the word of a closed list that goes with a refusal (``UNSAFE_FILE``, ``REMOTE_CODE_REQUIRED``,
    ``ARCH_UNSUPPORTED``, ``LOAD_ERROR``, ``TOO_LARGE``, ``TIMEOUT``, ...). ``lacking`` names the protections that
    this machine does not give, each with its reason.
    """

    state: State
    value: Any = None
    code: str | None = None
    reason: str = ""
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_bytes: int = 0
    lacking: tuple[str, ...] = ()
