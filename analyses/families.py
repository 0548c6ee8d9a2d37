"""Which families of models are uploaded, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyses import _stats, _trends
from analyses._base import Answer, analysis
from analyses._families import EVIDENCE, MEMBERS, families
from analyses._scope import Scope
from analyses._tables import at, shared
from analyses._text import count, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "families"
TITLE = "Families of models"
QUESTION = "Of which families (BERT, T5, GPT-2, LLaMA, ...) are the models, and which of them rise or fall?"
SOURCE = (
    "Taraghi et al., SANER 2024: uploads by model type over time; architectures as in Jiang et al., ICSE 2023, "
    "fig. 6."
)
NEEDS = ("models",)

SHOWN = 8
#: Months with fewer models in all are left out of trends.
LEAST = 30
#: Until when the study looked, about: its preprint is of 2024-01.
STUDIED = "2023-10-01"
_BY_EVIDENCE = ", ".join(f"count(*) FILTER (evidence = '{name}') AS {name}" for name in EVIDENCE)
SQL = {
    "members": MEMBERS,
    "families": f"""
        SELECT family, count(*) AS models, {_BY_EVIDENCE},
            count(*) FILTER (backfilled) AS "before the floor date",
            count(*) FILTER (created_at < TIMESTAMP '{STUDIED}') AS "when studied", min(month) AS first
        FROM family_member GROUP BY family ORDER BY models DESC, family
    """,
    "months": """
        SELECT f.month, f.family, f.models, a.n FROM (
            SELECT month, family, count(*) AS models FROM family_member
            WHERE month IS NOT NULL AND NOT backfilled GROUP BY ALL) f
        JOIN (SELECT month, count(*) AS n FROM main WHERE month IS NOT NULL AND NOT backfilled GROUP BY 1) a
            ON a.month = f.month
        ORDER BY f.month, f.family
    """,
    "all months": """
        SELECT month, count(*) AS n FROM main WHERE month IS NOT NULL AND NOT backfilled GROUP BY 1 ORDER BY 1
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Uploads by family; the trend of each family's share among the uploads of a month."""
    scope.reader.execute(SQL["members"])
    n = scope.sizes[scope.hub]
    whole = _every_family(scope.frame(SQL["families"]), n)
    table = whole.loc[whole["models"] > 0]
    months, every = shared(scope.frame(SQL["months"])), scope.frame(SQL["all months"])
    members = int(table["models"].sum())
    trends = _trend_table(table, months, every)
    return Answer(
        f"{share_with_interval(_stats.share(members, n))} of models of {scope.hub} are of one of the families looked "
        f"for{_first(table)}{_moves(trends)} ({scope.cite(scope.hub)}).",
        {"families": whole, "months": months, "trends": trends},
        (lambda: _draw(table, months, every, scope, n)) if len(table) else None,
        _alt(table),
        _published(whole) if scope.hub == "huggingface" else [],
        _notes(table, trends),
        headline=(str(table["family"].iloc[0]), "is the family with most models") if len(table) else None,
    )


def _every_family(found: pd.DataFrame, n: int) -> pd.DataFrame:
    """Also the families that no model is of."""
    import pandas as pd

    names = pd.DataFrame({"family": [family.name for family in families()]})
    whole = names.merge(found, on="family", how="left").assign(n=n)
    counts = [name for name in whole.columns if name not in ("family", "first")]
    whole[counts] = whole[counts].fillna(0).astype("int64")
    return shared(whole).sort_values(["models", "family"], ascending=[False, True], ignore_index=True)


def _first(table: pd.DataFrame) -> str:
    if table.empty:
        return ""
    best = ", ".join(f"{row['family']} ({percent(row['share'], 1)})" for _, row in table.head(4).iterrows())
    return f"; most are {best}"


def _moves(trends: pd.DataFrame) -> str:
    sure = trends.loc[trends["p holm"] < 0.05]
    if trends["tau"].isna().all():
        return ""
    up, down = (", ".join(sure.loc[side, "series"]) or "none" for side in (sure["slope"] > 0, sure["slope"] < 0))
    return f"; by month, the shares of {up} rise and those of {down} fall (Mann-Kendall after Hamed and Rao, Holm)"


