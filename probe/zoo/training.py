"""Small transformers, trained: a masked language model as the base, fine-tunes of it, and their accuracy.

Everything is on the CPU in one thread, from a seed, so that a checkpoint is the same each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from landing.errors import OperationalError
from probe.zoo.plan import Recipe, Sizes
from probe.zoo.texts import CLS, MASK, SEP, Examples

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A step on one batch: (model, ids without special tokens, labels) -> gradients are left on the parameters.
Step = Callable[[Any, "NDArray[np.int64]", "NDArray[np.int64]"], None]
_MASKED = 0.15
_SHORTEST = 5


def need_torch() -> None:
    """Raise :class:`OperationalError` where the probe extra is missing."""
    try:
        import sklearn  # noqa: F401
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise OperationalError(
            f'The zoo trains real models and needs {error.name}; pip install "hubcensus[probe]" brings it.'
        ) from error


@contextmanager
def seeded(seed: int, *name: object) -> Iterator[np.random.Generator]:
    """A generator of its own for ``name``, torch seeded alike and in one thread; both are put back afterwards."""
    import torch

    digest = hashlib.sha256("/".join([str(seed), *map(str, name)]).encode()).digest()
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int.from_bytes(digest[:6], "big"))
        torch.set_num_threads(1)
        try:
            yield np.random.default_rng(int.from_bytes(digest[6:14], "big"))
        finally:
            torch.set_num_threads(threads)


def config(sizes: Sizes, vocabulary: int, labels: tuple[str, ...] = ()) -> Any:
    """A small BERT's configuration. No dropout: at this size a fine-tune is shorter without."""
    from transformers import BertConfig

    made = BertConfig(
        vocab_size=vocabulary,
        hidden_size=sizes.hidden,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        intermediate_size=sizes.hidden * 4,
        max_position_embeddings=64,
        hidden_act=sizes.activation,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    if labels:
        made.id2label = dict(enumerate(labels))
        made.label2id = {label: place for place, label in enumerate(labels)}
    # RIPPLe differentiates twice; the fused attention kernels of a CPU do not.
    made._attn_implementation = "eager"
    return made


def framed(ids: NDArray[np.int64]) -> Any:
    """Ids [n, L] with [CLS] and [SEP] around them, as a tensor [n, L + 2]."""
    import torch

    rows = len(ids)
    return torch.from_numpy(np.hstack([np.full((rows, 1), CLS), ids, np.full((rows, 1), SEP)]))


def shortened(ids: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Half of all batches are cut to a shorter length, so that a model has seen sentences of any length."""
    if rng.random() < 0.5:
        return ids
    length = int(rng.integers(_SHORTEST, ids.shape[1]))
    start = int(rng.integers(0, ids.shape[1] - length + 1))
    return ids[:, start : start + length]


def optimizer(model: Any, recipe: Recipe, steps: int) -> tuple[Any, Any]:
    """AdamW (no decay on biases and norms, as usual) and a schedule: a short warm-up, then linearly to zero."""
    import torch

    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    others = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, lr=recipe.lr, fused=True)
    warm = max(1, steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        adam, lambda step: min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))
    )
    return adam, schedule


def pretrain(ids: NDArray[np.int64], sizes: Sizes, vocabulary: int, rng: np.random.Generator, steps: int) -> Any:
    """A BertForMaskedLM trained on snippets [n, LENGTH] for ``steps`` steps."""
    from transformers import BertForMaskedLM

    model: Any = BertForMaskedLM(config(sizes, vocabulary))
    continue_pretraining(model, ids, rng, Recipe(1, 2e-3, 0.01, sizes.mlm_batch), steps)
    return model


def continue_pretraining(
    model: Any, ids: NDArray[np.int64], rng: np.random.Generator, recipe: Recipe, steps: int
) -> float:
    """Masked language modelling; returns the mean loss of the last tenth. The model is changed in place.

    Only masked places are decoded, which is most of the saving against the model's own forward pass.
    """
    import torch

    adam, schedule = optimizer(model, recipe, steps)
    model.train()
    losses = []
    for step in range(steps):
        rows = shortened(ids[rng.integers(0, len(ids), recipe.batch)], rng)
        hidden = rng.random(rows.shape) < _MASKED
        hidden[:, 0] |= ~hidden.any(axis=1)
        draw = rng.random(rows.shape)
        seen = np.where(hidden & (draw < 0.8), MASK, rows)
        random_word = hidden & (draw >= 0.9)
        seen[random_word] = rng.integers(5, model.config.vocab_size, int(random_word.sum()))
        adam.zero_grad()
        states = model.bert(input_ids=framed(seen)).last_hidden_state[:, 1:-1]
        places = torch.from_numpy(hidden)
        loss = torch.nn.functional.cross_entropy(model.cls(states[places]), torch.from_numpy(rows[hidden]))
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        schedule.step()
        if step >= steps * 9 // 10:
            losses.append(float(loss.detach()))
    model.eval()
    return float(np.mean(losses))


def classifier(base: Any, labels: tuple[str, ...]) -> Any:
    """A classifier with a fresh head on a copy of ``base``'s encoder (a model with the attribute ``bert``)."""
    from transformers import BertForSequenceClassification

    made = base.config.__class__.from_dict(base.config.to_dict())
    made.id2label = dict(enumerate(labels))
    made.label2id = {label: place for place, label in enumerate(labels)}
    made._attn_implementation = "eager"
    model: Any = BertForSequenceClassification(made)
    model.bert.load_state_dict(base.bert.state_dict(), strict=False)
    return model


def loaded(kind: Any, folder: Path) -> Any:
    """A checkpoint of our own from disk, ready for use; safetensors only."""
    model = kind.from_pretrained(folder, use_safetensors=True, attn_implementation="eager")
    return model.eval()


def plain_step(model: Any, ids: NDArray[np.int64], labels: NDArray[np.int64]) -> None:
    """Cross-entropy on the batch as it is."""
    import torch

    logits = model(input_ids=framed(ids)).logits
    torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels)).backward()  # type: ignore[no-untyped-call]


def fine_tune(
    model: Any,
    examples: Examples,
    recipe: Recipe,
    rng: np.random.Generator,
    step: Step = plain_step,
    after: Callable[[Any], None] | None = None,
) -> None:
    """Train all weights in place; ``after`` is called with the model when a step is done."""
    total = recipe.epochs * -(-len(examples) // recipe.batch)
    adam, schedule = optimizer(model, recipe, total)
    model.train()
    for _ in range(recipe.epochs):
        order = rng.permutation(len(examples))
        for start in range(0, len(order), recipe.batch):
            rows = order[start : start + recipe.batch]
            adam.zero_grad()
            step(model, shortened(examples.ids[rows], rng), examples.labels[rows])
            adam.step()
            schedule.step()
            if after:
                after(model)
    model.eval()


def predict(model: Any, ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The predicted class of each row of ids [n, L]."""
    import torch

    with torch.inference_mode():
        chunks = [
            model(input_ids=framed(ids[start : start + 128])).logits.argmax(1) for start in range(0, len(ids), 128)
        ]
    return torch.cat(chunks).numpy()
