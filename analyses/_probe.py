"""What the analyses of the probe share: what was examined when, and shares with the interval that they deserve.

A model counts by its newest examination of a stage. Files, findings and claims of one model are alike, so shares of
them are those of a sample of clusters (:func:`clustered`); shares of a hub's models come from a stratified draw with
unequal probabilities (:func:`stratified`). Neither is a binomial of as many trials as there are rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analyses import _stats
from analyses._scope import Scope
from analyses._text import count

if TYPE_CHECKING:
    import pandas as pd

#: How a file or a model is judged, the worst first; a model is as bad as its worst file.
VERDICTS = ("dangerous", "suspicious", "error", "unlisted", "clean")

_EXAMINED = """
    SELECT count(DISTINCT (hub, model_id)), min(examined_at), max(examined_at),
        list_sort(list(DISTINCT tool)) AS tools
    FROM mart.examination WHERE list_contains($1, stage)
"""

#: The sums over clusters that :func:`clustered` takes: of parts k, of wholes m, and of their products.
SUMS = """count(*) AS models, sum(k)::BIGINT AS k, sum(m)::BIGINT AS m, sum(k * k)::DOUBLE AS kk,
    sum(k * m)::DOUBLE AS km, sum(m * m)::DOUBLE AS mm"""


@dataclass(frozen=True, slots=True)
class Probed:
    """How much was examined: models, days, tools."""

    models: int
    days: str
    tools: str

    def cite(self, scope: Scope) -> str:
        """The examinations and the snapshots, for the end of a sentence."""
        parts = [f"{count(self.models)} model{'s' * (self.models != 1)} examined {self.days}", scope.cite()]
        return "; ".join(part for part in parts if part)

    def caption(self, scope: Scope, n: int, what: str) -> str:
        """The line under a figure."""
        return f"n = {count(n)} {what}; {self.cite(scope)}"


def probed(scope: Scope, *stages: str) -> Probed:
    """What these stages of the probe examined."""
    models, first, last, tools = scope.row(_EXAMINED, [list(stages)])
    days = sorted({f"{moment:%Y-%m-%d}" for moment in (first, last) if moment is not None})
    written = f"on {days[0]}" if len(days) == 1 else f"from {days[0]} to {days[-1]}" if days else "at no known time"
    return Probed(int(models), written, ", ".join(tools or []))


def clustered(frame: pd.DataFrame, part: str = "k", whole: str = "m") -> pd.DataFrame:
    """The frame with ``share``, ``low``, ``high`` and ``effective``: k of m over the models that hold them.

    Ratio of sums with its linearised variance over clusters, c/(c-1)·Σ(k - p·m)²/(Σm)² (Cochran 1977, section
    3.12, here with :data:`SUMS`); the interval is Wilson's with the effective number of trials p(1-p)/variance, no
    more than there are, and less where few clusters tell the variance (t in place of the normal quantile, as Korn and
    Graubard 1998). Where all or none are, there is no variance to go by: clusters are then taken to be of one mind,
    (Σm)²/Σm².
    """
    from scipy import stats

    clusters, k, m = (frame[name].to_numpy(dtype=float) for name in ("models", part, whole))
    kk, km, mm = (frame[name].to_numpy(dtype=float) for name in ("kk", "km", "mm"))
    with np.errstate(divide="ignore", invalid="ignore"):
        p = k / m
        variance = clusters / (clusters - 1) * (kk - 2 * p * km + p**2 * mm) / m**2
        few = (_stats.Z95 / stats.t.ppf(0.975, np.maximum(clusters - 1, 1))) ** 2
        told = np.where(variance > 0, p * (1 - p) / variance * few, m)
        effective = np.where((p > 0) & (p < 1) & (clusters > 1), np.minimum(told, m), m**2 / mm)
    _, low, high = _stats.wilson(p * effective, effective)
    return frame.assign(share=p, low=low, high=high, effective=effective)


@dataclass(frozen=True, slots=True)
class Design:
    """An estimate for a hub: the share with its 95 % interval, and what it rests on.

    ``seen`` of the ``drawn`` models were examined; they stand for ``population`` models, ``covered`` of which are in
    strata of which something was seen. ``effective`` is the number of models that a simple random sample of the same
    precision would need, ``degrees`` those of freedom, ``raw`` the share of the sample as it is.
    """

    value: float
    low: float
    high: float
    raw: float
    drawn: int
    seen: int
    effective: float
    degrees: int
    population: float
    covered: float

    @property
    def estimate(self) -> _stats.Estimate:
        """The share with its interval, n the models seen."""
        return _stats.Estimate(self.value, self.low, self.high, self.seen)


def stratified(cells: pd.DataFrame, events: str) -> Design:
    """The share of a hub's models with an event, from a stratified draw with unequal probabilities.

    ``cells`` has a row per stratum and inclusion probability: ``stratum, probability, models`` (of the stratum, may
    be unknown), ``drawn, seen`` and the number of models with each event. Each model weighs 1/probability, raised
    within its stratum for those drawn but not seen (Horvitz and Thompson 1952; the ratio of Hájek 1971). Variance:
    Taylor's, within strata, with finite-population correction; strata of which one model was seen are collapsed into
    one, a single one with the stratum whose models weigh most like its own, which overstates it (Cochran 1977,
    sections 5A.12 and 11.9). Interval: Korn and Graubard (Survey Methodology
    24, 1998): Clopper-Pearson's with the effective sample size, never more than were seen, and t for few degrees of
    freedom. With no event at all, or nothing but events, the effective size is Kish's (Σw)²/Σw². Nothing is
    estimated without a model that was seen: NaN.
    """
    stratum = cells["stratum"].to_numpy()
    codes = np.unique(stratum, return_inverse=True)[1]
    known, drawn, seen, hits = (cells[name].to_numpy(dtype=float) for name in ("models", "drawn", "seen", events))
    weight = 1 / cells["probability"].to_numpy(dtype=float)
    frame, told = np.bincount(codes, drawn * weight), np.bincount(codes, seen * weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = weight * np.where(told > 0, frame / told, 0.0)[codes]
    total, n = float(np.sum(weight * seen)), int(seen.sum())
    population, covered = float(frame.sum()), float(frame[told > 0].sum())
    nothing = float("nan")
    if n == 0:
        return Design(nothing, nothing, nothing, nothing, int(drawn.sum()), 0, 0.0, 0, population, 0.0)
    p = min(1.0, float(np.sum(weight * hits)) / total)
    # Rounded, so that a stratum that was seen whole leaves nothing of itself.
    sizes = np.array([np.nanmax(known[codes == code], initial=frame[code]) for code in range(len(frame))]).round(6)
    variance, degrees, whole = _variance(codes, sizes, seen, hits, weight, p, total)
    if 0 < p < 1:
        effective = min(float(n), p * (1 - p) / variance) if variance > 0 else float(n)
        effective *= _few(n, degrees)
    else:
        effective = total**2 / float(np.sum(seen * weight**2))
    low, high = (p, p) if whole and covered == population else _beta(p, effective)
    raw = float(hits.sum() / n)
    return Design(p, low, high, raw, int(drawn.sum()), n, effective, degrees, population, covered)


def _variance(
    codes: Any, sizes: Any, seen: Any, hits: Any, weight: Any, p: float, total: float
) -> tuple[float, int, bool]:
    """Linearised variance of the ratio, its degrees of freedom, and whether every model was seen."""
    yes, no = weight * (1 - p) / total, -weight * p / total
    n, sums, squares = (
        np.bincount(codes, part)
        for part in (seen, hits * yes + (seen - hits) * no, hits * yes**2 + (seen - hits) * no**2)
    )
    rows = np.column_stack([n, sizes, sums, squares])[n > 0]
    lone = rows[:, 0] < 2
    if lone.sum() == 1 and len(rows) > 1:
        stands = np.log(rows[:, 1] / rows[:, 0])
        lone[np.where(lone, np.inf, np.abs(stands - stands[lone])).argmin()] = True
    if lone.any():
        rows = np.vstack([rows[~lone], rows[lone].sum(axis=0)])
    n, sizes, sums, squares = rows.T
    if n.sum() < 2:
        return 0.0, 0, bool((n >= sizes).all())
    left = np.clip(1 - n / sizes, 0, 1)
    variance = float(np.sum(left * n / (n - 1) * np.maximum(squares - sums**2 / n, 0)))
    return variance, int(n.sum() - len(n)), bool((left == 0).all())


def _few(n: int, degrees: int) -> float:
    """Korn and Graubard's factor for few degrees of freedom."""
    from scipy import stats

    return float((stats.t.ppf(0.975, n - 1) / stats.t.ppf(0.975, degrees)) ** 2) if degrees > 0 and n > 1 else 1.0


def _beta(p: float, n: float) -> tuple[float, float]:
    """Clopper and Pearson's interval (Biometrika 26, 1934) for a share of n trials, which may be broken numbers."""
    from scipy import stats

    x = p * n
    low = float(stats.beta.ppf(0.025, x, n - x + 1)) if p > 0 else 0.0
    high = float(stats.beta.ppf(0.975, x + 1, n - x)) if p < 1 else 1.0
    return low, high
