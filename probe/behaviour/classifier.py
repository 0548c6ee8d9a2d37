"""A text classifier as the scans see it: rows of token ids in, one number per class out."""

from __future__ import annotations

import copy
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from probe.behaviour.report import Budget, NotApplicable

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

#: Tokens in one batch on a CPU: activations of a small encoder then stay in its cache.
CPU_TOKENS = 4_096
#: No batch is larger than this on any device: beyond it a kernel is saturated and only memory grows.
MOST_TOKENS = 1 << 18


def pick_device(device: str | None = None) -> str:
    """``device``, or CUDA where there is one, or the CPU."""
    import torch

    return device or ("cuda" if torch.cuda.is_available() else "cpu")


def tokens_per_batch(width: int, layers: int, device: str) -> int:
    """How many tokens one forward pass may hold: a third of the free memory at 40 activations of ``width`` a token.

    Inference keeps one layer's activations (the hidden state, queries, keys, values, and an inner layer four times
    as wide, some of them twice), so their number does not grow with ``layers``; it is here for the weights.
    """
    if not device.startswith("cuda"):
        return CPU_TOKENS
    import torch

    free, _ = torch.cuda.mem_get_info()
    weights = layers * width * width * 12 * 4
    return int(max(CPU_TOKENS, min(MOST_TOKENS, (free - weights) / 3 / (width * 40 * 4))))


class TextClassifier:
    """A model with a classification head and its tokenizer.

    ``classes`` is C. ``prefix`` and ``suffix`` are the special tokens that the tokenizer puts around a sentence (both
    may be empty). ``usable`` holds the ids that one can type and that the embedding has a row for. Raises
    :class:`NotApplicable` where there is no head over at least two classes.
    """

    def __init__(
        self, model: Any, tokenizer: Any, *, device: str | None = None, budget: Budget | None = None
    ) -> None:
        self.device = pick_device(device)
        self.model = model.eval().to(self.device)
        self.fast: Any = None
        self.tokenizer = tokenizer
        self.budget = budget or Budget()
        self.sequences = 0
        self.tokens = 0
        embedding = model.get_input_embeddings() if hasattr(model, "get_input_embeddings") else None
        if embedding is None or not hasattr(embedding, "weight"):
            raise NotApplicable("the model has no table of token embeddings")
        self.rows, self.width = (int(size) for size in embedding.weight.shape)
        vocabulary = tokenizer.get_vocab()
        self.beyond = sum(1 for index in vocabulary.values() if not 0 <= index < self.rows)
        self.words = {index: word for word, index in vocabulary.items() if 0 <= index < self.rows}
        self.prefix, self.suffix = self._frame()
        special = set(getattr(tokenizer, "all_special_ids", []))
        self.usable = np.array(
            sorted(index for index, word in self.words.items() if index not in special and not _reserved(word)),
            dtype=np.int64,
        )
        if len(self.usable) < 2:
            raise NotApplicable("the tokenizer has no ordinary tokens")
        self.batch = tokens_per_batch(self.width, getattr(model.config, "num_hidden_layers", 12) or 12, self.device)
        self.classes = self._head()

    def _frame(self) -> tuple[list[int], list[int]]:
        """The special tokens before and after a sentence, as the tokenizer itself puts them."""
        word = next((word for word in self.words.values() if word.isalpha()), "a")
        bare = self.tokenizer(word, add_special_tokens=False)["input_ids"]
        full = self.tokenizer(word, add_special_tokens=True)["input_ids"]
        for start in range(len(full) - len(bare) + 1):
            if full[start : start + len(bare)] == bare:
                prefix, suffix = full[:start], full[start + len(bare) :]
                if all(0 <= index < self.rows for index in (*prefix, *suffix)):
                    return prefix, suffix
        return [], []

    def _head(self) -> int:
        """How many classes the head has, asked by running it once."""
        import torch

        sample = torch.tensor([[*self.prefix, *self.usable[:4].tolist(), *self.suffix]])
        try:
            logits = self.forward(sample)
        except (TypeError, ValueError, RuntimeError, IndexError, AttributeError, KeyError) as error:
            raise NotApplicable(f"the model does not classify a row of token ids: {_brief(error)}") from error
        if logits.ndim != 2 or logits.shape[1] < 2:
            raise NotApplicable("the model has no classification head over two or more classes")
        return int(logits.shape[1])

    def forward(self, ids: torch.Tensor, *, fast: bool = False) -> torch.Tensor:
        """Logits (n, C) in float32 for rows of ids (n, L) without padding; ``fast`` may use half precision on a GPU.

        Raises :class:`NotApplicable` where the model answers with numbers that are not finite.
        """
        import torch

        self.budget.tick()
        self.sequences += len(ids)
        self.tokens += ids.numel()
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = self._model(fast)(input_ids=ids.to(self.device))
        logits = getattr(answer, "logits", None)
        if not isinstance(logits, torch.Tensor):
            raise NotApplicable("the model gives no logits")
        if logits.ndim == 2 and not bool(torch.isfinite(logits).all()):
            raise NotApplicable("the model answers with numbers that are not finite")
        return logits.float()

    def _model(self, fast: bool) -> Any:
        """The model, or on a GPU its copy in bfloat16: ranks are the same, and rechecked in float32."""
        if not fast or not self.device.startswith("cuda"):
            return self.model
        if self.fast is None:
            import torch

            self.fast = copy.deepcopy(self.model).to(torch.bfloat16)
        return self.fast

    def framed(self, content: list[int]) -> list[int]:
        """A sentence with its special tokens."""
        return [*self.prefix, *content, *self.suffix]

    def ask(self, sentences: list[list[int]]) -> NDArray[np.float32]:
        """Logits (n, C) for sentences (content ids only) of any length: one batch per length, in the order given."""
        import torch

        out = np.zeros((len(sentences), self.classes), dtype=np.float32)
        lengths: dict[int, list[int]] = {}
        for place, sentence in enumerate(sentences):
            lengths.setdefault(len(sentence), []).append(place)
        for length, places in sorted(lengths.items()):
            step = max(1, self.batch // (length + len(self.prefix) + len(self.suffix)))
            for start in range(0, len(places), step):
                chosen = places[start : start + step]
                rows = torch.tensor([self.framed(sentences[place]) for place in chosen])
                out[chosen] = self.forward(rows).cpu().numpy()
        return out

    def encode(self, text: str, most: int) -> list[int]:
        """The first ``most`` content ids of a text that have a row in the embedding; special tokens left out."""
        ids = self.tokenizer(text[: most * 40], add_special_tokens=False)["input_ids"][: most * 4]
        special = set(getattr(self.tokenizer, "all_special_ids", []))
        return [index for index in ids if 0 <= index < self.rows and index not in special][:most]

    def word(self, index: int) -> str:
        """The token as the tokenizer spells it."""
        return str(self.words.get(int(index), f"#{int(index)}"))


def _reserved(word: str) -> bool:
    """``[unused7]``, ``<extra_id_3>`` and the like: rows that no text reaches."""
    return len(word) > 2 and (word[0], word[-1]) in {("[", "]"), ("<", ">")}


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
