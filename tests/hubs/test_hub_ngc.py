"""NVIDIA NGC: a crawl of the simulated search, held against its truth."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from catalogues import STORM, bodies, by_model, crawl, lists, load

from crawler.hubs import ngc
from simhub.api import SimApi
from simhub.apps import build

HUB = "ngc"


@pytest.mark.parametrize(("models", "faults"), [(120, ""), (60, STORM)])
def test_everything_is_recovered(tmp_path, models, faults):
    with SimApi(build(HUB, models, 5, hostile=True, bad=True, overlap=True), faults=faults) as hub:
        done = crawl(tmp_path, HUB, hub.endpoint)
        truth = hub.truth
    assert done["complete"] is True
    census = load(tmp_path)
    there = by_model(census, "SELECT model_id, owner, description, last_modified FROM mart.model")
    assert there == {name: (m["org"], m["description"], _naive(m["modified"])) for name, m in truth.items()}
    labels = lists(census, "SELECT model_id, value FROM mart.model_tag WHERE kind = 'free'")
    assert labels == {name: m["labels"] for name, m in truth.items() if m["labels"]}


def test_versions_come_with_the_second_request(tmp_path):
    with SimApi(build(HUB, 60, 5)) as hub:
        crawl(tmp_path, HUB, hub.endpoint)
        truth = hub.truth
    census = load(tmp_path)
    found = lists(census, "SELECT model_id, version, size FROM mart.release")
    assert found == {name: sorted(m["versions"]) for name, m in truth.items() if m["versions"]}
    # What a guest may not list stays unknown.
    known = by_model(census, "SELECT model_id, list_contains(known_fields, 'releases') FROM mart.model")
    assert known == {name: m["versions"] is not None for name, m in truth.items()}
    assert set(known.values()) == {True, False}


def test_a_refusal_is_an_observation(tmp_path):
    with SimApi(build(HUB, 20, 5)) as hub:
        done = crawl(tmp_path, HUB, hub.endpoint)
        closed = [name for name, m in hub.truth.items() if m["versions"] is None]
    refused = load(tmp_path).rows("SELECT key FROM raw.record WHERE kind = 'detail' AND status = 401 ORDER BY key")
    assert refused == [(name,) for name in sorted(closed)] != []
    assert done["state"] == "complete"


def test_a_page_size_that_is_refused_is_halved(tmp_path):
    with SimApi(build(HUB, 60, most=20)) as hub:
        done = crawl(tmp_path, HUB, hub.endpoint)
        assert len(hub.truth) == done["records"] - done["counts"].get("detail", 0) - done["counts"]["page"]


def test_pages_land_as_sent_beside_their_records(tmp_path):
    with SimApi(build(HUB, 10, overlap=True)) as hub:
        crawl(tmp_path, HUB, hub.endpoint)
    sent = [json.loads(line) for body in bodies(tmp_path, HUB, "page") for line in body.splitlines()]
    groups = json.loads(sent[0]["body"])["results"]
    assert [group["groupValue"] for group in groups] == ["_scored", "MODEL"]
    read = [record for body in bodies(tmp_path, HUB, "models") for record in json.loads(body)]
    assert len(read) == 10 < sum(len(group["resources"]) for group in groups)


def test_an_empty_catalogue_is_one(tmp_path):
    with SimApi(build(HUB, 0)) as hub:
        assert crawl(tmp_path, HUB, hub.endpoint)["complete"] is True


@pytest.mark.parametrize("field", ["results", "resources"])
def test_a_changed_shape_ends_with_the_name_of_the_field(tmp_path, field):
    with SimApi(build(HUB, 5, changed=field)) as hub:
        said = crawl(tmp_path, HUB, hub.endpoint, code=2)
    assert f"'{field}'" in said


def test_files_are_never_requested():
    hub = ngc.Hub()
    assert hub.guard("https://api.ngc.nvidia.com/v2/models/nvidia/tao/x/versions/1/files/x.etlt", None)
    assert hub.guard("https://api.ngc.nvidia.com/v2/models/nvidia/tao/x/versions/1/zip", None)
    assert not hub.guard("https://api.ngc.nvidia.com/v2/models/nvidia/tao/x/versions?page-size=1000", None)


def _naive(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)
