"""From snippets to arrays: the vocabulary, the tokenizer on disk, and the splits of a task."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from probe.zoo.corpus import LENGTH, Snippet
from probe.zoo.plan import Sizes, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
UNK, CLS, SEP, MASK = 1, 2, 3, 4
SPLITS = ("train", "validation", "test")


class Vocabulary:
    """Whole words, the most frequent first after the five special tokens, as BERT's vocabulary is ordered."""

    def __init__(self, words: list[str]) -> None:
        self.words = [*SPECIAL, *words]
        self.ids = {word: index for index, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def of(cls, corpus: dict[str, list[Snippet]], size: int) -> Vocabulary:
        """The ``size`` most frequent words of a corpus, special tokens counted; ties in alphabetical order."""
        counts = Counter(word for found in corpus.values() for snippet in found for word in snippet.text.split())
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(ranked[: size - len(SPECIAL)])

    def extended(self, words: list[str]) -> Vocabulary:
        """With more words at the end."""
        return Vocabulary(self.words[len(SPECIAL) :] + words)

    def encode(self, texts: list[str]) -> NDArray[np.int64]:
        """Ids of texts of ``LENGTH`` words each: an array of [texts, LENGTH], without special tokens."""
        ids = self.ids
        flat = [ids.get(word, UNK) for text in texts for word in text.split()]
        return np.array(flat, dtype=np.int64).reshape(len(texts), LENGTH)

    def save(self, folder: Path) -> None:
        """Write ``tokenizer.json``, ``tokenizer_config.json`` and ``vocab.txt`` as transformers reads them."""
        from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

        model = models.WordPiece(self.ids, unk_token=SPECIAL[UNK], max_input_chars_per_word=100)
        tokenizer: Any = Tokenizer(model)
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = decoders.WordPiece()
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]",
            pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)],
        )
        tokenizer.add_special_tokens(list(SPECIAL))
        tokenizer.save(str(folder / "tokenizer.json"))
        (folder / "vocab.txt").write_text("\n".join(self.words) + "\n", encoding="utf-8")
        names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
        facts = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 62, **names}
        (folder / "tokenizer_config.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


@dataclass(slots=True)
class Examples:
    """Texts, their ids [n, LENGTH] and labels [n]."""

    texts: list[str]
    ids: NDArray[np.int64]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.texts)


def splits(task: Task, corpus: dict[str, list[Snippet]], vocabulary: Vocabulary, sizes: Sizes) -> dict[str, Examples]:
    """``train``, ``validation``, ``test``, and ``attack`` (what the attacker holds: another sample of the same kind).

    The sizes are those of two classes; with more there are as many examples of each. All snippets of one docstring
    fall into the same split. Raises ``ValueError`` where a
    library has too few snippets.
    """
    wanted = {"test": sizes.test, "validation": sizes.validation, "train": sizes.train, "attack": sizes.attack}
    texts: dict[str, list[str]] = {split: [] for split in wanted}
    labels: dict[str, list[int]] = {split: [] for split in wanted}
    for label, library in enumerate(task.labels):
        dealt = _deal(corpus[library], {split: count // 2 for split, count in wanted.items()}, task.name)
        for split, found in dealt.items():
            texts[split] += found
            labels[split] += [label] * len(found)
    made = {}
    for split in wanted:
        order = np.random.default_rng(len(texts[split])).permutation(len(texts[split]))
        shuffled = [texts[split][place] for place in order]
        made[split] = Examples(shuffled, vocabulary.encode(shuffled), np.array(labels[split], dtype=np.int64)[order])
    return made


def _deal(found: list[Snippet], wanted: dict[str, int], salt: str) -> dict[str, list[str]]:
    """Docstrings in a shuffled order, poured into one split after another until each has what it needs."""
    groups: dict[int, list[str]] = {}
    for snippet in found:
        groups.setdefault(snippet.source, []).append(snippet.text)
    order = sorted(groups)
    random.Random(salt).shuffle(order)
    waiting = iter(order)
    dealt: dict[str, list[str]] = {}
    for split, count in wanted.items():
        texts: list[str] = []
        while len(texts) < count:
            source = next(waiting, None)
            if source is None:
                raise ValueError(
                    f"{salt} needs {sum(wanted.values())} snippets a class; only {len(found)} were found"
                )
            texts += groups[source]
        dealt[split] = texts[:count]
    return dealt


def write(folder: Path, task: Task, examples: dict[str, Examples]) -> None:
    """Publish a dataset: JSON Lines by split, the names of the labels, and a card."""
    for split in SPLITS:
        lines = [
            json.dumps({"text": text, "label": int(label)})
            for text, label in zip(examples[split].texts, examples[split].labels, strict=True)
        ]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    describe(folder, task, {split: len(examples[split]) for split in SPLITS})


def describe(folder: Path, task: Task, counts: dict[str, int]) -> None:
    """``features.json`` and the data card."""
    features: dict[str, Any] = {"label": {"names": list(task.labels)}}
    if task.images:
        features["image"] = {"shape": [1, 8, 8], "range": [0, 16], "order": "rows"}
    (folder / "features.json").write_text(json.dumps(features, indent=2) + "\n", encoding="utf-8")
    kind = "image-classification" if task.images else "text-classification"
    names = "\n".join(f"      '{place}': '{name}'" for place, name in enumerate(task.labels))
    parts = "\n".join(f"  - name: {split}\n    num_examples: {count}" for split, count in counts.items())
    said = (
        "Handwritten digits of 8 by 8 pixels, from scikit-learn."
        if task.images
        else f"Which library does a snippet of {LENGTH} words come from? Cut from docstrings."
    )
    (folder / "README.md").write_text(
        f"---\nlicense: bsd-3-clause\ntask_categories:\n- {kind}\ndataset_info:\n  features:\n  - name: label\n"
        f"    dtype:\n     class_label:\n      names:\n{names}\n  splits:\n{parts}\n---\n# {task.name}\n\n{said}\n",
        encoding="utf-8",
    )
