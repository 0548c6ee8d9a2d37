"""Owners as a detail: each asked once, as what it is, again after a month; and what the load makes of the answers."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from crawling import envelopes, go, run_of

from crawler import todo
from landing import Record, Zone
from landing.clock import now
from simhub import SimHub
from warehouse.database import Limits
from warehouse.load import load
from warehouse.reader import Reader


def warehouse(zone: Zone, folder: Path) -> Reader:
    load(zone, folder / "warehouse.duckdb", Limits("1GB", threads=1))
    return Reader(folder / "warehouse.duckdb")


def test_every_owner_is_asked_once_and_known_as_it_is(zone, population, tmp_path):
    with SimHub(population) as hub:
        manifest = go(zone, hub.endpoint, details=("owners",))
        truth = hub.truth.owners()
        assert manifest.state == "complete" and manifest.counts["owner"] == hub.stats()["routes"]["misc"]
        assert hub.stats()["query_file_touches"] == 0
    answers = Counter(row["key"] for row in envelopes(run_of(zone, manifest), "owner"))
    assert answers == {name: 1 + owner.organisation for name, owner in truth.items()}
    with warehouse(zone, tmp_path) as reader:
        rows = reader.rows("SELECT owner, state, kind, coalesce(verified, false), followers, models FROM mart.owner")
        assert reader.value("SELECT count(*) FROM core.owner") == len(truth) + (
            reader.value("SELECT count(*) FROM core.owner WHERE owner = ''")
        )
    kinds = {True: "organisation", False: "user"}
    expected = {
        (name, "found", kinds[owner.organisation], owner.verified, owner.followers, owner.models)
        for name, owner in truth.items()
    }
    assert set(rows) == expected and len(rows) == len(expected)


def test_owners_are_left_alone_for_a_month_and_organisations_are_then_asked_as_such(zone, population, monkeypatch):
    with SimHub(population) as hub:
        go(zone, hub.endpoint, details=("owners",))
        first = hub.stats()["routes"]["misc"]
        go(zone, hub.endpoint, details=("owners",))
        assert hub.stats()["routes"]["misc"] == first
        monkeypatch.setattr(todo, "_STALE_DAYS", 0)
        go(zone, hub.endpoint, details=("owners",))
        assert hub.stats()["routes"]["misc"] == first + len(hub.truth.owners())


def test_owners_that_were_cut_off_go_on(zone, population):
    class Enough(Exception):
        pass

    def stop(progress):
        if progress.what == "owners":
            raise Enough

    with SimHub(population) as hub:
        with pytest.raises(Enough):
            go(zone, hub.endpoint, on_progress=stop, details=("owners",))
        manifest = go(zone, hub.endpoint, details=("owners",))
        keys = Counter(row["key"] for row in envelopes(run_of(zone, manifest), "owner"))
        assert keys == {name: 1 + owner.organisation for name, owner in hub.truth.owners().items()}
        assert hub.stats()["routes"]["misc"] < manifest.counts["owner"] + 40


def test_faults_do_not_cost_an_owner(zone, population):
    with SimHub(population, faults="5xx=0.1,cut=0.1,seed=4") as hub:
        manifest = go(zone, hub.endpoint, limit=100, details=("owners",))
        owners = {row["key"] for row in envelopes(run_of(zone, manifest), "owner")}
        assert manifest.state == "complete" and owners and owners <= set(hub.truth.owners())


def test_an_owner_that_is_gone_or_refuses_is_an_observation(zone, loopback, tmp_path):
    rows = [{"id": f"{owner}/m", "sha": "c" * 40, "siblings": []} for owner in ("gone", "shut", "real", "bare")]
    loopback.pages = [[*rows, {"id": "legacy", "sha": "c" * 40}, {"id": "../x/m", "sha": "c" * 40}]]
    found = {"type": "org", "name": "real", "isVerified": True, "plan": "team", "numFollowers": 7, "numUsers": 3}

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        if path.startswith("/api/models?"):
            return loopback.listing(path)
        said = {"/api/users/bare/overview": b"[]", "/api/organizations/real/overview": json.dumps(found).encode()}
        return (200, {}, said[path]) if path in said else (403 if "/shut/" in path else 404, {}, b'{"error": "no"}')

    loopback.answer = answer
    go(zone, loopback.endpoint, details=("owners",))
    asked = [path for path, _ in loopback.seen if path.endswith("/overview")]
    assert sorted(asked) == sorted(
        [f"/api/{kind}/{name}/overview" for name in ("gone", "real") for kind in ("users", "organizations")]
        + [f"/api/users/{name}/overview" for name in ("bare", "shut")]
    )
    with warehouse(zone, tmp_path) as reader:
        told = reader.rows(
            "SELECT owner, state, kind, verified, plan, followers, members FROM mart.owner ORDER BY owner"
        )
        assert told == [
            ("gone", "gone", None, None, None, None, None),
            ("real", "found", "organisation", True, "team", 7, 3),
            ("shut", "refused", None, None, None, None, None),
        ]
        assert reader.rows("SELECT key, reason FROM raw.quarantine") == [("bare", "not a JSON object about an owner")]


def test_an_older_shape_and_types_that_lie(zone, tmp_path):
    """What an answer gets wrong stays unknown; a name cannot become a model."""
    bodies = {
        "org": {"name": "org", "isEnterprise": True, "isVerified": "perhaps", "numFollowers": "many", "numModels": 4},
        "man": {
            "user": "man",
            "type": "user",
            "isPro": True,
            "isVerified": True,
            "createdAt": "2022-03-02T23:29:04.000Z",
        },
        "a/b": {"type": "user"},
    }
    with zone.lock("huggingface"):
        writer = zone.start("huggingface", kind="details", program="test", parser="test/1", config={"endpoint": "x"})
        moment = now() - timedelta(hours=1)
        records = [
            Record("owner", name, f"https://h/api/{kind}/{name}/overview", 200, moment, json.dumps(body).encode())
            for name, body in bodies.items()
            for kind in ["organizations" if name == "org" else "users"]
        ]
        writer.write_records(records, walk="owners")
        writer.finish(complete=False)
    with warehouse(zone, tmp_path) as reader:
        told = reader.rows("SELECT owner, kind, verified, plan, followers, models FROM mart.owner ORDER BY owner")
        org = ("org", "organisation", None, "enterprise", None, 4)
        assert told == [("man", "user", None, "pro", None, None), org]
        assert reader.value("SELECT count(*) FROM core.model") == 0
