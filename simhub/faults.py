"""Faults on request: what a real hub does to a crawler, seeded and countable.

Grammar: `name=value,name=value`. A rate (0 to 1) is a probability per request; a count is how many.

Transient, gone on retry (never more than three in a row for one URL and day):
  `429`, `5xx`, `timeout` (silence), `cut` (a body that stops: with its length announced, in chunks, or
  with no length at all), `malformed` (the page is not JSON), `utf8page` (a page with an invalid byte),
  `badlink` (the `Link` of a page names another host) - all rates; `deep504=N` (cursors deeper than N
  pages answer 504 twice).
Listing: `dup=RATE` (a page repeats one of its own models and one of the page before), `moved=N` (N times,
  a model served on the page before moves down and is met again; recorded in table `moved`).
Hubs of `simhub.api` only: `again=RATE` (a page holds the whole page before, too), `shape=N` (from the N-th page on
  the field that holds the records has another name).
Persistent bad records, counts, additional to the true population (table `bad`): `noid`, `notobject`,
  `wrongtype`, `badutf8`.
Extra models whose truth is known: `bigcard=N` (a 20 MB README), `hostile=1` (HTML, SQL, terminal escapes,
  path traversal, format strings, NUL escapes, a tag of 1 MB).
Settings: `seed=N`, `silence=SECONDS` (how long a timeout lasts; default 30), `retry=SECONDS` (what an
  injected 429 asks for; default 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from simhub.clock import chance

RATES = {
    "429": "too_many",
    "5xx": "server_error",
    "timeout": "timeout",
    "cut": "cut",
    "malformed": "malformed",
    "utf8page": "utf8page",
    "badlink": "badlink",
    "dup": "dup",
    "again": "again",
}
#: Those which replace or break a response; `badlink`, `dup` and `again` only edit a page.
BREAKING = ("timeout", "too_many", "server_error", "cut", "malformed", "utf8page")
MAX_IN_A_ROW = 3


@dataclass(frozen=True)
class Faults:
    """What to break, and how often."""

    too_many: float = 0.0
    server_error: float = 0.0
    timeout: float = 0.0
    cut: float = 0.0
    malformed: float = 0.0
    utf8page: float = 0.0
    badlink: float = 0.0
    dup: float = 0.0
    again: float = 0.0
    shape: int = 0
    deep504: int = 0
    moved: int = 0
    noid: int = 0
    notobject: int = 0
    wrongtype: int = 0
    badutf8: int = 0
    bigcard: int = 0
    hostile: int = 0
    seed: int = 0
    retry: int = 1
    silence: float = 30.0

    @classmethod
    def parse(cls, spec: str) -> Faults:
        """Read the grammar above; a `ValueError` says what is wrong."""
        values: dict[str, float | int] = {}
        known = {f.name: f.type for f in fields(cls)}
        for part in filter(None, (p.strip() for p in spec.split(","))):
            name, _, text = part.partition("=")
            name = RATES.get(name, name)
            if name not in known:
                names = [*RATES, *(key for key in known if key not in RATES.values())]
                raise ValueError(f"unknown fault {part!r}; known: {', '.join(names)}")
            number = float(text or 1)
            if name in RATES.values() and not 0 <= number <= 1:
                raise ValueError(f"{part!r} is a rate and must lie between 0 and 1")
            values[name] = number if known[name] == "float" else int(number)
        return cls(**values)  # type: ignore[arg-type]


@dataclass
class Injector:
    """Draws the transient faults. A draw depends on (seed, day, URL, how often it failed in a row), so a
    crawl meets the same faults whatever the order of its requests."""

    faults: Faults = field(default_factory=Faults)
    counts: dict[str, int] = field(default_factory=dict)
    moves: int = 0
    _failed: dict[tuple[int, str], int] = field(default_factory=dict)

    def breaking(self, day: int, url: str, paged: bool) -> str:
        """The fault that breaks this request, empty for none. Page-level faults need a JSON page."""
        key = (day, url)
        row = self._failed.get(key, 0)
        if row >= MAX_IN_A_ROW:
            return ""
        for name in BREAKING if paged else BREAKING[:4]:
            rate = getattr(self.faults, name)
            if rate and chance(self.faults.seed, name, day, url, row) < rate:
                self._failed[key] = row + 1
                return self.note(name)
        return ""

    def editing(self, name: str, day: int, url: str) -> bool:
        """Whether a page is edited: `badlink` goes away on retry, `dup` stays for the day."""
        rate = getattr(self.faults, name)
        if not rate or chance(self.faults.seed, name, day, url) >= rate:
            return False
        if name == "badlink":
            key = (day, "badlink " + url)
            if self._failed.get(key):
                return False
            self._failed[key] = 1
        self.note(name)
        return True

    def too_deep(self, day: int, url: str, page: int) -> bool:
        """Whether a deep cursor answers 504 now: twice, then it works."""
        key = (day, "504 " + url)
        if not self.faults.deep504 or page <= self.faults.deep504 or self._failed.get(key, 0) >= 2:
            return False
        self._failed[key] = self._failed.get(key, 0) + 1
        self.note("deep504")
        return True

    def may_move(self) -> bool:
        """Whether a model should move under the listing now."""
        if self.moves >= self.faults.moved:
            return False
        self.moves += 1
        self.note("moved")
        return True

    def note(self, name: str) -> str:
        """Count a fault that struck."""
        self.counts[name] = self.counts.get(name, 0) + 1
        return name
