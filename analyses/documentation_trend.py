"""Whether younger models are documented better than older ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analyses import _stats, _trends
from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._tables import LISTING
from analyses._text import count, number, p_value, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "documentation_trend"
TITLE = "Documentation over time"
QUESTION = "Are models documented more, month by month of their creation?"
SOURCE = (
    "Taraghi et al., SANER 2024: documentation has not risen although tools for it appeared; Mann-Kendall and "
    "Theil-Sen, variance after Hamed & Rao 1998 and Yue & Wang 2004, Holm over the series."
)
NEEDS = ("models", "created_at")

#: Months with fewer models of which a thing is known are left out of its series.
LEAST = 30
#: Model card template, guidebook and writing tool: Hugging Face blog, "Model Cards", 2022-12-20.
TOOLS = "2023-01-01"

# What is looked at: name, kind, value per model (null: not known). Shares are of models, the others of cards read.
_SERIES = (
    ("card", "share", "has_card::INTEGER"),
    ("front matter", "share", "coalesce(c.has_front_matter, len(s.front_matter_fields) > 0)::INTEGER"),
    ("words of the card", "median", "s.card_words"),
    ("sections of five", "mean", "CASE WHEN s.card_id IS NOT NULL THEN 5 * s.card_score END"),
    ("licence", "share", "(licences > 0)::INTEGER"),
    ("dataset", "share", "CASE WHEN about_id IS NOT NULL THEN (datasets > 0)::INTEGER END"),
    ("language", "share", "CASE WHEN about_id IS NOT NULL THEN (languages > 0)::INTEGER END"),
    ("base model", "share", "CASE WHEN about_id IS NOT NULL THEN (base_models > 0)::INTEGER END"),
    ("paper", "share", "CASE WHEN about_id IS NOT NULL THEN (papers > 0)::INTEGER END"),
    ("evaluation claim", "share", "CASE WHEN about_id IS NOT NULL THEN claims::INTEGER END"),
    ("task", "share", "CASE WHEN task_known THEN (task IS NOT NULL)::INTEGER END"),
    ("metadata score", "mean", "metadata_score"),
)
KINDS = {name: kind for name, kind, _ in _SERIES}
_VALUES = ", ".join(f'{sql} AS "{name}"' for name, _, sql in _SERIES)
_FOLDED = ", ".join(
    f"""{{series: '{name}', n: count("{name}"), value: {"median" if kind == "median" else "avg"}("{name}")::DOUBLE,
        spread: coalesce(stddev_samp("{name}"), 0)::DOUBLE}}"""
    for name, kind, _ in _SERIES
)
SQL = {
    "months": f"""
        SELECT month, unnest(parts, recursive := true) FROM (
            SELECT month, [{_FOLDED}] AS parts FROM (
                SELECT month, {_VALUES} FROM main s LEFT JOIN core.card c ON c.card_id = s.card_id
                WHERE month IS NOT NULL AND NOT backfilled
            ) GROUP BY month
        ) ORDER BY month
    """,
    "left out": "SELECT count(*) FILTER (backfilled), count(*) FILTER (created_at IS NULL), count(*) FROM main",
    "floor included": """
        SELECT avg((licences > 0)::INTEGER), avg((base_models > 0)::INTEGER) FROM main
        WHERE month = DATE '2022-03-01' AND about_id IS NOT NULL
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Monthly shares, medians and means; their trends over all months and since tools for documentation appeared."""
    every = scope.frame(SQL["months"])
    months = _intervals(every.loc[every["n"] >= min(LEAST, max(1, int(every["n"].max()) // 2))])
    trends, since = _trend_table(months), _trend_table(months.loc[months["month"].astype(str).str[:10] >= TOOLS])
    trends = trends.assign(months="all")
    both = [trends, since.assign(months=f"from {TOOLS[:7]}")] if len(since) else [trends]
    backfilled, unknown, n = (int(value) for value in scope.row(SQL["left out"]))
    import pandas as pd

    table = pd.concat(both, ignore_index=True)
    return Answer(
        f"{_statement(trends, months, since)} ({scope.cite(scope.hub)}).",
        {"trends": table, "months": months},
        lambda: _draw(months, trends, scope, n - backfilled - unknown),
        _alt(trends, months),
        _published(every, since, scope),
        _notes(trends, months, backfilled, unknown),
    )


def _intervals(months: pd.DataFrame) -> pd.DataFrame:
    """Wilson intervals of shares, normal ones of means; medians have none here."""
    months = months.reset_index(drop=True)
    share = months["series"].map(KINDS) == "share"
    _, low, high = _stats.wilson((months["value"] * months["n"]).to_numpy(dtype=float), months["n"])
    half = _stats.Z95 * months["spread"] / np.sqrt(months["n"])
    mean = months["series"].map(KINDS) == "mean"
    low = np.where(share, low, np.where(mean, months["value"] - half, np.nan))
    high = np.where(share, high, np.where(mean, months["value"] + half, np.nan))
    return months.drop(columns="spread").assign(low=low, high=high)


def _trend_table(months: pd.DataFrame) -> pd.DataFrame:
    return _trends.table([
        (name, _trends.examine(months.loc[months["series"] == name, "value"].to_numpy(dtype=np.float64)))
        for name in KINDS if (months["series"] == name).any()
    ])  # fmt: skip


def _statement(trends: pd.DataFrame, months: pd.DataFrame, since: pd.DataFrame) -> str:
    known = trends.dropna(subset=["tau"])
    if known.empty:
        first = months.loc[months["series"] == "licence"]
        with_licence, n = int((first["value"] * first["n"]).sum()), int(first["n"].sum())
        return (
            f"Too few months are known for a trend; {share_with_interval(_stats.share(with_licence, n))} of models "
            "declare a licence"
        )
    sure = known.loc[known["p holm"] < 0.05]
    up, down = (list(sure.loc[side, "series"]) for side in (sure["slope"] > 0, sure["slope"] < 0))
    begun = f"Of {len(known)} signs of documentation by creation month, {_list(up)} rise{'s' if len(up) == 1 else ''}"
    words = f"{begun} and {_list(down)} fall{'s' if len(down) == 1 else ''} (Mann-Kendall after Hamed and Rao, Holm)"
    row = known.loc[known["series"] == "licence"]
    if len(row):
        one = row.iloc[0]
        words += (
            f"; the share with a licence moves by {100 * one['slope']:+.2f} points a month (95 % CI "
            f"{100 * one['low']:+.2f} to {100 * one['high']:+.2f}; {int(one['n'])} months; Kendall's tau "
            f"{number(one['tau'], 2)}, {p_value(one['p holm'])})"
        )
    return words


def _list(names: list[str]) -> str:
    return ", ".join(names) if names else "none"


def _published(every: pd.DataFrame, since: pd.DataFrame, scope: Scope) -> list[tuple[object, ...]]:
    if scope.hub != "huggingface":
        return []
    rows: list[tuple[object, ...]] = []
    floor = "with the models that carry the hub's floor date, which the series leaves out"
    for series, value, ours in zip(
        ("licence", "base model"), (0.289, 0.005), scope.row(SQL["floor included"]), strict=True
    ):
        if ours is not None:
            rows.append((f"{series} of models created in 2022-03", value, float(ours), "share", LISTING, floor))
    for series, month, value in (("licence", "2024-07", 0.387), ("base model", "2024-07", 0.288)):
        part = every.loc[(every["series"] == series) & (every["month"].astype(str).str[:7] == month), "value"]
        if len(part):
            rows.append((f"{series} of models created in {month}", value, float(part.iloc[0]), "share", LISTING, ""))
    for series in ("card", "licence", "words of the card"):
        row = since.loc[since["series"] == series] if len(since) else since
        if len(row) and row["tau"].iloc[0] == row["tau"].iloc[0]:
            one = row.iloc[0]
            moved = "not risen" if not (one["slope"] > 0 and one["p holm"] < 0.05) else "risen"
            note = f"Kendall's tau {number(one['tau'], 2)}, {p_value(one['p holm'])} over {int(one['n'])} months"
            rows.append(
                (f"{series}, since tools appeared", "not risen", moved, "number", "SANER 2024, abstract", note)
            )
    return rows


def _notes(trends: pd.DataFrame, months: pd.DataFrame, backfilled: int, unknown: int) -> list[str]:
    known = months.groupby("series")["n"].sum()
    cards = ", ".join(f"{name} {count(known.get(name, 0))}" for name in ("card", "front matter", "words of the card"))
    return [
        f"Models are taken in the state of the snapshot, by creation month: a month's models have had time to be "
        f"documented later, which favours old ones. {count(backfilled)} with the hub's floor date and "
        f"{count(unknown)} without a date are left out.",
        f"A month counts in a series with {LEAST} models of which the thing is known (fewer in a small census). "
        f"Models known in the months shown: {cards}; the others are read from tags. Models whose "
        "files or cards were landed need not be a fair sample of the hub.",
        "p: Mann-Kendall; p hamed-rao: with the variance that its significant autocorrelations leave, since months "
        "resemble their neighbours; p holm: that one over all series of the same months. p first order minds every "
        "lag as of a process of the first order: it errs less where there is no trend (in 300 simulated series of 29 "
        "months 8 % against 17 %) and sees less where a rise is no straight line; after Holm it leaves "
        f"{_strict(trends)}. Slopes are Theil-Sen's, per month, with Sen's interval at that variance. No seasonal "
        "test: the series is too short.",
        f"The model card template, guidebook and writing tool are of 2022-12; the months from {TOOLS[:7]} are tested "
        "again by themselves.",
    ]


def _strict(trends: pd.DataFrame) -> str:
    return _list(list(trends.loc[trends["p first order holm"] < 0.05, "series"]))


def _alt(trends: pd.DataFrame, months: pd.DataFrame) -> str:
    parts = []
    for name, part in months.groupby("series", sort=False):
        first, last = part.iloc[0], part.iloc[-1]
        written = percent if KINDS[str(name)] == "share" else number
        parts.append(f"{name} {written(first['value'], 1)} to {written(last['value'], 1)}")
    return f"Lines by creation month. {'; '.join(parts) or 'Nothing is known'}."


def _draw(months: pd.DataFrame, trends: pd.DataFrame, scope: Scope, n: int) -> Figure:
    from matplotlib import dates as dated

    from analyses import _style as look

    kinds: Any = dated
    tools = float(kinds.date2num(np.datetime64(TOOLS)))
    figure, (left, middle, right) = look.figure(3, height=4.1)
    _lines(left, months, ("card", "front matter", "licence"))
    left.set(title="Card and licence", ylim=(0, 1))
    _lines(middle, months, ("task", "dataset", "language", "base model", "evaluation claim"))
    middle.set(title="Stated in tags")
    middle.set_ylim(0, None)
    for axes in (left, middle):
        look.as_percent(axes.yaxis)
    part = months.loc[months["series"] == "words of the card"]
    right.set(title="Words (median)")
    if len(part):
        right.plot(part["month"], part["value"], color=look.BLUE, marker="o", markersize=3)
        right.set_ylim(0, None)
    else:
        right.text(0.5, 0.5, "too few cards were read", transform=right.transAxes, ha="center", color=look.GREY)
        right.set(xticks=[], yticks=[])
    for axes in (left, middle, right):
        if len(axes.lines):
            if axes.get_xlim()[0] <= tools <= axes.get_xlim()[1]:
                axes.axvline(tools, color=look.GREY, linewidth=0.8, linestyle=":")
            look.dates(axes)
    look.caption(
        figure,
        scope.caption(n, "models with a creation date", scope.hub)
        + f". Bands: 95 % Wilson intervals. Dotted: tools for model cards ({TOOLS[:7]}).",
    )
    return figure


def _lines(axes: Axes, months: pd.DataFrame, names: tuple[str, ...]) -> None:
    from analyses import _style as look

    for name, colour in zip(names, look.CYCLE, strict=False):
        part = months.loc[months["series"] == name]
        if part.empty:
            continue
        axes.plot(part["month"], part["value"], color=colour, label=name, linewidth=1.4)
        axes.fill_between(part["month"], part["low"], part["high"], color=colour, alpha=0.2, linewidth=0)
    if len(axes.lines):
        axes.legend(loc="upper left", bbox_to_anchor=(-0.1, -0.1), ncols=2, fontsize=7.5, columnspacing=0.9)
