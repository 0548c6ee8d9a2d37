"""Families of models: how large, how deep, how branched, and by which kind of derivation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._kin import EDGES, generations
from analyses._scope import Scope
from analyses._tables import shared
from analyses._text import count, number, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Ints = NDArray[Any]

NAME = "family_trees"
TITLE = "Family trees"
QUESTION = "How large and how deep are the families that base models and their descendants form?"
SOURCE = (
    "Laufer et al., 2025 (family trees of 1.86 million models); Horwitz et al., 2025 (Model Atlas). Components of "
    "the graph of base-model edges; generations as in breadth-first search from the founders."
)
NEEDS = ("lineage",)
SQL = {
    "edges": f"SELECT child, parent, kind, stated FROM ({EDGES}) ORDER BY child, parent, kind",
    "models": """
        SELECT model_key, hub, model_id, owner, licence_raw, downloads FROM scope
        WHERE model_key IN (SELECT unnest($1::INTEGER[]))
    """,
    "size": "SELECT count(about_id) FROM scope",
}
_SIZES = ((2, 2, "2"), (3, 5, "3-5"), (6, 10, "6-10"), (11, 100, "11-100"), (101, 1000, "101-1,000"),
          (1001, 10**9, "> 1,000"))  # fmt: skip


@analysis
def run(scope: Scope) -> Answer:
    """Edges come from SQL as pairs of keys; scipy finds the components."""
    edges = scope.frame(SQL["edges"])
    n = int(scope.row(SQL["size"])[0])
    if edges.empty:
        return Answer("Not answered: no model names a base model that is listed.", {})
    keys, child, parent = _compact(edges)
    family, sizes = _components(child, parent, len(keys))
    depth = generations(child, parent, len(keys))
    children = np.bincount(parent, minlength=len(keys))
    families = _families(scope, keys, family, sizes, depth, children, child, parent)
    inside, largest = len(keys), int(sizes.max())
    tail = _stats.tail_exponent(np.sort(sizes)[::-1][: max(10, len(sizes) // 10)])
    summary = _summary(n, inside, sizes, depth, children, tail)
    biggest = families["founder"].iloc[0]
    return Answer(
        f"{count(len(sizes))} families hold {share_with_interval(_stats.share(inside, n))} of models; the largest, "
        f"of {biggest}, {percent(largest / inside, 1)} of those; families reach {int(depth.max())} generations "
        f"below their founders ({scope.cite()}).",
        {
            "families": families,
            "summary": summary,
            "sizes": shared(_sizes(sizes), "families"),
            "generations": shared(_generations(depth), "models"),
            "branching": shared(_branching(children), "models"),
            "kinds": shared(_kinds(edges, family, child, depth), "edges"),
        },
        lambda: _draw(families, depth, edges, scope, n),
        _alt(families, sizes, depth),
        [],
        [
            "A family is a set of listed models that base-model edges connect, whatever their direction; a merge "
            "joins the families of its parents. A founder names no listed base; the family bears the name of the one "
            "with most children.",
            f"{percent(float(edges['stated'].mean()))} of edges state their relation; the others are sorted by "
            "tags: several bases or a merge tag, a quantized format, an adapter, else fine-tuned.",
            "Generations are the least number of edges to a founder; models on or below a cycle without one count "
            "as 0.",
        ],
        headline=(count(largest), f"models in the family of {biggest}"),
    )


def _compact(edges: pd.DataFrame) -> tuple[Ints, Ints, Ints]:
    """Model keys, and each edge's child and parent as places among them."""
    both = np.concatenate([edges["child"].to_numpy(), edges["parent"].to_numpy()])
    keys, places = np.unique(both, return_inverse=True)
    return keys, places[: len(edges)], places[len(edges) :]


def _components(child: Ints, parent: Ints, n: int) -> tuple[Ints, Ints]:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(child), dtype=np.int8), (child, parent)), shape=(n, n))
    _, family = connected_components(graph, directed=False)
    return family, np.bincount(family)


def _families(scope: Scope, keys: Ints, family: Ints, sizes: Ints, depth: Ints, children: Ints,
              child: Ints, parent: Ints) -> pd.DataFrame:  # fmt: skip
    """The 200 largest, each with its founder of most children, its depth and its branching."""
    import pandas as pd

    chosen = np.argsort(-sizes, kind="stable")[:200]
    founder = np.ones(len(keys), dtype=bool)
    founder[child] = False
    frame = pd.DataFrame({"key": keys, "family": family, "children": children, "depth": depth, "founder": founder})
    frame = frame[frame["family"].isin(chosen)]
    best = frame.sort_values(["founder", "children", "key"], ascending=[False, False, True]).drop_duplicates("family")
    facts = scope.frame(SQL["models"], [[int(key) for key in frame["key"]]]).set_index("model_key")
    joined = frame.join(facts, on="key")
    made = joined.groupby("family").agg(
        models=("key", "size"), founders=("founder", "sum"), generations=("depth", "max"),
        leaves=("children", lambda values: int((values == 0).sum())), owners=("owner", "nunique"),
        licences=("licence_raw", "nunique"), downloads=("downloads", "sum"), parents=("children",
        lambda values: int((values > 0).sum())), edges=("children", "sum"),
    )  # fmt: skip
    names = best.set_index("family")["key"].map(facts["model_id"]).rename("founder")
    table = made.join(names).sort_values(["models", "founder"], ascending=[False, True]).reset_index(drop=True)
    table["children per parent"] = table["edges"] / table["parents"]
    first = ["founder", "models", "generations", "founders", "leaves", "children per parent", "owners", "licences"]
    return table[[*first, "downloads"]]


