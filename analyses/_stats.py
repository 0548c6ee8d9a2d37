"""The statistics: each a small pure function, its formula and source in its docstring.

Counters of a whole hub come as *grouped* values (``value``, ``weight``: that many models have it),
so 760,000 models are some ten thousand rows and a bootstrap costs milliseconds. A census has no
sampling error of its own; intervals read the hub as one draw of the process that fills it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Z95 = 1.959963984540054
SEED = 20240711
ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number, its 95 % interval and the number of observations behind it."""

    value: float
    low: float
    high: float
    n: int


def wilson(successes: Any, trials: Any) -> tuple[Floats, Floats, Floats]:
    """Shares with their 95 % score interval, for arrays.

    (p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n): Wilson, JASA 22 (1927); recommended by
    Brown, Cai, DasGupta, Statistical Science 16 (2001). NaN where there were no trials.
    """
    k, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = k / n
        middle = p + Z95**2 / (2 * n)
        half = Z95 * np.sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2))
        scale = 1 + Z95**2 / n
        low, high = np.maximum((middle - half) / scale, 0.0), np.minimum((middle + half) / scale, 1.0)
    return (
        p,
        np.where(k == 0, np.where(n > 0, 0.0, np.nan), low),
        np.where(k == n, np.where(n > 0, 1.0, np.nan), high),
    )


def share(successes: int, trials: int) -> Estimate:
    """One share with its Wilson interval."""
    p, low, high = wilson(successes, trials)
    return Estimate(float(p), float(low), float(high), int(trials))


def cohen_h(first: float, second: float) -> float:
    """Effect size of two shares: 2·asin(sqrt(p1)) - 2·asin(sqrt(p2)) (Cohen 1988, ch. 6); 0.2 small, 0.8 large."""
    return float(2 * np.arcsin(np.sqrt(first)) - 2 * np.arcsin(np.sqrt(second)))


def cohen_d(first: Floats, second: Floats) -> float:
    """Effect size of two means: their difference over the pooled standard deviation (Cohen 1988, ch. 2)."""
    a, b = len(first), len(second)
    pooled = ((a - 1) * first.var(ddof=1) + (b - 1) * second.var(ddof=1)) / (a + b - 2)
    return float((first.mean() - second.mean()) / np.sqrt(pooled)) if pooled > 0 else 0.0


def cramer_v(table: Any) -> tuple[float, float]:
    """Cramér's V of a contingency table and the p value of its chi-squared test (Cramér 1946, ch. 21)."""
    cells = np.asarray(table, dtype=np.float64)
    cells = cells[cells.sum(axis=1) > 0][:, cells.sum(axis=0) > 0]
    if min(cells.shape) < 2:
        return 0.0, 1.0
    test = stats.chi2_contingency(cells, correction=False)
    return float(np.sqrt(test.statistic / (cells.sum() * (min(cells.shape) - 1)))), float(test.pvalue)


def gini(values: Any, weights: Any | None = None) -> float:
    """Gini coefficient of grouped non-negative values; 0 for equal values, (n-1)/n when one has all.

    G = 1 - (1/n)·Σ (L(i) + L(i-1))·w(i), twice the area between the Lorenz curve and the diagonal
    (Gini 1912; equal to (2·Σ i·x(i))/(n·Σ x) - (n+1)/n for single sorted values). 0 where the sum is 0.
    """
    x = np.asarray(values, dtype=np.float64)
    w = np.ones_like(x) if weights is None else np.asarray(weights, dtype=np.float64)
    order = np.argsort(x, kind="stable")
    x, w = x[order], w[order]
    mass = np.cumsum(x * w)
    if len(x) == 0 or mass[-1] <= 0:
        return 0.0
    curve = mass / mass[-1]
    before = np.concatenate(([0.0], curve[:-1]))
    return float(1 - np.sum(w * (curve + before)) / w.sum())


def top_share(values: Any, weights: Any, k: float) -> float:
    """Share of the sum that the ``k`` largest hold, for grouped values; ties at the border are split."""
    x, w = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    order = np.argsort(-x, kind="stable")
    x, w = x[order], w[order]
    before = np.cumsum(w) - w
    taken = np.clip(k - before, 0, w)
    total = float(np.sum(x * w))
    return float(np.sum(x * taken) / total) if total > 0 else 0.0


