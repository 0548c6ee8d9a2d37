"""How well models are described: fields, cards, and whether popular and younger ones are described better."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyses import _documentation as queries
from analyses import _stats
from analyses._base import Answer, analysis
from analyses._scope import BANDS, Scope
from analyses._tables import shared
from analyses._text import count, number, number_with_interval, p_value, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "documentation"
TITLE = "Documentation"
QUESTION = (
    "How complete is the documentation of models, field by field, and does it grow with popularity or with time?"
)
SOURCE = (
    "Jiang et al., MSR 2024 (PeaTMOSS), fig. 7 (fields); Jones et al., ESEM 2024 (quality against popularity: "
    "top and "
    "bottom 1,000, Welch's t test, Cohen's d); Taraghi et al., SANER 2024 (documentation over time)."
)
NEEDS = ("tags",)
SQL = queries.SQL


@analysis
def run(scope: Scope) -> Answer:
    """Completeness by field, band and month; the documented score; its difference between popular and unpopular."""
    scope.reader.execute(SQL["described"])
    fields = _fields(scope)
    bands = _bands(scope)
    months = shared(scope.frame(SQL["by month"]).rename(columns={"licence": "models"}))
    months["card_share"] = months["card"] / months["card_known"].where(months["card_known"] > 0)
    scores = scope.frame(SQL["score by band"])
    trends = _trends(months)
    effect, sentence = _popular(scope)
    n, mean, low, high = (float(value or 0) for value in scope.row(SQL["score"]))
    half = 1.96 * high / max(n, 1) ** 0.5
    score = _stats.Estimate(mean, mean - half, mean + half, int(n))
    licence = fields.loc[fields["field"] == "licence"].iloc[0]
    statement = (
        f"The mean documentation score is {number_with_interval(score)} (median {number(low)}); "
        f"{share_with_interval(_stats.share(int(licence['models']), int(licence['n'])))} of models declare a licence"
        f"{sentence} ({scope.cite()})."
    )
    tables = {
        "fields": fields,
        "bands": bands,
        "scores": scores,
        "months": months,
        "trends": trends,
        "top_bottom": effect,
    }
    sections = shared(scope.frame(SQL["sections"]))
    if len(sections):
        tables["sections"] = sections
    return Answer(
        statement,
        tables,
        lambda: _draw(fields, bands, months, scope),
        _alt(fields, bands),
        queries.published(fields, bands),
        _notes(scope, trends),
        headline=(number(mean), "mean documentation score, from 0 to 1"),
    )


def _fields(scope: Scope) -> pd.DataFrame:
    """Share of models that state each field, by where it was read."""
    import pandas as pd

    known = scope.row(SQL["fields by tag"])
    names = queries.TAG_FIELDS
    rows = [(name, "tags or listing", known[2 * i], known[2 * i + 1]) for i, name in enumerate(names)]
    frame = pd.DataFrame(rows, columns=["field", "read from", "models", "n"])
    front = scope.frame(SQL["front matter"])
    return shared(pd.concat([frame, front], ignore_index=True) if len(front) else frame)


def _bands(scope: Scope) -> pd.DataFrame:
    """Licence, dataset, task and card by popularity band, long form."""
    frame = shared(scope.frame(SQL["by band"]))
    order = {band: place for place, band in enumerate(BANDS)}
    return (
        frame.assign(place=frame["band"].map(order))
        .sort_values(["field", "place"], ignore_index=True)
        .drop(columns="place")
    )


def _trends(months: pd.DataFrame) -> pd.DataFrame:
    """Mann-Kendall and Theil-Sen of the monthly shares, months of at least 100 models."""
    import pandas as pd

    usable = months.loc[months["n"] >= 100]
    rows = []
    for name, column in (("licence", "share"), ("card", "card_share")):
        tau, p, slope = _stats.trend(usable[column].dropna().to_numpy())
        rows.append((name, slope.n, tau, p, slope.value, slope.low, slope.high))
    return pd.DataFrame(rows, columns=["field", "n", "tau", "p", "slope per month", "low", "high"])


def _popular(scope: Scope) -> tuple[pd.DataFrame, str]:
    """Jones et al.'s test: documentation of the top 1,000 by downloads against the bottom 1,000."""
    import pandas as pd

    frame = scope.frame(SQL["top and bottom"])
    top, bottom = (frame.loc[frame["part"] == part, "score"].to_numpy(dtype=np.float64) for part in ("top", "bottom"))
    columns = ["models each", "mean top", "mean bottom", "cohen d", "welch p"]
    if min(len(top), len(bottom)) < 3:
        return pd.DataFrame(columns=columns), ""
    d, p = _stats.cohen_d(top, bottom), _stats.welch(top, bottom)
    row = (len(top), float(top.mean()), float(bottom.mean()), d, p)
    sentence = (
        f"; the {count(len(top))} most downloaded score {number(row[1])} against {number(row[2])} of the least "
        f"(Cohen's d = {d:.2f}, {p_value(p)})"
    )
    return pd.DataFrame([row], columns=columns), sentence


