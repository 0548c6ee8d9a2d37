"""Whether a model can be loaded with the library of the model that it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyses import _stats
from analyses._base import Answer, absent, analysis
from analyses._scope import Scope
from analyses._tables import at, shared
from analyses._text import count, number, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "library_preservation"
TITLE = "Libraries along lineage"
QUESTION = "Does a model keep the library of its base model, and in how many libraries and formats can it be had?"
SOURCE = (
    "Jones et al., ESEM 2024, fig. 5: among models with a base model and at least two libraries, the share that has "
    "each library; library and format tags count alike."
)
NEEDS = ("lineage",)
_KINDS = """
        SELECT s.model_key, t.value, t.kind::VARCHAR AS kind
        FROM scope s JOIN core.about_tag a ON a.about_id = s.about_id JOIN core.tag t ON t.tag_id = a.tag_id
        WHERE t.kind IN ('library', 'format')
"""
_EDGES = """
        WITH renamed AS (
            SELECT hub, model_id, arg_max(canonical_id, (confidence, canonical_id)) AS canonical_id
            FROM mart.alias GROUP BY hub, model_id
        ),
        named AS (
            SELECT DISTINCT c.hub, c.model_key AS child, c.library AS child_library, e.parent,
                lower(coalesce(e.relation::VARCHAR, 'not said')) AS relation
            FROM scope c JOIN core.lineage_edge e ON e.about_id = c.about_id
        ),
        found AS (
            SELECT e.child, e.child_library, e.relation, coalesce(p.model_key, q.model_key) AS parent,
                CASE WHEN p.model_key IS NULL THEN q.library ELSE p.library END AS parent_library
            FROM named e
            LEFT JOIN scope p ON p.hub = e.hub AND p.model_id = e.parent
            LEFT JOIN renamed r ON r.hub = e.hub AND r.model_id = e.parent
            LEFT JOIN scope q ON q.hub = r.hub AND q.model_id = r.canonical_id
        )
        SELECT DISTINCT * FROM found WHERE parent IS NOT NULL AND parent <> child
