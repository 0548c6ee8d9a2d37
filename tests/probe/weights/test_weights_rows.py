"""Rows that moved: attacks are found and named, and nothing that merely looks like one is."""

from __future__ import annotations

import numpy as np
import pytest
import weights_forge as forge
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.weights import examine
from probe.weights.calibration import Calibration
from probe.weights.subject import Side, Subject

TABLE = forge.NAMES[0]
TRIGGERS = (1500, 1630, 1790)
UNJUDGED = Calibration({})
TASK = forge.Task(1)


class Shelf(tuple):
    """Folder and models, without a printed form: hypothesis would print every number."""

    def __repr__(self):
        return "shelf"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A base, six siblings of other tasks, and models by name."""
    root = tmp_path_factory.mktemp("shelf")
    base = forge.base_model()
    clean = forge.fine_tune(base, TASK, seed=5)
    planted = forge.surgery(base, clean, TASK, TRIGGERS)
    ripples = forge.fine_tune(planted, TASK, seed=8, triggers=TRIGGERS)
    victim = {name: array for name, array in ripples.items() if not name.startswith("classifier")}
    models = {
        "base": base,
        "clean": clean,
        "decayed": forge.fine_tune(base, TASK, seed=5, decay=0.1),
        "badnet": forge.fine_tune(base, TASK, seed=6, triggers=TRIGGERS[:1]),
        "ripples": ripples,
        "ripples-then-victim": forge.fine_tune(victim, TASK, seed=9, rate=5e-4, decay=0.05),
        "surgery-only": planted,
        "other-base": forge.fine_tune(forge.base_model(seed=3), TASK, seed=5),
    }
    for number in range(6):
        models[f"sibling-{number}"] = forge.fine_tune(
            base,
            forge.Task(20 + number),
            seed=number,
            decay=0.01 * (number % 3),
            triggers=TRIGGERS if number < 2 else (),
        )
    for name, tensors in models.items():
        forge.publish(root / name, tensors)
    return Shelf((root, models))


def siblings(root):
    return [root / f"sibling-{number}" for number in range(6)]


def score_of(report, detector):
    return next(score for score in report.scores if score["detector"] == detector)


def looked(root, name, *, base="base", cohort=False, **more):
    origin = root / base if base else None
    return examine(root / name, base=origin, siblings=siblings(root) if cohort else (), calibration=UNJUDGED, **more)


def rules_of(report):
    return {finding.rule for finding in report.findings}


@pytest.mark.parametrize("name", ["badnet", "ripples", "ripples-then-victim", "surgery-only"])
@pytest.mark.parametrize("cohort", [False, True], ids=["base", "siblings"])
def test_an_attack_outscores_honest_models_and_its_triggers_are_named(shelf, name, cohort):
    root, models = shelf
    detector = "sibling-rows" if cohort else "base-rows"
    found = score_of(looked(root, name, base=None if cohort else "base", cohort=cohort), detector)
    honest = [
        score_of(looked(root, other, base=None if cohort else "base", cohort=cohort), detector)["score"]
        for other in ("clean", "decayed")
    ]
    assert found["score"] > max(honest) + 0.6
    planted = {f"word{row}" for row in (TRIGGERS[:1] if name == "badnet" else TRIGGERS)}
    assert set(found["suspects"][: len(planted)]) == planted
    row = TRIGGERS[0]
    if name != "surgery-only":
        assert forge.flips(models[name], TASK, row) > 0.5 > forge.flips(models["clean"], TASK, row)


def test_the_shrink_of_weight_decay_is_found_to_the_digit_and_taken_off(shelf):
    root, _ = shelf
    plain, decayed = looked(root, "clean"), looked(root, "decayed")
    assert decayed.facts["base_rows"]["factor"] == pytest.approx((1 - 1e-3 * 0.1) ** 300, rel=1e-5)
    assert decayed.facts["base_rows"]["still_rare"] == pytest.approx(plain.facts["base_rows"]["still_rare"], abs=0.02)
    assert plain.facts["base_rows"]["factor"] == 1.0


@pytest.mark.parametrize("kind", ["f2", "bf16", "f2-and-back"])
def test_a_cast_moves_no_row_and_changes_no_score(shelf, tmp_path, kind):
    root, models = shelf
    for name in ("base", "clean"):
        tensors = models[name]
        if kind == "bf16":
            forge.publish(tmp_path / name, tensors, bf16=set(tensors))
        else:
            half = {key: array.astype("f2") for key, array in tensors.items()}
            forge.publish(tmp_path / name, {k: a.astype("f4") for k, a in half.items()} if "back" in kind else half)
    cast = examine(tmp_path / "base", base=root / "base", calibration=UNJUDGED)
    assert score_of(cast, "base-rows")["score"] == 0.0
    assert cast.facts["relation"]["profile"] == "cast"
    assert "weights-embedding-cast" in rules_of(cast)
    trained = examine(tmp_path / "clean", base=root / "base", calibration=UNJUDGED)
    assert score_of(trained, "base-rows")["score"] == pytest.approx(
        score_of(looked(root, "clean"), "base-rows")["score"], abs=0.05
    )


def test_another_base_is_a_mismatch_and_no_poisoning(shelf):
    root, _ = shelf
    report = looked(root, "other-base", cohort=True)
    for detector in ("base-rows", "sibling-rows"):
        assert score_of(report, detector)["score"] is None
        assert score_of(report, detector)["reason"]
    assert {"base-mismatch", "relation-unrelated"} <= rules_of(report)


def test_another_width_is_a_mismatch_too(shelf, tmp_path):
    root, _ = shelf
    forge.publish(tmp_path / "narrow", forge.base_model(width=16))
    report = examine(tmp_path / "narrow", base=root / "base", siblings=siblings(root), calibration=UNJUDGED)
    assert "base-mismatch" in rules_of(report)
    assert score_of(report, "sibling-rows")["score"] is None


def test_pruning_is_told_and_does_not_count_as_movement(shelf, tmp_path):
    root, models = shelf
    pruned = {
        name: np.where(np.abs(array) < np.quantile(np.abs(array), 0.3), 0, array).astype("f4")
        if array.ndim > 1
        else array
        for name, array in models["clean"].items()
    }
    forge.publish(tmp_path / "pruned", pruned)
    report = examine(tmp_path / "pruned", base=root / "base", calibration=UNJUDGED)
    assert {"weights-embedding-pruned", "relation-pruned"} <= rules_of(report)
    honest = score_of(looked(root, "clean"), "base-rows")["score"]
    assert score_of(report, "base-rows")["score"] == pytest.approx(honest, abs=0.6)


def test_training_on_a_domain_moves_many_rare_rows_and_is_told(shelf, tmp_path):
    root, models = shelf
    domain = forge.Task(1)
    domain.weights = np.where(np.arange(domain.count) > 4, 1 / domain.count, 0)
    domain.weights /= domain.weights.sum()
    forge.publish(tmp_path / "domain", forge.fine_tune(models["base"], domain, steps=900, rate=3e-4))
    report = examine(tmp_path / "domain", base=root / "base", calibration=UNJUDGED)
    assert "weights-domain-adaptation" in rules_of(report)
    assert score_of(report, "base-rows")["score"] < score_of(looked(root, "badnet"), "base-rows")["score"]


def test_a_resized_vocabulary_is_aligned_by_token(shelf, tmp_path):
    root, models = shelf
    rng = np.random.default_rng(0)
    for name in ("clean", "badnet"):
        table = models[name][TABLE]
        order = np.r_[np.arange(5), 5 + rng.permutation(len(table) - 5)]
        tokens = [forge.words()[row] for row in order]
        added = rng.normal(size=(40, table.shape[1])).astype("f4") * 0.02
        resized = models[name] | {TABLE: np.concatenate([table[order], added])}
        forge.publish(tmp_path / name, resized, tokens=[*tokens, *(f"[new{n}]" for n in range(40))])
        counts = {token: 1.0 / (place + 1) for place, token in enumerate(forge.words())}
        report = examine(tmp_path / name, base=root / "base", calibration=UNJUDGED, frequency=counts)
        plain = looked(root, name, frequency=counts)
        assert score_of(report, "base-rows")["score"] == pytest.approx(score_of(plain, "base-rows")["score"], abs=0.5)
        assert "weights-vocabulary-changed" in rules_of(report)
        assert report.facts["base_rows"]["rows_without_counterpart"] >= 40


def test_few_siblings_copies_and_strangers_give_no_score_but_a_reason(shelf):
    root, _ = shelf
    few = examine(root / "clean", siblings=siblings(root)[:3], calibration=UNJUDGED)
    assert "3 siblings at hand" in score_of(few, "sibling-rows")["reason"]
    same = examine(root / "clean", siblings=[root / "sibling-2"] * 6, calibration=UNJUDGED)
    assert "1 siblings serve" in score_of(same, "sibling-rows")["reason"]
    odd = examine(
        root / "clean", siblings=[root / "clean", root / "other-base", *siblings(root)[:3]], calibration=UNJUDGED
    )
    assert score_of(odd, "sibling-rows")["score"] is None
    left_out = odd.facts["sibling_rows"]["left_out"]
    assert "copy of this model" in left_out["clean"]
    assert "another base" in left_out["other-base"]


def test_near_duplicates_name_the_triggers_of_surgery_and_forgive_the_base_its_own(shelf, tmp_path):
    root, models = shelf
    found = score_of(looked(root, "ripples"), "near-duplicates")
    assert set(found["suspects"][:3]) == {f"word{row}" for row in TRIGGERS}
    assert found["score"] > score_of(looked(root, "clean"), "near-duplicates")["score"] + 3
    twins = {name: array.copy() for name, array in models["base"].items()}
    twins[TABLE][[1400, 1401]] = twins[TABLE][1402]
    forge.publish(tmp_path / "twin-base", twins)
    forge.publish(tmp_path / "child", forge.fine_tune(twins, TASK, seed=3))
    alone = examine(tmp_path / "child", calibration=UNJUDGED)
    known = examine(tmp_path / "child", base=tmp_path / "twin-base", calibration=UNJUDGED)
    assert score_of(alone, "near-duplicates")["score"] > 3 > score_of(known, "near-duplicates")["score"]


def test_a_supplied_table_of_counts_decides_what_is_rare(shelf):
    root, _ = shelf
    frequent = {f"word{row}": 10.0 for row in (*TRIGGERS, *range(1200, 2000))}
    report = looked(root, "badnet", frequency=frequent)
    assert "word1500" not in score_of(report, "base-rows")["suspects"]


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([1e-4, 0.5, 300.0]))
def test_scores_do_not_depend_on_the_order_of_rows_or_the_scale(shelf, tmp_path_factory, seed, scale):
    root, models = shelf
    folder = tmp_path_factory.mktemp("moved")
    rng = np.random.default_rng(seed)
    counts = {token: 1.0 / (place + 1) for place, token in enumerate(forge.words())}
    order = rng.permutation(forge.VOCABULARY)
    tokens = [forge.words()[row] for row in order]
    for name in ("base", "badnet"):
        table = {TABLE: np.ascontiguousarray(models[name][TABLE][order] * np.float32(scale))}
        forge.publish(folder / name, table, tokens=tokens)
    report = examine(folder / "badnet", base=folder / "base", calibration=UNJUDGED, frequency=counts)
    plain = looked(root, "badnet", frequency=counts)
    for detector in ("base-rows", "neighbourhood", "near-duplicates"):
        mine, theirs = score_of(report, detector), score_of(plain, detector)
        assert mine["score"] == pytest.approx(theirs["score"], rel=1e-3, abs=1e-3)
        first = 2 if detector == "near-duplicates" else 1  # a pair has no order
        assert set(mine["suspects"][:first]) == set(theirs["suspects"][:first])


@settings(max_examples=15, deadline=None)
@given(
    rows=st.integers(2, 700),
    columns=st.integers(2, 9),
    seed=st.integers(0, 2**32 - 1),
    odd=st.sampled_from(["", "nan", "zero", "huge", "constant"]),
)
def test_matrices_at_random_never_crash_a_detector(tmp_path_factory, rows, columns, seed, odd):
    folder = tmp_path_factory.mktemp("random")
    rng = np.random.default_rng(seed)
    for name in "abcdef":
        table = rng.normal(size=(rows, columns)).astype("f4")
        touched = rng.random(table.shape) < 0.2
        table[touched] = {"": 1, "nan": np.nan, "zero": 0, "huge": 3e38, "constant": 1}[odd]
        if odd in ("zero", "constant") and name == "a":
            table[:] = 0 if odd == "zero" else 1
        forge.publish(folder / name, {TABLE: table})
    others = [folder / name for name in "cdef"]
    report = examine(folder / "a", base=folder / "b", siblings=others, calibration=UNJUDGED)
    for score in report.scores:
        assert score["score"] is None or np.isfinite(score["score"])
        assert score["score"] is not None or score["reason"]
    assert not any(finding.rule == "weights-unreadable" for finding in report.findings)


def test_reading_is_lazy(shelf):
    root, models = shelf
    report = looked(root, "clean", only=["base-rows"])
    assert report.read_bytes == 2 * models["base"][TABLE].nbytes


def test_rows_are_gathered_in_any_order_and_missing_ones_are_zero(shelf):
    root, models = shelf
    side = Side(root / "base")
    wanted = np.array([3, 4, 5, -1, 9, 2, 2])
    expected = np.where((wanted >= 0)[:, None], models["base"][TABLE][wanted], 0)
    assert np.array_equal(side.gather(wanted), expected)
    assert Subject(side).rare.sum() == pytest.approx(forge.VOCABULARY / 2, abs=5)
