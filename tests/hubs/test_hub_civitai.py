"""Civitai: a crawl of the simulated hub, held against its truth."""

from __future__ import annotations

import pytest
import requests
from catalogues import STORM, by_model, crawl, lists, load

from crawler.hubs import civitai
from simhub.api import SimApi
from simhub.apps import build

HUB = "civitai"


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(civitai, "PAGE", 20)


@pytest.mark.parametrize("faults", ["", STORM + ",dup=0.5,again=0.2,noid=2,notobject=2"])
def test_everything_is_recovered(tmp_path, faults):
    with SimApi(build(HUB, 210, 4, hostile=True, bad=True), faults=faults) as hub:
        done = crawl(tmp_path, HUB, hub.endpoint)
        truth = hub.truth
    assert done["complete"] is True
    census = load(tmp_path)
    columns = "model_id, owner, task_raw, downloads, likes, architecture, coalesce(storage_bytes, 0)"
    assert by_model(census, f"SELECT {columns} FROM mart.model") == {
        name: (m["owner"] or "", m["type"], m["downloads"], m["likes"], m["base"], m["bytes"])
        for name, m in truth.items()
    }
    described = by_model(census, "SELECT model_id, description FROM mart.model")
    squeezed = {name: " ".join(m["name"].split()).replace("\x00", "") for name, m in truth.items()}
    assert all(
        " ".join(described[name].replace("\x00", "").split()).startswith(said) for name, said in squeezed.items()
    )
    files = lists(census, "SELECT model_id, path, sha256 FROM mart.file")
    assert files == {name: sorted(m["files"].items()) for name, m in truth.items() if m["files"]}
    tags = lists(census, "SELECT model_id, value FROM mart.model_tag WHERE kind = 'free'")
    assert tags == {
        name: sorted({*m["tags"], *(["nsfw"] if m["nsfw"] else [])})
        for name, m in truth.items()
        if m["tags"] or m["nsfw"]
    }


def test_permissions_versions_and_states(tmp_path):
    with SimApi(build(HUB, 120, 2)) as hub:
        crawl(tmp_path, HUB, hub.endpoint)
        truth = hub.truth
    census = load(tmp_path)
    licences = by_model(census, "SELECT model_id, licence_raw FROM mart.model")
    for name, m in truth.items():
        uses = "+".join(m["uses"]) or "none"
        assert licences[name].startswith(f"civitai:{'credit' if m['credit'] else 'no-credit'},commercial={uses},")
    assert census.value("SELECT count(*) FROM mart.model WHERE licence NOT LIKE 'LicenseRef-civitai-%'") == 0
    found = lists(census, "SELECT model_id, version FROM mart.release")
    assert found == {name: sorted(m["versions"]) for name, m in truth.items()}
    disabled = {name for name, m in truth.items() if m["archived"] or m["taken_down"]}
    assert {name for (name,) in census.rows("SELECT model_id FROM mart.model WHERE disabled")} == disabled
    made = by_model(census, "SELECT model_id, strftime(created_at, '%Y-%m-%dT%H:%M:%S.000Z') FROM mart.model")
    assert made == {name: m["created"] for name, m in truth.items()}
    tasks = {task for (task,) in census.rows("SELECT DISTINCT task FROM mart.model WHERE task_raw = 'LORA'")}
    assert tasks == {"text-to-image"}
    assert census.value("SELECT count(*) FROM mart.release WHERE notes LIKE '%pickle scan: Danger%'") > 0
    assert census.value("SELECT count(*) FROM mart.link WHERE url = 'https://huggingface.co/mira/atlas'") > 0
    assert census.value("SELECT count(*) FROM mart.lineage_edge WHERE relation = 'adapter'") > 0


def test_pages_that_come_short_or_empty_do_not_end_the_listing(tmp_path):
    app = build(HUB, 100, 3, hollow=True, region=True)
    for model in app.models[:60]:
        model["nsfw"] = True
    with SimApi(app) as hub:
        crawl(tmp_path, HUB, hub.endpoint)
    seen = {name for (name,) in load(tmp_path).rows("SELECT model_id FROM mart.model")}
    assert seen == {name for name, m in app.truth().items() if not m["nsfw"]}


def test_mature_models_are_asked_for_and_pages_by_number_never(tmp_path):
    with SimApi(build(HUB, 90, 1)) as hub:
        without = requests.get(f"{hub.endpoint}/api/v1/models", timeout=5).json()["items"]
        far = requests.get(f"{hub.endpoint}/api/v1/models?limit=100&page=11", timeout=5)
        done = crawl(tmp_path, HUB, hub.endpoint)
    assert far.status_code == 429 and "cursors" in far.json()["error"]
    assert len(without) < 90 == done["records"]


def test_no_download_is_ever_requested(tmp_path):
    app = build(HUB, 20, 1)
    with SimApi(app) as hub:
        crawl(tmp_path, HUB, hub.endpoint)
    assert app.downloads == 0
    assert civitai.Hub().guard("https://civitai.com/api/download/models/1", None)


def test_a_limit_an_empty_hub_and_changed_shapes(tmp_path):
    with SimApi(build(HUB, 50)) as hub:
        done = crawl(tmp_path / "some", HUB, hub.endpoint, "--limit", "7")
    assert (done["records"], done["complete"]) == (7, False)
    with SimApi(build(HUB, 0)) as hub:
        assert crawl(tmp_path / "empty", HUB, hub.endpoint)["complete"] is True
    with SimApi(build(HUB, 50), faults="shape=2") as hub:
        said = crawl(tmp_path / "changed", HUB, hub.endpoint, code=2)
    assert "page 2" in said and "'items'" in said


def test_a_page_without_its_end_is_no_end():
    with pytest.raises(Exception, match="'metadata'"):
        civitai._cursor(b'{"items": []}')
    assert civitai._cursor(b'{"items": [], "metadata": {}}') is None
    assert civitai._cursor(b'{"metadata": {"nextCursor": 17}}') == "17"
    assert civitai._cursor(b'{"metadata": {"nextPage": "https://civitai.com/api/v1/models?cursor=a%7C2"}}') == "a|2"
