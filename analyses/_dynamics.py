"""Statistics of counters over time: spells in the top, survival, stability, bursts, phases, seasons, lead and lag."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analyses._panel import Floats, Panel
from analyses._stats import SEED, Estimate

if TYPE_CHECKING:
    import pandas as pd

Bools = NDArray[np.bool_]
#: A model that is out of the top for less than this many days has not left it.
GRACE_DAYS = 7.0
ROUNDS = 200
#: Pairs of moments and lags whose ranks are compared; a tau costs a millisecond.
MOST_PAIRS, RANK_LAGS = 40, 12


def spells(panel: Panel, k: int, grace: float) -> pd.DataFrame:
    """Stays in the top ``k``: model, days of entry and end, ``left`` or censored, ``entered`` or there at the start.

    A stay ends at the first moment out of the top that begins an absence of at least ``grace`` days. Where the
    model's counter is unknown, or the observation ends, it is censored at the last moment at which it was in the top.
    """
    import pandas as pd

    inside, days = panel.member(k), panel.days
    known = np.isfinite(panel.downloads) if not panel.whole else np.ones(inside.shape, dtype=bool)
    rows: list[tuple[int, float, float, bool, bool]] = []
    for model in np.flatnonzero(inside.any(axis=0)):
        rows += [(int(model), *stay) for stay in _stays(inside[:, model], known[:, model], days, grace)]
    return pd.DataFrame(rows, columns=["model", "from", "to", "left", "entered"])


def _stays(inside: Bools, known: Bools, days: Floats, grace: float) -> list[tuple[float, float, bool, bool]]:
    found: list[tuple[float, float, bool, bool]] = []
    begin: int | None = None
    last, out = 0, None
    for place in range(len(days)):
        if inside[place]:
            if begin is None:
                begin = place
            last, out = place, None
        elif begin is not None and not known[place]:
            found.append(
                (days[begin], days[last] if out is None else days[out], out is not None, _enters(begin, known))
            )
            begin, out = None, None
        elif begin is not None:
            out = place if out is None else out
            if days[place] - days[out] >= grace:
                found.append((days[begin], days[out], True, _enters(begin, known)))
                begin, out = None, None
    if begin is not None:
        found.append((days[begin], days[last], False, _enters(begin, known)))
    return found


def _enters(begin: int, known: Bools) -> bool:
    """Whether the stay began under observation: not at the first moment, nor right after a gap in a known past."""
    return begin > 0 and (bool(known[begin - 1]) or not known[:begin].any())


def survival(time: Floats, event: Bools) -> tuple[Estimate, Floats, Floats, Floats, Floats]:
    """Kaplan-Meier: the median with its interval, and the curve (days, share, low, high).

    Kaplan & Meier, JASA 53 (1958); the median's interval inverts the log-log interval of the curve (Brookmeyer &
    Crowley, Biometrics 38, 1982). NaN where the curve or a limit never falls to one half.
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    empty = np.empty(0)
    if len(time) < 5 or not event.any():
        return Estimate(float("nan"), float("nan"), float("nan"), len(time)), empty, empty, empty, empty
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        curve = SurvfuncRight(np.maximum(time, 1e-9), event.astype(int))
        middle = float(curve.quantile(0.5))
        low, high = (float(value) for value in curve.quantile_ci(0.5, method="cloglog"))
        share, error = np.asarray(curve.surv_prob), np.asarray(curve.surv_prob_se)
        inner = (share > 0) & (share < 1)
        spread = np.zeros_like(share)
        spread[inner] = 1.96 * error[inner] / (share[inner] * np.abs(np.log(share[inner])))
        below, above = share ** np.exp(spread), share ** np.exp(-spread)
    return Estimate(middle, low, high, len(time)), np.asarray(curve.surv_times), share, below, above


def compare(time: Floats, event: Bools, late: Bools) -> tuple[float, float]:
    """Log-rank p value of two groups, and Peto's hazard ratio (late over early) from observed and expected ends."""
    from statsmodels.duration.survfunc import survdiff

    if min(int(event[late].sum()), int(event[~late].sum())) < 3:
        return float("nan"), float("nan")
    try:
        p = float(survdiff(time, event.astype(int), late.astype(int))[1])
    except np.linalg.LinAlgError:  # All stays are of one length.
        return float("nan"), float("nan")
    expected = {True: 0.0, False: 0.0}
    for moment in np.unique(time[event]):
        risk = time >= moment
        ends = int((event & (time == moment)).sum())
        for group in (True, False):
            expected[group] += ends * float((risk & (late == group)).sum()) / float(risk.sum())
    observed = {group: float((event & (late == group)).sum()) for group in (True, False)}
    return p, (observed[True] / expected[True]) / (observed[False] / expected[False])


