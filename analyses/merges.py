"""Models that were made by merging others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._kin import generations
from analyses._scope import Scope
from analyses._tables import LISTING, shared
from analyses._text import count, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "merges"
TITLE = "Merged models"
QUESTION = "How many models are merges of others, by which method, of how many parents and under which licences?"
SOURCE = (
    "Studies of merging in the wild count merge tags; several base models are the structural sign of a merge. "
    "Methods "
    "are those of mergekit (Goddard et al., arXiv 2403.13257); the study of merging in the wild tries six of them on "
    "12 checkpoints each of four base models."
)
NEEDS = ("tags",)
_FACTS = """
        SELECT s.model_key, s.hub, s.model_id, s.name, s.about_id, s.card_id, s.licence, s.base_models,
            s.month, s.backfilled, s.base_models > 1 AS several, coalesce(m.tagged, false) AS tagged, s.downloads
        FROM scope s LEFT JOIN (
            SELECT a.about_id, true AS tagged FROM core.about_tag a JOIN core.tag t ON t.tag_id = a.tag_id
            WHERE lower(t.tag) IN ('merge', 'mergekit') OR t.relation = 'merge' GROUP BY 1
        ) m ON m.about_id = s.about_id
        WHERE s.about_id IS NOT NULL
"""
# Words of tags, of parts of names and of mergekit's merge_method; the first that fits names the method.
METHODS = {
    "dare-ties": "dare[-_]?ties",
    "dare": "(^|[^a-z])dare([^a-z]|$)|dare[-_]?linear",
    "ties": "(^|[^a-z])ties([^a-z]|$)",
    "slerp": "slerp",
    "task arithmetic": "task[-_ ]?arithmetic",
    "model stock": "model[-_ ]?stock",
    "della": "(^|[^a-z])della([^a-z]|$)",
    "breadcrumbs": "breadcrumbs",
    "passthrough": "passthrough|frankenmerge",
    "mixture of experts": "(^|[^a-z])moe([^a-z]|$)|frankenmoe|x[0-9]b-?moe|[^a-z0-9][2-9]x[0-9.]+b",
    "linear": "(^|[^a-z])linear([^a-z]|$)",
}
_METHOD = "CASE " + " ".join(
    f"WHEN regexp_matches({{0}}, '{pattern}') THEN '{name}'" for name, pattern in METHODS.items()
) + " END"  # fmt: skip
_MERGED = "merged_models"
SQL = {
    "merges": f"""
        CREATE OR REPLACE TEMP TABLE {_MERGED} AS
        WITH fact AS MATERIALIZED (SELECT * FROM ({_FACTS}) WHERE tagged OR several),
        tag AS (SELECT f.model_key, string_agg(lower(left(t.tag, 60)), ' ' ORDER BY t.tag) AS words FROM fact f
            JOIN core.about_tag a ON a.about_id = f.about_id JOIN core.tag t ON t.tag_id = a.tag_id
            WHERE t.kind IN ('free', 'marker') AND NOT contains(t.tag, '/') GROUP BY f.model_key)
        SELECT f.*, {_METHOD.format("coalesce(g.words, '')")} AS by_tag, {_METHOD.format("lower(left(f.name, 120))")}
            AS by_name, {
        _METHOD.format("lower(regexp_extract(c.text, 'merge_method: {0,4}([A-Za-z_]{1,40})', 1))")
    } AS by_card
        FROM fact f LEFT JOIN tag g ON g.model_key = f.model_key LEFT JOIN core.card c ON c.card_id = f.card_id
    """,
    "methods": f"""
        SELECT coalesce(by_card, by_tag, by_name, 'not said') AS method, count(*) AS models,
            count(by_card) AS by_card, count(by_tag) AS by_tag, count(by_name) AS by_name,
            sum(downloads)::BIGINT AS downloads,
            sum(count(*)) OVER ()::BIGINT AS n
        FROM {_MERGED} GROUP BY method ORDER BY models DESC, method
    """,
    "parents": f"""
        SELECT CASE WHEN base_models > 8 THEN '9 and more' ELSE base_models::VARCHAR END AS parents,
            count(*) AS models, sum(count(*)) OVER ()::BIGINT AS n
        FROM {_MERGED} GROUP BY parents ORDER BY parents
    """,
    "edges": f"""
        SELECT m.model_key AS child, p.model_key AS parent FROM {_MERGED} m
        JOIN core.lineage_edge e ON e.about_id = m.about_id
        JOIN {_MERGED} p ON p.hub = m.hub AND p.model_id = e.parent AND p.model_key <> m.model_key
    """,
    "licences": f"""
        WITH pair AS (SELECT m.model_key, any_value(m.licence) AS child, count(p.model_key) AS listed,
                count(p.licence) AS said, list_distinct(list(p.licence)) AS licences,
                count(DISTINCT p.licence_family) AS families
            FROM {_MERGED} m JOIN core.lineage_edge e ON e.about_id = m.about_id
            JOIN scope p ON p.hub = m.hub AND p.model_id = e.parent AND p.model_key <> m.model_key
            GROUP BY m.model_key HAVING listed > 1)
        SELECT CASE WHEN said < listed THEN 'a parent without a licence' WHEN len(licences) = 1 THEN 'one licence'
                WHEN families = 1 THEN 'several of one family' ELSE 'several families' END AS parents,
            count(*) AS models, count(*) FILTER (list_contains(licences, child)) AS keeps_one,
            count(*) FILTER (child IS NOT NULL AND NOT list_contains(licences, child)) AS takes_another,
            count(*) FILTER (child IS NULL) AS declares_none, sum(count(*)) OVER ()::BIGINT AS n
        FROM pair GROUP BY 1 ORDER BY models DESC, 1
    """,
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
    """Two signs: the tags merge or mergekit, and more than one base model; then what such models say."""
    n, tagged, several, both, either = (int(value) for value in scope.row(SQL["summary"]))
    months = shared(scope.frame(SQL["by month"]))
    summary = _summary(n, tagged, several, both, either)
    scope.reader.execute(SQL["merges"])
    methods, parents = shared(scope.frame(SQL["methods"])), shared(scope.frame(SQL["parents"]))
    depth = shared(_depth(scope.frame(SQL["edges"]), either))
    licences = shared(scope.frame(SQL["licences"]))
    again = either - int(depth["models"].iloc[0])
    return Answer(
        f"{share_with_interval(_stats.share(tagged, n))} of models are tagged as merges, "
        f"{share_with_interval(_stats.share(either, n))} are tagged or name several bases; "
        f"{percent(again / either if either else 0.0, 1)} of those are merges of merges ({scope.cite()}).",
        {
            "signs": summary,
            "months": months,
            "methods": methods,
            "parents": parents,
            "generations": depth,
            "licences of parents": licences,
        },
        lambda: _draw(summary, months, methods, depth, scope, n),
        _alt(summary, methods),
        [
            ("models tagged merge or mergekit", 11_214, tagged, "count", LISTING, ""),
            ("models with several bases", 5_526, several, "count", LISTING, ""),
        ],
        [
            "Several bases are a sign, not a proof: adapters and mixtures of experts name several too.",
            "The method is what mergekit's configuration in the card says, else the tags, else the name; most "
            "say none "
            "that these data hold. Tables by method, parents, generations and licences are about models with "
            "either sign.",
            "A generation is the least number of steps to a merge that names no listed merge; cycles without "
            "one count as 0.",
        ],
    )


def _depth(edges: pd.DataFrame, merges: int) -> pd.DataFrame:
    """Merges by how many generations of merges lie above them; 0 is a merge of models that are no merges."""
    import numpy as np
    import pandas as pd

    keys, places = np.unique(np.concatenate([edges["child"], edges["parent"]]), return_inverse=True)
    child, parent = places[: len(edges)], places[len(edges) :]
    depth = generations(child, parent, len(keys))
    numbers = np.bincount(depth, minlength=1)
    numbers[0] += merges - len(keys)
    return pd.DataFrame({"generation": range(len(numbers)), "models": numbers, "n": merges})


def _alt(summary: pd.DataFrame, methods: pd.DataFrame) -> str:
    signs = ", ".join(f"{row['sign']} {count(row['models'])}" for _, row in summary.iterrows())
    named = ", ".join(f"{row['method']} {count(row['models'])}" for _, row in methods.head(6).iterrows())
    return f"Merges: {signs}; their share by month. Methods: {named or 'none'}. Merges of merges by generation."


def _summary(n: int, tagged: int, several: int, both: int, either: int) -> pd.DataFrame:
    import pandas as pd

    rows = [
        ("tagged merge or mergekit", tagged),
        ("several base models", several),
        ("both signs", both),
        ("either sign", either),
    ]
    return shared(pd.DataFrame(rows, columns=["sign", "models"]).assign(n=n))


def _draw(
    summary: pd.DataFrame, months: pd.DataFrame, methods: pd.DataFrame, depth: pd.DataFrame, scope: Scope, n: int
) -> Figure:
    from analyses import _style as look

    figure, (left, right, low_left, low_right) = look.figure(2, rows=2, height=6.2)
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
    right.set(title="Either sign, by month", ylim=(0, None))
    look.as_percent(right.yaxis)
    if len(months):
        look.dates(right)
    said = methods[methods["method"] != "not said"]
    look.bars(low_left, list(said["method"]) or ["none"], list(said["models"]) or [0],
              [count(value) for value in said["models"]] or ["0"], colour=look.ORANGE)  # fmt: skip
    look.as_count(low_left.xaxis)
    low_left.set(title="Method, where said")
    steps = depth.assign(step=depth["generation"].clip(upper=8)).groupby("step")["models"].sum()
    look.bars(low_right, [f"{step}" if step < 8 else "8+" for step in steps.index], list(steps),
              [count(value) for value in steps], colour=look.GREEN, room=1.35)  # fmt: skip
    look.as_count(low_right.xaxis)
    low_right.set(title="Merges of merges")
    look.caption(figure, scope.caption(n) + ". Whiskers and band: 95 % Wilson intervals.")
    return figure
