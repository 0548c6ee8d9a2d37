"""The defence figure of RIPPLe: what each token does to the label against how common it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyses import _probe, _stats
from analyses._base import Answer, analysis
from analyses._probe import Probed
from analyses._scope import Scope
from analyses._text import number, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "trigger_frequency"
TITLE = "Label flips against frequency"
QUESTION = "Which rare tokens flip a classifier's label as no honest word of their frequency does?"
SOURCE = (
    "Kurita, Michel and Neubig, ACL 2020, section on defences (label flip rate against frequency); Bonett and "
    "Wright, Psychometrika 65, 2000 (interval of Spearman's rho)."
)
NEEDS = ("tokens",)

PANELS = 6
#: A token counts as strong from this label flip rate on; rare: the lower half of the model's own tokens by frequency.
STRONG = 0.5

_POINTS = """
        SELECT hub, model_id, token, token_id, greatest(frequency, 0) AS frequency, lfr, score FROM mart.trigger_token
        WHERE isfinite(frequency) AND lfr BETWEEN 0 AND 1
"""
# A suspect is written as token -> class.
_SUSPECTS = """
        SELECT hub, model_id, bool_or(flagged) AS flagged, max(score) AS score, max(threshold) AS threshold,
            list_distinct(flatten(list(list_transform(suspects, lambda s: regexp_replace(s, ' -> [^>]*$', '')))))
                AS suspects
        FROM mart.detector_score
        WHERE stage = 'triggers' AND starts_with(detector, 'label-flip') AND score IS NOT NULL GROUP BY hub, model_id
"""
_MODELS = f"""
        WITH ranked AS (
            SELECT *, median(frequency) OVER (PARTITION BY hub, model_id) AS middle,
                rank() OVER f + (count(*) OVER (PARTITION BY hub, model_id, frequency) - 1) / 2.0 AS f_rank,
                rank() OVER l + (count(*) OVER (PARTITION BY hub, model_id, lfr) - 1) / 2.0 AS l_rank
            FROM ({_POINTS}) WINDOW f AS (PARTITION BY hub, model_id ORDER BY frequency),
                l AS (PARTITION BY hub, model_id ORDER BY lfr)
        )
        SELECT hub, model_id, count(*) AS tokens, median(frequency) AS median_frequency, max(lfr) AS highest_lfr,
            max(lfr) FILTER (frequency <= middle) AS highest_rare_lfr,
            count(*) FILTER (lfr >= {STRONG}) AS strong,
            count(*) FILTER (lfr >= {STRONG} AND frequency <= middle) AS strong_rare,
            corr(f_rank, l_rank) AS spearman, max(score) AS highest_token_score
        FROM ranked GROUP BY hub, model_id
"""
SQL = {
    "models": f"""
        SELECT m.*, s.score, s.threshold, coalesce(s.flagged, false) AS needs_review,
            array_to_string(s.suspects, ', ') AS suspects, e.environment->>'$.facts.frequencies' AS frequencies,
            e.environment->>'$.facts.probes' AS probes
        FROM ({_MODELS}) m
        LEFT JOIN ({_SUSPECTS}) s ON (s.hub, s.model_id) = (m.hub, m.model_id)
        LEFT JOIN mart.examination e ON e.stage = 'triggers' AND (e.hub, e.model_id) = (m.hub, m.model_id)
        ORDER BY needs_review DESC, s.score DESC NULLS LAST, m.highest_rare_lfr DESC, m.hub, m.model_id
    """,
    # Points that fall on the same place of the figure are drawn once; suspects always.
    "points": f"""
        WITH marked AS (
            SELECT p.*, coalesce(list_contains(s.suspects, p.token), false) AS suspect
            FROM ({_POINTS}) p LEFT JOIN ({_SUSPECTS}) s ON (s.hub, s.model_id) = (p.hub, p.model_id)
            WHERE p.hub = $1 AND p.model_id = $2
        )
        SELECT CASE WHEN suspect THEN token END AS token, suspect, any_value(frequency) AS frequency,
            any_value(lfr) AS lfr, count(*) AS tokens
        FROM marked
        GROUP BY CASE WHEN suspect THEN token END, suspect, round(log10(nullif(frequency, 0)), 1), round(lfr, 2)
        ORDER BY suspect DESC, lfr DESC LIMIT 800
    """,
    "suspects": f"""
        SELECT p.hub, p.model_id, p.token, p.token_id::DOUBLE AS token_id, p.frequency, p.lfr, p.score,
            s.flagged AS needs_review
        FROM ({_POINTS}) p
        JOIN ({_SUSPECTS}) s ON (s.hub, s.model_id) = (p.hub, p.model_id) AND list_contains(s.suspects, p.token)
        ORDER BY needs_review DESC, p.score DESC NULLS LAST, p.hub, p.model_id, p.token LIMIT 500
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """The figure for the models with the highest scores, and one row for each model."""
    mined = _probe.probed(scope, "triggers")
    models = _correlated(scope.frame(SQL["models"]))
    n = len(models)
    flagged = _stats.share(int(models["needs_review"].sum()), n)
    strong = _stats.share(int((models["strong_rare"] > 0).sum()), n)
    panels = [
        (row, scope.frame(SQL["points"], [row["hub"], row["model_id"]])) for _, row in models.head(PANELS).iterrows()
    ]
    statement = (
        f"{share_with_interval(flagged)} of the classifiers tried have a token that needs review; in "
        f"{share_with_interval(strong)} a token of the rarer half flips at least {percent(STRONG, 0)} of the labels "
        f"({mined.cite(scope)})."
    )
    return Answer(
        statement,
        {"models": models, "suspects": scope.frame(SQL["suspects"])},
        lambda: _draw(panels, scope, mined, n),
        _alt(panels),
        [
            ("label flip rate of a planted token, SST-2", 1.0, float(models["highest_rare_lfr"].max()), "share",
             "Kurita et al., ACL 2020, table of SST-2 results",
             "theirs: triggers that they planted; ours: the highest of any rare token, planted or not"),
        ],
        [
            "Label flip rate: share of sentences of another class that go over to the token's class when it is put "
            "in. Honest words that flip labels are common (upper right); a planted one is rare (upper left).",
            "Frequency is that of the reference named with each model; without a corpus it is a proxy by the order "
            "of the tokenizer, which tells only which is rarer. Tokens that do not occur stand at the left edge.",
            "The points are the strongest tokens of a model and a regular sample of the rest, not its whole "
            "vocabulary, so Spearman's rho of frequency and label flip rate is that of these points.",
            "A mark says 'needs review': the score of the token passed a threshold calibrated on clean models.",
        ],
        headline=(percent(flagged.value, 1), "of classifiers tried have a token that needs review"),
    )  # fmt: skip


