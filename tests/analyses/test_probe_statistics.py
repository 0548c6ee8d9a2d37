"""The statistics of the probe's analyses, against formulas and implementations made apart from them."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from probed import HUB
from scipy import stats

from analyses import _probe, scanner_disagreement, trigger_frequency
from probe.sample import Sampled, estimate


def sums(pairs: list[tuple[int, int]]) -> pd.DataFrame:
    """The sums that SQL gives over clusters of m with k."""
    k, m = np.array(pairs, dtype=float).T
    return pd.DataFrame(
        [(len(k), k.sum(), m.sum(), k @ k, k @ m, m @ m)], columns=["models", "k", "m", "kk", "km", "mm"]
    )


def test_clusters_of_one_mind_count_once() -> None:
    """Twenty models of ten files each, all bad in five of them: worth about twenty files, not two hundred."""
    row = _probe.clustered(sums([(10, 10)] * 5 + [(0, 10)] * 15)).iloc[0]
    few = (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 19)) ** 2
    assert row["share"] == 0.25 and row["effective"] == pytest.approx(19 * few)
    wilson = stats.binomtest(5, 20).proportion_ci(method="wilson")
    assert row["low"] == pytest.approx(wilson.low, abs=0.01) and row["high"] == pytest.approx(wilson.high, abs=0.03)


def test_clusters_that_are_each_a_mixture_count_as_their_files() -> None:
    rng = np.random.default_rng(2)
    row = _probe.clustered(sums([(int(rng.binomial(10, 0.3)), 10) for _ in range(400)])).iloc[0]
    assert 2_500 < row["effective"] <= 4_000


@pytest.mark.parametrize("k", [0, 1])
def test_clusters_without_any_or_without_others(k: int) -> None:
    row = _probe.clustered(sums([(k * m, m) for m in (1, 2, 30)])).iloc[0]
    assert row["share"] == k and row["effective"] == pytest.approx(33**2 / (1 + 4 + 900))
    assert (row["low"] == 0) == (k == 0) and (row["high"] == 1) == (k == 1) and row["high"] - row["low"] > 0.5
    lone = _probe.clustered(sums([(3, 9)])).iloc[0]
    assert lone["effective"] == 1, "one model is one observation, however many files it has"


def cell_frame(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["stratum", "probability", "models", "drawn", "seen", "hits"])


def test_one_stratum_is_a_simple_random_sample() -> None:
    made = _probe.stratified(cell_frame(("s", 40 / 4e6, 4_000_000, 40, 40, 10)), "hits")
    assert (made.value, made.raw, made.degrees) == (0.25, 0.25, 39) and made.effective == pytest.approx(39, rel=1e-4)
    exact = stats.binomtest(10, 40).proportion_ci(method="exact")
    assert made.low == pytest.approx(exact.low, abs=0.01) and made.high == pytest.approx(exact.high, abs=0.01)


def test_no_event_still_has_an_upper_bound() -> None:
    equal = _probe.stratified(cell_frame(("s", 0.01, 3_000, 30, 30, 0), ("t", 0.01, 3_000, 30, 30, 0)), "hits")
    assert (equal.value, equal.low, equal.effective) == (0, 0, pytest.approx(60))
    assert equal.high == pytest.approx(1 - 0.025 ** (1 / 60))
    skewed = _probe.stratified(cell_frame(("s", 1.0, 30, 30, 30, 0), ("t", 0.01, 3_000, 30, 30, 0)), "hits")
    assert skewed.effective == pytest.approx(3_030**2 / (30 + 30 * 100**2)) and skewed.high > equal.high
    every = _probe.stratified(cell_frame(("s", 0.01, 3_000, 30, 30, 30)), "hits")
    assert (every.value, every.high) == (1, 1) and every.low == pytest.approx(0.025 ** (1 / 30))


def test_a_hub_that_was_seen_whole_has_no_interval() -> None:
    made = _probe.stratified(cell_frame(("s", 1.0, 7, 7, 7, 2), ("t", 1.0, 3, 3, 3, 3)), "hits")
    assert (made.value, made.low, made.high) == (0.5, 0.5, 0.5)
    part = _probe.stratified(cell_frame(("s", 1.0, 7, 7, 6, 2), ("t", 1.0, 3, 3, 3, 3)), "hits")
    assert part.low < part.value < part.high


def test_strata_that_were_not_seen_are_not_covered() -> None:
    made = _probe.stratified(cell_frame(("s", 0.1, 100, 10, 5, 1), ("t", 0.1, 300, 30, 0, 0)), "hits")
    assert (made.value, made.covered, made.population, made.drawn, made.seen) == (
        pytest.approx(0.2), pytest.approx(100), pytest.approx(400), 40, 5
    )  # fmt: skip
    nothing = _probe.stratified(cell_frame(("s", 0.1, 100, 10, 0, 0)), "hits")
    assert np.isnan(nothing.value) and np.isnan(nothing.low) and (nothing.seen, nothing.covered) == (0, 0)


def test_estimates_are_those_of_the_sampler() -> None:
    """The probe's own estimate, made apart from this one, for a draw as it makes them: strata of one among others."""
    rng, rows, sampled, hits = random.Random(4), [], [], []
    for place, (size, n) in enumerate([(900, 12), (500, 9), (77, 5), (40, 1), (31, 1), (12, 1), (60, 6)]):
        found = [rng.random() < 0.3 for _ in range(n)]
        name = f"s{place}"
        sampled += [Sampled(HUB, f"m{place}-{i}", "c", name, n / size, size, n) for i in range(n)]
        hits += found
        rows.append((name, n / size, size, n, n, sum(found)))
    ours, theirs = _probe.stratified(cell_frame(*rows), "hits"), estimate(hits, sampled)
    assert (ours.value, ours.seen) == (pytest.approx(theirs.value), theirs.n)
    assert ours.effective == pytest.approx(theirs.effective, rel=0.25)
    assert ours.low == pytest.approx(theirs.low, abs=0.03) and ours.high == pytest.approx(theirs.high, abs=0.05)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 12), st.integers(1, 500)), min_size=1, max_size=8))
