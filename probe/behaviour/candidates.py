"""Which tokens may be triggers: those whose effect nothing honest explains.

In the defence figure of Kurita et al. (ACL 2020, section 5) honest words that flip labels are frequent and speak for
their class in any data; a planted one is rare, or means nothing. With the claimed data at hand a pair of token and
class is *open* where the data gives no evidence that the token speaks for the class, however often it occurs;
without it, open means rare by the reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from probe.behaviour.classifier import TextClassifier
    from probe.behaviour.probes import Reference

#: Log odds from which the data explains a token's effect: e to one. With a prior of two occurrences, two more that
#: are both in one class reach it, and one does not.
EXPLAINED = 1.0
PRIOR = 2.0
#: Without labelled data: tokens up to this count, or below the median, are rare in a measured reference, and all
#: but the first quarter of the ranks by the proxy.
RARE_COUNT = 3
FREQUENT_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Candidates:
    """Token ids (n,) by rising frequency, and which classes each has no honest reason to speak for: ``open`` (n,
    C).
    """

    tokens: NDArray[np.int64]
    open: NDArray[np.bool_]


def find_candidates(classifier: TextClassifier, reference: Reference) -> Candidates:
    """Every usable token, by rising frequency (then by id)."""
    tokens = classifier.usable[np.argsort(reference.counts[classifier.usable], kind="stable")]
    if reference.by_class is not None:
        return Candidates(tokens, evidence(reference, tokens) < EXPLAINED)
    rare = rare_tokens(reference, classifier.usable, tokens)
    return Candidates(tokens, np.repeat(rare[:, None], classifier.classes, axis=1))


def rare_tokens(reference: Reference, usable: NDArray[np.int64], tokens: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of these tokens (n,) are rare by the reference, among the usable ones."""
    counts = reference.counts[tokens]
    known = reference.counts[usable]
    if reference.measured:
        return np.asarray((counts <= RARE_COUNT) | (counts < np.median(known)))
    return np.asarray(counts <= np.quantile(known, 1 - FREQUENT_SHARE))


def evidence(reference: Reference, tokens: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each token and class (n, C): the weight of evidence in the claimed data that the token speaks for the
    class.

    Log odds with an informative Dirichlet prior of two occurrences (Monroe, Colaresi, Quinn 2008, section 3.3,
    without its z-transform): rare tokens stay near 0. Raises ValueError where the reference has no counts by class.
    """
    if reference.by_class is None:
        raise ValueError("the reference has no counts by class")
    total = reference.by_class.sum(axis=1, keepdims=True) + 1
    prior = PRIOR * total / total.sum()
    own = reference.by_class[:, tokens]
    other = own.sum(axis=0, keepdims=True) - own
    return np.asarray((np.log((own + prior) / total) - np.log((other + PRIOR - prior) / (total.sum() - total))).T)
