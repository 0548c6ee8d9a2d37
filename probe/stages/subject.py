"""A model under examination, as it was drawn and as it lies in the cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Subject:
    """One model: which, at which commit, where its files are, and what to compare it with.

    ``hub_says``: the hub's own verdict by path; ``fetched``: why files are missing, "" where none is, None where
    it was never fetched.
    """

    hub: str
    model_id: str
    revision: str | None
    folder: Path
    role: str = "drawn"
    base: Path | None = None
    siblings: tuple[Path, ...] = ()
    hub_says: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    fetched: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """What the stages are told: ``seconds`` and ``memory`` (bytes) per model, ``datasets`` a folder of test sets.

    ``margin`` is that of equivalence (a fraction: 0.01 is one point), ``examples`` how many of a test set at most.
    """

    seconds: float = 600.0
    memory: int = 8 << 30
    seed: int = 0
    device: str | None = None
    datasets: Path | None = None
    margin: float = 0.01
    examples: int | None = None
    plan: str = "shortlist"
    others: bool = False
    threads: int = 0
