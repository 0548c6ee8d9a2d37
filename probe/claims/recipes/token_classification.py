"""Tags of words: entities scored by chunk, as seqeval does, and tags by word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from probe.claims import batches, measures, texts
from probe.claims.datasets import Table
from probe.claims.estimates import Sample
from probe.claims.loading import Loaded, texts_of
from probe.claims.normalise import Metric, Unclear
from probe.claims.recipe import Alternative, How, Outcomes, Recipe, column

WORDS = ("tokens", "words", "token", "text_tokens")
TAGS = ("ner_tags", "tags", "labels", "ner", "pos_tags", "upos", "chunk_tags", "label")


class TokenClassification(Recipe):
    """Token classifiers; a word's tag is that of its first piece, a word cut off is tagged ``O``."""

    name = "token classification"
    tasks = frozenset({"token-classification"})
    metrics = frozenset({"f1", "precision", "recall", "accuracy"})
    heads = ("ForTokenClassification",)

    def inputs(self, table: Table) -> list[Any]:
        """Sentences."""
        return [" ".join(words) for words in _lists(table, column(table, WORDS, "words"))]

    def run(self, loaded: Loaded, table: Table, how: How) -> Outcomes:
        """Tags of every word of every sentence."""
        words = [[str(word) for word in line] for line in _lists(table, column(table, WORDS, "words"))]
        truth, where, names = _truth(table, words)
        labels = loaded.labels
        if all(label.startswith("LABEL_") for label in labels):
            if len(names) != len(labels):
                raise Unclear("ARCH_UNSUPPORTED", "the model's tags have no names, and the data have another number")
            labels = names
        tokenizer = texts_of(loaded)
        if not getattr(tokenizer, "is_fast", False):
            raise Unclear("ARCH_UNSUPPORTED", "the tokenizer does not say which piece belongs to which word")
        rows, firsts = _pieces(loaded, words, how)

        def take(output: Any, batch: Any, places: Any) -> Any:
            ids = output.logits.argmax(-1).cpu().numpy()
            # Pieces of padding on the left come first.
            width = ids.shape[1]
            left = getattr(tokenizer, "padding_side", "right") == "left"
            return [
                line[width - len(rows[p]["input_ids"]) :] if left else line
                for line, p in zip(ids, places, strict=True)
            ]

        found = batches.forward(loaded, rows, take)
        guess = [
            [labels[int(line[first])] if first is not None else "O" for first in places]
            for line, places in zip(found, firsts, strict=True)
        ]
        data = {"truth": truth, "guess": guess, "longest": batches.length(rows)}
        return Outcomes([" ".join(line) for line in guess], data, f"column {where}, first piece of each word")

    def readings(self, outcomes: Outcomes, metric: Metric) -> list[tuple[str, Sample]]:
        """Chunks, micro-averaged where nothing else is said; accuracy by word."""
        truth, guess = outcomes.data["truth"], outcomes.data["guess"]
        if metric.name == "accuracy":
            return [("by word", texts.token_agreement(truth, guess))]
        average = metric.average if metric.average in ("micro", "macro", "weighted") else "micro"
        return [(f"chunks, {average} average", texts.spans(metric.name, truth, guess, average))]

    def contradictions(self, outcomes: Outcomes, metric: Metric) -> Iterator[Alternative]:
        """Other averages of chunks, and scores by word."""
        if metric.name == "accuracy":
            return
        truth, guess = outcomes.data["truth"], outcomes.data["guess"]
        for average in ("micro", "macro", "weighted"):
            if average != (metric.average or "micro"):
                sample = texts.spans(metric.name, truth, guess, average)
                yield Alternative("averaging", f"chunks, {average} average", sample)
        flat = [[tag for line in lines for tag in line] for lines in (truth, guess)]
        names = sorted(set(flat[0]) | set(flat[1]))
        at = {name: i for i, name in enumerate(names)}
        numbers = [np.array([at[tag] for tag in line]) for line in flat]
        for average in ("micro", "macro", "weighted"):
            sample = measures.classes(metric.name, numbers[0], numbers[1], average, size=len(names))
            yield Alternative("averaging", f"by word, {average} average", sample)


def _lists(table: Table, name: str) -> list[list[Any]]:
    values = [row.get(name) for row in table.rows]
    values = [value.split() if isinstance(value, str) else value for value in values]
    if not all(isinstance(value, list) for value in values):
        raise Unclear("NO_DATASET", f"{table.name}: column {name} holds no lists")
    return values  # type: ignore[return-value]


def _truth(table: Table, words: list[list[str]]) -> tuple[list[list[str]], str, list[str]]:
    """Right tags by name, their column, and the names in order."""
    where = column(table, TAGS, "tags")
    tags = _lists(table, where)
    if [len(line) for line in tags] != [len(line) for line in words]:
        raise Unclear("NO_DATASET", f"{table.name}: words and tags differ in number")
    names = table.labels.get(where, [])
    if any(not isinstance(tag, str) for line in tags for tag in line):
        if not names:
            raise Unclear("NO_DATASET", f"{table.name}: the tags of column {where} have no names")
        if not all(isinstance(tag, int) and 0 <= tag < len(names) for line in tags for tag in line):
            raise Unclear("NO_DATASET", f"{table.name}: tags that have no name")
        return [[names[tag] for tag in line] for line in tags], where, names
    return tags, where, names or sorted({tag for line in tags for tag in line})


def _pieces(loaded: Loaded, words: list[list[str]], how: How) -> tuple[list[dict[str, Any]], list[list[int | None]]]:
    """Encoded sentences, and for every word the place of its first piece (None where it was cut off)."""
    rows: list[dict[str, Any]] = []
    firsts: list[list[int | None]] = []
    limit = min(how.max_length or loaded.max_length, loaded.max_length)
    for line in words:
        encoded = loaded.tokenizer(line, is_split_into_words=True, truncation=True, max_length=limit)
        places: list[int | None] = [None] * len(line)
        for i, word in enumerate(encoded.word_ids()):
            if word is not None and places[word] is None:
                places[word] = i
        rows.append({key: encoded[key] for key in encoded})
        firsts.append(places)
    return rows, firsts


RECIPE = TokenClassification()
