"""The simulated GitHub's code search: words, qualifiers, refusals, paging, incomplete results, speed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from simhub.api import SimApi
from simhub.github.app import GitHub
from simhub.github.query import Invalid, parse, size_of
from simhub.github.repository import Repository

CODE = b"from transformers import AutoModel\nmodel = AutoModel.from_pretrained('bert-base-uncased')\n"
FILES = {
    "train.py": CODE,
    "src/deep/load.py": b"import torch.hub\nx = torch.hub.load('a/b', 'c')\n",
    "notes/README.md": b"# Use bert base with AutoModel.from_pretrained\n",
    "dev-requirements.txt": b"transformers==4.41.2\n",
    "nb.ipynb": b'{"cells": [{"source": "AutoModel.from_pretrained(1)"}]}',
    "big.py": b"AutoModel #" + b" pad" * 98_304,
    "bin.py": b"AutoModel\0",
    "empty/Dockerfile": b"",
}


def population() -> list[Repository]:
    return [
        Repository("toys", "zoo", FILES, organisation=True),
        Repository("toys", "fork", {"train.py": CODE}, fork=True, organisation=True),
        Repository("ann", "gone", {"train.py": CODE}, state="gone"),
        Repository("ann", "blocked", {"train.py": CODE + b"#"}, state="blocked"),
        Repository("ann", "empty", {"train.py": CODE}, state="empty"),
    ]


@pytest.fixture(scope="module")
def forge() -> Iterator[SimApi]:
    with SimApi(GitHub(population(), seed=3)) as running:
        yield running


def ask(forge: SimApi, q: str, **params: object) -> requests.Response:
    headers = {"Authorization": "Bearer any"}
    return requests.get(f"{forge.endpoint}/search/code", params={"q": q, **params}, headers=headers, timeout=20)


def found(forge: SimApi, q: str) -> set[str]:
    body = ask(forge, q, per_page=100).json()
    assert body["total_count"] == len(body["items"]) and body["incomplete_results"] is False
    return {f"{item['repository']['full_name']}:{item['path']}" for item in body["items"]}


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("automodel language:python repo:toys/zoo", {"train.py"}),
        ("AutoModel repo:toys/zoo", {"train.py", "notes/README.md", "nb.ipynb"}),
        ('"AutoModel.from_pretrained" repo:toys/zoo', {"train.py", "notes/README.md", "nb.ipynb"}),
        ('"pretrained from" repo:toys/zoo', set()),
        ('"bert-base" repo:toys/zoo', {"train.py", "notes/README.md"}),
        ("pretrained repo:toys/zoo", set()),
        ("torch.hub load repo:toys/zoo", {"src/deep/load.py"}),
        ("from_pretrained language:jupyter-notebook repo:toys/zoo", {"nb.ipynb"}),
        ('from_pretrained language:"Jupyter Notebook" repo:toys/zoo', {"nb.ipynb"}),
        ("from_pretrained extension:md repo:toys/zoo", {"notes/README.md"}),
        ("filename:requirements.txt repo:toys/zoo", {"dev-requirements.txt"}),
        ("filename:Dockerfile repo:toys/zoo", {"empty/Dockerfile"}),
        ("filename:*.py repo:toys/zoo", set()),
        ("torch path:src repo:toys/zoo", {"src/deep/load.py"}),
        ("torch path:deep repo:toys/zoo", set()),
        ("automodel path:/ repo:toys/zoo", {"train.py", "nb.ipynb"}),
        ("deep in:path repo:toys/zoo", {"src/deep/load.py"}),
        ("deep in:file,path repo:toys/zoo", {"src/deep/load.py"}),
        ("deep repo:toys/zoo", set()),
        ("automodel NOT transformers repo:toys/zoo", {"notes/README.md", "nb.ipynb"}),
        ("automodel -extension:py repo:toys/zoo", {"notes/README.md", "nb.ipynb"}),
        ("transformers OR torch repo:toys/zoo", {"train.py", "src/deep/load.py", "dev-requirements.txt"}),
        (f"automodel size:{len(CODE)} repo:toys/zoo", {"train.py"}),
        (f"automodel size:>={len(CODE)} repo:toys/zoo", {"train.py"}),
        (f"automodel size:>{len(CODE)} repo:toys/zoo", set()),
        (f"automodel size:<{len(CODE)} extension:py repo:toys/zoo", set()),
        ("automodel size:40..50 repo:toys/zoo", {"notes/README.md"}),
    ],
)
def test_words_and_qualifiers(forge: SimApi, q: str, expected: set[str]):
    assert found(forge, q) == {f"toys/zoo:{path}" for path in expected}


def test_the_index_is_stale_and_leaves_forks_out(forge: SimApi):
    plain = found(forge, '"import AutoModel"')
    assert plain == {"toys/zoo:train.py", "ann/gone:train.py", "ann/blocked:train.py"}
    assert found(forge, '"import AutoModel" fork:true') == plain | {"toys/fork:train.py"}
    assert found(forge, '"import AutoModel" fork:only') == {"toys/fork:train.py"}
    assert found(forge, "AutoModel user:ann") == {"ann/gone:train.py", "ann/blocked:train.py"}
    assert found(forge, "AutoModel org:toys extension:py fork:true") == {"toys/zoo:train.py", "toys/fork:train.py"}
    gone = next(item for item in ask(forge, "AutoModel user:ann").json()["items"] if "gone" in item["html_url"])
    assert requests.get(gone["repository"]["url"], timeout=5).status_code == 404


def test_an_item_leads_to_its_file(forge: SimApi):
    item = ask(forge, "torch repo:toys/zoo").json()["items"][0]
    assert (item["name"], item["path"], item["score"]) == ("load.py", "src/deep/load.py", 1.0)
    assert item["repository"]["id"] == forge.truth["toys/zoo"]["id"] and item["repository"]["fork"] is False
    assert requests.get(item["git_url"], timeout=5).json()["sha"] == item["sha"]
    assert requests.get(item["url"], timeout=5).json()["path"] == item["path"]


def test_a_token_is_needed(forge: SimApi):
    url = f"{forge.endpoint}/search/code?q=x"
    refused = requests.get(url, timeout=5)
    assert (refused.status_code, refused.json()["message"]) == (401, "Requires authentication")
    with SimApi(GitHub(population(), token_needed=False, tokens=["good"])) as other:
        assert requests.get(f"{other.endpoint}/search/code?q=x", timeout=5).status_code == 200
        bad = ask(other, "x")
        assert (bad.status_code, bad.json()["message"]) == (401, "Bad credentials")


@pytest.mark.parametrize(
    ("q", "said"),
    [
        ("x" * 257, "longer than 256"),
        ("a AND b AND c AND d AND e AND f AND g", "five AND"),
        ("language:python", "at least one search term"),
        ("", "no query"),
        ("x size:big", "not a valid size"),
        ("x repo:no/body", "cannot be searched"),
        ("(a OR b) language:python", "QUERY_PARSING"),
    ],
)
def test_queries_that_are_refused(forge: SimApi, q: str, said: str):
    answer = ask(forge, q)
    assert answer.status_code == 422 and answer.json()["message"] == "Validation Failed"
    assert said in answer.json()["errors"][0]["message"]


def test_qualifiers_do_not_count_as_length():
    assert parse("x" * 250 + " language:python repo:toys/zoo").groups
    with pytest.raises(Invalid):
        parse("x " * 130)


def test_sizes():
    assert size_of("1..5") == (1, 5) and size_of("5") == (5, 5) and size_of("<5") == (0, 4)
    assert (
        size_of("<=5") == (0, 5) and size_of(">5")[0] == 6 and size_of("*..7") == (0, 7) and size_of("7..*")[0] == 7
    )


@pytest.fixture(scope="module")
def crowd() -> GitHub:
    filler = " ".join(f"word{number}" for number in range(60))
    return GitHub(
        Repository(
            f"o{number % 50}",
            f"r{number}",
            {f"f{place}.py": f"needle in_{number} {filler} common call".encode() for place in range(10)},
        )
        for number in range(2_000)
    )


def test_only_so_many_results_can_be_had(crowd: GitHub):
    with SimApi(crowd) as forge:
        body = ask(forge, "needle", per_page=100).json()
        assert body["total_count"] == 20_000 and len(body["items"]) == 100
        last = ask(forge, "needle", per_page=100, page=10)
        assert len(last.json()["items"]) == 100 and "next" not in last.links
        beyond = ask(forge, "needle", per_page=100, page=11)
        assert beyond.status_code == 422
        assert beyond.json()["message"] == "Only the first 1000 search results are available"
        seen, url = set(), f"{forge.endpoint}/search/code?q=needle+user:o7&per_page=100"
        while url:
            page = requests.get(url, headers={"Authorization": "token t"}, timeout=20)
            seen |= {item["html_url"] for item in page.json()["items"]}
            url = page.links.get("next", {}).get("url", "")
        assert len(seen) == 400


def test_a_search_over_thousands_of_repositories_takes_milliseconds(crowd: GitHub):
    with SimApi(crowd) as forge:
        ask(forge, "warm")
        started = time.monotonic()
        for number in range(10):
            assert ask(forge, f'in_{number} "common call"', per_page=1).json()["total_count"] == 10
        assert (time.monotonic() - started) / 10 < 0.1


def test_incomplete_results_are_whole_when_asked_again():
    with SimApi(GitHub(population(), seed=1, incomplete=1.0)) as forge:
        first, second, third = (ask(forge, "AutoModel fork:true", per_page=100).json() for _ in range(3))
        assert first["incomplete_results"] is True and second["incomplete_results"] is False
        assert second == third and second["total_count"] == len(second["items"]) == 6
        assert len(first["items"]) == first["total_count"] == 4
    with SimApi(GitHub(population(), seed=1, incomplete=0.5)) as forge:
        cut = [ask(forge, f"word{number}").json()["incomplete_results"] for number in range(40)]
        assert 8 < sum(cut) < 32


def test_faults_edit_the_pages_of_a_search():
    with SimApi(GitHub(population()), faults="noid=1,shape=2") as forge:
        first = ask(forge, "AutoModel fork:true", per_page=3).json()
        second = ask(forge, "AutoModel fork:true", per_page=3, page=2).json()
    assert len(first["items"]) == 4 and "items" not in second and "items_v2" in second
