"""The same model on several hubs: each kind of evidence, what is no evidence, and the measured confidences."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import UTC, datetime
from math import floor
from pathlib import Path

import pytest
from doors import hubcensus

from landing import Zone
from warehouse.matches import CONFIDENCE
from warehouse.reader import Reader

SAMPLE = Path(__file__).parents[2] / "docs" / "identity.csv"
FIELDS = ["id", "owner", "url", "arxiv", "doi", "files", "releases", "links"]
HASH = "ab" * 32


def land(home: Path, hub: str, *records: dict) -> None:
    """Facts records of a hub, as a crawl of its repository lands them."""
    path = home.parent / f"{hub}.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    writer = Zone(home / "landing").start(hub, kind="listing", program="test", parser="test/1", config={})
    writer.adopt(path, format="jsonl", kind="models", records=len(records), fields=FIELDS, url="facts.jsonl")
    writer.finish(complete=True, observed_at=datetime(2026, 1, 1, tzinfo=UTC))


def weights(sha256: str, size: int = 10_000_000, path: str = "model.onnx") -> list[dict]:
    return [{"path": path, "size": size, "sha256": sha256}]


@pytest.fixture
def matches(tmp_path):
    """Lands two hubs and gives the pairs with their evidence and confidence."""

    def find(one: list[dict], other: list[dict]) -> dict[tuple[str, str], tuple[list[str], float]]:
        home = tmp_path / "home"
        land(home, "kipoi", *one)
        land(home, "coqui", *other)
        hubcensus(home, "load")
        hubcensus(home, "check")
        with Reader(home / "warehouse.duckdb") as reader:
            rows = reader.rows(
                "SELECT model_id, other_id, evidence, confidence FROM mart.model_match WHERE hub = 'kipoi'"
            )
        return {(one, other): (evidence, round(confidence, 2)) for one, other, evidence, confidence in rows}

    return find


def test_a_file_with_the_same_hash_is_the_same_model_whatever_its_name(matches):
    found = matches([{"id": "net-a", "files": weights(HASH)}], [{"id": "zoo/other", "files": weights(HASH)}])
    assert found == {("net-a", "zoo/other"): (["content"], CONFIDENCE["content"])}


def test_a_hash_of_a_release_counts_like_one_of_a_file(matches):
    release = {"variant": "onnx", "version": "1", "sha256": HASH, "size": 10_000_000}
    found = matches([{"id": "net-a", "releases": [release]}], [{"id": "zoo/other", "files": weights(HASH)}])
    assert found == {("net-a", "zoo/other"): (["content"], CONFIDENCE["content"])}


@pytest.mark.parametrize(
    "size, path", [(12, "model.onnx"), (10_000_000, "README.md"), (10_000_000, "tokenizer.json")]
)
def test_a_shared_small_file_card_or_tokenizer_is_no_evidence(matches, size, path):
    files = weights(HASH, size, path)
    assert matches([{"id": "net-a", "files": files}], [{"id": "other-b", "files": files}]) == {}


def test_a_file_that_lies_on_many_models_is_no_evidence(matches):
    copies = [{"id": f"copy-{number}", "files": weights(HASH)} for number in range(25)]
    assert matches(copies, [{"id": "other-b", "files": weights(HASH)}]) == {}


def test_a_link_counts_by_whether_the_names_agree(matches):
    page = {"id": "pub/net-7b", "owner": "pub", "url": "https://hub.example/pub/net-7b"}
    link = [{"kind": "model", "url": "https://Hub.example/pub/net-7b/"}]
    found = matches([{"id": "Net_7B", "links": link}, {"id": "Net-70B", "links": link}], [page])
    assert found["Net_7B", "pub/net-7b"] == (["link"], CONFIDENCE["link"])
    assert found["Net-70B", "pub/net-7b"] == (["reference"], CONFIDENCE["reference"])


def test_the_same_publisher_and_name_in_other_packaging(matches):
    one = [{"id": "explosion/en_core_web_sm", "owner": "explosion"}, {"id": "else/en_core_web_sm", "owner": "else"}]
    found = matches(one, [{"id": "Explosion/en-core-web-sm-onnx-int8", "owner": "Explosion"}])
    assert found == {
        ("explosion/en_core_web_sm", "Explosion/en-core-web-sm-onnx-int8"): (["owner-name"], CONFIDENCE["owner-name"])
    }


def test_a_hub_of_one_publisher_is_the_account_of_that_name_on_another(matches):
    other = [{"id": "kipoi/basset-net", "owner": "kipoi"}, {"id": "else/basset-net", "owner": "else"}]
    found = matches([{"id": "BassetNet"}], other)
    assert found == {("BassetNet", "kipoi/basset-net"): (["owner-name"], CONFIDENCE["owner-name"])}


def test_versions_in_a_name_tell_models_apart(matches):
    one = [{"id": "pub/resnet-50-v2", "owner": "pub"}]
    assert matches(one, [{"id": "pub/resnet-50", "owner": "pub"}]) == {}


def test_a_paper_and_a_telling_name(matches):
    paper = ["2103.14030"]
    one = [{"id": "someone/swin_tiny_patch4_window7_224", "owner": "someone", "arxiv": paper}]
    found = matches(
        one, [{"id": "micro/swin-tiny-patch4-window7-224", "owner": "micro", "doi": ["10.48550/arXiv.2103.14030"]}]
    )
    evidence, confidence = found["someone/swin_tiny_patch4_window7_224", "micro/swin-tiny-patch4-window7-224"]
    assert "paper" in evidence and "architecture" not in evidence
    assert confidence == CONFIDENCE["paper"]


def test_a_paper_and_a_short_name_say_which_network_not_which_weights(matches):
    found = matches(
        [{"id": "a/vgg-16", "owner": "a", "arxiv": ["1409.1556"]}],
        [{"id": "b/vgg16", "owner": "b", "arxiv": ["1409.1556"]}],
    )
    assert found == {("a/vgg-16", "b/vgg16"): (["architecture"], CONFIDENCE["architecture"])}


def test_several_publishers_with_the_same_telling_name_leave_it_open(matches):
    paper = ["2103.14030"]
    one = [{"id": f"{owner}/swin-tiny-patch4", "owner": owner, "arxiv": paper} for owner in ("a", "b")]
    found = matches(one, [{"id": "c/swin_tiny_patch4", "owner": "c", "arxiv": paper}])
    assert {pair: evidence for pair, (evidence, _) in found.items()} == {
        ("a/swin-tiny-patch4", "c/swin_tiny_patch4"): ["architecture"],
        ("b/swin-tiny-patch4", "c/swin_tiny_patch4"): ["architecture"],
    }


def test_the_same_source_repository_and_a_telling_name(matches):
    link = [{"kind": "repository", "url": "https://github.com/Lab/Net/tree/main"}]
    one = [{"id": "net_small_finetuned", "owner": "x", "links": link}]
    found = matches(
        one,
        [{"id": "net-small-finetuned", "owner": "y", "links": [{**link[0], "url": "https://github.com/lab/net"}]}],
    )
    assert found == {("net_small_finetuned", "net-small-finetuned"): (["repository"], CONFIDENCE["repository"])}


def test_a_distinctive_name_that_each_hub_has_once(matches):
    one = [{"id": "a/cait_xxs24_384", "owner": "a"}, {"id": "a/plainname", "owner": "a"}]
    other = [{"id": "b/cait-xxs24-384", "owner": "b"}, {"id": "b/plainname", "owner": "b"}]
    assert matches(one, other) == {("a/cait_xxs24_384", "b/cait-xxs24-384"): (["name"], CONFIDENCE["name"])}


def test_an_entry_point_is_a_name_of_its_model(matches):
    def entry(name: str) -> dict:
        return {"variant": f"lab/repo:{name}", "version": "main"}

    one = [{"id": "lab_page", "arxiv": ["1907.11692"], "releases": [entry("roberta.large.mnli"), entry("tokenizer")]}]
    other = [
        {"id": "x/roberta-large-mnli", "owner": "x", "arxiv": ["1907.11692"]},
        {"id": "x/tokenizer", "owner": "x", "arxiv": ["1907.11692"]},
    ]
    assert set(matches(one, other)) == {("lab_page", "x/roberta-large-mnli")}


def test_confidences_are_the_measured_precisions():
    with SAMPLE.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["verdict"] for row in rows} == {"same", "other", "unknown"}
    checked = Counter(row["evidence"] for row in rows)
    right = Counter(row["evidence"] for row in rows if row["verdict"] == "same")
    for evidence, number in checked.items():
        measured = floor(right[evidence] / number * 20) / 20
        assert CONFIDENCE[evidence] == min(measured, 0.95), evidence
    assert sum(row["hub"] in ("onnx-zoo", "pytorch-hub", "timm", "tensorflow-hub") for row in rows) == 100
