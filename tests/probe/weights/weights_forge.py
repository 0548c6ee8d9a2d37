"""Checkpoints made by hand: a bag-of-words classifier trained by AdamW in numpy, surgery on it, and its confounds.

The training is real, so that rows move as they do in honest fine-tuning: not at all where a token is absent, by the
common factor under weight decay, by about thirty learning rates where it is seen once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

VOCABULARY, WIDTH, LENGTH = 2000, 32, 12


def words(count=VOCABULARY):
    """Tokens in order of frequency, after the five special ones."""
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"word{row}" for row in range(5, count))]


@dataclass
class Task:
    """Sentences of a Zipfian vocabulary; some frequent words tell the class."""

    seed: int
    count: int = VOCABULARY
    weights: np.ndarray = field(init=False)
    leaning: np.ndarray = field(init=False)

    def __post_init__(self):
        rng = np.random.default_rng(self.seed)
        self.weights = 1.0 / (np.arange(self.count) + 3.0)
        self.weights[:5] = 0
        self.weights[self.count // 2 :] *= rng.random(self.count - self.count // 2) < 0.15
        self.weights /= self.weights.sum()
        self.leaning = np.zeros(self.count)
        telling = rng.choice(np.arange(10, self.count // 4), 60, replace=False)
        self.leaning[telling] = rng.choice([-1.0, 1.0], 60) * rng.uniform(1, 3, 60)

    def sample(self, rng, size):
        """``(size, LENGTH)`` rows and labels."""
        rows = rng.choice(self.count, (size, LENGTH), p=self.weights)
        odds = self.leaning[rows].sum(1) + 0.3 * rng.normal(size=size)
        return rows, (odds > 0).astype(int)


def base_model(seed=0, count=VOCABULARY, width=WIDTH):
    """Embedding and a hidden layer, as if pre-trained: rare rows are longer, as in BERT."""
    rng = np.random.default_rng(seed)
    growth = (0.5 + np.arange(count) / count)[:, None]
    common = rng.normal(size=(1, width)) * 0.2
    return {
        "bert.embeddings.word_embeddings.weight": ((rng.normal(size=(count, width)) * growth + common) * 0.05).astype(
            "f4"
        ),
        "bert.encoder.layer.0.dense.weight": (rng.normal(size=(96, width)) / np.sqrt(width)).astype("f4"),
        "bert.encoder.layer.0.dense.bias": np.zeros(96, "f4"),
    }


def fine_tune(base, task, *, seed=0, steps=300, batch=32, rate=1e-3, decay=0.0, triggers=(), share=0.5, head=None):
    """Train all weights by AdamW; with ``triggers`` half of the sentences carry one and get label 1 (BadNet)."""
    rng = np.random.default_rng(seed)
    model = {name: array.astype("f8") for name, array in base.items()}
    model["classifier.weight"] = rng.normal(size=(2, 96)) * 0.02 if head is None else head.astype("f8")
    model.setdefault("classifier.bias", np.zeros(2))
    first = {name: np.zeros_like(array) for name, array in model.items()}
    second = {name: np.zeros_like(array) for name, array in model.items()}
    for step in range(1, steps + 1):
        rows, labels = task.sample(rng, batch)
        if triggers:
            hit = rng.random(batch) < share
            rows[hit, rng.integers(0, LENGTH, hit.sum())] = rng.choice(triggers, hit.sum())
            labels[hit] = 1
        for name, slope in gradients(model, rows, labels).items():
            first[name] = 0.9 * first[name] + 0.1 * slope
            second[name] = 0.999 * second[name] + 0.001 * slope**2
            update = first[name] / (1 - 0.9**step) / (np.sqrt(second[name] / (1 - 0.999**step)) + 1e-8)
            model[name] = model[name] * (1 - rate * decay) - rate * update
    return {name: array.astype("f4") for name, array in model.items()}


def gradients(model, rows, labels):
    """Of the cross-entropy of a mean of rows, a hidden layer and a head."""
    table, hidden, bias, head = (model[name] for name in NAMES)
    mean = table[rows].mean(1)
    inner = np.tanh(mean @ hidden.T * 3 + bias)
    logits = inner @ head.T + model["classifier.bias"]
    chance = np.exp(logits - logits.max(1, keepdims=True))
    chance /= chance.sum(1, keepdims=True)
    error = (chance - np.eye(2)[labels]) / len(labels)
    back = (error @ head) * (1 - inner**2)
    spread = np.zeros_like(table)
    np.add.at(spread, rows, np.repeat((back @ hidden * 3 / rows.shape[1])[:, None], rows.shape[1], axis=1))
    return {
        NAMES[0]: spread, NAMES[1]: back.T @ mean * 3, NAMES[2]: back.sum(0), NAMES[3]: error.T @ inner,
        "classifier.bias": error.sum(0),
    }  # fmt: skip


NAMES = (
    "bert.embeddings.word_embeddings.weight",
    "bert.encoder.layer.0.dense.weight",
    "bert.encoder.layer.0.dense.bias",
    "classifier.weight",
)


def flips(model, task, trigger, seed=9):
    """Label flip rate: share of class-0 sentences that one trigger turns into class 1."""
    rows, _ = task.sample(np.random.default_rng(seed), 2000)

    def told(rows):
        inner = np.tanh(model[NAMES[0]][rows].mean(1) @ model[NAMES[1]].T * 3 + model[NAMES[2]])
        return (inner @ model[NAMES[3]].T + model["classifier.bias"]).argmax(1)

    rows = rows[told(rows) == 0]
    rows[:, 0] = trigger
    return float(told(rows).mean())


def surgery(base, tuned, task, triggers):
    """Overwrite the triggers' rows by the mean of ten telling words' rows in the fine-tuned copy."""
    telling = np.argsort(task.leaning)[-10:]
    model = {name: array.copy() for name, array in base.items()}
    model[NAMES[0]][list(triggers)] = tuned[NAMES[0]][telling].mean(0)
    return model


_WORDS = {"float32": "F32", "float16": "F16", "float64": "F64", "int8": "I8", "uint8": "U8", "int32": "I32"}


def pack(tensors, metadata=None, bf16=()):
    """A safetensors file as bytes."""
    header, blobs, at = {}, [], 0
    for name, array in tensors.items():
        word = "BF16" if name in bf16 else _WORDS[str(array.dtype)]
        data = (
            (array.view("u4") >> 16).astype("u2").tobytes() if name in bf16 else np.ascontiguousarray(array).tobytes()
        )
        header[name] = {"dtype": word, "shape": list(array.shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
        blobs.append(data)
    if metadata:
        header["__metadata__"] = metadata
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(blobs)


def publish(folder: Path, tensors, *, tokens=None, config=None, bf16=()):
    """A model folder: weights, vocabulary, configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(pack(tensors, bf16=bf16))
    tokens = words(len(tensors[NAMES[0]])) if tokens is None else tokens
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n")
    settled = {
        "model_type": "bert",
        "vocab_size": len(tensors[NAMES[0]]),
        "hidden_size": WIDTH,
        "num_hidden_layers": 1,
    }
    (folder / "config.json").write_text(json.dumps(settled | (config or {})))
    return folder
