"""How many models, on which hubs, since when, and how the census came to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses._base import Answer, Result, analysis
from analyses._scope import Scope
from analyses._tables import at
from analyses._text import count

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Result", "run"]

NAME = "census_overview"
TITLE = "The hubs and their growth"
QUESTION = "How many pre-trained models are there, and how fast do they become more?"
SOURCE = "Counts as in Jiang et al., ICSE 2023 and MSR 2024 (PeaTMOSS, section 3); growth by creation month."
NEEDS: tuple[str, ...] = ()
SQL = {
    "by hub": """
        SELECT hub, count(*) AS models, count(DISTINCT owner) AS owners, min(created_at) AS first_created,
            max(created_at) AS last_created, count(*) FILTER (backfilled) AS created_before_floor,
            count(*) FILTER (created_at IS NULL) AS created_unknown
        FROM scope GROUP BY hub ORDER BY models DESC, hub
    """,
    "known": """
        SELECT hub, count(*) AS known, count(*) FILTER (removed) AS removed,
            count(*) FILTER (NOT removed AND model_key NOT IN (SELECT model_key FROM scope)) AS outside_scope
        FROM mart.model GROUP BY hub
    """,
    "by month": """
        SELECT month, count(*) FILTER (NOT backfilled) AS created, count(*) FILTER (backfilled) AS backfilled,
            sum(count(*)) OVER (ORDER BY month)::BIGINT AS total
        FROM main WHERE month IS NOT NULL GROUP BY month ORDER BY month
    """,
    "by year": """
        SELECT year(created_at) AS year, count(*) AS models
            FROM main WHERE created_at IS NOT NULL GROUP BY 1 ORDER BY 1
    """,
    "snapshots": """
        SELECT snapshot_id, hub, observed_at, kind, records, complete, duplicates, quarantined
        FROM mart.snapshot ORDER BY observed_at, snapshot_id
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Count; a census has no sampling interval for a count."""
    hubs = scope.frame(SQL["by hub"]).merge(scope.frame(SQL["known"]), on="hub", how="outer")
    hubs = hubs.sort_values(["models", "hub"], ascending=[False, True], ignore_index=True)
    months = scope.frame(SQL["by month"])
    snapshots = scope.frame(SQL["snapshots"])
    owners, removed = int(at(hubs, "hub", scope.hub, "owners")), int(hubs["removed"].sum())
    others = f" and of {len(scope.sizes) - 1} more hubs" if len(scope.sizes) > 1 else ""
    total = f"{count(scope.models)} models in all, " if others else ""
    statement = (
        f"{total}{count(scope.sizes[scope.hub])} models of {scope.hub} by {count(owners)} owners{others} are in "
        f"scope (a count, so no interval; {scope.cite()}); the census knows {count(hubs['known'].sum())} models, "
        f"{count(removed)} of them gone (deleted, made private or renamed)."
    )
    return Answer(
        statement,
        {"hubs": hubs, "months": months, "years": scope.frame(SQL["by year"]), "snapshots": snapshots},
        lambda: _draw(months, scope),
        _alt(months, scope),
        _published(snapshots, scope),
        _notes(hubs),
        headline=(count(scope.models), "models in scope"),
    )


def _published(snapshots: pd.DataFrame, scope: Scope) -> list[tuple[object, ...]]:
    if scope.hub != "huggingface":
        return []
    august = snapshots.loc[
        (snapshots["observed_at"] >= "2022-08-01") & (snapshots["observed_at"] < "2022-09-01"), "records"
    ]
    names = int(august.max()) if len(august) else None
    stalnaker = "their published listing holds 760,000; the other 460 are not in it"
    return [
        ("models, 2022-08", 63_182, names, "count", "ICSE 2023", "theirs: clones; 186 of their 63,368 names failed"),
        ("models, 2023", 281_638, None, "count", "MSR 2024 (PeaTMOSS)", "no listing of that time in this census"),
        ("models, 2024-07", 760_460, scope.sizes[scope.hub], "count", "arXiv 2502.04484", stalnaker),
    ]


def _notes(hubs: pd.DataFrame) -> list[str]:
    floor, outside = int(hubs["created_before_floor"].sum()), int(hubs["outside_scope"].sum())
    notes = ["Months and years are those of the hub with most models; models without a creation date are left out."]
    if floor:
        notes.append(
            f"{count(floor)} models carry the hub's floor date of 2022-03-02 23:29: their true age is unknown, "
            "and they are drawn apart."
        )
    if outside:
        notes.append(
            f"{count(outside)} models are known only from other snapshots (partial ones, or older ones that do "
            "not prove "
            "a removal) and are outside the scope of whole-hub statistics; mart.model has them all."
        )
    return notes


def _alt(months: pd.DataFrame, scope: Scope) -> str:
    if months.empty:
        return "No creation dates are known."
    last = months.iloc[-1]
    return (
        f"Two charts of {scope.hub}: models created per month, and their running total, which ends at "
        f"{count(last['total'])} in {last['month']:%B %Y}."
    )


def _draw(months: pd.DataFrame, scope: Scope) -> Figure:
    from analyses import _style as look

    figure, (left, right) = look.figure(2, height=3.5)
    if months.empty:
        return look.blank("No creation dates are known.")
    left.bar(months["month"], months["created"], width=25, color=look.BLUE)
    left.set(title="Created per month", ylim=(0, None))
    right.plot(months["month"], months["total"], color=look.BLUE)
    right.fill_between(months["month"], months["total"], color=look.BLUE, alpha=0.12, linewidth=0)
    right.set(title="Running total", ylim=(0, None))
    last = months.iloc[-1]
    right.annotate(
        look.si(last["total"]),
        (last["month"], last["total"]),
        xytext=(-4, 2),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=9,
        color=look.BLUE,
    )
    floor = months.loc[months["backfilled"] > 0]
    for axes in (left, right):
        look.dates(axes)
        look.as_count(axes.yaxis)
        axes.margins(x=0.02)
    if len(floor):
        month, stamped = floor["month"].iloc[0], int(floor["backfilled"].iloc[0])
        left.bar(
            [month],
            [stamped],
            width=25,
            bottom=[int(floor["created"].iloc[0])],
            color=look.PALE,
            hatch="////",
            edgecolor=look.GREY,
            linewidth=0,
        )
        left.annotate(
            f"{look.si(stamped)} stamped with the\nhub's floor date",
            (month, stamped),
            xytext=(10, 4),
            textcoords="offset points",
            fontsize=8.5,
            color=look.GREY,
            va="bottom",
        )
    n = int(last["total"])
    look.caption(figure, scope.caption(n, "models with a creation date", scope.hub) + ". The last month is partial.")
    return figure
