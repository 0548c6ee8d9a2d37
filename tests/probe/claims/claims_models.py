"""Tiny checkpoints and datasets for the tests of claims: random weights, a few words, made in a moment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

WORDS = [f"w{i}" for i in range(40)] + ["What", "is", "w", "q", "the", "a"]


def tokenizer(folder: Path, *, causal: bool = False) -> Any:
    """A tokenizer of whole words with [PAD], [UNK], [CLS], [SEP]; a causal one adds nothing around a text."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "</s>"]
    vocabulary = {word: i for i, word in enumerate(special + WORDS)}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    if not causal:
        made.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]",
            pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
        )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        eos_token="</s>",
        model_max_length=64,
    )
    fast.save_pretrained(folder)
    return fast


def bert(**more: Any) -> Any:
    """A BERT of one layer."""
    from transformers import BertConfig

    return BertConfig(
        vocab_size=len(WORDS) + 5,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=1.0,
        **more,
    )


def save(model: Any, folder: Path) -> Any:
    """The model in evaluation mode, and its files."""
    model = model.eval()
    model.save_pretrained(folder, safe_serialization=True)
    return model


def card(folder: Path, *claims: dict[str, Any]) -> None:
    """A README whose model-index holds one result per claim; ``value`` is put down as it is given, a text."""
    lines = ["---", "model-index:", "- name: tiny", "  results:"]
    for claim in claims:
        lines += ["  - task:", f"      type: {claim['task']}"] if claim.get("task") else ["  - name: x"]
        lines += ["    dataset:", f"      type: {claim.get('dataset', 'tiny/data')}", "      name: d"]
        lines += [f"      {key}: {claim[key]}" for key in ("split", "config", "revision") if claim.get(key)]
        lines += ["    metrics:", f"    - type: {claim['metric']}", f"      value: {claim['value']}"]
        lines += [f"      args: {json.dumps(claim['args'])}"] if claim.get("args") else []
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text("\n".join([*lines, "---", "# Tiny", ""]), encoding="utf-8")


def rows(root: Path, split: str, values: list[dict[str, Any]], name: str = "tiny/data") -> None:
    """A split as JSON lines."""
    (root / name).mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in values)
    (root / name / f"{split}.jsonl").write_text(text, encoding="utf-8")


def sentences(count: int, seed: int = 0, longest: int = 12) -> list[str]:
    """Texts of random words."""
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS[:40], int(rng.integers(3, longest)))) for _ in range(count)]


def logits(model: Any, tokens: Any, texts: list[str], pairs: list[str] | None = None) -> np.ndarray:
    """The model's logits without padding (rows of one length together): what padded batches must reproduce."""
    import torch

    encoded = [tokens(text, pairs[i]) if pairs else tokens(text) for i, text in enumerate(texts)]
    lengths = [len(row["input_ids"]) for row in encoded]
    found: list[Any] = [None] * len(texts)
    for length in set(lengths):
        places = [i for i, own in enumerate(lengths) if own == length]
        batch = {key: torch.tensor([encoded[i][key] for i in places]) for key in encoded[places[0]]}
        with torch.no_grad():
            for i, row in zip(places, model(**batch).logits.numpy(), strict=True):
                found[i] = row
    return np.stack(found)
