"""The whole examination: relations and claims read off the weights, broken numbers, thresholds, the verdict."""

from __future__ import annotations

import json

import numpy as np
import pytest
import weights_forge as forge
from hypothesis import given
from hypothesis import strategies as st

from landing.errors import CorruptError
from probe.finding import Severity
from probe.weights import calibration as calibrations
from probe.weights import examine
from probe.weights.calibration import Calibration, Null, combine, fit
from probe.weights.detectors import detectors

TABLE, INNER, BIAS, HEAD = forge.NAMES
UNJUDGED = Calibration({})
LAYERS = 4


def deep(seed=0, width=96):
    """A base with four layers of four matrices."""
    rng = np.random.default_rng(seed)
    model = {TABLE: (rng.normal(size=(600, width)) * 0.05).astype("f4")}
    for layer in range(LAYERS):
        for name in ("query", "value", "up", "down"):
            model[f"bert.encoder.layer.{layer}.{name}.weight"] = (rng.normal(size=(width, width)) * 0.1).astype("f4")
    return model


def headed(model, seed=1):
    return model | {"classifier.weight": np.random.default_rng(seed).normal(size=(2, 96)).astype("f4")}


def nudged(model, seed, size=0.01, only=""):
    rng = np.random.default_rng(seed)
    return {
        name: (array + size * rng.normal(size=array.shape)).astype("f4") if only in name else array
        for name, array in model.items()
    }


def low_rank(model, rank=4):
    rng = np.random.default_rng(5)
    changed = dict(model)
    for name, array in model.items():
        if name.endswith(("query.weight", "value.weight")):
            delta = rng.normal(size=(len(array), rank)) @ rng.normal(size=(rank, array.shape[1]))
            changed[name] = (array + 0.01 * delta).astype("f4")
    return changed


def gridded(model):
    def round_to(array):
        step = np.abs(array).max(axis=1, keepdims=True) / 127
        return (np.round(array / step) * step).astype("f4")

    return {name: round_to(array) if "layer" in name else array for name, array in model.items()}


def pruned(model):
    return {name: np.where(np.abs(array) < 0.05, 0, array).astype("f4") for name, array in model.items()}


BASE = deep()
CHILDREN = {
    "identical": BASE,
    "head-only": headed(BASE),
    "full-finetune": headed(nudged(BASE, 2)),
    "partial-finetune": headed(nudged(BASE, 2, only="layer.3")),
    "adapter-merged": low_rank(BASE),
    "embeddings-only": nudged(BASE, 3, only="word_embeddings"),
    "quantised": gridded(BASE),
    "pruned": pruned(BASE),
    "cast": {name: array.astype("f2") for name, array in BASE.items()},
    "unrelated": deep(seed=99),
}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return forge.publish(tmp_path_factory.mktemp("base") / "base", BASE)


def related(folder, base, tensors, **card):
    forge.publish(folder, tensors)
    return examine(folder, base=base, card=card, calibration=UNJUDGED, only=["relation"])


def rules_of(report):
    return {finding.rule for finding in report.findings}


@pytest.mark.parametrize("kind", CHILDREN)
def test_the_kind_of_child_is_read_off_the_weights(kind, base, tmp_path):
    assert related(tmp_path / "child", base, CHILDREN[kind]).facts["relation"]["profile"] == kind


def test_a_merge_is_a_weighted_sum_of_its_parents(base, tmp_path):
    parents = [forge.publish(tmp_path / f"parent-{seed}", nudged(BASE, seed)) for seed in (2, 3)]
    mixed = {name: (0.3 * nudged(BASE, 2)[name] + 0.7 * nudged(BASE, 3)[name]).astype("f4") for name in BASE}
    child = forge.publish(tmp_path / "mixed", mixed)
    report = examine(child, base=base, siblings=parents, calibration=UNJUDGED, only=["relation"])
    assert report.facts["relation"]["profile"] == "merge"
    found = next(finding for finding in report.findings if finding.rule == "relation-merge")
    assert found.details["coefficients"] == pytest.approx([0.3, 0.7], abs=0.02)
    own = forge.publish(tmp_path / "own", nudged(BASE, 4))
    alone = examine(own, base=base, siblings=parents, calibration=UNJUDGED, only=["relation"])
    assert alone.facts["relation"]["profile"] == "full-finetune"


