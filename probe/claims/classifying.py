"""What text and image classification share: whose class is whose, and the metrics of classes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from probe.claims import measures
from probe.claims.datasets import Table
from probe.claims.estimates import Sample
from probe.claims.loading import Loaded
from probe.claims.normalise import Metric, Unclear
from probe.claims.recipe import Alternative, Outcomes, Recipe, column

LABELS = (
    "label",
    "labels",
    "target",
    "class",
    "category",
    "coarse_label",
    "fine_label",
    "sentiment",
    "label_text",
    "gold_label",
)
#: Up to so many classes every permutation of labels is tried; beyond, the one that agrees best.
PERMUTED = 5
AVERAGED = frozenset({"f1", "precision", "recall"})
METRICS = frozenset(
    {"accuracy", "exact_match", "top3_accuracy", "top5_accuracy", "matthews_correlation", "roc_auc", "loss"}
)

#: Names of classes that mean the same.
_SAME = {
    "pos": "positive",
    "neg": "negative",
    "neu": "neutral",
    "entailed": "entailment",
    "ham": "notspam",
    "nonspam": "notspam",
}


def truths(table: Table) -> tuple[np.ndarray, list[str], str]:
    """The class of every row by number, the classes' names, and the column.

    Raises :class:`Unclear`: the labels are hidden, several per row, or no labels at all.
    """
    where = column(table, LABELS, "labels")
    values = [row.get(where) for row in table.rows]
    if any(isinstance(value, list | dict) for value in values):
        raise Unclear("NO_DATASET", f"{table.name}: several labels per row are not measured")
    names = table.labels.get(where, [])
    numbers = [_whole(value) for value in values]
    if all(number is not None for number in numbers):
        if min(numbers) < 0:  # type: ignore[type-var, operator]
            raise Unclear("NO_DATASET", f"{table.name} {table.split}: its labels are hidden")
        size = max(max(numbers) + 1, len(names))  # type: ignore[type-var, operator]
        if size > 100_000:
            raise Unclear("NO_DATASET", f"{table.name}: column {where} holds no classes")
        return np.array(numbers), names + [f"LABEL_{i}" for i in range(len(names), size)], where
    if any(value is None for value in values):
        raise Unclear("NO_DATASET", f"{table.name} {table.split}: rows without a label")
    words = [str(value) for value in values]
    names = names if set(words) <= set(names) else sorted(set(words))
    return np.array([names.index(word) for word in words]), names, where


def _whole(value: Any) -> int | None:
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,9}", value) else None


def matched(labels: list[str], names: list[str]) -> tuple[np.ndarray, str]:
    """For each class of the model the data's class: by name where the names say so, else by number; and which.

    A class of the model that the data do not have gets a number of its own.
    """
    ours, theirs = [_plain(word) for word in labels], [_plain(word) for word in names]
    nameless = all(re.fullmatch(r"label\d+", word) for word in theirs)
    if not nameless and len(set(theirs)) == len(theirs) and set(theirs) <= set(ours) and len(set(ours)) == len(ours):
        extra = itertools.count(len(names))
        return np.array([theirs.index(word) if word in theirs else next(extra) for word in ours]), "labels by name"
    return np.arange(max(len(labels), 1)), "labels by number"


def _plain(word: str) -> str:
    plain = re.sub(r"[\W_]+", "", word.lower())
    return _SAME.get(plain, plain)


def outcomes(loaded: Loaded, table: Table, logits: np.ndarray, note: str = "") -> Outcomes:
    """Outcomes per example from the model's logits (n, classes)."""
    if logits.ndim != 2 or logits.shape[1] < 2:
        raise Unclear("ARCH_UNSUPPORTED", "the model does not tell classes apart")
    if not np.isfinite(logits).all():
        raise Unclear("LOAD_ERROR", "the model gives NaN or infinity")
    truth, names, where = truths(table)
    labels = (
        loaded.labels if len(loaded.labels) == logits.shape[1] else [f"LABEL_{i}" for i in range(logits.shape[1])]
    )
    mapped, by = matched(labels, names)
    order = np.argsort(-logits, axis=1, kind="stable")[:, :5]
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    back = {int(ours): i for i, ours in enumerate(mapped)}
    own = np.array([back.get(int(t), -1) for t in truth])
    data = {
        "truth": truth,
        "guess": mapped[order[:, 0]],
        "ranked": mapped[order],
        "raw": order[:, 0],
        "size": int(max(truth.max(), mapped.max())) + 1,
        "classes": len(names),
        "names": names,
        "nll": -logs[np.arange(len(truth)), own] if (own >= 0).all() else None,
        "score": np.exp(logs[:, back[1]]) if len(names) == 2 and 1 in back else None,
        "by": by,
    }
    return Outcomes([int(raw) for raw in order[:, 0]], data, f"{by}, column {where}{note}")


