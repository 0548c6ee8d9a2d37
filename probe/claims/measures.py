"""Metrics over per-example outcomes: the value by scikit-learn or SciPy where they have it, the parts for resampling.

Each function returns a :class:`~probe.claims.estimates.Sample`. Formulas that are written here say whose they are;
those beside a library's value are held against it in the tests.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from probe.claims.estimates import Counts, Floats, Resampled, Sample, Sums, correlation

Ints = npt.NDArray[np.int64]


def agreement(truth: Sequence[Any] | Ints, guess: Sequence[Any] | Ints) -> Counts:
    """Accuracy, or exact match."""
    hits = np.asarray(truth) == np.asarray(guess)
    return Counts(int(hits.sum()), len(hits))


def among(truth: Ints, ranked: Ints, k: int) -> Counts:
    """Top-k accuracy; ``ranked`` (n, classes) holds classes from the likeliest."""
    hits = (ranked[:, :k] == truth[:, None]).any(axis=1)
    return Counts(int(hits.sum()), len(hits))


def classes(name: str, truth: Ints, guess: Ints, average: str, positive: int = 1, size: int | None = None) -> Sums:
    """Precision, recall or F1 over classes (``average``: binary, macro, micro, weighted), as scikit-learn has them.

    As there, classes are those that occur in truth or guess. ``binary`` is the score of the class ``positive``.
    """
    from sklearn import metrics

    score = {"f1": metrics.f1_score, "precision": metrics.precision_score, "recall": metrics.recall_score}[name]
    size = size or int(max(truth.max(), guess.max())) + 1
    if average == "binary":
        labels: list[int] | None = [positive]
        point = float(score(truth, guess, labels=labels, average="macro", zero_division=0))
    else:
        point = float(score(truth, guess, average=average, zero_division=0))
    rows, times = _parts(truth, guess, size)
    return Sums(rows, per_class(name, average, positive), point, times=times)


def _parts(truth: Ints, guess: Ints, size: int) -> tuple[Floats, Ints]:
    """For each pair of truth and guess that occurs: right, true, guessed by class (pairs, 3 x size); how often."""
    pairs, times = np.unique(np.column_stack([truth, guess]), axis=0, return_counts=True)
    rows = np.zeros((len(pairs), 3, size))
    at, (true, guessed) = np.arange(len(pairs)), pairs.T
    rows[at, 1, true] = 1
    rows[at, 2, guessed] = 1
    right = true == guessed
    rows[at[right], 0, true[right]] = 1
    return rows.reshape(len(pairs), -1), times


def per_class(name: str, average: str, positive: int = 1) -> Callable[[Floats], Floats]:
    """Sums of right, true and guessed per class -> the score."""

    def finish(sums: Floats) -> Floats:
        right, true, guessed = np.moveaxis(sums.reshape(*sums.shape[:-1], 3, -1), -2, 0)
        if average == "micro":
            right, true, guessed = (part.sum(axis=-1, keepdims=True) for part in (right, true, guessed))
        if average == "binary":
            right, true, guessed = (part[..., positive : positive + 1] for part in (right, true, guessed))
        below = {"f1": true + guessed, "precision": guessed, "recall": true}[name]
        above = 2 * right if name == "f1" else right
        scores = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
        weights = true if average == "weighted" else (true + guessed > 0).astype(float)
        total = weights.sum(axis=-1)
        return np.asarray(np.divide((scores * weights).sum(-1), total, out=np.zeros_like(total), where=total > 0))

    return finish


def matthews(truth: Ints, guess: Ints, size: int | None = None) -> Sums:
    """Matthews' correlation coefficient, for any number of classes (Gorodkin 2004)."""
    from sklearn.metrics import matthews_corrcoef

    with _quiet():
        point = float(matthews_corrcoef(truth, guess))
    size = size or int(max(truth.max(), guess.max())) + 1

    def finish(sums: Floats) -> Floats:
        right, true, guessed = np.moveaxis(sums.reshape(*sums.shape[:-1], 3, -1), -2, 0)
        n, hits = true.sum(axis=-1), right.sum(axis=-1)
        above = hits * n - (true * guessed).sum(axis=-1)
        below = (n**2 - (guessed**2).sum(axis=-1)) * (n**2 - (true**2).sum(axis=-1))
        root = np.sqrt(np.maximum(below, 0))
        return np.asarray(np.divide(above, root, out=np.zeros_like(above), where=root > 0))

    rows, times = _parts(truth, guess, size)
    return Sums(rows, finish, point, bounds=(-1.0, 1.0), times=times)