def lorenz(values: Any, weights: Any) -> tuple[Floats, Floats]:
    """The Lorenz curve of grouped values: share of the models (ascending), share of the sum; from (0, 0)."""
    x, w = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    order = np.argsort(x, kind="stable")
    x, w = x[order], w[order]
    population, mass = np.cumsum(w), np.cumsum(x * w)
    zero = np.zeros(1)
    total = mass[-1] if len(mass) and mass[-1] > 0 else 1.0
    return np.concatenate((zero, population / max(w.sum(), 1.0))), np.concatenate((zero, mass / total))


def midranks(values: Any, weights: Any) -> Floats:
    """Mean ranks of grouped values: the rank that every one of ``weight`` ties gets."""
    x, w = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    _, place = np.unique(x, return_inverse=True)
    count = np.bincount(place, weights=w)
    ranks: Floats = (np.cumsum(count) - count + (count + 1) / 2)[place]
    return ranks


def pearson(x: Any, y: Any, weights: Any) -> float:
    """Pearson's r of grouped pairs; NaN where one of them does not vary."""
    a, b, w = (np.asarray(part, dtype=np.float64) for part in (x, y, weights))
    a, b = a - np.average(a, weights=w), b - np.average(b, weights=w)
    below = np.sqrt(np.sum(w * a * a) * np.sum(w * b * b))
    return float(np.sum(w * a * b) / below) if below > 0 else float("nan")


def spearman(x: Any, y: Any, weights: Any) -> float:
    """Spearman's rho of grouped pairs: Pearson's r of mean ranks (Spearman 1904; ties as in Kendall 1945)."""
    return pearson(midranks(x, weights), midranks(y, weights), weights)


def bootstrap(
    weights: Any, statistic: Callable[[Floats], float], *, rounds: int = ROUNDS, seed: int = SEED
) -> Estimate:
    """A statistic of grouped observations with its 95 % percentile interval.

    Efron's bootstrap (Annals of Statistics 7, 1979). Drawing n of n grouped observations with
    replacement is one multinomial draw of the group sizes, so nothing is expanded.
    """
    w = np.asarray(weights, dtype=np.int64)
    n = int(w.sum())
    value = statistic(w.astype(np.float64))
    rng = np.random.default_rng(seed)
    probabilities = w / n
    drawn = [statistic(rng.multinomial(n, probabilities).astype(np.float64)) for _ in range(rounds)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5]) if np.isfinite(drawn).any() else (np.nan, np.nan)
    return Estimate(value, float(low), float(high), n)


def trend(values: Any) -> tuple[float, float, Estimate]:
    """Mann-Kendall's tau and p value of a series, and its Theil-Sen slope per step.

    Kendall's tau against time (Mann, Econometrica 13, 1945; Kendall 1975) asks for a monotone
    trend; the slope is the median of all pairwise slopes with its 95 % interval (Sen, JASA 63, 1968).
    """
    y = np.asarray(values, dtype=np.float64)
    if len(y) < 4 or np.all(y == y[0]):
        return float("nan"), float("nan"), Estimate(float("nan"), float("nan"), float("nan"), len(y))
    time = np.arange(len(y), dtype=np.float64)
    test = stats.kendalltau(time, y)
    slope, _, low, high = stats.theilslopes(y, time, 0.95)
    return float(test.statistic), float(test.pvalue), Estimate(float(slope), float(low), float(high), len(y))


def tail_exponent(top: Any) -> Estimate:
    """Pareto exponent of the largest values by log-rank-minus-half regression.

    log(rank - 1/2) = a - b·log(size), standard error b·sqrt(2/n): Gabaix & Ibragimov, JBES 29 (2011).
    The slope of the rank-size line (log size on log rank) is -1/b.
    """
    x = np.sort(np.asarray(top, dtype=np.float64))[::-1]
    x = x[x > 0]
    if len(x) < 3 or x[0] == x[-1]:
        return Estimate(float("nan"), float("nan"), float("nan"), len(x))
    rank = np.log(np.arange(1, len(x) + 1) - 0.5)
    b = -float(stats.linregress(np.log(x), rank).slope)
    half = Z95 * b * float(np.sqrt(2 / len(x)))
    return Estimate(b, b - half, b + half, len(x))


def welch(first: Floats, second: Floats) -> float:
    """One-sided p value of Welch's t test that the first mean is larger (Welch, Biometrika 34, 1947)."""
    if first.var() == 0 and second.var() == 0:
        return 0.0 if first.mean() > second.mean() else 1.0
    return float(stats.ttest_ind(first, second, equal_var=False, alternative="greater").pvalue)
