"""For what repositories load models, and which domains are loaded more than they are published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _downstream, _stats, tasks
from analyses._base import Answer, absent, analysis
from analyses._downstream import Mined
from analyses._scope import Scope
from analyses._tables import at, shared
from analyses._text import count, number_with_interval, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "reuse_domain"
TITLE = "Domains of reuse"
QUESTION = "Of which domains are the models that repositories load, and which are loaded more than their share?"
SOURCE = "Jiang et al., MSR 2024 (PeaTMOSS), fig. 9 (domains of downstream repositories), fig. 8 (of all models)."
NEEDS = ("usages", "tasks")

UNKNOWN = "Not known"

# Hubs and libraries whose models are nearly all of one domain: asked where a model's task is not known.
_LOADERS = {
    "NLP": "spacy stanza flair sentence_transformers allennlp torchtext paddlenlp ollama langchain_ollama gpt4all "
    "llama_cpp vllm mlx_lm span_marker bertopic fastembed FlagEmbedding bert_score top2vec fairseq",
    "Computer vision": "torchvision timm ultralytics smp segmentation_models_pytorch diffusers",
    "Audio": "torchaudio coqui TTS openai-whisper whisper faster_whisper whisperx speechbrain espnet2 asteroid "
    "pyannote tensorflow_tts",
    "Multimodal": "open_clip openai-clip clip",
}
# What the hub counted as multimodal in 2023, when the figures of MSR 2024 were drawn.
_ONCE = ("feature-extraction", "text-to-image", "image-to-text", "text-to-video")
CASES = tasks.CASES.replace("'Reinforcement learning'", "'Other'").replace("'Tabular'", "'Other'")


def _by_loader(column: str) -> str:
    cases = " ".join(
        f"WHEN {column} IN ({', '.join(repr(name) for name in names.split())}) THEN '{domain}'"
        for domain, names in _LOADERS.items()
    )
    return f"CASE {cases} END"


# One row per link. A model without a known task has the domain of its hub, else of the library that loads it.
_LINKS = f"""
        SELECT u.repository_id, u.hub, u.model_id, any_value(s.model_key) AS model_key, any_value(s.task) AS task,
            any_value(CASE WHEN s.task IS NULL THEN NULL {CASES} ELSE 'Other' END) AS by_task,
            coalesce({_by_loader("u.hub")}, min({_by_loader("u.library")})) AS by_loader,
            coalesce(by_task, by_loader, '{UNKNOWN}') AS domain
        FROM uses u LEFT JOIN scope s ON s.model_key = u.model_key GROUP BY u.repository_id, u.hub, u.model_id
