"""The same models on several hubs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._tables import shared
from analyses._text import count, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "hub_overlap"
TITLE = "The same models on several hubs"
QUESTION = "Which share of a hub's models is also on another hub, and what is the evidence?"
SOURCE = "No published counterpart: nobody maps the same model between hubs. Evidence kinds: docs/identity.md."
NEEDS = ("models",)
_SURE = 0.9
_PAIRS = """
    SELECT x.* FROM mart.model_match x
    JOIN scope a ON a.hub = x.hub AND a.model_id = x.model_id
    JOIN scope b ON b.hub = x.other_hub AND b.model_id = x.other_id
"""
SQL = {
    "pairs of hubs": f"""
        WITH pair AS ({_PAIRS}), size AS (SELECT hub, count(*) AS n FROM scope GROUP BY hub)
        SELECT hub, other_hub, n, count(DISTINCT model_id) FILTER (confidence >= {_SURE}) AS models,
            count(DISTINCT other_id) FILTER (confidence >= {_SURE}) AS others, count(DISTINCT model_id) AS possible
        FROM pair JOIN size USING (hub) GROUP BY ALL HAVING models > 0
        ORDER BY models DESC, hub, other_hub
    """,
    "evidence": f"""
        WITH said AS (SELECT hub, model_id, unnest(evidence) AS evidence FROM ({_PAIRS}) WHERE hub < other_hub)
        SELECT evidence, count(*) AS pairs, count(DISTINCT (hub, model_id)) AS models
        FROM said GROUP BY ALL ORDER BY pairs DESC, evidence
    """,
    "on most hubs": f"""
        SELECT hub, model_id, count(DISTINCT other_hub) AS hubs, list_sort(list(DISTINCT other_hub)) AS others
        FROM ({_PAIRS}) WHERE confidence >= {_SURE} GROUP BY ALL ORDER BY hubs DESC, hub, model_id LIMIT 50
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Counts of models with at least one match; a model with several on another hub counts once."""
    pairs = scope.frame(SQL["pairs of hubs"])
    if pairs.empty:
        return _nothing(scope)
    pairs = shared(pairs)
    top = pairs.sort_values("share", ascending=False).iloc[0]
    return Answer(
        f"{count(len(pairs) / 2)} pairs of hubs share models; the closest: {percent(top['share'], 1)} of the models "
        f"of {top['hub']} are also on {top['other_hub']} ({scope.cite()}).",
        {
            "pairs of hubs": pairs,
            "evidence": scope.frame(SQL["evidence"]),
            "on most hubs": scope.frame(SQL["on most hubs"]),
        },
        lambda: _draw(pairs, scope),
        "Share of the models of a hub that are on another: "
        + ", ".join(
            f"{row['hub']} on {row['other_hub']} {percent(row['share'], 1)}" for _, row in pairs.head(6).iterrows()
        )
        + ".",
        notes=[
            f"models: with evidence that was right for at least {_SURE:.0%} of the pairs checked by hand; "
            "possible: with any evidence, such as the same network.",
            "Matches are those of the newest state, whatever moment the analysis looks at.",
        ],
    )


def _nothing(scope: Scope) -> Answer:
    import pandas as pd

    table = pd.DataFrame([(hub, 0, size) for hub, size in scope.sizes.items()], columns=["hub", "models", "n"])
    statement = f"No model of one hub was recognised on another, among {count(len(table))} hubs ({scope.cite()})."
    return Answer(statement, {"pairs of hubs": shared(table)})


def _draw(pairs: pd.DataFrame, scope: Scope) -> Figure:
    from analyses import _style as look

    shown = pairs.sort_values("share", ascending=False).head(20)
    figure, (axes,) = look.figure(height=1.6 + 0.27 * len(shown))
    look.bars(
        axes,
        [f"{hub} on {other}" for hub, other in zip(shown["hub"], shown["other_hub"], strict=True)],
        list(shown["share"]),
        [
            f"{percent(share, 1)}  ({count(models)})"
            for share, models in zip(shown["share"], shown["models"], strict=True)
        ],
        intervals=(list(shown["low"]), list(shown["high"])),
        room=1.35,
    )
    look.as_percent(axes.xaxis)
    axes.set(title="Models of a hub that are also on another")
    look.caption(figure, scope.caption(scope.models) + ". Whiskers: 95 % Wilson intervals.")
    return figure
