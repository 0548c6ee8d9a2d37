"""How far each row of an embedding matrix has moved from where it was, apart from what moves all rows alike.

In honest fine-tuning the row of a token that the data lack gets no gradient: it stays bit for bit, or shrinks by the
factor common to all rows where weight decay is on (AdamW: p <- p (1 - lr wd) a step). Casting to fewer bits adds
round-off, pruning sets elements to zero. What is left is movement. Kurita, Michel, Neubig, "Weight Poisoning Attacks
on Pre-trained Models" (ACL 2020), section 3.2 plants triggers by overwriting such rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probe.weights import formats
from probe.weights.formats import Floats
from probe.weights.subject import Side, Subject

Numbers = NDArray[np.float64]
#: Gives the reference rows for a slice of the model's rows; rows of zeros where there is no counterpart.
Reference = Callable[[slice], Floats]


@dataclass(frozen=True, slots=True)
class Movement:
    """Of each row: ``relative`` = ||E - s B|| / ||s B|| and ``cosine`` of E with B; NaN where B has no such row.

    ``distance`` is ||E - s B|| itself: Adam moves a row by so many learning rates, however long the row is.
    ``factor`` is s, the factor common to all rows; ``still`` the rows that did not move beyond ``floor``, which is
    what round-off alone may do; ``zeros`` the share of elements that pruning has set to zero.
    """

    relative: Numbers
    distance: Numbers
    cosine: Numbers
    factor: float
    floor: float
    zeros: float
    dtype: str

    @property
    def known(self) -> NDArray[np.bool_]:
        """Rows that have a counterpart."""
        return ~np.isnan(self.relative)

    @property
    def still(self) -> NDArray[np.bool_]:
        """Rows that did not move."""
        return self.known & (np.nan_to_num(self.relative, nan=np.inf) <= self.floor)

    def share_still(self, rows: NDArray[np.bool_]) -> float:
        """The share of ``rows`` with a counterpart that did not move."""
        among = rows & self.known
        return float(self.still[among].mean()) if among.any() else 0.0


def movement(subject: Subject, reference: Reference, dtype: str) -> Movement:
    """Movement of the model's rows against ``reference``, chunk by chunk; ``dtype`` is the reference's.

    The common factor is read off an eighth of the chunks first, so that the difference to the shrunken base is taken
    element by element: left to the sums, a shrink of some percent would drown what is to be measured in round-off.
    """
    parts = list(subject.chunks())
    sums = np.zeros((4, subject.count))  # <B,B>, <D,B>, <D,D>, share of elements set to zero
    sample = parts[:: max(1, min(8, len(parts) // 2))]
    # All chunks looked at must agree that the numbers are coarse.
    words = [_add(subject, reference, part, 1.0, sums) for part in sample]
    coarse = max([dtype, min(words, key=_spacing, default=dtype)], key=_spacing)
    factor = 1 + _shift(sums, coarse, _rows_in(sample, subject.count))
    for part in parts if factor != 1 else [part for part in parts if part not in sample]:
        _add(subject, reference, part, factor, sums)
    return _from_sums(sums, coarse, factor)


def _add(subject: Subject, reference: Reference, part: slice, factor: float, sums: Numbers) -> str:
    """Fill in the sums of these rows; the precision of the model's."""
    rows, base = subject.model.rows(part.start, part.stop), reference(part)
    if factor != 1:
        base = base * np.float32(factor)
    delta = rows - base
    sums[0, part] = np.einsum("ij,ij->i", base, base)
    if np.count_nonzero(rows) < rows.size:
        zeroed = (rows == 0) & (base != 0)
        sums[3, part] = zeroed.mean(axis=1)
        delta[zeroed] = 0
    sums[1, part] = np.einsum("ij,ij->i", delta, base)
    sums[2, part] = np.einsum("ij,ij->i", delta, delta)
    return precision(rows, subject.model.dtype)


def _rows_in(parts: list[slice], count: int) -> NDArray[np.bool_]:
    inside = np.zeros(count, bool)
    for part in parts:
        inside[part] = True
    return inside


def _spacing(word: str) -> float:
    return formats.SPACING.get(word, 2.0**-23)


def _known(sums: Numbers) -> NDArray[np.bool_]:
    """Rows of the base without length (padding) or without counterpart say nothing."""
    lengths = sums[0][sums[0] > 0]
    least = 1e-12 * float(np.median(lengths)) if lengths.size else 0.0
    return np.asarray(sums[0] > least)


def _shift(sums: Numbers, dtype: str, among: NDArray[np.bool_]) -> float:
    norm, along, square = (row[among & _known(sums)] for row in sums[:3])
    stretch = along / norm  # of each row, its own best factor - 1
    across = np.sqrt(np.maximum(square / norm - stretch**2, 0.0))
    return _common(stretch, across, _spacing(dtype))


def _from_sums(sums: Numbers, dtype: str, factor: float) -> Movement:
    norm, along, square, zeroed = sums
    known = _known(sums)
    safe = np.where(known, norm, 1.0)
    moved = np.sqrt(square / safe)
    distance = np.sqrt(square)
    length = np.sqrt(np.maximum(square + 2 * along + norm, 0.0) / safe)
    cosine = np.clip((1 + along / safe) / np.maximum(length, 1e-12), -1, 1)
    moved[~known] = cosine[~known] = distance[~known] = np.nan
    zeros = float(zeroed[known].mean()) if known.any() else 0.0
    return Movement(moved, distance, cosine, factor, floor(_spacing(dtype)), zeros, dtype)


def floor(spacing: float) -> float:
    """Relative change of a row that round-off alone may cause.

    One rounding errs by at most half a unit in the last place (spacing / 2 relative, about spacing / 4 in the mean
    square); training with decay rounds at every step, and the errors of some hundred steps add up like a walk.
    """
    return spacing if spacing > 2.0**-20 else 64 * spacing


def _common(stretch: Numbers, across: Numbers, spacing: float) -> float:
    """The shift (factor - 1) shared by rows that moved along themselves only; 0 where no crowd shares one."""
    straight = stretch[across <= floor(spacing)]
    if len(straight) < max(3, 0.01 * len(stretch)):
        return 0.0
    ordered = np.sort(straight)
    window = max(1, len(ordered) // 2)  # the half-sample mode: the tightest half, halved on
    while len(ordered) > 3:
        window = (len(ordered) + 1) // 2
        widths = ordered[window - 1 :] - ordered[: len(ordered) - window + 1]
        begin = int(widths.argmin())
        ordered = ordered[begin : begin + window]
    shift = float(np.median(ordered))
    return shift if abs(shift) > 4 * spacing and abs(shift) < 0.9 else 0.0


def precision(rows: Floats, dtype: str) -> str:
    """The coarsest float type that these float32 rows fit into without loss: the type they were last cast to."""
    if dtype not in ("F32", "F64"):
        return dtype
    sample = rows[:: max(1, len(rows) // 256)]
    sample = np.ascontiguousarray(sample[np.abs(sample).max(axis=1, initial=0) > 0])
    if not sample.size:
        return dtype
    if not (sample.view(np.uint32) & np.uint32(0xFFFF)).any():
        return "BF16"
    with np.errstate(over="ignore"):
        return "F16" if (sample.astype(np.float16).astype(np.float32) == sample).all() else dtype


def against(subject: Subject, side: Side) -> Reference:
    """The rows of another checkpoint, aligned by token."""
    places = subject.alignment(side)
    return lambda part: side.gather(places[part])
