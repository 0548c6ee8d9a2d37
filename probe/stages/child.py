"""Asking a child process, and writing into an examination what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from probe.examination import Examination
from probe.stages.subject import Options


def ask(
    done: Examination, function: str, arguments: dict[str, Any], options: Options, readable: Sequence[Path]
) -> dict[str, Any] | None:
    """The answer of ``function``; None where there is none, with the reason in ``done``."""
    from probe.sandbox import Limits, call

    limits = Limits(seconds=options.seconds, memory=options.memory, threads=options.threads)
    outcome = call(function, arguments, limits=limits, readable=[_whole(path) for path in readable])
    done.state, done.code, done.reason = outcome.state, outcome.code, outcome.reason
    done.cost |= {
        "cpu_seconds": outcome.cpu_seconds,
        "wall_seconds": outcome.wall_seconds,
        "peak_bytes": outcome.peak_bytes,
    }
    done.environment["seed"] = options.seed
    if outcome.lacking:
        done.environment["protections_lacking"] = list(outcome.lacking)
    return outcome.value if outcome.state == "done" else None


def _whole(path: Path) -> Path:
    """What has to be readable with ``path``: the files of a snapshot in huggingface_hub's cache lie beside it."""
    return path.parent.parent if path.parent.name == "snapshots" else path
