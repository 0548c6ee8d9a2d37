"""The family trees of models: who names whom as its base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._tables import LISTING, at, shared
from analyses._text import count, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "lineage"
TITLE = "Lineage"
QUESTION = "Which models name a base model, does that model exist, and how deep do families go?"
SOURCE = "Jones et al., ESEM 2024 (descendants: direct children per base model); edges as the models state them."
NEEDS = ("lineage",)
_EDGES = """
        SELECT c.hub, c.model_id AS child, c.model_key AS child_key, e.parent, e.relation::VARCHAR AS relation,
            p.model_key AS parent_key, c.model_id = e.parent AS self_loop, c.base_models, c.month
        FROM scope c JOIN core.lineage_edge e ON e.about_id = c.about_id
        LEFT JOIN scope p ON p.hub = c.hub AND p.model_id = e.parent
"""
SQL = {
    "summary": f"""
        SELECT count(*) AS edges, count(DISTINCT child_key) AS children,
            count(DISTINCT child_key) FILTER (base_models > 1) AS several_parents,
            count(DISTINCT (hub, parent)) AS parents, count(parent_key) AS resolved,
            count(*) FILTER (parent_key IS NULL) AS dangling, count(*) FILTER (self_loop) AS self_loops,
            (SELECT count(about_id) FROM scope) AS models
        FROM ({_EDGES})
    """,
    "renamed": f"""
        SELECT count(*) FROM (SELECT DISTINCT e.hub, e.child, e.parent FROM ({_EDGES}) e
            JOIN mart.alias a ON a.hub = e.hub AND a.model_id = e.parent
            JOIN scope now ON now.hub = a.hub AND now.model_id = a.canonical_id
            WHERE e.parent_key IS NULL)
    """,
    "relations": f"""
        SELECT coalesce(relation, 'not said') AS relation, count(*) AS edges FROM ({_EDGES})
        GROUP BY 1 ORDER BY 2 DESC, 1
    """,
    "parents": f"""
        SELECT hub, parent, count(DISTINCT child_key) AS children, bool_or(parent_key IS NOT NULL) AS listed
        FROM ({_EDGES}) WHERE NOT self_loop GROUP BY ALL ORDER BY children DESC, hub, parent LIMIT 200
    """,
    "depth": f"""
        WITH RECURSIVE edge AS MATERIALIZED (
            SELECT DISTINCT parent_key AS parent, child_key AS child
                FROM ({_EDGES}) WHERE parent_key IS NOT NULL AND NOT self_loop
        ),
        reached(model, depth) USING KEY (model) AS (
            SELECT DISTINCT parent, 0 FROM edge WHERE parent NOT IN (SELECT child FROM edge)
            UNION
            SELECT e.child, min(r.depth) + 1 FROM reached r JOIN edge e ON e.parent = r.model
            WHERE NOT EXISTS (FROM recurring.reached AS known WHERE known.model = e.child) GROUP BY e.child
        ),
        everyone AS (SELECT parent AS model FROM edge UNION SELECT child FROM edge)
        SELECT r.depth, count(*) AS models FROM everyone e LEFT JOIN reached r ON r.model = e.model
        GROUP BY r.depth ORDER BY r.depth NULLS LAST
    """,
    "by month": """
        SELECT month, count(*) FILTER (base_models > 0) AS models, count(base_models) AS n FROM scope
        WHERE month IS NOT NULL AND NOT backfilled GROUP BY month HAVING n > 0 ORDER BY month
    """,
}
_TOTALS = (
    ("edges", 126_650),
    ("children", 117_155),
    ("several_parents", 5_526),
    ("parents", 14_927),
    ("resolved", 105_402),
    ("self_loops", 665),
)


@analysis
def run(scope: Scope) -> Answer:
    """Edges, what becomes of them, and the number of generations."""
    summary = scope.frame(SQL["summary"])
    totals = {name: int(summary[name].iloc[0]) for name in summary.columns}
    renamed = int(scope.row(SQL["renamed"])[0])
    parents, depth, months = (
        scope.frame(SQL["parents"]),
        scope.frame(SQL["depth"]),
        shared(scope.frame(SQL["by month"])),
    )
    shares = _shares(totals)
    deepest = int(depth["depth"].max()) if depth["depth"].notna().any() else 0
    statement = (
        f"{share_with_interval(_stats.share(totals['children'], totals['models']))} of models name a base model; "
        "of the "
        f"{count(totals['edges'])} edges "
        f"{share_with_interval(_stats.share(totals['resolved'], totals['edges']))} lead to a "
        f"listed model, and families reach {deepest} generations ({scope.cite()})."
    )
    cyclic = int(depth.loc[depth["depth"].isna(), "models"].sum())
    return Answer(
        statement,
        {
            "summary": summary,
            "shares": shares,
            "parents": parents,
            "depth": depth,
            "months": months,
            "relations": scope.frame(SQL["relations"]),
        },
        lambda: _draw(parents, depth, months, scope, totals),
        _alt(parents, depth, months),
        _published(totals, parents),
        [
            f"{count(totals['dangling'])} edges dangle: the parent is renamed, deleted, private or misspelt; "
            f"{count(renamed)} of them lead to a listed model once known renames are followed.",
            "Depth is the least number of steps from a listed model that names no other listed model; self-loops "
            "are left out. "
            f"{count(cyclic)} models stand on or below cycles without such an origin and have no depth.",
        ],
        headline=(count(totals["edges"]), "base-model edges"),
    )


def _shares(totals: dict[str, int]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        ("models that name a base", totals["children"], totals["models"]),
        ("of these: several bases", totals["several_parents"], totals["children"]),
        ("edges to a listed model", totals["resolved"], totals["edges"]),
        ("edges that dangle", totals["dangling"], totals["edges"]),
        ("edges to itself", totals["self_loops"], totals["edges"]),
    ]
    return shared(pd.DataFrame(rows, columns=["what", "models", "n"])).rename(columns={"models": "number"})


def _published(totals: dict[str, int], parents: pd.DataFrame) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [
        (name.replace("_", " "), value, totals[name], "count", LISTING, "") for name, value in _TOTALS
    ]
    note = "theirs: librarian-bots links of 2023; renames since then split a parent's children over two ids"
    for theirs, value in (
        ("runwayml/stable-diffusion-v1-5", 701),
        ("distilbert-base-uncased", 417),
        ("bert-base-uncased", 277),
        ("CompVis/stable-diffusion-v1-4", 216),
    ):
        rows.append(
            (
                f"children of {theirs}",
                value,
                at(parents, "parent", theirs, "children", float("nan")),
                "count",
                "ESEM 2024",
                note,
            )
        )
    return rows


def _alt(parents: pd.DataFrame, depth: pd.DataFrame, months: pd.DataFrame) -> str:
    best = ", ".join(f"{row['parent']} {count(row['children'])}" for _, row in parents.head(4).iterrows())
    last = f", {percent(months['share'].iloc[-1], 1)} in the last month" if len(months) else ""
    return (
        f"Base models by direct children: {best or 'none'}. Models by generation. Share naming a base by month{last}."
    )


def _draw(
    parents: pd.DataFrame, depth: pd.DataFrame, months: pd.DataFrame, scope: Scope, totals: dict[str, int]
) -> Figure:
    from analyses import _style as look

    figure = look.canvas(height=6.0)
    grid = figure.add_gridspec(2, 2, height_ratios=(1.35, 1))
    top, left, right = (figure.add_subplot(place) for place in (grid[0, :], grid[1, 0], grid[1, 1]))
    shown = parents.head(12)
    names = [
        name if listed else f"{name} (not listed)"
        for name, listed in zip(shown["parent"], shown["listed"], strict=True)
    ]
    look.bars(
        top,
        [look.label(name, 52) for name in names],
        list(shown["children"]),
        [count(value) for value in shown["children"]],
    )
    look.as_count(top.xaxis)
    top.set(title="Base models by direct children")
    known = depth.dropna(subset=["depth"])
    steps = known.assign(step=known["depth"].clip(upper=7).astype(int)).groupby("step")["models"].sum()
    look.bars(
        left,
        [str(step) if step < 7 else "7 and more" for step in steps.index],
        list(steps),
        [count(value) for value in steps],
        colour=look.GREEN,
        room=1.35,
    )
    look.as_count(left.xaxis)
    left.set(title="Models by generation")
    right.plot(months["month"], months["share"], color=look.RED)
    right.fill_between(months["month"], months["low"], months["high"], color=look.RED, alpha=0.2, linewidth=0)
    right.set(title="Naming a base, by month", ylim=(0, None))
    look.as_percent(right.yaxis)
    if len(months):
        look.dates(right)
    look.caption(figure, scope.caption(totals["edges"], f"edges of {count(totals['children'])} models"))
    return figure
