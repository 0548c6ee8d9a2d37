"""What names of models are made of, and which convention they follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _naming, _stats, _trends
from analyses._base import Answer, analysis
from analyses._naming import CODES, COMBINED, UNIT, VOID, sql_has
from analyses._scope import Scope
from analyses._tables import at, shared
from analyses._text import count, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "naming_elements"
TITLE = "Elements of names"
QUESTION = "What do the names of models say: architecture, size, task, data set, language, version?"
SOURCE = (
    "Jiang et al., arXiv 2310.01642 (PTM-Naming): 13 elements and four conventions of names; here by rules over a "
    "vocabulary, measured in docs/naming.md."
)
NEEDS: tuple[str, ...] = ()
_ROWS = "naming_elements_rows"
_APPLIES = sql_has("mask", "T")
_IMPLEMENTS = " OR ".join(sql_has("mask", code) for code in "ASPVCFNRH")
_PRACTICE = f"""CASE WHEN ({_APPLIES}) AND ({_IMPLEMENTS}) THEN 'implementation with application or task'
        WHEN {_IMPLEMENTS} THEN 'implementation' WHEN {_APPLIES} THEN 'application or task' ELSE 'other' END"""
SQL = {
    "rows": f"""
        CREATE OR REPLACE TEMP TABLE {_ROWS} AS
        WITH named AS MATERIALIZED (
            SELECT {_naming.sql_base("name")} AS base, coalesce(downloads > 50, false) AS used, downloads IS NOT NULL
                AS counted, CASE WHEN NOT backfilled THEN year(created_at) END AS year FROM main)
        SELECT n.used, n.counted, n.year, m.mask, {_naming.sql_convention("n.base")} AS convention,
            {_PRACTICE} AS practice
        FROM named n JOIN ({_naming.sql_masks("named")}) m ON m.base = n.base
    """,
    "elements": " UNION ALL ".join(
        f"""SELECT '{word}' AS element, '{code}' AS code, count(*) FILTER ({sql_has("mask", code)}) AS models,
            count(*) AS n, count(*) FILTER (used AND {sql_has("mask", code)}) AS used,
            count(*) FILTER (used) AS n_used,
            count(*) FILTER (counted AND NOT used AND {sql_has("mask", code)}) AS unused,
            count(*) FILTER (counted AND NOT used) AS n_unused FROM {_ROWS}"""
        for code, word in CODES.items()
    ),
    "practices": f"""
        SELECT practice, count(*) AS models, sum(count(*)) OVER ()::BIGINT AS n, count(*) FILTER (used) AS used,
            sum(count(*) FILTER (used)) OVER ()::BIGINT AS n_used
        FROM {_ROWS} GROUP BY practice ORDER BY models DESC, practice
    """,
    "conventions": f"""
        SELECT convention, count(*) AS models, sum(count(*)) OVER ()::BIGINT AS n
        FROM {_ROWS} GROUP BY convention ORDER BY models DESC, convention
    """,
    "years": " UNION ALL ".join(
        f"""SELECT '{CODES[code]}' AS element, year, count(*) FILTER ({sql_has("mask", code)}) AS models,
            count(*) AS n FROM {_ROWS} WHERE year IS NOT NULL GROUP BY year"""
        for code in CODES
    ),
}
THEIRS = {
    "architecture": 0.8331,
    "model size": 0.4422,
    "other": 0.3646,
    "task": 0.3309,
    "dataset": 0.2584,
    "language": 0.1753,
    "parameter count": 0.1368,
    "version": 0.1270,
    "dataset characteristic": 0.0973,
    "reuse method": 0.0894,
    "number of layers": 0.0218,
    "training process": 0.0095,
    "number of heads": 0.0062,
}
PRACTICES = {
    "implementation": 0.5900,
    "implementation with application or task": 0.2641,
    "other": 0.1061,
    "application or task": 0.0397,
}


@analysis
def run(scope: Scope) -> Answer:
    """Elements and conventions of the hub with most models; those with more than 50 downloads beside them."""
    scope.reader.execute(SQL["rows"])
    found = shared(scope.frame(SQL["elements"])).sort_values("models", ascending=False, ignore_index=True)
    practices = shared(scope.frame(SQL["practices"]))
    n, n_used = int(found["n"].iloc[0]), int(found["n_used"].iloc[0])
    named = found[found["element"] != "other"]
    top, second = named.iloc[0], named.iloc[1]
    return Answer(
        f"{share_with_interval(_stats.share(int(top['models']), n))} of names say a word for the {top['element']}, "
        f"{percent(second['share'])} for the {second['element']}; {_said(practices)} ({scope.cite(scope.hub)}).",
        {
            "elements": found,
            "practices": practices,
            "conventions": shared(scope.frame(SQL["conventions"])),
            "popular": _popular(found),
            "years": shared(scope.frame(SQL["years"])).sort_values(["element", "year"], ignore_index=True),
        },
        lambda: _draw(found, practices, scope, n, n_used),
        _alt(found, practices),
        _published(found, practices),
        [
            "Elements by rules over words, not by reading: docs/naming.md holds them against labels of people and of "
            "a language model. Unknown words count as other only where nothing else says an architecture.",
            f"The conventions of the table 'conventions' ({UNIT}, {COMBINED}, {VOID}) are those of the study's "
            "labels for anomalies, which ask whether the name spells the class of the model; 'practices' are its "
            "four.",
            "popular: models with more than 50 downloads against the others, chi-squared tests with Holm's "
            "correction; h is Cohen's.",
        ],
    )


def _said(practices: pd.DataFrame) -> str:
    both = at(practices, "practice", "implementation with application or task", "share")
    only = at(practices, "practice", "implementation", "share")
    return f"{percent(only)} say only how the model is built, {percent(both)} also what for"


def _popular(found: pd.DataFrame) -> pd.DataFrame:
    """Each element among models with more than 50 downloads and among the others."""
    import pandas as pd

    rows = []
    for _, row in found.iterrows():
        used, n_used, unused, n_unused = (int(row[name]) for name in ("used", "n_used", "unused", "n_unused"))
        if min(n_used, n_unused) == 0:
            continue
        v, p = _stats.cramer_v([[used, n_used - used], [unused, n_unused - unused]])
        first, second = used / n_used, unused / n_unused
        rows.append((row["element"], n_used, first, n_unused, second, _stats.cohen_h(first, second), v, p))
    names = ["element", "n > 50", "share > 50", "n others", "share others", "h", "V", "p"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(p_holm=_trends.holm(table["p"]))


def _published(found: pd.DataFrame, practices: pd.DataFrame) -> list[tuple[object, ...]]:
    note = (
        "theirs: 14,178 names of 2023, most with more than 50 downloads, labelled by a language model; ours: names "
        "of models with more than 50 downloads, by rules"
    )
    source = "PTM-Naming (arXiv 2310.01642), naming elements"
    used = found.assign(part=found["used"] / found["n_used"].where(found["n_used"] > 0))
    rows: list[tuple[object, ...]] = [
        (f"names with {name}", share, at(used, "element", name, "part"), "share", source, note)
        for name, share in THEIRS.items()
    ]
    taken = practices.assign(part=practices["used"] / practices["n_used"].where(practices["n_used"] > 0))
    rows += [
        (f"convention: {name}", share, at(taken, "practice", name, "part"), "share",
         "PTM-Naming (arXiv 2310.01642), naming conventions", note.replace("14,178", "13,208"))
        for name, share in PRACTICES.items()
    ]  # fmt: skip
    return rows


def _alt(found: pd.DataFrame, practices: pd.DataFrame) -> str:
    parts = ", ".join(f"{row['element']} {percent(row['share'], 1)}" for _, row in found.iterrows())
    ways = ", ".join(f"{row['practice']} {percent(row['share'], 1)}" for _, row in practices.iterrows())
    return f"Share of names with each element: {parts}. Conventions: {ways}."


def _draw(found: pd.DataFrame, practices: pd.DataFrame, scope: Scope, n: int, n_used: int) -> Figure:
    from analyses import _style as look

    figure = look.canvas(height=6.4)
    grid = figure.add_gridspec(2, 1, height_ratios=(3.0, 1.0))
    top, bottom = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
    for axes, frame, key, theirs in (
        (top, found, "element", THEIRS),
        (bottom, practices, "practice", PRACTICES),
    ):
        look.bars(
            axes,
            list(frame[key]),
            list(frame["share"]),
            ["" for _ in frame.index],
            intervals=(list(frame["low"]), list(frame["high"])),
            room=1.1,
        )
        places = range(len(frame))
        axes.plot([theirs[name] for name in frame[key]], places, "D", color=look.RED, markersize=5, clip_on=False)
        if n_used:
            axes.plot(frame["used"] / frame["n_used"], places, "o", color=look.ORANGE, markersize=5, clip_on=False)
        axes.set_xlim(0, max(1.0, axes.get_xlim()[1]) if key == "element" else 1.0)
        look.as_percent(axes.xaxis)
        for place, share in zip(places, frame["share"], strict=True):
            axes.annotate(percent(share, 1), (1.0, place), xytext=(4, 0), textcoords="offset points", va="center",
                          ha="left", fontsize=8.5, annotation_clip=False)  # fmt: skip
    top.set(title="Share of names with ...")
    bottom.set(title="The name follows ...")
    for text, colour, where in (("■ all models", look.BLUE, 0.52), ("● more than 50 downloads", look.ORANGE, 0.60),
                                ("◆ PTM-Naming, 2023", look.RED, 0.68)):  # fmt: skip
        top.annotate(text, (0.55, 0.82 - where), xycoords="axes fraction", color=colour, fontsize=9)
    look.caption(
        figure,
        scope.caption(n, f"names of models, {count(n_used)} with more than 50 downloads", scope.hub)
        + ". Whiskers: 95 % Wilson intervals.",
    )
    return figure
