"""Which tasks models are for, and of which domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._listing import alt_top, draw_top
from analyses._scope import Scope
from analyses._tables import LISTING, at, shared
from analyses._text import share_with_interval

if TYPE_CHECKING:
    import pandas as pd

NAME = "tasks"
TITLE = "Tasks and domains"
QUESTION = "Which share of models states a task, and which tasks and domains are they?"
SOURCE = (
    "Jiang et al., MSR 2024 (PeaTMOSS), fig. 8 (domains); tasks are the hub's pipeline tags in the common vocabulary."
)
NEEDS = ("tasks",)

# The hub's own grouping of tasks into domains.
_DOMAINS = {
    "NLP": "text-classification token-classification table-question-answering question-answering summarization "
    "zero-shot-classification translation feature-extraction text-generation text2text-generation fill-mask "
    "sentence-similarity conversational multiple-choice text-ranking text-retrieval",
    "Computer vision": "depth-estimation image-classification object-detection image-segmentation text-to-image "
    "image-to-image image-to-video unconditional-image-generation video-classification text-to-video "
    "zero-shot-image-classification mask-generation zero-shot-object-detection text-to-3d image-to-3d "
    "image-feature-extraction keypoint-detection image-to-text",
    "Audio": "text-to-speech text-to-audio automatic-speech-recognition audio-to-audio audio-classification "
    "voice-activity-detection",
    "Multimodal": "audio-text-to-text image-text-to-text visual-question-answering document-question-answering "
    "video-text-to-text any-to-any visual-document-retrieval",
    "Reinforcement learning": "reinforcement-learning robotics",
    "Tabular": "tabular-classification tabular-regression time-series-forecasting",
}
CASES = " ".join(
    f"WHEN task IN ({', '.join(repr(task) for task in tasks.split())}) THEN '{domain}'"
    for domain, tasks in _DOMAINS.items()
)
SQL = {
    "tasks": """
        SELECT task, count(*) AS models FROM scope WHERE task IS NOT NULL GROUP BY task ORDER BY models DESC, task
    """,
    "domains": f"""
        SELECT CASE {CASES} ELSE 'Other' END AS domain, count(*) AS models
        FROM scope WHERE task IS NOT NULL GROUP BY domain ORDER BY models DESC, domain
    """,
    "by hub": """
        SELECT hub, count(task) AS models, count(*) AS n FROM scope WHERE task_known GROUP BY hub ORDER BY n DESC, hub
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Shares of all models whose source states tasks; domains as shares of models with a task."""
    hubs = shared(scope.frame(SQL["by hub"]))
    stated, n = int(hubs["models"].sum()), int(hubs["n"].sum())
    tasks = shared(scope.frame(SQL["tasks"]).assign(n=n))
    domains = shared(scope.frame(SQL["domains"]).assign(n=stated))
    statement = (
        f"{share_with_interval(_stats.share(stated, n))} of models state a task"
        + (f"; the most frequent is {tasks['task'].iloc[0]}" if stated else "")
        + f" ({scope.cite()})."
    )
    return Answer(
        statement,
        {"tasks": tasks, "domains": domains, "hubs": hubs},
        lambda: draw_top(tasks, "task", "Models by task", scope, n, note="Whiskers: 95 % Wilson intervals."),
        alt_top(tasks, "task", "tasks"),
        _published(domains, stated / n),
        ["Domains follow the hub's own grouping of tasks; a model has one task here."],
    )


def _published(domains: pd.DataFrame, stated: float) -> list[tuple[object, ...]]:
    note = "theirs: all tags of 156,336 models of 2023, reinforcement learning under Other; ours: one task per model"
    rows: list[tuple[object, ...]] = [("models with a task", 0.5327, stated, "share", LISTING, "")]
    for theirs, value in (("NLP", 0.6033), ("Multimodal", 0.0927), ("Audio", 0.0892), ("Computer vision", 0.0463)):
        rows.append(
            (f"domain {theirs}", value, at(domains, "domain", theirs, "share"), "share", "MSR 2024, fig. 8", note)
        )
    return rows
