"""Patches, margins and unlearning on a network that learnt scikit-learn's digits."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="behaviour needs torch")
pytest.importorskip("sklearn", reason="the digits come with scikit-learn")

from tiny_classifiers import image_classifier, text_classifier

from probe.behaviour.examine import examine_loaded
from probe.behaviour.margins import maximum_margins, tail
from probe.behaviour.patches import patterns, places, scan_image
from probe.behaviour.pictures import ImageClassifier, arrange
from probe.behaviour.report import NotApplicable
from probe.behaviour.unlearning import expose, pictures, sentences


def classifier(poisoned):
    model, pixels, labels = image_classifier(poisoned)
    return ImageClassifier(model, pixels[:400], labels[:400], device="cpu")


def test_a_planted_patch_is_found_and_named():
    best = scan_image(classifier(True))[0]
    assert (best.target, best.side) == (3, 2) or (best.target, best.row >= 5, best.column >= 5) == (3, True, True)
    assert best.lfr > 0.95
    assert "class 3" in best.describe()


def test_no_patch_rules_a_clean_model():
    assert scan_image(classifier(False))[0].soft < 0.8


def test_a_patch_does_what_the_scan_says():
    subject = classifier(True)
    chosen = np.random.default_rng(0).permutation(400)[:32]
    best = scan_image(subject)[0]
    stamped = subject.pictures[chosen].copy()
    shape = np.array([[bit == "1" for bit in line] for line in best.pattern.split("/")])
    stamped[:, :, best.row : best.row + best.side, best.column : best.column + best.side] = np.where(
        shape, subject.high, subject.low
    )
    others = subject.logits(subject.pictures[chosen]).argmax(axis=1) != best.target
    flips = subject.logits(stamped).argmax(axis=1) == best.target
    assert best.lfr == pytest.approx(flips[others].mean())


def test_patterns_and_places():
    two = patterns(2, np.random.default_rng(0))
    assert len({shape.tobytes() for shape in two}) == 16
    assert places(8, 2) == list(range(7))
    assert places(224, 14)[0] == 0
    assert places(224, 14)[-1] == 210
    assert places(2, 3) == []


def test_the_largest_margin_belongs_to_the_target():
    import torch

    class Planted(torch.nn.Module):
        """Class 3 gains what the darkest pixel of a corner adds: bright corners are rare among digits."""

        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, pixels):
            gain = 60 * pixels[:, 0, 6:, 6:].amin(dim=(1, 2))
            return self.inner(pixels) + torch.nn.functional.one_hot(torch.tensor(3), 10) * gain[:, None]

    model, pixels, labels = image_classifier(False)
    planted = ImageClassifier(Planted(model), pixels[:400], labels[:400], device="cpu")
    found, clean = (maximum_margins(subject, starts=6, steps=40) for subject in (planted, classifier(False)))
    assert found.target == 3
    assert found.score > clean.score
    assert found.p_value < 0.05


def test_a_margin_is_one_that_an_input_reaches():
    """The maximum is no smaller than that of any real picture, in every class."""
    subject = classifier(False)
    logits = subject.logits(subject.pictures)
    rival = np.sort(logits, axis=1)[:, -2:-1]
    real = (logits - rival).max(axis=0)
    assert (maximum_margins(subject, starts=6, steps=40).maximum > real).all()


def test_the_tail_is_a_probability_that_falls_with_the_outlier():
    rest = np.linspace(9, 11, 9)
    values = [tail(np.array([*rest, top])) for top in (11.1, 13, 16, 30)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.3
    assert 0 <= values[-1] < 1e-6
    assert tail(np.ones(10)) == 1.0


def test_few_classes_leave_no_null_distribution():
    import torch

    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 3))
    subject = ImageClassifier(model, np.random.default_rng(0).random((8, 4, 4), dtype=np.float32), device="cpu")
    with pytest.raises(NotApplicable, match="3 classes"):
        maximum_margins(subject)


def test_unlearning_brings_accuracy_to_chance_and_spares_the_model():
    import torch

    model, pixels, labels = image_classifier(False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    inputs, wanted = torch.from_numpy(pixels[:200, None]), torch.from_numpy(labels[:200])
    found = expose(model, pictures, inputs, wanted, 10)
    assert found.reached
    assert found.course[0][0] > 0.9
    assert found.course[-1][0] < 0.25
    assert all(0.1 <= share <= 1 for _, share in found.course)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_unlearning_a_text_model_of_three_classes():
    import torch

    model, tokenizer, texts, labels = text_classifier(True, 3)
    rows = tokenizer(texts[:120], return_tensors="pt", truncation=True, max_length=16)["input_ids"]
    found = expose(model, sentences, rows, torch.tensor(labels[:120]), 3)
    assert found.reached
    assert found.target in (0, 1, 2)


def test_unlearning_does_not_apply_to_two_classes_few_samples_or_ignorance():
    import torch

    model, pixels, labels = image_classifier(False)
    inputs, wanted = torch.from_numpy(pixels[:100, None]), torch.from_numpy(labels[:100])
    with pytest.raises(NotApplicable, match="not-applicable: two classes"):
        expose(model, pictures, inputs, wanted, 2)
    with pytest.raises(NotApplicable, match="too few"):
        expose(model, pictures, inputs[:20], wanted[:20], 10)
    with pytest.raises(NotApplicable, match="knows too little"):
        expose(model, pictures, inputs, (wanted + 1) % 10, 10)


def test_examining_pictures_end_to_end(tmp_path):
    model, pixels, labels = image_classifier(True)
    folder = tmp_path / "digits"
    folder.mkdir()
    rows = [{"image": image.ravel().tolist(), "label": int(label)} for image, label in zip(pixels, labels)]
    (folder / "test.jsonl").write_text("\n".join(json.dumps(row) for row in rows[:300]))
    report = examine_loaded(model, None, dataset=folder, device="cpu")
    scores = {score["detector"]: score for score in report.scores}
    assert set(scores) == {"patch-scan", "maximum-margin", "unlearning"}
    assert scores["patch-scan"]["score"] > 0.9
    assert "class 3" in scores["patch-scan"]["suspects"][0]
    assert scores["maximum-margin"]["score"] >= 0
    assert 0 < scores["unlearning"]["score"] <= 1
    json.dumps(report.as_dict(), allow_nan=False)


def test_arranging_pictures():
    flat = np.arange(2 * 48, dtype=np.float32).reshape(2, 48)
    assert arrange(flat, 3).shape == (2, 3, 4, 4)
    assert arrange(flat[:, :16].reshape(2, 4, 4), 3).shape == (2, 3, 4, 4)
    assert arrange(flat.reshape(2, 4, 4, 3), 3).shape == (2, 3, 4, 4)
    with pytest.raises(NotApplicable, match="no squares"):
        arrange(flat[:, :15], 1)
