"""Popularity on a hub of models against that of packages in other registries: how steeply it falls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._text import count, number, number_with_interval, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "registries"
TITLE = "The hub and other registries"
QUESTION = "How is popularity spread over models of a hub, and how over packages of PyPI and npm?"
SOURCE = (
    "Jiang et al., ICSE 2023, fig. 1 (downloads of the 100 most downloaded packages of npm, PyPI and Hugging Face); "
    "Gini 1912; exponent by Gabaix & Ibragimov 2011."
)
NEEDS = ("packages",)
SQL = {
    "packages": """
        SELECT registry, downloads AS value, count(*) AS weight, any_value(observed_at) AS observed_at
        FROM mart.package GROUP BY registry, downloads ORDER BY registry, value DESC
    """,
    "hub": """
        SELECT downloads AS value, count(*) AS weight FROM main WHERE downloads IS NOT NULL GROUP BY 1 ORDER BY 1 DESC
    """,
}
#: Of the table of the paper's artifact, counted by other code: packages, downloads of the 1st and the 100th, share of
#: the top 100.
_TABLE = {
    "pypi": (52_795, 384_702_556, 35_788_655, 0.520),
    "npm": (135, 917_000_000, 15_100_000, None),
    "huggingface": (6_701, 25_195_541, 372_313, 0.822),
}
_WINDOWS = (
    "The artifact's table states no windows; its lists of the top 20 are monthly for PyPI and Hugging Face and "
    "weekly for npm. Hugging Face counts 30 days, and what it counts is requests of a query file, not installations."
)
_TOP = 100


@analysis
def run(scope: Scope) -> Answer:
    """Rank-size curves; top shares, Gini coefficients and exponents with their intervals."""
    series = _series(scope)
    table = _measures(series)
    packages = table.loc[~table["hub"]]
    steepest = _steepest(table)
    statement = (
        "; ".join(_said(row) for _, row in table.iterrows())
        + (
            f"; the drop from the first to the hundredth is steepest on {steepest['of']}"
            if steepest is not None
            else ""
        )
        + f" ({_cite(scope, packages)})."
    )
    return Answer(
        statement,
        {"measures": table.drop(columns="hub"), "ranks": _ranks(series)},
        lambda: _draw(series, table, scope),
        _alt(table),
        _published(table),
        [
            "A list of the most downloaded alone is not the registry: its Gini coefficient and the share of its top "
            f"100 grow with its length. The drop, and the share of the top 10 among the top {_TOP}, use the first "
            f"{_TOP} of each and can be compared.",
            _WINDOWS,
            "The exponent b is that of the 1,000 largest (of all where there are fewer): downloads fall as "
            "rank^(-1/b). One model or package may make the first: the fall from the tenth to the hundredth is "
            "beside.",
            "One row of the artifact's table of npm has thousands separators ('141,424,941'); read as a number it "
            "makes 136 rows and moves the hundredth from 15.1 to 15.4 million.",
        ],
        headline=_headline(table),
    )


def _series(scope: Scope) -> dict[str, pd.DataFrame]:
    """Grouped downloads by series; that of the census itself comes last."""
    frame = scope.frame(SQL["packages"])
    found = {str(name): part.reset_index(drop=True) for name, part in frame.groupby("registry", sort=True)}
    if scope.hub:
        own = scope.frame(SQL["hub"])
        if len(own):
            found[f"{scope.hub} (census)"] = own
    return found


def _measures(series: dict[str, pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame([_measure(name, frame) for name, frame in series.items()])


def _measure(name: str, frame: pd.DataFrame) -> dict[str, object]:
    """What one series gives; ``value`` is sorted, the largest first."""
    values, weights = frame["value"].to_numpy(dtype=float), frame["weight"].to_numpy(dtype=np.int64)
    ends = np.cumsum(weights)
    n = int(ends[-1])

    def at(rank: int) -> float:
        return float(values[np.searchsorted(ends, rank)]) if rank <= n else float("nan")

    gini = _stats.bootstrap(weights, lambda w: _stats.gini(values, w))
    top = _stats.bootstrap(weights, lambda w: _stats.top_share(values, w, _TOP))
    first = np.repeat(values[: _TOP + 1], weights[: _TOP + 1])[:_TOP]
    exponent = _stats.tail_exponent(np.repeat(values[:1000], weights[:1000])[:1000])
    return {
        "of": name,
        "hub": "observed_at" not in frame,
        "n": n,
        "observed_at": frame["observed_at"].iloc[0] if "observed_at" in frame else None,
        "downloads": float((values * weights).sum()),
        "first": values[0],
        "tenth": at(10),
        "hundredth": at(_TOP),
        "thousandth": at(1000),
        "drop": values[0] / at(_TOP) if at(_TOP) > 0 else float("nan"),
        "drop from tenth": at(10) / at(_TOP) if at(_TOP) > 0 else float("nan"),
        "top 10 of top 100": float(first[:10].sum() / first.sum()) if first.sum() > 0 else float("nan"),
        "share of top 100": top.value,
        "share low": top.low,
        "share high": top.high,
        "gini": gini.value,
        "gini low": gini.low,
        "gini high": gini.high,
        "exponent": exponent.value,
        "exponent low": exponent.low,
        "exponent high": exponent.high,
    }


def _said(row: pd.Series) -> str:
    gini = _stats.Estimate(row["gini"], row["gini low"], row["gini high"], int(row["n"]))
    drop = f"a drop of {count(row['drop'])} to 1" if row["drop"] == row["drop"] else "fewer than 100 of them"
    return f"{row['of']}: Gini coefficient {number_with_interval(gini)} and {drop}"


def _cite(scope: Scope, packages: pd.DataFrame) -> str:
    days = sorted({f"{moment:%Y-%m-%d}" for moment in packages["observed_at"]})
    tables = f"tables of packages of {', '.join(days)}"
    return f"{tables}; {scope.cite(scope.hub)}" if scope.hub else f"{tables}; no snapshot of a hub"


def _steepest(table: pd.DataFrame) -> pd.Series | None:
    """The series that falls most from its first to its hundredth."""
    known = table.loc[table["drop"].notna()].sort_values("drop", ascending=False)
    return known.iloc[0] if len(known) else None


def _headline(table: pd.DataFrame) -> tuple[str, str] | None:
    row = _steepest(table)
    if row is None:
        return None
    return f"{count(row['drop'])} : 1", f"from the first to the hundredth on {row['of']}"


def _ranks(series: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The curves at ranks evenly spaced by their logarithm."""
    import pandas as pd

    rows = []
    for name, frame in series.items():
        values, ends = frame["value"].to_numpy(dtype=float), np.cumsum(frame["weight"].to_numpy())
        for rank in np.unique(np.geomspace(1, ends[-1], 40).astype(int)):
            rows.append((name, int(rank), float(values[np.searchsorted(ends, rank)])))
    return pd.DataFrame(rows, columns=["of", "rank", "downloads"])


