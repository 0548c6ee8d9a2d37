"""Whom it hits when a model turns out to be bad: repositories that load it, or anything made from it.

For one model, ask the warehouse itself (``hubcensus sql`` or ``Reader.frame``), with the hub and the id put in:

    from analyses.blast_radius import SQL
    reader.frame(SQL["one model"], {"hub": "huggingface", "model_id": "openai-community/gpt2"})
    reader.frame(SQL["repositories of one model"], {"hub": "huggingface", "model_id": "openai-community/gpt2"})

These two read the mart alone; an id from before a rename is followed. The others rest on ``bred`` (edges between
models that are there) and ``reach`` (a loaded model with each model above it), which :func:`run` makes.

Families are walked upwards from the models that a repository loads, so the work grows with what is used and not with
the hub. A pair of a model and one above it is kept once, at its least distance: that ends cycles. Repositories are
counted as a set, so a diamond counts once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _downstream, _stats
from analyses._base import Answer, absent, analysis
from analyses._downstream import Mined
from analyses._scope import Scope
from analyses._tables import shared
from analyses._text import count, number, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "blast_radius"
TITLE = "Blast radius"
QUESTION = "How many repositories load a model or anything made from it?"
SOURCE = (
    "Transitive closure over the base models that models state; descendants as in Jones et al., ESEM 2024, "
    "repositories as in Jiang et al., MSR 2024."
)
NEEDS = ("usages", "lineage")

#: Generations that are followed; only a family made to be deep has more.
DEEPEST = 100

# Edges by the numbers of models. One key over hub and name: two conditions would be joined by the hub alone.
BRED = """
CREATE OR REPLACE TEMP TABLE bred AS
SELECT p.model_id AS parent, e.child_key AS child, coalesce(e.relation::VARCHAR, 'not said') AS relation
FROM mart.lineage_edge e
JOIN (SELECT m.model_id, {'hub': h.hub, 'name': m.name} AS place FROM core.model m JOIN core.hub h
    ON h.hub_id = m.hub_id) p
    ON p.place = {'hub': e.hub, 'name': e.resolved_id}
WHERE e.resolved_id IS NOT NULL AND p.model_id <> e.child_key
GROUP BY ALL
"""
REACH = """
CREATE OR REPLACE TEMP TABLE reach AS
SELECT DISTINCT model_key AS ancestor, model_key AS used, 0 AS depth FROM uses WHERE model_key IS NOT NULL
"""
# One generation up, for the pairs that are new. A recursive query with a key would do the same, 20 times slower.
STEP = """
INSERT INTO reach
SELECT DISTINCT b.parent, r.used, r.depth + 1 FROM reach r JOIN bred b ON b.child = r.ancestor
WHERE r.depth = {depth}
    AND NOT EXISTS (FROM reach AS known WHERE known.ancestor = b.parent AND known.used = r.used)
"""
_FAMILIES = """
        SELECT ancestor, count(*) AS reached, count(*) FILTER (direct) AS direct, count(*) FILTER (NOT direct) AS via,
            count(DISTINCT owner) AS owners
        FROM (
            SELECT r.ancestor, l.repository_id, any_value(l.owner) AS owner, bool_or(r.depth = 0) AS direct
            FROM reach r JOIN (SELECT DISTINCT model_key, repository_id, repository_owner AS owner FROM uses) l
                ON l.model_key = r.used
            GROUP BY r.ancestor, l.repository_id
        )
        GROUP BY ancestor
"""
_NAMED = "SELECT m.model_id AS model_key, h.hub, m.name FROM core.model m JOIN core.hub h ON h.hub_id = m.hub_id"
_FAMILY = """
        WITH RECURSIVE asked AS (
            SELECT coalesce((SELECT any_value(canonical_id) FROM mart.alias WHERE hub = $hub
                AND model_id = $model_id),
                $model_id::VARCHAR) AS model_id
        ),
        edge AS MATERIALIZED (
            SELECT DISTINCT resolved_id AS parent, child_id AS child FROM mart.lineage_edge
            WHERE hub = $hub AND resolved_id IS NOT NULL AND resolved_id <> child_id
        ),
        family(model_id, depth) USING KEY (model_id) AS (
            SELECT model_id, 0 FROM asked
            UNION
            SELECT e.child, min(f.depth) + 1 FROM family f JOIN edge e ON e.parent = f.model_id
            WHERE NOT EXISTS (FROM recurring.family AS known WHERE known.model_id = e.child) GROUP BY e.child
        ),
        hit AS (
            SELECT u.repository, min(f.depth) AS depth, list_sort(list(DISTINCT u.model_id)) AS through,
                count(*) AS usages
            FROM mart.usage u JOIN family f ON f.model_id = u.model_id
            WHERE u.hub = $hub AND u.named_id IS NOT NULL AND u.confidence >= 0.5 GROUP BY u.repository
        )
