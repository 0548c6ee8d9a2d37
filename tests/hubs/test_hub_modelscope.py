"""ModelScope: a listing that shows 3,000 of what it counts, recovered in slices and held against its truth."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from catalogues import STORM, bodies, by_model, crawl, lists, load, verb

import landing.writer
from crawler.hubs import modelscope
from crawler.slices import Slice
from landing import Zone
from simhub.api import SimApi
from simhub.apps import build
from simhub.wire import json_response

HUB = "modelscope"


@pytest.fixture
def narrow(monkeypatch):
    """Small windows, so that a small hub has many slices; what the simulated hub must be built with."""
    monkeypatch.setattr(modelscope, "PAGE", 25)
    monkeypatch.setattr(modelscope, "WINDOW", 150)
    return {"reach": 150}


def coverage(home: Path) -> dict:
    newest = max(Zone(home / "landing").runs(HUB), key=lambda found: found.manifest.started_at)
    return newest.manifest.config["coverage"]


def ids(home: Path) -> set[str]:
    return {name for (name,) in load(home).rows("SELECT model_id FROM mart.model")}


@pytest.mark.parametrize("walks", ["1", "4"])
def test_everything_of_a_hub_that_shows_a_quarter(tmp_path, walks):
    with SimApi(build(HUB, 12_000, 4)) as hub:
        done = crawl(tmp_path, HUB, hub.endpoint, "--walks", walks)
        truth, stats = hub.truth, hub.stats()
    assert done["complete"] is True and ids(tmp_path) == set(truth)
    seen = coverage(tmp_path)
    assert (seen["distinct"], seen["total_count"], seen["share"]) == (12_000, 12_000, 1.0)
    assert seen["partitions"] > 10 and seen["partitions_short"] == 0 and "note" not in seen
    assert all(found == there <= 3_000 for found, there in seen["per_partition"].values())
    # 240 pages hold everything; asking how to split may cost a quarter more.
    assert stats["statuses"] == {"200": stats["requests"]} and stats["requests"] < 300


@pytest.mark.parametrize(("models", "faults"), [(400, ""), (160, "5xx=0.1,cut=0.1,malformed=0.1,dup=0.3,again=0.1")])
def test_what_records_say(tmp_path, narrow, models, faults):
    with SimApi(build(HUB, models, 3, hostile=True, **narrow), faults=faults) as hub:
        crawl(tmp_path, HUB, hub.endpoint)
        truth = hub.truth
    census = load(tmp_path)
    columns = "model_id, owner, downloads, likes, licence_raw, task_raw, library, storage_bytes"
    assert by_model(census, f"SELECT {columns} FROM mart.model") == {
        name: (m["owner"], m["downloads"], m["likes"], m["licence"], m["task"], m["library"], m["bytes"])
        for name, m in truth.items()
    }
    said = by_model(census, "SELECT model_id, trim(description) FROM mart.model")
    assert {name: text.split() for name, text in said.items()} == {
        name: m["description"].split() for name, m in truth.items()
    }
    assert census.value("SELECT task FROM mart.model WHERE task_raw = 'text-to-image-synthesis'") == "text-to-image"
    assert census.value("SELECT count(*) FROM mart.lineage_edge WHERE parent_id = 'Qwen/Qwen2.5-7B'") == models / 4
    assert census.value("SELECT url FROM mart.model LIMIT 1").startswith("https://modelscope.cn/models/")


@pytest.mark.parametrize("way", ["infix", "restless"])
def test_a_search_that_finds_more_and_a_hub_that_moves(tmp_path, narrow, way):
    with SimApi(build(HUB, 900, 5, **{way: True}, **narrow)) as hub:
        done = crawl(tmp_path, HUB, hub.endpoint)
        assert ids(tmp_path) == set(hub.truth)
    assert done["complete"] is True and coverage(tmp_path)["distinct"] == 900


def test_a_search_that_is_none_leaves_owners_tasks_and_libraries(tmp_path, narrow):
    with SimApi(build(HUB, 900, 5, blind=True, **narrow)) as hub:
        done = crawl(tmp_path, HUB, hub.endpoint)
        truth, requests_made = hub.truth, hub.stats()["requests"]
    seen = coverage(tmp_path)
    assert ids(tmp_path) <= set(truth) and seen["distinct"] == len(ids(tmp_path))
    assert seen["share"] > 0.9 and done["complete"] is (seen["distinct"] == 900)
    assert requests_made < 3 * 36 + 5_000
    assert any(name.startswith("models-owner-") for name in seen["per_partition"])


def test_what_is_counted_and_not_shown_is_said(tmp_path, narrow):
    with SimApi(build(HUB, 600, 5, counted=7, **narrow)) as hub:
        done = crawl(tmp_path, HUB, hub.endpoint)
        assert ids(tmp_path) == set(hub.truth) and hub.stats()["requests"] < 600
    seen = coverage(tmp_path)
    assert (seen["distinct"], seen["total_count"]) == (600, 607)
    assert "600 of 607" in seen["note"] and "98.84 %" in seen["note"]
    assert done["complete"] is False and done["state"] == "complete"
    assert (done["counts"]["distinct"], done["counts"]["total_count"]) == (600, 607)
    census = load(tmp_path)
    assert census.rows("SELECT complete, records FROM mart.snapshot") == [(False, 600)]
    assert census.value("SELECT config->'coverage'->>'distinct' FROM raw.run") == "600"


@pytest.mark.parametrize("walks", ["1", "3"])
def test_a_kill_anywhere_loses_nothing_and_asks_nothing_twice(tmp_path, narrow, monkeypatch, walks):
    with SimApi(build(HUB, 500, 2, **narrow)) as hub:
        crawl(tmp_path / "whole", HUB, hub.endpoint, "--walks", walks)
        whole = hub.stats()["requests"]
        append = landing.writer.append_line
        for first in (0, 1, 2, 9, 20):
            home, left = tmp_path / f"cut-{first}", [first]

            def cut(path: Path, data: bytes, left: list[int] = left) -> None:
                if left[0] == 0:
                    raise KeyboardInterrupt
                left[0] -= 1
                append(path, data)

            before = hub.stats()["requests"]
            monkeypatch.setattr(landing.writer, "append_line", cut)
            verb(home, "crawl", HUB, "--endpoint", hub.endpoint, "--walks", walks, code=130)
            monkeypatch.setattr(landing.writer, "append_line", append)
            done = crawl(home, HUB, hub.endpoint, "--walks", walks)
            assert done["complete"] is True and coverage(home)["distinct"] == 500
            # What was on its way when it was killed is asked for again, and slices may be asked in another order.
            assert hub.stats()["requests"] - before < whole * 1.5 + 4
            assert ids(home) == set(hub.truth)


def test_with_files_every_file_with_its_hash(tmp_path, narrow):
    app = build(HUB, 60, 1, **narrow)
    with SimApi(app, faults=STORM) as hub:
        crawl(tmp_path, HUB, hub.endpoint, "--with", "files")
        truth = hub.truth
    files = lists(load(tmp_path), "SELECT model_id, path, sha256 FROM mart.file")
    # Names outside ASCII become part of no address.
    assert files == {name: sorted(m["files"].items()) for name, m in truth.items() if name.isascii()}
    assert app.downloads == 0
    guard = modelscope.Hub().guard
    assert guard("https://modelscope.cn/api/v1/models/a/b/repo?Revision=master&FilePath=README.md", None)
    assert guard("https://modelscope.cn/api/v1/models/a/b/repo/files?Revision=master", None) is None


def test_limits_an_empty_hub_and_changed_shapes(tmp_path, monkeypatch):
    with SimApi(build(HUB, 300)) as hub:
        done = crawl(tmp_path / "some", HUB, hub.endpoint, "--limit", "70")
        far = requests.get(f"{hub.endpoint}/openapi/v1/models?page_number=61&page_size=50", timeout=5)
        wide = requests.get(f"{hub.endpoint}/openapi/v1/models?page_size=100", timeout=5)
    assert (done["records"], done["complete"]) == (70, False)
    assert far.json()["code"] == "QuotaLimitExceed" and wide.status_code == 400
    with SimApi(build(HUB, 0)) as hub:
        assert crawl(tmp_path / "empty", HUB, hub.endpoint)["complete"] is True
    with SimApi(build(HUB, 300), faults="shape=2") as hub:
        said = crawl(tmp_path / "changed", HUB, hub.endpoint, code=2)
    assert "page 2" in said and "data.models" in said
    app = build(HUB, 30)
    uncounted = {"success": True, "data": {"models": [{"id": "a/b"}]}}
    monkeypatch.setattr(app, "_list", lambda request: json_response(uncounted))
    with SimApi(app) as hub:
        said = crawl(tmp_path / "uncounted", HUB, hub.endpoint, code=2)
    assert "total_count" in said


def test_no_owner_and_no_letter_becomes_a_path(tmp_path, narrow):
    names = {Slice("owner", "../../etc").name, Slice("", "", "a/../b").name, Slice("", "", "模型").name}
    assert all("/" not in name and ".." not in name and name.isascii() for name in names) and len(names) == 3
    with SimApi(build(HUB, 300, 1, **narrow)) as hub:
        crawl(tmp_path, HUB, hub.endpoint)
    assert len(bodies(tmp_path, HUB, "models")) == coverage(tmp_path)["pages"]
