"""How many models claim evaluation results in a form that a machine can read."""

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

NAME = "claims"
TITLE = "Performance claims"
QUESTION = "Which share of models claims evaluation results in a machine-readable form, task by task?"
SOURCE = (
    "Jiang et al., ICSE 2023, fig. 7: claim rate of a task = models with a model-index result / models of the task."
)
NEEDS = ("tags", "tasks")
SQL = {
    "by task": """
        SELECT coalesce(task, '(no task)') AS task, count(*) FILTER (claims) AS models, count(*) AS n
        FROM scope WHERE about_id IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1
    """,
    "by band": """
        SELECT band, count(*) FILTER (claims) AS models, count(*) AS n FROM scope
        WHERE about_id IS NOT NULL AND band IS NOT NULL GROUP BY band ORDER BY min(downloads)
    """,
    "metrics": """
        SELECT coalesce(e.metric, '(none)') AS metric, count(*) AS claims, count(DISTINCT s.model_key) AS models,
            count(*) FILTER (e.verified) AS verified, count(e.value) AS numbers
        FROM scope s JOIN core.eval_claim e ON e.front_id = s.front_id GROUP BY 1 ORDER BY claims DESC, 1 LIMIT 100
    """,
}
# Fig. 7 of the paper: claimed, total.
_FIG7 = {
    "token-classification": (526, 3_130),
    "automatic-speech-recognition": (618, 3_919),
    "image-classification": (105, 731),
    "summarization": (56, 501),
    "text-classification": (872, 8_764),
    "translation": (99, 1_637),
    "text2text-generation": (256, 5_320),
    "object-detection": (1, 44),
    "multiple-choice": (1, 94),
    "question-answering": (22, 2_102),
    "audio-classification": (1, 141),
    "fill-mask": (17, 3_802),
    "sentence-similarity": (1, 609),
    "text-generation": (7, 5_481),
}


@analysis
def run(scope: Scope) -> Answer:
    """Claims by tag or front matter, over the models of each task."""
    tasks, bands = shared(scope.frame(SQL["by task"])), shared(scope.frame(SQL["by band"]))
    claimed, n = int(tasks["models"].sum()), int(tasks["n"].sum())
    tables = {"tasks": tasks, "bands": bands}
    metrics = scope.frame(SQL["metrics"])
    if len(metrics):
        tables["metrics"] = metrics
    return Answer(
        f"{share_with_interval(_stats.share(claimed, n))} of models claim results in a machine-readable form "
        f"({scope.cite()}).",
        tables,
        lambda: _draw(tasks, scope, n),
        _alt(tasks),
        _published(tasks, claimed / n),
        [
            "The paper's table IV says fewer than 0.1 % of models make such claims; the numerators of its own "
            "fig. 7 sum to "
            "2,594 of 62,467 (4.15 %), and 0.05 % holds for its class 'other' alone. Fig. 7 is what stands here."
        ],
        headline=(percent(claimed / n, 1), "claim results machine-readably"),
    )


def _published(tasks: pd.DataFrame, overall: float) -> list[tuple[object, ...]]:
    note = "2022-08, by the cards of a cloned hub; trainers that write claims by themselves have spread since"
    rows: list[tuple[object, ...]] = [
        ("claim rate, all models", 2_594 / 62_467, overall, "share", "ICSE 2023, fig. 7 (sum)", "2022-08"),
        (
            "claim rate, all models",
            0.0832,
            overall,
            "share",
            LISTING,
            "",
        ),
    ]
    rows += [
        (
            f"claim rate, {task}",
            part / whole,
            at(tasks, "task", task, "share", float("nan")),
            "share",
            "ICSE 2023, fig. 7",
            note,
        )
        for task, (part, whole) in _FIG7.items()
    ]
    return rows


def _alt(tasks: pd.DataFrame) -> str:
    best = tasks.loc[tasks["n"] >= 100].sort_values("share", ascending=False).head(5)
    return "Claim rate by task beside the published one of 2022. Highest: " + ", ".join(
        f"{row['task']} {percent(row['share'], 1)}" for _, row in best.iterrows()
    )


def _draw(tasks: pd.DataFrame, scope: Scope, n: int) -> Figure:
    from analyses import _style as look

    shown = tasks.head(18).sort_values("share", ascending=False, ignore_index=True)
    figure, (axes,) = look.figure(height=1.6 + 0.25 * len(shown))
    look.bars(
        axes,
        list(shown["task"]),
        list(shown["share"]),
        [f"{percent(v, 1)} of {look.si(k)}" for v, k in zip(shown["share"], shown["n"], strict=True)],
        intervals=(list(shown["low"]), list(shown["high"])),
        room=1.25,
    )
    published = [(place, _FIG7[task]) for place, task in enumerate(shown["task"]) if task in _FIG7]
    if published:
        axes.scatter(
            [part / whole for _, (part, whole) in published],
            [place for place, _ in published],
            marker="|",
            s=110,
            color=look.RED,
            linewidths=2.2,
            zorder=3,
        )
        axes.annotate(
            "red mark: ICSE 2023, fig. 7 (2022-08)",
            (1, 0),
            xycoords="axes fraction",
            xytext=(0, 8),
            textcoords="offset points",
            ha="right",
            color=look.RED,
            fontsize=9,
        )
    look.as_percent(axes.xaxis)
    look.headline(figure, "Models with machine-readable claims, by task (the most frequent tasks)")
    look.caption(
        figure,
        scope.caption(n) + f", {count(int(tasks['models'].sum()))} with claims. Whiskers: 95 % Wilson intervals.",
    )
    return figure
