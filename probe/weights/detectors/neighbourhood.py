"""Rare rows in the wrong place: too short for their frequency, amid frequent words.

A vector planted by surgery is the mean of some ten frequent words' rows: shorter than a row, and closer to all of
them than rare rows are to frequent ones. Needs neither base nor siblings, and tells less.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from probe.weights.detector import Detector, Reading, rules
from probe.weights.formats import Floats, Unreadable
from probe.weights.rows import FEWEST
from probe.weights.similarity import project, top_mean, unit
from probe.weights.subject import Subject

#: Rows on either side, by rank, that a row's norm and neighbourhood are compared with.
_WINDOW = 200
_FREQUENT = 4000
_SUSPECTS = 5


class Neighbourhood(Detector):
    """Norm and neighbours of each rare row against the rows of like frequency."""

    name = "neighbourhood"
    # A covariate: on the zoo it found no attack that the others miss, and a share of honest models.
    flag = None
    rules = rules()

    def read(self, subject: Subject) -> Reading:
        """Score: the largest sum of the two robust z-scores."""
        if subject.model.layout.embedding is None:
            return Reading(reason=subject.model.layout.why)
        ranked = np.flatnonzero(subject.rank >= 0)
        order = ranked[np.argsort(subject.rank[ranked])]
        rare = order[len(order) // 2 :]
        if len(rare) < FEWEST:
            return Reading(reason="too few rare tokens")
        try:
            table = subject.model.gather(rare)
            frequent = subject.model.gather(order[: min(_FREQUENT, len(order) // 4)])
        except Unreadable as error:
            return Reading(reason=str(error))
        norms = np.log(np.maximum(np.linalg.norm(table, axis=1), 1e-12))
        close = _closeness(table, frequent, subject.options.device)
        short, near = -_z(norms), _z(close)
        total = np.where(np.isfinite(norms), np.maximum(short, 0) + np.maximum(near, 0), 0)
        best = np.argsort(-total)[:_SUSPECTS]
        facts = {
            "norm_z": float(short[best[0]]),
            "closeness_z": float(near[best[0]]),
            "norm_z_max": float(np.abs(short).max()),
        }
        return Reading(
            float(total[best[0]]), [subject.token(rare[row]) for row in best], facts={"neighbourhood": facts}
        )


def _closeness(table: Floats, frequent: Floats, device: str | None) -> NDArray[np.float64]:
    centre = frequent.mean(axis=0)
    both = project(unit(np.concatenate([table, frequent]), centre))
    return np.asarray(top_mean(both[: len(table)], both[len(table) :], 10, device), np.float64)


def _z(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Robust z-scores against the rows of like rank: blocks of :data:`_WINDOW`, medians and median deviations."""
    out = np.zeros(len(values))
    for start in range(0, len(values), _WINDOW):
        span = slice(max(0, min(start, len(values) - 2 * _WINDOW)), start + _WINDOW)
        middle = np.median(values[span])
        spread = 1.4826 * np.median(np.abs(values[span] - middle))
        out[start : start + _WINDOW] = (values[start : start + _WINDOW] - middle) / max(float(spread), 1e-9)
    return out


DETECTOR = Neighbourhood()
