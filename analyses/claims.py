"""How many models claim evaluation results in a form that a machine can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._tables import LISTING, shared
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
    "by the rule": """
        WITH read AS (
            SELECT s.model_key,
                coalesce(json_array_length(c.front_matter->'$."model-index"[0].results') > 0, false) AS stated
            FROM scope s JOIN core.card c ON c.card_id = s.card_id WHERE s.claims AND c.front_matter IS NOT NULL
        ), front AS (
            SELECT s.model_key, f.claims > 0 AS stated
            FROM scope s JOIN core.front f ON f.front_id = s.front_id WHERE s.claims
        )
        SELECT coalesce(task, '(no task)') AS task, count(*) FILTER (stated) AS models, count(stated) AS n,
            count(*) FILTER (claims) AS tagged, count(*) FILTER (claims AND stated IS NOT NULL) AS read
        FROM (
            SELECT s.task, s.claims, CASE WHEN NOT s.claims THEN false ELSE coalesce(r.stated, f.stated) END AS stated
            FROM scope s
            LEFT JOIN read r ON r.model_key = s.model_key
            LEFT JOIN front f ON f.model_key = s.model_key
            WHERE s.about_id IS NOT NULL
        )
        GROUP BY 1 ORDER BY n DESC, 1
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
#: Fig. 7 of the paper: models that claim, models of the task. Its class "other" is every model of another task.
FIG7 = {
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
    "other": (12, 26_192),
}
#: The rule of the figure is answered where the cards of so many of the models that say they claim were read.
_READ = 0.95


@analysis
def run(scope: Scope) -> Answer:
    """Claims by tag or front matter, over the models of each task; beside them the published figure."""
    tasks, bands = shared(scope.frame(SQL["by task"])), shared(scope.frame(SQL["by band"]))
    claimed, n = int(tasks["models"].sum()), int(tasks["n"].sum())
    strict = scope.frame(SQL["by the rule"])
    read = int(strict["read"].sum()) >= _READ * max(int(strict["tagged"].sum()), 1)
    shown = shared(strict) if read else tasks
    beside = _beside(shown)
    tables = {"tasks": tasks, "fig7": beside, "bands": bands}
    rule = ""
    if read:
        tables["by the rule of fig. 7"] = shared(strict).drop(columns=["tagged", "read"])
        results = _stats.share(int(strict["models"].sum()), int(strict["n"].sum()))
        rule = f"; by the rule of the published figure, which asks for a result, {share_with_interval(results)}"
    metrics = scope.frame(SQL["metrics"])
    if len(metrics):
        tables["metrics"] = metrics
    return Answer(
        f"{share_with_interval(_stats.share(claimed, n))} of models claim results in a machine-readable form{rule} "
        f"({scope.cite()}).",
        tables,
        lambda: _draw(shown, scope),
        _alt(shown),
        _published(beside, claimed / n, read),
        [
            "The paper's table IV says fewer than 0.1 % of models make such claims; the numerators of its own fig. 7 "
            "sum to 2,594 of 62,467 (4.15 %), and 0.05 % holds for its class 'other' alone (12 of 26,192). Fig. 7 is "
            "what stands here.",
            _RULE if read else f"{_RULE} Here it cannot be: too few of those cards were read.",
            "In the table of fig. 7, p is that of the two-sided test that both shares are one, adjusted by Holm; "
            "among so many models Cohen's h (0.2 small, 0.5 medium) says more.",
            f"Tags are known for {count(n)} of the {count(scope.models)} models of the scope.",
        ],
        headline=(percent(claimed / n, 1), "claim results machine-readably"),
    )


_RULE = (
    "Fig. 7 counts a model whose model-index has a result. The hub's tag model-index, which a listing has, also "
    "marks cards whose model-index is empty: where the cards of at least 95 % of the tagged models were read, the "
    "rule of the figure is applied as it is."
)


