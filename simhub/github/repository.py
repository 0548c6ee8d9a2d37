"""What a synthetic repository is: its files, what the forge says of it, and what is true of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

State = Literal["there", "gone", "empty", "blocked"]


@dataclass(frozen=True, slots=True)
class Usage:
    """A place that loads a model: the truth that a miner is measured against.

    ``line`` counts from 1 in the file, or in the cell of a notebook; ``cell`` from 0 over all cells.
    """

    path: str
    line: int
    model_id: str
    hub: str = "huggingface"
    library: str = ""
    revision: str | None = None
    flags: tuple[str, ...] = ()
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Dependency:
    """A package that a repository names: ``version`` where a lock or a pin gives one."""

    path: str
    package: str
    version: str | None


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository of the synthetic forge.

    ``former`` are names that redirect here; ``state`` says whether it can be had: ``gone`` (found by a search, then
    deleted), ``empty`` (no commit), ``blocked`` (451, for a legal reason). ``licence`` is the SPDX id that the forge
    detects, None where there is no licence file, NOASSERTION where it cannot tell. ``hostile`` names what its archive
    holds beside the files (`simhub.apps._archives.HOSTILE`). Times are as GitHub writes them (2025-11-03T10:00:00Z).
    """

    owner: str
    name: str
    files: Mapping[str, bytes] = field(repr=False, default_factory=dict)
    stars: int = 0
    forks: int = 0
    watchers: int = 0
    created_at: str = "2024-01-01T00:00:00Z"
    pushed_at: str = "2025-11-03T10:00:00Z"
    description: str | None = None
    homepage: str | None = None
    language: str | None = "Python"
    topics: tuple[str, ...] = ()
    archived: bool = False
    fork: bool = False
    licence: str | None = None
    branch: str = "main"
    former: tuple[str, ...] = ()
    state: State = "there"
    hostile: tuple[str, ...] = ()
    issues: int = 0
    pulls: int = 0
    organisation: bool = False
    usages: tuple[Usage, ...] = ()
    dependencies: tuple[Dependency, ...] = ()

    @property
    def full_name(self) -> str:
        """``owner/name``."""
        return f"{self.owner}/{self.name}"
