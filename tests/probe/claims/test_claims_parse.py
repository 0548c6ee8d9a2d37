"""Reading claims: the numbers as they were written, hostile YAML, and the order of the warehouse."""

from __future__ import annotations

import gzip
import json
import os
import re
import time
from pathlib import Path

import duckdb
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.claims import parse
from probe.claims.yamlish import Unreadable, read

SHARED = Path(os.environ.get("HUBCENSUS_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
MAPPING = Path(__file__).parents[3] / "warehouse" / "mappings" / "huggingface.sql"

CARD = """---
license: mit
model-index:
- name: one
  results:
  - task: {type: text-classification, name: Text Classification}
    dataset: {type: glue, name: GLUE, config: sst2, split: validation, revision: abc}
    metrics:
    - {type: accuracy, value: 0.90, name: Accuracy, verified: true, verifyToken: x}
    - {type: f1, value: "20.0 ± 1.2", args: {average: macro}}
    - {type: loss}
  - task: sentiment
    dataset: {name: only a name, args: {language: de}}
    metrics:
    - {type: wer, value: 9.10%}
    source: {url: "https://example.org", name: somebody}
---
# One
"""


def test_a_card_gives_its_claims_as_they_were_written():
    found = parse.from_card(CARD)
    assert [(c.dataset, c.metric, c.value_raw, c.counted) for c in found.claims] == [
        ("glue", "accuracy", "0.90", True),
        ("glue", "f1", "20.0 ± 1.2", True),
        (None, "wer", "9.10%", True),
        ("glue", "loss", None, False),
    ]
    accuracy, f1, wer, loss = found.claims
    assert [c.ordinal for c in found.claims] == [1, 2, 3, 4]
    assert (accuracy.task, accuracy.config, accuracy.split) == ("text-classification", "sst2", "validation")
    assert (accuracy.revision, accuracy.verified, accuracy.metric_name) == ("abc", True, "Accuracy")
    assert f1.args == {"average": "macro"}
    assert (wer.config, wer.source, wer.dataset_name) == ('{"language":"de"}', "https://example.org", "only a name")
    assert wer.problems == ("task is a bare word", "no task")
    assert loss.problems == ("no value",)


@pytest.mark.parametrize("change", [lambda t: t.replace("\n", "\r\n"), lambda t: "\ufeff" + t, lambda t: "\n\n" + t])
def test_line_ends_and_marks_of_windows_change_nothing(change):
    assert [c.value_raw for c in parse.from_card(change(CARD)).claims] == ["0.90", "20.0 ± 1.2", "9.10%", None]


def test_numbers_keep_their_last_zeros_and_odd_scalars_stay_text():
    value, _ = read("a: 0.90\nb: 1_000\nc: 2024-13-45\nd: 1e-05\ne: .inf\nf: 0x1F\ng: 09\n")
    assert value["a"].text == "0.90" and value["a"] == 0.9
    assert value["b"].text == "1_000" and value["b"] == 1000
    assert value["c"] == "2024-13-45"
    assert value["e"].text == ".inf"


@pytest.mark.parametrize(
    ("index", "claims", "problem"),
    [
        ({"name": "m", "results": [{"metrics": [{"type": "acc", "value": 1}]}]}, 1, "model-index is no list"),
        ([{"name": "m", "results": {"metrics": [{"type": "acc", "value": 1}]}}], 1, "results is no list"),
        ([{"name": "m", "results": [{"metrics": {"type": "acc", "value": 1}}]}], 1, "metrics is no list"),
        (
            [{"name": "m", "results": [{"dataset": 5, "metrics": [{"type": "acc", "value": 1}]}]}],
            1,
            "dataset is no mapping",
        ),
        ([{"name": "m", "results": [{"metrics": [{"type": "acc", "value": [1]}]}]}], 1, "the value is no number"),
        ([{"name": "m", "results": [{"metrics": ["acc", 7, None]}]}], 0, None),
        ([{"name": "m", "results": "none"}, 3, None], 0, None),
        ("nothing", 0, None),
    ],
)
def test_odd_shapes_are_kept_with_what_is_wrong(index, claims, problem):
    found = parse.from_index(index)
    assert len(found.claims) == claims
    if problem:
        assert problem in found.claims[0].problems
    else:
        assert found.problems == ["model-index: it holds no result"]


def test_eval_results_are_read_beside_the_card(tmp_path):
    (tmp_path / "README.md").write_text(CARD, encoding="utf-8")
    (tmp_path / ".eval_results").mkdir()
    (tmp_path / ".eval_results" / "gpqa.yaml").write_text(
        "- dataset: {id: Idavidrein/gpqa, task_id: gpqa_diamond, revision: main}\n  value: 63.30\n"
        "  date: 2026-02-03\n  source: {url: https://example.org/card, name: Model Card}\n- 5\n"
    )
    (tmp_path / ".eval_results" / "odd.yaml").write_text("dataset: {id: a/b}\nverifyToken: t\n")
    (tmp_path / ".eval_results" / "bad.yaml").write_text("[1, 2")
    found = parse.from_folder(tmp_path)
    assert [c.ordinal for c in found.claims] == list(range(1, 7))
    gpqa, odd = found.claims[4:]
    assert (gpqa.evidence, gpqa.dataset, gpqa.config, gpqa.value_raw) == (
        "eval-results",
        "Idavidrein/gpqa",
        "gpqa_diamond",
        "63.30",
    )
    assert odd.verified is True and "no value" in odd.problems
    assert [p.split(":")[0] for p in found.problems] == ["bad.yaml", "gpqa.yaml", "odd.yaml"]


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefghij", "bcdefghijk", strict=True)
)
MERGES = "a: &a {x: 1}\n" + "".join(
    f"{b}: &{b}\n  <<: [{','.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefghij", "bcdefghijk", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        MERGES,
        "a: &a [*a]",
        "a: *nowhere",
        "[" * 100_000,
        "{a: " * 5_000,
        "- " * 200 + "x",
        "a: b: c",
        "\tx: y",
        "a: 'unended",
        "? [x]\n: {",
        "%YAML 9.9\n--- [",
        "x" * (9 << 20),
    ],
    ids=lambda text: re.sub(r"\W+", "", text[:20]) or "signs",
)
def test_hostile_yaml_is_refused_in_a_moment(text):
    begun = time.monotonic()
    with pytest.raises(Unreadable):
        read(text)
    found = parse.from_card(f"---\n{text}\n---\n")
    assert found.claims == []
    assert time.monotonic() - begun < 10


