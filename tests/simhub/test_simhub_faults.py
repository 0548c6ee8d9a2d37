"""Every fault appears, and a careful client gets over it."""

from __future__ import annotations

import pytest
import requests

from simhub import Faults, SimHub, build_synthetic
from simhub.hostile import STRINGS

MODELS = 400


@pytest.fixture(scope="module")
def population(tmp_path_factory):
    path = tmp_path_factory.mktemp("faults") / "hub.db"
    build_synthetic(MODELS, seed=2, path=path).close()
    return path


@pytest.mark.parametrize(
    ("spec", "counted", "trouble"),
    [
        ("429=0.5", "too_many", {"HTTP 429"}),
        ("5xx=0.5", "server_error", {"HTTP 500", "HTTP 502", "HTTP 503"}),
        ("cut=0.9", "cut", {"ChunkedEncodingError", "ConnectionError", "JSONDecodeError"}),
        ("malformed=0.7", "malformed", {"JSONDecodeError"}),
        ("utf8page=0.7", "utf8page", {"UnicodeDecodeError"}),
        ("badlink=0.7", "badlink", {"foreign link"}),
        ("timeout=0.35,silence=1,seed=5", "timeout", {"ReadTimeout"}),
        ("deep504=5", "deep504", {"HTTP 504"}),
    ],
)
def test_transient_faults_go_away(population, walker, spec, counted, trouble) -> None:
    with SimHub(population, faults=spec) as hub:
        client = walker(hub.endpoint)
        found = [r["id"] for r in client.walk(limit=25)]
        assert sorted(found) == sorted(hub.truth.ids())
        assert client.trouble and set(client.trouble) <= trouble
        assert hub.stats()["faults"][counted] >= 3


def test_all_transient_faults_together(population, walker) -> None:
    spec = "429=0.1,5xx=0.1,cut=0.1,malformed=0.1,utf8page=0.1,badlink=0.2,deep504=6,timeout=0.05,silence=1"
    with SimHub(population, faults=spec) as hub:
        client = walker(hub.endpoint)
        assert sorted(r["id"] for r in client.walk(limit=20)) == sorted(hub.truth.ids())
        assert len(hub.stats()["faults"]) >= 5


def test_bad_records_come_once_and_are_counted(population, walker) -> None:
    with SimHub(population, faults="noid=2,notobject=3,wrongtype=1,badutf8=1") as hub:
        found = list(walker(hub.endpoint).walk(limit=100))
        assert hub.truth.bad_records() == {"noid": 2, "notobject": 3, "wrongtype": 1, "badutf8": 1}
        good = [r for r in found if isinstance(r, dict) and r.get("id") in hub.truth.ids()]
        assert len(good) == hub.truth.count() and len(found) - len(good) == 7
        assert sum(isinstance(r, dict) and "id" not in r for r in found) == 2
        assert sum(not isinstance(r, dict) for r in found) == 3
        assert any("\N{REPLACEMENT CHARACTER}" in str(r) for r in found)


def test_a_model_twice(population, walker) -> None:
    with SimHub(population, faults="dup=1") as hub:
        found = [r["id"] for r in walker(hub.endpoint).walk(limit=100)]
        assert set(found) == set(hub.truth.ids()) and len(found) == hub.truth.count() + 7


@pytest.mark.parametrize("sort", ["downloads", "trendingScore", "likes"])
def test_a_model_that_moves_is_met_twice(sort, walker) -> None:
    with SimHub(build_synthetic(MODELS, seed=4), faults="moved=2") as hub:
        found = [r["id"] for r in walker(hub.endpoint).walk(limit=20, sort=sort)]
        assert set(found) == set(hub.truth.ids()) and len(hub.truth.moved()) == 2
        assert len(found) >= hub.truth.count()


def test_a_model_that_changes_while_listing_oldest_first(walker) -> None:
    with SimHub(build_synthetic(MODELS, seed=4), faults="moved=2") as hub:
        found = list(walker(hub.endpoint).walk(limit=100, sort="lastModified", direction="1", full="1"))
        assert len(found) == hub.truth.count() + 2
        latest = {r["id"]: r["sha"] for r in found}
        assert latest == {m.id: m.sha for m in hub.truth.models().values()}


def test_hostile_strings_are_models_with_a_truth(walker) -> None:
    with SimHub(build_synthetic(50, seed=1), faults="hostile=1,bigcard=1") as hub:
        found = {r["id"]: r for r in walker(hub.endpoint).walk()}
        for name, word in STRINGS:
            assert word in found[name]["tags"] and hub.truth.model(name).licences == ("mit",)
        size = len(requests.get(f"{hub.endpoint}/bigcard/model-0/resolve/main/README.md").content)
        assert size == next(c.size for c in hub.truth.cards() if c.id == "bigcard/model-0") > 20_000_000
        traversal = f"{hub.endpoint}/api/models/..%2F..%2Fetc%2Fpasswd"
        assert requests.get(traversal).json()["id"] == "../../etc/passwd"


def test_faults_do_not_depend_on_order(population) -> None:
    with SimHub(population, faults="5xx=0.4,seed=3") as hub:
        names = list(hub.truth.ids())[:60]

        def statuses(order) -> dict[str, int]:
            hub.set_faults("5xx=0.4,seed=3")
            return {n: requests.get(f"{hub.endpoint}/api/models/{n}").status_code for n in order}

        first = statuses(names)
        assert first == statuses(names[::-1]) and len(set(first.values())) > 1


def test_never_more_than_three_in_a_row(population) -> None:
    with SimHub(population, faults="429=1") as hub:
        statuses = [requests.get(f"{hub.endpoint}/api/models?limit=1").status_code for _ in range(4)]
        assert statuses == [429, 429, 429, 200]


def test_the_grammar_says_what_is_wrong() -> None:
    assert Faults.parse("429=0.02, cut=0.5,noid=2") == Faults(too_many=0.02, cut=0.5, noid=2)
    for bad in ("nope=1", "429=3", "cut=x"):
        with pytest.raises(ValueError):
            Faults.parse(bad)
