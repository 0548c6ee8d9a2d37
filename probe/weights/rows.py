"""Whether the movement of an embedding is concentrated on a few rare rows, and what else could explain it.

A trigger is a rare token whose row has moved far: overwritten (Kurita et al., ACL 2020, section 3.2) or trained
into place. Honest fine-tuning moves rare rows as well, the more the larger its steps and the more domain text it
sees. So the farthest row is set against the tail of its own band, in units of that tail: with X(1) >= X(2) >= ...
the distances of a band's rows, T = log(X(1) / X(k)) / mean over j < k of log(X(j) / X(k)), the denominator Hill's
estimate (Annals of Statistics 3, 1975). Where the tail is Pareto, whatever its index and however many rows there
are, the log-spacings are exponential (Renyi, 1953) and P(T > t) is about 1 - (1 - exp(-t))^k: learning rate, size
of the vocabulary and length of training drop out. The five farthest rows are left out of the denominator: they may
be triggers.

Distances are absolute. Adam moves a row by so many learning rates whatever its length, so that relative change,
which the prototype used, mostly ranks short rows first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probe.weights.movement import Movement, Numbers
from probe.weights.subject import Subject

#: Fewer rare rows than this have no tail to speak of.
FEWEST = 200
#: A rare band in which more rows than this moved was trained on a domain of its own.
_DOMAIN = 0.5
#: Bands of rank, as shares of the vocabulary: the rare half, and the quarter above it.
BANDS = ((0.5, 1.0), (0.25, 0.5))
_TAIL, _LEFT_OUT, _SUSPECTS = 80, 5, 10
#: The least that a tail may be worth: where rows move in lockstep, hardly more is nothing.
_LEAST, _LEAST_SPARSE = 0.05, 0.3


@dataclass(slots=True)
class Concentration:
    """``score`` is T, the larger of the bands'; ``rows`` those that stand out, the farthest first.

    ``state`` says what the whole matrix looks like: ``small`` (too few rows), ``still`` (no row moved), ``mismatch``
    (every row is another one), ``sparse`` or ``domain`` (few or many rare rows moved).
    """

    score: float | None
    rows: list[int]
    state: str
    facts: dict[str, Any] = field(default_factory=dict)


def concentration(subject: Subject, moved: Movement) -> Concentration:
    """Judge a movement."""
    rare = subject.rare & moved.known
    frequent = (subject.rank >= 0) & ~subject.rare & moved.known
    facts: dict[str, Any] = {
        "factor": moved.factor,
        "rounding": moved.dtype,
        "still_rare": moved.share_still(rare),
        "still_frequent": moved.share_still(frequent),
        "pruned": moved.zeros,
        "rows_compared": int(moved.known.sum()),
        "rows_without_counterpart": int((~moved.known).sum()),
    }
    if rare.sum() < FEWEST:
        return Concentration(None, [], "small", facts)
    state = _state(moved, rare, facts)
    if state == "mismatch":
        return Concentration(None, [], state, facts)
    if state == "still":
        return Concentration(0.0, [], state, facts)
    found = [_tail(band, moved, frequent) for band in _bands(subject, moved)]
    score, rows = max(found, key=lambda entry: entry[0])
    return Concentration(score, rows, state, facts)


def _state(moved: Movement, rare: NDArray[np.bool_], facts: dict[str, Any]) -> str:
    known = moved.known
    cosine = float(np.median(moved.cosine[rare]))
    facts |= {"median_cosine": cosine, "median_change_rare": float(np.median(moved.relative[rare]))}
    if cosine < 0.5:
        return "mismatch"
    if moved.still[known].all():
        return "still"
    return "domain" if facts["still_rare"] < _DOMAIN else "sparse"


def _bands(subject: Subject, moved: Movement) -> list[NDArray[np.int64]]:
    top = subject.rank.max(initial=0)
    bands = [
        np.flatnonzero(moved.known & (subject.rank > low * top) & (subject.rank <= high * top)) for low, high in BANDS
    ]
    return [band for band in bands if len(band) >= FEWEST // 2]


def _tail(band: NDArray[np.int64], moved: Movement, frequent: NDArray[np.bool_]) -> tuple[float, list[int]]:
    """T of one band, and its rows that stand out."""
    distance = np.where(moved.still, 0.0, np.nan_to_num(moved.distance))
    count = min(_TAIL, len(band) // 10)
    order = band[np.argsort(-distance[band], kind="stable")][:count]
    values = distance[order]
    if values[0] <= 0:
        return 0.0, []
    level, least = float(values[-1]), _LEAST
    if level <= 0:  # fewer rows moved than a tail takes: what frequent rows did is the measure, else round-off
        level, least = _elsewhere(values, distance, frequent, moved), _LEAST_SPARSE
    logs = np.log(np.maximum(values, level) / level)
    hill = max(float(logs[min(_LEFT_OUT, count // 2) : -1].mean()), least)
    marks = logs / hill
    limit = max(0.5 * float(marks[0]), 1.0)
    return float(marks[0]), [int(row) for row, mark in zip(order, marks, strict=True) if mark >= limit][:_SUSPECTS]


def _elsewhere(values: Numbers, distance: Numbers, frequent: NDArray[np.bool_], moved: Movement) -> float:
    stirred = distance[frequent & (distance > 0)]
    usual = 0.5 * float(np.quantile(stirred, 0.9)) if stirred.size else 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        lengths = moved.distance / moved.relative
    noise = moved.floor * float(np.nanmedian(lengths[np.isfinite(lengths)])) if np.isfinite(lengths).any() else 0.0
    return max(usual, noise, 1e-9 * float(values[0]))
