"""ModelZoo.co: a crawl of the simulated catalogue, held against its truth."""

from __future__ import annotations

import pytest
from catalogues import STORM, by_model, crawl, lists, load

from simhub.api import SimApi
from simhub.apps import build

HUB = "modelzoo-co"


@pytest.mark.parametrize(("models", "faults"), [(60, ""), (25, STORM)])
def test_everything_is_recovered(tmp_path, models, faults):
    with SimApi(build(HUB, models, 3, hostile=True, bad=True), faults=faults) as hub:
        crawl(tmp_path, HUB, hub.endpoint)
        truth = hub.truth
    census = load(tmp_path)
    there = by_model(census, "SELECT model_id, description, likes, library, url FROM mart.model")
    assert there == {
        slug: (m["description"], m["stars"], m["framework"], f"https://modelzoo.co/model/{slug}")
        for slug, m in truth.items()
    }
    there = {slug: m for slug, m in truth.items() if m["papers"] is not None}
    tags = lists(census, "SELECT model_id, value FROM mart.model_tag WHERE kind = 'free'")
    assert tags == {slug: sorted(m["categories"]) for slug, m in there.items()}
    code = by_model(census, "SELECT model_id, value FROM mart.model_tag WHERE kind = 'repository'")
    assert code == {slug: m["link"] for slug, m in there.items() if m["link"]}


def test_the_second_request_adds_papers_and_the_readme(tmp_path):
    with SimApi(build(HUB, 60, 3)) as hub:
        crawl(tmp_path, HUB, hub.endpoint)
        truth = hub.truth
    census = load(tmp_path)
    papers = lists(
        census, "SELECT model_id, 'https://arxiv.org/abs/' || value FROM mart.model_tag WHERE kind = 'arxiv'"
    )
    assert papers == {slug: m["papers"] for slug, m in truth.items() if m["papers"]}
    readme = by_model(census, "SELECT model_id, has_card FROM mart.model")
    # A page that is gone says nothing: whether there is a README stays unknown.
    assert readme == {slug: None if m["readme"] is None else bool(m["readme"]) for slug, m in truth.items()}


def test_without_details_papers_stay_unknown_and_nobody_says_absent(tmp_path):
    with SimApi(build(HUB, 30, 3)) as hub:
        # The default asks for details; a limit keeps the requests few.
        done = crawl(tmp_path, HUB, hub.endpoint, "--limit", "5")
    assert done["complete"] is False
    census = load(tmp_path)
    fields = {name for (known,) in census.rows("SELECT fields FROM mart.snapshot") for name in known}
    assert {"likes", "tags"} <= fields
    assert not {"downloads", "licence", "files", "releases", "created_at"} & fields


def test_every_request_carries_the_referer(tmp_path):
    app = build(HUB, 5, 1)
    seen = []
    answer = app.answer
    app.answer = lambda request: (seen.append(request.headers.get("referer")), answer(request))[1]
    with SimApi(app) as hub:
        crawl(tmp_path, HUB, hub.endpoint)
    assert seen and set(seen) == {"https://modelzoo.co/"}


def test_malformed_entries_are_quarantined(tmp_path):
    with SimApi(build(HUB, 12, 2, bad=True)) as hub:
        crawl(tmp_path, HUB, hub.endpoint)
        names = set(hub.truth)
    census = load(tmp_path)
    reasons = [reason for (reason,) in census.rows("SELECT reason FROM raw.quarantine WHERE NOT kept")]
    assert sorted(reasons) == ["a record without an id"] * 4 + ["not an object"] * 2
    assert {name for (name,) in census.rows("SELECT model_id FROM mart.model")} == names
    assert census.rows("SELECT duplicates FROM mart.snapshot") == [(2,)]


def test_an_empty_catalogue_is_one(tmp_path):
    with SimApi(build(HUB, 0)) as hub:
        assert crawl(tmp_path, HUB, hub.endpoint)["complete"] is True
    assert load(tmp_path).rows("SELECT count(*) FROM mart.model") == [(0,)]


def test_a_changed_shape_ends_with_the_name_of_the_field(tmp_path):
    with SimApi(build(HUB, 5), faults="shape=1") as hub:
        said = crawl(tmp_path, HUB, hub.endpoint, code=2)
    assert "'models'" in said and "models_v2" in said