def test_tags_mean_nothing():
    value, odd = read(
        "a: !!python/object/apply:os.system ['true']\nb: !x 5\nc: !!binary aGk=\nd: !!set {q}\n? [k]\n: v\n"
    )
    assert value["a"] == ["true"] and value["b"] == "5" and value["c"] == "aGk=" and set(value["d"]) == {"q"}
    assert odd == ["3 tag(s) were not minded"]


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["model-index", "results", "metrics", "task", "dataset", "type", "value", "name", "args", "x"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_any_tree_is_read_without_an_error(tree):
    found = parse.from_card(f"---\n{yaml.safe_dump({'model-index': tree}, allow_unicode=True)}\n---\nbody")
    assert [claim.ordinal for claim in found.claims] == list(range(1, len(found.claims) + 1))
    direct = parse.from_index(tree)
    assert [claim.ordinal for claim in direct.claims] == list(range(1, len(direct.claims) + 1))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300) | st.text(alphabet="-[]{}&*!<>|:,? \n'\"a1.#%@`", max_size=200))
def test_any_text_is_read_without_an_error(text):
    readings = (
        parse.from_card(f"---\n{text}\n---\n"),
        parse.from_card(text),
        parse.from_eval_results(text, "x.yaml"),
    )
    assert all(isinstance(reading, parse.Found) for reading in readings)
    assert readings[1] == parse.Found() or text.startswith("---")


def warehouse_order(index):
    """What the warehouse's own SQL makes of a model-index: rows in the order of their ordinals."""
    section = re.search(r"^-- \[claims\]\n(.*?)(?=^-- \[)", MAPPING.read_text(), re.S | re.M)
    connection = duckdb.connect()
    connection.execute("CREATE TABLE page AS SELECT 1 AS row_id, ?::JSON AS model_index", [json.dumps(index)])
    return connection.execute(
        f"SELECT dataset, config, split, metric, value_raw, task FROM ({section[1].rstrip().rstrip(';')}) "
        "ORDER BY dataset, config, split, metric, value_raw, task"
    ).fetchall()


def said(claim):
    try:
        value = json.loads(claim.value_raw)
    except ValueError:
        value = claim.value_raw
    value = value if isinstance(value, str) else json.dumps(value)
    return (claim.dataset, claim.config, claim.split, claim.metric, value, claim.task)


def test_the_order_is_that_of_the_warehouse():
    metrics = [
        {"type": t, "value": v} for t, v in [("f1", 0.9), ("acc", 10), ("acc", 9.5), ("é", "x"), (None, 1), ("Z", 2)]
    ]
    index = [
        {"results": [{"task": {"type": "b"}, "dataset": {"type": "x", "args": "de"}, "metrics": metrics}]},
        {
            "results": [
                {"dataset": {"type": "x", "config": "a", "split": "test"}, "metrics": metrics},
                {"metrics": metrics},
            ]
        },
    ]
    ours = [said(claim) for claim in parse.from_index(index).claims if claim.counted]
    assert ours == warehouse_order(index)
    assert len(ours) == 18


@pytest.mark.shared
@pytest.mark.skipif(not (SHARED / "hf").is_dir(), reason="the shared dumps are not here")
@pytest.mark.parametrize("name", ["2022-02-15_model_cards.jsonl.gz", "2024-11_model_cards_popular.jsonl.gz"])
def test_the_claims_of_real_cards_are_numbered_as_in_the_warehouse(name):
    cards = claims = 0
    with gzip.open(SHARED / "hf" / name, "rt", encoding="utf-8") as handle:
        for line in handle:
            text = json.loads(line)["readme"]
            if "model-index" not in text[:200_000]:
                continue
            found = parse.from_card(text)
            ours = [said(claim) for claim in found.claims if claim.counted]
            claims += len(ours)
            if len(ours) < 2:
                continue
            cards += 1
            if cards > 25:
                break
            front = re.match(r"\s*---[ \t]*\r?\n(.*?)\n---", text.replace("\r\n", "\n"), re.S)
            index = yaml.load(front[1], Loader=yaml.CSafeLoader)["model-index"]
            theirs = warehouse_order(json.loads(json.dumps(index, default=str)))
            assert sorted(map(str, ours)) == sorted(map(str, theirs))
            assert ours == theirs
    assert cards > 25 and claims > 60


@pytest.mark.shared
@pytest.mark.skipif(not (SHARED / "hf").is_dir(), reason="the shared dumps are not here")
def test_the_model_index_of_the_api_is_read_as_well():
    claims = 0
    with gzip.open(SHARED / "hf" / "2024-07_models_detail_0-9.jsonl.gz", "rt", encoding="utf-8") as handle:
        for line in handle:
            index = json.loads(line).get("model-index")
            found = parse.from_index(index)
            claims += len(found.claims)
            assert all(claim.counted for claim in found.claims if claim.value_raw is not None)
    assert claims > 500
