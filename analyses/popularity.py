"""How unequal downloads are, and whether one model distorts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._tables import LISTING, at
from analyses._text import count, number, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "popularity"
TITLE = "Popularity"
QUESTION = "How are downloads spread over models, and is any one of them out of all proportion?"
SOURCE = (
    "Gini 1912 and Lorenz 1905; rank-size as in Gabaix & Ibragimov, JBES 2011; top lists as in Jiang et al., "
    "ICSE 2023, fig. 1 "
    "(HF's top 100 of 6,701: 82.2 % of its downloads)."
)
NEEDS = ("downloads",)
SQL = {
    "downloads": """
        SELECT downloads AS value, count(*) AS weight FROM main WHERE downloads IS NOT NULL GROUP BY 1 ORDER BY 1
    """,
    "top": """
        SELECT row_number() OVER (ORDER BY downloads DESC, model_id) AS rank, model_id, downloads, likes,
            licence, task,
            downloads / sum(downloads) OVER () AS share
        FROM main WHERE downloads IS NOT NULL ORDER BY rank LIMIT 1000
    """,
    "anomalies": """
        SELECT model_id, downloads, downloads / (SELECT sum(downloads) FROM main) AS share, likes FROM main
        WHERE downloads > 0.05 * (SELECT sum(downloads) FROM main) AND (SELECT count(*)
            FROM main) >= 1000 ORDER BY downloads DESC
    """,
    "jumps": """
        WITH dated AS (
            SELECT model_id, observed_at, downloads, lag(downloads) OVER w AS before, lag(observed_at) OVER w AS since
            FROM mart.model_metric
            WHERE hub = $1 AND downloads IS NOT NULL AND model_id IN (SELECT model_id FROM main) AND observed_at <= $2
            WINDOW w AS (PARTITION BY model_id ORDER BY observed_at)
        )
        SELECT model_id, since, observed_at, before, downloads, downloads / greatest(before, 1) AS factor
        FROM dated WHERE before IS NOT NULL AND downloads >= 100 * greatest(before, 1)
            AND downloads > 0.001 * (SELECT sum(downloads) FROM main)
        ORDER BY downloads DESC LIMIT 50
    """,
}
_TOPS = (10, 100, 1000)


@analysis
def run(scope: Scope) -> Answer:
    """Inequality with bootstrap intervals; the tail's exponent; models that hold more than a twentieth."""
    grouped = scope.frame(SQL["downloads"])
    values, weights = (grouped[name].to_numpy(dtype=np.float64) for name in ("value", "weight"))
    n, total = int(weights.sum()), float(np.sum(values * weights))
    top = scope.frame(SQL["top"])
    measures = _measures(values, weights, n)
    tail = _stats.tail_exponent(top["downloads"])
    zero = _stats.share(int(weights[values == 0].sum()), n)
    anomalies = scope.frame(SQL["anomalies"])
    newest = max(seen.observed_at for seen in scope.seen if seen.hub == scope.hub)
    jumps = scope.frame(SQL["jumps"], [scope.hub, newest])
    gini = measures.iloc[0]
    statement = (
        f"The Gini coefficient of downloads is {number(gini['value'], 4)} (95 % CI {number(gini['low'], 4)} to "
        f"{number(gini['high'], 4)}; "
        f"n = {count(n)}), the top 10 models hold "
        f"{percent(at(measures, 'measure', 'share of the top 10', 'value'))} of "
        f"{count(total)} downloads, {share_with_interval(zero)} have none ({scope.cite(scope.hub)})."
    )
    tables = {"measures": measures, "top": top, "anomalies": anomalies, "jumps": jumps, "tail": _tail(tail)}
    return Answer(
        statement,
        tables,
        lambda: _draw(values, weights, top, tail, scope, n),
        _alt(measures, top),
        _published(measures, zero.value, total),
        _notes(anomalies, jumps, tail, values, weights),
        headline=(number(gini["value"], 4), "Gini coefficient of downloads"),
    )


def _measures(values: _stats.Floats, weights: _stats.Floats, n: int) -> pd.DataFrame:
    """Gini and top shares, each with its bootstrap interval."""
    import pandas as pd

    def top(k: float) -> _stats.Estimate:
        return _stats.bootstrap(weights, lambda w: _stats.top_share(values, w, k))

    found = [("Gini coefficient", _stats.bootstrap(weights, lambda w: _stats.gini(values, w)))]
    found += [(f"share of the top {k:,}", top(k)) for k in _TOPS if k < n or k == _TOPS[0]]
    found.append(("share of the top 1 %", top(0.01 * n)))
    return pd.DataFrame(
        [(name, e.value, e.low, e.high, e.n) for name, e in found], columns=["measure", "value", "low", "high", "n"]
    )


def _tail(tail: _stats.Estimate) -> pd.DataFrame:
    import pandas as pd

    slope = [-1 / value if value > 0 else float("nan") for value in (tail.value, tail.low, tail.high)]
    row = [("Pareto exponent", tail.value, tail.low, tail.high, tail.n), ("rank-size slope", *slope, tail.n)]
    return pd.DataFrame(row, columns=["measure", "value", "low", "high", "n"])


