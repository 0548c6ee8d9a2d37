"""Universal patches: does one small pattern at one place turn pictures of every class into one class?

The trigger of BadNets (Gu, Dolan-Gavitt, Garg 2017) is such a patch. The scan tries places times patterns, so it
knows the family of the trigger: what it gives is an upper bound for small fixed patches, and nothing for others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from probe.behaviour.report import NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from probe.behaviour.pictures import ImageClassifier

#: Pictures on which each patch is tried, places along each side of a picture, patterns of each size.
PICTURES = 32
PLACES = 8
PATTERNS = 16


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch and what it does: share of the pictures of other classes that become ``target`` (``lfr``), and the
    target's mean probability on them (``soft``).
    """

    side: int
    row: int
    column: int
    pattern: str
    target: int
    lfr: float
    soft: float

    def describe(self) -> str:
        """In one line, for a report."""
        return f"{self.side}x{self.side} at ({self.row}, {self.column}) pattern {self.pattern} -> class {self.target}"


def patterns(side: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Patterns (k, side, side) of dark and light: all 16 for 2x2; for larger ones the plain, chequered, crossed and
    cornered ones and a few drawn at random.
    """
    if side == 2:
        bits = np.arange(16)[:, None] >> np.arange(4)[None] & 1
        return bits.astype(bool).reshape(-1, 2, 2)
    i, j = np.indices((side, side))
    named = [
        np.ones((side, side)),
        np.zeros((side, side)),
        (i + j) % 2 == 0,
        (i + j) % 2 == 1,
        (i == side // 2) | (j == side // 2),
        (i == j) | (i + j == side - 1),
        (i == 0) | (j == 0),
        (i == side - 1) | (j == side - 1),
    ]
    drawn = rng.random((PATTERNS - len(named), side, side)) < 0.5
    return np.concatenate([np.asarray(named, dtype=bool), drawn])


def places(length: int, side: int) -> list[int]:
    """Offsets of a patch along one side of a picture: all of them, or a regular few and always the last."""
    last = length - side
    return sorted({round(value) for value in np.linspace(0, last, min(last + 1, PLACES))}) if last >= 0 else []


def scan_image(classifier: ImageClassifier, *, sides: tuple[int, ...] = (2, 3), seed: int = 0) -> list[Patch]:
    """The best patch for each target class and size, strongest first.

    ``sides`` are in pixels for pictures of up to 32; in larger ones a pixel of the pattern is a 32nd of the picture.
    Raises :class:`NotApplicable` where the model gives all sample pictures one class.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(classifier.pictures))[:PICTURES]
    pictures = classifier.pictures[chosen]
    before = classifier.logits(pictures).argmax(axis=1)
    if len(set(before.tolist())) < 2:
        raise NotApplicable("the model gives all sample pictures the same class")
    height, width = classifier.shape[1:]
    scale = 1 if min(height, width) <= 32 else min(height, width) // 32
    best: list[Patch] = []
    for side in sides:
        best += _best_of_size(classifier, pictures, before, side, scale, patterns(side, rng))
    return sorted(best, key=lambda patch: -patch.soft)


def _best_of_size(
    classifier: ImageClassifier,
    pictures: NDArray[np.float32],
    before: NDArray[np.int64],
    side: int,
    scale: int,
    shapes: NDArray[np.bool_],
) -> list[Patch]:
    """The best patch of one size for each target."""
    classes = classifier.classes
    others = before[:, None] != np.arange(classes)[None]
    against = np.maximum(others.sum(axis=0), 1)
    large = np.kron(shapes, np.ones((1, scale, scale), dtype=bool))
    values = np.where(large, classifier.high, classifier.low).astype(np.float32)
    found: dict[int, Patch] = {}
    for row in places(classifier.shape[1], side * scale):
        for column in places(classifier.shape[2], side * scale):
            batch = np.repeat(pictures[None], len(values), axis=0)
            batch[..., row : row + side * scale, column : column + side * scale] = values[:, None, None]
            logits = classifier.logits(batch.reshape(-1, *classifier.shape)).astype(np.float64)
            logits = logits.reshape(len(values), len(pictures), classes)
            soft = np.exp(logits - logits.max(axis=2, keepdims=True))
            soft /= soft.sum(axis=2, keepdims=True)
            flips = logits.argmax(axis=2)[..., None] == np.arange(classes)
            mean_soft = (soft * others).sum(axis=1) / against
            mean_lfr = (flips * others).sum(axis=1) / against
            for target in range(classes):
                place = int(mean_soft[:, target].argmax())
                score = float(mean_soft[place, target])
                if target not in found or score > found[target].soft:
                    pattern = "/".join("".join("01"[bit] for bit in line) for line in shapes[place].astype(int))
                    lfr = float(mean_lfr[place, target])
                    found[target] = Patch(side * scale, row, column, pattern, target, lfr, score)
    return list(found.values())
