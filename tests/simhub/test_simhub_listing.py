"""Paging, shapes, limits and costs of the list API."""

from __future__ import annotations

import json
import time

import pytest
import requests

from simhub import Limits, SimHub, build_synthetic

SORTS = ("trendingScore", "downloads", "likes", "lastModified", "createdAt")


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("direction", ["-1", "1"])
def test_each_sort_visits_each_model_once_in_order(hub, walker, sort, direction) -> None:
    client = walker(hub.endpoint)
    found = list(client.walk(sort=sort, direction=direction, limit=170, **{"expand[]": [sort]}))
    assert sorted(r["id"] for r in found) == sorted(hub.truth.ids())
    keys = [r[sort] for r in found]
    assert keys == sorted(keys, reverse=direction == "-1") and client.pages == -(-len(found) // 170)


def test_default_shape_is_the_hubs(hub) -> None:
    page = requests.get(f"{hub.endpoint}/api/models", params={"limit": 1000}).json()
    assert len(page) == 1000
    always = {"_id", "id", "likes", "private", "downloads", "tags", "createdAt", "modelId"}
    assert all(always <= set(r) <= always | {"pipeline_tag", "library_name"} for r in page)


def test_full_shape_adds_files_and_dates(hub) -> None:
    asked = {"limit": 5, "full": "true", "cardData": "true", "config": "true"}
    for record in requests.get(f"{hub.endpoint}/api/models", params=asked).json():
        assert {"author", "sha", "lastModified", "gated", "disabled", "siblings", "config"} <= set(record)


def test_limit_is_capped_and_cursor_is_checked(hub) -> None:
    url = f"{hub.endpoint}/api/models"
    assert len(requests.get(url, params={"limit": 5000}).json()) == 1000
    for bad in ({"cursor": "garbage"}, {"limit": "x"}, {"sort": "x"}, {"expand": "nonsense"},
                {"expand": "sha", "full": "1"}):  # fmt: skip
        answer = requests.get(url, params=bad)
        assert answer.status_code == 400 and answer.json()["error"]


def test_next_link_uses_the_host_the_client_used(hub) -> None:
    url = hub.endpoint.replace("127.0.0.1", "localhost")
    link = requests.get(f"{url}/api/models?limit=2").links["next"]["url"]
    assert link.startswith(f"{url}/api/models?limit=2&cursor=")


def test_ids_are_stable_and_grow_with_time(hub, walker) -> None:
    found = list(walker(hub.endpoint).walk(sort="createdAt", direction="1"))
    oids = [r["_id"] for r in found]
    assert oids == sorted(oids) and all(len(o) == 24 and int(o, 16) for o in oids)


def test_limits_are_fixed_windows_per_class_and_account() -> None:
    with SimHub(build_synthetic(50, seed=1), limits=Limits.parse("anonymous=2/1/1,pro=100/1/1", window=1.5)) as hub:
        url = f"{hub.endpoint}/api/models"
        answers = [requests.get(url) for _ in range(3)]
        assert [a.status_code for a in answers] == [200, 200, 429]
        assert answers[0].headers["RateLimit"].startswith('"api";r=1;t=')
        assert answers[0].headers["RateLimit-Policy"] == '"fixed window";"api";q=2;w=2'
        assert int(answers[2].headers["Retry-After"]) <= 2 and "error" in answers[2].json()
        rich = requests.get(url, headers={"Authorization": "Bearer hf_sim_pro_ann"})
        assert rich.status_code == 200 and '"api";r=99' in rich.headers["RateLimit"]
        assert requests.get(f"{hub.endpoint}/x/y/resolve/main/z").headers["RateLimit"].startswith('"resolvers";r=0')
        time.sleep(1.6)
        assert requests.get(url).status_code == 200 and hub.stats()["throttled"] == 1


def test_published_limits() -> None:
    limits = Limits.parse("published")
    assert limits.quota("anonymous", "api") == 500 and limits.quota("free", "resolvers") == 5_000


def test_a_page_is_cheap_and_compressible() -> None:
    with SimHub(build_synthetic(3_000, seed=1), gzip=True) as hub:
        url = f"{hub.endpoint}/api/models?full=true&limit=1000"
        plain = requests.get(url, headers={"Accept-Encoding": "identity"})
        packed = requests.get(url, headers={"Accept-Encoding": "gzip"})
        assert packed.headers["Content-Encoding"] == "gzip" and packed.json() == plain.json()
        before = hub.stats()["cpu_seconds"]
        for _ in range(20):
            requests.get(url, headers={"Accept-Encoding": "identity"})
        assert (hub.stats()["cpu_seconds"] - before) / 20 < 0.05


def test_kept_pages_are_forgotten_when_the_hub_changes(walker) -> None:
    with SimHub(build_synthetic(300, seed=1), cache=10_000_000) as hub:
        walks = []
        for _ in range(2):
            walks += [list(walker(hub.endpoint).walk(limit=50, full="1")) for _ in range(2)]
            hub.advance()
        assert walks[0] == walks[1] != walks[2] == walks[3]
        assert {r["id"] for r in walks[2]} == set(hub.truth.ids(1))


def test_other_endpoints(hub) -> None:
    assert {"license", "pipeline_tag"} <= set(requests.get(f"{hub.endpoint}/api/models-tags-by-type").json())
    assert requests.get(f"{hub.endpoint}/api/datasets").json()[0]["_id"]
    assert requests.get(f"{hub.endpoint}/api/organizations/nor-labs/overview").json()["type"] == "org"
    assert requests.get(f"{hub.endpoint}/api/users/nor-labs/overview").status_code == 404
    assert requests.get(f"{hub.endpoint}/api/whoami-v2").status_code == 401
    assert requests.get(f"{hub.endpoint}/nothing").status_code == 404


def test_control_over_http() -> None:
    with SimHub(build_synthetic(60, seed=1)) as hub:
        assert requests.post(f"{hub.endpoint}/__sim__/advance?days=2").json() == {"day": 2}
        assert requests.get(f"{hub.endpoint}/__sim__/advance").status_code == 405
        assert requests.post(f"{hub.endpoint}/__sim__/faults?spec=5xx=1").status_code == 200
        assert requests.get(f"{hub.endpoint}/api/models").status_code in (500, 502, 503)
        assert requests.post(f"{hub.endpoint}/__sim__/faults?spec=x=1").status_code == 400
        stats = json.loads(requests.get(f"{hub.endpoint}/__sim__/stats").text)
        assert stats["day"] == 2 and stats["requests"] == 1 and stats["faults"] == {"server_error": 1}


@pytest.mark.slow
def test_memory_stays_flat(tmp_path) -> None:
    """Serving 100,000 models takes hardly more memory than serving 5,000."""
    import subprocess
    import sys

    script = (
        "import sys, resource, requests\n"
        "from simhub import SimHub\n"
        "with SimHub(sys.argv[1]) as hub:\n"
        "    url = hub.endpoint + '/api/models?full=true&cardData=true&limit=1000'\n"
        "    while url:\n"
        "        answer = requests.get(url); url = answer.links.get('next', {}).get('url')\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    peaks = []
    for models in (5_000, 100_000):
        path = tmp_path / f"{models}.sqlite"
        build_synthetic(models, seed=1, path=path).close()
        done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, check=True, text=True)
        peaks.append(int(done.stdout))
    assert peaks[1] < peaks[0] + 60_000, peaks