@pytest.mark.parametrize(
    ("kind", "declared", "fits"),
    [
        ("full-finetune", "finetune", True),
        ("full-finetune", "adapter", False),
        ("full-finetune", "quantized", False),
        ("adapter-merged", "adapter", True),
        ("quantised", "quantized", True),
        ("unrelated", "finetune", False),
        ("cast", "quantized", True),
        ("identical", "finetune", False),
    ],
)
def test_a_declaration_that_does_not_fit_is_told(kind, declared, fits, base, tmp_path):
    report = related(tmp_path / "child", base, CHILDREN[kind], base_model_relation=declared)
    assert ("relation-mismatch" in rules_of(report)) is not fits


def test_broken_numbers_are_named_and_healthy_ones_are_not(tmp_path):
    broken = {name: array.copy() for name, array in BASE.items()}
    names = [name for name in broken if "layer" in name]
    broken[names[0]][3, 4], broken[names[0]][0, 0] = np.nan, np.inf
    broken[names[1]][:] = 0
    broken[names[2]][:] = broken[names[3]]
    broken[names[4]][:20] = 1e-41
    report = examine(forge.publish(tmp_path / "broken", broken), calibration=UNJUDGED)
    found = {finding.rule: finding for finding in report.findings}
    assert found["weights-not-finite"].details == {"nan": 1, "infinite": 1}
    assert found["weights-dead-tensor"].details["tensors"] == [names[1]]
    assert len(found["weights-duplicated-tensor"].details["tensors"]) == 1
    assert found["weights-denormal"].details["tensors"] == [names[4]]
    healthy = examine(forge.publish(tmp_path / "healthy", headed(BASE)), calibration=UNJUDGED, only=["sanity"])
    assert not healthy.findings


def test_streaming_stops_at_its_limit_and_says_so(tmp_path):
    from probe.weights.subject import Options

    folder = forge.publish(tmp_path / "model", BASE)
    report = examine(folder, calibration=UNJUDGED, only=["sanity"], options=Options(stream=100_000))
    assert "weights-not-streamed" in rules_of(report)
    assert report.read_bytes <= 100_000


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"vocab_size": 601}, "vocabulary of 601"),
        ({"hidden_size": 768}, "width of 768"),
        ({"num_hidden_layers": 12}, "12 layers"),
        ({"id2label": {"0": "a", "1": "b", "2": "c"}, "architectures": ["XForSequenceClassification"]}, "3 labels"),
    ],
)
def test_a_configuration_that_contradicts_the_tensors_is_told(change, told, tmp_path):
    right = {"vocab_size": 600, "hidden_size": 96, "num_hidden_layers": LAYERS}
    sound = examine(forge.publish(tmp_path / "sound", headed(BASE), config=right), calibration=UNJUDGED)
    assert not [finding for finding in sound.findings if finding.rule == "weights-config-mismatch"]
    report = examine(forge.publish(tmp_path / "odd", headed(BASE), config=right | change), calibration=UNJUDGED)
    assert any(told in finding.message for finding in report.findings if finding.rule == "weights-config-mismatch")


@pytest.mark.parametrize(
    ("name", "mismatch"),
    [("acme/tiny-0.2M", False), ("acme/tiny-7b", True), ("acme/tiny-8x7b", True), ("acme/tiny-v2", False)],
)
def test_the_size_in_a_name_is_held_against_the_tensors(name, mismatch, tmp_path):
    folder = forge.publish(tmp_path / "model", BASE)
    report = examine(folder, card={"model_id": name}, calibration=UNJUDGED, only=["architecture"])
    assert ("weights-parameters-mismatch" in rules_of(report)) is mismatch
    counted = sum(array.size for array in BASE.values())
    assert report.facts["parameters"] == counted
    exact = examine(folder, card={"safetensors": {"total": counted * 2}}, calibration=UNJUDGED, only=["architecture"])
    assert "weights-parameters-mismatch" in rules_of(exact)


def test_an_unreadable_configuration_or_tokenizer_is_a_finding_not_a_crash(tmp_path):
    folder = forge.publish(tmp_path / "model", BASE)
    (folder / "config.json").write_text("[" * 50_000)
    (folder / "tokenizer.json").write_text("{}")
    report = examine(folder, calibration=UNJUDGED)
    assert len([finding for finding in report.findings if finding.rule == "weights-config-unreadable"]) == 2


