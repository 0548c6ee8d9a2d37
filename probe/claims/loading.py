"""The checkpoint to be evaluated, loaded by :mod:`probe.checkpoints`: safe tensors, no remote code, no network."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from probe.claims.normalise import Unclear

#: Model types whose positions begin after the padding index, so that two of them are not for tokens.
_OFFSET = {"roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "mpnet", "longformer", "roberta-prelayernorm"}
#: Longest input where neither tokenizer nor model says one.
_LENGTH = 512
_ENDLESS = 10**9


@dataclass(slots=True)
class Loaded:
    """A model, its tokenizer (None where it has none), its settings, the names of its classes, and its folder.

    ``facts`` is what :func:`probe.checkpoints.load` says of it.
    """

    model: Any
    tokenizer: Any
    config: Any
    folder: Path
    architectures: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """Class names by number."""
        named = getattr(self.config, "id2label", None) or {}
        return [str(named[key]) for key in sorted(named)]

    @property
    def outputs(self) -> int:
        """Width of the head."""
        count = getattr(self.config, "num_labels", None)
        return count if isinstance(count, int) else len(self.labels)

    @property
    def max_length(self) -> int:
        """The longest input in tokens that tokenizer and positions both allow."""
        told = int(min(getattr(self.tokenizer, "model_max_length", None) or _ENDLESS, _ENDLESS))
        places = getattr(self.config, "max_position_embeddings", None) or getattr(self.config, "n_positions", None)
        if isinstance(places, int) and places > 2:
            told = min(told, places - (2 if getattr(self.config, "model_type", "") in _OFFSET else 0))
        return told if told < _ENDLESS else _LENGTH


def load(folder: Path, device: str | None = None) -> Loaded:
    """Load a checkpoint's folder. Raises :class:`Unclear` with the word of the closed list that says why not."""
    from probe import checkpoints

    try:
        found = checkpoints.load(folder, device=device)
    except checkpoints.Refused as refused:
        raise Unclear(refused.code, refused.reason) from refused
    named = found.config.get("architectures")
    named = [str(word) for word in named] if isinstance(named, list) else []
    # The class that was built stands for a configuration that names none.
    words = [str(found.facts.get("architecture", "")), *named]
    return Loaded(found.model, found.tokenizer, found.model.config, folder, words, found.facts)


def texts_of(loaded: Loaded) -> Any:
    """The tokenizer. Raises :class:`Unclear` where there is none."""
    if loaded.tokenizer is None:
        raise Unclear("LOAD_ERROR", "the checkpoint has no tokenizer")
    return loaded.tokenizer
