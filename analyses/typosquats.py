"""Names that can be taken for a popular model of somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _lookalike as alike
from analyses import _stats
from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._tables import shared
from analyses._text import count, percent, share_with_interval, short

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "typosquats"
TITLE = "Look-alike names"
QUESTION = "Which models can be taken for a popular model of another owner, by their name or their owner's?"
SOURCE = (
    "Attacks as in the PoisonGPT demonstration (EleuterAI for EleutherAI, 2023) and in package registries "
    "(Ohm et al., DIMVA 2020); signals and weights are ours, docs/naming.md."
)
NEEDS = ("downloads",)
POPULAR = 10_000
_SHORTEST = {"owner": 4, "base": 6}


def _near(what: str) -> str:
    """SQL: pairs of different values of ``lookalike_<what>`` at most one edit or only look-alikes apart.

    Blocked: an edit leaves the first half or the rest but one letter alone, so only values that share one of the
    two, or the skeleton, are compared.
    """
    return f"""
        CREATE OR REPLACE TEMP TABLE lookalike_near_{what} AS
        WITH target AS (SELECT * FROM lookalike_{what} WHERE most > {POPULAR} AND size >= {_SHORTEST[what]}),
        key AS (
            SELECT low, size, 'left' AS side, size // 2 AS part, left(low, size // 2) AS text FROM target
            UNION ALL SELECT low, size, 'right', size - size // 2 - 1, right(low, size - size // 2 - 1) FROM target),
        shape AS (SELECT DISTINCT side, part, size + change AS size
            FROM key, (SELECT unnest([-1, 0, 1]) AS change)),
        other AS (SELECT o.low, o.size, s.side, s.part,
                CASE s.side WHEN 'left' THEN left(o.low, s.part) ELSE right(o.low, s.part) END AS text
            FROM lookalike_{what} o JOIN shape s ON s.size = o.size)
        SELECT o.low AS mine, k.low AS theirs FROM other o JOIN key k ON k.text = o.text AND k.part = o.part
            AND k.side = o.side AND k.low <> o.low AND abs(k.size - o.size) <= 1
        WHERE damerau_levenshtein(o.low, k.low) = 1
        UNION SELECT o.low, t.low FROM lookalike_{what} o JOIN target t ON t.skeleton = o.skeleton AND o.low <> t.low
            AND o.size >= {_SHORTEST[what]}
    """


_VALUES = """
        CREATE OR REPLACE TEMP TABLE lookalike_{what} AS
        SELECT lower({column}) AS low, any_value({skeleton}) AS skeleton, any_value(length({column})) AS size,
            max(downloads) AS most
        FROM main WHERE {column} IS NOT NULL AND length({column}) <= 96 GROUP BY low
"""
_LISTED = """m.model_id, m.owner, m.name, m.downloads, t.model_id AS target, t.owner AS target_owner,
            t.name AS target_name, t.downloads AS target_downloads, m.about_id, m.licence_raw IS NOT NULL AS licensed,
            coalesce(m.created_at > t.created_at, true) AS younger"""
SQL = {
    "owners": _VALUES.format(what="owner", column="owner", skeleton=alike.sql_skeleton("owner")),
    "bases": _VALUES.format(what="base", column="name", skeleton=alike.sql_skeleton("name")),
    "near owners": _near("owner"),
    "near bases": _near("base"),
    "targets": f"""
        CREATE OR REPLACE TEMP TABLE lookalike_target AS
        SELECT model_id, owner, name, lower(owner) AS low_owner, lower(name) AS low, downloads, created_at,
            row_number() OVER (PARTITION BY lower(name) ORDER BY downloads DESC, model_id) AS place
        FROM main WHERE downloads > {POPULAR} AND length(name) <= 96
    """,
    "pairs": f"""
        WITH pair AS (
            SELECT {_LISTED} FROM lookalike_near_owner n JOIN lookalike_target t ON t.low_owner = n.theirs
            JOIN main m ON lower(m.owner) = n.mine
            WHERE lower(m.name) = t.low OR (lower(m.name), t.low) IN (SELECT (mine, theirs) FROM lookalike_near_base)
            UNION SELECT {_LISTED} FROM lookalike_target t JOIN main m ON m.owner <> t.owner
                AND lower(m.owner) = t.low_owner AND lower(m.name) = t.low
            UNION SELECT {_LISTED} FROM lookalike_near_base n
            JOIN lookalike_target t ON t.low = n.theirs AND t.place = 1 JOIN main m ON lower(m.name) = n.mine
            WHERE m.owner IS NOT NULL AND lower(m.owner) <> coalesce(t.low_owner, '')
                AND n.mine NOT IN (SELECT low FROM lookalike_target))
        SELECT p.* EXCLUDE (about_id), EXISTS (SELECT 1 FROM core.lineage_edge e WHERE e.about_id = p.about_id
                AND lower(e.parent) IN (lower(p.target), lower(p.target_name))) AS declared,
            EXISTS (SELECT 1 FROM core.lineage_edge e WHERE e.about_id = p.about_id) AS names_base
        FROM pair p WHERE p.model_id <> p.target ORDER BY p.target_downloads DESC, p.model_id, p.target LIMIT 20000
    """,
    "owner pairs": """
        WITH mine AS (SELECT lower(owner) AS low, any_value(owner) AS owner, count(*) AS models,
            sum(downloads)::BIGINT AS downloads FROM main WHERE owner IS NOT NULL GROUP BY low)
        SELECT m.owner, m.models, m.downloads, t.owner AS target, t.models AS target_models,
            t.downloads AS target_downloads
        FROM lookalike_near_owner n JOIN mine m ON m.low = n.mine JOIN mine t ON t.low = n.theirs
        ORDER BY t.downloads DESC, m.owner LIMIT 5000
    """,
    "size": f"""
        SELECT count(*) AS n, count(*) FILTER (downloads > {POPULAR}) AS targets,
            count(DISTINCT owner) FILTER (downloads > {POPULAR}) AS owners FROM main
    """,
}
_KINDS = ("owner, same name", "owner, name nearly", "name alone, by letters", "name alone, by separators")


@analysis
def run(scope: Scope) -> Answer:
    """Pairs blocked and compared in SQL, then weighed by how the two names resemble each other."""
    for step in ("owners", "bases", "near owners", "near bases", "targets"):
        scope.reader.execute(SQL[step])
    n, targets, owners = (int(value or 0) for value in scope.row(SQL["size"]))
    found = scope.frame(SQL["pairs"])
    declared = int(found["declared"].sum()) if len(found) else 0
    ranked = weigh(found[~found["declared"].astype(bool)])
    owner_pairs = _owners(scope.frame(SQL["owner pairs"]))
    kinds = _kinds(ranked, n)
    both, letters = (int(kinds["models"].iloc[:last].sum()) for last in (2, 3))
    return Answer(
        f"{count(letters)} models can be taken for one of the {count(targets)} models with more than "
        f"{count(POPULAR)} downloads by a letter or two, {share_with_interval(_stats.share(letters, n))} of models; "
        f"{count(both)} of them stand under an owner that looks like the popular one ({scope.cite(scope.hub)}).",
        {"kinds": kinds, "suspects": ranked.head(1000), "owners": owner_pairs, "resemblance": _how(ranked)},
        lambda: _draw(ranked, kinds, scope, n, targets),
        _alt(ranked, kinds),
        [],
        [
            f"A resemblance is no proof. {count(declared)} pairs are left out because the model names the popular "
            "one as its base; so are versions, sizes, languages and other words that names are made of.",
            "Weights (analyses/_lookalike.py): the owner's resemblance, the name's, half a point each for no "
            "licence, no base model named, and being younger; two less where the model has over a tenth of the "
            "target's downloads. False alarms: see docs/naming.md.",
            f"{count(len(owner_pairs))} owners look like one of the {count(owners)} owners of popular models; most "
            "publish other names and are not among the models counted.",
        ],
        headline=(count(both), "models under a look-alike owner"),
    )


def weigh(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs that resemble each other, the most suspicious first, each model once.

    ``suspicion`` is the sum of the weights of its evidence; ``evidence`` says it in words.
    """
    import pandas as pd

    rows = []
    for pair in pairs.to_dict("records"):
        owner = alike.resemblance(pair["owner"] or "", pair["target_owner"] or "", whole=True)
        name = alike.resemblance(pair["name"], pair["target_name"])
        near = owner not in (alike.SAME, alike.VARIANT)
        if name == alike.VARIANT or (not near and name in (alike.SAME, alike.CASE)):
            continue
        score, words = alike.WEIGHT[name] + (alike.WEIGHT[owner] + 1 if near else 0), [f"name: {name}"]
        if near:
            words.insert(0, f"owner: {owner}")
        elif name == alike.SEPARATORS:
            score -= 1.5
        for true, text in ((not pair["licensed"], "no licence"), (not pair["names_base"], "no base model"),
                           (pair["younger"], "younger")):  # fmt: skip
            if true:
                score += 0.5
                words.append(text)
        if pair["downloads"] > pair["target_downloads"] / 10:
            score -= 2
            words.append("popular itself")
        kind = _KINDS[
            (0 if name in (alike.SAME, alike.CASE) else 1) if near else 3 if name == alike.SEPARATORS else 2
        ]
        rows.append((pair["model_id"], pair["target"], score, "; ".join(words), kind, owner if near else "", name,
                     pair["downloads"], pair["target_downloads"]))  # fmt: skip
    columns = [
        "model_id",
        "target",
        "suspicion",
        "evidence",
        "kind",
        "owner",
        "name",
        "downloads",
        "target_downloads",
    ]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.sort_values(["suspicion", "target_downloads", "model_id"], ascending=[False, False, True])
    return frame.drop_duplicates("model_id").reset_index(drop=True)


def _kinds(ranked: pd.DataFrame, n: int) -> pd.DataFrame:
    import pandas as pd

    numbers = ranked["kind"].value_counts()
    rows = [(kind, int(numbers.get(kind, 0)), n) for kind in _KINDS]
    return shared(pd.DataFrame(rows, columns=["looks alike", "models", "n"]))


def _how(ranked: pd.DataFrame) -> pd.DataFrame:
    table = ranked.groupby(["kind", "owner", "name"], as_index=False).agg(
        models=("model_id", "size"), targets=("target", "nunique")
    )
    return table.sort_values("models", ascending=False, ignore_index=True)


def _owners(pairs: pd.DataFrame) -> pd.DataFrame:
    how = [
        alike.resemblance(mine, theirs, whole=True)
        for mine, theirs in zip(pairs["owner"], pairs["target"], strict=True)
    ]
    kept = pairs.assign(resemblance=how)
    return kept[kept["resemblance"] != alike.VARIANT].reset_index(drop=True)


def _alt(ranked: pd.DataFrame, kinds: pd.DataFrame) -> str:
    parts = ", ".join(f"{row['looks alike']} {count(row['models'])}" for _, row in kinds.iterrows())
    best = ", ".join(f"{row['model_id']} for {row['target']}" for _, row in ranked.head(5).iterrows())
    return f"Look-alikes of popular models: {parts}. The most suspicious: {best or 'none'}."


def _draw(ranked: pd.DataFrame, kinds: pd.DataFrame, scope: Scope, n: int, targets: int) -> Figure:
    from analyses import _style as look

    shown = ranked.head(14)
    figure = look.canvas(height=2.6 + 0.3 * max(len(shown), 1))
    grid = figure.add_gridspec(2, 1, height_ratios=(1, max(len(shown), 1) / 3.4))
    top, bottom = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
    written = [f"{count(row['models'])}  ({percent(row['share'])})" for _, row in kinds.iterrows()]
    look.bars(top, list(kinds["looks alike"]), list(kinds["models"]), written)
    look.as_count(top.xaxis)
    top.set(title="What looks like a popular model's")
    names = [f"{short(row['model_id'], 30)} ~ {short(row['target'], 30)}" for _, row in shown.iterrows()]
    look.bars(
        bottom,
        [look.label(name, 64) for name in names] or ["none"],
        list(shown["suspicion"]) or [0.0],
        [f"{value:.1f}" for value in shown["suspicion"]] or ["0"],
        colour=look.RED,
    )
    bottom.tick_params(axis="y", labelsize=7.5)
    bottom.set(title="Most suspicious, by weight")
    look.caption(figure, scope.caption(n, f"models, {count(targets)} with more than {count(POPULAR)} downloads",
                                       scope.hub) + ". No proof of intent.")  # fmt: skip
    return figure
