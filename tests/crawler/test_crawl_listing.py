"""Listings: whole, by several walks, under every fault, resumed."""

from __future__ import annotations

import pytest
from crawling import PATIENT, go, ids, records, run_of

from crawler.source import Progress
from landing import BusyError, OperationalError, UsageError, Zone
from simhub import SimHub


@pytest.mark.parametrize("walks", [1, 2, 3, 4])
def test_a_listing_sees_every_model(zone, population, walks):
    with SimHub(population) as hub:
        manifest = go(zone, hub.endpoint, walks=walks)
        seen = ids(run_of(zone, manifest))
        assert set(seen) == set(hub.truth.ids())
        assert manifest.state == "complete" and manifest.complete
        assert manifest.requests["api"] == hub.stats()["requests"]
        # Walks that meet may both land the last pages; one walk lands every model once.
        assert len(seen) == len(set(seen)) if walks == 1 else len(seen) <= len(set(seen)) + 4 * 50 * 2


def test_a_page_lands_unchanged_with_its_fields(zone, population):
    with SimHub(population) as hub:
        run = run_of(zone, go(zone, hub.endpoint, limit=20))
        part = next(iter(run.parts()))
        row = records(run)[0]
        assert set(row) <= set(part.fields) and {"siblings", "tags", "cardData", "sha"} <= set(part.fields)
        assert part.records == 20 and part.url.startswith(hub.endpoint) and part.walk == "models"


@pytest.mark.parametrize(
    "faults",
    [
        "429=0.15,retry=1",
        "5xx=0.2",
        "timeout=0.2,silence=3",
        "cut=0.2",
        "malformed=0.2",
        "utf8page=0.2",
        "badlink=0.2",
    ],
)
@pytest.mark.parametrize("walks", [1, 2])
def test_transient_faults_leave_no_trace(zone, population, faults, walks):
    with SimHub(population, faults=faults + ",seed=3") as hub:
        manifest = go(zone, hub.endpoint, walks=walks)
        run = run_of(zone, manifest)
        assert set(ids(run)) == set(hub.truth.ids())
        assert manifest.complete and not [part for part in run.parts() if part.suspect]
        assert sum(hub.stats()["faults"].values()) > 0


def test_deep_cursors_that_time_out_are_tried_again(zone, population):
    with SimHub(population, faults="deep504=3") as hub:
        manifest = go(zone, hub.endpoint)
        assert set(ids(run_of(zone, manifest))) == set(hub.truth.ids())
        assert manifest.requests["retries"] >= 2


def test_records_met_twice_or_moving_are_landed_as_they_come(zone, population):
    with SimHub(population, faults="dup=0.5,moved=5") as hub:
        run = run_of(zone, go(zone, hub.endpoint))
        assert set(ids(run)) == set(hub.truth.ids()) and len(ids(run)) > len(set(ids(run)))


def test_bad_records_land_marked_and_the_walk_goes_on(zone, population):
    with SimHub(population, faults="noid=2,notobject=3,wrongtype=2,badutf8=2,hostile=1") as hub:
        manifest = go(zone, hub.endpoint)
        run = run_of(zone, manifest)
        assert set(hub.truth.ids()) <= set(ids(run))
        reasons = [part.suspect for part in run.parts() if part.suspect]
        assert any("UTF-8" in reason for reason in reasons) and any("Expected" in reason for reason in reasons)
        assert manifest.complete


def test_a_page_that_stays_broken_lands_as_it_is_and_the_run_is_partial(zone, loopback):
    loopback.pages = [[{"id": "a/1"}], b"[{]", [{"id": "a/3"}]]
    manifest = go(zone, loopback.endpoint)
    run = run_of(zone, manifest)
    assert ids(run) == ["a/1", "a/3"] and manifest.state == "partial" and not manifest.complete
    assert [part.suspect is not None for part in run.parts()] == [False, True, False]
    assert len(loopback.seen) == 3 + 3


