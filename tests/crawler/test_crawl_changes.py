"""Days pass: incremental crawls, counters, removals."""

from __future__ import annotations

import pytest
from crawling import go, ids, records, run_of

from landing import UsageError
from simhub import SimHub


def test_an_incremental_crawl_sees_what_changed_and_who_is_gone(zone, population):
    with SimHub(population) as hub:
        go(zone, hub.endpoint)
        hub.advance(3)
        before = hub.stats()["bytes_sent"]
        manifest = go(zone, hub.endpoint, since="auto")
        run = run_of(zone, manifest)
        assert manifest.kind == "incremental" and manifest.complete
        now = hub.truth.models()
        then = hub.truth.models(day=0)
        # A rename is no change to the hub: it shows in the counters, under the same _id.
        known = {(model.oid, model.sha) for model in then.values()}
        changed = {name for name, model in now.items() if (model.oid, model.sha) not in known}
        assert changed <= set(ids(run)) and len(set(ids(run))) < len(now) / 2
        assert set(ids(run, "counters")) == set(now)
        assert set(then) - set(ids(run, "counters")), "three days without a removal or a rename prove nothing"
        counters = {row["id"]: (row["downloads"], row["likes"]) for row in records(run, "counters")}
        assert counters == hub.truth.metrics()
        assert hub.stats()["bytes_sent"] - before < before


def test_without_counters_absence_proves_nothing(zone, population):
    with SimHub(population) as hub:
        go(zone, hub.endpoint)
        hub.advance(1)
        manifest = go(zone, hub.endpoint, since="auto", counters=False)
        assert not manifest.complete and "counters" not in manifest.counts


def test_counters_alone(zone, population):
    with SimHub(population) as hub:
        manifest = go(zone, hub.endpoint, counters=True, walks=2)
        run = run_of(zone, manifest)
        assert manifest.kind == "counters" and manifest.complete and manifest.watermark is None
        assert set(ids(run, "counters")) == set(hub.truth.ids())
        with pytest.raises(UsageError, match="--with"):
            go(zone, hub.endpoint, counters=True, details=("cards",))


def test_the_watermark_chains_over_several_crawls(zone, population):
    with SimHub(population) as hub:
        assert go(zone, hub.endpoint, since="auto").kind == "listing"
        known = {model.oid: model.sha for model in hub.truth.models().values()}
        for _ in range(3):
            hub.advance(1)
            run = run_of(zone, go(zone, hub.endpoint, since="auto"))
            known.update({row["_id"]: row["sha"] for row in records(run)})
            there = {row["_id"] for row in records(run, "counters")}
            known = {oid: sha for oid, sha in known.items() if oid in there}
            assert known == {model.oid: model.sha for model in hub.truth.models().values()}
        marks = [run.manifest.watermark for run in zone.finished()]
        assert marks == sorted(marks) and len(set(marks)) == 4


def test_since_a_time_and_a_time_that_is_none(zone, population):
    with SimHub(population) as hub:
        hub.advance(1)
        newest = max(model.last_modified for model in hub.truth.models().values())
        manifest = go(zone, hub.endpoint, since=newest, counters=False)
        assert manifest.counts["models"] == 50
        with pytest.raises(UsageError, match="not a date"):
            go(zone, hub.endpoint, since="yesterday", fresh=True)