def _published(measures: pd.DataFrame, zero: float, total: float) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [
        (
            name,
            value,
            at(measures, "measure", name, "value", float("nan")),
            "number" if name[0] == "G" else "share",
            LISTING,
            "",
        )
        for name, value in (
            ("Gini coefficient", 0.9988),
            ("share of the top 10", 0.5645),
            ("share of the top 100", 0.7847),
            ("share of the top 1,000", 0.9412),
            ("share of the top 1 %", 0.9892),
        )
    ]
    rows.append(("models without downloads", 0.495, zero, "share", LISTING, ""))
    rows.append(("downloads in 30 days", 1_838_905_161, total, "count", LISTING, ""))
    rows.append(
        (
            "share of the top 100",
            0.822,
            at(measures, "measure", "share of the top 100", "value", float("nan")),
            "share",
            "ICSE 2023, fig. 1 data (2022-08)",
            "theirs: of the 6,701 models in their list",
        )
    )
    return rows


def _notes(
    anomalies: pd.DataFrame, jumps: pd.DataFrame, tail: _stats.Estimate, values: _stats.Floats, weights: _stats.Floats
) -> list[str]:
    notes = [
        "Intervals of Gini and top shares: percentile bootstrap over models (200 draws, fixed seed). With so "
        "heavy a tail they "
        "say how much rests on a few models, not how a next month would look.",
        f"Rank-size over the top {count(tail.n)}: Pareto exponent {number(tail.value)} (95 % CI "
        f"{number(tail.low)} to {number(tail.high)}), "
        f"that is a slope of {number(-1 / tail.value)} of log downloads on log rank.",
    ]
    for _, row in anomalies.iterrows():
        rest = values != row["downloads"]
        notes.append(
            f"Anomaly: {row['model_id']} alone holds {percent(row['share'], 1)} of all downloads; without it the "
            "top 10 hold "
            f"{percent(_stats.top_share(values[rest], weights[rest], 10), 1)} and the Gini coefficient is "
            f"{number(_stats.gini(values[rest], weights[rest]), 4)}."
        )
    if len(jumps):
        notes.append(
            f"{count(len(jumps))} models grew a hundredfold or more between two snapshots to more than 0.1 % of "
            "all downloads (table jumps)."
        )
    return notes


def _alt(measures: pd.DataFrame, top: pd.DataFrame) -> str:
    shares = ", ".join(f"{row['measure']} {percent(row['value'], 1)}" for _, row in measures.iloc[1:].iterrows())
    first = f"Rank 1 is {top['model_id'].iloc[0]} with {count(top['downloads'].iloc[0])}." if len(top) else ""
    return f"Lorenz curve of downloads, close to the corner: {shares}. Rank-size plot of the top models. {first}"


def _draw(
    values: _stats.Floats, weights: _stats.Floats, top: pd.DataFrame, tail: _stats.Estimate, scope: Scope, n: int
) -> Figure:
    from analyses import _style as look

    figure, (left, right) = look.figure(2, height=3.9)
    x, y = _stats.lorenz(values, weights)
    left.plot([0, 1], [0, 1], color=look.GREY, linewidth=0.8, linestyle="--")
    left.plot(x, y, color=look.BLUE, clip_on=False)
    left.set(
        title="Lorenz curve of downloads",
        xlabel="Share of models, least downloaded first",
        ylabel="Share of downloads",
        xlim=(0, 1),
        ylim=(0, 1),
    )
    left.annotate(
        "equality",
        (0.5, 0.5),
        xytext=(-6, 6),
        textcoords="offset points",
        rotation=40,
        ha="center",
        color=look.GREY,
        fontsize=8.5,
    )
    left.annotate(f"Gini {_stats.gini(values, weights):.4f}", (0.97, 0.06), ha="right", color=look.BLUE, fontsize=10)
    for axis in (left.xaxis, left.yaxis):
        look.as_percent(axis)
    shown = top.loc[top["downloads"] > 0]
    right.loglog(shown["rank"], shown["downloads"], ".", markersize=3.5, color=look.BLUE)
    if tail.value == tail.value:
        rank, size = np.log(shown["rank"].astype(float)), np.log(shown["downloads"].astype(float))
        line = np.exp(size.mean() - (rank - rank.mean()) / tail.value)
        right.loglog(shown["rank"], line, color=look.RED, linewidth=1.2)
        right.annotate(
            f"slope {-1 / tail.value:.2f}",
            (0.97, 0.9),
            xycoords="axes fraction",
            ha="right",
            color=look.RED,
            fontsize=9.5,
        )
    right.set(title=f"Downloads by rank, top {count(len(shown))}", xlabel="Rank")
    if len(shown):
        right.annotate(
            look.label(shown["model_id"].iloc[0], 30),
            (1, shown["downloads"].iloc[0]),
            xytext=(6, 1),
            textcoords="offset points",
            fontsize=8,
            va="center",
        )
    look.as_count(right.yaxis)
    look.as_count(right.xaxis)
    look.caption(figure, scope.caption(n, hub=scope.hub))
    return figure
