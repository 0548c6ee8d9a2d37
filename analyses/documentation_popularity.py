"""Whether the popular models are the documented ones: top against bottom by downloads, likes and reuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from analyses import _documentation, _stats
from analyses._base import Answer, absent, analysis
from analyses._scope import Scope
from analyses._stats import Floats
from analyses._text import count, number, p_value

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "documentation_popularity"
TITLE = "Documentation against popularity"
QUESTION = "Are the models that are downloaded, liked or reused most documented better than those that are not?"
SOURCE = (
    "Jones et al., ESEM 2024: documentation quality of the top 1,000 against the bottom 1,000 by downloads, likes "
    "and downstream repositories; one-sided Welch t tests at 99 %, Holm, Cohen's d. Cliff's delta: Psychological "
    "Bulletin 114 (1993)."
)
NEEDS = ("tags",)
_PARTS = """
        WITH ranked AS (SELECT model_id, {by} AS popularity, {score} AS score FROM popular
            WHERE {by} IS NOT NULL AND {score} IS NOT NULL AND {known}),
        size AS (SELECT least(1000, count(*) // 2) AS k FROM ranked)
        SELECT * FROM (
            (SELECT 'top' AS part, popularity, score FROM ranked ORDER BY popularity DESC, hash(model_id)
                LIMIT (SELECT k FROM size))
            UNION ALL
            (SELECT 'bottom' AS part, popularity, score FROM ranked ORDER BY popularity, hash(model_id)
                LIMIT (SELECT k FROM size)))
"""
SQL = {
    "described": _documentation.SQL["described"],
    "used": """
        CREATE OR REPLACE TEMP TABLE used AS
        SELECT hub, model_id, count(DISTINCT repository) AS repositories FROM mart.usage
        WHERE confidence >= 0.5 AND model_id IS NOT NULL GROUP BY ALL
    """,
    "popular": """
        CREATE OR REPLACE TEMP TABLE popular AS
        SELECT d.model_id, d.downloads, d.likes,
            CASE WHEN (SELECT count(*) FROM used) > 0 THEN coalesce(u.repositories, 0) END AS repositories,
            d.documentation_score, d.metadata_score,
            CASE WHEN d.card_id IS NOT NULL THEN d.card_score END AS read_card_score
        FROM described d LEFT JOIN used u ON u.hub = d.hub AND u.model_id = d.model_id WHERE d.hub = $1
    """,
    "parts": _PARTS,
    "all": """
        SELECT corr(r, s) FROM (
            SELECT rank() OVER (ORDER BY {by}) + (count(*) OVER (PARTITION BY {by}) - 1) / 2.0 AS r,
                rank() OVER (ORDER BY {score}) + (count(*) OVER (PARTITION BY {score}) - 1) / 2.0 AS s
            FROM popular WHERE {by} IS NOT NULL AND {score} IS NOT NULL AND {known})
    """,
}
BY = {"downloads": "downloads", "likes": "likes", "repositories that use it": "repositories"}
#: What is compared -> its column, and whose models count.
SCORES = {
    "documentation score": ("documentation_score", "true"),
    "metadata score": ("metadata_score", "true"),
    "card score, cards read": ("read_card_score", "true"),
}
#: Groups smaller than this are not compared.
FEWEST = 5
LEVEL = 0.01


@analysis
def run(scope: Scope) -> Answer:
    """Three measures of popularity by three scores: Welch and Mann-Whitney with effect sizes, Holm over all tests."""
    for name in ("described", "used"):
        scope.reader.execute(SQL[name])
    scope.reader.execute(SQL["popular"], [scope.hub])
    pairs: dict[tuple[str, str], tuple[Floats, Floats]] = {}
    rows = []
    for score, (column, known) in SCORES.items():
        for by, popularity in BY.items():
            words = {"by": popularity, "score": column, "known": known}
            frame = scope.frame(SQL["parts"].format(**words))
            top, bottom = (frame.loc[frame["part"] == part] for part in ("top", "bottom"))
            if min(len(top), len(bottom)) < FEWEST:
                continue
            first, second = (part["score"].to_numpy(dtype=np.float64) for part in (top, bottom))
            if score == "metadata score" and np.array_equal(first, pairs["documentation score", by][0]):
                continue  # Too few cards are known: the two scores are one, and one test is enough.
            pairs[score, by] = (first, second)
            rho = scope.row(SQL["all"].format(**words))[0]
            ends = (float(top["popularity"].min()), float(bottom["popularity"].max()))
            rows.append((score, by, *ends, float("nan") if rho is None else float(rho), *compare(first, second)))
    if not rows:
        return absent(f"no ten models of {scope.hub} have a counter and a documentation score")
    table = _table(rows)
    return Answer(
        _statement(table, scope),
        {"tests": table},
        lambda: _draw(pairs, table, scope),
        "Documentation score of the most and the least popular models, by downloads, likes and repositories: "
        + "; ".join(
            f"{row['by']} {number(row['top_mean'], 2)} against {number(row['bottom_mean'], 2)}"
            for row in _main(table).to_dict("records")
        )
        + ".",
        _published(table) if scope.hub == "huggingface" else [],
        _notes(table),
        headline=_headline(table),
    )


def compare(first: Floats, second: Floats) -> tuple[float, ...]:
    """Two groups of scores: n, means, Welch's t, its degrees of freedom and one-sided p; Cohen's d with its interval;
    Mann-Whitney's p and Cliff's delta with its interval.

    d's interval: percentile bootstrap of both groups, 500 draws, seeded. Delta = 2·U/(m·n) - 1 is the rank-biserial
    correlation; its interval is that of Cliff's consistent estimate of its variance. Scores are skewed and
    have ties, so delta needs no shape of their distribution; the t test's p value leans on the group sizes.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        if first.var() == 0 and second.var() == 0:
            t, df, p = float("nan"), float("nan"), _stats.welch(first, second)
        else:
            welch = stats.ttest_ind(first, second, equal_var=False, alternative="greater")
            t, df, p = float(welch.statistic), float(welch.df), float(welch.pvalue)
    d = _stats.cohen_d(first, second)
    ranks = stats.mannwhitneyu(first, second, alternative="greater")
    delta, low, high = cliff(first, second)
    return (
        len(first), float(first.mean()), float(second.mean()), t, df, p, d, *_spread(first, second),
        float(ranks.pvalue), delta, low, high,
    )  # fmt: skip


def cliff(first: Floats, second: Floats) -> tuple[float, float, float]:
    """Cliff's delta, P(first > second) - P(first < second), with its asymmetric 95 % interval (Cliff 1993, eq. 8-10).

    Differences of every pair are not kept: with sorted groups each observation's own delta is two searches.
    """
    a, b = np.sort(first), np.sort(second)
    m, n = len(a), len(b)
    rows = (np.searchsorted(b, a, "left") - (n - np.searchsorted(b, a, "right"))) / n
    columns = ((m - np.searchsorted(a, b, "right")) - np.searchsorted(a, b, "left")) / m
    delta = float(rows.mean())
    if min(m, n) < 2 or abs(delta) == 1:
        return delta, delta, delta
    # The mean of the squared signs over all pairs: the share of pairs that are not tied.
    untied = float((n - (np.searchsorted(b, a, "right") - np.searchsorted(b, a, "left"))).sum()) / (m * n)
    between = float(np.sum((rows - delta) ** 2)), float(np.sum((columns - delta) ** 2))
    cells = m * n * (untied - delta**2)
    variance = (n**2 * between[0] + m**2 * between[1] - cells) / (m * n * (m - 1) * (n - 1))
    variance = max(variance, (1 - delta**2) / (m * n - 1))
    half = _stats.Z95 * float(np.sqrt(variance)) * float(np.sqrt((1 - delta**2) ** 2 + _stats.Z95**2 * variance))
    middle, below = delta - delta**3, 1 - delta**2 + _stats.Z95**2 * variance
    return delta, max(-1.0, (middle - half) / below), min(1.0, (middle + half) / below)


def _spread(first: Floats, second: Floats) -> tuple[float, float]:
    rng = np.random.default_rng(_stats.SEED)
    drawn = [_stats.cohen_d(rng.choice(first, len(first)), rng.choice(second, len(second))) for _ in range(500)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def _table(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    import pandas as pd
    from statsmodels.stats.multitest import multipletests

    columns = [
        "score", "by", "least of the top", "most of the bottom", "spearman_all", "n", "top_mean", "bottom_mean", "t",
        "df", "p_welch", "d", "d_low", "d_high", "p_rank", "delta", "delta_low", "delta_high",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    p = frame[["p_welch", "p_rank"]].to_numpy(dtype=np.float64)
    adjusted = multipletests(p.ravel(), method="holm")[1].reshape(p.shape)
    return frame.assign(p_welch_holm=adjusted[:, 0], p_rank_holm=adjusted[:, 1])


def _main(table: pd.DataFrame) -> pd.DataFrame:
    made: pd.DataFrame = table.loc[table["score"] == table["score"].iloc[0]]
    return made


def _statement(table: pd.DataFrame, scope: Scope) -> str:
    parts = [
        f"by {row['by']} {number(row['top_mean'], 2)} against {number(row['bottom_mean'], 2)} "
        f"(Cohen's d = {row['d']:.2f}, 95 % CI {row['d_low']:.2f} to {row['d_high']:.2f}; "
        f"Cliff's delta {row['delta']:.2f}; {p_value(row['p_welch_holm'])})"
        for row in _main(table).to_dict("records")
    ]
    n = int(table["n"].iloc[0])
    return (
        f"Mean documentation score of the {count(n)} most popular models against the {count(n)} least: "
        f"{'; '.join(parts)} ({scope.cite(scope.hub)})."
    )


def _headline(table: pd.DataFrame) -> tuple[str, str]:
    row = table.iloc[0]
    return f"d = {row['d']:.2f}", f"documentation, top against bottom by {row['by']}"


def _published(table: pd.DataFrame) -> list[tuple[object, ...]]:
    why = (
        "theirs: cards read by a language model, 14 fields, 2,000 models of PeaTMOSS; the paper gives neither d nor "
        "p, and its score tables are not published"
    )
    return [
        (
            f"top against bottom by {row['by']}",
            "strong",
            f"d = {row['d']:.2f}, {p_value(row['p_welch_holm'])}",
            "number",
            "ESEM 2024, abstract and claim 3",
            why,
        )
        for row in _main(table).to_dict("records")
    ]


def _notes(table: pd.DataFrame) -> list[str]:
    tests = 2 * len(table)
    significant = int((table["p_welch_holm"] < LEVEL).sum())
    notes = [
        f"Holm's correction runs over all {tests} tests of the table (Welch and Mann-Whitney, one-sided: the popular "
        f"are better); {significant} of {len(table)} Welch tests stay below {LEVEL}.",
        "Groups as published: the k most and the k least popular, k = 1,000 or half of the models that can be "
        "ranked. Among models without downloads, likes or repositories the bottom is drawn by a hash of the id.",
        "Two extreme groups make any relation look strong: 'spearman_all' is the rank correlation over all models.",
        "The score is that of the analysis 'documentation'; where card texts are known for too few models it is the "
        "metadata score alone. 'card score, cards read' compares models whose card text was read, and those were not "
        "chosen at random.",
    ]
    if not table["by"].str.startswith("repositories").any():
        notes.append("No repository that uses a model is known here, so reuse is not compared.")
    return notes


def _draw(pairs: dict[tuple[str, str], tuple[Floats, Floats]], table: pd.DataFrame, scope: Scope) -> Figure:
    from analyses import _style as look

    main = _main(table)
    figure, panels = look.figure(len(main), height=3.9)
    for axes, row in zip(panels, main.to_dict("records"), strict=True):
        drawn = axes.boxplot(
            pairs[row["score"], row["by"]],
            widths=0.55,
            patch_artist=True,
            showmeans=True,
            medianprops={"color": look.INK},
            flierprops={"marker": ".", "markersize": 2, "markeredgecolor": look.GREY},
            meanprops={"marker": "D", "markerfacecolor": "white", "markeredgecolor": look.INK, "markersize": 5},
        )
        for box, colour in zip(drawn["boxes"], (look.BLUE, look.ORANGE), strict=True):
            box.set(facecolor=colour, alpha=0.75, linewidth=0.8)
        k, words = count(row["n"]), f"d = {row['d']:.2f}, delta = {row['delta']:.2f}"
        axes.set_xticks([1, 2], [f"top {k}", f"bottom {k}"])
        axes.set(title=f"by {look.label(row['by'], 26)}", ylim=(-0.03, 1.03))
        axes.text(0.5, -0.2, words, transform=axes.transAxes, ha="center", fontsize=9)
    panels[0].set_ylabel("Documentation score")
    look.caption(
        figure, scope.caption(2 * int(main["n"].iloc[0]), "models per panel", scope.hub) + ". Diamonds: means."
    )
    return figure
