"""Three ways through a vocabulary: every token on all probes, or a cheap ranking first that passes on a few.

``exhaustive`` puts every candidate into every probe. ``single`` ranks candidates as one-word sentences: three
positions instead of some two hundred. ``shortlist`` adds to that a test in groups: eight candidates at once in one
probe of each class, and the groups that move most are split until single tokens remain; triggers dominate a
sentence, other rare tokens are inert, and what acts only in context is not lost. All end with the same measurement
in float32 on all probes, with a systematic sample of other candidates beside it: what tokens of this model do that
were not chosen for anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from probe.behaviour.lfr import Responses, alone, respond
from probe.behaviour.probes import Probes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from probe.behaviour.candidates import Candidates
    from probe.behaviour.classifier import TextClassifier

#: Candidates that pass from a ranking to the probes, over all target classes; and those drawn systematically.
SHORTLIST = 96
SAMPLE = 96
#: Candidates of one group, and the classes that lend it a probe (any two classes leave one against each target).
GROUP = 8
GROUP_CLASSES = 4


@dataclass(frozen=True, slots=True)
class Scan:
    """``measured``: the candidates that were put into the probes, the chosen and the sample; their ``open`` classes
    (n, C); ``sampled`` (n,) marks the sample. ``plan`` is the plan's name.
    """

    plan: str
    measured: Responses
    open: NDArray[np.bool_]
    sampled: NDArray[np.bool_]


def scan_text(
    classifier: TextClassifier,
    candidates: Candidates,
    probes: Probes,
    *,
    plan: str = "shortlist",
    most: int = SHORTLIST,
) -> Scan:
    """Scan the candidates with one of :data:`PLANS`; the strongest ``most`` and a sample are measured in float32.

    The sample is every k-th candidate by frequency. Raises KeyError for a plan that does not exist.
    """
    count = len(candidates.tokens)
    sample = np.linspace(0, count - 1, min(SAMPLE, count)).astype(np.int64)
    together = np.union1d(PLANS[plan](classifier, candidates, probes, most), sample)
    measured = respond(classifier, candidates.tokens[together], probes)
    return Scan(plan, measured, candidates.open[together], np.isin(together, sample))


def exhaustive(classifier: TextClassifier, candidates: Candidates, probes: Probes, most: int) -> NDArray[np.int64]:
    """Places of the strongest on all probes."""
    ranked = respond(classifier, candidates.tokens, probes, fast=True)
    return strongest(ranked.margin, candidates.open, most)


def single(classifier: TextClassifier, candidates: Candidates, probes: Probes, most: int) -> NDArray[np.int64]:
    """Places of the strongest as one-word sentences."""
    return strongest(alone(classifier, candidates.tokens), candidates.open, most)


def shortlist(classifier: TextClassifier, candidates: Candidates, probes: Probes, most: int) -> NDArray[np.int64]:
    """Places of the strongest as one-word sentences, and of the strongest in groups, half and half."""
    by_word = single(classifier, candidates, probes, most // 2)
    return np.union1d(by_word, grouped(classifier, candidates, probes, most // 2))


def grouped(classifier: TextClassifier, candidates: Candidates, probes: Probes, most: int) -> NDArray[np.int64]:
    """Places of the strongest by groups, among the candidates that are open to all classes.

    Members of a group stand far apart in frequency and in the vocabulary, where neighbours are often alike.
    """
    few = one_of_each(probes)
    neutral = np.flatnonzero(candidates.open.all(axis=1))
    rows = -(-len(neutral) // GROUP)
    if not rows:
        return neutral
    # The last places are filled with the first candidates again.
    groups = np.resize(neutral, rows * GROUP).reshape(GROUP, rows).T
    while True:
        ranked = respond(classifier, candidates.tokens[groups], few, fast=True).margin
        size = groups.shape[1]
        kept = strongest(ranked, np.ones_like(ranked, dtype=bool), most if size == 1 else max(16, most // size))
        groups = groups[kept]
        if size == 1:
            return np.unique(groups)
        groups = np.concatenate([groups[:, : size // 2], groups[:, size // 2 :]])


PLANS: dict[str, Callable[[TextClassifier, Candidates, Probes, int], NDArray[np.int64]]] = {
    "shortlist": shortlist,
    "single": single,
    "exhaustive": exhaustive,
}


def strongest(strength: NDArray[np.float64], allowed: NDArray[np.bool_], most: int) -> NDArray[np.int64]:
    """Places of the best for each class, an equal number each and at least four; ties go to the earlier place."""
    each = max(4, most // strength.shape[1])
    usable = np.where(allowed & ~np.isnan(strength), strength, -np.inf)
    ranked = np.argsort(-usable, axis=0, kind="stable")[:each]
    real = np.isfinite(np.take_along_axis(usable, ranked, axis=0))
    return np.unique(ranked[real])


def one_of_each(probes: Probes) -> Probes:
    """The first probe of up to :data:`GROUP_CLASSES` classes."""
    kept = [int(np.flatnonzero(probes.classes == label)[0]) for label in np.unique(probes.classes)][:GROUP_CLASSES]
    return Probes(
        [probes.sentences[place] for place in kept], probes.classes[kept], probes.confidence[kept], probes.source
    )
