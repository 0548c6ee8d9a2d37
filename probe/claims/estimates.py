"""A measured value with its interval: Wilson for counts, the bootstrap over examples for everything else.

A metric that is a function of sums over examples (accuracy, F1 in every averaging, MCC, Pearson, ROUGE, perplexity,
span F1, ...) is resampled through those sums: resampling examples with replacement is drawing how often each *kind*
of example occurs, a multinomial, so that 2,000 resamples of 100,000
predictions cost one small matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Resamples of the bootstrap; and examples below which none is believed.
RESAMPLES = 2_000
FEWEST = 10
#: Numbers held at once while resampling (64 MiB of them).
_BLOCK = 8 << 20
#: Numeric noise of a metric that is no count, relative: half precision, another kernel, another order of summing.
NOISE = 5e-4


@dataclass(frozen=True, slots=True)
class Estimate:
    """``point`` over ``n`` examples with its 95 % and 90 % intervals.

    ``flip`` is the largest change that one example decided otherwise can make: 1/n for a count. ``counted``: the
    interval is Wilson's. A ``flip`` of a metric that is no count of decisions is its numeric noise.
    """

    point: float
    low: float
    high: float
    low90: float
    high90: float
    n: int
    flip: float
    counted: bool = False
    method: str = "wilson"


class Sample(Protocol):
    """Per-example outcomes that make one metric."""

    def value(self) -> float:
        """The metric."""
        ...

    def estimate(self, seed: int) -> Estimate:
        """The metric with its interval."""
        ...


@dataclass(frozen=True, slots=True)
class Counts:
    """``hits`` of ``n`` examples."""

    hits: int
    n: int

    def value(self) -> float:
        """The share."""
        return self.hits / self.n

    def estimate(self, seed: int = 0) -> Estimate:
        """Wilson's score interval (Wilson, JASA 1927), by SciPy."""
        low, high = wilson(self.hits, self.n, 0.95)
        low90, high90 = wilson(self.hits, self.n, 0.90)
        return Estimate(self.hits / self.n, low, high, low90, high90, self.n, 1 / self.n, True)


@lru_cache(maxsize=8192)
def wilson(hits: int, n: int, level: float) -> tuple[float, float]:
    """Wilson's interval for a share."""
    from scipy.stats import binomtest

    # The hypothesis is not tested here; this one costs nothing.
    interval = binomtest(hits, n, hits / n).proportion_ci(level, "wilson")
    return float(interval.low), float(interval.high)


@dataclass(frozen=True, slots=True)
class Sums:
    """A metric that depends on its examples through sums: ``finish`` maps sums (..., s) to values (...).

    ``rows`` are the examples' parts of the sums (n, s); ``times`` how often each occurs, where equal ones were
    counted before. ``point`` is the metric by the library that defines it, where one does. ``decides``: what one
    example's decision can change is bounded by its weight in the metric (F1, ROUGE); otherwise the metric has numeric
    noise only (mean squared error). ``bounds`` of the metric, where it has some.
    """

    rows: Floats
    finish: Callable[[Floats], Floats]
    point: float | None = None
    decides: bool = True
    bounds: tuple[float, float] | None = (0.0, 1.0)
    times: npt.NDArray[np.int64] | None = None

    def value(self) -> float:
        """The metric over all examples."""
        if self.point is not None:
            return self.point
        times = np.ones(len(self.rows)) if self.times is None else self.times
        return float(self.finish((self.rows * times[:, None]).sum(axis=0)[None])[0])

    def estimate(self, seed: int = 0) -> Estimate:
        """BCa bootstrap (Efron, JASA 1987) over the examples."""
        kinds, times = self.rows, self.times
        if times is None:
            kinds, times = np.unique(self.rows, axis=0, return_counts=True)
        n = int(times.sum())
        total = (kinds * times[:, None]).sum(axis=0)
        point = self.value()
        rng = np.random.default_rng(seed)
        resampled = np.concatenate([self.finish(draws @ kinds) for draws in _draws(rng, times, n)])
        without = self.finish(total[None] - kinds)
        if self.decides:
            # An example decided otherwise is one taken away and another put in.
            values = np.append(without[np.isfinite(without)], point)
            flip = float(values.max() - values.min()) or 1 / n
        else:
            flip = NOISE * max(abs(point), NOISE)
        return _interval(point, resampled, without, times, n, flip, self.bounds)