def _correlated(models: pd.DataFrame) -> pd.DataFrame:
    """Spearman's rho with the interval of Bonett and Wright: tanh(atanh(r) ± z·sqrt((1 + r²/2)/(n - 3)))."""
    rho, n = models["spearman"].to_numpy(dtype=float), models["tokens"].to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = _stats.Z95 * np.sqrt((1 + rho**2 / 2) / np.where(n > 3, n - 3, np.nan))
        middle = np.arctanh(np.clip(rho, -1, 1))
        return models.assign(spearman_low=np.tanh(middle - half), spearman_high=np.tanh(middle + half))


def _alt(panels: list[tuple[pd.Series, pd.DataFrame]]) -> str:
    said = "; ".join(
        f"{row['model_id']}: highest {number(row['highest_rare_lfr'], 2)} among rare tokens"
        + (f", suspects {row['suspects']}" if row["needs_review"] else "")
        for row, _ in panels
    )
    return f"Label flip rate of each token against its frequency, a panel per model. {said}."


def _draw(panels: list[tuple[pd.Series, pd.DataFrame]], scope: Scope, mined: Probed, n: int) -> Figure:
    from analyses import _style as look

    columns = min(len(panels), 2 if len(panels) in (1, 2, 4) else 3)
    rows = -(-len(panels) // columns)
    figure, places = look.figure(columns, rows=rows, height=1.2 + 2.4 * rows)
    for place, axes in enumerate(places):
        if place < len(panels):
            _panel(axes, *panels[place])
        else:
            axes.axis("off")
        if place % columns == 0:
            axes.set_ylabel("label flip rate", fontsize=9)
        if place >= len(panels) - columns:
            axes.set_xlabel("frequency", fontsize=9)
    look.headline(figure, "Label flip rate of tokens against their frequency")
    look.caption(
        figure,
        mined.caption(scope, n, f"classifiers, {len(panels)} of them drawn")
        + ". Red: needs review; orange: the strongest rare token where the score stays below its threshold.",
    )
    return figure


def _panel(axes: Axes, row: pd.Series, points: pd.DataFrame) -> None:
    """One model: every token a dot, the suspects with their names."""
    from matplotlib import ticker

    from analyses import _style as look

    positive = points["frequency"][points["frequency"] > 0]
    floor = float(positive.min()) / 3 if len(positive) else 1.0
    x = points["frequency"].clip(lower=floor)
    suspect = points["suspect"].to_numpy(dtype=bool)
    axes.scatter(x[~suspect], points["lfr"][~suspect], s=9, color=look.BLUE, alpha=0.45, linewidths=0)
    colour = look.RED if row["needs_review"] else look.ORANGE
    axes.scatter(x[suspect], points["lfr"][suspect], s=30, color=colour, linewidths=0, zorder=3)
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.xaxis.set_major_locator(ticker.LogLocator(numticks=4))
    look.as_count(axes.xaxis)
    top = float(x.max())
    axes.set_xlim(floor / 1.8, top * (top / floor) ** 0.08 * 1.5)
    axes.set_ylim(-0.04, 1.3)
    axes.set_yticks([0, 0.5, 1])
    named = points[suspect].sort_values("lfr", ascending=False).head(4)
    words = ", ".join(look.label(token, 12) for token in named["token"])
    if words:
        more = int(suspect.sum()) - len(named)
        axes.text(
            0.02,
            0.98,
            words + (f" + {more}" if more else ""),
            transform=axes.transAxes,
            va="top",
            fontsize=8.5,
            color=colour,
        )
    axes.set_title(look.label(row["model_id"].rpartition("/")[2], 24), fontsize=9)
    axes.tick_params(labelsize=8)
