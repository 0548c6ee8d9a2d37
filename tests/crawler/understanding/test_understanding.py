"""The card rules: what a reader would say a small card says, with the characters that say it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.understanding import FIELDS, MAX_RAW, PLACES, understand
from crawler.understanding.answers import answers

CARD = """---
license: apache-2.0
language:
- sv
- en
datasets: [owner/hay_stack]
base_model: zoo/tiny-bert
pipeline_tag: text-classification
library_name: transformers
co2_eq_emissions:
  emissions: 149.2
  training_type: fine-tuning
  geographical_location: Umeå
  hardware_used: 1 x T4
model-index:
- name: hay
  results:
  - task: {type: text-classification}
    dataset: {name: Hay Stack, type: owner/hay_stack, split: test}
    metrics:
    - {type: accuracy, value: 91.25}
---
# Hay classifier

This model finds needles. It is a fine-tuned version of [tiny-bert](https://huggingface.co/zoo/tiny-bert)
on the owner/hay_stack dataset.

## Intended uses

Sorting letters about hay in a farm office.

## Limitations

It has never seen straw and confuses the two.

## Training

The model was trained on 8 NVIDIA A100 GPUs for 20 hours with AdamW as optimizer.

- learning_rate: 3e-05
- train_batch_size: 16
- num_epochs: 4

| Hyperparameter | Value |
|---|---|
| Weight decay | 0.01 |

## Evaluation results

| Dataset | Accuracy | F1 |
|---|---|---|
| Hay Stack | 91.25 | 88.4 |
| Barn | 70.1 | 69.9 |

The code is at https://github.com/farm/hay, the paper is [Needles](https://arxiv.org/abs/2401.01234).
Try the [demo](https://huggingface.co/spaces/farm/hay-demo).
The model has 4.4M parameters. This work was supported by the Straw Foundation under grant agreement No 12345.

```python
from transformers import AutoModelForSequenceClassification
model = AutoModelForSequenceClassification.from_pretrained("farm/hay")
```
"""


def said(text: str, field: str, **where: str) -> list:
    return [
        v.value for v in understand(text) if v.field == field and all(getattr(v, k) == x for k, x in where.items())
    ]


def test_a_whole_card():
    found = answers(understand(CARD))
    for field, expected in {
        "licence": "apache-2.0", "task": "text-classification", "domain": "nlp", "library": "transformers",
        "framework": "pytorch",
        "github": "https://github.com/farm/hay", "paper": {"arxiv": "2401.01234"}, "parameter_count": 4.4e6,
    }.items():  # fmt: skip
        assert expected in [value.value for value in found[field]], field
    assert {value.value for value in found["language"]} >= {"sv", "en"}
    assert {"name": "owner/hay_stack"} in [value.value for value in found["dataset"]]
    assert found["base_model"][0].value["name"] == "zoo/tiny-bert"
    assert found["carbon"][0].value["grams"] == 149.2
    assert any("Straw Foundation" in value.value for value in found["grant"])
    assert any("never seen straw" in value.value for value in found["limitation"])
    assert any("farm office" in value.value for value in found["intended_use"])
    assert any(value.value.get("url", "").endswith("farm/hay-demo") for value in found["demo"])


def test_front_matter_values_carry_the_span_of_their_own_scalar():
    spans = {v.raw: v for v in understand(CARD) if v.place == "front matter"}
    for raw in ("apache-2.0", "sv", "owner/hay_stack", "zoo/tiny-bert", "149.2", "91.25"):
        assert CARD[spans[raw].start : spans[raw].end] == raw
    assert spans["sv"].start == CARD.index("- sv") + 2


def test_claims_of_front_matter_and_of_tables():
    front = said(CARD, "metric", place="front matter")
    assert front == [{"name": "accuracy", "value": 91.25, "dataset": "owner/hay_stack", "split": "test"}]
    table = said(CARD, "metric", place="table")
    assert {"name": "f1", "value": 69.9, "dataset": "Barn"} in table and {
        "name": "accuracy",
        "value": 91.25,
        "dataset": "Hay Stack",
    } in table


def test_hyper_parameters_of_lists_tables_and_sentences():
    found = {value["name"]: value["value"] for value in said(CARD, "hyper_parameter")}
    assert found["learning_rate"] == 3e-05 and found["batch_size"] == 16 and found["epochs"] == 4
    assert found["weight_decay"] == 0.01 and found["optimizer"] == "AdamW"


def test_hardware_says_how_many_and_how_long():
    assert {"name": "A100", "count": 8, "hours": 20.0} in said(CARD, "hardware", place="prose")
    assert {"name": "1 x T4", "region": "Umeå"} in said(CARD, "hardware", place="front matter")


@pytest.mark.parametrize("text", [CARD.replace("\n", "\r\n"), "\ufeff" + CARD, "\n\n" + CARD])
def test_offsets_count_the_text_as_given(text):
    values = understand(text)
    assert len(values) == len(understand(CARD))
    for value in values:
        assert text[value.start : value.end][:MAX_RAW] == value.raw
    assert next(v for v in values if v.field == "licence").raw == "apache-2.0"


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        ("The weights are released under the Apache 2.0 license.", "licence", "apache-2.0"),
        ("## License\n\nThis model is under CC BY-NC-SA 4.0.", "licence", "cc-by-nc-sa-4.0"),
        ("**License:** GNU General Public License v3", "licence", "gpl-3.0"),
        ("[![License](https://img.shields.io/badge/license-MIT-blue)](x)", "licence", "mit"),
        ("**Language(s) (NLP):** Danish, Faroese", "language", "fo"),
        ("# A German BERT model", "language", "de"),
        ("Trained with a batch size of 256 and a learning rate of 1e-4.", "hyper_parameter",
        {"name": "learning_rate", "value": 1e-4}),
        ("We trained for three epochs.", "hyper_parameter", {"name": "epochs", "value": 3}),
        ("It reaches an accuracy of 92.5% on MNLI.", "metric", {"name": "accuracy", "value": 92.5,
        "dataset": "MNLI"}),
        ("- **Base model:** [x](https://huggingface.co/zoo/base)", "base_model", {"name": "zoo/base"}),
        ("GGUF quantizations of [x](https://huggingface.co/zoo/base).", "base_model", {"name": "zoo/base",
        "relation": "quantized"}),
        ("A model with 1.3 billion parameters.", "parameter_count", 1.3e9),
        ("- Number of parameters: 355M", "parameter_count", 355e6),
        ("- **Carbon Emitted:** 2.5 kg", "carbon", {"grams": 2500.0}),
        ("Audio must be sampled at 16kHz.", "input_format", "16 kHz"),
        ("It maps sentences to a 384 dimensional dense vector space.", "output_format", "384-dimensional vector"),
        ("The model was evaluated on LibriSpeech.", "dataset", {"name": "librispeech_asr", "role": "eval"}),
        ("See [data](https://huggingface.co/datasets/farm/barn), on which it was trained.", "dataset",
        {"name": "farm/barn", "role": "train"}),
        ("- **Hardware Type:** 4 x RTX 3090\n- **Hours used:** 12\n- **Compute Region:** north", "hardware",
         {"name": "4 x RTX 3090", "count": 4, "hours": 12.0, "region": "north"}),
        ("```bibtex\n@article{a,\n title={Straw and hay},\n eprint={2101.00001}\n}\n```", "paper",
        {"arxiv": "2101.00001", "title": "Straw and hay"}),
        ("Open in [Colab](https://colab.research.google.com/drive/abc).", "demo", {"kind": "colab", "url": "https://colab.research.google.com/drive/abc"}),
    ],
)  # fmt: skip
def test_what_prose_says(text, field, expected):
    assert expected in said(text, field)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("The dataset is licensed under the MIT license.", "licence"),
        ("The tokenizer was trained on text.", "dataset"),
        ("It runs on a single RTX 4090 for inference with low latency.", "hardware"),
        ("This model card is adapted from [x](https://huggingface.co/zoo/other).", "base_model"),
        ("- **License:** [More Information Needed]", "licence"),
        ("## Limitations\n\n[More Information Needed]", "limitation"),
        ("Use the latest version of [x](https://huggingface.co/docs/peft).", "base_model"),
    ],
)
def test_what_prose_does_not_say(text, field):
    assert not answers(understand(text)).get(field)


def test_another_models_row_is_no_claim_of_this_one():
    rows = "| Model | MMLU | GSM8K |\n|---|---|---|\n| Hay-7B | 50.5 | 31.0 |\n| Straw-7B | 61.5 | 42.0 |\n"
    text = f"# Straw-7B\n\n{rows}"
    found = {(v.value["dataset"], v.value["value"]) for v in answers(understand(text))["metric"]}
    assert found == {("MMLU", 61.5), ("GSM8K", 42.0)}


def test_the_front_matter_is_never_read_as_prose():
    assert {v.place for v in understand("---\nlicense: mit\ndatasets: [squad]\n---\n")} == {"front matter"}


ODD = [
    "|",
    "[",
    "](",
    "```",
    "<table><tr><td>",
    "---",
    "- a: &x [*x]",
    "\x00",
    "İ",
    "\ud800",
    "\r",
    "$$",
    "> > >",
    "1e999",
]
LINES = st.sampled_from([*CARD.split("\n"), *ODD])
CARDS = st.lists(LINES, max_size=40).map("\n".join)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(), CARDS, st.tuples(CARDS, CARDS).map(lambda parts: "---\n{}\n---\n{}".format(*parts))))
def test_any_text_gives_values_with_true_spans(text):
    values = understand(text)
    assert values == understand(text)
    for value in values:
        assert value.field in FIELDS and value.place in PLACES and 0 < value.confidence <= 1 and value.rule
        assert 0 <= value.start <= value.end <= len(text)
        assert text[value.start : value.end][:MAX_RAW] == value.raw
