"""What became of fetching one repository."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from landing.errors import HubCensusError

Code = Literal[
    "GATED_OR_PRIVATE", "GONE", "REVISION_GONE", "NOT_AVAILABLE", "HASH_MISMATCH", "TOO_LARGE", "BUDGET", "BROKEN",
    "UNSAFE_NAME",
]  # fmt: skip


class Unfetched(HubCensusError):
    """Something of a repository could not be had, for a reason that another try will not cure today."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code: Code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Got:
    """One file that is there: ``bytes`` of it were downloaded by this fetch (0: it was in the cache already).

    ``verified`` is what it was held against: ``sha256``, ``git-sha1``, or nothing for what was read in ranges.
    """

    path: str
    bytes: int
    sha256: str | None
    verified: str | None
    ranged: bool = False

    def facts(self) -> dict[str, Any]:
        """As an examination keeps it."""
        return {
            "path": self.path,
            "bytes": self.bytes,
            "ranged": self.ranged,
            "sha256": self.sha256,
            "verified": self.verified is not None,
        }


@dataclass(slots=True)
class Fetched:
    """A repository at a commit, as far as it was wanted.

    ``folder`` is None where nothing is there. ``code`` and ``reason`` say why it is not all that was wanted. ``left
    out`` lists what was not wanted or too large, as ``{path, bytes, why}``; ``failures`` the files that could not be
    had. ``hub_says`` is the hub's own verdict by path: ``{verdict, version, detail}``. ``evicted`` names repositories
    that had to make room.
    """

    repo_id: str
    revision: str
    folder: Path | None = None
    files: list[Got] = field(default_factory=list)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    hub_says: dict[str, dict[str, Any]] = field(default_factory=dict)
    evicted: list[str] = field(default_factory=list)
    code: str | None = None
    reason: str = ""
    partial: bool = False
    requests: int = 0
    query_files: int = 0

    @property
    def downloaded(self) -> int:
        """Bytes that were downloaded."""
        return sum(got.bytes for got in self.files)

    @property
    def downloads(self) -> list[dict[str, Any]]:
        """The files, as :class:`probe.examination.Examination` keeps them."""
        return [got.facts() for got in self.files]
