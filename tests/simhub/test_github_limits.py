"""The simulated GitHub's limits: windows of each resource, the headers, primary and secondary refusals."""

from __future__ import annotations

import time

import requests

from simhub.api import SimApi
from simhub.github.app import GitHub, Limits
from simhub.github.repository import Repository

ONE = [Repository("toys", "zoo", {"a.py": b"needle\n"})]


def get(forge: SimApi, path: str, token: str = "t") -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(f"{forge.endpoint}{path}", headers=headers, timeout=20)


def graphql(forge: SimApi, query: str, token: str = "t") -> requests.Response:
    headers = {"Authorization": f"bearer {token}"}
    return requests.post(f"{forge.endpoint}/graphql", json={"query": query}, headers=headers, timeout=20)


def test_without_limits_the_headers_are_there_all_the_same():
    with SimApi(GitHub(ONE)) as forge:
        answers = [get(forge, "/search/code?q=needle") for _ in range(15)]
    assert {answer.status_code for answer in answers} == {200}
    last = answers[-1].headers
    assert last["x-ratelimit-resource"] == "code_search" and last["x-ratelimit-used"] == "15"
    assert int(last["x-ratelimit-remaining"]) == int(last["x-ratelimit-limit"]) - 15 > 1_000


def test_code_search_has_a_window_of_its_own_that_ends():
    with SimApi(GitHub(ONE, limits=Limits(code_search=3, search_window=2))) as forge:
        answers = [get(forge, "/search/code?q=needle") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 403, 429]
        assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
        assert answers[3].json()["message"].startswith("API rate limit exceeded for user ID ")
        assert "Retry-After" not in answers[3].headers
        assert get(forge, "/repos/toys/zoo").status_code == 200
        assert get(forge, "/search/code?q=needle", "other").status_code == 200
        reset = int(answers[4].headers["x-ratelimit-reset"])
        assert 0 < reset - time.time() <= 3.1
        time.sleep(max(0.0, reset - time.time()))
        assert get(forge, "/search/code?q=needle").headers["x-ratelimit-remaining"] == "2"


def test_who_has_no_token_has_less():
    with SimApi(GitHub(ONE, limits=Limits(anonymous=1))) as forge:
        first, second = get(forge, "/repos/toys/zoo", ""), get(forge, "/repos/toys/zoo", "")
        assert first.headers["x-ratelimit-limit"] == "1" and second.status_code == 403
        assert "127.0.0.1" in second.json()["message"]
        assert get(forge, "/repos/toys/zoo").headers["x-ratelimit-limit"] == "5000"


def test_the_rate_limit_is_told_for_free():
    with SimApi(GitHub(ONE, limits=Limits(core=2))) as forge:
        get(forge, "/repos/toys/zoo")
        for _ in range(4):
            told = get(forge, "/rate_limit")
        body = told.json()
    assert told.status_code == 200 and body["rate"] == body["resources"]["core"]
    assert (body["rate"]["used"], body["rate"]["remaining"], body["rate"]["limit"]) == (1, 1, 2)
    assert body["resources"]["code_search"]["limit"] == 10 and body["resources"]["graphql"]["limit"] == 5_000


def test_the_secondary_limit_comes_with_a_time_to_wait():
    with SimApi(GitHub(ONE, limits=Limits(secondary_points=2, secondary_window=2))) as forge:
        answers = [get(forge, "/repos/toys/zoo") for _ in range(3)]
        refused = answers[2]
        assert [answer.status_code for answer in answers] == [200, 200, 403]
        assert "secondary rate limit" in refused.json()["message"]
        assert int(refused.headers["x-ratelimit-remaining"]) > 0 and refused.headers["Retry-After"] in ("1", "2")
        assert graphql(forge, "{ viewer { login } }").status_code == 200
        time.sleep(2.05)
        assert get(forge, "/repos/toys/zoo").status_code == 200


def test_graphql_spends_points_and_says_in_its_own_way_that_none_are_left():
    query = "{ rateLimit { limit cost remaining used resetAt nodeCount } }"
    with SimApi(GitHub(ONE, limits=Limits(graphql=2))) as forge:
        first, second, third = (graphql(forge, query) for _ in range(3))
        assert first.json()["data"]["rateLimit"] | {"resetAt": ""} == {
            "limit": 2,
            "cost": 1,
            "remaining": 1,
            "used": 1,
            "resetAt": "",
            "nodeCount": 0,
        }
        assert second.headers["x-ratelimit-remaining"] == third.headers["x-ratelimit-remaining"] == "0"
        assert third.status_code == 200 and third.headers["x-ratelimit-resource"] == "graphql"
        (error,) = third.json()["errors"]
        assert error["type"] == "RATE_LIMITED" and "API rate limit exceeded for user ID" in error["message"]
        assert get(forge, "/repos/toys/zoo").status_code == 200
