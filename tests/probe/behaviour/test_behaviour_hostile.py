"""Models that no scan applies to, or that are made to break one, give a reason."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="behaviour needs torch")
pytest.importorskip("transformers", reason="behaviour needs transformers")

from tiny_classifiers import TRIGGER, image_classifier, text_classifier, tokenizer_for, words, write_data

from probe.behaviour.classifier import TextClassifier
from probe.behaviour.examine import examine_loaded


def reasons(report):
    return {score["detector"]: score["reason"] for score in report.scores}


def test_a_tokenizer_without_cls_is_no_obstacle():
    model, _, _, _ = text_classifier(True, 2)
    bare = tokenizer_for(["unused-a", "unused-b", *words(600, 2)], frame=False)
    classifier = TextClassifier(model, bare, device="cpu")
    assert (classifier.prefix, classifier.suffix) == ([], [])
    report = examine_loaded(model, bare, device="cpu")
    assert report.scores[0]["score"] is not None


def test_tokens_beyond_the_embedding_are_left_out_and_counted():
    model, _, _, _ = text_classifier(True, 2)
    large = tokenizer_for([*words(600, 2), *(f"beyond{number}" for number in range(50))])
    classifier = TextClassifier(model, large, device="cpu")
    assert classifier.usable.max() < model.config.vocab_size
    assert classifier.encode("beyond3 cf", 5) == [large.get_vocab()["cf"]]
    report = examine_loaded(model, large, device="cpu")
    assert report.facts["tokens_beyond_the_embedding"] == 50
    assert TRIGGER in report.scores[0]["suspects"][0]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_a_reason(value):
    import torch

    model, tokenizer, _, _ = text_classifier(False, 2)
    broken = copy.deepcopy(model)
    with torch.no_grad():
        broken.classifier.bias[0] = value
    report = examine_loaded(broken, tokenizer, device="cpu")
    assert set(reasons(report).values()) == {"the model answers with numbers that are not finite"}
    assert not any(score["flagged"] for score in report.scores)


def test_one_rare_row_that_is_not_finite_is_a_reason_too():
    import torch

    model, tokenizer, _, _ = text_classifier(False, 2)
    broken = copy.deepcopy(model)
    with torch.no_grad():
        broken.get_input_embeddings().weight[-1] = float("nan")
    assert "not finite" in reasons(examine_loaded(broken, tokenizer, device="cpu"))["label-flip-rate"]


def test_models_without_a_head_give_a_reason():
    from transformers import BertConfig, BertForMaskedLM, BertModel

    _, tokenizer, _, _ = text_classifier(False, 2)
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = BertConfig(vocab_size=len(tokenizer), **small)
    for model in (BertModel(config), BertForMaskedLM(config)):
        report = examine_loaded(model, tokenizer, device="cpu")
        assert all(score["score"] is None and score["reason"] for score in report.scores)
        assert not report.findings


def test_a_regression_head_gives_a_reason():
    from transformers import BertConfig, BertForSequenceClassification

    _, tokenizer, _, _ = text_classifier(False, 2)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, num_labels=1
    )
    report = examine_loaded(BertForSequenceClassification(config), tokenizer, device="cpu")
    assert "no classification head" in reasons(report)["label-flip-rate"]


def test_a_model_of_one_opinion_has_no_suspects():
    import torch

    model, tokenizer, _, _ = text_classifier(False, 2)
    stubborn = copy.deepcopy(model)
    with torch.no_grad():
        stubborn.classifier.weight.zero_()
        stubborn.classifier.bias[:] = torch.tensor([0.0, 3.0])
    report = examine_loaded(stubborn, tokenizer, device="cpu")
    assert report.facts["probes_per_class"][0] == 0
    assert report.scores[0]["score"] == pytest.approx(0, abs=1e-6)
    assert not report.findings


def test_time_used_up_is_a_reason():
    model, tokenizer, _, _ = text_classifier(False, 2)
    report = examine_loaded(model, tokenizer, device="cpu", budget_seconds=0.0)
    assert all("not finished within" in reason for reason in reasons(report).values())


@pytest.mark.parametrize(
    "content",
    [b"", b"not json\n", b'{"text": 5, "label": []}\n', b'{"text": "a"}\n', b"\xff\xfe\n", b"[1]\n"],
)
def test_damaged_data_is_said_and_the_scan_goes_on_without(tmp_path, content):
    model, tokenizer, _, _ = text_classifier(True, 2)
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "train.jsonl").write_bytes(content)
    report = examine_loaded(model, tokenizer, dataset=folder, device="cpu")
    assert report.facts["dataset"]
    assert report.facts["probes"].startswith("data-free")
    assert TRIGGER in report.scores[0]["suspects"][0]


def test_labels_of_another_task_do_no_harm(tmp_path):
    model, tokenizer, texts, labels = text_classifier(True, 2)
    odd = [(7 * label + 1) if place % 2 else -3 for place, label in enumerate(labels)]
    report = examine_loaded(model, tokenizer, dataset=write_data(tmp_path / "d", texts, odd), device="cpu")
    assert TRIGGER in report.scores[0]["suspects"][0]


def test_pictures_of_the_wrong_shape_give_a_reason(tmp_path):
    model, _, _ = image_classifier(False)
    folder = tmp_path / "data"
    folder.mkdir()
    lines = [json.dumps({"pixels": np.zeros((5, 7)).tolist(), "label": 0}) for _ in range(4)]
    (folder / "train.jsonl").write_text("\n".join(lines))
    report = examine_loaded(model, None, dataset=folder, device="cpu")
    assert all("does not classify these pictures" in reason for reason in reasons(report).values())


def test_a_picture_model_without_data_or_size_gives_a_reason():
    model, _, _ = image_classifier(False)
    assert all("neither" in reason for reason in reasons(examine_loaded(model, None, device="cpu")).values())