class Classification(Recipe):
    """Metrics of single-label classification."""

    metrics = METRICS | AVERAGED

    def readings(self, outcomes: Outcomes, metric: Metric) -> list[tuple[str, Sample]]:
        """F1 and its kin without a stated averaging: the second class's with two classes, else any average."""
        data = outcomes.data
        if metric.name not in AVERAGED:
            return [("", _plain_metric(data, metric))]
        if metric.average:
            named = [metric.average]
        else:
            named = ["binary"] if data["classes"] == 2 else ["weighted", "macro", "micro"]
        if "binary" in named and data["classes"] != 2:
            raise Unclear("METRIC_UNKNOWN", f"a binary {metric.name} over {data['classes']} classes")
        return [(f"{average} average", _averaged(data, metric.name, average)) for average in named]

    def contradictions(self, outcomes: Outcomes, metric: Metric) -> Iterator[Alternative]:
        """Other averages, and other orders of the labels."""
        data = outcomes.data
        if metric.name in AVERAGED:
            said = {metric.average} if metric.average else ({"binary"} if data["classes"] == 2 else set())
            for average in ("binary", "macro", "micro", "weighted") if said else ():
                if average not in said and (average != "binary" or data["classes"] == 2):
                    yield Alternative("averaging", f"{average} average", _averaged(data, metric.name, average))
            if data["classes"] == 2:
                sample = _averaged(data, metric.name, "binary", 0)
                yield Alternative("averaging", f"binary, of class {data['names'][0]!r}", sample)
        if metric.name in ("roc_auc", "loss", "top3_accuracy", "top5_accuracy"):
            return
        for name, guess in _permuted(data):
            other = {**data, "guess": guess}
            sample = (
                _averaged(other, metric.name, metric.average or ("binary" if data["classes"] == 2 else "weighted"))
                if metric.name in AVERAGED
                else _plain_metric(other, metric)
            )
            yield Alternative("label permutation", name, sample)


def _plain_metric(data: dict[str, Any], metric: Metric) -> Sample:
    truth, guess = data["truth"], data["guess"]
    if metric.name in ("accuracy", "exact_match"):
        return measures.agreement(truth, guess)
    if metric.name == "matthews_correlation":
        return measures.matthews(truth, guess, data["size"])
    if metric.name == "loss":
        if data["nll"] is None:
            raise Unclear("METRIC_UNKNOWN", "no loss: the model lacks a class of the data")
        return measures.average(data["nll"], decides=False)
    if metric.name == "roc_auc":
        if data["score"] is None or len(set(truth.tolist())) != 2:
            raise Unclear("METRIC_UNKNOWN", "the area under the curve is measured for two classes")
        return measures.auc(truth, data["score"])
    return measures.among(truth, data["ranked"], 3 if metric.name == "top3_accuracy" else 5)


def _averaged(data: dict[str, Any], name: str, average: str, positive: int = 1) -> Sample:
    return measures.classes(name, data["truth"], data["guess"], average, positive, data["size"])


def _permuted(data: dict[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
    """The guesses under other orders of the labels.

    Up to five classes: all of them. Beyond: the one assignment that agrees best with the truth (Hungarian method),
    which is fitted to the data, so that only a claim that it meets to the printed digits counts.
    """
    size, guess = data["size"], data["guess"]
    if size <= PERMUTED:
        for order in itertools.permutations(range(size)):
            if order != tuple(range(size)):
                yield f"labels in the order {', '.join(map(str, order))}", np.array(order)[guess]
        return
    from scipy.optimize import linear_sum_assignment
    from scipy.sparse import coo_matrix

    if size > 2_000:
        return
    confusion = coo_matrix((np.ones(len(guess)), (guess, data["truth"])), shape=(size, size)).toarray()
    _, best = linear_sum_assignment(confusion, maximize=True)
    moved = int((best != np.arange(size)).sum())
    if moved:
        yield f"labels assigned anew, {moved} of {size} moved (fitted to the data)", best[guess]