def _trend_table(table: pd.DataFrame, months: pd.DataFrame, every: pd.DataFrame) -> pd.DataFrame:
    """Share of a month's uploads, family by family, months without any of it included."""
    usable = every.loc[every["n"] >= LEAST].set_index("month")["n"]
    series = []
    for family in table["family"]:
        counts = months.loc[months["family"] == family].set_index("month")["models"]
        counts = counts.reindex(usable.index).fillna(0.0)
        series.append((str(family), _trends.examine((counts / usable).to_numpy(dtype=np.float64))))
    return _trends.table(series)


def _published(table: pd.DataFrame) -> list[tuple[object, ...]]:
    """Ranks when the study looked and now."""
    ranks = table.assign(rank=table["when studied"].rank(ascending=False, method="min"))
    now = table.assign(rank=table["models"].rank(ascending=False, method="min"))
    rows: list[tuple[object, ...]] = []
    for family, theirs in (("BERT", "1"), ("T5", "2 to 4"), ("RoBERTa", "2 to 4"), ("GPT-2", "2 to 4")):
        then, today = (at(frame, "family", family, "rank", float("nan")) for frame in (ranks, now))
        if not at(table, "family", family, "when studied"):
            continue
        note = f"among all families of models made before {STUDIED[:7]}; {int(today)} of all made since. Theirs: "
        note += "the major model types of its forum, an order of the followers is not known here"
        rows.append((f"{family}, rank by uploads", theirs, f"{int(then)}", "number", "SANER 2024", note))
    return rows


def _notes(table: pd.DataFrame, trends: pd.DataFrame) -> list[str]:
    known = ", ".join(f"{name} {count(table[name].sum())}" for name in EVIDENCE)
    return [
        f"A model is of the family that its configuration says, else its tags, else its name: {known}. Names are the "
        "weakest evidence: they also say what a model was distilled from or trained to beat.",
        "A family holds its own variants of other languages and sizes (mT5 is T5, Mixtral is Mistral), not those "
        "with another pre-training (RoBERTa, DistilBERT are not BERT).",
        f"Trends: share of a month's uploads, months of {LEAST} models and more, without those of the hub's floor "
        "date; Mann-Kendall after Hamed and Rao, Holm over all families; slopes per month. By the stricter test of "
        f"the table there remain {', '.join(trends.loc[trends['p first order holm'] < 0.05, 'series']) or 'none'}.",
    ]


def _alt(table: pd.DataFrame) -> str:
    best = ", ".join(f"{row['family']} {percent(row['share'], 1)}" for _, row in table.head(8).iterrows())
    return f"Bars of models by family, and shares of uploads by month. The largest: {best or 'none'}."


def _draw(table: pd.DataFrame, months: pd.DataFrame, every: pd.DataFrame, scope: Scope, n: int) -> Figure:
    from analyses import _style as look

    shown = table.head(16)
    figure, (left, right) = look.figure(2, height=1.6 + 0.19 * max(len(shown), 12), ratios=(1, 1.1))
    look.bars(
        left,
        list(shown["family"]),
        list(shown["share"]),
        [f"{percent(s, 1)} ({look.si(m)})" for s, m in zip(shown["share"], shown["models"], strict=True)],
        intervals=(list(shown["low"]), list(shown["high"])),
        room=1.65,
    )
    look.as_percent(left.xaxis)
    left.set(title="Models by family")
    _lines(right, list(table["family"].head(SHOWN)), months, every)
    right.set(title="Share of a month's uploads", ylim=(0, None))
    look.as_percent(right.yaxis)
    together = percent(float(table["share"].sum()), 1)
    look.caption(
        figure,
        scope.caption(n, "models", scope.hub)
        + f". Whiskers: 95 % Wilson intervals. All families together: {together}. The last month is partial.",
    )
    return figure


def _lines(axes: Axes, names: list[str], months: pd.DataFrame, every: pd.DataFrame) -> None:
    from analyses import _style as look

    if every.empty:
        return
    usable = every.set_index("month")["n"]
    for place, name in enumerate(names):
        counts = months.loc[months["family"] == name].set_index("month")["models"].reindex(usable.index).fillna(0)
        line = "-" if place < len(look.CYCLE) else "--"
        axes.plot(
            usable.index, counts / usable, line, color=look.CYCLE[place % len(look.CYCLE)], label=name, linewidth=1.4
        )
    axes.legend(loc="upper left", bbox_to_anchor=(-0.12, -0.08), ncols=4, fontsize=7.5, columnspacing=0.9)
    look.dates(axes)