def published_rate(task: str | None = None) -> _stats.Estimate:
    """The paper's claim rate of a task, or over all its tasks, from the numerators of fig. 7."""
    parts = [FIG7[task]] if task is not None else list(FIG7.values())
    return _stats.share(sum(part for part, _ in parts), sum(whole for _, whole in parts))


def _beside(tasks: pd.DataFrame) -> pd.DataFrame:
    """The tasks of fig. 7 with its numerators and ours, the difference as Cohen's h, and Holm-adjusted p values."""
    import pandas as pd
    from statsmodels.stats.multitest import multipletests

    rows = []
    for task, (part, whole) in FIG7.items():
        ours = tasks.loc[~tasks["task"].isin(FIG7)] if task == "other" else tasks.loc[tasks["task"] == task]
        rows.append((task, part, whole, int(ours["models"].sum()), int(ours["n"].sum())))
    frame = pd.DataFrame(rows, columns=["task", "published models", "published n", "models", "n"])
    for k, n, prefix in (("published models", "published n", "published "), ("models", "n", "")):
        share = _stats.wilson(frame[k].to_numpy(dtype=float), frame[n].to_numpy(dtype=float))
        frame[f"{prefix}share"], frame[f"{prefix}low"], frame[f"{prefix}high"] = share
    frame["cohen_h"] = [
        _stats.cohen_h(ours, theirs) if ours == ours else float("nan")
        for ours, theirs in zip(frame["share"], frame["published share"], strict=True)
    ]
    cells = frame[["published models", "published n", "models", "n"]].to_numpy()
    frame["p"] = [_stats.cramer_v([[a, b - a], [c, d - c]])[1] if d else float("nan") for a, b, c, d in cells]
    tested = frame["p"].notna().to_numpy()
    frame["p_holm"] = float("nan")
    if tested.any():
        frame.loc[tested, "p_holm"] = multipletests(frame.loc[tested, "p"], method="holm")[1]
    return frame


def _published(beside: pd.DataFrame, overall: float, read: bool) -> list[tuple[object, ...]]:
    how = "ours by the same rule" if read else "ours by the tag model-index, which also marks empty ones"
    note = f"theirs 2022-08, by the cards of a cloned hub; {how}; trainers that write claims have spread since"
    total = published_rate()
    results = float(beside["models"].sum()) / max(float(beside["n"].sum()), 1.0)
    table4 = "theirs contradicts its own fig. 7, where 0.05 % is the class 'other' alone"
    rows: list[tuple[object, ...]] = [
        (
            "claim rate, all models",
            total.value,
            results,
            "share",
            "ICSE 2023, fig. 7 (sum)",
            f"2,594 of 62,467; {how}",
        ),
        ("claim rate, all models (fewer than)", 0.001, results, "share", "ICSE 2023, table IV", table4),
        ("claim rate, all models", 0.0832, overall, "share", LISTING, ""),
    ]
    for _, row in beside.iterrows():
        theirs = f"{int(row['published models']):,} of {int(row['published n']):,}; {note}"
        source = "ICSE 2023, fig. 7"
        rows.append((f"claim rate, {row['task']}", row["published share"], row["share"], "share", source, theirs))
    return rows


def _alt(tasks: pd.DataFrame) -> str:
    best = tasks.loc[tasks["n"] >= 100].sort_values("share", ascending=False).head(5)
    return "Claim rate by task beside the published one of 2022. Highest: " + ", ".join(
        f"{row['task']} {percent(row['share'], 1)}" for _, row in best.iterrows()
    )


def _draw(tasks: pd.DataFrame, scope: Scope) -> Figure:
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
    published = {place: FIG7[task][0] / FIG7[task][1] for place, task in enumerate(shown["task"]) if task in FIG7}
    if published:
        look.marks(axes, published)
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
        scope.caption(int(tasks["n"].sum()))
        + f", {count(int(tasks['models'].sum()))} with claims. Whiskers: 95 % Wilson intervals.",
    )
    return figure