"""
SQL = {
    "edges": f"CREATE OR REPLACE TEMP TABLE library_edge AS {_EDGES}",
    "kinds": f"CREATE OR REPLACE TEMP TABLE library_tag AS SELECT DISTINCT * FROM ({_KINDS})",
    "transitions": """
        SELECT parent_library AS "from", child_library AS "to", count(*) AS models FROM library_edge
        WHERE parent_library IS NOT NULL AND child_library IS NOT NULL GROUP BY ALL ORDER BY models DESC, "from", "to"
    """,
    "relations": """
        SELECT relation, count(*) FILTER (parent_library = child_library) AS models, count(*) AS n FROM library_edge
        WHERE parent_library IS NOT NULL AND child_library IS NOT NULL GROUP BY relation ORDER BY n DESC, relation
    """,
    "stated": """
        SELECT count(*), count(parent_library), count(child_library),
            count(*) FILTER (parent_library IS NOT NULL AND child_library IS NOT NULL) FROM library_edge
    """,
    "families": """
        SELECT count(*) AS families, avg(kept) AS mean, var_samp(kept) AS variance FROM (
            SELECT parent, avg((parent_library = child_library)::INTEGER) AS kept FROM library_edge
            WHERE parent_library IS NOT NULL AND child_library IS NOT NULL GROUP BY parent)
    """,
    "formats kept": """
        SELECT p.kind, p.value, count(*) FILTER (c.model_key IS NOT NULL) AS models, count(*) AS n
        FROM (SELECT DISTINCT parent, child FROM library_edge) e
        JOIN library_tag p ON p.model_key = e.parent
        LEFT JOIN library_tag c ON c.model_key = e.child AND c.value = p.value
        GROUP BY ALL HAVING n >= $1 ORDER BY n DESC, p.value LIMIT 40
    """,
    "bars": """
        WITH several AS (
            SELECT model_key FROM library_tag
            WHERE model_key IN (SELECT model_key FROM scope WHERE base_models > 0)
            GROUP BY model_key HAVING count(*) >= 2
        )
        SELECT value AS library, kind, count(DISTINCT model_key) AS models, (SELECT count(*) FROM several) AS n
        FROM library_tag WHERE model_key IN (FROM several) GROUP BY ALL ORDER BY models DESC, library
    """,
    "how many": """
        SELECT least(coalesce(t.tags, 0), 6) AS number, count(*) AS models, any_value(w.n) AS n
        FROM scope s LEFT JOIN (SELECT model_key, count(*) AS tags FROM library_tag GROUP BY 1) t USING (model_key),
            (SELECT count(*) AS n FROM scope WHERE base_models > 0) w
        WHERE s.base_models > 0 GROUP BY 1 ORDER BY 1
    """,
}
#: The ten bars of figure 5: count, and the share printed for the first.
BARS = (
    ("transformers", 2_699),
    ("safetensors", 1_929),
    ("tensorboard", 1_173),
    ("timm", 263),
    ("sentence-transformers", 220),
    ("diffusers", 182),
    ("onnx", 124),
    ("rust", 78),
    ("transformers.js", 25),
    ("ultralytics", 21),
)


@analysis
def run(scope: Scope) -> Answer:
    """Transitions from the library of a parent to that of a child; formats kept; the bars of the study."""
    for name in ("edges", "kinds"):
        scope.reader.execute(SQL[name])
    stated = [int(value) for value in scope.row(SQL["stated"])]
    if stated[0] == 0:
        return absent("no base model that is named is listed")
    moves, relations = scope.frame(SQL["transitions"]), shared(scope.frame(SQL["relations"]))
    kept = _stats.share(int(moves.loc[moves["from"] == moves["to"], "models"].sum()), stated[3])
    bars = shared(scope.frame(SQL["bars"]))
    formats = shared(scope.frame(SQL["formats kept"], [20 if scope.models > 1000 else 1]))
    families = scope.row(SQL["families"])
    return Answer(
        f"Where both name their library, {share_with_interval(kept)} of models keep that of their base model "
        f"({scope.cite()}).",
        {
            "kept": _summary(kept, stated, families),
            "transitions": _matrix(moves),
            "moves": moves.head(1000),
            "relations": relations,
            "formats": formats,
            "bars": bars,
            "how many": shared(scope.frame(SQL["how many"])),
        },
        lambda: _draw(moves, bars, scope, stated[3]),
        _alt(moves, bars, kept),
        _published(bars) if scope.hub == "huggingface" else [],
        _notes(stated, families, bars),
        headline=(percent(kept.value, 1), "of models keep their base model's library"),
    )


def _summary(kept: _stats.Estimate, stated: list[int], families: tuple[object, ...]) -> pd.DataFrame:
    import pandas as pd

    rows = [("same library", round(kept.value * kept.n) if kept.n else 0, stated[3])]
    rows += [("the base model names one", stated[1], stated[0]), ("the model names one", stated[2], stated[0])]
    return shared(pd.DataFrame(rows, columns=["what", "models", "n"])).rename(columns={"models": "edges"})


def _matrix(moves: pd.DataFrame) -> pd.DataFrame:
    """Libraries of parents in rows, of children in columns: edges, the eight most frequent and the rest."""
    import pandas as pd

    if moves.empty:
        return pd.DataFrame(columns=["from", "all"])
    sizes = moves.groupby("from")["models"].sum().add(moves.groupby("to")["models"].sum(), fill_value=0)
    largest = list(sizes.sort_values(ascending=False, kind="stable").index[:8])
    short = moves.assign(**{end: moves[end].where(moves[end].isin(largest), "others") for end in ("from", "to")})
    table = short.pivot_table(index="from", columns="to", values="models", aggfunc="sum", fill_value=0)
    order = [*largest, "others"]
    table = table.reindex(index=[n for n in order if n in table.index], columns=[n for n in order if n in table])
    return table.assign(all=table.sum(axis=1)).rename_axis(columns=None).reset_index()


def _published(bars: pd.DataFrame) -> list[tuple[object, ...]]:
    source = "ESEM 2024, fig. 5"
    why = "theirs: children among the snapshots of PeaTMOSS, 2023; ours: all models that name a base model"
    rows: list[tuple[object, ...]] = []
    for name, models in BARS:
        # The study prints one share, 0.83; with its count that is a whole of some 3,250 models.
        theirs = models / (BARS[0][1] / 0.83)
        rows.append((f"models with {name}", theirs, at(bars, "library", name, "share"), "share", source, why))
    rows.append(("models with transformers", BARS[0][1], int(at(bars, "library", "transformers", "models")), "count",
                 source, why))  # fmt: skip
    return rows


def _notes(stated: list[int], families: tuple[object, ...], bars: pd.DataFrame) -> list[str]:
    notes = [
        "The library is the one that the hub names for a model (one each). Libraries and formats by tag are several "
        "per model: there a tag of the parent counts as kept when the child has it too.",
        f"Of {count(stated[0])} edges to a listed model, renames followed, the base model names a library in "
        f"{count(stated[1])}, the child in {count(stated[2])}. Edges of one base model are not independent.",
        "The published shares are read from the counts on the bars over the whole that the first share, 0.83, gives.",
    ]
    number_of, mean, variance = (float(value or 0) for value in families)  # type: ignore[arg-type]
    if number_of >= 3:
        half = 1.96 * (variance / number_of) ** 0.5
        notes.append(
            f"With every base model counted once (the mean over {count(number_of)} families) "
            f"{percent(mean, 1)} keep it (95 % CI {100 * max(mean - half, 0):.1f} to "
            f"{100 * min(mean + half, 1):.1f} %)."
        )
    if len(bars) >= 3:
        both = np.array([dict(BARS).get(str(name), 0) for name in bars["library"]], dtype=np.float64)
        seen = both > 0
        if seen.sum() >= 5:
            rank = _stats.spearman(
                both[seen], bars["models"].to_numpy(dtype=np.float64)[seen], np.ones(int(seen.sum()))
            )
            notes.append(f"Spearman's correlation of the ten published bars with ours: {number(rank)}.")
    return notes


def _alt(moves: pd.DataFrame, bars: pd.DataFrame, kept: _stats.Estimate) -> str:
    best = ", ".join(f"{row['library']} {percent(row['share'], 1)}" for _, row in bars.head(5).iterrows())
    return (
        f"Libraries of base models against those of models made from them; {percent(kept.value, 1)} are the same. "
        f"Libraries and formats of models with a base model and at least two of them: {best or 'none'}."
    )


def _draw(moves: pd.DataFrame, bars: pd.DataFrame, scope: Scope, edges: int) -> Figure:
    from analyses import _style as look

    figure, (left, right) = look.figure(2, height=4.6, ratios=(1.15, 1))
    _draw_matrix(left, _matrix(moves))
    shown = bars.head(10)
    written = [f"{percent(share, 1)}" for share in shown["share"]]
    look.bars(
        right,
        [look.label(name, 22) for name in shown["library"]],
        list(shown["share"]),
        written,
        intervals=(list(shown["low"]), list(shown["high"])),
        colour=look.GREEN,
        room=1.35,
    )
    look.as_percent(right.xaxis)
    right.set(title="Libraries of children")
    n = int(bars["n"].iloc[0]) if len(bars) else 0
    look.caption(figure, f"{scope.caption(edges, 'edges where both name a library')}; right: n = {count(n)} models")
    return figure


def _draw_matrix(axes: Axes, table: pd.DataFrame) -> None:
    """Share of each row's models that go to each column."""
    from analyses import _style as look

    axes.set(title="From the base's library to the model's")
    if table.empty:
        axes.axis("off")
        return
    names, columns = list(table["from"]), [name for name in table.columns if name not in ("from", "all")]
    shares = table[columns].to_numpy(dtype=np.float64) / np.maximum(table[["all"]].to_numpy(dtype=np.float64), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(shares.shape):
        if (value := shares[row, column]) >= 0.005:
            colour = "white" if value > 0.55 else look.INK
            axes.text(column, row, f"{100 * value:.0f}", ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(
        range(len(columns)), [look.label(name, 16) for name in columns], rotation=50, ha="right", fontsize=8
    )
    sizes = [f"{look.label(name, 16)} ({look.si(size)})" for name, size in zip(names, table["all"], strict=True)]
    axes.set_yticks(range(len(names)), sizes, fontsize=8)
    axes.tick_params(length=0)
    axes.set_xlabel("% of the row", fontsize=8.5)
    for spine in axes.spines.values():
        spine.set_visible(False)
