"""Maximum margins: a class that a planted trigger serves has room for a margin that the other classes have not.

MM-BD (Wang, Xiang, Miller, Kesidis, IEEE S&P 2024): for every class the largest margin that any input reaches is
sought by gradient ascent from random starts, with no data; the largest of these is compared with a distribution
fitted to the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from probe.behaviour.report import NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from probe.behaviour.pictures import ImageClassifier

STARTS = 10
STEPS = 100
RATE = 0.05


@dataclass(frozen=True, slots=True)
class Margins:
    """``maximum`` (C,) is each class's largest margin; ``target`` the class of the largest; ``p_value`` how likely so
    large a maximum is under a gamma distribution fitted to the others.
    """

    maximum: NDArray[np.float64]
    target: int
    p_value: float

    @property
    def score(self) -> float:
        """-log10 of the p-value, at most 300."""
        return float(-np.log10(max(self.p_value, 1e-300)))


def maximum_margins(
    classifier: ImageClassifier, *, starts: int = STARTS, steps: int = STEPS, seed: int = 0
) -> Margins:
    """Search every class's maximum margin; all classes and starts go in one batch.

    Inputs stay within the range of the pictures; steps are signed gradients, falling to a tenth of ``RATE`` of that
    range. Raises :class:`NotApplicable` with fewer than four classes, where there is nothing to fit.
    """
    import torch

    classes = classifier.classes
    if classes < 4:
        raise NotApplicable(f"{classes} classes leave too few others to fit a distribution to")
    draws = torch.Generator().manual_seed(seed)
    span = classifier.high - classifier.low
    start = classifier.low + span * torch.rand((classes * starts, *classifier.shape), generator=draws)
    targets = torch.arange(classes).repeat_interleave(starts)
    best = np.full(classes * starts, -np.inf)
    step_size = max(1, classifier.batch)
    for begin in range(0, len(start), step_size):
        place = slice(begin, begin + step_size)
        best[place] = _climb(classifier, start[place], targets[place], steps, span)
    maximum = best.reshape(classes, starts).max(axis=1)
    target = int(maximum.argmax())
    return Margins(maximum, target, tail(maximum))


def _climb(
    classifier: ImageClassifier, start: object, targets: object, steps: int, span: float
) -> NDArray[np.float64]:
    """The margins (n,) reached from these starting points."""
    import torch

    assert isinstance(start, torch.Tensor)
    assert isinstance(targets, torch.Tensor)
    pixels = start.to(classifier.device)
    own = targets.to(classifier.device)[:, None]
    best = torch.full((len(pixels),), -torch.inf, device=classifier.device)
    for step in range(steps):
        pixels = pixels.detach().requires_grad_(True)
        logits = classifier.forward(pixels)
        margin = logits.gather(1, own)[:, 0] - logits.scatter(1, own, -torch.inf).amax(dim=1)
        best = torch.maximum(best, margin.detach())
        (gradient,) = torch.autograd.grad(margin.sum(), pixels)
        rate = RATE * span * (0.1 + 0.9 * (1 - step / steps))
        pixels = (pixels.detach() + rate * gradient.sign()).clamp(classifier.low, classifier.high)
    return best.double().cpu().numpy()


def tail(maximum: NDArray[np.float64]) -> float:
    """The p-value of the largest of C maxima: 1 - G(largest) ** C, G a gamma distribution by the moments of the
    rest.
    """
    from scipy import stats

    ordered = np.sort(maximum)
    rest = ordered[:-1]
    mean, variance = float(rest.mean()), float(rest.var(ddof=1))
    if mean <= 0 or variance <= 0:
        return 1.0
    upper = stats.gamma.sf(ordered[-1], a=mean * mean / variance, scale=variance / mean)
    # 1 - (1 - upper) ** C without losing what is small.
    return float(-np.expm1(len(maximum) * np.log1p(-min(float(upper), 1 - 1e-12))))