def overlap(panel: Panel, k: int) -> pd.DataFrame:
    """Share of the top ``k`` that is the same after a lag: mean over all starts with a block-bootstrap interval."""
    import pandas as pd

    inside = panel.member(k)
    rows = []
    for lag in lags(len(panel.times)):
        both = (inside[:-lag] & inside[lag:]).sum(axis=1) / np.maximum(inside[:-lag].sum(axis=1), 1)
        rows.append((lag, lag * panel.step, *_block(both, max(lag, round(30 / panel.step)))))
    return pd.DataFrame(rows, columns=["lag", "days", "share", "low", "high", "n"])


def lags(moments: int, most: int = 24) -> list[int]:
    """Steps at which stability is looked at: few, and none longer than two thirds of the whole."""
    longest = max(1, 2 * moments // 3)
    grid = np.unique(np.round(np.geomspace(1, longest, min(most, longest))).astype(int))
    return [int(lag) for lag in grid]


def half_life(curve: pd.DataFrame, column: str = "share") -> float:
    """Days after which a falling curve first is at one half, by linear interpolation; NaN where it never is."""
    days, share = curve["days"].to_numpy(dtype=np.float64), curve[column].to_numpy(dtype=np.float64)
    below = np.flatnonzero(share <= 0.5)
    if not len(below):
        return float("nan")
    at = int(below[0])
    if at == 0:
        return float(days[0])
    return float(np.interp(0.5, [share[at], share[at - 1]], [days[at], days[at - 1]]))


def stability(panel: Panel) -> pd.DataFrame:
    """Kendall's tau-b of downloads at a lag, over the models stated at both moments; mean over starts."""
    import pandas as pd

    rows = []
    for lag in lags(len(panel.times), RANK_LAGS):
        starts = np.unique(np.linspace(0, len(panel.times) - lag - 1, MOST_PAIRS).astype(int))
        found = [_tau(panel.raw[start], panel.raw[start + lag]) for start in starts]
        values = np.array([value for value in found if np.isfinite(value)])
        gap = max(1.0, (len(panel.times) - lag) / len(starts))
        rows.append((lag, lag * panel.step, *_block(values, max(1, round(max(lag, 30 / panel.step) / gap)))))
    return pd.DataFrame(rows, columns=["lag", "days", "tau", "low", "high", "n"])


def _tau(first: Floats, second: Floats) -> float:
    both = np.isfinite(first) & np.isfinite(second)
    if both.sum() < 5:
        return float("nan")
    return float(stats.kendalltau(first[both], second[both]).statistic)


def _block(values: Floats, length: int) -> tuple[float, float, float, int]:
    """Mean with the percentile interval of a moving-block bootstrap (Künsch, Annals of Statistics 17, 1989)."""
    n = len(values)
    if n == 0:
        return float("nan"), float("nan"), float("nan"), 0
    length = max(1, min(length, n))
    rng = np.random.default_rng(SEED)
    if length >= n:
        # One block is all there is: it says nothing of how another stretch of time would look.
        return float(values.mean()), float("nan"), float("nan"), n
    starts = rng.integers(0, n - length + 1, size=(ROUNDS, -(-n // length)))
    sums = np.concatenate(([0.0], np.cumsum(values)))
    means = (sums[starts + length] - sums[starts]).sum(axis=1) / (length * starts.shape[1])
    low, high = np.percentile(means, [2.5, 97.5])
    return float(values.mean()), float(low), float(high), n


def growth(panel: Panel) -> tuple[Floats, Bools]:
    """Changes of log(1 + downloads) from one moment to the next, and which moments repeat the counters of the last.

    A moment at which at least nine tenths of the counters stand still is a table that was not refreshed; its changes
    and those to moments more than two steps away are NaN.
    """
    change = np.diff(np.log1p(panel.raw), axis=0)
    known = np.isfinite(change)
    still = ((change == 0) & known).sum(axis=1) >= 0.9 * np.maximum(known.sum(axis=1), 1)
    change[(np.diff(panel.days) > 2.5 * panel.step) | still] = np.nan
    return change, still


def bursts(panel: Panel, change: Floats) -> pd.DataFrame:
    """Jumps of a counter out of all proportion: robust z of log differences beyond 6 and a factor of 1.5 or more.

    z = (x - median) / max(1.4826 · MAD, 0.02, 1 / sqrt(downloads)): the model's own spread, with floors for counters
    that stand still and for small numbers. ``kind``: *back within a week* (the counter was wrong, or for once),
    *echo of the window* (undone 28 to 32 days later: one day's downloads in a sum of 30 days), *step up*,
    *step down*.
    """
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        middle = np.nanmedian(change, axis=0)
        spread = 1.4826 * np.nanmedian(np.abs(change - middle), axis=0)
    before, after = panel.raw[:-1], panel.raw[1:]
    scale = np.maximum(np.maximum(spread, 0.02)[None, :], 1 / np.sqrt(np.maximum(before, 1)))
    with np.errstate(invalid="ignore"):
        z = (change - middle) / scale
        hit = (np.abs(z) > 6) & (np.abs(change) >= np.log(1.5)) & (np.maximum(before, after) >= 100)
    rows = []
    for place, model in zip(*np.nonzero(hit), strict=True):
        kind = _kind(panel, change, hit, int(place), int(model))
        rows.append(
            (
                panel.models[model],
                panel.times[place + 1],
                before[place, model],
                after[place, model],
                z[place, model],
                kind,
            )
        )
    columns = ["model_id", "observed_at", "before", "after", "z", "kind"]
    return pd.DataFrame(rows, columns=columns).sort_values("z", key=np.abs, ascending=False, ignore_index=True)


def _kind(panel: Panel, change: Floats, hit: Bools, place: int, model: int) -> str:
    days, series = panel.days, panel.raw[:, model]
    week = (days > days[place + 1]) & (days <= days[place + 1] + 7)
    level = series[place]
    if np.any(np.abs(series[week] - level) <= 0.2 * max(level, 1.0)):
        return "back within a week"
    size = change[place, model]
    for other in np.flatnonzero(hit[:, model]):
        apart = abs(days[other + 1] - days[place + 1])
        if (
            28 <= apart <= 32
            and change[other, model] * size < 0
            and abs(change[other, model] + size) < 0.5 * abs(size)
        ):
            return "echo of the window"
    return "step up" if size > 0 else "step down"


def phases(panel: Panel) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What 28 days do to a model's downloads: rising by a quarter or more, falling by a fifth or more, steady.

    The second table says how a phase goes on in the next 28 days. Models below 100 downloads are left out.
    """
    import pandas as pd

    days = panel.days
    marks = [int(np.searchsorted(days, 28.0 * turn)) for turn in range(int(days[-1] // 28) + 1)]
    level = panel.downloads[marks]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(np.minimum(level[:-1], 1e18) >= 100, level[1:] / level[:-1], np.nan)
    code = np.select([ratio >= 1.25, ratio <= 0.8, np.isfinite(ratio)], [0, 2, 1], -1)
    names = ["rising", "steady", "falling"]
    whole = int((code >= 0).sum())
    shares = pd.DataFrame([(name, int((code == i).sum()), whole) for i, name in enumerate(names)])
    first, second = code[:-1], code[1:]
    both = (first >= 0) & (second >= 0)
    cells = [
        (a, b, int(((first == i) & (second == j) & both).sum()), int(((first == i) & both).sum()))
        for i, a in enumerate(names)
        for j, b in enumerate(names)
    ]
    return shares.set_axis(["phase", "models", "n"], axis=1), pd.DataFrame(
        cells, columns=["from", "to", "models", "n"]
    )


def after_peak(panel: Panel) -> tuple[Floats, Bools]:
    """Days from a model's highest weekly median until it is first below half of it, and whether it got there.

    Models with a peak of 1,000 downloads and more that do not peak at the very first moment. The peak is known
    only in hindsight, so a model that rises still is censored at once.
    """
    width = max(1, round(7 / panel.step))
    time, event = [], []
    for model in range(panel.downloads.shape[1]):
        series = _smooth(panel.downloads[:, model], width)
        if np.isfinite(series).sum() < 10:
            continue
        top = int(np.nanargmax(series))
        if series[top] < 1000 or top <= np.flatnonzero(np.isfinite(series))[0]:
            continue
        rest = np.flatnonzero(np.isfinite(series) & (np.arange(len(series)) > top))
        below = rest[series[rest] < series[top] / 2]
        end = int(below[0]) if len(below) else int(rest[-1]) if len(rest) else top
        time.append(panel.days[end] - panel.days[top])
        event.append(bool(len(below)))
    return np.array(time, dtype=np.float64), np.array(event, dtype=bool)


def _smooth(series: Floats, width: int) -> Floats:
    import pandas as pd

    return pd.Series(series).rolling(width, center=True, min_periods=1).median().to_numpy(dtype=np.float64)


def weekday(values: Floats, times: Any) -> tuple[float, float, Floats, int]:
    """Kruskal-Wallis over the days of the week: p, epsilon squared (H / (n - 1)), the median of each day, n."""
    good = np.isfinite(values)
    groups = [values[good & (np.asarray(times.day_of_week) == day)] for day in range(7)]
    n = int(good.sum())
    if min(map(len, groups)) < 5 or np.all(values[good] == values[good][0]):
        return float("nan"), float("nan"), np.full(7, np.nan), n
    test = stats.kruskal(*groups)
    return float(test.pvalue), float(test.statistic / (n - 1)), np.array([np.median(group) for group in groups]), n
