"""How fast the most downloaded models change."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._history import listings, months_between, renames
from analyses._scope import Scope
from analyses._tables import shared
from analyses._text import count, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "turnover"
TITLE = "Turnover of the top"
QUESTION = "Of the 1,000 most downloaded models of a snapshot, how many are still among them at the next?"
SOURCE = (
    "Jones et al., ESEM 2024: remained = in this top and the last; returning = in this and an earlier top but "
    "not the last; "
    "newcomer = never in a top before."
)
NEEDS = ("downloads",)
SQL = {
    "top": """
        SELECT model_id, downloads
            FROM mart.model_metric WHERE snapshot_id = $1 AND hub = $2 AND downloads IS NOT NULL
        ORDER BY downloads DESC, model_id LIMIT $3
    """,
}
TOP = 1000


@analysis
def run(scope: Scope) -> Answer:
    """Consecutive whole listings that state downloads, by exact id and after following renames."""
    snapshots = listings(scope, ("downloads",))
    if len(snapshots) < 2:
        return Answer(f"Not answered: it takes two whole listings with downloads, and there is {len(snapshots)}.", {})
    k = max(1, min(TOP, int(snapshots["records"].min()) // 10))
    tops = [
        [row[0] for row in scope.reader.rows(SQL["top"], [int(key), scope.hub, k])]
        for key in snapshots["snapshot_id"]
    ]
    aliases = renames(scope)
    table, seen = _table(snapshots, tops, aliases), _ever(tops, aliases)
    last, exact = table.loc[table["ids"] == "renames followed"].iloc[-1], table.loc[table["ids"] == "exact"].iloc[-1]
    remained = _stats.share(int(last["remained"]), int(last["k"]))
    statement = (
        f"Of the {count(k)} most downloaded models of {last['since']:%Y-%m-%d}, {count(exact['remained'])} by "
        "exact id and "
        f"{count(last['remained'])} with renames followed are still in the top on {last['until']:%Y-%m-%d}: "
        f"{share_with_interval(remained)}, {last['changed per month']:.1f} changes a month "
        f"(snapshots {int(last['first'])} and {int(last['second'])} of {scope.hub})."
    )
    return Answer(
        statement,
        {"turnover": table, "ever": seen},
        lambda: _draw(table, scope, k),
        _alt(table),
        _published(table, seen) if k == TOP and scope.hub == "huggingface" else [],
        [
            "Ties at the border of the top are broken by id.",
            f"{count(len(aliases))} renames are known (mart.alias, with evidence and confidence).",
            "A change is a newcomer or a returning model; per month: divided by the months between the two "
            "snapshots.",
        ],
        headline=(f"{count(last['remained'])} of {count(k)}", "of the top remained, renames followed"),
    )


def step(tops: list[list[str]]) -> list[dict[str, int]]:
    """Remained, returning and newcomer at every top after the first; they sum to its size."""
    counts, ever = [], set(tops[0])
    for before, now in pairwise(tops):
        old, new = set(before), set(now)
        counts.append(
            {"remained": len(new & old), "returning": len((new & ever) - old), "newcomers": len(new - ever)}
        )
        ever |= new
    return counts


def _table(snapshots: pd.DataFrame, tops: list[list[str]], aliases: dict[str, str]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for how, lists in (
        ("exact", tops),
        ("renames followed", [[aliases.get(name, name) for name in top] for top in tops]),
    ):
        for place, counts in enumerate(step(lists)):
            first, second = snapshots.iloc[place], snapshots.iloc[place + 1]
            months = months_between(first["observed_at"], second["observed_at"])
            changed = counts["returning"] + counts["newcomers"]
            rows.append(
                {
                    "ids": how,
                    "first": first["snapshot_id"],
                    "second": second["snapshot_id"],
                    "since": first["observed_at"],
                    "until": second["observed_at"],
                    "months": months,
                    "k": len(set(lists[place + 1])),
                    **counts,
                    "changed per month": changed / months if months > 0 else float("nan"),
                }
            )
    return shared(pd.DataFrame(rows), "remained", "k")


def _ever(tops: list[list[str]], aliases: dict[str, str]) -> pd.DataFrame:
    import pandas as pd

    exact = {name for top in tops for name in top}
    return pd.DataFrame(
        {
            "ids": ["exact", "renames followed"],
            "snapshots": len(tops),
            "ever in the top": [len(exact), len({aliases.get(name, name) for name in exact})],
        }
    )


def _published(table: pd.DataFrame, seen: pd.DataFrame) -> list[tuple[object, ...]]:
    exact, followed = (table.loc[table["ids"] == how].iloc[-1] for how in ("exact", "renames followed"))
    span = f"ours: {followed['since']:%Y-%m} to {followed['until']:%Y-%m}"
    other = (
        f"theirs: a list of 2022-06 with counters for 9,037 models (rank 1,000: 466 downloads); {span}; another "
        "first list has another top"
    )
    rows: list[tuple[object, ...]] = [
        (
            "remained, exact id",
            150,
            int(exact["remained"]),
            "count",
            "ESEM 2024 list against the listing of 2024-07-11, counted by other code",
            other,
        ),
        (
            "remained, renames followed",
            186,
            int(followed["remained"]),
            "count",
            "ESEM 2024 list against the listing of 2024-07-11, counted by other code",
            f"{other}; theirs are ids that got an owner since, ours also moves from one owner to another",
        ),
    ]
    for period, remained, months in (
        ("2022-06 to 2023-05", 425, 11),
        ("2023-05 to 2023-10", 526, 5),
        ("2023-10 to 2024-04", 425, 6),
    ):
        rows.append(
            (
                f"changes a month, {period}",
                (1000 - remained) / months,
                float(followed["changed per month"]),
                "number",
                "ESEM 2024, turnover figure",
                f"{span}: a longer gap hides models that came and went",
            )
        )
    for registry, snapshots, ever in (("PyPI", 4, 1_429), ("npm", 4, 1_127), ("Hugging Face", 4, 2_535)):
        rows.append(
            (
                f"ever in the top 1,000, {registry}",
                ever,
                int(seen["ever in the top"].iloc[0]) if registry == "Hugging Face" else None,
                "count",
                f"ESEM 2024, turnover figure: {snapshots} snapshots from 2022 to 2024",
                f"ours: {int(seen['snapshots'].iloc[0])} snapshots of the hub, exact ids"
                if registry == "Hugging Face"
                else "another registry, for comparison; 1,000 would mean no change",
            )
        )
    return rows


def _alt(table: pd.DataFrame) -> str:
    parts = [
        f"{row['since']:%Y-%m} to {row['until']:%Y-%m} ({row['ids']}): {row['remained']} remained, "
        f"{row['returning']} returned, {row['newcomers']} new"
        for _, row in table.iterrows()
    ]
    return "Stacked bars of the top at consecutive snapshots. " + "; ".join(parts[:8]) + "."


def _draw(table: pd.DataFrame, scope: Scope, k: int) -> Figure:
    from analyses import _style as look

    shown = table.sort_values(["until", "ids"], ignore_index=True).tail(24)
    figure, (axes,) = look.figure(height=1.6 + 0.42 * len(shown))
    left = shown["k"] * 0
    for part, colour in (("remained", look.BLUE), ("returning", look.SKY), ("newcomers", look.ORANGE)):
        axes.barh(range(len(shown)), shown[part], left=left, color=colour, height=0.66)
        for place, (start, size) in enumerate(zip(left, shown[part], strict=True)):
            if size > 0.04 * k:
                axes.text(
                    start + size / 2,
                    place,
                    f"{size:,}",
                    ha="center",
                    va="center",
                    fontsize=9,
                    color="white" if part == "remained" else look.INK,
                )
        left = left + shown[part]
    names = [f"{row['since']:%Y-%m-%d} to {row['until']:%Y-%m-%d}, {row['ids']}" for _, row in shown.iterrows()]
    axes.set_yticks(range(len(shown)), names)
    axes.set_ylim(len(shown) - 0.4, -1.1)
    axes.set_xlim(0, k)
    axes.tick_params(axis="y", length=0)
    for text, colour, where in (
        ("remained", look.BLUE, 0.0),
        ("returning", look.SKY, 0.25),
        ("newcomers", look.ORANGE, 0.5),
    ):
        axes.text(where * k, -0.72, f"■ {text}", color=colour, fontsize=9, va="center")
    look.headline(figure, f"The {count(k)} most downloaded models, from one snapshot to the next")
    look.caption(figure, f"k = {count(k)} models per snapshot; {scope.hub}, whole listings that state downloads.")
    return figure
