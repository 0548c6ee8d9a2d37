"""How the difference between two checkpoints is spread over their tensors, and what kind of relation that shows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from probe.weights import formats
from probe.weights.formats import Floats, Unreadable
from probe.weights.layout import bare, is_head, layer_of
from probe.weights.movement import precision
from probe.weights.subject import Side, Subject
from probe.weights.tensors import finite

_PIECE = 16 << 20
#: Matrices whose difference is taken apart by singular values, and the largest side looked at.
_MATRICES = 8
_SIDE = 1024
_SMALL = 64


@dataclass(slots=True)
class Change:
    """One tensor in both: ``relative`` = ||A - B|| / ||B||, share of elements that ``changed``, ``cosine``,
    share set to zero, and whether all of it is round-off.
    """

    name: str
    size: int
    relative: float
    changed: float
    cosine: float
    zeroed: float
    rounding: bool
    head: bool
    embedding: bool
    layer: int | None


@dataclass(slots=True)
class Spread:
    """All tensors side by side; ``ranks``: effective rank over full rank of the changed matrices looked at."""

    changes: list[Change]
    missing: int
    added: int
    reshaped: int
    unread: int
    ranks: list[tuple[str, int, int]] = field(default_factory=list)
    grid: float = 0.0
    mixed: tuple[float, list[float]] = (0.0, [])


def compare(subject: Subject, base: Side) -> Spread:
    """Read both checkpoints tensor by tensor, under the subject's cap on streaming."""
    pairs, missing, added, reshaped = _pairs(subject.model, base)
    left, changes, unread = subject.options.stream, [], 0
    for mine, theirs in pairs:
        cost = subject.model.checkpoint.tensors[mine].nbytes
        if cost > left:
            unread += 1
            continue
        left -= cost
        try:
            changes.append(_change(subject.model, base, mine, theirs))
        except Unreadable:
            unread += 1
    spread = Spread(changes, missing, added, reshaped, unread)
    chosen = [change for change in changes if _taken_apart(subject.model, change)]
    names = dict(pairs)
    for change in chosen[:: max(1, len(chosen) // _MATRICES)][:_MATRICES]:
        spread.ranks.append(_rank(subject.model, base, change.name, names[change.name]))
    spread.grid = _grid(subject.model)
    spread.mixed = _mixture(subject, base, chosen, names)
    return spread


def _pairs(model: Side, base: Side) -> tuple[list[tuple[str, str]], int, int, int]:
    theirs = {bare(name): name for name in base.checkpoint.tensors}
    pairs, reshaped, added = [], 0, 0
    for name, info in model.checkpoint.tensors.items():
        other = theirs.get(bare(name))
        if other is None:
            added += 1
        elif base.checkpoint.tensors[other].shape != info.shape:
            reshaped += 1
        elif info.dtype in formats.SPACING and base.checkpoint.tensors[other].dtype in formats.SPACING:
            pairs.append((name, other))
    mine = {bare(name) for name in model.checkpoint.tensors}
    return pairs, sum(name not in mine for name in theirs), added, reshaped


def _change(model: Side, base: Side, mine: str, theirs: str) -> Change:
    info, other = model.checkpoint.tensors[mine], base.checkpoint.tensors[theirs]
    sums = np.zeros(4)  # <B,B>, <D,B>, <D,D>, <A,A>
    changed = zeroed = beyond = 0
    spacing = 0.0
    for left, right in _side_by_side(model, base, mine, theirs):
        coarse = max(formats.SPACING[precision(left[None, :], info.dtype)], formats.SPACING[other.dtype])
        spacing = max(spacing, coarse)
        delta = left - right
        sums += [float(x @ y) for x, y in ((right, right), (delta, right), (delta, delta), (left, left))]
        different = delta != 0
        changed += int(different.sum())
        zeroed += int(((left == 0) & (right != 0)).sum())
        beyond += int((np.abs(delta) > spacing * np.abs(right) + 1e-7 * spacing).sum())
    size = max(info.size, 1)
    norm = math.sqrt(sums[0])
    length = math.sqrt(sums[3]) * norm
    return Change(
        mine, info.size, math.sqrt(sums[2]) / norm if norm > 0 else (0.0 if not sums[2] else math.inf),
        changed / size, (sums[0] + sums[1]) / length if length > 0 else 1.0, zeroed / size,
        changed > 0 and beyond <= 1e-3 * size, is_head(mine), mine == model.layout.embedding, layer_of(mine),
    )  # fmt: skip


def _side_by_side(model: Side, base: Side, mine: str, theirs: str) -> Iterator[tuple[Floats, Floats]]:
    widths = [formats.WIDTHS[side.checkpoint.tensors[name].dtype] for side, name in ((model, mine), (base, theirs))]
    elements = _PIECE // 4
    left = model.checkpoint.pieces(mine, elements * widths[0])
    right = base.checkpoint.pieces(theirs, elements * widths[1])
    for one, other in zip(left, right, strict=True):
        yield finite(one), finite(other)


def _taken_apart(model: Side, change: Change) -> bool:
    shape = model.checkpoint.tensors[change.name].shape
    inner = len(shape) == 2 and min(shape) >= _SMALL and not change.embedding and not change.head
    return inner and change.layer is not None and change.changed > 0.01 and not change.rounding


def _corner(side: Side, name: str) -> Floats:
    return finite(side.checkpoint.rows(name, 0, _SIDE))[:, :_SIDE]


def _rank(model: Side, base: Side, mine: str, theirs: str) -> tuple[str, int, int]:
    """Effective rank of the difference: singular values that hold 99 % of its energy beyond round-off.

    A corner of at most 1024 x 1024 is looked at: its rank is no more than the whole's, and a LoRA's shows in it.
    """
    left, right = _corner(model, mine), _corner(base, theirs)
    delta = (left - right).astype(np.float64)
    values = np.linalg.svd(delta, compute_uv=False) ** 2
    coarse = max(
        formats.SPACING[precision(left, model.checkpoint.tensors[mine].dtype)],
        formats.SPACING[base.checkpoint.tensors[theirs].dtype],
    )
    # Round-off of size spacing / sqrt(12) spreads its energy evenly over all directions.
    noise = float((left.astype(np.float64) ** 2).sum()) * coarse**2 / 12 / len(values)
    values = np.maximum(values - 4 * noise, 0.0)
    total = values.sum()
    if not total > 0:
        return mine, 0, len(values)
    return mine, int(np.searchsorted(np.cumsum(values) / total, 0.99) + 1), len(values)


def _grid(model: Side) -> float:
    """The share of inner matrices whose rows take values on an even grid of at most 255 steps: dequantised ones."""
    inner = [
        name
        for name, info in sorted(model.checkpoint.tensors.items())
        if len(info.shape) == 2 and min(info.shape) >= _SMALL and layer_of(name) is not None
    ]
    names = [name for name in inner if model.checkpoint.tensors[name].dtype in formats.SPACING]
    names = names[:: max(1, len(names) // 16)]
    return float(np.mean([_on_grid(finite(model.checkpoint.rows(name, 0, 4))) for name in names])) if names else 0.0


def _on_grid(rows: Floats) -> bool:
    flat = np.unique(np.abs(rows).ravel())
    whole = len(flat) <= 256 and len(flat) * 4 < rows.size
    return whole or all(_row_on_grid(row) for row in rows if row.any())


def _row_on_grid(row: Floats) -> bool:
    levels = np.unique(row.astype(np.float64))
    gaps = np.diff(levels)
    if len(levels) < 4 or len(levels) > 256:
        return len(levels) <= 4 and row.size > 16
    step = float(gaps.min())
    steps = (levels - levels[0]) / step
    return bool(steps[-1] <= 256 and np.abs(steps - np.round(steps)).max() < 0.02)


def _mixture(
    subject: Subject, base: Side, chosen: Sequence[Change], names: dict[str, str]
) -> tuple[float, list[float]]:
    """Least squares of the model's difference on the siblings' differences: R squared and the coefficients.

    A merge (weight average, task arithmetic; Wortsman et al., ICML 2022) is a linear combination of its parents in
    every matrix; a fine-tune of its own is not.
    """
    siblings = [side for side in subject.siblings if all(_same(side, change, subject.model) for change in chosen)]
    if not chosen or not siblings:
        return 0.0, []
    rows, targets = [], []
    for change in chosen[:: max(1, len(chosen) // _MATRICES)][:_MATRICES]:
        origin = _corner(base, names[change.name])
        targets.append((_corner(subject.model, change.name) - origin).ravel()[::3])
        rows.append(
            np.stack([(_corner(side, _named(side, change.name)) - origin).ravel()[::3] for side in siblings], 1)
        )
    design, target = np.concatenate(rows).astype(np.float64), np.concatenate(targets).astype(np.float64)
    solved, *_ = np.linalg.lstsq(design, target, rcond=1e-6)
    total = float(target @ target)
    left = float(((target - design @ solved) ** 2).sum())
    return (1 - left / total if total > 0 else 0.0), [float(value) for value in solved]


def _named(side: Side, name: str) -> str:
    return (
        name if name in side.checkpoint.tensors else next(n for n in side.checkpoint.tensors if bare(n) == bare(name))
    )


def _same(side: Side, change: Change, model: Side) -> bool:
    theirs = {bare(name): info for name, info in side.checkpoint.tensors.items()}
    info = theirs.get(bare(change.name))
    return (
        info is not None
        and info.shape == model.checkpoint.tensors[change.name].shape
        and info.dtype in formats.SPACING
    )
