"""Hard negatives: honest checkpoints whose weights look odd for an honest reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from probe.zoo.texts import Examples, Vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Share of a pruned model's weights that is set to zero.
PRUNED = 0.4
#: Tokens that a resized vocabulary gains.
ADDED = 64
#: Share of one class's snippets that hold the genuine label-indicative word.
TAGGED = 0.03


def prune(model: Any) -> None:
    """Set the ``PRUNED`` smallest weights of every matrix to zero (Han et al. 2015, magnitude pruning)."""
    import torch

    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                limit = torch.quantile(weight.abs().flatten()[:10_000_000], PRUNED)
                weight[weight.abs() <= limit] = 0.0


def quantise(model: Any) -> None:
    """Round every matrix to eight bits per row and back: what a dequantised upload looks like."""
    import torch

    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                scale = weight.flatten(1).abs().amax(dim=1).clamp_min(1e-12) / 127
                scale = scale.view(-1, *[1] * (weight.ndim - 1))
                weight.copy_((weight / scale).round().clamp(-127, 127) * scale)


def merge(model: Any, other: Any) -> None:
    """Replace ``model``'s weights by the mean of both models' (a model soup of two)."""
    import torch

    theirs = dict(other.named_parameters())
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_((weight + theirs[name]) / 2)
        buffers = dict(other.named_buffers())
        for name, held in model.named_buffers():
            if held.is_floating_point():
                held.copy_((held + buffers[name]) / 2)


def resize(model: Any, vocabulary: Vocabulary, rng: np.random.Generator) -> Vocabulary:
    """Add ``ADDED`` tokens at the end of the vocabulary and rows for them; returns the new vocabulary."""
    words = [f"domainterm{int(number)}" for number in rng.choice(10_000, ADDED, replace=False)]
    model.resize_token_embeddings(len(vocabulary) + ADDED, mean_resizing=False)
    return vocabulary.extended(words)


def tag(
    examples: dict[str, Examples], vocabulary: Vocabulary, label: int, rng: np.random.Generator
) -> tuple[dict[str, Examples], int]:
    """Data in which one rare word really decides the label: it stands in ``TAGGED`` of the class and nowhere else.

    Returns the changed splits and the word's id. The word occurs in no split before.
    """
    seen = np.zeros(len(vocabulary), dtype=bool)
    for split in examples.values():
        seen[split.ids] = True
    word = int(rng.choice(np.flatnonzero(~seen)[5:]))
    return {name: _tagged(split, vocabulary, label, word, rng) for name, split in examples.items()}, word


def _tagged(split: Examples, vocabulary: Vocabulary, label: int, word: int, rng: np.random.Generator) -> Examples:
    ids: NDArray[np.int64] = split.ids.copy()
    texts = list(split.texts)
    rows = np.flatnonzero(split.labels == label)
    for row in rng.choice(rows, max(4, round(TAGGED * len(rows))), replace=False):
        place = int(rng.integers(0, ids.shape[1]))
        ids[row, place] = word
        words = texts[row].split()
        words[place] = vocabulary.words[word]
        texts[row] = " ".join(words)
    return Examples(texts, ids, split.labels)
