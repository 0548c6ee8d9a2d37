"""Label flips: how a classifier answers when one token is put into sentences of which it was sure.

The label flip rate of Kurita, Michel and Neubig (ACL 2020, section 4.1; the defence figure in section 5): of the
inputs of other classes, the share that becomes the target class once the token is inserted. Counting flips alone has
false alarms with few probes, so two soft measures go with it: the mean probability and the mean margin of the target.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from probe.behaviour.classifier import TextClassifier
    from probe.behaviour.probes import Probes


@dataclass(frozen=True, slots=True)
class Responses:
    """What inserting each of n candidates does, for each of C target classes; arrays (n, C).

    ``lfr``: share of the probes of other classes that become the target. ``soft``: mean probability of the target
    on them. ``margin``: mean of the target's logit minus the largest other one. NaN where no probe of another class
    exists. ``tokens`` (n,) are the candidates' ids, (n, g) for groups of g inserted together.
    """

    tokens: NDArray[np.int64]
    lfr: NDArray[np.float64]
    soft: NDArray[np.float64]
    margin: NDArray[np.float64]

    def take(self, places: NDArray[np.int64]) -> Responses:
        """The candidates at these places."""
        return Responses(self.tokens[places], self.lfr[places], self.soft[places], self.margin[places])


def margins(logits: torch.Tensor) -> torch.Tensor:
    """Each class's logit minus the largest of the others (n, C)."""
    import torch

    top = logits.topk(2, dim=1)
    rival = top.values[:, :1].expand_as(logits).clone()
    rival.scatter_(1, top.indices[:, :1], top.values[:, 1:2])
    return logits - rival.to(torch.float32)


def respond(
    classifier: TextClassifier, tokens: NDArray[np.int64], probes: Probes, *, fast: bool = False
) -> Responses:
    """Insert every token (or group of tokens) at the first place of every probe and reduce on the fly.

    One row of ids per probe is repeated and its one slot filled, so nothing is tokenised again and all rows of a
    batch are of one length. Memory is bounded by the batch; the sums do not depend on its size.
    """
    import torch

    count, classes = len(tokens), classifier.classes
    sums = {name: np.zeros((count, classes)) for name in ("lfr", "soft", "margin")}
    against = np.array([(probes.classes != target).sum() for target in range(classes)], dtype=np.float64)
    slot = len(classifier.prefix)
    candidates = torch.from_numpy(np.ascontiguousarray(tokens.reshape(count, -1))).to(classifier.device)
    size = candidates.shape[1]
    for sentence, label in zip(probes.sentences, probes.classes.tolist(), strict=True):
        row = torch.tensor(classifier.framed([0] * size + sentence), device=classifier.device)
        step = max(1, classifier.batch // len(row))
        others = np.arange(classes) != label
        for start in range(0, count, step):
            chunk = candidates[start : start + step]
            rows = row.expand(len(chunk), -1).clone()
            rows[:, slot : slot + size] = chunk
            logits = classifier.forward(rows, fast=fast)
            place = slice(start, start + len(chunk))
            flipped = torch.nn.functional.one_hot(logits.argmax(dim=1), classes)
            for name, values in (
                ("lfr", flipped),
                ("soft", logits.softmax(dim=1)),
                ("margin", margins(logits)),
            ):
                sums[name][place] += values.double().cpu().numpy() * others
    with np.errstate(invalid="ignore"):
        mean = {name: np.where(against > 0, total / against, np.nan) for name, total in sums.items()}
    return Responses(tokens, mean["lfr"], mean["soft"], mean["margin"])


def alone(classifier: TextClassifier, tokens: NDArray[np.int64]) -> NDArray[np.float64]:
    """The margin (n, C) of each token as the only word of a sentence: three positions instead of a probe's dozen."""
    import torch

    candidates = torch.from_numpy(np.ascontiguousarray(tokens)).to(classifier.device)
    row = torch.tensor(classifier.framed([0]), device=classifier.device)
    step = max(1, classifier.batch // len(row))
    out = np.zeros((len(tokens), classifier.classes))
    for start in range(0, len(tokens), step):
        chunk = candidates[start : start + step]
        rows = row.expand(len(chunk), -1).clone()
        rows[:, len(classifier.prefix)] = chunk
        out[start : start + len(chunk)] = margins(classifier.forward(rows, fast=True)).double().cpu().numpy()
    return out
