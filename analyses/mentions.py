"""Whether the families that people speak of are those that are uploaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyses import _stats, _threads, _trends
from analyses._base import Answer, absent, analysis
from analyses._families import MEMBERS, families, spoken_of
from analyses._scope import Scope
from analyses._tables import shared
from analyses._text import count, number, number_with_interval, share_with_interval
from analyses._threads import Told

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "mentions"
TITLE = "Mentions against uploads"
QUESTION = "Do people speak most of the families of which most models are uploaded, also month by month?"
SOURCE = (
    "Taraghi et al., SANER 2024: forum topics that mention a model type against its uploads, Spearman 1904; some "
    "families are spoken of less while their uploads go on."
)
NEEDS = ("models", "threads")

#: A family's months are compared when there are this many.
LEAST = 6
SQL = {
    "members": MEMBERS,
    "threads": _threads.THREADS,
    "mentions": f"""
        CREATE OR REPLACE TEMP TABLE mention AS
        SELECT source, model_key, month, unnest({spoken_of("text")}) AS family FROM thread
    """,
    "families": """
        WITH uploaded AS (SELECT family, count(*) AS uploads FROM family_member GROUP BY family),
        named AS (
            SELECT family, count(*) AS mentions, count(*) FILTER (source = 'discussion') AS "in discussions",
                count(*) FILTER (source <> 'discussion') AS "in issues"
            FROM mention GROUP BY family
        ),
        opened AS (
            SELECT f.family, count(*) AS "threads at its models"
            FROM thread t JOIN family_member f ON f.model_key = t.model_key GROUP BY 1
        ),
        used AS (
            SELECT f.family, count(DISTINCT u.repository_id) AS repositories
            FROM mart.usage u JOIN family_member f ON f.model_key = u.model_key WHERE u.confidence >= 0.5 GROUP BY 1
        )
        SELECT family, coalesce(uploads, 0) AS uploads, coalesce(mentions, 0) AS mentions,
            coalesce("in discussions", 0) AS "in discussions", coalesce("in issues", 0) AS "in issues",
            coalesce("threads at its models", 0) AS "threads at its models",
            coalesce(repositories, 0) AS repositories, (SELECT count(*) FROM thread) AS n
        FROM uploaded FULL JOIN named USING (family) FULL JOIN opened USING (family) FULL JOIN used USING (family)
        ORDER BY mentions DESC, uploads DESC, family
    """,
    "months": """
        WITH span AS (SELECT min(month) AS first, max(month) AS last FROM mention),
        uploaded AS (
            SELECT family, month, count(*) AS uploads FROM family_member
            WHERE NOT backfilled AND month IS NOT NULL GROUP BY ALL
        ),
        named AS (SELECT family, month, count(*) AS mentions FROM mention WHERE month IS NOT NULL GROUP BY ALL),
        months AS (
            SELECT DISTINCT month FROM main, span
            WHERE month BETWEEN first AND last AND NOT backfilled
        )
        SELECT f.family, m.month, coalesce(u.uploads, 0) AS uploads, coalesce(n.mentions, 0) AS mentions
        FROM (SELECT DISTINCT family FROM mention) f CROSS JOIN months m
        LEFT JOIN uploaded u ON u.family = f.family AND u.month = m.month
        LEFT JOIN named n ON n.family = f.family AND n.month = m.month
        ORDER BY f.family, m.month
    """,
}
_PAIRS = (
    ("mentions and uploads", "mentions", "uploads"),
    ("mentions in discussions and uploads", "in discussions", "uploads"),
    ("mentions in issues and uploads", "in issues", "uploads"),
    ("threads at its models and uploads", "threads at its models", "uploads"),
    ("repositories that load it and uploads", "repositories", "uploads"),
    ("repositories that load it and mentions", "repositories", "mentions"),
)


@analysis
def run(scope: Scope) -> Answer:
    """Spearman over families, over family and month, and within each family over its months."""
    told = _threads.enter(scope)
    scope.reader.execute(SQL["members"])
    scope.reader.execute(SQL["mentions"])
    table, months = scope.frame(SQL["families"]), scope.frame(SQL["months"])
    if table.empty:
        return absent(f"none of {count(told.threads)} threads and no model is of a family looked for")
    table = shared(table, "mentions")
    overall = _correlations(table, months)
    within = _within(months)
    rho = overall.iloc[0]
    mentioning = int((table["mentions"] > 0).sum())
    estimate = _stats.Estimate(rho["spearman"], rho["low"], rho["high"], int(rho["n"]))
    return Answer(
        f"{mentioning} of {len(families())} families are spoken of; over families, Spearman's rho of mentions and "
        f"uploads is {number_with_interval(estimate, 2)}{_by_month(overall)}{_apart(within)} ({told.cite(scope)}).",
        {"families": table, "correlations": overall, "within families": within, "months": months},
        lambda: _draw(table, months, estimate, told, scope),
        _alt(table, estimate),
        [
            ("Spearman of mentions and uploads, over families", 0.70, float(rho["spearman"]), "number", "SANER 2024",
             "theirs: major families in the topics of the forum, which is not landed here; ours: titles of "
             "discussions at models, titles and texts of issues of repositories"),
        ],
        _notes(told, table),
    )  # fmt: skip


def _spearman(first: pd.Series, second: pd.Series) -> _stats.Estimate:
    """rho of two columns with the percentile interval of a bootstrap over rows."""
    ones = np.ones(len(first), dtype=np.int64)
    if len(first) < 4:
        return _stats.Estimate(float("nan"), float("nan"), float("nan"), len(first))
    x, y = first.to_numpy(dtype=np.float64), second.to_numpy(dtype=np.float64)
    return _stats.bootstrap(ones, lambda weights: _stats.spearman(x, y, weights))


def _correlations(table: pd.DataFrame, months: pd.DataFrame) -> pd.DataFrame:
    """Over families that are uploaded or spoken of, and over all pairs of a family and a month."""
    import pandas as pd

    rows = []
    for name, first, second in _PAIRS:
        seen = table.loc[(table[first] > 0) | (table[second] > 0)]
        found = table[first].sum() > 0 and table[second].sum() > 0
        rho = _spearman(seen[first], seen[second]) if found else _spearman(seen[first].head(0), seen[second].head(0))
        rows.append((name, "families", rho.n, rho.value, rho.low, rho.high))
    rho = _spearman(months["mentions"], months["uploads"])
    rows.append(("mentions and uploads", "families and months", rho.n, rho.value, rho.low, rho.high))
    return pd.DataFrame(rows, columns=["of", "over", "n", "spearman", "low", "high"])


def _within(months: pd.DataFrame) -> pd.DataFrame:
    """Family by family, over its months: rho, and the trends of uploads and mentions; Holm over families."""
    import pandas as pd
    from scipy import stats

    rows = []
    for family, part in months.groupby("family", sort=True):
        if len(part) < LEAST or part["mentions"].sum() < LEAST or part["uploads"].nunique() < 2:
            continue
        rho = _spearman(part["mentions"], part["uploads"])
        p = float(stats.spearmanr(part["mentions"], part["uploads"]).pvalue)
        uploads, mentions = (_trends.examine(part[name].to_numpy()) for name in ("uploads", "mentions"))
        rows.append((family, rho.n, rho.value, rho.low, rho.high, p, uploads.tau, mentions.tau, mentions.p_hamed_rao))
    columns = ["family", "n", "spearman", "low", "high", "p", "tau of uploads", "tau of mentions",
               "p of mentions' trend"]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.assign(**{"p holm": _trends.holm(frame["p"])})
    return frame.sort_values("spearman", ignore_index=True)


def _by_month(overall: pd.DataFrame) -> str:
    row = overall.iloc[-1]
    if row["spearman"] != row["spearman"]:
        return ""
    rho = _stats.Estimate(row["spearman"], row["low"], row["high"], int(row["n"]))
    return f"; over families and months {number_with_interval(rho, 2)}"


def _apart(within: pd.DataFrame) -> str:
    apart = within.loc[(within["spearman"] < 0) & (within["p holm"] < 0.05), "family"]
    return f"; {', '.join(apart)} is spoken of less while it is uploaded more" if len(apart) else ""


def _notes(told: Told, table: pd.DataFrame) -> list[str]:
    mentions = int(table["mentions"].sum())
    lacking = [
        words
        for found, words in (
            (told.discussions, "No discussions of models are landed; 'hubcensus crawl huggingface --with "
                               "discussions' brings their titles, one request per model."),
            (told.issues, "No issues of repositories are landed; 'hubcensus downstream fetch' brings them."),
        )
        if not found
    ]  # fmt: skip
    return [
        f"A thread mentions a family when its pattern stands in the title or in the first {_threads.LONGEST:,} "
        f"characters of the text: {count(mentions)} mentions in {count(told.threads)} threads. Of discussions the "
        "hub's list gives the title alone. How often a pattern is wrong is not measured.",
        "Intervals: percentile bootstrap over families, or over pairs of a family and a month (200 draws, fixed "
        "seed); the months of one family are not independent. Within families p is asymptotic, Holm over families.",
        *lacking,
    ]


def _alt(table: pd.DataFrame, rho: _stats.Estimate) -> str:
    best = ", ".join(f"{row['family']} {count(row['mentions'])}" for _, row in table.head(5).iterrows())
    return (
        f"Scatter of families, uploads against mentions; Spearman's rho {number(rho.value, 2)}. Most named: {best}."
    )


def _draw(table: pd.DataFrame, months: pd.DataFrame, rho: _stats.Estimate, told: Told, scope: Scope) -> Figure:
    from analyses import _style as look
    from analyses._downstream import logarithmic

    figure, (left, right) = look.figure(2, height=3.9, ratios=(1.25, 1))
    shown = table.loc[(table["uploads"] > 0) & (table["mentions"] > 0)].reset_index(drop=True)
    left.set(title="Families", xlabel="models uploaded", ylabel="threads that mention it")
    if len(shown):
        left.set_xscale("log")
        left.set_yscale("log")
        left.scatter(shown["uploads"], shown["mentions"], color=look.BLUE, s=20)
        logarithmic(left)
        left.margins(0.18)
        _name(left, shown)
    _lines(right, table, months)
    right.set(title="Mentions per month", ylim=(0, None))
    share = share_with_interval(_stats.share(int((table["mentions"] > 0).sum()), len(families())))
    look.caption(
        figure,
        f"n = {count(told.threads)} threads; {told.cite(scope)}. Families mentioned: {share}. "
        f"Spearman's rho {number_with_interval(rho, 2)}.",
    )
    return figure


def _name(axes: Axes, shown: pd.DataFrame) -> None:
    """Write the names of the families that lie far enough from one another."""
    spots: list[tuple[float, float]] = []
    for _, row in shown.iterrows():
        spot = (float(np.log10(row["uploads"])), float(np.log10(row["mentions"])))
        width, height = (float(np.ptp(np.log10(shown[name]))) or 1.0 for name in ("uploads", "mentions"))
        if any(abs(spot[0] - x) < 0.3 * width and abs(spot[1] - y) < 0.06 * height for x, y in spots):
            continue
        spots.append(spot)
        axes.annotate(row["family"], (row["uploads"], row["mentions"]), xytext=(4, 3), textcoords="offset points",
                      fontsize=7.5)  # fmt: skip


def _lines(axes: Axes, table: pd.DataFrame, months: pd.DataFrame) -> None:
    from analyses import _style as look

    for name, colour in zip(table["family"].head(5), look.CYCLE, strict=False):
        part = months.loc[months["family"] == name]
        if len(part) > 1:
            axes.plot(part["month"], part["mentions"], color=colour, label=name, linewidth=1.4)
    if len(axes.lines):
        axes.legend(loc="upper left", fontsize=7.5)
        look.dates(axes)
    else:
        axes.text(0.5, 0.5, "too few months", transform=axes.transAxes, ha="center", color=look.GREY)
        axes.set(xticks=[], yticks=[])
