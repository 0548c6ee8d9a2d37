"""Models that were made by merging others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._tables import LISTING, shared
from analyses._text import count, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "merges"
TITLE = "Merged models"
QUESTION = "How many models are merges of others, and since when?"
SOURCE = "Studies of merging in the wild count merge tags; several base models are the structural sign of a merge."
NEEDS = ("tags",)
_FACTS = """
        SELECT s.model_key, s.month, s.backfilled, s.base_models > 1 AS several, coalesce(m.tagged,
            false) AS tagged, s.downloads
        FROM scope s LEFT JOIN (
            SELECT a.about_id, true AS tagged FROM core.about_tag a JOIN core.tag t ON t.tag_id = a.tag_id
            WHERE lower(t.tag) IN ('merge', 'mergekit') OR t.relation = 'merge' GROUP BY 1
        ) m ON m.about_id = s.about_id
        WHERE s.about_id IS NOT NULL
"""
SQL = {
    "summary": f"""
        SELECT count(*) AS n, count(*) FILTER (tagged) AS tagged, count(*) FILTER (several) AS several,
            count(*) FILTER (tagged AND several) AS both, count(*) FILTER (tagged OR several) AS either
        FROM ({_FACTS})
    """,
    "by month": f"""
        SELECT month, count(*) FILTER (tagged OR several) AS models, count(*) AS n FROM ({_FACTS})
        WHERE month IS NOT NULL AND NOT backfilled GROUP BY month ORDER BY month
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Two signs: the tags merge or mergekit, and more than one base model."""
    n, tagged, several, both, either = (int(value) for value in scope.row(SQL["summary"]))
    months = shared(scope.frame(SQL["by month"]))
    summary = _summary(n, tagged, several, both, either)
    return Answer(
        f"{share_with_interval(_stats.share(tagged, n))} of models are tagged as merges, "
        f"{share_with_interval(_stats.share(either, n))} are tagged or name several bases ({scope.cite()}).",
        {"signs": summary, "months": months},
        lambda: _draw(summary, months, scope, n),
        (
            f"Merges: {count(tagged)} tagged, {count(several)} with several bases, {count(both)} with both; and "
            "their share by month."
        ),
        [
            (
                "models tagged merge or mergekit",
                11_214,
                tagged,
                "count",
                LISTING,
                "",
            ),
            (
                "models with several bases",
                5_526,
                several,
                "count",
                LISTING,
                "",
            ),
        ],
        ["Several bases are a sign, not a proof: adapters and mixtures of experts name several too."],
    )


def _summary(n: int, tagged: int, several: int, both: int, either: int) -> pd.DataFrame:
    import pandas as pd

    rows = [
        ("tagged merge or mergekit", tagged),
        ("several base models", several),
        ("both signs", both),
        ("either sign", either),
    ]
    return shared(pd.DataFrame(rows, columns=["sign", "models"]).assign(n=n))


def _draw(summary: pd.DataFrame, months: pd.DataFrame, scope: Scope, n: int) -> Figure:
    from analyses import _style as look

    figure, (left, right) = look.figure(2, height=3.2)
    look.bars(
        left,
        list(summary["sign"]),
        list(summary["share"]),
        [
            f"{percent(share)} ({look.si(models)})"
            for share, models in zip(summary["share"], summary["models"], strict=True)
        ],
        intervals=(list(summary["low"]), list(summary["high"])),
        room=1.7,
    )
    look.as_percent(left.xaxis)
    left.set(title="Signs of a merge")
    right.plot(months["month"], months["share"], color=look.RED)
    right.fill_between(months["month"], months["low"], months["high"], color=look.RED, alpha=0.2, linewidth=0)
    right.set(title="Either sign, by creation month", ylim=(0, None))
    look.as_percent(right.yaxis)
    if len(months):
        look.dates(right)
    look.caption(figure, scope.caption(n) + ". Whiskers and band: 95 % Wilson intervals.")
    return figure
