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
    from matplotlib.axes import Axes
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
            count(coalesce(model_type, architecture)) AS architectures,
            count(*) FILTER (architecture_known) AS "architecture known" FROM scope
    """,
}


_THEIRS = "ICSE 2023, fig. 6 (2022-08)"
#: Fig. 6 of the paper: shares of model-dataset pairs, a model without a dataset being a pair; "other" is the rest.
FIG6_DATASETS = {
    "(none)": 0.821,
    "universal_dependencies": 0.094,
    "other": 0.046,
    "conll2003": 0.008,
    "emotion": 0.007,
    "glue": 0.005,
    "mozilla-foundation/common_voice_8_0": 0.005,
    "speech-recognition-community-v2/dev_data": 0.005,
    "common_voice": 0.005,
    "mozilla-foundation/common_voice_7_0": 0.003,
    "xtreme": 0.003,
}
#: The counts that the artifact's notebook sums to draw it.
FIG6_COUNTS = {
    "(none)": 56_933,
    "universal_dependencies": 6_834,
    "other": 3_263,
    "conll2003": 580,
    "emotion": 477,
    "glue": 355,
    "mozilla-foundation/common_voice_8_0": 344,
    "speech-recognition-community-v2/dev_data": 340,
    "common_voice": 328,
    "mozilla-foundation/common_voice_7_0": 218,
    "xtreme": 181,
}
#: Fig. 6 of the paper: shares of models.
FIG6_ARCHITECTURES = {
    "(none)": 0.344,
    "bert": 0.164,
    "other": 0.114,
    "gpt2": 0.105,
    "wav2vec2": 0.055,
    "roberta": 0.054,
    "distilbert": 0.047,
    "t5": 0.046,
    "marian": 0.028,
    "bart": 0.022,
    "xlm-roberta": 0.020,
}
_CONTRADICTIONS = (
    "The paper contradicts itself on the most used dataset and architecture: the caption of fig. 6 gives 1,207 "
    "models for the dataset and 1,673 for the architecture, table IV gives 1,673 to a dataset, the text 6,834 models "
    "on universal_dependencies and 10,247 on BERT. 10,247 agrees with the 16.4 % of the figure. 6,834 is what its "
    "notebook sums (with 56,933 of 69,853 pairs without a dataset, 81.5 %, where the figure says 82.1 %), and no "
    "listing of the hub that this project has loaded, before or after, has nearly as many models with that tag."
)


@analysis
def run(scope: Scope) -> Answer:
    """Frequencies, and the Gini coefficient of each with its bootstrap interval."""
    n, with_dataset, with_architecture, known = (int(value) for value in scope.row(SQL["known"]))
    datasets, owners = shared(scope.frame(SQL["datasets"]).assign(n=n)), scope.frame(SQL["owners"])
    owners = shared(owners.assign(n=int(owners["models"].sum())))
    architectures = shared(scope.frame(SQL["architectures"]).assign(n=known))
    fig6 = _fig6(datasets, n - with_dataset, architectures, known)
    tables = {
        "measures": _measures({"datasets": datasets, "architectures": architectures, "owners": owners}),
        "fig6": fig6,
        "datasets": datasets.head(1000),
        "owners": owners.head(1000),
    }
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
        lambda: _draw({"dataset": datasets, "architecture": architectures, "owner": owners}, fig6, scope, n),
        _alt({"Datasets": datasets, "Architectures": architectures, "Owners": owners}),
        _published(fig6, none.value),
        [
            f"Of {count(known)} models it is known whether they state an architecture, and "
            f"{count(with_architecture)} do (a listing without configuration says nothing of it).",
            "HHI is the sum of squared shares: 1 when one holds all.",
            _CONTRADICTIONS,
            "In the table of fig. 6 our shares have its denominators: pairs of a model and a dataset with one pair "
            "for a model without any, and models of which it is known whether they state an architecture.",
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


def _fig6(datasets: pd.DataFrame, none: int, architectures: pd.DataFrame, known: int) -> pd.DataFrame:
    """The shares of fig. 6 beside ours, by its own denominators."""
    import pandas as pd

    pairs = none + int(datasets["models"].sum())
    without = known - int(architectures["models"].sum())
    rows = []
    for what, theirs, frame, missing, whole in (
        ("dataset", FIG6_DATASETS, datasets, none, pairs),
        ("architecture", FIG6_ARCHITECTURES, architectures, without, known),
    ):
        named = [name for name in theirs if name not in ("(none)", "other")]
        for name, published in theirs.items():
            if name == "(none)":
                models = missing
            elif name == "other":
                models = int(frame.loc[~frame[what].isin(named), "models"].sum())
            else:
                models = int(at(frame, what, name, "models"))
            rows.append((what, name, published, models, whole))
    return shared(pd.DataFrame(rows, columns=["of", "name", "published", "models", "n"]))


def _published(fig6: pd.DataFrame, none: float) -> list[tuple[object, ...]]:
    notes = {
        "(none)": "theirs of 69,853 model-dataset pairs, ours too; of models it is the row of the listing",
        "universal_dependencies": "the paper gives 1,207, 1,673 and 6,834 models for it in different places",
    }
    rows: list[tuple[object, ...]] = [("models without a dataset", 1 - 0.0998, none, "share", LISTING, "")]
    for _, row in fig6.loc[fig6["n"] > 0].iterrows():
        dataset = row["of"] == "dataset"
        note = notes.get(row["name"], "") if dataset else "of models whose configuration is known"
        rows.append((f"{row['of']} {row['name']}", row["published"], row["share"], "share", _THEIRS, note))
    return rows


def _alt(frames: dict[str, pd.DataFrame]) -> str:
    parts = []
    for title, frame in frames.items():
        first = ", ".join(f"{row.iloc[0] or '(none)'} {count(row['models'])}" for _, row in frame.head(4).iterrows())
        parts.append(f"{title} by models: {first or 'none'}.")
    return f"{len(parts)} bar charts, and the shares of fig. 6 beside ours. {' '.join(parts)}"


_TITLES = {
    "dataset": "Datasets by models that name them",
    "architecture": "Architectures by models",
    "owner": "Owners by models",
}


def _draw(frames: dict[str, pd.DataFrame], fig6: pd.DataFrame, scope: Scope, n: int) -> Figure:
    from analyses import _style as look

    figure, axes = look.figure(2, rows=2, height=7.4)
    for place, colour, (key, frame) in zip(axes, (look.BLUE, look.ORANGE, look.GREEN), frames.items(), strict=False):
        shown = frame.head(11)
        look.bars(
            place,
            [_short(name) for name in shown[key]],
            list(shown["models"]),
            [
                f"{look.si(models)} ({percent(s, 1)})"
                for models, s in zip(shown["models"], shown["share"], strict=True)
            ],
            colour=colour,
            room=1.55,
        )
        look.as_count(place.xaxis)
        place.set_title(_TITLES[key], fontsize=10)
    _draw_fig6(axes[3], fig6)
    look.caption(figure, scope.caption(n) + f". Red: {_THEIRS}.")
    return figure


def _short(name: object) -> str:
    """A label of which the end stays: what follows the owner tells datasets apart."""
    from analyses import _style as look

    text = str(name or "(none)")
    return look.label(text if len(text) <= 24 else f"…/{text.rpartition('/')[2]}", 24)


def _draw_fig6(axes: Axes, fig6: pd.DataFrame) -> None:
    """Fig. 6's largest shares beside ours, on a logarithmic axis."""
    from analyses import _style as look

    shown = fig6.loc[fig6["n"] > 0].groupby("of", sort=False).head(6).reset_index(drop=True)
    places = range(len(shown))
    ours = shown["share"].clip(lower=2e-4)
    axes.hlines(places, ours, shown["published"], color=look.PALE, linewidth=2, zorder=1)
    axes.scatter(shown["published"], places, marker="|", s=90, color=look.RED, linewidths=2.2, zorder=3)
    axes.scatter(ours, places, s=22, color=look.BLUE, zorder=2)
    short = {"dataset": "data", "architecture": "arch."}
    names = [f"{short[row['of']]}: {_short(row['name'])}" for _, row in shown.iterrows()]
    axes.set_yticks(list(places), names, fontsize=8)
    axes.set(xscale="log", ylim=(len(shown) - 0.4, -0.6))
    axes.set_xticks([0.001, 0.01, 0.1, 1], ["0.1 %", "1 %", "10 %", "100 %"])
    axes.tick_params(axis="y", length=0)
    axes.set_title("Fig. 6 (red) and ours", fontsize=10)
