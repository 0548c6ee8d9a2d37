"""Hubs with second requests, crawled again: nothing changes where nothing changed, and who is gone is gone."""

from __future__ import annotations

import pytest
from catalogues import crawl, load

from simhub.api import SimApi
from simhub.apps import build

ASKED = [("kaggle",), ("kaggle", "--with", "versions"), ("ngc",), ("modelzoo-co",), ("ollama", "--with", "files")]


@pytest.mark.parametrize("asked", ASKED, ids=" ".join)
def test_an_unchanged_hub_makes_no_versions(tmp_path, asked):
    hub, *words = asked
    with SimApi(build(hub, 20, 3)) as served:
        for _ in range(2):
            crawl(tmp_path, hub, served.endpoint, *words)
        census = load(tmp_path)
        assert census.rows("SELECT count(*) FROM mart.snapshot") == [(2,)]
        versions = "SELECT count(DISTINCT model_id), count(DISTINCT valid_from) FROM mart.model_version"
        assert census.rows(versions) == [(20, 1)]
    # The models are made one after the other: fewer of them are the same ones.
    with SimApi(build(hub, 15, 3)) as served:
        crawl(tmp_path, hub, served.endpoint, *words)
        there = sorted(served.truth)
    census = load(tmp_path)
    assert census.rows("SELECT model_id FROM mart.model WHERE NOT removed ORDER BY 1") == [(name,) for name in there]
    assert census.rows("SELECT count(*) FROM mart.model WHERE removed") == [(5,)]
