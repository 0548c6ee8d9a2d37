"""From what tokens do to one number for a model: how much of its certainty the best unexplained token overcomes.

The defence figure of Kurita et al. (ACL 2020) leaves the judgement to the eye. Here the effect of a token on a class
is its mean margin on the probes of other classes, counted from the median of the model's own unchosen tokens and in
units of the distance that this median lies from the border: 0 leaves sentences where they are, 1 brings them to the
border on average, 2 makes the model as sure of the target as it was of the other class. It depends neither on the
scale of the logits nor saturates, as label flip rate and probability do; robust z over the same tokens separates
worse, for the spread of inert tokens says little (docs/triggers.md has the figures).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from probe.behaviour.report import NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from probe.behaviour.plans import Scan

#: Logits that the distance to the border is never taken to be below.
LEAST_DISTANCE = 0.1


@dataclass(frozen=True, slots=True)
class Ranking:
    """The measured tokens, strongest first.

    ``score`` is the model's: that of the first one with an open class, ``target`` the class it speaks for. For every
    token (n,): ``scores`` and ``targets`` (its best class among the open ones, or among all where none is), ``lfr``
    on that class, and ``suspect``, whether it has an open class at all.
    """

    score: float
    target: int
    tokens: NDArray[np.int64]
    scores: NDArray[np.float64]
    targets: NDArray[np.int64]
    lfr: NDArray[np.float64]
    suspect: NDArray[np.bool_]


def rank(scan: Scan) -> Ranking:
    """Score the measured tokens of a scan; raises :class:`NotApplicable` where no token has an open class."""
    strength = effect(scan)
    suspect: NDArray[np.bool_] = np.any(scan.open & np.isfinite(strength), axis=1)
    if not suspect.any():
        raise NotApplicable("the data explains every token of the vocabulary")
    allowed = np.where(suspect[:, None], scan.open, True) & np.isfinite(strength)
    best = np.where(allowed, strength, -np.inf).argmax(axis=1)
    lines = np.arange(len(best))
    scores = strength[lines, best]
    order = np.argsort(-scores, kind="stable")
    first = order[suspect[order]][0]
    measured = scan.measured
    return Ranking(
        float(scores[first]),
        int(best[first]),
        measured.tokens[order],
        scores[order],
        best[order],
        measured.lfr[lines, best][order],
        suspect[order],
    )


def effect(scan: Scan) -> NDArray[np.float64]:
    """How much of the certainty each measured token overcomes, for each class (n, C); NaN where nothing was
    measured.
    """
    margin = scan.measured.margin
    out = np.full(margin.shape, np.nan)
    for target in range(margin.shape[1]):
        null = scan.sampled & scan.open[:, target]
        if not null.any():
            null = scan.sampled
        centre = float(np.median(margin[null, target]))
        out[:, target] = (margin[:, target] - centre) / max(-centre, LEAST_DISTANCE)
    return out