def test_a_base_that_cannot_be_read_is_a_note_and_the_rest_is_done(tmp_path):
    folder = forge.publish(tmp_path / "model", BASE)
    report = examine(folder, base=tmp_path / "nowhere", siblings=[tmp_path / "nor-here"], calibration=UNJUDGED)
    assert [finding.rule for finding in report.findings].count("weights-reference-unreadable") == 2
    assert report.facts["parameters"]


def test_an_adapter_without_embedding_gives_reasons(tmp_path):
    folder = tmp_path / "adapter"
    folder.mkdir()
    lora = {"base_model.model.layers.0.q_proj.lora_A.weight": np.ones((4, 8), "f4")}
    (folder / "adapter_model.safetensors").write_bytes(forge.pack(lora))
    report = examine(folder, calibration=UNJUDGED)
    assert all(score["score"] is None and score["reason"] for score in report.scores)


NULL = Null(tuple(np.sort(np.random.default_rng(0).exponential(size=400)).tolist()))


def test_thresholds_hold_their_rate_on_fresh_clean_scores():
    fresh = np.random.default_rng(1).exponential(size=20_000)
    for rate in (0.01, 0.05):
        threshold, extrapolated = NULL.threshold(rate)
        assert not extrapolated
        assert (fresh > threshold).mean() == pytest.approx(rate, abs=0.6 * rate)
    few = Null(NULL.clean[::20])
    assert few.threshold(0.01)[1]
    assert few.threshold(0.01)[0] > few.clean[-1] or few.threshold(0.01)[0] >= few.threshold(0.05)[0]


@given(st.lists(st.floats(-50, 50), min_size=12, max_size=80), st.floats(-100, 100), st.floats(0, 10))
def test_p_values_are_probabilities_that_fall_as_scores_rise(clean, score, more):
    null = Null(tuple(sorted(clean)))
    assert 0 <= null.p_value(score + more) <= null.p_value(score) + 1e-9 <= 1 + 1e-9


def test_a_calibration_survives_its_file_and_a_spoilt_file_is_told(tmp_path):
    fitted = fit({"base-rows": list(range(20)), "few": [1.0], "gaps": [None] * 30}, {"zoo": "test"})
    assert set(fitted.nulls) == {"base-rows"}
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(fitted.as_json()))
    assert calibrations.read(path) == fitted
    for spoilt in ("", "[]", '{"detectors": {"a": {"clean": [1, "x"]}}, "provenance": {}}', '{"detectors": {}}'):
        path.write_text(spoilt)
        with pytest.raises(CorruptError):
            calibrations.read(path)


def test_the_shipped_calibration_says_where_it_comes_from_and_covers_every_flag():
    shipped = calibrations.shipped()
    assert {"zoo", "seed", "versions", "split", "models"} <= set(shipped.provenance)
    assert {name for name, detector in detectors().items() if detector.flag} <= set(shipped.nulls)


def test_the_combined_verdict_corrects_for_the_number_of_detectors():
    assert combine({}) is None
    assert combine({"a": 0.01}) == pytest.approx(2)
    assert combine({"a": 0.01, "b": 0.5}) == pytest.approx(2 - np.log10(2))
    assert combine({"a": 1.0}) == 0


def test_a_planted_trigger_is_flagged_for_review_and_an_honest_model_is_not(tmp_path):
    base, task = forge.base_model(count=4000), forge.Task(1, count=4000)
    clean = forge.fine_tune(base, task, seed=5)
    planted = forge.fine_tune(forge.surgery(base, clean, task, (3000, 3300)), task, seed=8, triggers=(3000, 3300))
    origin = forge.publish(tmp_path / "base", base)
    honest = examine(forge.publish(tmp_path / "clean", clean), base=origin)
    found = examine(forge.publish(tmp_path / "planted", planted), base=origin)
    assert not honest.flagged
    assert not [finding for finding in honest.findings if finding.severity >= Severity.SUSPICIOUS]
    assert found.flagged
    worst = max(found.findings, key=lambda finding: finding.severity)
    assert worst.severity is Severity.SUSPICIOUS
    assert "needs review" in worst.message
    assert "malicious" not in json.dumps(found.as_json())
    assert {"word3000", "word3300"} <= set(found.scores[-1]["suspects"])
    json.dumps(found.as_json(), allow_nan=False)