def _notes(scope: Scope, trends: pd.DataFrame) -> list[str]:
    scored, listed, front, read, n = (int(value) for value in scope.row(SQL["known"]))
    trend = trends.iloc[0]
    metadata = "metadata_score (share stated of licence, language, dataset, paper, evaluation claim, task, library)"
    score = f"The score is the mean of {metadata} and card_score (share of five card sections)."
    if 2 * scored < n:
        score = (
            f"The score is {metadata} alone: card_score is known for {count(scored)} of {count(n)} models, "
            "too few to mix in."
        )
    notes = [
        score,
        f"Known for how many of {count(n)} models: whether there is a card {count(listed)}, "
        f"front matter {count(front)}, card text {count(read)}. What the scope's snapshot does not state comes from "
        "older ones. Whether there is a card enters the charts where it is known for at least half.",
        "The bottom 1,000 are drawn by a hash of the id among the models with the fewest downloads: many have none.",
    ]
    if trend["tau"] == trend["tau"]:
        notes.append(
            f"Licence share by creation month: Kendall's tau {number(trend['tau'], 2)} ({p_value(trend['p'])}), "
            "Theil-Sen slope "
            f"{100 * trend['slope per month']:.2f} points a month (95 % CI {100 * trend['low']:.2f} to "
            f"{100 * trend['high']:.2f}) over {int(trend['n'])} months."
        )
    return notes


def _alt(fields: pd.DataFrame, bands: pd.DataFrame) -> str:
    best = ", ".join(f"{row['field']} {percent(row['share'], 1)}" for _, row in fields.head(9).iterrows())
    licence = bands.loc[bands["field"] == "licence"]
    steps = ", ".join(f"{row['band']} downloads {percent(row['share'], 1)}" for _, row in licence.iterrows())
    return f"Share of models that state each field: {best}. Licence by popularity band: {steps or 'unknown'}."


def _draw(fields: pd.DataFrame, bands: pd.DataFrame, months: pd.DataFrame, scope: Scope) -> Figure:
    from analyses import _style as look

    figure, (left, middle) = look.figure(2, height=4.1, ratios=(1.1, 1))
    shown = fields.loc[fields["read from"] == "tags or listing"].sort_values("share", ascending=False)
    look.bars(
        left,
        list(shown["field"]),
        list(shown["share"]),
        [percent(value, 1) for value in shown["share"]],
        intervals=(list(shown["low"]), list(shown["high"])),
    )
    look.as_percent(left.xaxis)
    left.set(title="Models that state ...")
    queries.draw_bands(middle, bands)
    middle.set(title="... by downloads in 30 days", ylim=(0, 1))
    look.caption(figure, scope.caption(int(fields["n"].max())) + ". Whiskers and bands: 95 % Wilson intervals.")
    return figure
