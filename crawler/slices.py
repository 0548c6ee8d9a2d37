"""One question to a listing, and what the pages that landed answered to it; see :mod:`crawler.partition`."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
import zstandard

from crawler.source import Walk
from landing import Part, Run, RunWriter

#: No name is split further than after so many letters.
DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Slice:
    """One question: a facet with its value (none: everything), and the first letters of names."""

    facet: str = ""
    value: str = ""
    prefix: str = ""

    @property
    def name(self) -> str:
        """A name that is a file's as well, whatever a hub put into it."""
        first = f"{self.facet}-{hashlib.sha256(self.value.encode('utf-8', 'replace')).hexdigest()[:12]}"
        letters = "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in self.prefix)
        return "-".join(filter(None, ("models", first if self.facet else "", letters)))

    def then(self, letter: str) -> Slice:
        """The names of this slice that go on with a letter."""
        return Slice(self.facet, self.value, self.prefix + letter)


class Sliced(Protocol):
    """What a hub says of its questions."""

    window: int
    page: int
    orders: tuple[str, ...]
    facets: tuple[str, ...]

    def ask(self, asked: Slice, order: str, name: str) -> Walk:
        """The walk of a slice in an order; one whose name ends with ``~all`` goes on to the window's end."""

    def total(self, page: Any) -> int:
        """How many records the question of a page has."""

    def values(self, record: dict[str, Any]) -> Iterable[tuple[str, str]]:
        """The facets of a record with their values."""


@dataclass(slots=True)
class _Seen:
    """What one walk brought."""

    total: int = 0
    ids: set[int] = field(default_factory=set)
    # How many of them nothing had brought before.
    fresh: int = 0


class Landed:
    """The pages of a run so far, as far as slices need them; each is read once."""

    def __init__(self, hub: Sliced, writer: RunWriter, at: str) -> None:
        """Nothing is read yet."""
        self._hub, self._run, self._at = hub, Run(writer.folder, writer.manifest), at.split(".")
        self._read: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._letters: dict[str, set[str]] = {}
        self.walks: dict[str, _Seen] = {}
        self.values: dict[str, Counter[str]] = {facet: Counter() for facet in hub.facets}

    def refresh(self) -> None:
        """Read what has landed since."""
        for part in self._run.parts():
            if part.kind == "models" and part.path not in self._read:
                self._read.add(part.path)
                self._page(part)

    @property
    def distinct(self) -> int:
        """How many ids were seen."""
        return len(self._numbers)

    @property
    def pages(self) -> int:
        """How many pages were read."""
        return len(self._read)

    def ids(self, walk: str) -> set[int]:
        """The numbers of the ids that a walk brought."""
        seen = self.walks.get(walk)
        return seen.ids if seen else set()

    def letters(self, prefix: str) -> set[str]:
        """The letters that names seen so far go on with."""
        if prefix not in self._letters:
            self._letters[prefix] = set()
            for name in self._numbers:
                self._continue(prefix, _bare(name))
        return self._letters[prefix]

    def _continue(self, prefix: str, bare: str) -> None:
        if len(bare) > len(prefix) and bare.startswith(prefix):
            self._letters[prefix].add(bare[len(prefix)])

    def _page(self, part: Part) -> None:
        seen = self.walks.setdefault(part.walk, _Seen())
        with self._run.path(part).open("rb") as handle, zstandard.ZstdDecompressor().stream_reader(handle) as stream:
            body = stream.read()
        try:
            page = rows = msgspec.json.decode(body.decode("utf-8", "replace"))
            for name in self._at:
                rows = rows[name]
            seen.total = self._hub.total(page)
        except (msgspec.MsgspecError, KeyError, TypeError):
            return
        for record in rows or ():
            if isinstance(record, dict) and isinstance(record.get("id"), str):
                known = len(self._numbers)
                seen.ids.add(self._number(record["id"], record))
                seen.fresh += len(self._numbers) - known

    def _number(self, name: str, record: dict[str, Any]) -> int:
        if name not in self._numbers:
            self._numbers[name] = len(self._numbers)
            bare = _bare(name)
            for depth in range(min(len(bare), DEEPEST)):
                if bare[:depth] in self._letters:
                    self._continue(bare[:depth], bare)
            for facet, value in self._hub.values(record):
                self.values[facet][value] += 1
        return self._numbers[name]


def _bare(name: str) -> str:
    """The part of an id that a search by name begins with."""
    return name.rpartition("/")[2].lower()
