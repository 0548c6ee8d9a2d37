"""Classes of texts and of pairs of texts."""

from __future__ import annotations

from typing import Any

import numpy as np

from probe.claims import batches, classifying
from probe.claims.datasets import Table
from probe.claims.loading import Loaded
from probe.claims.normalise import Unclear
from probe.claims.recipe import How, Outcomes, column

PAIRS = (
    ("sentence1", "sentence2"),
    ("premise", "hypothesis"),
    ("question1", "question2"),
    ("question", "sentence"),
    ("question", "passage"),
    ("text1", "text2"),
    ("text", "text_pair"),
    ("query", "passage"),
    ("sentence_a", "sentence_b"),
)
TEXTS = (
    "text",
    "sentence",
    "content",
    "review",
    "review_body",
    "tweet",
    "comment_text",
    "comment",
    "document",
    "utterance",
    "sms",
)
#: Limits on length that are commonly trained and evaluated with.
LENGTHS = (32, 64, 128, 256)


def texts(table: Table) -> tuple[list[str], list[str] | None, str]:
    """The texts of the rows, the second ones where they are pairs, and the columns in words."""
    there = {name.lower(): name for name in reversed(table.columns)}
    for first, second in PAIRS:
        if first in there and second in there:
            names = there[first], there[second]
            return _column(table, names[0]), _column(table, names[1]), f"columns {names[0]}, {names[1]}"
    name = column(table, TEXTS, "text")
    return _column(table, name), None, f"column {name}"


def _column(table: Table, name: str) -> list[str]:
    values = [row.get(name) for row in table.rows]
    if any(value is not None and not isinstance(value, str) for value in values):
        raise Unclear("NO_DATASET", f"{table.name}: column {name} holds no text")
    return [value or "" for value in values]


def lengths(loaded: Loaded, outcomes: Outcomes) -> list[How]:
    """Shorter limits than the model's, where any row is longer, and lower case."""
    usual = [How(f"cut to {n} tokens", max_length=n) for n in LENGTHS if n < outcomes.data["longest"]]
    return [*usual, How("lower case", lowercase=True)]


def logits(loaded: Loaded, table: Table, how: How) -> tuple[np.ndarray, int, str]:
    """The model's logits (n, outputs), the longest row in tokens, and the columns in words."""
    first, second, where = texts(table)
    rows = batches.encode(loaded, first, second, how)

    def take(output: Any, batch: Any, places: Any) -> Any:
        return output.logits.float().cpu().numpy()

    found = batches.forward(loaded, rows, take)
    return np.stack(found).reshape(len(found), -1), batches.length(rows), where


class TextClassification(classifying.Classification):
    """Sequence classifiers with two classes or more."""

    name = "text classification"
    tasks = frozenset({"text-classification"})
    heads = ("ForSequenceClassification",)

    def runs(self, loaded: Loaded) -> bool:
        """A head with one output is a regression."""
        return super().runs(loaded) and loaded.outputs > 1

    def inputs(self, table: Table) -> list[Any]:
        """Texts, pairs joined."""
        first, second, _ = texts(table)
        return [f"{a}\n{b}" for a, b in zip(first, second, strict=True)] if second else first

    def run(self, loaded: Loaded, table: Table, how: How) -> Outcomes:
        """Logits of every row, cut to what the model takes."""
        values, longest, where = logits(loaded, table, how)
        found = classifying.outcomes(loaded, table, values, f", {where}")
        found.data["longest"] = longest
        return found

    def variants(self, loaded: Loaded, outcomes: Outcomes) -> list[How]:
        """Shorter cuts, lower case."""
        return lengths(loaded, outcomes)


RECIPE = TextClassification()