def average(values: Sequence[float] | Floats, *, decides: bool = True) -> Sums:
    """The mean of per-example scores between 0 and 1 (ROUGE, F1 of an answer), or of anything else."""
    rows = np.column_stack([np.asarray(values, dtype=float), np.ones(len(values))])
    return Sums(rows, lambda s: s[..., 0] / s[..., 1], None, decides, (0.0, 1.0) if decides else None)


def ratio(above: Sequence[float] | Floats, below: Sequence[float] | Floats) -> Sums:
    """A mean weighted by the examples: the sum of one number over the sum of another."""
    rows = np.column_stack([np.asarray(above, dtype=float), np.asarray(below, dtype=float)])
    return Sums(rows, lambda s: s[..., 0] / s[..., 1], None, decides=False, bounds=None)


def perplexity(nll: Sequence[float] | Floats, tokens: Sequence[float] | Floats) -> Sums:
    """exp of the negative log-likelihood per token over the whole corpus; ``nll`` are sums per row, in nats."""
    rows = np.column_stack([np.asarray(nll, dtype=float), np.asarray(tokens, dtype=float)])

    def finish(sums: Floats) -> Floats:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return np.asarray(np.exp(sums[..., 0] / sums[..., 1]))

    return Sums(rows, finish, None, decides=False, bounds=None)


def regression(name: str, truth: Floats, guess: Floats) -> Sample:
    """mse, rmse, mae, r2, pearson or spearman of predictions against truth."""
    from scipy.stats import pearsonr, rankdata, spearmanr
    from sklearn import metrics

    if name == "spearman":

        def ranked(x: Floats, y: Floats) -> Floats:
            return correlation(rankdata(x, axis=-1), rankdata(y, axis=-1))

        with _quiet():
            return Resampled((truth, guess), ranked, float(spearmanr(truth, guess).statistic), (-1.0, 1.0))
    if name == "pearson":
        with _quiet():
            point = float(pearsonr(truth, guess).statistic)
        # Centred first: sums of squares of values far from 0 would lose their digits.
        x, y = truth - truth.mean(), guess - guess.mean()
        rows = np.column_stack([x, y, x * x, y * y, x * y, np.ones(len(x))])
        return Sums(rows, _pearson, point, decides=False, bounds=(-1.0, 1.0))
    apart = guess - truth
    if name == "r2":
        centred = truth - truth.mean()
        rows = np.column_stack([apart**2, centred, centred**2, np.ones(len(apart))])
        return Sums(rows, _r2, float(metrics.r2_score(truth, guess)), decides=False, bounds=None)
    values = np.abs(apart) if name == "mae" else apart**2
    point = float(
        metrics.mean_absolute_error(truth, guess) if name == "mae" else metrics.mean_squared_error(truth, guess)
    )
    mean = replace(average(values, decides=False), point=point)
    if name == "rmse":
        return replace(mean, finish=lambda s: np.sqrt(s[..., 0] / s[..., 1]), point=float(np.sqrt(point)))
    return mean


def _pearson(sums: Floats) -> Floats:
    x, y, xx, yy, xy, n = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((xy - x * y / n) / np.sqrt(np.maximum(xx - x * x / n, 0) * np.maximum(yy - y * y / n, 0)))


def _r2(sums: Floats) -> Floats:
    wrong, y, yy, n = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1 - wrong / (yy - y * y / n))


def auc(truth: Ints, score: Floats) -> Resampled:
    """Area under the ROC curve of a two-class score (Mann and Whitney's statistic)."""
    from scipy.stats import rankdata
    from sklearn.metrics import roc_auc_score

    def finish(labels: Floats, scores: Floats) -> Floats:
        ranks = rankdata(scores, axis=-1)
        positive = labels.sum(axis=-1)
        negative = labels.shape[-1] - positive
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(((ranks * labels).sum(axis=-1) - positive * (positive + 1) / 2) / (positive * negative))

    return Resampled((truth.astype(float), score), finish, float(roc_auc_score(truth, score)), (0.0, 1.0))


@contextmanager
def _quiet() -> Iterator[None]:
    """Of constants there is no correlation: the NaN says so, a warning adds nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