def _published(table: pd.DataFrame) -> list[tuple[object, ...]]:
    theirs = "ICSE 2023, artifact of fig. 1, counted by other code"
    rows: list[tuple[object, ...]] = []
    for name, (packages, first, hundredth, share) in _TABLE.items():
        ours = table.loc[table["of"] == name]
        if ours.empty:
            continue
        note = "theirs leaves out a row with thousands separators" if name == "npm" else ""
        for what, value, column, unit in (
            ("packages", packages, "n", "count"),
            ("most downloads", first, "first", "count"),
            ("downloads of the hundredth", hundredth, "hundredth", "count"),
            ("share of the top 100", share, "share of top 100", "share"),
        ):
            if value is not None:
                rows.append((f"{name}: {what}", value, float(ours[column].iloc[0]), unit, theirs, note))
    return rows


def _alt(table: pd.DataFrame) -> str:
    parts = [
        f"{row['of']} from {count(row['first'])} to {count(row['hundredth'])}"
        for _, row in table.iterrows()
        if row["drop"] == row["drop"]
    ]
    shares = ", ".join(f"{row['of']} {percent(row['share of top 100'], 1)}" for _, row in table.iterrows())
    return (
        f"Rank-size curves of downloads, both axes logarithmic. From the first to the hundredth: "
        f"{'; '.join(parts) or 'too few'}. Share of the top 100: {shares}."
    )


def _draw(series: dict[str, pd.DataFrame], table: pd.DataFrame, scope: Scope) -> Figure:
    from analyses import _style as look

    figure, (left, right) = look.figure(2, height=4.0, ratios=(1.35, 1))
    names = list(series)
    colours = dict(zip(names, look.CYCLE * (1 + len(names) // len(look.CYCLE)), strict=False))
    for name, frame in series.items():
        values, ends = frame["value"].to_numpy(dtype=float), np.cumsum(frame["weight"].to_numpy())
        ranks = np.unique(np.geomspace(1, ends[-1], 300).astype(int))
        sizes = values[np.searchsorted(ends, ranks)]
        left.plot(ranks[sizes > 0], sizes[sizes > 0], color=colours[name], label=look.label(name, 24))
    left.set(xscale="log", yscale="log", xlabel="rank", title="Downloads by rank")
    look.as_count(left.yaxis)
    look.as_count(left.xaxis)
    left.axvline(_TOP, color=look.PALE, linewidth=1, zorder=0)
    left.legend(loc="lower left", fontsize=8.5)
    shown = table.loc[table["drop"].notna()]
    look.bars(
        right,
        [look.label(name, 20) for name in shown["of"]],
        [float(np.log10(value)) for value in shown["drop"]],
        [f"{look.si(row['drop'])} : 1  (b = {number(row['exponent'], 2)})" for _, row in shown.iterrows()],
        room=1.75,
    )
    for bar, name in zip(right.patches, shown["of"], strict=False):
        bar.set_color(colours[name])
    right.set_xticks([])
    right.spines["bottom"].set_visible(False)
    right.set(title="First against hundredth")
    total = int(table["n"].sum())
    look.caption(figure, f"n = {count(total)} packages and models; {_cite(scope, table.loc[~table['hub']])}")
    return figure