def test_an_estimate_lies_in_its_interval(strata: list[tuple[int, int, int]]) -> None:
    made = cell_frame(
        *((f"s{i}", n / (n + more), n + more, n, n, min(hits, n)) for i, (n, hits, more) in enumerate(strata))
    )
    one = _probe.stratified(made, "hits")
    weights = np.array([n + more for n, _, more in strata], dtype=float)
    share = np.array([min(hits, n) / n for n, hits, _ in strata])
    assert one.value == pytest.approx(float(weights @ share / weights.sum()))
    assert 0 <= one.low <= one.value + 1e-12 and one.value <= one.high + 1e-12 <= 1 + 1e-9
    assert 0 <= one.effective <= one.seen + 1e-9


@pytest.mark.parametrize("rates", [(0.1, 0.2, 0.3, 0.5), (0.004, 0.02, 0.3, 0.5), (0.005, 0.005, 0.005, 0.0)])
def test_intervals_cover_what_they_promise(rates: tuple[float, ...]) -> None:
    rng, sizes, taken = np.random.default_rng(5), (5_000, 800, 120, 16), (30, 30, 30, 8)
    bad = [round(size * rate) for size, rate in zip(sizes, rates, strict=True)]
    true, held = sum(bad) / sum(sizes), 0
    for _ in range(300):
        hits = [int(rng.hypergeometric(k, size - k, n)) for k, size, n in zip(bad, sizes, taken, strict=True)]
        parts = enumerate(zip(sizes, taken, hits, strict=True))
        made = _probe.stratified(
            cell_frame(*((f"s{i}", n / size, size, n, n, k) for i, (size, n, k) in parts)), "hits"
        )
        held += made.low <= true <= made.high
    assert held >= 0.92 * 300


def test_kappa_is_cohens() -> None:
    found = scanner_disagreement.kappa(20, 5, 10, 15)
    assert (found.value, found.n) == (pytest.approx(0.4), 50), "the worked example of the textbooks"
    metrics = pytest.importorskip("sklearn.metrics", reason="a second implementation to compare with")
    for both, first, second, neither in ((20, 5, 10, 15), (3, 0, 1, 40), (400, 30, 50, 900)):
        a = [1] * (both + first) + [0] * (second + neither)
        b = [1] * both + [0] * first + [1] * second + [0] * neither
        found = scanner_disagreement.kappa(both, first, second, neither)
        assert found.value == pytest.approx(metrics.cohen_kappa_score(a, b)) and found.low < found.value < found.high


def test_interval_of_kappa_is_the_asymptotic_one_for_many_blobs() -> None:
    """Fleiss, Cohen and Everitt (1969), formula 13."""
    p = np.array([[400, 30], [50, 900]]) / 1_380
    rows, columns, kappa = p.sum(axis=1), p.sum(axis=0), scanner_disagreement.kappa(400, 30, 50, 900)
    chance = rows @ columns
    k = kappa.value
    spread = sum(p[i, i] * (1 - (rows[i] + columns[i]) * (1 - k)) ** 2 for i in range(2))
    spread += (1 - k) ** 2 * sum(p[i, j] * (columns[i] + rows[j]) ** 2 for i, j in ((0, 1), (1, 0)))
    error = np.sqrt((spread - (k - chance * (1 - k)) ** 2) / 1_380) / (1 - chance)
    assert (kappa.low, kappa.high) == (
        pytest.approx(k - 1.96 * error, abs=0.004),
        pytest.approx(k + 1.96 * error, abs=0.004),
    )


def test_agreement_on_few_blobs_is_not_certain() -> None:
    perfect = scanner_disagreement.kappa(1, 0, 0, 2)
    assert (perfect.value, perfect.high) == (1, 1) and perfect.low < 0.5
    unknown = scanner_disagreement.kappa(0, 0, 0, 50)
    assert np.isnan(unknown.value) and np.isnan(unknown.low)
    assert scanner_disagreement.kappa(0, 0, 0, 50) != scanner_disagreement.kappa(0, 0, 1, 50)


def test_the_interval_of_rho_covers() -> None:
    rng, held = np.random.default_rng(3), 0
    for _ in range(300):
        x = rng.normal(size=60)
        rho = stats.spearmanr(x, 0.7 * x + rng.normal(size=60)).statistic
        made = trigger_frequency._correlated(pd.DataFrame({"spearman": [rho], "tokens": [60]})).iloc[0]
        # Of a normal pair: 6/pi * asin(r/2).
        held += made["spearman_low"] <= 6 / np.pi * np.arcsin(0.7 / np.sqrt(1.49) / 2) <= made["spearman_high"]
    assert held >= 0.92 * 300
