"""Do likes follow downloads, or downloads likes: cross-correlation of weekly changes within models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyses._panel import Floats, Panel
from analyses._stats import SEED, Estimate

if TYPE_CHECKING:
    import pandas as pd

WEEKS = 8
#: The leads and lags, in weeks, that the test of asymmetry compares.
NEAR = 4
ROUNDS = 400


def lead_lag(panel: Panel) -> tuple[pd.DataFrame, Estimate, float]:
    """Correlation of downloads now with likes ``lag`` weeks later, and the asymmetry of the two directions.

    Changes are weekly differences of log(1 + downloads) and log(1 + likes), cut at ±1 and centred within each model;
    pairs of all models are pooled. The asymmetry is the mean correlation at lags of 1 to 4 weeks (downloads lead)
    less that at -4 to -1 (likes lead). Interval and two-sided p value: bootstrap over models, seeded.
    """
    import pandas as pd

    down, like = _weekly(panel)
    models = down.shape[1]
    sums = np.stack([_sums(down, like, lag) for lag in range(-WEEKS, WEEKS + 1)])
    rng = np.random.default_rng(SEED)
    weights = rng.multinomial(models, np.full(models, 1 / models), size=ROUNDS) if models else np.zeros((ROUNDS, 0))
    whole, drawn = _correlate(sums.sum(axis=2)), _correlate(sums @ weights.T.astype(np.float64))
    low, high = np.nanpercentile(drawn, [2.5, 97.5], axis=1) if np.isfinite(drawn).any() else (np.nan, np.nan)
    pairs = sums[:, 3, :].sum(axis=1).astype(int)
    frame = pd.DataFrame(
        {"lag in weeks": range(-WEEKS, WEEKS + 1), "r": whole, "low": low, "high": high, "pairs": pairs}
    )
    gap, gaps = _gap(whole), _gap(drawn)
    if not np.isfinite(gap):
        return frame, Estimate(float("nan"), float("nan"), float("nan"), 0), float("nan")
    below = float(np.mean(gaps <= 0))
    p = min(1.0, 2 * max(min(below, 1 - below), 1 / ROUNDS))
    first, last = np.nanpercentile(gaps, [2.5, 97.5])
    involved = int((sums[WEEKS, 3] > 0).sum())
    return frame, Estimate(float(gap), float(first), float(last), involved), p


def _weekly(panel: Panel) -> tuple[Floats, Floats]:
    """Weekly changes of downloads and likes, centred within each model."""
    marks = np.searchsorted(panel.days, np.arange(0, panel.days[-1] + 1, 7.0))
    marks = marks[marks < len(panel.days)]
    made = []
    for values in (panel.raw[marks], panel.likes[marks]):
        change = np.clip(np.diff(np.log1p(values), axis=0), -1, 1)
        known = np.isfinite(change)
        mean = np.where(known, change, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        made.append(change - mean)
    return made[0], made[1]


def _sums(down: Floats, like: Floats, lag: int) -> Floats:
    """Per model: sum of products, of squares of each, and the number of pairs."""
    rows = len(down)
    if abs(lag) >= rows:
        return np.zeros((4, down.shape[1]))
    x = down[: rows - lag] if lag >= 0 else down[-lag:]
    y = like[lag:] if lag >= 0 else like[: rows + lag]
    both = np.isfinite(x) & np.isfinite(y)
    x, y = np.where(both, x, 0.0), np.where(both, y, 0.0)
    return np.stack([(x * y).sum(axis=0), (x * x).sum(axis=0), (y * y).sum(axis=0), both.sum(axis=0)])


def _correlate(sums: Floats) -> Floats:
    below = np.sqrt(sums[:, 1] * sums[:, 2])
    made: Floats = np.divide(sums[:, 0], below, out=np.full(below.shape, np.nan), where=below > 0)
    return made


def _gap(correlation: Floats) -> Floats:
    middle = WEEKS
    leads = correlation[middle + 1 : middle + 1 + NEAR].mean(axis=0)
    made: Floats = leads - correlation[middle - NEAR : middle].mean(axis=0)
    return made
