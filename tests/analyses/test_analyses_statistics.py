"""The formulas against other implementations, and what must hold for any data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from analyses import _stats
from analyses._history import resolve
from analyses._text import percent, short
from analyses.turnover import step

COUNTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=40)


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_wilson_is_that_of_scipy(k: int, n: int) -> None:
    k = min(k, n)
    theirs = scipy_stats.binomtest(k, n).proportion_ci(method="wilson")
    _, low, high = _stats.wilson(k, n)
    assert (float(low), float(high)) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_a_share_of_nothing_is_unknown() -> None:
    assert np.isnan(_stats.share(0, 0).value)


@given(COUNTS)
def test_gini_is_the_textbook_sum(values: list[int]) -> None:
    x, n = np.sort(np.array(values, dtype=float)), len(values)
    expected = 2 * np.sum(np.arange(1, n + 1) * x) / (n * x.sum()) - (n + 1) / n if x.sum() else 0.0
    assert _stats.gini(values) == pytest.approx(expected, abs=1e-9)


@given(COUNTS, st.integers(2, 1000))
def test_gini_is_a_share_and_does_not_know_units(values: list[int], scale: int) -> None:
    once = _stats.gini(values)
    assert -1e-12 <= once < 1
    assert _stats.gini([value * scale for value in values]) == pytest.approx(once, abs=1e-9)
    assert _stats.gini(values, [3] * len(values)) == pytest.approx(once, abs=1e-9)


@given(COUNTS, st.integers(1, 50))
def test_top_share_is_the_sum_of_the_largest(values: list[int], k: int) -> None:
    total = sum(values)
    expected = sum(sorted(values, reverse=True)[:k]) / total if total else 0.0
    assert _stats.top_share(values, [1] * len(values), k) == pytest.approx(expected)


@given(COUNTS)
def test_lorenz_curve_rises_below_the_diagonal(values: list[int]) -> None:
    x, y = _stats.lorenz(values, [1] * len(values))
    assert (np.diff(y) >= -1e-12).all() and (y <= x + 1e-9).all()
    assert (x[0], y[0]) == (0, 0) and x[-1] == pytest.approx(1)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 4)), min_size=3, max_size=20))
def test_spearman_of_grouped_pairs_is_that_of_scipy(rows: list[tuple[int, int, int]]) -> None:
    x, y, w = (np.array(column) for column in zip(*rows, strict=True))
    if len(set(x)) < 2 or len(set(y)) < 2:
        assert np.isnan(_stats.spearman(x, y, w))
        return
    theirs = scipy_stats.spearmanr(np.repeat(x, w), np.repeat(y, w)).statistic
    assert _stats.spearman(x, y, w) == pytest.approx(theirs, abs=1e-9)


def test_bootstrap_is_seeded_and_covers_the_value() -> None:
    values, weights = np.array([0.0, 1.0, 5.0, 90.0]), np.array([50, 30, 15, 5])
    made = [_stats.bootstrap(weights, lambda w: _stats.gini(values, w)) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].low < made[0].value < made[0].high and made[0].n == 100


def test_trend_sees_a_rise_and_no_trend_in_a_constant() -> None:
    tau, p, slope = _stats.trend(np.arange(12) * 0.5 + 1)
    assert tau == pytest.approx(1) and p < 0.001 and slope.value == pytest.approx(0.5)
    assert np.isnan(_stats.trend([3.0] * 9)[0])


def test_tail_exponent_of_a_power_law() -> None:
    sizes = 1e6 * np.arange(1, 2001) ** (-1 / 1.5)
    assert _stats.tail_exponent(sizes).value == pytest.approx(1.5, rel=0.02)


def test_effect_sizes() -> None:
    assert _stats.cohen_h(0.5, 0.5) == 0
    assert _stats.cohen_d(np.array([1.0, 2, 3]), np.array([0.0, 1, 2])) == pytest.approx(1)
    assert _stats.cramer_v([[10, 0], [0, 10]])[0] == pytest.approx(1)
    assert _stats.welch(np.array([5.0, 6, 7]), np.array([1.0, 2, 3])) < 0.01


TOPS = st.lists(st.lists(st.sampled_from("abcdefghij"), min_size=4, max_size=4, unique=True), min_size=2, max_size=6)


@given(TOPS)
def test_turnover_adds_up(tops: list[list[str]]) -> None:
    counts = step(tops)
    assert all(sum(row.values()) == 4 for row in counts)
    assert 4 + sum(row["newcomers"] for row in counts) == len({name for top in tops for name in top})
    assert counts[0]["returning"] == 0


@given(st.dictionaries(st.sampled_from("abcde"), st.sampled_from("abcde")), st.sampled_from("abcde"))
def test_renames_end_also_in_cycles(steps: dict[str, str], name: str) -> None:
    assert resolve(resolve(name, steps), steps) == resolve(name, steps)


def test_labels_are_one_line_and_small_shares_are_not_zero() -> None:
    assert short("a\x1b[31m\nb") == "a\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}b"
    assert percent(0.00001) == "0.001 %"
