"""Does a derived model keep the licence of the model it is made from?"""

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

NAME = "licence_drift"
TITLE = "Licence drift along lineage"
QUESTION = "Along base-model edges whose parent is listed, is the licence kept, changed, dropped or added?"
SOURCE = (
    "Stalnaker et al., arXiv 2502.04484 (licence changes along chains); the five classes are those of "
    "licence-inheritance "
    "studies such as Jiang et al., MSR 2024 (identical, other, undeclared)."
)
NEEDS = ("lineage",)
_EDGES = """
        SELECT c.hub, c.model_id AS child_id, e.parent AS parent_id, c.model_id = e.parent AS self_loop,
            lower(c.licence_raw) AS child, lower(p.licence_raw) AS parent, c.licence AS child_licence,
                p.licence AS parent_licence,
            c.licence_family AS child_family, p.licence_family AS parent_family
        FROM scope c JOIN core.lineage_edge e ON e.about_id = c.about_id
        JOIN scope p ON p.hub = c.hub AND p.model_id = e.parent
        WHERE p.about_id IS NOT NULL
"""
SQL = {
    "classes": f"""
        SELECT CASE
                WHEN child IS NULL AND parent IS NULL THEN 'neither declares'
                WHEN child IS NULL THEN 'only the child lacks'
                WHEN parent IS NULL THEN 'only the parent lacks'
                WHEN child = parent THEN 'same' ELSE 'different' END AS class,
            count(*) FILTER (NOT self_loop) AS edges, count(*) AS with_self_loops
        FROM ({_EDGES}) GROUP BY class ORDER BY edges DESC, class
    """,
    "drifts": f"""
        SELECT coalesce(parent, '(none)') AS parent, coalesce(child, '(none)') AS child, count(*) AS edges,
            any_value(parent_family) AS parent_family, any_value(child_family) AS child_family
        FROM ({_EDGES}) WHERE parent IS DISTINCT
            FROM child AND NOT self_loop GROUP BY ALL ORDER BY edges DESC, 1, 2 LIMIT 200
    """,
    "same after naming": f"""
        SELECT count(*) FROM ({_EDGES}) WHERE NOT self_loop AND child <> parent AND child_licence = parent_licence
    """,
    "drift": f"SELECT count(*) FROM ({_EDGES}) WHERE parent = $1 AND child = $2",
}
_ORDER = ("same", "different", "only the child lacks", "only the parent lacks", "neither declares")
_THEIRS = {
    "same": 62_694,
    "different": 12_386,
    "only the child lacks": 18_426,
    "only the parent lacks": 1_399,
    "neither declares": 10_497,
}


@analysis
def run(scope: Scope) -> Answer:
    """Classes by the licence as written; self-loops are counted beside, for they say nothing of inheritance."""
    classes = scope.frame(SQL["classes"])
    n = int(classes["edges"].sum())
    if n == 0:
        return Answer("Not answered: no base model that is named is itself listed.", {})
    classes = shared(classes.assign(n=n), "edges")
    drifts = shared(scope.frame(SQL["drifts"]).assign(n=n), "edges")
    changed = int(at(classes, "class", "different", "edges"))
    both = changed + int(at(classes, "class", "same", "edges"))
    renamed = int(scope.row(SQL["same after naming"])[0])
    llama = float(scope.row(SQL["drift"], ["llama2", "apache-2.0"])[0])
    lost = _stats.share(int(at(classes, "class", "only the child lacks", "edges")), n)
    statement = (
        f"Where parent and child both declare a licence, {share_with_interval(_stats.share(changed, both))} of "
        "edges change it; "
        f"{share_with_interval(lost)} of all edges drop it ({scope.cite()})."
    )
    return Answer(
        statement,
        {"classes": classes, "drifts": drifts},
        lambda: _draw(classes, drifts, scope, n),
        _alt(classes, drifts),
        _published(classes, llama),
        [
            (
                f"{count(classes['with_self_loops'].sum() - n)} self-loops are left out of n and stand in "
                "with_self_loops."
            ),
            (
                f"{count(renamed)} of the changed edges name the same licence by another word (equal SPDX id or "
                "LicenseRef)."
            ),
            "An edge is a parent that the child names; a child with several parents counts once for each. "
            "Parents that are not "
            "listed (renamed, deleted, private) have no licence to compare.",
        ],
        headline=(percent(changed / both if both else 0.0, 1), "of edges with two licences change it"),
    )


def _published(classes: pd.DataFrame, llama: float) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [
        (
            f"edges: {name}",
            theirs,
            at(classes, "class", name, "with_self_loops"),
            "count",
            LISTING,
            "self-loops counted, as there",
        )
        for name, theirs in _THEIRS.items()
    ]
    rows.append(("edges llama2 to apache-2.0", 2_429, llama, "count", LISTING, ""))
    rows.append(
        (
            "identical licences",
            0.2561,
            at(classes, "class", "same", "share"),
            "share",
            "MSR 2024 licence study",
            "theirs: model against the GitHub repository that uses it, not model against model",
        )
    )
    return rows


def _alt(classes: pd.DataFrame, drifts: pd.DataFrame) -> str:
    parts = ", ".join(f"{row['class']} {percent(row['share'], 1)}" for _, row in classes.iterrows())
    top = ", ".join(
        f"{row['parent']} to {row['child']} {count(row['edges'])}" for _, row in drifts.head(4).iterrows()
    )
    return f"Lineage edges by what happens to the licence: {parts}. The most frequent changes: {top or 'none'}."


def _draw(classes: pd.DataFrame, drifts: pd.DataFrame, scope: Scope, n: int) -> Figure:
    from analyses import _style as look

    figure, (left, right) = look.figure(1, rows=2, height=5.9)
    ordered = (
        classes.set_index("class").reindex([name for name in _ORDER if name in set(classes["class"])]).reset_index()
    )
    look.bars(
        left,
        list(ordered["class"]),
        list(ordered["share"]),
        [
            f"{percent(share, 1)}  ({count(edges)})"
            for share, edges in zip(ordered["share"], ordered["edges"], strict=True)
        ],
        intervals=(list(ordered["low"]), list(ordered["high"])),
    )
    look.as_percent(left.xaxis)
    left.set(title="The licence along an edge")
    shown = drifts.head(12)
    names = [f"{parent} → {child}" for parent, child in zip(shown["parent"], shown["child"], strict=True)]
    look.bars(
        right,
        [look.label(name, 52) for name in names],
        list(shown["edges"]),
        [count(value) for value in shown["edges"]],
        colour=look.RED,
    )
    look.as_count(right.xaxis)
    right.set(title="The most frequent changes, parent → child")
    look.caption(figure, scope.caption(n, "edges between two listed models") + ". Whiskers: 95 % Wilson intervals.")
    return figure
