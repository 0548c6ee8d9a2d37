"""On how few datasets, architectures and owners the models rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._tables import LISTING, at, shared
from analyses._text import count, number, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "concentration"
TITLE = "Concentration"
QUESTION = "On how few datasets, architectures and owners do models depend?"
SOURCE = "Jiang et al., ICSE 2023, fig. 6: dependency of a dataset = models that name it (several count each)."
NEEDS = ("tags",)
SQL = {
    "datasets": """
        SELECT t.value AS dataset, count(DISTINCT s.model_key) AS models
        FROM scope s JOIN core.about_tag a ON a.about_id = s.about_id JOIN core.tag t ON t.tag_id = a.tag_id
        WHERE t.kind = 'dataset' GROUP BY 1 ORDER BY models DESC, 1
    """,
    "architectures": """
        SELECT coalesce(model_type, architecture) AS architecture, count(*) AS models FROM scope
        WHERE coalesce(model_type, architecture) IS NOT NULL GROUP BY 1 ORDER BY models DESC, 1
    """,
    "owners": """
        SELECT owner, count(*) AS models, sum(downloads)::BIGINT AS downloads
            FROM main GROUP BY owner ORDER BY models DESC, owner
    """,
    "known": """
        SELECT count(about_id) AS tags, count(*) FILTER (datasets > 0) AS datasets,
            count(coalesce(model_type, architecture)) AS architectures FROM scope
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Frequencies, and the Gini coefficient of each with its bootstrap interval."""
    n, with_dataset, with_architecture = (int(value) for value in scope.row(SQL["known"]))
    datasets, owners = shared(scope.frame(SQL["datasets"]).assign(n=n)), scope.frame(SQL["owners"])
    owners = shared(owners.assign(n=int(owners["models"].sum())))
    tables = {
        "measures": _measures({"datasets": datasets, "owners": owners}),
        "datasets": datasets.head(1000),
        "owners": owners.head(1000),
    }
    architectures = shared(scope.frame(SQL["architectures"]).assign(n=with_architecture))
    if with_architecture:
        tables["architectures"] = architectures.head(1000)
    none = _stats.share(n - with_dataset, n)
    gini = {column: at(tables["measures"], "of", "owners", column) for column in ("gini", "low", "high", "n")}
    statement = (
        f"{share_with_interval(none)} of models name no dataset; the Gini coefficient of models per owner is "
        f"{number(gini['gini'])} "
        f"(95 % CI {number(gini['low'])} to {number(gini['high'])}; n = {count(gini['n'])} owners; {scope.cite()})."
    )
    return Answer(
        statement,
        tables,
        lambda: _draw(datasets, owners, scope, n),
        _alt(datasets, owners),
        _published(datasets, architectures, none.value),
        [
            (
                f"Architectures are known for {count(with_architecture)} models (a listing without configuration "
                "does not state them)."
            ),
            "HHI is the sum of squared shares: 1 when one holds all.",
        ],
    )


def _measures(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for name, frame in frames.items():
        sizes = frame["models"].value_counts()
        values, weights = sizes.index.to_numpy(dtype=float), sizes.to_numpy()
        total = float((values * weights).sum())
        if total == 0:
            continue
        gini = _stats.bootstrap(weights, lambda w, v=values: _stats.gini(v, w))  # type: ignore[misc]
        rows.append(
            (
                name,
                gini.value,
                gini.low,
                gini.high,
                gini.n,
                _stats.top_share(values, weights, 10),
                float((weights * (values / total) ** 2).sum()),
                int(weights[values == 1].sum()),
            )
        )
    return pd.DataFrame(
        rows, columns=["of", "gini", "low", "high", "n", "share of the top 10", "hhi", "with one model"]
    )


def _published(datasets: pd.DataFrame, architectures: pd.DataFrame, none: float) -> list[tuple[object, ...]]:
    theirs = "ICSE 2023, fig. 6 (2022-08)"
    rows: list[tuple[object, ...]] = [
        (
            "models without a dataset",
            0.821,
            none,
            "share",
            theirs,
            "theirs of 69,853 model-dataset pairs, ours of models",
        ),
        (
            "dataset universal_dependencies",
            0.094,
            at(datasets, "dataset", "universal_dependencies", "share"),
            "share",
            theirs,
            (
                "the paper gives 1,207, 1,673 and 6,834 models for it in different places; the series of 2022 is now "
                "a small part of the hub"
            ),
        ),
        (
            "models without a dataset",
            1 - 0.0998,
            none,
            "share",
            LISTING,
            "",
        ),
    ]
    if len(architectures):
        for name, value in (("bert", 0.164), ("gpt2", 0.105), ("wav2vec2", 0.055), ("roberta", 0.054)):
            rows.append(
                (
                    f"architecture {name}",
                    value,
                    at(architectures, "architecture", name, "share"),
                    "share",
                    theirs,
                    "theirs of all models, 34.4 % without; ours of models whose architecture is known",
                )
            )
    return rows


def _alt(datasets: pd.DataFrame, owners: pd.DataFrame) -> str:
    first = ", ".join(f"{row['dataset']} {count(row['models'])}" for _, row in datasets.head(4).iterrows())
    second = ", ".join(f"{row['owner'] or '(none)'} {count(row['models'])}" for _, row in owners.head(4).iterrows())
    return f"Two bar charts. Datasets by models: {first or 'none'}. Owners by models: {second}."


def _draw(datasets: pd.DataFrame, owners: pd.DataFrame, scope: Scope, n: int) -> Figure:
    from analyses import _style as look

    figure, (left, right) = look.figure(2, height=4.6)
    for axes, frame, key, title, colour in (
        (left, datasets, "dataset", "Datasets by models that name them", look.BLUE),
        (right, owners, "owner", "Owners by models", look.GREEN),
    ):
        shown = frame.head(14)
        look.bars(
            axes,
            [look.label(name or "(none)", 26) for name in shown[key]],
            list(shown["models"]),
            [
                f"{look.si(models)} ({percent(share, 1)})"
                for models, share in zip(shown["models"], shown["share"], strict=True)
            ],
            colour=colour,
            room=1.5,
        )
        look.as_count(axes.xaxis)
        axes.set_title(title, fontsize=10)
    look.caption(figure, scope.caption(n))
    return figure