@dataclass(frozen=True, slots=True)
class Resampled:
    """A metric that is no function of sums (ranks): its columns are resampled and ``finish`` is taken anew.

    ``finish`` maps columns (..., n) to values (...).
    """

    columns: tuple[Floats, ...]
    finish: Callable[..., Floats]
    point: float
    bounds: tuple[float, float] | None = None

    def value(self) -> float:
        """The metric over all examples."""
        return self.point

    def estimate(self, seed: int = 0) -> Estimate:
        """Percentile bootstrap over the examples."""
        n = len(self.columns[0])
        rng = np.random.default_rng(seed)
        found = []
        for size in _blocks(RESAMPLES, n * 6):
            drawn = rng.integers(0, n, (size, n))
            found.append(self.finish(*(column[drawn] for column in self.columns)))
        return _interval(self.point, np.concatenate(found), None, None, n, NOISE, self.bounds)


def correlation(x: Floats, y: Floats) -> Floats:
    """Pearson's coefficient along the last axis; NaN where one side does not vary."""
    x, y = x - x.mean(axis=-1, keepdims=True), y - y.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((x * y).sum(-1) / np.sqrt((x * x).sum(-1) * (y * y).sum(-1)))


def _blocks(total: int, width: int) -> Iterator[int]:
    step = max(1, min(total, _BLOCK // max(1, width)))
    for begun in range(0, total, step):
        yield min(step, total - begun)


def _draws(rng: np.random.Generator, times: npt.NDArray[Any], n: int) -> Iterator[Floats]:
    """How often each kind of example occurs in each resample."""
    for size in _blocks(RESAMPLES, len(times) * 2):
        yield rng.multinomial(n, times / n, size=size).astype(np.float64)


def _interval(
    point: float,
    resampled: Floats,
    without: Floats | None,
    times: npt.NDArray[Any] | None,
    n: int,
    flip: float,
    bounds: tuple[float, float] | None,
) -> Estimate:
    """The intervals that the resamples give: BCa where there is a jackknife, else percentiles."""
    from scipy.special import ndtr, ndtri

    resampled = resampled[np.isfinite(resampled)]
    if bounds is not None and (not resampled.size or resampled.min() == resampled.max()) and point in bounds:
        # All right or all wrong: resampling sees no variation, a count does.
        hits = n if point == bounds[1] else 0
        ends = [wilson(hits, n, level) for level in (0.95, 0.90)]
        width = bounds[1] - bounds[0]
        (low, high), (low90, high90) = (((bounds[0] + width * a), bounds[0] + width * b) for a, b in ends)
        return Estimate(point, low, high, low90, high90, n, flip, False, "wilson at the bound")
    if not resampled.size:
        return Estimate(point, point, point, point, point, n, flip, False, "none")
    levels = np.array([0.025, 0.975, 0.05, 0.95])
    method = "percentile"
    if without is not None and times is not None:
        ok = np.isfinite(without)
        below = np.clip((resampled < point).mean() + 0.5 * (resampled == point).mean(), 1e-6, 1 - 1e-6)
        bias = float(ndtri(below))
        centre = np.average(without[ok], weights=times[ok]) if ok.any() else 0.0
        apart = centre - without[ok]
        square = float((times[ok] * apart**2).sum())
        skew = float((times[ok] * apart**3).sum()) / (6 * square**1.5) if square > 0 else 0.0
        z = bias + ndtri(levels)
        levels = np.clip(ndtr(bias + z / np.maximum(1 - skew * z, 1e-3)), 0, 1)
        method = "bca"
    low, high, low90, high90 = (float(v) for v in np.quantile(resampled, levels))
    # The point stands inside: a biased bootstrap must not make it its own discrepancy.
    return Estimate(
        point, min(low, point), max(high, point), min(low90, point), max(high90, point), n, flip, False, method
    )
