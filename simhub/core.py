"""The hub itself, without sockets: its store, limits, faults and statistics, and how models are found."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from simhub import evolve, hostile
from simhub.cache import PageCache
from simhub.faults import Faults, Injector
from simhub.history import version_at
from simhub.ratelimit import Account, Limits, Meter
from simhub.spec import Spec
from simhub.store import Store
from simhub.wire import Request, Response, error


@dataclass
class Stats:
    """What was asked of the hub since it started."""

    requests: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    routes: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    throttled: int = 0
    bytes_sent: int = 0
    query_file_touches: int = 0
    touched: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        plain = {name: dict(getattr(self, name)) for name in ("classes", "routes", "statuses")}
        numbers = {name: getattr(self, name) for name in ("requests", "throttled", "bytes_sent")}
        return {**numbers, **plain, "query_file_touches": self.query_file_touches, "touched": self.touched[:100]}


@dataclass(frozen=True)
class Row:
    """A model as the routes need it."""

    ordinal: int
    id: str
    owner: str
    sha: str
    gated: str | None
    private: bool
    disabled: bool
    library: str | None


class Gone(Exception):
    """A request ends here, with this response."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class Hub:
    """State of one simulated hub: its store, its limits, its faults, its statistics."""

    def __init__(self, store: Store, faults: Faults, limits: Limits, cache: int = 0) -> None:
        self.store = store
        self.limits = limits
        self.meter = Meter(limits)
        self.stats = Stats()
        self.pages = PageCache(cache)
        self.bad: dict[int, list[bytes]] = {}
        self.injector = Injector()
        self.set_faults(faults)

    @property
    def db(self) -> sqlite3.Connection:
        """The store's connection."""
        return self.store.db

    def set_faults(self, faults: Faults) -> None:
        """Replace the faults; persistent ones are planned now."""
        self.injector = Injector(faults)
        self.pages.forget()
        hostile.extra_models(self.store, faults)
        hostile.bad_records(self.store, faults)
        self.bad = {}
        for anchor, body in self.db.execute("SELECT anchor, body FROM bad ORDER BY number"):
            self.bad.setdefault(anchor, []).append(body)

    def advance(self, days: int) -> int:
        """Let days pass; the new day."""
        self.pages.forget()
        for _ in range(days):
            evolve.advance(self.store)
        return self.store.day

    def find(self, request: Request, name: str, who: Account) -> Row:
        """The model with this (quoted) id, or the error or redirect the Hub answers."""
        wanted = unquote(name)
        query = "SELECT ordinal, id, owner, sha, gated, private, disabled, library FROM state WHERE "
        row = self.db.execute(query + "id = ?", (wanted,)).fetchone()
        if row is None:
            moved = self.db.execute("SELECT ordinal FROM alias WHERE old_id = ?", (wanted,)).fetchone()
            row = moved and self.db.execute(query + "ordinal = ?", moved).fetchone()
        model = Row(*row) if row else None
        if model is None:
            raise Gone(error(404, "Repository not found", "RepoNotFound"))
        if model.private and model.owner != who.user:
            if not who.user:
                raise Gone(error(401, "Invalid username or password.", "RepoNotFound"))
            raise Gone(error(404, "Repository not found", "RepoNotFound"))
        if model.id != wanted:
            target = request.target.replace(name, quote(model.id), 1)
            raise Gone(Response(307, f"Temporary Redirect. Redirecting to {target}".encode(), {"Location": target}))
        return model

    def at(self, model: Row, revision: str) -> tuple[Spec, str]:
        """The version a revision names, and the commit it is."""
        spec = self.store.current(model.ordinal)
        if spec is None:
            raise Gone(error(404, "Entry not found", "EntryNotFound"))
        wanted = unquote(revision)
        if wanted in ("main", "refs/heads/main", spec.sha):
            return spec, spec.sha
        found = version_at(self.store, spec, wanted)
        if found is None:
            raise Gone(error(404, f"Invalid rev id: {wanted}", "RevisionNotFound"))
        return found
