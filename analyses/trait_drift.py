"""What changes from a base model to its children: licence, language, task, size, documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _stats, _trends
from analyses._base import Answer, analysis
from analyses._kin import EDGES
from analyses._scope import Scope
from analyses._tables import at, shared
from analyses._text import count, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "trait_drift"
TITLE = "Drift of traits along lineage"
QUESTION = "Which traits do derived models change, and in which direction?"
SOURCE = (
    "Laufer et al., 2025 (traits mutate along family trees: licences towards permissive, languages "
    "towards English only, cards towards short and automatic). Direction: McNemar's test for clustered "
    "pairs, Obuchowski, Statistics in Medicine 17 (1998), with the parent as cluster."
)
NEEDS = ("lineage",)
# Each trait: what "changed" is, what a step up is, null where either does not say. c is the child, p the parent.
_ENGLISH = "{0}.languages = ['en']"
_TRAITS = {
    "owner": ("c.owner IS DISTINCT FROM p.owner", "NULL", "NULL"),
    "licence": ("c.licence <> p.licence",
                "(c.licence_family = 'permissive')::INT - (p.licence_family = 'permissive')::INT", "more permissive"),
    "licence declared": ("(c.licence_raw IS NULL) <> (p.licence_raw IS NULL)",
                         "(c.licence_raw IS NOT NULL)::INT - (p.licence_raw IS NOT NULL)::INT", "declared"),
    "languages": ("c.languages <> p.languages",
                  f"({_ENGLISH.format('c')})::INT - ({_ENGLISH.format('p')})::INT", "English only"),
    "languages declared": ("(c.languages IS NULL) <> (p.languages IS NULL)",
                           "(c.languages IS NOT NULL)::INT - (p.languages IS NOT NULL)::INT", "declared"),
    "task": ("c.task <> p.task", "NULL", "NULL"),
    "library": ("c.library <> p.library", "NULL", "NULL"),
    "architecture": ("c.architecture <> p.architecture", "NULL", "NULL"),
    "file formats": ("c.formats <> p.formats",
                     "list_contains(c.formats, 'gguf')::INT - list_contains(p.formats, 'gguf')::INT", "gguf"),
    "data sets declared": ("(c.datasets > 0) <> (p.datasets > 0)",
                           "(c.datasets > 0)::INT - (p.datasets > 0)::INT", "declared"),
    "papers named": ("(c.papers > 0) <> (p.papers > 0)", "(c.papers > 0)::INT - (p.papers > 0)::INT", "named"),
    "metadata fields": ("c.metadata_score <> p.metadata_score", "sign(c.metadata_score - p.metadata_score)",
                        "more fields"),
    "card length": ("c.card_words <> p.card_words", "sign(c.card_words - p.card_words)", "longer"),
    "card sections": ("len(c.card_sections) <> len(p.card_sections)",
                      "sign(len(c.card_sections) - len(p.card_sections))", "more sections"),
    "parameters": ("abs(c.parameters - p.parameters) > 0.01 * p.parameters",
                   "CASE WHEN abs(c.parameters - p.parameters) > 0.01 * p.parameters "
                   "THEN sign(c.parameters - p.parameters) ELSE 0 END", "more"),
}  # fmt: skip
_ROWS = "trait_drift_edges"
_LISTED = """
        SELECT a.about_id, list_sort(list(lower(t.value)) FILTER (t.kind = 'language')) AS languages,
            list_sort(list(lower(t.value)) FILTER (t.kind = 'format')) AS formats
        FROM core.about_tag a JOIN core.tag t ON t.tag_id = a.tag_id
        WHERE t.kind IN ('language', 'format') GROUP BY a.about_id
