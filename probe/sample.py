"""A stratified sample of a hub's models whose inclusion probabilities are known, and rates estimated from it.

Strata are popularity band, task, library and format. A stratum too small to be worth a draw of its own joins its
neighbours (without the library, then without the task, then the band alone). The sample is a pure function of the
frame, the size and the seed: within a stratum those models are drawn whose hash with the seed is smallest, so the
order of the frame does not matter, and memory holds the sample, not the hub.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from landing.errors import UsageError

Row = dict[str, Any]
# How much more often the most popular band is drawn than the least: the models that software depends on.
_BOOST = 8.0
_BANDS = ("0", "1-9", "10-99", "100-999", "1k-9k", "10k-99k", "100k-999k", "1M and more")
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Sampled:
    """A model that was drawn: ``probability`` is ``stratum_drawn / stratum_models``.

    ``role`` is ``drawn``; ``certain`` for one that somebody asked for (it stands for itself alone and is no part of
    estimates); ``base`` or ``sibling`` for one that is fetched for comparison.
    """

    hub: str
    model_id: str
    revision: str
    stratum: str
    probability: float
    stratum_models: int
    stratum_drawn: int
    base: str | None = None
    siblings: list[str] = field(default_factory=list)
    role: str = "drawn"

    def body(self) -> bytes:
        """As it lands (the id and the commit are the record's own)."""
        facts = asdict(self)
        return json.dumps(facts, ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class Rate:
    """An estimated share of the hub's models: 95 % interval, models behind it, and how many a simple sample
    of the same precision would have (``effective``).
    """

    value: float
    low: float
    high: float
    n: int
    effective: float


def band(downloads: int | None) -> str:
    """The popularity band: decades of downloads."""
    if not downloads or downloads < 1:
        return _BANDS[0]
    return _BANDS[min(len(str(int(downloads))), len(_BANDS) - 1)]


def draw(frame: Callable[[], Iterable[Row]], size: int, seed: int = 0) -> list[Sampled]:
    """Draw ``size`` models from ``frame`` (called twice; rows with hub, model_id, revision, downloads, task,
    library, format), or all of them where there are no more.

    Every stratum gets at least one; the rest goes by size, more to popular bands (up to eight times the rate).
    Raises :class:`UsageError` where the frame is empty.
    """
    counts = Counter(_cell(row) for row in frame())
    total = sum(counts.values())
    if not total:
        raise UsageError("There is no model to draw from; crawl and load a hub first.")
    size = min(size, total)
    strata = _collapse(counts, total / size)
    sizes: Counter[str] = Counter()
    for cell, count in counts.items():
        sizes[strata[cell]] += count
    allocated = _allocate(sizes, size)
    best: dict[str, list[tuple[int, str, str, str]]] = defaultdict(list)
    for row in frame():
        stratum = strata[_cell(row)]
        entry = (-_order(seed, row), row["model_id"], row["hub"], row["revision"])
        if len(best[stratum]) < allocated[stratum]:
            heapq.heappush(best[stratum], entry)
        else:
            heapq.heappushpop(best[stratum], entry)
    return [
        Sampled(
            hub, model, revision, stratum, allocated[stratum] / sizes[stratum], sizes[stratum], allocated[stratum]
        )
        for stratum in sorted(best)
        for _, model, hub, revision in sorted(best[stratum], reverse=True)
    ]


def _cell(row: Row) -> tuple[str, str, str, str]:
    return (
        band(row.get("downloads")),
        str(row.get("task") or "none"),
        str(row.get("library") or "none"),
        str(row.get("format") or "other"),
    )


def _order(seed: int, row: Row) -> int:
    """A number that depends on the seed and the model alone."""
    text = f"{seed}\n{row['hub']}\n{row['model_id']}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _collapse(counts: Counter[tuple[str, str, str, str]], least: float) -> dict[tuple[str, str, str, str], str]:
    """The stratum of every cell: the finest that holds at least ``least`` models; in the end the band, whatever."""
    named = {
        cell: [
            " / ".join((cell[0], *rest)) for rest in ((cell[3], cell[1], cell[2]), (cell[3], cell[1]), (cell[3],), ())
        ]
        for cell in counts
    }
    left = dict(counts)
    chosen: dict[tuple[str, str, str, str], str] = {}
    for level in range(4):
        sizes: Counter[str] = Counter()
        for cell, count in left.items():
            sizes[named[cell][level]] += count
        fits = [cell for cell in left if sizes[named[cell][level]] >= least or level == 3]
        chosen |= {cell: named[cell][level] for cell in fits}
        left = {cell: count for cell, count in left.items() if cell not in chosen}
    return chosen


def _allocate(sizes: Counter[str], size: int) -> dict[str, int]:
    """How many of each stratum: one, then by size and popularity; never more than there are."""
    # Fewer than one for each stratum would leave models that cannot be drawn: then it is one more than asked for.
    size = max(size, len(sizes))
    step = _BOOST ** (1 / (len(_BANDS) - 1))
    weight = {name: count * step ** _BANDS.index(name.split(" / ")[0]) for name, count in sizes.items()}
    given = dict.fromkeys(sizes, 1)
    while (left := size - sum(given.values())) > 0:
        room = {name for name in sizes if given[name] < sizes[name]}
        if not room:
            break
        whole = sum(weight[name] for name in room)
        wanted = {name: left * weight[name] / whole for name in room}
        more = {name: min(int(wanted[name]), sizes[name] - given[name]) for name in room}
        if not any(more.values()):
            by_rest = sorted(room, key=lambda name: (-wanted[name], name))
            more = dict.fromkeys(by_rest[:left], 1)
        for name, count in more.items():
            given[name] += count
    return given


def estimate(hits: Sequence[bool], sampled: Sequence[Sampled]) -> Rate:
    """The share of the hub's models for which ``hits`` holds, from those examined (in the order of ``sampled``).

    The stratified mean, sum of W_h p_h with W_h = N_h / N (Cochran, Sampling Techniques, 1977, section 5.3), over the
    strata that were examined; its variance, sum of W_h^2 (1 - n_h/N_h) p_h (1 - p_h) / (n_h - 1), where a stratum of
    one takes the pooled p (1 - p). The interval is Wilson's at the effective size p (1 - p) / variance (Korn and
    Graubard, Survey Methodology 24, 1998), and Kish's (sum w)^2 / sum w^2 where nothing or everything is hit.
    """
    groups: dict[str, list[bool]] = defaultdict(list)
    sizes: dict[str, int] = {}
    for hit, one in zip(hits, sampled, strict=True):
        if one.role == "drawn":
            groups[one.stratum].append(bool(hit))
            sizes[one.stratum] = one.stratum_models
    n, total = sum(map(len, groups.values())), sum(sizes.values())
    if not n:
        return Rate(math.nan, math.nan, math.nan, 0, 0.0)
    shares = {name: sizes[name] / total for name in groups}
    p = sum(shares[name] * sum(group) / len(group) for name, group in groups.items())
    if n >= total:
        return Rate(p, p, p, n, math.inf)
    variance = 0.0
    for name, group in groups.items():
        k, own = len(group), sum(group) / len(group)
        spread = own * (1 - own) / (k - 1) if k > 1 else p * (1 - p)
        variance += shares[name] ** 2 * (1 - k / sizes[name]) * spread
    weights = [shares[name] / len(group) for name, group in groups.items() for _ in group]
    kish = 1 / sum(weight * weight for weight in weights)
    effective = min(p * (1 - p) / variance, 10 * n) if variance > 0 else kish
    low, high = _wilson(p, effective)
    return Rate(p, low, high, n, effective)


def _wilson(p: float, n: float) -> tuple[float, float]:
    scale = 1 + _Z95**2 / n
    middle = (p + _Z95**2 / (2 * n)) / scale
    half = _Z95 * math.sqrt(p * (1 - p) / n + _Z95**2 / (4 * n * n)) / scale
    return max(0.0, middle - half), min(1.0, middle + half)
