"""Exposure by clean unlearning: a model that is made to forget its task shows what it knows besides.

Expose Before You Defend (Li, Huang, Zhang, Ma, Jiang 2024, section on clean unlearning): gradient ascent on a few
clean samples; a backdoored model's predictions then gather in the target class while its clean accuracy falls to
chance. With two classes every model gathers somewhere, and how fast the ascent goes decides much: the rate here
starts very low and grows by a constant factor, so that no model is torn apart in one step whatever its scale.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from probe.behaviour.report import Budget, NotApplicable

if TYPE_CHECKING:
    import torch

RATE = 1e-5
GROWTH = 1.05
STEPS = 300
#: Clean accuracy at which unlearning stops, as a share of the way from the start down to chance.
LEFT = 0.05


@dataclass(slots=True)
class Exposure:
    """``share`` of predictions in the most predicted class (``target``) once clean accuracy was at chance; ``course``
    lists (accuracy, share) after every step; ``reached`` is False where accuracy stayed above chance.
    """

    share: float = 0.0
    target: int = 0
    reached: bool = False
    course: list[tuple[float, float]] = field(default_factory=list)

    @property
    def early(self) -> float:
        """The mean share over the course from half the accuracy down to chance: collapse that comes first weighs
        more.
        """
        if not self.course:
            return 0.0
        half = (self.course[0][0] + self.course[-1][0]) / 2
        late = [share for accuracy, share in self.course if accuracy <= half]
        return float(np.mean(late)) if late else self.share


def expose(
    model: Any,
    forward: Callable[[Any, torch.Tensor], torch.Tensor],
    inputs: torch.Tensor,
    labels: torch.Tensor,
    classes: int,
    *,
    budget: Budget | None = None,
    rate: float = RATE,
    growth: float = GROWTH,
    steps: int = STEPS,
) -> Exposure:
    """Unlearn a copy of ``model`` on one half of the clean samples and watch it on the other.

    ``forward(model, inputs)`` gives logits (n, C). The model itself stays as it is. Raises :class:`NotApplicable`
    with two classes, with too few samples, or where the model does not know the task to begin with.
    """
    import torch

    if classes < 3:
        raise NotApplicable("not-applicable: two classes")
    if len(inputs) < 4 * classes:
        raise NotApplicable(f"{len(inputs)} clean samples are too few for {classes} classes")
    budget = budget or Budget()
    subject = copy.deepcopy(model).eval().requires_grad_(True)
    half = len(inputs) // 2
    learn, watch = (inputs[:half], labels[:half]), (inputs[half:], labels[half:])
    optimiser = torch.optim.Adam(subject.parameters(), lr=rate, weight_decay=5e-4)
    exposure = Exposure()
    chance = float(torch.bincount(watch[1], minlength=classes).max()) / len(watch[1])
    for _ in range(steps):
        budget.tick()
        predicted = _predict(subject, forward, watch[0])
        if predicted is None:
            break
        counts = torch.bincount(predicted, minlength=classes)
        exposure.course.append((float((predicted == watch[1]).float().mean()), float(counts.max()) / len(predicted)))
        exposure.share, exposure.target = exposure.course[-1][1], int(counts.argmax())
        start = exposure.course[0][0]
        if start < chance + 0.2:
            raise NotApplicable(f"the model knows too little of this data to unlearn it (accuracy {start:.2f})")
        if exposure.course[-1][0] <= chance + LEFT * (start - chance):
            exposure.reached = True
            break
        loss = -torch.nn.functional.cross_entropy(forward(subject, learn[0]), learn[1])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(subject.parameters(), 20.0)
        optimiser.step()
        for group in optimiser.param_groups:
            group["lr"] *= growth
    return exposure


def _predict(
    model: Any, forward: Callable[[Any, torch.Tensor], torch.Tensor], inputs: torch.Tensor
) -> torch.Tensor | None:
    """The classes (n,) that the model gives, or None once its numbers are no longer finite."""
    import torch

    with torch.no_grad():
        logits = forward(model, inputs)
    return logits.argmax(dim=1) if bool(torch.isfinite(logits).all()) else None


def sentences(model: Any, rows: torch.Tensor) -> torch.Tensor:
    """Logits of a text classifier for rows of token ids."""
    logits: torch.Tensor = model(input_ids=rows).logits
    return logits.float()


def pictures(model: Any, pixels: torch.Tensor) -> torch.Tensor:
    """Logits of an image classifier for a batch of pictures."""
    answer = model(pixels)
    logits: torch.Tensor = getattr(answer, "logits", answer)
    return logits.float()