def _summary(n: int, inside: int, sizes: Ints, depth: Ints, children: Ints, tail: _stats.Estimate) -> pd.DataFrame:
    import pandas as pd

    rows = [
        ("models with tags", n),
        ("models in a family", inside),
        ("families", len(sizes)),
        ("median size", float(np.median(sizes))),
        ("largest", int(sizes.max())),
        ("Gini of sizes", _stats.gini(sizes)),
        ("tail exponent of the largest tenth", tail.value),
        ("tail exponent, low", tail.low),
        ("tail exponent, high", tail.high),
        ("deepest generation", int(depth.max())),
        ("models with children", int((children > 0).sum())),
        ("children per model that has any", float(children[children > 0].mean())),
    ]
    return pd.DataFrame(rows, columns=["measure", "value"])


def _sizes(sizes: Ints) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for low, high, label in _SIZES:
        inside = sizes[(sizes >= low) & (sizes <= high)]
        rows.append((label, len(inside), int(inside.sum()), len(sizes)))
    return pd.DataFrame(rows, columns=["size", "families", "models", "n"])


def _generations(depth: Ints) -> pd.DataFrame:
    import pandas as pd

    counts = np.bincount(depth)
    return pd.DataFrame({"generation": range(len(counts)), "models": counts, "n": len(depth)})


def _branching(children: Ints) -> pd.DataFrame:
    import pandas as pd

    bands = ((0, 0, "0"), (1, 1, "1"), (2, 5, "2-5"), (6, 20, "6-20"), (21, 100, "21-100"), (101, 10**9, "> 100"))
    rows = [(label, int(((children >= low) & (children <= high)).sum()), len(children)) for low, high, label in bands]
    return pd.DataFrame(rows, columns=["children", "models", "n"])


def _kinds(edges: pd.DataFrame, family: Ints, child: Ints, depth: Ints) -> pd.DataFrame:
    """By kind of derivation: edges, families touched, and how deep the child stands on average."""
    taken = edges.assign(family=family[child], depth=depth[child])
    table = taken.groupby("kind", as_index=False).agg(
        edges=("child", "size"), children=("child", "nunique"), parents=("parent", "nunique"),
        families=("family", "nunique"), mean_generation=("depth", "mean"), stated=("stated", "sum"),
    )  # fmt: skip
    return table.sort_values("edges", ascending=False, ignore_index=True).assign(n=len(edges))


def _alt(families: pd.DataFrame, sizes: Ints, depth: Ints) -> str:
    best = ", ".join(f"{row['founder']} {count(row['models'])}" for _, row in families.head(5).iterrows())
    return (
        f"The largest of {count(len(sizes))} families: {best}. Sizes (median {number(float(np.median(sizes)), 0)}) "
        f"and generations (to {int(depth.max())})."
    )


def _draw(families: pd.DataFrame, depth: Ints, edges: pd.DataFrame, scope: Scope, n: int) -> Figure:
    from analyses import _style as look

    figure = look.canvas(height=6.6)
    grid = figure.add_gridspec(2, 2, height_ratios=(1.3, 1))
    top, left, right = (figure.add_subplot(place) for place in (grid[0, :], grid[1, 0], grid[1, 1]))
    shown = families.head(12)
    look.bars(top, [look.label(name, 44) for name in shown["founder"]], list(shown["models"]),
              [f"{count(row['models'])}, {row['generations']:.0f} generations" for _, row in shown.iterrows()],
              room=1.45)  # fmt: skip
    look.as_count(top.xaxis)
    top.set(title="Largest families, by their founder")
    known = np.bincount(np.minimum(depth, 6))
    steps = [str(step) if step < 6 else "6+" for step in range(len(known))]
    look.bars(left, steps, [int(value) for value in known], [look.si(value) for value in known],
              colour=look.GREEN, room=1.5)  # fmt: skip
    look.as_count(left.xaxis)
    left.set(title="Generations")
    kinds = edges["kind"].value_counts()
    look.bars(right, list(kinds.index), [int(value) for value in kinds], [look.si(value) for value in kinds],
              colour=look.ORANGE, room=1.5)  # fmt: skip
    look.as_count(right.xaxis)
    right.set(title="Edges by kind")
    look.caption(figure, scope.caption(n, f"models with tags, {count(len(edges))} edges between listed models"))
    return figure