def test_a_link_to_another_host_is_never_followed(zone, loopback):
    loopback.pages = [[{"id": "a/1"}], [{"id": "a/2"}]]
    loopback.link = lambda _number: "http://elsewhere.invalid/api/models?cursor=1"
    with pytest.raises(OperationalError, match=r"another host \(elsewhere.invalid\)"):
        go(zone, loopback.endpoint)


def test_a_listing_that_leads_in_a_circle_is_an_error(zone, loopback):
    loopback.pages = [[{"id": "a/1"}], [{"id": "a/2"}]]
    loopback.link = lambda _number: f"{loopback.endpoint}/api/models?page=1"
    with pytest.raises(OperationalError, match="circle"):
        go(zone, loopback.endpoint)


def test_a_limit_ends_early_and_is_not_complete(zone, population):
    with SimHub(population) as hub:
        manifest = go(zone, hub.endpoint, limit=120, walks=4)
        assert manifest.counts["records"] == 120 and not manifest.complete and manifest.watermark is None


class Enough(Exception):
    """Stops a crawl from within."""


def stop_after(pages: int):
    def listen(progress: Progress) -> None:
        if progress.pages >= pages:
            raise Enough

    return listen


@pytest.mark.parametrize("walks", [1, 2, 4])
def test_a_crawl_that_was_cut_off_goes_on(zone, population, walks):
    with SimHub(population) as hub:
        with pytest.raises(Enough):
            go(zone, hub.endpoint, walks=walks, on_progress=stop_after(7))
        before = hub.stats()["requests"]
        manifest = go(zone, hub.endpoint)
        seen = ids(run_of(zone, manifest))
        assert set(seen) == set(hub.truth.ids()) and len(zone.runs()) == 1 and manifest.complete
        assert hub.stats()["requests"] - before <= len(hub.truth.ids()) // 50 + 8
        if walks == 1:
            assert len(seen) == len(set(seen))


def test_another_request_is_refused_until_the_unfinished_run_is_given_up(zone, population):
    with SimHub(population) as hub:
        with pytest.raises(Enough):
            go(zone, hub.endpoint, on_progress=stop_after(2))
        with pytest.raises(UsageError, match="--fresh"):
            go(zone, hub.endpoint, details=("cards",))
        with pytest.raises(UsageError, match="endpoint"):
            go(zone, "http://127.0.0.1:9")
        manifest = go(zone, hub.endpoint, fresh=True)
        assert manifest.complete
        assert sorted(run.manifest.state for run in zone.runs()) == ["abandoned", "complete"]
        assert [run.run_id for run in zone.finished()] == [manifest.run_id]


def test_refused_fields_are_dropped_and_not_claimed(zone, loopback):
    loopback.pages = [[{"id": "a/1"}]]
    loopback.refuse = {"usedStorage", "baseModels"}
    run = run_of(zone, go(zone, loopback.endpoint))
    fields = next(iter(run.parts())).fields
    assert "usedStorage" not in fields and "baseModels" not in fields and "cardData" in fields


def test_a_hub_that_is_not_there_is_one_sentence(zone):
    with pytest.raises(OperationalError, match="cannot be reached"):
        go(zone, "http://127.0.0.1:9")


def test_a_hub_that_keeps_failing_leaves_a_run_to_go_on_with(zone, population):
    with SimHub(population) as hub:
        with pytest.raises(Enough):
            go(zone, hub.endpoint, on_progress=stop_after(3))
        hub.set_faults("5xx=1")
        with pytest.raises(OperationalError, match="run the same command again"):
            go(zone, hub.endpoint, patience=PATIENT.__class__(attempts=2, base=0.01))
        hub.set_faults("")
        assert go(zone, hub.endpoint).complete


def test_two_crawls_at_once_are_refused(zone: Zone, population):
    with SimHub(population) as hub, zone.lock("huggingface"), pytest.raises(BusyError, match="at work"):
        go(zone, hub.endpoint)
