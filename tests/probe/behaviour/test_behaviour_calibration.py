"""What a threshold promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.behaviour.calibration import conformal, guarded, store, thresholds
from probe.behaviour.judging import judge
from probe.behaviour.report import BehaviourReport


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200), st.floats(0.01, 0.5))
def test_the_share_of_calibration_scores_above_is_within_the_promise(scores, rate):
    made = conformal(scores, "any", rate=rate)
    above = sum(score > made.value for score in scores)
    assert made.value in scores
    assert above / (len(scores) + 1) <= made.fpr
    assert made.fpr <= max(rate, 1 / (len(scores) + 1))
    assert above / len(scores) <= made.upper <= 1


def test_new_clean_models_exceed_it_as_rarely_as_promised():
    rng = np.random.default_rng(0)
    hits = [rng.normal() > conformal(rng.normal(size=39).tolist(), "any", rate=0.05).value for _ in range(4_000)]
    assert conformal(list(range(39)), "any", rate=0.05).fpr == pytest.approx(0.05)
    assert np.mean(hits) == pytest.approx(0.05, abs=0.01)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=60))
def test_the_guard_only_raises_a_threshold(scores):
    plain, safe = conformal(scores, "any"), guarded(scores, "any")
    assert safe.value >= plain.value
    assert (safe.fpr, safe.upper, safe.n) == (plain.fpr, plain.upper, plain.n)


def test_the_guard_holds_when_new_models_spread_as_the_old_ones():
    rng = np.random.default_rng(1)
    hits = [rng.normal() > guarded(rng.normal(size=30).tolist(), "any").value for _ in range(2_000)]
    assert np.mean(hits) < 0.02


def test_no_scores_no_threshold():
    with pytest.raises(ValueError, match="no calibration scores"):
        conformal([], "any")


def test_what_is_stored_is_well_formed_and_says_its_scope(tmp_path):
    for entry in thresholds().values():
        assert entry.n > 0
        assert 0 < entry.fpr <= entry.upper <= 1
        assert entry.scope
    made = {"patch-scan": conformal([0.1, 0.2], "two models")}
    store(made, {"zoo": "x"}, tmp_path / "c.json")
    assert '"two models"' in (tmp_path / "c.json").read_text()


def test_a_finding_asks_for_review_and_accuses_nobody():
    report = BehaviourReport()
    threshold = conformal([0.1, 0.3, 0.2], "three models")
    judge(report, "label-flip-rate", 0.2, ["cf -> class 1"], threshold)
    assert not report.findings
    assert not report.scores[0]["flagged"]
    judge(report, "label-flip-rate", 5.0, ["cf -> class 1"], threshold)
    assert report.findings[0]["severity"] == "suspicious"
    assert "needs review" in report.findings[0]["message"]
    assert "malicious" not in str(report.findings)
    assert report.findings[0]["where"] == "cf -> class 1"
    judge(report, "label-flip-rate", 5.0, [], None)
    assert report.scores[-1]["reason"] == "not calibrated"
    assert len(report.findings) == 1


def test_importing_behaviour_imports_no_torch():
    code = "import probe.behaviour.worker, sys; assert not {'torch', 'transformers', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
