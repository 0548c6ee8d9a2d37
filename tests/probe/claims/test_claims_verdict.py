"""The verdict as a pure function: thresholds, bases, alternatives, monotone, many claims at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from probe.claims import verdict
from probe.claims.estimates import Counts, Estimate
from probe.claims.normalise import Metric, Stated
from probe.claims.normalise import stated as read
from probe.claims.verdict import VERDICTS, Reading, judge

ACCURACY = Metric("accuracy")


def told(claim, hits, n, basis="exact", metric=ACCURACY, **more):
    return judge(read(claim, metric), Counts(hits, n).estimate(), metric, basis=basis, **more)


@pytest.mark.parametrize(
    ("claim", "hits", "n", "basis", "expected"),
    [
        ("0.900", 900, 1000, "exact", "VERIFIED"),
        ("0.9004", 900, 1000, "exact", "VERIFIED"),
        ("0.901", 900, 1000, "exact", "VERIFIED"),
        ("0.906", 900, 1000, "exact", "WITHIN_TOLERANCE"),
        ("0.911", 900, 1000, "exact", "UNDECIDED"),
        ("0.916", 900, 1000, "exact", "DISCREPANT_LOW"),
        ("0.884", 900, 1000, "exact", "DISCREPANT_HIGH"),
        ("0.95", 180, 200, "exact", "DISCREPANT_LOW"),
        ("0.92", 180, 200, "exact", "UNDECIDED"),
        ("0.900", 180, 200, "sample", "UNDECIDED"),
        ("0.900", 36_000, 40_000, "sample", "WITHIN_TOLERANCE"),
        ("0.99", 180, 200, "sample", "DISCREPANT_LOW"),
        ("0.9005", 1801, 2000, "unknown", "VERIFIED"),
        ("0.91", 1801, 2000, "unknown", "UNDECIDED"),
        ("0.95", 1801, 2000, "unknown", "DISCREPANT_LOW"),
        ("0.902", 36_000, 40_000, "unknown", "WITHIN_TOLERANCE"),
        ("90 ± 3", 880, 1000, "exact", "VERIFIED"),
    ],
)
def test_every_verdict_has_its_place(claim, hits, n, basis, expected):
    found = told(claim, hits, n, basis)
    assert found.verdict == expected
    assert 0 <= found.p_value <= 1 and found.gap > 0
    assert (found.p_value < 0.05) == expected.startswith("DISCREPANT")


def test_a_low_error_rate_is_a_better_model():
    metric = Metric("wer")
    estimate = Counts(300, 1000).estimate()
    assert judge(read("0.200", metric), estimate, metric).verdict == "DISCREPANT_LOW"
    assert judge(read("0.400", metric), estimate, metric).verdict == "DISCREPANT_HIGH"


def test_the_margin_of_an_open_metric_is_a_share_of_the_claim():
    metric = Metric("perplexity")
    estimate = Estimate(20.1, 19.5, 20.7, 19.6, 20.6, 500, 0.01)
    assert judge(read("20.000", metric), estimate, metric).verdict == "WITHIN_TOLERANCE"
    assert judge(read("19.000", metric), estimate, metric).verdict == "DISCREPANT_LOW"
    assert verdict.tolerance(read("200", metric), metric) == pytest.approx(2.0)


SEVERITY = {name: i for i, name in enumerate(["VERIFIED", "WITHIN_TOLERANCE", "UNDECIDED", "DISCREPANT"])}


def severity(judgement):
    return SEVERITY[judgement.verdict.split("_")[0] if "DISCREPANT" in judgement.verdict else judgement.verdict]


@settings(max_examples=400, deadline=None)
@given(
    st.integers(1, 50_000),
    st.floats(0, 1),
    st.lists(st.floats(-1, 1), min_size=2, max_size=8),
    st.sampled_from(["exact", "sample", "unknown"]),
    st.sampled_from([0.5, 0.05, 5e-3, 5e-5]),
    st.sampled_from([0.0, 0.01]),
    st.sampled_from([0.002, 0.01, 0.05]),
)
def test_the_farther_the_claim_the_never_milder_the_verdict(n, share, shifts, basis, half, spread, margin):
    estimate = Counts(round(share * n), n).estimate()
    for sign in (-1, 1):
        found = []
        for shift in sorted(abs(s) for s in shifts):
            value = estimate.point + sign * shift
            claim = Stated(value, half, spread)
            found.append(severity(judge(claim, estimate, ACCURACY, basis=basis, margin=margin, total=2 * n)))
        assert found == sorted(found)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(2, 20_000), st.floats(0, 1), st.integers(101, 10_000), st.sampled_from(["exact", "sample", "unknown"])
)
def test_percent_or_fraction_is_all_the_same(n, share, claim, basis):
    estimate = Counts(round(share * n), n).estimate()
    verdicts = {
        judge(read(raw, ACCURACY), estimate, ACCURACY, basis=basis).verdict
        for raw in (f"{claim / 100:.2f}", f"{claim / 100:.2f}%", f"{claim / 10_000:.4f}")
    }
    assert len(verdicts) == 1


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([math.nan, math.inf, -math.inf]) | st.floats(0, 1),
    st.sampled_from([math.nan, math.inf]) | st.floats(0, 1),
)
def test_what_is_not_finite_never_reaches_a_verdict(value, point):
    estimate = Estimate(point, point, point, point, point, 100, 0.01)
    if math.isfinite(value) and math.isfinite(point):
        assert judge(Stated(value, 0.005), estimate, ACCURACY).verdict in VERDICTS
    else:
        with pytest.raises(ValueError, match="finite"):
            judge(Stated(value, 0.005), estimate, ACCURACY)


def test_the_gap_is_the_formula_of_the_notes():
    """2.8 standard errors: 3.8 points for two samples of 1,000 at 90 %, 1.2 for 10,000, 0.71 of it for one."""
    for n, points in ((1_000, 3.8), (10_000, 1.2)):
        two = told("0.5", int(0.9 * n), n, "unknown").gap
        one = told("0.5", int(0.9 * n), n, "sample").gap
        assert 100 * two == pytest.approx(points, abs=0.06)
        assert one / two == pytest.approx(0.71, abs=0.01)


def test_a_larger_part_of_the_split_says_more():
    parts = [told("0.93", 900, 1000, "sample", total=total) for total in (None, 4_000, 1_100)]
    assert parts[0].gap > parts[1].gap > parts[2].gap
    assert parts[0].p_value > parts[1].p_value > parts[2].p_value
    assert parts[2].verdict == "DISCREPANT_LOW"


@pytest.mark.parametrize("basis", ["sample", "unknown"])
def test_a_true_claim_is_seldom_called_discrepant_and_the_power_is_as_predicted(basis):
    """At the edge of the margin the error is at most 5 %, and a gap that can be seen is seen in 80 % of cases."""
    rng, p, n, runs = np.random.default_rng(0), 0.85, 1_500, 400
    gap = told(f"{p}", int(p * n), n, basis).gap
    at_edge = seen = 0
    for _ in range(runs):
        mine = rng.binomial(n, p)
        theirs = rng.binomial(n, p) / n if basis == "unknown" else p
        estimate = Counts(int(mine), n).estimate()
        for shift, count in ((0.01, "edge"), (0.01 + gap, "gap")):
            claim = Stated(theirs + shift, 5e-5)
            hit = judge(claim, estimate, ACCURACY, basis=basis).verdict.startswith("DISCREPANT")
            at_edge += hit and count == "edge"
            seen += hit and count == "gap"
    assert stats.binomtest(at_edge, runs, 0.05, "greater").pvalue > 1e-3
    assert stats.binomtest(seen, runs, 0.80).pvalue > 1e-3


def reading(hits, n, protocol="split test", kind="", stated=None):
    return Reading(Counts(hits, n).estimate(), protocol, kind, stated)


def test_of_standard_readings_the_mildest_stands():
    judged, best = verdict.decide(
        read("0.880", ACCURACY), [reading(900, 1000), reading(880, 1000, "split validation")], [], ACCURACY
    )
    assert (judged.verdict, judged.protocol, best.estimate.point) == ("VERIFIED", "split validation", 0.88)


def test_a_protocol_that_fits_to_the_digit_is_named_and_the_likelier_one_first():
    alternatives = [
        reading(850, 1000, "lower case", "preprocessing"),
        reading(850, 1000, "split validation", "split"),
        reading(700, 1000, "labels in the order 1, 0", "label permutation"),
    ]
    judged, used = verdict.decide(read("0.850", ACCURACY), [reading(900, 1000)], alternatives, ACCURACY)
    assert judged.verdict == "PROTOCOL_MISMATCH"
    assert judged.protocol == "split: split validation" and "2 of 3" in judged.reason
    assert used.estimate.point == 0.9


def test_alternatives_are_not_asked_for_where_the_claim_holds_and_a_near_miss_is_no_explanation():
    def never():
        raise AssertionError("asked for")
        yield

    assert (
        verdict.decide(read("0.905", ACCURACY), [reading(900, 1000)], never(), ACCURACY)[0].verdict
        == "WITHIN_TOLERANCE"
    )
    missed = [reading(853, 1000, "x", "split"), Reading(Estimate(math.nan, 0, 0, 0, 0, 9, 1), "y", "split")]
    judged, _ = verdict.decide(read("0.850", ACCURACY), [reading(900, 1000)], missed, ACCURACY)
    assert judged.verdict == "DISCREPANT_HIGH" and "none of 1 other" in judged.reason


def test_of_a_part_of_a_split_a_protocol_must_explain_most_of_the_gap():
    swapped = [reading(271, 300, "labels in the order 1, 0", "label permutation")]
    judged, _ = verdict.decide(
        read("0.91", ACCURACY), [reading(29, 300)], swapped, ACCURACY, basis="sample", total=9_000
    )
    assert judged.verdict == "PROTOCOL_MISMATCH"
    near = [reading(255, 300, "split validation", "split")]
    judged, _ = verdict.decide(
        read("0.91", ACCURACY), [reading(230, 300)], near, ACCURACY, basis="sample", total=9_000
    )
    assert judged.verdict == "DISCREPANT_LOW"


def test_another_unit_is_a_protocol_too():
    other = Stated(0.009, 0.0005)
    judged, _ = verdict.decide(
        read("0.9", Metric("wer")), [reading(9, 1000)], [reading(9, 1000, "percent", "unit", other)], Metric("wer")
    )
    assert judged.verdict == "PROTOCOL_MISMATCH" and judged.protocol == "unit: percent"


def test_reasons_are_of_the_closed_list():
    assert verdict.cannot("NO_DATASET", "x").reason == "NO_DATASET: x"
    assert verdict.cannot("TIMEOUT").reason == "TIMEOUT"
    odd = verdict.cannot("SOMETHING", "else")
    assert odd.reason.split(":")[0] in verdict.REASONS and "SOMETHING: else" in odd.reason


def test_benjamini_and_hochberg_over_a_run():
    values = [0.001, 0.02, 0.04, 0.045, 0.9, None, float("nan")]
    results = [
        {"verdict": "DISCREPANT_LOW" if v is not None and v < 0.05 else "VERIFIED", "p_value": v, "reason": "r"}
        for v in values
    ]
    adjusted = verdict.adjust(results)
    expected = stats.false_discovery_control(values[:5])
    assert [r["q_value"] for r in adjusted[:5]] == pytest.approx(list(expected))
    assert [r["verdict"] for r in adjusted] == ["DISCREPANT_LOW", "DISCREPANT_LOW"] + ["UNDECIDED"] * 2 + [
        "VERIFIED"
    ] * 3
    assert adjusted[2]["verdict_alone"] == "DISCREPANT_LOW" and "5 tests" in adjusted[2]["reason"]
    assert results[2]["verdict"] == "DISCREPANT_LOW" and "q_value" not in results[2]
    assert verdict.adjust([]) == []
    assert verdict.adjust([{"verdict": "CANNOT_VERIFY", "p_value": None}])[0]["q_value"] is None


def test_few_examples_without_counts_accuse_nobody():
    metric = Metric("f1")
    estimate = Estimate(0.2, 0.2, 0.2, 0.2, 0.2, 5, 0.2)
    assert judge(read("0.99", metric), estimate, metric, basis="sample").verdict == "UNDECIDED"
    assert judge(read("0.2000", metric), estimate, metric).verdict == "VERIFIED"


def test_within_the_margin_a_better_fitting_protocol_is_mentioned():
    hints = [reading(906, 1000, "binary average", "averaging"), reading(700, 1000, "x", "label permutation")]
    judged, _ = verdict.decide(read("0.9060", ACCURACY), [reading(900, 1000)], [], ACCURACY, hints=hints)
    assert judged.verdict == "WITHIN_TOLERANCE" and judged.reason.endswith(
        "it fits averaging: binary average to the digits printed"
    )
    assert judged.protocol == "split test"
