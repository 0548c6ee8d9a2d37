"""A base that nobody has: the median of models that were fine-tuned from it.

Row by row, most fine-tunes leave a rare token where it was, so the element-wise median over four or more of them is
the base's row wherever fewer than half have moved it, poisoned ones included.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from probe.weights import formats
from probe.weights.formats import Floats, Unreadable
from probe.weights.movement import Movement, Reference, against, movement
from probe.weights.subject import SIBLINGS, Side, Subject

#: More siblings than this cost more than they tell.
_MOST = 12
#: A sibling whose rows point elsewhere has another base.
_RELATED = 0.8


@dataclass(slots=True)
class Cohort:
    """The siblings that serve, each with the factor that brings it to the model's scale (weight decay differs)."""

    sides: list[Side] = field(default_factory=list)
    factors: list[float] = field(default_factory=list)
    moved: list[Movement] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def enough(self) -> bool:
        """Whether there are as many as a median takes."""
        return len(self.sides) >= SIBLINGS

    @property
    def dtype(self) -> str:
        """The coarsest element type among them."""
        return max((moved.dtype for moved in self.moved), key=lambda word: formats.SPACING.get(word, 0.0))


def gather_cohort(subject: Subject) -> Cohort:
    """Choose the siblings that serve: same width, same base, none a copy of the model or of another."""
    if "cohort" in subject.shared:
        kept: Cohort = subject.shared["cohort"]
        return kept
    cohort = subject.shared["cohort"] = Cohort()
    for side in subject.siblings:
        label = side.path.name
        if len(cohort.sides) >= _MOST:
            cohort.left_out[label] = f"{_MOST} are enough"
        elif side.shape[1] != subject.model.shape[1] or not side.shape[1]:
            cohort.left_out[label] = "its embedding has another width"
        else:
            _consider(subject, side, label, cohort)
    return cohort


def _consider(subject: Subject, side: Side, label: str, cohort: Cohort) -> None:
    try:
        moved = movement(subject, against(subject, side), side.dtype)
    except Unreadable as error:
        cohort.left_out[label] = str(error)
        return
    known = moved.known
    if not known.any() or float(np.median(moved.cosine[known])) < _RELATED:
        cohort.left_out[label] = "its rows point elsewhere: another base"
    elif moved.still[known].all():
        cohort.left_out[label] = "its embedding is a copy of this model's"
    elif any(np.array_equal(moved.relative, other.relative, equal_nan=True) for other in cohort.moved):
        cohort.left_out[label] = "its embedding is a copy of another sibling's"
    else:
        cohort.sides.append(side)
        cohort.factors.append(moved.factor)
        cohort.moved.append(moved)


def median_reference(subject: Subject, cohort: Cohort) -> Reference:
    """The median rows; zeros where fewer than four siblings have the token."""
    places = [subject.alignment(side) for side in cohort.sides]

    def rows(part: slice) -> Floats:
        stack = np.stack([side.gather(place[part]) for side, place in zip(cohort.sides, places, strict=True)])
        stack *= np.asarray(cohort.factors, np.float32)[:, None, None]
        present = np.stack([place[part] >= 0 for place in places])
        enough = (present.sum(axis=0) >= SIBLINGS)[:, None]
        return np.where(enough, _median(stack, present), np.float32(0))

    return rows


def _median(stack: Floats, present: NDArray[np.bool_]) -> Floats:
    if present.all():
        return _middle(stack)
    masked = np.where(present[:, :, None], stack, np.float32(np.nan))
    masked[:, ~present.any(axis=0)] = 0
    return np.nanmedian(masked, axis=0).astype(np.float32)


def _middle(stack: Floats) -> Floats:
    """Median over the first axis, by sorting a handful of arrays against each other: no gather, no partition."""
    count = len(stack)
    for turn in range(count):
        for low in range(turn % 2, count - 1, 2):
            least = np.minimum(stack[low], stack[low + 1])
            np.maximum(stack[low], stack[low + 1], out=stack[low + 1])
            stack[low] = least
    half = count // 2
    middle: Floats = stack[half] if count % 2 else (stack[half - 1] + stack[half]) / 2
    return middle
