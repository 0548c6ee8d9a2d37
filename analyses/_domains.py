"""Domains of models (NLP, computer vision, ...): two ways to tell them from tasks and tags.

*One task*: the model's task in the common vocabulary, grouped as the hub groups tasks today
(:data:`analyses.tasks.CASES`), with reinforcement learning and tabular under Other, as MSR 2024 has them.

*All tags*: the rule of the study's own notebook (MSR 2024, artifact, ``Plots/fig8.ipynb``). A model is of every
domain of which the name of a task stands anywhere in its tags; of several, it is Multimodal; of none, it has no
label. The words are those of 2023, when feature extraction and text to image were Multimodal. A name that is part of
another counts too, as there (``question-answering`` in ``visual-question-answering``). On PyTorch Hub the words are
the hub's own tags, and a model without one is Other.
"""

from __future__ import annotations

from analyses import tasks

#: In the order of the figure.
DOMAINS = ("NLP", "Computer vision", "Audio", "Multimodal", "Other")

BY_TASK = (
    "CASE WHEN task IS NULL THEN NULL "
    + tasks.CASES.replace("'Reinforcement learning'", "'Other'").replace("'Tabular'", "'Other'")
    + " ELSE 'Other' END"
)

#: Tasks of 2023 by domain, the study's list.
STUDY = {
    "Multimodal": "feature-extraction text-to-image image-to-text text-to-video visual-question-answering "
    "graph-machine-learning",
    "Computer vision": "depth-estimation image-classification object-detection image-segmentation image-to-image "
    "unconditional-image-generation video-classification zero-shot-image-classification",
    "NLP": "text-classification token-classification table-question-answering question-answering "
    "zero-shot-classification translation summarization conversational text-generation text2text-generation "
    "fill-mask sentence-similarity table-to-text multiple-choice text-retrieval",
    "Audio": "text-to-speech text-to-audio automatic-speech-recognition audio-to-audio audio-classification "
    "voice-activity-detection",
    "Other": "reinforcement-learning robotics tabular-classification tabular-regression tabular-to-text "
    "time-series-forecasting",
}
#: The same for the tags of PyTorch Hub.
STUDY_PYTORCH = {
    "NLP": "nlp",
    "Computer vision": "generative video object_detection segmentation vision optical_flow",
    "Audio": "audio",
}
_BITS = {name: 1 << place for place, name in enumerate(DOMAINS)}


def _bits(words: dict[str, str], text: str) -> str:
    """SQL: a bit for every domain of which a word stands in ``text``."""
    parts = []
    for name, listed in words.items():
        found = " OR ".join(f"contains({text}, '{word}')" for word in listed.split())
        parts.append(f"CASE WHEN {found} THEN {_BITS[name]} ELSE 0 END")
    return "(" + " + ".join(parts) + ")"


def _label(bits: str, none: str) -> str:
    cases = " ".join(f"WHEN {bit} THEN '{name}'" for name, bit in _BITS.items())
    return f"CASE WHEN {bits} = 0 THEN {none} ELSE CASE {bits} {cases} ELSE 'Multimodal' END END"


_WORDED = f"CASE h.hub WHEN 'pytorch-hub' THEN {_bits(STUDY_PYTORCH, 't.tag')} ELSE {_bits(STUDY, 't.tag')} END"

#: SQL: hub, model_key, created_at, backfilled, month, ``domain`` by the rule of all tags; models with known tags.
BY_TAGS = f"""
    WITH word AS (
        SELECT tag_id, bits FROM (
            SELECT t.tag_id, {_WORDED} AS bits FROM core.tag t JOIN core.hub h ON h.hub_id = t.hub_id
            WHERE t.kind IN ('task', 'free', 'marker')
        ) WHERE bits > 0
    ),
    told AS (
        SELECT a.about_id, bit_or(w.bits) AS bits FROM core.about_tag a JOIN word w ON w.tag_id = a.tag_id GROUP BY 1
    ),
    labelled AS (
        SELECT s.hub, s.model_key, s.created_at, s.backfilled, s.month,
            coalesce(t.bits, 0) | CASE WHEN s.hub <> 'pytorch-hub' AND s.task IS NOT NULL
                THEN {_bits(STUDY, "s.task")} ELSE 0 END AS bits
        FROM scope s LEFT JOIN told t ON t.about_id = s.about_id
        WHERE s.about_id IS NOT NULL
    )
    SELECT hub, model_key, created_at, backfilled, month,
        {_label("bits", "CASE WHEN hub = 'pytorch-hub' THEN 'Other' END")} AS domain
    FROM labelled
"""
