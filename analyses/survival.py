"""Of the models that a listing had, how many does the next one still have?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._history import ALIASES, listings, months_between
from analyses._scope import Scope
from analyses._tables import shared
from analyses._text import count, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "survival"
TITLE = "Survival of models"
QUESTION = "Of the models in one whole listing, how many are still listed later, under the same id or another?"
SOURCE = "Re-listing of the names of Jiang et al., ICSE 2023 (HFTorrent, 2022-08); renames by mart.alias."
NEEDS: tuple[str, ...] = ()
SQL = {
    "pair": f"""
        WITH old AS (SELECT x.model_id, m.name, m.owner_id
            FROM core.metric x JOIN core.model m ON m.model_id = x.model_id WHERE x.snapshot_id = $1),
        new AS (SELECT m.name
            FROM core.metric x JOIN core.model m ON m.model_id = x.model_id WHERE x.snapshot_id = $2),
        alias AS ({ALIASES.replace("$1", "$3")})
        SELECT count(*) AS n, count(*) FILTER (new.name IS NOT NULL) AS same_id,
            count(*) FILTER (new.name IS NULL AND moved.name IS NOT NULL) AS renamed,
            count(*) FILTER (NOT contains(old.name, '/')) AS without_owner,
            count(*) FILTER (NOT contains(old.name, '/') AND new.name IS NOT NULL) AS without_owner_same_id
        FROM old LEFT JOIN new ON new.name = old.name
        LEFT JOIN alias a(old_name, new_name) ON a.old_name = old.name LEFT JOIN new moved ON moved.name = a.new_name
    """,
    "removals": """
        SELECT hub, date_trunc('month', removed_at)::DATE AS month, count(*) AS removed FROM mart.model
        WHERE removed AND removed_at IS NOT NULL GROUP BY ALL ORDER BY hub, month
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Every earlier whole listing against the newest; dated removals beside."""
    snapshots = listings(scope)
    removals = scope.frame(SQL["removals"])
    if len(snapshots) < 2:
        return Answer(f"Not answered: it takes two whole listings, and there is {len(snapshots)}.", {})
    table = _table(scope, snapshots)
    first = table.sort_values("months", ascending=False).iloc[0]
    listed = _stats.share(int(first["same_id"]), int(first["n"]))
    statement = (
        f"Of the models listed on {first['since']:%Y-%m-%d}, {share_with_interval(listed)} are still listed "
        "under the same id "
        f"{first['months']:.0f} months later and {percent(first['renamed'] / first['n'])} under another "
        f"(snapshots {int(first['first'])} and {int(first['second'])} of {scope.hub})."
    )
    return Answer(
        statement,
        {"survival": table, "removals": removals},
        lambda: _draw(table, scope),
        "Share of the models of each earlier listing that the newest still has: "
        + "; ".join(f"{row['since']:%Y-%m-%d} {percent(row['share'], 1)}" for _, row in table.iterrows()),
        _published(table) if scope.hub == "huggingface" else [],
        [
            "What is gone was deleted, made private, or renamed without evidence.",
            f"{count(removals['removed'].sum())} removals are dated in this census.",
        ],
    )


def _table(scope: Scope, snapshots: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    newest, rows = snapshots.iloc[-1], []
    earlier = snapshots.iloc[:-1]
    for _, old in earlier.iloc[:: max(1, len(earlier) // 24)].iterrows():
        found = scope.frame(SQL["pair"], [int(old["snapshot_id"]), int(newest["snapshot_id"]), scope.hub]).iloc[0]
        rows.append(
            {
                "first": old["snapshot_id"],
                "second": newest["snapshot_id"],
                "since": old["observed_at"],
                "until": newest["observed_at"],
                "months": months_between(old["observed_at"], newest["observed_at"]),
                **found,
            }
        )
    frame = pd.DataFrame(rows)
    return shared(frame.assign(gone=frame["n"] - frame["same_id"] - frame["renamed"]), "same_id")


def _published(table: pd.DataFrame) -> list[tuple[object, ...]]:
    august = table.loc[(table["since"] >= "2022-08-01") & (table["since"] < "2022-09-01")]
    if august.empty:
        return []
    row, source = (
        august.iloc[0],
        "names of HFTorrent (2022-08) in the listing of 2024-07-11, counted outside this code",
    )
    return [
        ("still listed, exact id", 0.9275, float(row["share"]), "share", source, ""),
        ("still listed, exact id", 58_771, int(row["same_id"]), "count", source, ""),
        ("ids without an owner", 68, int(row["without_owner"]), "count", source, ""),
        (
            "ids without an owner, still listed",
            0,
            int(row["without_owner_same_id"]),
            "count",
            source,
            "all were renamed under an organisation",
        ),
    ]


def _draw(table: pd.DataFrame, scope: Scope) -> Figure:
    from analyses import _style as look

    figure, (axes,) = look.figure(height=1.7 + 0.34 * len(table))
    names = [f"{row['since']:%Y-%m-%d}, {count(row['n'])} models" for _, row in table.iterrows()]
    written = [
        f"{percent(row['share'], 1)}  (+ {percent(row['renamed'] / row['n'])} renamed)" for _, row in table.iterrows()
    ]
    look.bars(
        axes, names, list(table["share"]), written, intervals=(list(table["low"]), list(table["high"])), room=1.45
    )
    look.as_percent(axes.xaxis)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    look.headline(figure, f"Still listed under the same id on {table['until'].iloc[0]:%Y-%m-%d}")
    look.caption(figure, f"{scope.hub}; whole listings. Whiskers: 95 % Wilson intervals.")
    return figure