"""
SQL = {
    "one model": f"""{_FAMILY}
        SELECT (SELECT model_id FROM asked) AS model_id, count(*) FILTER (depth = 0) AS direct,
            count(*) FILTER (depth > 0) AS via, count(*) AS reached, count(DISTINCT split_part(repository, '/',
                4)) AS owners,
            (SELECT count(*) - 1 FROM family) AS descendants, (SELECT max(depth) FROM family) AS depth
        FROM hit
    """,
    "repositories of one model": f"{_FAMILY} SELECT * FROM hit ORDER BY depth, repository",
    "families": f"""
        SELECT n.hub, n.name AS model_id, f.reached, f.direct, f.via, f.via / nullif(f.direct, 0) AS amplification,
            f.owners,
            d."descendants loaded", d.depth, f.ancestor AS model_key
        FROM ({_FAMILIES}) f
        JOIN (SELECT ancestor, count(*) FILTER (depth > 0) AS "descendants loaded", max(depth) AS depth
            FROM reach GROUP BY 1) d
            ON d.ancestor = f.ancestor
        JOIN ({_NAMED}) n ON n.model_key = f.ancestor
        ORDER BY f.reached DESC, f.via DESC, n.hub, n.name
    """,
    "descendants": """
        WITH RECURSIVE edge AS MATERIALIZED (SELECT DISTINCT parent, child FROM bred),
        down(top, model) AS (
            SELECT unnest($1::INTEGER[]), unnest($1::INTEGER[])
            UNION
            SELECT d.top, e.child FROM down d JOIN edge e ON e.parent = d.model
        )
        SELECT top AS model_key, count(*) - 1 AS descendants FROM down GROUP BY 1
    """,
    "relations": """
        WITH loads AS (SELECT DISTINCT model_key, repository_id FROM uses WHERE model_key IS NOT NULL)
        SELECT b.relation, count(DISTINCT (b.parent, b.child)) AS edges, count(DISTINCT b.child) AS children,
            count(DISTINCT l.model_key) AS "children loaded", count(DISTINCT l.repository_id) AS repositories
        FROM bred b LEFT JOIN loads l ON l.model_key = b.child GROUP BY 1 ORDER BY repositories DESC, edges DESC,
            relation
    """,
    "depth": """
        SELECT depth, count(*) AS pairs, count(DISTINCT used) AS "models loaded" FROM reach WHERE depth > 0
        GROUP BY depth ORDER BY depth
    """,
    "covered": """
        SELECT count(DISTINCT u.repository_id) FILTER (list_contains($1::INTEGER[], r.ancestor)),
            count(DISTINCT u.repository_id)
        FROM uses u JOIN reach r ON r.used = u.model_key
    """,
}
_LISTED = 50


@analysis
def run(scope: Scope) -> Answer:
    """Every loaded model and every model above one, with the repositories that each reaches."""
    mined = _downstream.enter(scope)
    _walk(scope)
    every = scope.frame(SQL["families"])
    families = every.loc[every["descendants loaded"] > 0].sort_values("via", ascending=False, kind="stable")
    if families.empty:
        return absent("no model that a repository loads was made from a model of the census")
    top, widest = _top(scope, every.head(_LISTED)), families.iloc[0]
    measures, depth = _measures(scope, every), scope.frame(SQL["depth"])
    covered = measures.iloc[0]
    share = _stats.share(int(covered["repositories"]), int(covered["n"]))
    statement = (
        f"{widest['model_id']} has the widest family: {count(widest['direct'])} repositories load it, "
        f"{count(widest['via'])} more only models made from it, the farthest {_steps(int(widest['depth']))} away; "
        f"the ten models that reach most hold {share_with_interval(share)} of repositories that load a known model "
        f"({mined.cite(scope)})."
    )
    return Answer(
        statement,
        {
            "top": top,
            "families": families.drop(columns="model_key").head(1000),
            "measures": measures,
            "relations": scope.frame(SQL["relations"]),
            "depth": depth,
        },
        lambda: _draw(top, families, scope, mined, share.n),
        _alt(top, families),
        (),
        [_downstream.NOTE, *_notes(families, depth)],
        headline=(count(top["reached"].iloc[0]), f"repositories rest on {top['model_id'].iloc[0]}"),
    )


def _walk(scope: Scope) -> None:
    """Make ``bred`` and ``reach``: generation by generation, until there is nothing new."""
    for statement in (BRED, REACH):
        scope.reader.execute(statement)
    for depth in range(DEEPEST):
        if scope.reader.value(STEP.format(depth=depth)) == 0:
            break


def _steps(depth: int) -> str:
    return "one step" if depth == 1 else f"{count(depth)} steps"


def _notes(families: pd.DataFrame, depth: pd.DataFrame) -> list[str]:
    spread = families["amplification"].dropna()
    through = int((families["direct"] == 0).sum())
    return [
        "Direct: repositories that load the model. Via: repositories that load a model made from it and not the "
        "model itself. Amplification: via / direct; where nobody loads the model itself it has none.",
        f"{count(len(families))} models have a descendant that a repository loads; {count(through)} of them are "
        "loaded by nobody themselves"
        + (
            f", and of the others the median amplification is {number(float(spread.median()), 2)}."
            if len(spread)
            else "."
        ),
        f"Edges are those between models that are there, renames followed; up to {DEEPEST} generations"
        + (" (reached: the numbers are lower bounds)." if (depth["depth"] >= DEEPEST).any() else "."),
        "Copies on other hubs and repositories that load a saved copy are not followed, so these are lower bounds.",
    ]


def _top(scope: Scope, families: pd.DataFrame) -> pd.DataFrame:
    """The families that reach most, with all their descendants, loaded or not."""
    counted = scope.frame(SQL["descendants"], [[int(key) for key in families["model_key"]]])
    return families.merge(counted, on="model_key", how="left").drop(columns="model_key")


def _measures(scope: Scope, families: pd.DataFrame) -> pd.DataFrame:
    """How many repositories the families that reach most hold together."""
    import pandas as pd

    rows = []
    for k in (10, 1, 100):
        keys = [int(key) for key in families["model_key"].head(k)]
        rows.append((f"held by the top {k}", *(int(value) for value in scope.row(SQL["covered"], [keys]))))
    return shared(pd.DataFrame(rows, columns=["families", "repositories", "n"]), "repositories")


def _alt(top: pd.DataFrame, families: pd.DataFrame) -> str:
    def told(frame: pd.DataFrame) -> str:
        rows = frame.head(4).iterrows()
        return ", ".join(f"{row['model_id']} {count(row['direct'])} and {count(row['via'])}" for _, row in rows)

    return (
        f"Models by repositories that load them, and that load only models made from them: {told(top)}. "
        f"The widest families: {told(families)}."
    )


def _draw(top: pd.DataFrame, families: pd.DataFrame, scope: Scope, mined: Mined, n: int) -> Figure:
    from analyses import _style as look

    figure, (left, right) = look.figure(2, height=4.4)
    for axes, frame, title in (
        (left, top, "Models that reach most"),
        (right, families.loc[families["via"] > 0], "Widest families"),
    ):
        shown = frame.head(12)
        look.bars(
            axes,
            [look.label(name, 28) for name in shown["model_id"]],
            list(shown["reached"]),
            [_written(row) for _, row in shown.iterrows()],
            colour=look.ORANGE,
            room=1.4,
        )
        axes.barh(range(len(shown)), shown["direct"], color=look.BLUE, height=0.68)
        look.as_count(axes.xaxis)
        _downstream.thin(axes, len(shown))
        axes.set_title(title, fontsize=10)
    left.set_xlabel("Blue: repositories that load it", color=look.BLUE)
    right.set_xlabel("Orange: only descendants", color=look.ORANGE)
    caption = mined.caption(scope, n, "repositories that load a known model")
    look.caption(figure, f"{caption}. Behind +: those through descendants.")
    return figure


def _written(row: pd.Series) -> str:
    return f"{count(row['direct'])} + {count(row['via'])}" if row["via"] else count(row["direct"])
