"""Metrics against scikit-learn and SciPy, intervals against SciPy's own and against coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from probe.claims import estimates, measures, texts
from probe.claims.estimates import Counts

metrics = pytest.importorskip("sklearn.metrics", reason="needs the probe extra")


def labelled(n=400, size=4, seed=0, right=0.8):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, size, n)
    return truth, np.where(rng.random(n) < right, truth, rng.integers(0, size, n))


CLASSES = st.integers(2, 6).flatmap(
    lambda size: st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), min_size=1, max_size=60)
)


@settings(max_examples=60, deadline=None)
@given(CLASSES, st.sampled_from(["f1", "precision", "recall"]), st.sampled_from(["macro", "micro", "weighted"]))
def test_scores_over_classes_are_those_of_scikit_learn_and_of_the_sums(pairs, name, average):
    truth, guess = np.array(pairs).T
    score = {"f1": metrics.f1_score, "precision": metrics.precision_score, "recall": metrics.recall_score}[name]
    sample = measures.classes(name, truth, guess, average, size=8)
    total = (sample.rows * sample.times[:, None]).sum(axis=0)
    expected = score(truth, guess, average=average, zero_division=0)
    assert sample.value() == pytest.approx(expected, abs=1e-12)
    assert float(sample.finish(total[None])[0]) == pytest.approx(expected, abs=1e-12)


@pytest.mark.filterwarnings("ignore:A single label")
@settings(max_examples=40, deadline=None)
@given(CLASSES)
def test_matthews_and_binary_scores_agree_with_the_sums(pairs):
    truth, guess = np.array(pairs).T
    for sample, expected in (
        (measures.matthews(truth, guess, 8), metrics.matthews_corrcoef(truth, guess)),
        (
            measures.classes("f1", (truth == 1).astype(int), (guess == 1).astype(int), "binary", size=2),
            metrics.f1_score(truth == 1, guess == 1, zero_division=0),
        ),
    ):
        total = (sample.rows * sample.times[:, None]).sum(axis=0)
        assert float(sample.finish(total[None])[0]) == pytest.approx(expected, abs=1e-9)
        assert sample.value() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ["mse", "rmse", "mae", "r2", "pearson", "spearman"])
def test_regression_measures_agree_with_the_libraries_and_with_their_sums(name):
    rng = np.random.default_rng(1)
    truth = rng.normal(3, 2, 300)
    guess = truth + rng.normal(0, 1, 300)
    expected = {
        "mse": metrics.mean_squared_error(truth, guess),
        "rmse": metrics.root_mean_squared_error(truth, guess),
        "mae": metrics.mean_absolute_error(truth, guess),
        "r2": metrics.r2_score(truth, guess),
        "pearson": stats.pearsonr(truth, guess).statistic,
        "spearman": stats.spearmanr(truth, guess).statistic,
    }[name]
    sample = measures.regression(name, truth, guess)
    assert sample.value() == pytest.approx(expected)
    if name == "spearman":
        assert float(sample.finish(*sample.columns)) == pytest.approx(expected)
    else:
        assert float(sample.finish(sample.rows.sum(axis=0)[None])[0]) == pytest.approx(expected)
    found = sample.estimate(seed=3)
    assert found.low < expected < found.high and found.low90 >= found.low and found.high90 <= found.high


def test_area_under_the_curve_top_k_and_perplexity():
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 2, 200)
    score = rng.normal(truth, 1)
    sample = measures.auc(truth, score)
    assert sample.value() == pytest.approx(metrics.roc_auc_score(truth, score))
    assert float(sample.finish(*sample.columns)) == pytest.approx(sample.value())
    many = rng.random((300, 6))
    classes = rng.integers(0, 6, 300)
    ranked = np.argsort(-many, axis=1)
    assert measures.among(classes, ranked, 3).value() == pytest.approx(
        metrics.top_k_accuracy_score(classes, many, k=3)
    )
    assert measures.perplexity([2.0, 4.0], [1.0, 2.0]).value() == pytest.approx(math.exp(2))


def test_bca_intervals_are_those_of_scipy():
    rng = np.random.default_rng(5)
    values = rng.beta(5, 1, 250)
    found = measures.average(values).estimate(seed=1)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=9_999, method="BCa", random_state=1).confidence_interval
    width = theirs.high - theirs.low
    assert found.method == "bca"
    assert abs(found.low - theirs.low) < 0.06 * width and abs(found.high - theirs.high) < 0.06 * width
    truth, guess = labelled(200)
    ours = measures.classes("f1", truth, guess, "macro").estimate(seed=1)

    def macro(a, b):
        hit, true, guessed = (np.bincount(part, minlength=4) for part in (a[a == b], a, b))
        return float(np.mean(2 * hit / (true + guessed)))

    assert macro(truth, guess) == pytest.approx(metrics.f1_score(truth, guess, average="macro"))

    theirs = stats.bootstrap(
        (truth, guess), macro, paired=True, vectorized=False, n_resamples=600, method="BCa", random_state=1
    ).confidence_interval
    width = theirs.high - theirs.low
    assert abs(ours.low - theirs.low) < 0.15 * width and abs(ours.high - theirs.high) < 0.15 * width


def test_counts_have_the_interval_of_wilson():
    found = Counts(90, 100).estimate()
    p, z = 0.9, 1.959963984540054
    centre, half = (
        (p + z * z / 200) / (1 + z * z / 100),
        z * math.sqrt(p * 0.1 / 100 + z * z / 40_000) / (1 + z * z / 100),
    )
    assert (found.low, found.high) == (pytest.approx(centre - half), pytest.approx(centre + half))
    assert found.flip == 0.01


def test_a_perfect_score_is_not_certain():
    truth = np.array([0, 1] * 15)
    found = measures.classes("f1", truth, truth, "macro").estimate()
    assert found.point == 1 and found.high == 1 and found.low == pytest.approx(Counts(30, 30).estimate().low)
    wrong = measures.classes("f1", truth, 1 - truth, "macro").estimate()
    assert wrong.low == 0 < wrong.high


def test_the_same_seed_gives_the_same_interval_and_resampling_in_blocks_changes_nothing(monkeypatch):
    truth, guess = labelled()
    sample = measures.classes("f1", truth, guess, "macro")
    first = sample.estimate(seed=4)
    assert first == sample.estimate(seed=4) != sample.estimate(seed=5)
    monkeypatch.setattr(estimates, "_BLOCK", 500)
    assert sample.estimate(seed=4) == first


def test_intervals_cover_the_truth_as_often_as_they_say():
    """95 % intervals of macro F1 over 200 samples of a known population hold its value in 95 % of cases."""
    truth, guess = labelled(40_000, 3, seed=9)
    population = metrics.f1_score(truth, guess, average="macro")
    rng = np.random.default_rng(0)
    hit = 0
    for _ in range(200):
        drawn = rng.integers(0, len(truth), 250)
        found = measures.classes("f1", truth[drawn], guess[drawn], "macro", size=3).estimate()
        hit += found.low <= population <= found.high
    assert stats.binomtest(hit, 200, 0.95).pvalue > 1e-3


def test_one_flip_of_accuracy_is_one_example():
    truth, guess = labelled(500, 2)
    accuracy = measures.classes("f1", truth, guess, "micro").estimate()
    assert accuracy.flip == pytest.approx(1 / 500, rel=0.02)


def test_answers_as_squad_scores_them():
    assert texts.answer_scores("The  Cat!", ["a cat"]) == (1.0, 1.0)
    assert texts.answer_scores("big cat", ["cat", "dog"]) == (0.0, pytest.approx(2 / 3))
    assert texts.answer_scores("", []) == (1.0, 1.0) and texts.answer_scores("x", []) == (0.0, 0.0)
    assert texts.answer_scores("", ["cat"]) == (0.0, 0.0)


def test_rouge_by_hand():
    # Lin 2004, section 3.1 (with tokens instead of stems): "police killed the gunman" against two rewrites.
    gold = "police killed the gunman"
    assert texts.rouge("rougeL", "police kill the gunman", gold) == pytest.approx(0.75)
    assert texts.rouge("rougeL", "the gunman kill police", gold) == pytest.approx(0.5)
    assert texts.rouge("rouge1", "The the POLICE", gold) == pytest.approx(2 * 2 / (3 + 4))
    assert texts.rouge("rouge2", "police killed a man", gold) == pytest.approx(2 * 1 / (3 + 3))
    assert texts.rouge("rouge2", "one", gold) == 0 == texts.rouge("rougeL", "", gold)
    # Section 3.2: w1 w2 w3 w4 w5 against w1 w2 w6 w7 w8 and w1 w3 w8 w9 w5: the union holds four of five.
    union = texts.rouge("rougeLsum", "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", "w1 w2 w3 w4 w5")
    assert union == pytest.approx(2 * 4 / (10 + 5))


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        (["B-PER", "I-PER", "O", "B-LOC"], {("PER", 0, 1), ("LOC", 3, 3)}),
        (["I-PER", "I-PER", "I-LOC"], {("PER", 0, 1), ("LOC", 2, 2)}),
        (["B-PER", "B-PER", "I-PER"], {("PER", 0, 0), ("PER", 1, 2)}),
        (["B-X", "E-X", "S-X", "S-X"], {("X", 0, 1), ("X", 2, 2), ("X", 3, 3)}),
        (["E-X", "I-X"], {("X", 0, 0), ("X", 1, 1)}),
        (["O", "O"], set()),
        (["NOUN", "NOUN", "VERB"], {("NOUN", 0, 1), ("VERB", 2, 2)}),
        ([], set()),
    ],
)
def test_chunks_as_conlleval_cuts_them(tags, spans):
    assert texts.chunks(tags) == spans


def test_span_scores_by_hand():
    truth = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-PER"]]
    guess = [["B-PER", "O", "O", "B-LOC"], ["B-LOC", "B-PER"]]
    # Right: LOC at 3 and PER in the second sentence; guessed four, true three.
    assert texts.spans("precision", truth, guess).value() == pytest.approx(2 / 4)
    assert texts.spans("recall", truth, guess).value() == pytest.approx(2 / 3)
    assert texts.spans("f1", truth, guess).value() == pytest.approx(4 / 7)
    assert texts.spans("f1", truth, guess, "macro").value() == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert texts.spans("f1", truth, guess, "weighted").value() == pytest.approx((2 * (1 / 2) + 1 * (2 / 3)) / 3)
    assert texts.token_agreement(truth, guess).value() == pytest.approx(4 / 6)
    assert texts.spans("f1", [["O"]], [["O"]]).value() == 0