"""
SQL = {
    "domains": f"""
        SELECT domain, count(*) AS links, count(DISTINCT repository_id) AS repositories,
            count(DISTINCT (hub, model_id)) AS models, count(by_task) AS "by the task"
        FROM ({_LINKS}) GROUP BY 1 ORDER BY domain = '{UNKNOWN}', links DESC, domain
    """,
    "hubs": f"""
        SELECT hub, domain, count(*) AS links, sum(count(*)) OVER (PARTITION BY hub) AS n
        FROM ({_LINKS}) WHERE domain <> '{UNKNOWN}' GROUP BY 1, 2 ORDER BY n DESC, hub, links DESC, domain
    """,
    "as of 2023": f"""
        SELECT *, sum(links) OVER (PARTITION BY hub) AS n FROM (
            SELECT CASE WHEN hub = 'huggingface' THEN 'Hugging Face' ELSE 'PyTorch' END AS hub,
                CASE WHEN task IN {_ONCE} THEN 'Multimodal' ELSE domain END AS domain, count(*) AS links
            FROM ({_LINKS}) WHERE domain <> '{UNKNOWN}'
                AND hub IN ('huggingface', 'pytorch-hub', 'torchvision', 'torchaudio', 'torchtext')
            GROUP BY 1, 2
        ) ORDER BY ALL
    """,
    "tasks": f"""
        SELECT task, count(*) AS links, count(DISTINCT model_key) AS models FROM ({_LINKS}) WHERE task IS NOT NULL
        GROUP BY task ORDER BY links DESC, task
    """,
    "against the census": f"""
        WITH stated AS (
            SELECT model_key, CASE {CASES} ELSE 'Other' END AS domain FROM scope
            WHERE task IS NOT NULL AND hub IN (SELECT DISTINCT hub FROM uses WHERE model_key IS NOT NULL)
        )
        SELECT domain, count(u.model_key) AS models, count(*) AS n
        FROM stated s LEFT JOIN (SELECT DISTINCT model_key FROM uses) u ON u.model_key = s.model_key
        GROUP BY 1 ORDER BY n DESC, domain
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Shares of links by domain, and the odds that a model of a domain is loaded at all."""
    mined = _downstream.enter(scope)
    if mined.using == 0:
        return absent("the repositories that were read load nothing from a hub")
    domains = scope.frame(SQL["domains"])
    every, known = int(domains["links"].sum()), int(domains.loc[domains["domain"] != UNKNOWN, "links"].sum())
    if known == 0:
        return absent("the domain of none of the models that repositories load is known")
    domains = shared(domains.loc[domains["domain"] != UNKNOWN].assign(n=known).reset_index(drop=True), "links")
    against = _odds(scope.frame(SQL["against the census"]))
    hubs = shared(scope.frame(SQL["hubs"]), "links")
    first = domains["domain"].iloc[0]
    statement = (
        f"{share_with_interval(_stats.share(int(at(domains, 'domain', first, 'links')), known))} of links of known "
        f"domain are {first}{_most(against)} ({mined.cite(scope)})."
    )
    by_task = int(domains["by the task"].sum())
    return Answer(
        statement,
        {
            "domains": domains,
            "hubs": hubs,
            "against the census": against,
            "tasks": shared(scope.frame(SQL["tasks"]).assign(n=by_task), "links"),
        },
        lambda: _draw(domains, against, scope, mined, known),
        _alt(domains, against),
        _published(shared(scope.frame(SQL["as of 2023"]), "links")),
        [
            _downstream.NOTE,
            f"The domain of {count(every - known)} of {count(every)} links is not known; of the others "
            f"{count(by_task)} go by the model's task in the census, the rest by the hub or the library that loads "
            "it.",
            "Domains follow the hub's own grouping of tasks today; published figures stand beside the grouping of "
            "2023, which had feature extraction, text to image and image to text under Multimodal.",
            "Odds ratios are of being loaded by a repository at all, of models of the domain against those of all "
            "others with a task (Woolf's interval). Links of one repository are not independent.",
        ],
    )


def _odds(frame: pd.DataFrame) -> pd.DataFrame:
    """Models of a domain that are loaded against those of all others."""
    frame, loaded, every = shared(frame), int(frame["models"].sum()), int(frame["n"].sum())
    ratios = [
        _downstream.odds_ratio(models, n, loaded - models, every - n)
        for models, n in zip(frame["models"].astype(int), frame["n"].astype(int), strict=True)
    ]
    parts = {"odds ratio": "value", "ratio low": "low", "ratio high": "high"}
    return frame.assign(**{name: [getattr(ratio, part) for ratio in ratios] for name, part in parts.items()})


def _most(against: pd.DataFrame) -> str:
    """The domain that is loaded most above its share, in words."""
    known = against.dropna(subset=["odds ratio"])
    known = known.loc[known["ratio low"] > 1]
    if known.empty:
        return ""
    row = known.sort_values("odds ratio").iloc[-1]
    ratio = _stats.Estimate(row["odds ratio"], row["ratio low"], row["ratio high"], int(against["n"].sum()))
    return (
        f"; a model of the domain {row['domain']} is most likely to be loaded, with an odds ratio of "
        f"{number_with_interval(ratio, 2)}"
    )


def _published(once: pd.DataFrame) -> list[tuple[object, ...]]:
    note = "theirs: labels of {} repositories of 2023; ours: links, by the hub's grouping of tasks of 2023"
    theirs = {
        "Hugging Face": (
            "8,384",
            (("NLP", 0.7536), ("Multimodal", 0.1738), ("Computer vision", 0.0631), ("Audio", 0.0095)),
        ),
        "PyTorch": (
            "7,253",
            (("Computer vision", 0.9602), ("NLP", 0.0223), ("Audio", 0.0117), ("Multimodal", 0.0058)),
        ),
    }
    rows: list[tuple[object, ...]] = []
    for hub, (n, shares) in theirs.items():
        ours = once.loc[once["hub"] == hub]
        rows += [
            (
                f"{hub}: {domain}",
                value,
                at(ours, "domain", domain, "share") if len(ours) else float("nan"),
                "share",
                "MSR 2024, fig. 9",
                note.format(n),
            )
            for domain, value in shares
        ]
    return rows


def _alt(domains: pd.DataFrame, against: pd.DataFrame) -> str:
    links = ", ".join(f"{row['domain']} {percent(row['share'], 1)}" for _, row in domains.iterrows())
    odds = ", ".join(f"{row['domain']} {percent(row['share'], 2)}" for _, row in against.iterrows())
    return f"Links by domain: {links or 'none'}. Share of the models of a domain that are loaded: {odds or 'none'}."


def _draw(domains: pd.DataFrame, against: pd.DataFrame, scope: Scope, mined: Mined, known: int) -> Figure:
    from analyses import _style as look

    figure, (left, right) = look.figure(2, height=3.4)
    for axes, frame, what, title, colour in (
        (left, domains, "links", "Links by domain", look.BLUE),
        (right, against, "models", "Share of models loaded", look.GREEN),
    ):
        beside = [look.si(n) for n in frame[what]]
        _downstream.bars(axes, frame, "domain", title, colour, beside=beside, room=1.5)
    look.caption(figure, mined.caption(scope, known, "links of known domain") + ". Whiskers: 95 % Wilson intervals.")
    return figure
