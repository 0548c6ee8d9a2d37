"""Which models' weights or behaviour need a second look, and how many of those looks clean models would cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyses import _probe, _stats
from analyses._base import Answer, absent, analysis
from analyses._probe import Probed
from analyses._scope import Scope
from analyses._tables import shared
from analyses._text import count, number, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "weight_review"
TITLE = "Weights that need review"
QUESTION = (
    "In how many models do detectors of weights and behaviour pass their thresholds, beside how many false alarms?"
)
SOURCE = "Kurita et al., ACL 2020 (weight poisoning); Wilson 1927; Bayes' rule for the precision at a prevalence."
NEEDS = ("scores",)

#: Shares of poisoned models at which the precision of a flag is bounded.
PREVALENCES = (0.001, 0.01)
#: Models drawn per detector: all that are flagged, and as many of the others as keep the figure light.
POINTS = 300
ROWS = 12

_SCORES = """
        SELECT *, score IS NOT NULL AND isfinite(score) AS scored, coalesce(flagged, false) AS review
        FROM mart.detector_score
"""
SQL = {
    "detectors": f"""
        SELECT stage, detector, fpr, count(*) FILTER (scored AND review) AS flagged, count(*) FILTER (scored) AS n,
            count(*) AS models, min(threshold) AS threshold, max(threshold) AS highest_threshold,
            median(score) FILTER (scored) AS median_score, max(score) FILTER (scored) AS highest_score
        FROM ({_SCORES}) GROUP BY stage, detector, fpr HAVING count(*) FILTER (scored) > 0
        ORDER BY stage <> 'weights', (fpr IS NULL), detector, fpr
    """,
    "models": f"""
        SELECT count(*) FILTER (review) AS review, count(*) AS n, coalesce(sum(alarms), 0) AS alarms,
            coalesce(max(alarms), 0) AS most
        FROM (
            SELECT hub, model_id, bool_or(review) AS review, sum(fpr) AS alarms
            FROM ({_SCORES}) WHERE scored AND fpr IS NOT NULL GROUP BY hub, model_id
        )
    """,
    "review": f"""
        SELECT hub, model_id, revision, count(*) AS detectors,
            string_agg(detector || ' ' || round(score, 3) || ' > ' || round(threshold, 3), ', ' ORDER BY detector)
                AS scores,
            min(fpr) AS fpr, array_to_string(list_sort(list_distinct(flatten(list(suspects))))[:20], ', ') AS suspects
        FROM ({_SCORES}) WHERE scored AND review
        GROUP BY hub, model_id, revision
        ORDER BY detectors DESC, max(score / nullif(abs(threshold), 0)) DESC NULLS LAST, hub, model_id LIMIT 500
    """,
    "no score": """
        SELECT stage, detector, left(reason, 120) AS reason, count(*) AS models FROM mart.detector_score
        WHERE score IS NULL GROUP BY ALL ORDER BY models DESC, stage, detector, reason LIMIT 100
    """,
    "points": f"""
        SELECT stage, detector, score, threshold, review FROM ({_SCORES})
        WHERE scored AND fpr IS NOT NULL AND isfinite(threshold)
        QUALIFY review
            OR row_number() OVER (PARTITION BY stage, detector, review ORDER BY hash(model_id), model_id) <= {POINTS}
        ORDER BY stage, detector, score
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Flagged by detector, beside what the calibration lets expect of clean models."""
    mined = _probe.probed(scope, "weights", "triggers")
    detectors = _expected(shared(scope.frame(SQL["detectors"]), "flagged"))
    review, n, alarms, most = scope.row(SQL["models"])
    points = scope.frame(SQL["points"])
    if not n:
        return absent("no detector of weights or behaviour that gave a score has a calibrated threshold")
    some = _stats.share(int(review), int(n))
    lead = (
        f"{count(review)} of {count(n)} models need review by a calibrated detector, {share_with_interval(some)}; if "
        f"none of them were poisoned, up to {number(min(float(alarms), float(n)), 1)} would be expected to"
    )
    return Answer(
        f"{lead} ({mined.cite(scope)}).",
        {
            "detectors": detectors,
            "needs review": scope.frame(SQL["review"]),
            "precision": _precision(detectors),
            "no score": scope.frame(SQL["no score"]),
        },
        lambda: _draw(points, detectors, scope, mined, int(n)),
        _alt(detectors),
        (),
        [
            "A flag says 'needs review' and nothing else: honest models pass a threshold too, at the false-positive "
            "rate that it was calibrated to on clean models of the kind named with it, and of other kinds perhaps "
            "more often. Expected: models scored times that rate. Chance: the probability of as many flags or more "
            "if every model were clean (binomial, one-sided); one per detector, not adjusted for their number.",
            "Any detector: the sum of the rates bounds how many clean models pass at least one (Boole), however the "
            f"detectors depend on each other; at most {number(float(most), 2)} a model here.",
            "Precision at a prevalence is an upper bound: prevalence / (prevalence + rate·(1 - prevalence)), as if "
            "every poisoned model were found; how many are is measured in benchmarks, on models poisoned for them.",
            "Detectors without a rate are covariates or not calibrated: they flag nothing here.",
        ],
        headline=(count(review), "models need review of their weights"),
    )


def _expected(detectors: pd.DataFrame) -> pd.DataFrame:
    """Expected false alarms, and the chance of so many flags among clean models."""
    from scipy import stats

    expected = detectors["n"] * detectors["fpr"]
    chance = stats.binom.sf(detectors["flagged"] - 1, detectors["n"], detectors["fpr"].fillna(0.5))
    known = detectors["fpr"].notna() & (detectors["n"] > 0)
    front = ["stage", "detector", "flagged", "n", "share", "low", "high", "fpr", "expected", "chance"]
    made = detectors.assign(expected=expected, chance=chance)
    made.loc[~known, ["expected", "chance", "share", "low", "high"]] = float("nan")
    return made[[*front, *(name for name in made.columns if name not in front)]]


def _precision(detectors: pd.DataFrame) -> pd.DataFrame:
    """The highest precision that a flag of each detector can have, by prevalence."""
    import pandas as pd

    rows = [
        (
            row["stage"],
            row["detector"],
            row["fpr"],
            prevalence,
            prevalence / (prevalence + row["fpr"] * (1 - prevalence)),
        )
        for _, row in detectors[detectors["fpr"].notna()].iterrows()
        for prevalence in PREVALENCES
    ]
    return pd.DataFrame(rows, columns=["stage", "detector", "fpr", "prevalence", "precision at most"])


def _alt(detectors: pd.DataFrame) -> str:
    said = "; ".join(
        f"{row['detector']} {count(row['flagged'])} of {count(row['n'])}, {number(row['expected'], 1)} expected"
        for _, row in detectors[detectors["fpr"].notna()].head(8).iterrows()
    )
    return f"Scores of models by detector against the calibrated threshold. Passed: {said or 'none'}."


def _draw(points: pd.DataFrame, detectors: pd.DataFrame, scope: Scope, mined: Probed, n: int) -> Figure:
    from analyses import _style as look

    known = detectors[detectors["fpr"].notna() & (detectors["n"] > 0)]
    totals = known.groupby(["stage", "detector"], sort=False, as_index=False)[["flagged", "n", "expected"]].sum()
    totals = totals.sort_values("flagged", ascending=False, kind="stable").head(ROWS)
    figure, places = look.figure(rows=len(totals), height=1.3 + 0.72 * len(totals))
    for axes, (_, row) in zip(places, totals.iterrows(), strict=True):
        _strip(axes, points[(points["stage"] == row["stage"]) & (points["detector"] == row["detector"])], row)
    look.headline(figure, "Scores by detector; red: above the threshold (line), needs review")
    look.caption(
        figure,
        mined.caption(scope, n, "models scored by a calibrated detector")
        + f". Each row has its own scale; at most {count(POINTS)} unflagged models are drawn in a row.",
    )
    return figure


def _strip(axes: Axes, part: pd.DataFrame, row: pd.Series[Any]) -> None:
    """One detector: a dot per model, the thresholds as lines."""
    import numpy as np
    from matplotlib import ticker

    from analyses import _style as look

    jitter = np.random.default_rng(_stats.SEED).uniform(-0.3, 0.3, len(part))
    review = part["review"].to_numpy(dtype=bool)
    scores = part["score"].to_numpy(dtype=float)
    for chosen, colour, size, alpha in ((~review, look.BLUE, 12, 0.6), (review, look.RED, 24, 1.0)):
        axes.scatter(scores[chosen], jitter[chosen], s=size, color=colour, alpha=alpha, linewidths=0)
    for threshold in sorted(set(part["threshold"]))[:4]:
        axes.axvline(threshold, color=look.INK, linewidth=1.1)
    reach = np.concatenate([scores, part["threshold"].to_numpy(dtype=float)])
    if len(reach) and reach.min() >= 0 and reach.max() > 50 * max(float(np.median(reach)), 1e-12):
        axes.set_xscale("symlog", linthresh=max(float(np.median(reach)), 1e-6))
        axes.xaxis.set_minor_locator(ticker.NullLocator())
    else:
        axes.xaxis.set_major_locator(ticker.MaxNLocator(6))
    axes.set_ylim(-0.5, 0.5)
    axes.set_yticks([0], [look.label(row["detector"], 30)])
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=8, pad=1)
    axes.spines["left"].set_visible(False)
    said = f"{count(row['flagged'])} of {count(row['n'])}; expected {number(float(row['expected']), 1)}"
    axes.annotate(said, (1.01, 0.5), xycoords="axes fraction", va="center", fontsize=8.5, color=look.INK)