"""
SQL = {
    "edges": f"""
        CREATE OR REPLACE TEMP TABLE {_ROWS} AS
        WITH edge AS MATERIALIZED ({EDGES}),
        kin AS (SELECT child AS model_key FROM edge UNION SELECT parent FROM edge),
        trait AS MATERIALIZED (SELECT s.model_key, s.owner, s.licence, s.licence_raw, s.licence_family, s.task,
                s.library, s.architecture, s.datasets, s.papers, s.metadata_score, nullif(s.card_words, 0)
                AS card_words, s.card_sections, s.parameters, l.languages, l.formats
            FROM kin JOIN scope s USING (model_key) LEFT JOIN ({_LISTED}) l ON l.about_id = s.about_id)
        SELECT e.kind, p.model_key AS parent, {
        ", ".join(
            f'({changed})::INT AS "{name} changed", ({up})::INT AS "{name} step"'
            for name, (changed, up, _) in _TRAITS.items()
        )
    }
        FROM edge e JOIN trait c ON c.model_key = e.child JOIN trait p ON p.model_key = e.parent
    """,
    "traits": " UNION ALL ".join(
        f"""SELECT '{name}' AS trait, '{word if word != "NULL" else ""}' AS up_means, sum(n)::BIGINT AS n,
            sum(x)::BIGINT AS changed, sum(u)::BIGINT AS up, sum(d)::BIGINT AS down, count(*) AS parents,
            sum(x * x)::DOUBLE AS xx, sum(x * n)::DOUBLE AS xn, sum(n * n)::DOUBLE AS nn,
            sum((u - d) * (u - d))::DOUBLE AS turn FROM (
            SELECT parent, count("{name} changed") AS n, sum("{name} changed") AS x,
                count(*) FILTER ("{name} step" > 0) AS u, count(*) FILTER ("{name} step" < 0) AS d
            FROM {_ROWS} GROUP BY parent HAVING n > 0)"""
        for name, (_, _, word) in _TRAITS.items()
    ),
    "kinds": " UNION ALL ".join(
        f"""SELECT kind, '{name}' AS trait, count("{name} changed") AS n, sum("{name} changed")::BIGINT AS changed,
            count(*) FILTER ("{name} step" > 0) AS up, count(*) FILTER ("{name} step" < 0) AS down
            FROM {_ROWS} GROUP BY kind HAVING n > 0"""
        for name in _TRAITS
    ),
    "lengths": f"""
        SELECT e.kind, count(*) AS n, median(c.card_words) AS child_words, median(p.card_words) AS parent_words,
            median(c.card_words / p.card_words) AS ratio
        FROM ({EDGES}) e JOIN scope c ON c.model_key = e.child JOIN scope p ON p.model_key = e.parent
        WHERE c.card_words > 0 AND p.card_words > 0 GROUP BY ROLLUP (e.kind) ORDER BY n DESC, e.kind
    """,
}
_LEAST = 10
_TOLD = ("licence", "languages", "task")


@analysis
def run(scope: Scope) -> Answer:
    """Share of edges that change each trait, and whether changes go one way more than the other."""
    scope.reader.execute(SQL["edges"])
    frame = scope.frame(SQL["traits"])
    frame = frame[frame["n"].fillna(0) > 0].reset_index(drop=True)
    if frame.empty:
        return Answer("Not answered: no base model that is named is itself listed.", {})
    traits = tested(shared(frame, "changed"))
    kinds = shared(scope.frame(SQL["kinds"]), "changed").sort_values(["trait", "kind"], ignore_index=True)
    lengths = scope.frame(SQL["lengths"])
    edges = int(traits["n"].max())
    most = traits[traits["trait"].isin(_TOLD) & (traits["n"] >= _LEAST)].sort_values("share", ascending=False)
    first = most.iloc[0] if len(most) else traits.iloc[0]
    return Answer(
        f"Of licence, languages and task, where both models say them, {first['trait']} change most, on "
        f"{share_with_interval(_stats.share(int(first['changed']), int(first['n'])))} of edges; "
        f"{_directions(traits)} ({scope.cite()}).",
        {"traits": traits, "kinds": kinds, "card lengths": lengths},
        lambda: _draw(traits, scope, edges),
        _alt(traits),
        [
            ("licence moves towards permissive", "more often than away", _way(traits, "licence"), "count",
             "Laufer et al. 2025, abstract", "a step: the child's licence is permissive, the parent's is not, "
             "or back"),
            ("languages move towards English only", "more often than away", _way(traits, "languages"), "count",
             "Laufer et al. 2025, abstract", "of edges where both name languages"),
            ("cards grow shorter", "more often than longer", _way(traits, "card length"), "count",
             "Laufer et al. 2025, abstract", "of edges where both cards were read; here few, of popular models"),
        ],
        [
            "low and high: 95 % Wilson intervals, which take edges as independent; clustered low and high let "
            "the children of one parent go together. p: clustered McNemar test of up against down, Holm over "
            "all traits.",
            "g is Cohen's g, the share of steps that go up less one half; 0.05 is small, 0.25 large.",
            "A change of file formats, library or architecture is as often a conversion as a mutation.",
        ],
    )  # fmt: skip


def tested(traits: pd.DataFrame) -> pd.DataFrame:
    """Clustered intervals of the shares; direction with its clustered test and effect size.

    For clusters j with n(j) edges and x(j) changes the variance of p = Σx/Σn is Σ(x - p·n)²/(Σn)² (ratio estimator).
    The direction's z is Σ(u - d)/sqrt(Σ(u - d)²), Obuchowski's statistic; McNemar's where clusters are single.
    """
    import numpy as np
    from scipy import stats

    p, n = traits["share"], traits["n"]
    spread = np.sqrt(np.maximum(traits["xx"] - 2 * p * traits["xn"] + p**2 * traits["nn"], 0)) / n
    steps = (traits["up"] + traits["down"]).astype(float)
    difference = (traits["up"] - traits["down"]).astype(float)
    z = (difference / np.sqrt(traits["turn"].where(traits["turn"] > 0))).where(steps >= _LEAST)
    raw = 2 * stats.norm.sf(np.abs(z.to_numpy(dtype=float)))
    made = traits.assign(
        clustered_low=np.maximum(p - _stats.Z95 * spread, 0),
        clustered_high=np.minimum(p + _stats.Z95 * spread, 1),
        g=(traits["up"] / steps.where(steps > 0)) - 0.5,
        z=z,
        p=raw,
        p_holm=_trends.holm(raw),
    )
    columns = ["trait", "n", "parents", "changed", "share", "low", "high", "clustered_low", "clustered_high",
               "up_means", "up", "down", "g", "z", "p", "p_holm"]  # fmt: skip
    return made[columns]


def _way(traits: pd.DataFrame, trait: str) -> str:
    up, down = (at(traits, "trait", trait, name, 0.0) for name in ("up", "down"))
    return f"{count(up)} towards, {count(down)} away" if trait != "card length" else (
        f"{count(down)} shorter, {count(up)} longer")  # fmt: skip


def _directions(traits: pd.DataFrame) -> str:
    return (
        f"licences step towards permissive {_way(traits, 'licence').replace(' towards', '')}, languages to "
        f"English only {_way(traits, 'languages').replace(' towards', '')}, of "
        f"{count(at(traits, 'trait', 'card length', 'n'))} "
        f"pairs of cards {_way(traits, 'card length')}"
    )


def _alt(traits: pd.DataFrame) -> str:
    parts = ", ".join(f"{row['trait']} {percent(row['share'], 1)}" for _, row in traits.iterrows())
    return f"Share of lineage edges that change a trait: {parts}; and the steps up and down of each."


def _draw(traits: pd.DataFrame, scope: Scope, edges: int) -> Figure:
    from analyses import _style as look

    figure, (left, right) = look.figure(2, height=2.2 + 0.26 * len(traits), ratios=(1.25, 1))
    shown = traits[traits["n"] >= min(_LEAST, edges)].sort_values("share", ascending=False, ignore_index=True)
    look.bars(left, list(shown["trait"]), list(shown["share"]),
              [f"{percent(row['share'], 0)} of {look.si(row['n'])}" for _, row in shown.iterrows()],
              intervals=(list(shown["clustered_low"]), list(shown["clustered_high"])), room=1.5)  # fmt: skip
    left.set_xticks([0, 0.5, 1])
    left.xaxis.set_major_formatter(lambda value, _place: percent(value, 0))
    left.set(title="Edges that change it")
    turned = shown[(shown["up"] + shown["down"]) >= _LEAST].reset_index(drop=True)
    total = turned["up"] + turned["down"]
    right.barh(range(len(turned)), turned["up"] / total, color=look.GREEN, height=0.68)
    right.barh(range(len(turned)), -turned["down"] / total, color=look.RED, height=0.68)
    right.axvline(0, color=look.INK, linewidth=0.8)
    for place, row in enumerate(turned.to_dict("records")):
        star = " *" if row["p_holm"] < 0.05 else ""
        right.annotate(f"{look.si(row['up'])}{star}", (1.02, place), va="center", fontsize=8, annotation_clip=False)
        right.annotate(look.si(row["down"]), (-1.02, place), va="center", ha="right", fontsize=8,
                       annotation_clip=False)  # fmt: skip
    names = [f"{row['trait']}: {row['up_means']}" for _, row in turned.iterrows()]
    right.set_yticks(range(len(turned)), names)
    right.tick_params(axis="y", length=0, pad=26)
    right.set_ylim(max(len(turned), 1) - 0.4, -0.6)
    right.set(title="Away | towards", xlim=(-1, 1))
    right.set_xticks([])
    look.caption(figure, scope.caption(edges, "edges between listed models") + ". Whiskers: 95 % intervals that let "
                 "the children of one parent go together. * Holm-corrected p < 0.05.")  # fmt: skip
    return figure
