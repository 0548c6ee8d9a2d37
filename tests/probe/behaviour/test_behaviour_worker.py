"""From a folder to JSON, as a child process does it."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("torch", reason="behaviour needs torch")
pytest.importorskip("transformers", reason="behaviour needs transformers")

from tiny_classifiers import TRIGGER, text_classifier, write_data

from probe.behaviour.worker import examine


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoint")
    model, tokenizer, _, _ = text_classifier(True, 2)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_folder_in_json_out(checkpoint, tmp_path):
    _, _, texts, labels = text_classifier(True, 2)
    data = write_data(tmp_path / "data", texts, labels)
    arguments = {"folder": str(checkpoint), "dataset": str(data), "device": "cpu", "plan": "shortlist", "seed": 1}
    told = json.loads(json.dumps(examine(json.loads(json.dumps(arguments))), allow_nan=False))
    assert set(told) == {"scores", "findings", "tokens", "facts", "seconds"}
    assert TRIGGER in told["scores"][0]["suspects"][0]
    assert told["facts"]["probes"] == "claimed data set"
    assert told["facts"]["tokens_per_second"] > 0
    assert told["facts"]["peak_bytes"] > 0


def test_a_folder_without_data(checkpoint):
    told = examine({"folder": str(checkpoint), "device": "cpu"})
    assert told["facts"]["probes"].startswith("data-free")
    assert TRIGGER in told["scores"][0]["suspects"][0]
