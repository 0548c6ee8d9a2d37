"""Listings that end after so many records, whatever there is: they are asked in slices until the union is whole.

A hub tells how many records a question has (``total``), but shows only the first ``window`` of them. A question that
has more is split: by the first letters of names, then the next ones, as deep as it takes. What that leaves (a search
that is none, names of other letters) is asked for by owner, task, library and licence, as far as records named them.
A slice that was walked and holds less than its total, because records moved between its pages, is walked again in
another order.

Nothing is taken on trust: what counts is the union of distinct ids against the hub's own total, at the beginning and
at the end. Both, and those of every slice, stand in the manifest; less than everything is said, and never complete.

Which walks are left is a pure function of what has landed, so that a crawl that was killed goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from crawler.slices import DEEPEST, Landed, Slice, Sliced
from crawler.source import Crawl, Walk
from landing import RunWriter

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-_."
#: So many values of a facet are asked for before the union is looked at again.
BATCH = 64
#: The manifest names so many slices.
SHOWN = 5_000


def in_slices(hub: Sliced, crawl: Crawl, writer: RunWriter, tell: Callable[[str], None] | None) -> bool:
    """Go through a listing in slices, write its coverage into the manifest; whether everything was seen."""
    coverage = Partition(hub, crawl, writer, writer.manifest.config["walks"]).run()
    writer.manifest.config["coverage"] = coverage
    if tell is not None and "note" in coverage:
        tell(coverage["note"])
    return "note" not in coverage


class Partition:
    """One whole listing in slices."""

    def __init__(self, hub: Sliced, crawl: Crawl, writer: RunWriter, at_once: int = 1) -> None:
        """``at_once`` walks go side by side."""
        self.hub, self.crawl, self.writer, self.at_once = hub, crawl, writer, at_once
        self.landed = Landed(hub, writer, crawl.at)
        self._slices: dict[str, Slice] = {}
        self._budget = 0

    def run(self) -> dict[str, Any]:
        """Walk until nothing is left to ask; what was covered, for the manifest."""
        while walks := self._left():
            self.crawl.run(walks, self.at_once)
        self.crawl.run([self.hub.ask(Slice(), self.hub.orders[0], "models~after")])
        self.landed.refresh()
        return self._coverage()

    def _left(self) -> list[Walk]:
        """The walks that what was seen so far calls for."""
        self.landed.refresh()
        whole = self._total(Slice())
        self._budget = 3 * whole // self.hub.page + 5_000
        if self.landed.pages > self._budget:
            return []
        walks = self._of(Slice())
        if walks or self.landed.distinct >= whole:
            return walks
        return next(self._by_facet(), [])

    def _by_facet(self) -> Iterator[list[Walk]]:
        """What is left is asked for by what records said of themselves, the commonest first, while that helps."""
        for facet in self.hub.facets:
            brought = [seen.fresh for name, seen in self.landed.walks.items() if name.startswith(f"models-{facet}-")]
            if len(brought) >= BATCH and not any(brought[-BATCH:]):
                continue
            walks: list[Walk] = []
            for value, _ in sorted(self.landed.values[facet].items(), key=lambda entry: (-entry[1], entry[0])):
                walks += self._of(Slice(facet, value))
                if len(walks) >= BATCH:
                    break
            if walks:
                yield walks

    def _of(self, asked: Slice) -> list[Walk]:
        """The walks that a slice and those below it still need."""
        self._slices[asked.name] = asked
        if not self._done(asked.name):
            return [self.hub.ask(asked, self.hub.orders[0], asked.name)]
        if self._total(asked) <= self.hub.window:
            return self._again(asked, "")
        waves = self._waves(asked)
        for letters in waves:
            walks = [walk for letter in letters for walk in self._of(asked.then(letter))]
            below = sum(self._total(asked.then(letter)) for letter in {*letters, *waves[0]})
            if walks or below >= self._total(asked) or self._whole(asked):
                return walks
        # What no letter brought, such as a name that ends here: the window shows much of a slice not far too big.
        near = self._total(asked) <= len(self.hub.orders) * self.hub.window
        return self._again(asked, "~all") if near or not waves else []

    def _again(self, asked: Slice, ending: str) -> list[Walk]:
        """A walk in the next order, until the slice's total is reached or an order brought nothing."""
        known = self.landed.ids(asked.name)
        for order in self.hub.orders if ending else self.hub.orders[1:]:
            if self._whole(asked):
                return []
            name = f"{asked.name}~{order}{ending}"
            if not self._done(name):
                return [self.hub.ask(asked, order, name)]
            found = self.landed.ids(name)
            if found <= known:
                return []
            known = known | found
        return []

    def _whole(self, asked: Slice) -> bool:
        """Whether as many ids came as the hub counts."""
        return len(self._union(asked)) >= self._total(asked)

    def _waves(self, asked: Slice) -> list[list[str]]:
        """Letters to go on with: those that names seen have, then all others; none where that splits nothing."""
        known = self.landed.letters(asked.prefix)
        whole = self._total(asked)
        below = [self._total(asked.then(letter)) for letter in {*known, *ALPHABET}]
        if len(asked.prefix) >= DEEPEST or below.count(whole) > 1:
            return []
        return [sorted(known), sorted(set(ALPHABET) - known)]

    def _union(self, asked: Slice) -> set[int]:
        """Distinct ids that a slice and those below it brought."""
        found: set[int] = set()
        for ending in ("", *(f"~{order}{ending}" for order in self.hub.orders for ending in ("", "~all"))):
            found |= self.landed.ids(asked.name + ending)
        if self._total(asked) > self.hub.window:
            for letter in {*self.landed.letters(asked.prefix), *ALPHABET}:
                if (below := asked.then(letter)).name in self.landed.walks:
                    found |= self._union(below)
        return found

    def _total(self, asked: Slice) -> int:
        """How many records the hub says that a slice has, when last asked."""
        seen = self.landed.walks.get(asked.name)
        return seen.total if seen else 0

    def _done(self, name: str) -> bool:
        return bool(self.writer.cursors.get(name, (None, False))[1])

    def _coverage(self) -> dict[str, Any]:
        """What was seen of what there is; partitions are slices that were walked to their ends."""
        before, distinct = self._total(Slice()), self.landed.distinct
        after = self.landed.walks["models~after"].total
        parts = {s.name: [len(self._union(s)), self._total(s)] for s in self._slices.values() if self._walked(s)}
        total = max(before, after)
        found: dict[str, Any] = {
            "distinct": distinct,
            "pages": self.landed.pages,
            "total_count": total,
            "total_count_before": before,
            "total_count_after": after,
            "share": round(min(1.0, distinct / total), 6) if total else 1.0,
            "partitions": len(parts),
            "partitions_short": sum(seen < there for seen, there in parts.values()),
            "per_partition": dict(sorted(parts.items())[:SHOWN]),
        }
        if distinct < total:
            found["note"] = (
                f"{distinct:,} of {total:,} models were seen ({int(1e4 * distinct / total) / 100} %): the listing "
                f"shows no more than {self.hub.window:,} for one question, and {total - distinct:,} came with none "
                f"of {len(self._slices):,} questions{self._spent()}. Absence proves nothing in this snapshot."
            )
        return found

    def _walked(self, asked: Slice) -> bool:
        """Whether a slice that holds something was walked as far as it leads, and not only counted."""
        ends = self._total(asked) <= self.hub.window or self._done(f"{asked.name}~{self.hub.orders[0]}~all")
        return ends and self._done(asked.name) and self._total(asked) > 0

    def _spent(self) -> str:
        return " (as many as politeness allows)" if self.landed.pages > self._budget else ""
