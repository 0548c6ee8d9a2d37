"""Kaggle Models: a crawl of the simulated hub, held against its truth."""

from __future__ import annotations

from base64 import b64encode

import pytest
from catalogues import STORM, by_model, crawl, everything, lists, load

from crawler.hubs import kaggle
from simhub.api import SimApi
from simhub.apps import build

HUB = "kaggle"


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(kaggle, "PAGE", 20)


@pytest.mark.parametrize("faults", ["", STORM + ",dup=0.5,again=0.2"])
def test_everything_is_recovered(tmp_path, faults):
    with SimApi(build(HUB, 130, 4, hostile=True, bad=True), faults=faults) as hub:
        done = crawl(tmp_path, HUB, hub.endpoint)
        truth = hub.truth
    assert done["complete"] is True
    census = load(tmp_path)
    there = by_model(census, "SELECT model_id, description, likes, coalesce(storage_bytes, 0), url FROM mart.model")
    assert there == {
        ref: (m["description"], m["votes"], m["bytes"], f"https://www.kaggle.com/models/{ref}")
        for ref, m in truth.items()
    }
    licences = lists(census, "SELECT model_id, value FROM mart.model_tag WHERE kind = 'licence'")
    assert licences == {ref: m["licences"] for ref, m in truth.items() if m["licences"]}
    tags = lists(census, "SELECT model_id, value FROM mart.model_tag WHERE kind = 'free'")
    assert tags == {ref: m["tags"] for ref, m in truth.items()}
    assert {task for (task,) in census.rows("SELECT DISTINCT task FROM mart.model")} == {
        "image-classification", "text-generation", "object-detection", "question-answering"
    }  # fmt: skip


def test_the_list_states_each_variation_with_its_newest_version(tmp_path):
    with SimApi(build(HUB, 40, 4)) as hub:
        crawl(tmp_path, HUB, hub.endpoint)
        truth = hub.truth
    found = lists(load(tmp_path), "SELECT model_id, variant, version FROM mart.release")
    assert found == {
        ref: sorted((name, str(number)) for name, number in m["newest"].items())
        for ref, m in truth.items()
        if m["newest"]
    }


@pytest.mark.parametrize(("models", "faults"), [(60, ""), (20, STORM)])
def test_with_versions_every_version_of_every_variation(tmp_path, models, faults):
    with SimApi(build(HUB, models, 4), faults=faults) as hub:
        crawl(tmp_path, HUB, hub.endpoint, "--with", "versions")
        truth = hub.truth
    census = load(tmp_path)
    found = lists(census, "SELECT model_id, variant, version FROM mart.release")
    expected = {}
    for ref, m in truth.items():
        # Where one list of versions is refused, the versions of the model stay unknown.
        if m["versions"] and not any(name.endswith("/closed") for name in m["variations"]):
            numbered = [(name, str(number)) for name, numbers in m["versions"].items() for number in numbers]
            expected[ref] = sorted(numbered)
    assert found == expected
    assert any(len(m["variations"]) > 1 for m in truth.values())
    # The licence is the variation's; it is stated with each of its versions.
    without = census.rows("SELECT count(*) FROM mart.release WHERE licence_raw = ''")
    assert without == [(0,)]


def test_the_key_is_sent_to_the_hub_and_nowhere_else(tmp_path, monkeypatch):
    monkeypatch.setenv("KAGGLE_USERNAME", "ada")
    monkeypatch.setenv("KAGGLE_KEY", "sesame-4711")
    with SimApi(build(HUB, 5, login="ada:sesame-4711")) as hub:
        monkeypatch.setenv("HUBCENSUS_ENDPOINT_KAGGLE", hub.endpoint)
        crawl(tmp_path / "ours", HUB, hub.endpoint)
        # Not the hub's own address: no key.
        monkeypatch.delenv("HUBCENSUS_ENDPOINT_KAGGLE")
        said = crawl(tmp_path / "other", HUB, hub.endpoint, code=2)
    assert "401" in said
    kept = everything(tmp_path) + said.encode()
    assert b"sesame" not in kept and b64encode(b"ada:sesame-4711") not in kept


def test_no_download_is_ever_requested(tmp_path):
    app = build(HUB, 20, 1)
    with SimApi(app) as hub:
        crawl(tmp_path, HUB, hub.endpoint, "--with", "versions")
    assert app.downloads == 0
    assert kaggle.Hub().guard("https://www.kaggle.com/api/v1/models/a/b/keras/c/1/download", None)


def test_a_listing_as_long_as_the_hub_counts_proves_no_absence(tmp_path, monkeypatch):
    monkeypatch.setattr(kaggle, "AT_MOST", 30)
    with SimApi(build(HUB, 30)) as hub:
        assert crawl(tmp_path, HUB, hub.endpoint)["complete"] is False


def test_a_limit_asks_for_no_more(tmp_path):
    with SimApi(build(HUB, 50)) as hub:
        done = crawl(tmp_path, HUB, hub.endpoint, "--limit", "7")
    assert (done["records"], done["complete"]) == (7, False)


def test_an_empty_hub_and_a_changed_shape(tmp_path):
    with SimApi(build(HUB, 0)) as hub:
        assert crawl(tmp_path / "empty", HUB, hub.endpoint)["complete"] is True
    with SimApi(build(HUB, 50), faults="shape=2") as hub:
        said = crawl(tmp_path / "changed", HUB, hub.endpoint, code=2)
    assert "page 2" in said and "'models'" in said
