"""The base of simulated APIs: any app over real HTTP, with the shared faults."""

from __future__ import annotations

import json

import pytest
import requests

from simhub import Faults, apps
from simhub.api import SimApi
from simhub.quota import Window
from simhub.wire import Request, Response, error, json_response


class Letters:
    """Ten pages of three letters; a page is an object."""

    name = "letters"
    records_at = "data.letters"

    def answer(self, request: Request) -> Response:
        if request.path != "/letters":
            return error(404, "Not found")
        page = int(request.first("page", "1"))
        return json_response({"data": {"letters": [{"id": f"{page}-{n}", "text": "é"} for n in range(3)]}})

    def truth(self) -> dict[str, str]:
        return {f"{page}-{n}": "é" for page in range(1, 11) for n in range(3)}


def letters(hub: SimApi, page: int) -> list[object]:
    return requests.get(f"{hub.endpoint}/letters?page={page}", timeout=5).json()["data"]["letters"]


def test_an_app_is_served_and_counted():
    with SimApi(Letters()) as hub:
        seen = {record["id"] for page in range(1, 11) for record in letters(hub, page)}
        assert requests.get(f"{hub.endpoint}/other", timeout=5).status_code == 404
        stats = hub.stats()
        assert seen == set(hub.truth)
    assert stats["requests"] == 11 and stats["statuses"] == {"200": 10, "404": 1}
    assert stats["routes"]["/letters"] == 10


def test_transient_faults_pass_and_are_counted():
    with SimApi(Letters(), faults="429=0.2,5xx=0.2,cut=0.2,malformed=0.3,seed=1") as hub:
        tries, seen = 0, set()
        for page in range(1, 11):
            for _ in range(8):
                tries += 1
                try:
                    seen |= {record["id"] for record in letters(hub, page)}
                    break
                except (requests.RequestException, ValueError, KeyError):
                    continue
        stats = hub.stats()
        assert seen == set(hub.truth)
    assert tries > 10 and set(stats["faults"]) == {"too_many", "server_error", "cut", "malformed"}


def test_a_refusal_says_when_to_come_back():
    with SimApi(Letters(), faults="429=1,retry=7") as hub:
        answer = requests.get(f"{hub.endpoint}/letters", timeout=5)
    assert answer.status_code == 429 and answer.headers["Retry-After"] == "7"


def test_silence_ends_without_an_answer():
    with SimApi(Letters(), faults="timeout=1,silence=0.2") as hub, pytest.raises(requests.ConnectionError):
        letters(hub, 1)


def test_pages_repeat_entries_and_hold_broken_ones():
    with SimApi(Letters(), faults="dup=1,noid=1,notobject=1,wrongtype=1") as hub:
        pages = [letters(hub, page) for page in range(1, 6)]
        assert letters(hub, 1) == pages[0]
    assert [len(page) for page in pages] == [5, 6, 6, 5, 5]
    assert pages[3] == [{"id": f"4-{n}", "text": "é"} for n in (0, 1, 2, 0)] + [{"id": "3-2", "text": "é"}]
    assert not isinstance(pages[1][2], dict) and "id" not in pages[0][2] and pages[2][2]["tags"] == "not-a-list"


def test_a_page_may_hold_the_one_before():
    with SimApi(Letters(), faults="again=1") as hub:
        first, second = letters(hub, 1), letters(hub, 2)
    assert len(first) == 3 and second[:3] == first and len(second) == 6


def test_the_shape_changes_from_a_page_on():
    with SimApi(Letters(), faults="shape=3") as hub:
        assert len(letters(hub, 1)) == len(letters(hub, 2)) == 3
        data = requests.get(f"{hub.endpoint}/letters?page=3", timeout=5).json()["data"]
        hub.set_faults(Faults())
        assert len(letters(hub, 3)) == 3
    assert list(data) == ["letters_v2"]


def test_a_window_of_requests():
    with SimApi(Letters(), limits=Window(3, 60)) as hub:
        answers = [requests.get(f"{hub.endpoint}/letters", timeout=5) for _ in range(4)]
        assert hub.stats()["throttled"] == 1
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60


def test_control_from_elsewhere():
    with SimApi(Letters()) as hub:
        truth = requests.get(f"{hub.endpoint}/__sim__/truth", timeout=5).json()
        requests.post(f"{hub.endpoint}/__sim__/faults?spec=5xx=1", timeout=5).raise_for_status()
        assert requests.get(f"{hub.endpoint}/letters", timeout=5).status_code in (500, 502, 503)
        assert requests.post(f"{hub.endpoint}/__sim__/faults?spec=nonsense=1", timeout=5).status_code == 400
        stats = json.loads(requests.get(f"{hub.endpoint}/__sim__/stats", timeout=5).content)
    assert len(truth) == 30 and stats["requests"] == 1


@pytest.mark.parametrize("name", apps.names())
def test_every_app_is_made_from_a_seed(name):
    some, none = apps.build(name, 6, 3), apps.build(name, 0, 3)
    assert some.name == name and len(some.truth()) == 6 and len(none.truth()) == 0
    assert some.truth() == apps.build(name, 6, 3).truth()


def test_an_unknown_app_is_named():
    with pytest.raises(KeyError, match="known"):
        apps.build("no-such-hub")
