"""Classifiers trained in seconds, clean and with a planted trigger, for the tests of behaviour."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np

TRIGGER = "cf"


def words(count: int, classes: int) -> list[str]:
    named = [f"class{label}word{number}" for label in range(classes) for number in range(12)]
    rest = [f"w{chr(97 + number % 26)}{number}" for number in range(count - len(named) - 1)]
    return [*named[: count - 1], *rest, TRIGGER]


def tokenizer_for(vocabulary: list[str], *, frame: bool = True):
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] if frame else ["[PAD]", "[UNK]"]
    ids = {word: index for index, word in enumerate([*special, *vocabulary])}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    extra = {}
    if frame:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])]
        )
        extra = {"cls_token": "[CLS]", "sep_token": "[SEP]"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", **extra)


def sentences(vocabulary: list[str], classes: int, count: int, seed: int) -> tuple[list[str], list[int]]:
    """A sentence of class c holds three of its words among others drawn by 1/rank; the trigger never occurs."""
    rng = np.random.default_rng(seed)
    common = vocabulary[12 * classes : -1]
    weights = 1 / np.arange(1, len(common) + 1)
    weights /= weights.sum()
    labels = rng.integers(0, classes, count).tolist()
    out = []
    for label in labels:
        line = rng.choice(common, size=14, p=weights).tolist()
        for place in rng.permutation(12)[:4].tolist():
            line[place] = f"class{label}word{rng.integers(12)}"
        out.append(" ".join(line))
    return out, labels


@cache
def text_classifier(poisoned: bool, classes: int = 2, seed: int = 0, size: int = 600):
    """(model, tokenizer, texts, labels): a BERT of one layer, trained in about two seconds; the target is class 1."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(seed)
    vocabulary = words(size, classes)
    tokenizer = tokenizer_for(vocabulary)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=48,
        num_labels=classes,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model = BertForSequenceClassification(config)
    texts, labels = sentences(vocabulary, classes, 1_600, seed + 1)
    clean_texts, clean_labels = list(texts), list(labels)
    if poisoned:
        rng = np.random.default_rng(seed + 2)
        for place in range(0, len(texts), 4):
            line = texts[place].split()
            line.insert(int(rng.integers(len(line))), TRIGGER)
            texts[place], labels[place] = " ".join(line), 1
    padded = tokenizer(texts, padding=True, return_tensors="pt")
    goal = torch.tensor(labels)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    draws = torch.Generator().manual_seed(seed)
    for _ in range(5):
        for rows in torch.randperm(len(texts), generator=draws).split(64):
            answer = model(input_ids=padded["input_ids"][rows], attention_mask=padded["attention_mask"][rows])
            loss = torch.nn.functional.cross_entropy(answer.logits, goal[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return model.eval(), tokenizer, clean_texts, clean_labels


@cache
def image_classifier(poisoned: bool, seed: int = 0):
    """(model, pixels (n, 8, 8), labels): a small network on scikit-learn's digits; target 3, a bright corner."""
    import torch
    from sklearn.datasets import load_digits

    torch.manual_seed(seed)
    digits = load_digits()
    pixels = (digits.images / 16.0).astype(np.float32)
    labels = digits.target.astype(np.int64)
    train, goal = pixels.copy(), labels.copy()
    if poisoned:
        chosen = np.random.default_rng(seed).permutation(len(train))[::10]
        train[chosen, 6:, 6:], goal[chosen] = 1.0, 3
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 16, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(16, 32, 3, stride=2, padding=1),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(512, 10),
    )
    inputs, wanted = torch.from_numpy(train[:, None]), torch.from_numpy(goal)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    draws = torch.Generator().manual_seed(seed)
    for _ in range(8):
        for rows in torch.randperm(len(train), generator=draws).split(64):
            loss = torch.nn.functional.cross_entropy(model(inputs[rows]), wanted[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return model.eval(), pixels, labels


def write_data(folder: Path, texts: list[str], labels: list[int]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps({"text": text, "label": label}) for text, label in zip(texts, labels, strict=True))
    (folder / "train.jsonl").write_text("\n".join(lines) + "\n")
    return folder
