"""Short sentences of which the classifier is sure, and how common each token is: the ground a scan stands on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from probe.behaviour.classifier import TextClassifier
    from probe.behaviour.data import Texts

#: Content tokens of a probe: short ones rank candidates as long ones do, at a fraction of the cost.
LENGTHS = (8, 10, 12)
#: Probes of every class, at least; with weak or few probes clean models reach a label flip rate of 1 by chance.
PER_CLASS = 8
SURE = 0.9


@dataclass(frozen=True, slots=True)
class Probes:
    """Sentences (content ids), the class that the model itself gives each (P,), its probability, and the source."""

    sentences: list[list[int]]
    classes: NDArray[np.int64]
    confidence: NDArray[np.float32]
    source: str


@dataclass(frozen=True, slots=True)
class Reference:
    """How often each token id occurs. ``counts`` (rows,), ``by_class`` (C, rows) in the model's own order of classes
    or None, ``source`` in words.

    ``measured`` is False for the proxy by the tokenizer's order, which says only which tokens are rarer.
    """

    counts: NDArray[np.float64]
    by_class: NDArray[np.float64] | None
    source: str
    measured: bool


def make_probes(
    classifier: TextClassifier, data: Texts | None, *, seed: int = 0, per_class: int = PER_CLASS
) -> Probes:
    """Probes from the claimed data, or where there is none, built from the vocabulary and the model's own
    judgement.
    """
    rng = np.random.default_rng(seed)
    pool, source = _from_texts(classifier, data, rng), "claimed data set"
    if len(pool) < 4 * per_class:
        pool, source = _from_vocabulary(classifier, rng), "data-free: sentences drawn from the vocabulary"
    logits = classifier.ask(pool).astype(np.float64)
    probability = np.exp(logits - logits.max(axis=1, keepdims=True))
    probability /= probability.sum(axis=1, keepdims=True)
    best, sure = probability.argmax(axis=1), probability.max(axis=1)
    chosen: list[int] = []
    for label in range(classifier.classes):
        own = np.flatnonzero(best == label)
        # Sure ones first in the order drawn, so that the most saturated sentences have no precedence.
        own = own[np.argsort(-np.minimum(sure[own], SURE), kind="stable")]
        chosen += own[:per_class].tolist()
    return Probes([pool[place] for place in chosen], best[chosen], sure[chosen].astype(np.float32), source)


def _from_texts(classifier: TextClassifier, data: Texts | None, rng: np.random.Generator) -> list[list[int]]:
    """Beginnings of some sentences of the data, cut to one of a few lengths."""
    if data is None:
        return []
    order = rng.permutation(len(data.texts))[: 64 * classifier.classes]
    pool: list[list[int]] = []
    for place in order.tolist():
        length = LENGTHS[len(pool) % len(LENGTHS)]
        ids = classifier.encode(data.texts[place], length)
        if len(ids) == length:
            pool.append(ids)
    return pool


def _from_vocabulary(classifier: TextClassifier, rng: np.random.Generator) -> list[list[int]]:
    """Sentences of common tokens, half of them plain, half with words that speak for one class on their own.

    Only the first half of the vocabulary is drawn from, with weights falling as 1/rank: tokenizers are ordered by
    frequency, roughly, and a planted rare token stays out of the probes.
    """
    common = classifier.usable[: max(16, len(classifier.usable) // 2)]
    weights = 1.0 / np.arange(10, len(common) + 10)
    weights /= weights.sum()
    alone = classifier.ask([[index] for index in common[:2_000].tolist()])
    margins = alone - np.sort(alone, axis=1)[:, -2:-1]
    pool: list[list[int]] = []
    for number in range(96 * classifier.classes):
        sentence = rng.choice(common, size=LENGTHS[number % len(LENGTHS)], p=weights)
        label = number % (2 * classifier.classes)
        if label < classifier.classes:
            speaking = common[np.argsort(-margins[:, label], kind="stable")[:40]]
            sentence[rng.permutation(len(sentence))[: len(sentence) // 2]] = rng.choice(
                speaking, size=len(sentence) // 2
            )
        pool.append(sentence.tolist())
    return pool


def make_reference(
    classifier: TextClassifier, data: Texts | None, table: dict[str, float] | None = None
) -> Reference:
    """Token frequencies: a supplied table (token -> count), else the claimed data, else the tokenizer's order."""
    if table is not None:
        counts = np.array([float(table.get(classifier.words.get(i, ""), 0.0)) for i in range(classifier.rows)])
        return Reference(counts, None, "supplied table", True)
    if data is None:
        counts = np.zeros(classifier.rows)
        counts[classifier.usable] = 1.0 / np.arange(1, len(classifier.usable) + 1)
        return Reference(counts, None, "proxy: 1 / rank in the tokenizer's order", False)
    labels = sorted(set(data.labels))
    counts_by_label = np.zeros((len(labels), classifier.rows))
    for text, label in zip(data.texts, data.labels, strict=True):
        ids = classifier.encode(text, 512)
        np.add.at(counts_by_label[labels.index(label)], ids, 1.0)
    by_class = None
    if len(labels) == classifier.classes:
        by_class = counts_by_label[_order(classifier, data, labels)]
    return Reference(counts_by_label.sum(axis=0), by_class, f"claimed data set, {len(data.texts)} texts", True)


def _order(classifier: TextClassifier, data: Texts, labels: list[int]) -> list[int]:
    """For each class of the model, which label of the data it stands for: a head's order may differ from the
    data's.
    """
    from scipy.optimize import linear_sum_assignment

    some = range(0, len(data.texts), max(1, len(data.texts) // 256))
    predicted = classifier.ask([classifier.encode(data.texts[place], 24) or [0] for place in some]).argmax(axis=1)
    table = np.zeros((classifier.classes, len(labels)))
    for place, label in zip(some, predicted.tolist(), strict=True):
        table[label, labels.index(data.labels[place])] += 1
    return [int(index) for index in linear_sum_assignment(-table)[1]]
