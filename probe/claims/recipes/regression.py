"""A number for a text or a pair of texts: similarity scored by a cross-encoder, ratings."""

from __future__ import annotations

from typing import Any

import numpy as np

from probe.claims import measures
from probe.claims.datasets import Table
from probe.claims.estimates import Sample
from probe.claims.loading import Loaded
from probe.claims.normalise import Metric, Unclear
from probe.claims.recipe import Alternative, How, Outcomes, Recipe, column
from probe.claims.recipes.text_classification import lengths, logits, texts

SCORES = ("label", "labels", "score", "similarity_score", "relatedness_score", "target", "rating", "stars", "value")


def scores(table: Table) -> np.ndarray:
    """The right number of every row. Raises :class:`Unclear` where there is none."""
    where = column(table, SCORES, "scores")
    try:
        found = np.array([float(row[where]) for row in table.rows])
    except (KeyError, TypeError, ValueError) as error:
        raise Unclear("NO_DATASET", f"{table.name}: column {where} holds no numbers") from error
    if not np.isfinite(found).all() or (found == -1).all():
        raise Unclear("NO_DATASET", f"{table.name} {table.split}: its scores are hidden")
    return found


class Regression(Recipe):
    """Sequence classifiers with one output."""

    name = "regression"
    tasks = frozenset({"text-classification", "text-regression", "sentence-similarity", "tabular-regression"})
    metrics = frozenset({"mse", "rmse", "mae", "r2", "pearson", "spearman", "loss"})
    heads = ("ForSequenceClassification",)

    def runs(self, loaded: Loaded) -> bool:
        """One output only."""
        return super().runs(loaded) and loaded.outputs == 1

    def inputs(self, table: Table) -> list[Any]:
        """Texts, pairs joined."""
        first, second, _ = texts(table)
        return [f"{a}\n{b}" for a, b in zip(first, second, strict=True)] if second else first

    def run(self, loaded: Loaded, table: Table, how: How) -> Outcomes:
        """The model's output as it is."""
        truth = scores(table)
        values, longest, where = logits(loaded, table, how)
        guess = values[:, 0].astype(float)
        if not np.isfinite(guess).all():
            raise Unclear("LOAD_ERROR", "the model gives NaN or infinity")
        data = {"truth": truth, "guess": guess, "longest": longest}
        return Outcomes([float(f"{value:.5g}") for value in guess], data, where)

    def readings(self, outcomes: Outcomes, metric: Metric) -> list[tuple[str, Sample]]:
        """One; the loss of a regression is its mean squared error."""
        return [("", _measured(outcomes, metric.name, outcomes.data["guess"]))]

    def contradictions(self, outcomes: Outcomes, metric: Metric) -> Any:
        """The other correlation, and outputs put through a sigmoid or on a scale of five."""
        guess = outcomes.data["guess"]
        other = {"pearson": "spearman", "spearman": "pearson"}.get(metric.name)
        if other:
            yield Alternative("averaging", f"{other} instead", _measured(outcomes, other, guess))
        squashed = 1 / (1 + np.exp(-np.clip(guess, -60, 60)))
        scaled = {"sigmoid of the output": squashed, "output times 5": 5 * guess, "output over 5": guess / 5}
        for name, values in scaled.items() if other is None else ():
            yield Alternative("preprocessing", name, _measured(outcomes, metric.name, values))

    def variants(self, loaded: Loaded, outcomes: Outcomes) -> list[How]:
        """Shorter cuts, lower case."""
        return lengths(loaded, outcomes)


def _measured(outcomes: Outcomes, name: str, guess: np.ndarray) -> Sample:
    return measures.regression("mse" if name == "loss" else name, outcomes.data["truth"], guess)


RECIPE = Regression()
