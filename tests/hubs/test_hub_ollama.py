"""The Ollama library: simulated pages crawled and held against their truth; real pages, against what they show."""

from __future__ import annotations

import json
import os
import tarfile
from datetime import datetime
from pathlib import Path

import pytest
from catalogues import STORM, bodies, by_model, crawl, lists, load, verb

from crawler import site
from crawler.crawl import Options
from crawler.crawl import crawl as run
from crawler.hubs import ollama
from crawler.hubs._ollama_pages import count, licence, moment, read, size
from crawler.tree import Malformed
from landing import Zone
from simhub.api import SimApi
from simhub.apps import build
from simhub.wire import Request

HUB = "ollama"
SHARED = Path(os.environ.get("HUBCENSUS_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
SAVED = SHARED / "hubs" / "ollama_library.tar.gz"
real = pytest.mark.skipif(not SAVED.is_file(), reason="the saved pages of the Ollama library are not at hand")


@pytest.mark.parametrize(("models", "faults"), [(30, ""), (12, STORM)])
def test_everything_is_recovered(tmp_path, models, faults):
    with SimApi(build(HUB, models, 6, hostile=True, overlap=True, page=9), faults=faults) as hub:
        done = crawl(tmp_path, HUB, hub.endpoint)
        truth = hub.truth
    assert (done["state"], done["complete"]) == ("complete", True)
    census = load(tmp_path)
    there = by_model(census, "SELECT model_id, description, downloads, last_modified, has_card FROM mart.model")
    assert there == {
        name: (
            " ".join((m["summary"] or "").split()) or None,
            _rounded(m["pulls"]),
            _naive(m["updated"]),
            None if m["gone"] else bool(m["card"]),
        )
        for name, m in truth.items()
    }
    tags = lists(census, "SELECT model_id, value FROM mart.model_tag WHERE kind = 'free'")
    assert tags == {name: sorted(m["capabilities"]) for name, m in truth.items() if m["capabilities"]}
    licences = by_model(census, "SELECT model_id, value FROM mart.model_tag WHERE kind = 'licence'")
    assert licences == {name: m["licence"] for name, m in truth.items() if m["licence"] and not m["gone"]}
    releases = lists(census, "SELECT model_id, variant FROM mart.release")
    assert releases == {name: m["tags"] for name, m in truth.items() if not m["gone"]}
    cards = by_model(census, "SELECT model_id, text FROM mart.card")
    assert cards == {name: m["card"] for name, m in truth.items() if m["card"] and not m["gone"]}


def test_manifests_make_layers_exact(tmp_path):
    app = build(HUB, 15, 6)
    with SimApi(app) as hub:
        crawl(tmp_path, HUB, hub.endpoint, "--with", "files")
        truth = {name: m for name, m in hub.truth.items() if not m["gone"]}
    census = load(tmp_path)
    found = lists(census, "SELECT model_id, path, size, sha256 FROM mart.file WHERE path NOT LIKE '%/v1+json'")
    assert {name: found[name] for name in truth} == {
        name: sorted((path, *facts) for path, facts in m["layers"].items()) for name, m in truth.items()
    }
    exact = by_model(census, "SELECT model_id, size, sha256 FROM mart.release WHERE variant = 'latest'")
    assert exact == {name: (m["bytes"], m["digest"]) for name, m in truth.items()}
    assert app.blobs == 0


def test_manifests_and_blobs_are_left_alone_unless_asked_for(tmp_path):
    app = build(HUB, 10, 6)
    with SimApi(app) as hub:
        crawl(tmp_path, HUB, hub.endpoint)
    assert (app.manifests, app.blobs) == (0, 0)
    assert ollama.Hub().guard("https://registry.ollama.ai/v2/library/x/blobs/sha256:00", None)


def test_gone_pages_are_observations_and_their_facts_stay_unknown(tmp_path):
    with SimApi(build(HUB, 20, 6)) as hub:
        crawl(tmp_path, HUB, hub.endpoint)
        gone = sorted(name for name, m in hub.truth.items() if m["gone"])
    census = load(tmp_path)
    missing = census.rows("SELECT DISTINCT key FROM raw.record WHERE kind = 'page' AND status = 404 ORDER BY key")
    assert missing == sorted((f"library/{name}{rest}",) for name in gone for rest in ("", "/tags", ":latest"))
    known = by_model(census, "SELECT model_id, list_contains(known_fields, 'releases') FROM mart.model")
    assert sorted(name for name, says in known.items() if not says) == gone != []


def test_pages_that_cannot_be_read_make_the_run_partial(tmp_path):
    with SimApi(build(HUB, 12, 6, bad=True)) as hub:
        done = crawl(tmp_path, HUB, hub.endpoint, code=3)
        truth = hub.truth
    failed = {failure["key"] for failure in done["failures"]}
    assert failed and all(key.endswith("/tags") for key in failed)
    census = load(tmp_path)
    assert {name for (name,) in census.rows("SELECT model_id FROM mart.model")} == set(truth)
    assert census.rows("SELECT count(*) FROM raw.quarantine WHERE reason LIKE 'an entry without a model%'") == [(1,)]


def test_a_page_lands_as_sent_with_what_was_read_beside(tmp_path):
    with SimApi(build(HUB, 3, 6)) as hub:
        crawl(tmp_path, HUB, hub.endpoint)
    pages = [json.loads(line) for body in bodies(tmp_path, HUB, "page") for line in body.splitlines()]
    for page in pages:
        assert page["body"].startswith("<!doctype html>")
        assert page["decoded"] == read(page["body"].encode()) and page["decoder"] == ollama.DECODER


def test_an_empty_library_and_a_changed_shape(tmp_path):
    with SimApi(build(HUB, 0)) as hub:
        assert crawl(tmp_path / "empty", HUB, hub.endpoint)["complete"] is True
    with SimApi(build(HUB, 5, changed=True)) as hub:
        said = crawl(tmp_path / "changed", HUB, hub.endpoint, code=2)
    assert "changed its shape" in said or "cannot be read" in said


def test_a_cut_crawl_goes_on_where_it_stood(tmp_path, monkeypatch):
    monkeypatch.setattr(site, "BUNDLE_RECORDS", 6)
    bundles = []

    def interrupt(progress):
        bundles.append(progress)
        if len(bundles) == 3:
            raise KeyboardInterrupt

    app, zone = build(HUB, 12, 6), Zone(tmp_path / "landing")
    with SimApi(app) as hub:
        with pytest.raises(KeyboardInterrupt):
            run(zone, HUB, Options(endpoint=hub.endpoint, on_progress=interrupt), program="test 1")
        before = hub.stats()["routes"]
        manifest = run(zone, HUB, Options(endpoint=hub.endpoint), program="test 1")
        routes, truth = hub.stats()["routes"], hub.truth
    assert (manifest.state, manifest.complete) == ("complete", True)
    # Only what had not landed was asked for again.
    assert sum(before.values()) > 15 and sum(routes.values()) == 1 + 3 * 12
    assert {name for (name,) in load(tmp_path).rows("SELECT model_id FROM mart.model")} == set(truth)


# ---------------------------------------------------------------- real pages


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """The saved pages, unpacked."""
    folder = tmp_path_factory.mktemp("saved")
    with tarfile.open(SAVED) as archive:
        archive.extractall(folder, filter="data")
    return folder / "src" / "__tests__" / "fixtures"


@real
@pytest.mark.parametrize("name", ["listing-popular", "listing-newest", "search-wizard", "empty-search-results"])
def test_real_listings_say_what_is_expected(saved, name):
    expected = json.loads((saved / "expected" / f"{name}.json").read_text())
    pages = {"search-wizard": "listing-search-wizard", "empty-search-results": "listing-search-no-results"}
    found = read((saved / "html" / "library" / f"{pages.get(name, name)}.html").read_bytes())
    entries = {entry["id"]: entry for entry in found["models"]}
    assert len(entries) == len(found["models"]) >= len(expected)
    for wanted in expected:
        entry = entries[wanted["name"]]
        assert entry["description"] == " ".join(wanted["description"].split())
        assert (entry["pulls"], entry["tags"]) == (wanted["pulls"], wanted["tags"])
        # The expectation leaves out sizes such as e2b, and takes some words for marks that descriptions hold.
        assert set(entry["capabilities"]) <= set(wanted.get("capabilities", []))
        others = {*wanted["parameters"], *wanted.get("capabilities", [])} - {*entry["sizes"], *entry["capabilities"]}
        assert all(other in wanted["description"].lower() for other in others)
        assert entry["updated"]


@real
@pytest.mark.parametrize("name", ["granite-embedding", "magistral", "wizard-math", "wizard-vicuna-uncensored"])
def test_real_tags_say_what_is_expected(saved, name):
    expected = json.loads((saved / "expected" / f"{name}-tags.json").read_text())
    found = read((saved / "html" / "models" / name / "tags.html").read_bytes())
    assert (found["page"], found["id"]) == ("tags", name)
    rows = [(row["tag"], row["size"], row["digest"], row["input"], row["aliases"]) for row in found["tags"]]
    assert rows == [
        (tag["name"], tag["size"], tag["digest"], tag["inputType"], tag.get("aliases", [])) for tag in expected
    ]


@real
@pytest.mark.parametrize("name", ["granite-embedding", "magistral", "wizard-vicuna-uncensored"])
def test_real_model_pages_say_what_is_expected(saved, name):
    expected = json.loads((saved / "expected" / f"{name}-details.json").read_text())
    found = read((saved / "html" / "models" / name / "details.html").read_bytes())
    assert (found["page"], found["id"], found["description"]) == ("model", name, expected["description"])
    shown = {row["tag"]: row for row in found["tags"]}
    for model in expected["models"]:
        assert shown[model["name"]]["size"] and shown[model["name"]]["input"] == model["inputType"]
        assert shown[model["name"]]["context"] == model.get("contextWindow", shown[model["name"]]["context"])
    assert len(found["readme"]) > 500 and "<script" not in found["readme"]


@real
def test_a_real_variant_says_what_it_is_made_of(saved):
    found = read((saved / "html/models/wizard-vicuna-uncensored/variants/latest.html").read_bytes())
    assert (found["page"], found["tag"], found["digest"], found["size"]) == (
        "variant",
        "latest",
        "72fc3c2b99dc",
        "3.8GB",
    )
    weights = found["layers"][0]
    assert (weights["arch"], weights["parameters"], weights["quantization"]) == ("llama", "6.74B", "Q4_0")
    assert [layer["name"] for layer in found["layers"]] == ["model", "template", "params"]


@real
@pytest.mark.parametrize("form", ["tar", "folder"])
def test_a_saved_copy_becomes_a_census(saved, tmp_path, form):
    done = verb(tmp_path, "crawl", HUB, "--from", str(SAVED if form == "tar" else saved))["runs"][0]
    assert (done["complete"], done["requests"].get("api", 0)) == (False, 0)
    census = load(tmp_path)
    assert census.rows("SELECT count(*), count(downloads), count(last_modified) FROM mart.model") == [(176, 176, 176)]
    assert census.rows("SELECT downloads FROM mart.model WHERE model_id = 'deepseek-r1'") == [(55_700_000,)]
    rows = census.rows("SELECT model_id, count(*) FROM mart.release GROUP BY ALL ORDER BY 1")
    assert rows == [("granite-embedding", 6), ("magistral", 5), ("wizard-math", 64), ("wizard-vicuna-uncensored", 49)]
    about = census.rows(
        "SELECT architecture, parameters, has_card FROM mart.model WHERE model_id = 'wizard-vicuna-uncensored'"
    )
    assert about == [("llama", 6_740_000_000, True)]


def test_pages_are_found_among_many_others(tmp_path, monkeypatch):
    monkeypatch.setattr(site, "BUNDLE_RECORDS", 2)
    app, folder = build(HUB, 2, 6), tmp_path / "copy"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.html").write_text("<html>something else</html>")
    page = app.answer(Request("GET", "/library", [], {}))
    (folder / "saved.htm").write_bytes(page.body)
    verb(tmp_path, "crawl", HUB, "--from", str(folder))
    assert load(tmp_path).rows("SELECT count(*) FROM mart.model") == [(2,)]


# ---------------------------------------------------------------- the pure readers


@pytest.mark.parametrize(
    ("text", "number"), [("55.7M", 55_700_000), ("7b", 7_000_000_000), ("12", 12), ("e2b", None), ("8x7b", None)]
)
def test_counts(text, number):
    assert count(text) == number


@pytest.mark.parametrize(("text", "number"), [("14GB", 14_000_000_000), ("45B", 45), ("1.2TB", 1_200_000_000_000)])
def test_sizes(text, number):
    assert size(text) == number


def test_times_and_licences():
    assert moment("Jul 2, 2025 6:09 AM UTC") == "2025-07-02T06:09:00Z" and moment("1 month ago") is None
    assert licence("   Apache License\n  Version 2.0, January 2004") == "Apache-2.0"
    assert licence("\n\nAcme Terms\nof 2024") == "Acme Terms" and licence(" ") is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe\x00",
        b"<div>" * 20_000,
        b'<meta property="og:url" content="https://x.invalid/a/b/c">',
    ],
)
def test_other_pages_are_none_of_the_library(body):
    with pytest.raises(Malformed):
        read(body)


def test_a_manifest_with_hostile_digests_keeps_no_path():
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": "../../etc/passwd", "size": 1}
    said = ollama.read("v2/library/x/manifests/latest", json.dumps({"layers": [layer]}).encode())
    assert (said["id"], said["tag"], said["layers"][0]["sha256"]) == ("x", "latest", None)
    with pytest.raises(Malformed):
        ollama.read("v2/library/x/manifests/latest", b'{"layers": 5}')


def _rounded(number: int) -> int:
    """As the site shows it: three or four digits."""
    for scale in (10**9, 10**6, 10**3):
        if number >= scale:
            return round(round(number / scale, 1) * scale)
    return number


def _naive(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)
