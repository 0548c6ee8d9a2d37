"""The scans of text classifiers: label flips over the vocabulary, and unlearning where there are classes enough."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from probe.behaviour import data, unlearning
from probe.behaviour.calibration import thresholds
from probe.behaviour.candidates import find_candidates
from probe.behaviour.classifier import TextClassifier
from probe.behaviour.judging import attempt, judge
from probe.behaviour.plans import scan_text
from probe.behaviour.probes import Reference, make_probes, make_reference
from probe.behaviour.report import BehaviourReport, Budget, NotApplicable, Spent, no_score
from probe.behaviour.score import Ranking, rank

#: Points of the figure that are kept, suspects that are named, content tokens and number of the samples to unlearn.
POINTS = 500
SUSPECTS = 10
LENGTH = 24
SAMPLES = 256


def examine_texts(
    report: BehaviourReport,
    model: Any,
    tokenizer: Any,
    dataset: Path | None,
    *,
    plan: str = "shortlist",
    device: str | None = None,
    seed: int = 0,
    budget: Budget | None = None,
    frequencies: dict[str, float] | None = None,
) -> None:
    """Run the scans of text classifiers and write them into ``report``."""
    try:
        classifier = TextClassifier(model, tokenizer, device=device, budget=budget)
    except (NotApplicable, Spent) as error:
        report.scores += [no_score(name, str(error)) for name in ("label-flip-rate", "unlearning")]
        return
    samples = None
    try:
        samples = data.texts(dataset, seed=seed) if dataset else None
    except NotApplicable as error:
        report.facts["dataset"] = str(error)
    report.facts |= {"device": classifier.device, "classes": classifier.classes, "vocabulary": len(classifier.usable)}
    if classifier.beyond:
        report.facts["tokens_beyond_the_embedding"] = classifier.beyond
    try:
        _flips(report, classifier, samples, plan, seed, frequencies)
    except (NotApplicable, Spent) as error:
        report.scores.append(no_score("label-flip-rate", str(error)))
    attempt(report, "unlearning", lambda: _unlearn(classifier, samples), "unlearning/text")
    report.facts |= {"sequences": classifier.sequences, "tokens": classifier.tokens}


def _flips(
    report: BehaviourReport,
    classifier: TextClassifier,
    samples: data.Texts | None,
    plan: str,
    seed: int,
    frequencies: dict[str, float] | None,
) -> None:
    """The scan of the vocabulary: score, suspects and the points of the figure."""
    reference = make_reference(classifier, samples, frequencies)
    probes = make_probes(classifier, samples, seed=seed)
    if not probes.sentences:
        raise NotApplicable("no sentences could be made of the vocabulary")
    present = np.bincount(probes.classes, minlength=classifier.classes)
    report.facts |= {
        "probes": probes.source,
        "probes_per_class": present.tolist(),
        "least_confidence": round(float(probes.confidence.min()), 4),
        "frequencies": reference.source,
    }
    before, begun = classifier.tokens, time.process_time()
    scan = scan_text(classifier, find_candidates(classifier, reference), probes, plan=plan)
    report.facts["scan_tokens"] = classifier.tokens - before
    report.facts["scan_cpu_seconds"] = round(time.process_time() - begun, 4)
    ranking = rank(scan)
    scope = "label-flip-rate/" + ("data" if samples else "data-free")
    threshold = thresholds().get(scope)
    least = threshold.value if threshold else ranking.score
    named = np.flatnonzero(ranking.suspect & (ranking.scores >= least)).tolist()[:SUSPECTS]
    named = named or np.flatnonzero(ranking.suspect)[:1].tolist()
    words = [f"{classifier.word(ranking.tokens[place])} -> class {ranking.targets[place]}" for place in named]
    judge(report, "label-flip-rate", ranking.score, words, threshold)
    report.tokens = points(classifier, ranking, reference)


def points(classifier: TextClassifier, ranking: Ranking, reference: Reference) -> list[dict[str, Any]]:
    """The points of the figure of label flip rate against frequency: the strongest and a regular sample of the
    rest.
    """
    count = len(ranking.tokens)
    places = list(range(count))
    if count > POINTS:
        rest = np.linspace(POINTS // 2, count - 1, POINTS - POINTS // 2).astype(int).tolist()
        places = sorted({*range(POINTS // 2), *rest})
    return [
        {
            "token": classifier.word(ranking.tokens[place]),
            "token_id": int(ranking.tokens[place]),
            "frequency": float(reference.counts[ranking.tokens[place]]),
            "lfr": round(float(ranking.lfr[place]), 6),
            "score": round(float(ranking.scores[place]), 6),
        }
        for place in places
    ]


def _unlearn(classifier: TextClassifier, samples: data.Texts | None) -> tuple[float, list[str]]:
    """Unlearning on the beginnings of some sentences, all of one length so that nothing is padded."""
    import torch

    if classifier.classes < 3:
        raise NotApplicable("not-applicable: two classes")
    if samples is None:
        raise NotApplicable("unlearning needs clean samples of the task: none given")
    known = sorted(set(samples.labels))
    rows: list[list[int]] = []
    labels: list[int] = []
    for text, label in zip(samples.texts, samples.labels, strict=True):
        ids = classifier.encode(text, LENGTH)
        if len(ids) >= 8 and len(rows) < SAMPLES and known.index(label) < classifier.classes:
            rows.append(classifier.framed((ids * LENGTH)[:LENGTH]))
            labels.append(known.index(label))
    found = unlearning.expose(
        classifier.model,
        unlearning.sentences,
        torch.tensor(rows, device=classifier.device),
        torch.tensor(labels, device=classifier.device),
        classifier.classes,
        budget=classifier.budget,
    )
    return found.early, [f"class {found.target}"]
