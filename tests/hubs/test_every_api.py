"""One suite over every hub that is read by an API or page by page: what must hold whatever its answers look like.

The hubs are simulated, so what is true of them is known; what they get wrong is asked for (`simhub.faults`). A hub
stays out of a test only by `LEFT_OUT`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import zstandard
from catalogues import STORM, crawl, load

import landing.writer
from crawler import asking, details, hubs, site
from crawler.session import Patience, Session
from hubcensus.verbs import crawl as crawl_verb
from landing import Run, Zone
from simhub import SimHub, Store, build_synthetic
from simhub.api import SimApi
from simhub.apps import build
from simhub.cards import card_text
from simhub.wire import Request, Response, error
from warehouse.reader import Reader

PAGE, WINDOW, SEED = 5, 20, 3
#: Draws of this seed bring at least three kinds of transient faults to every hub.
STORMY = f"{STORM},seed=25"


@dataclass(frozen=True)
class About:
    """How a hub is simulated, and what is its own: second requests, and how it repeats, breaks and changes."""

    flags: dict[str, Any] = field(default_factory=dict)
    #: So many models are enough for a storm.
    models: int = 60
    details: tuple[str, ...] = ()
    repeats: dict[str, Any] = field(default_factory=lambda: {"faults": "dup=1,again=0.5"})
    bad: dict[str, Any] = field(default_factory=lambda: {"faults": "noid=2,notobject=2,wrongtype=2"})
    #: How many bad entries land, and how such a crawl ends.
    quarantined: int = 6
    code: int = 0
    #: From which page on the records are called otherwise; or what the attribute ``changed`` is from the second on.
    shape: str = "shape=2"
    changed: Any = None
    named: str = ""


HUBS = {
    "huggingface": About(details=("--with", "cards,files"), repeats={"faults": "dup=1"}),
    "civitai": About(named="'items'"),
    "kaggle": About(details=("--with", "versions"), named="'models'"),
    # The page that the first fault is on is asked for again at the end, to count what there is.
    "modelscope": About({"reach": WINDOW}, 40, ("--with", "files"), quarantined=7, named="'data.models'"),
    # One page is the whole listing: it changes at once, and its builder knows more bad entries than faults do.
    "modelzoo-co": About(models=25, bad={"bad": True}, shape="shape=1", named="'models'"),
    # Faults do not reach into its groups; a bad entry has no id to tell that it stands in two of them.
    "ngc": About(
        models=25, repeats={"overlap": True}, bad={"bad": True}, quarantined=10, changed="results", named="'results'"
    ),
    # HTML: a bad entry on each page of the listing, and pages of models that cannot be read, which make it partial.
    "ollama": About(
        {"page": 9}, 12, (), {"overlap": True}, {"bad": True}, 5, 3, changed=True, named="/library?page=2"
    ),
}
NO_MORE = "there is nothing to ask for model by model"
#: Why a hub stays out of a test.
LEFT_OUT = {
    ("test_a_kill_between_bundles_lands_nothing_twice", "civitai"): NO_MORE,
    ("test_a_kill_between_bundles_lands_nothing_twice", "ollama"): "its bundles are small in every test",
    ("test_an_outage_of_the_listing_leaves_no_trace", "modelzoo-co"): "one page is the whole listing",
    ("test_an_outage_of_all_but_the_listing_leaves_no_trace", "civitai"): NO_MORE,
    ("test_a_changed_shape_is_one_sentence_and_what_landed_stays", "huggingface"): "no field holds its records",
}
CENSUS = (
    "SELECT model_id, owner, description, task, library, licence_raw, downloads, likes, has_card, parameters, "
    "storage_bytes, known_fields FROM mart.model",
    "SELECT * FROM mart.model_tag",
    "SELECT * FROM mart.file",
    "SELECT model_id, variant, version, size, licence_raw FROM mart.release",
    "SELECT model_id, text FROM mart.card",
    "SELECT records, duplicates, quarantined, complete, fields FROM mart.snapshot",
)
TEXTS = (
    "SELECT model_id, model_id, description FROM mart.model",
    "SELECT model_id, value FROM mart.model_tag",
    "SELECT model_id, variant, version FROM mart.release",
    "SELECT model_id, text FROM mart.card",
)

Serve = Callable[..., "SimHub | SimApi"]


@pytest.fixture(params=HUBS)
def hub(request: pytest.FixtureRequest) -> str:
    case = (request.function.__name__, request.param)
    if case in LEFT_OUT:
        pytest.skip(LEFT_OUT[case])
    return request.param


@pytest.fixture(autouse=True)
def many_short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages and bundles, so that a small hub has many of them, and no long waits between two attempts."""
    for name in HUBS:
        if hasattr(hubs.load(name), "PAGE"):
            monkeypatch.setattr(hubs.load(name), "PAGE", PAGE)
    monkeypatch.setattr(hubs.load("modelscope"), "WINDOW", WINDOW)
    monkeypatch.setattr(asking, "CHUNK", 10)
    monkeypatch.setattr(site, "BUNDLE_RECORDS", 6)
    monkeypatch.setattr(crawl_verb, "_patience", lambda settings: Patience(base=0.01, longest=0.05))


@pytest.fixture
def serve(hub: str, tmp_path: Path) -> Serve:
    """The hub, simulated: so many models, with faults and with what its builder can get wrong."""

    def made(models: int = 40, faults: str = "", **flags: Any) -> SimHub | SimApi:
        if hub != "huggingface":
            return SimApi(build(hub, models, SEED, **HUBS[hub].flags, **flags), faults=faults)
        store = tmp_path / "hub.sqlite"
        return SimHub(build_synthetic(models, seed=SEED, path=store) if models else Store(store), faults=faults)

    return made


def truth(served: SimHub | SimApi) -> dict[str, Any]:
    """What is true of every public model, by its id."""
    if isinstance(served, SimApi):
        return served.truth
    cards = {spec.id: card_text(spec) for spec in served.truth.specs() if not (spec.gated or spec.disabled)}
    return {name: {**asdict(model), "card": cards.get(name)} for name, model in served.truth.models().items()}


def ids(reader: Reader) -> list[str]:
    """The models of a census, sorted."""
    return sorted(name for (name,) in reader.rows("SELECT model_id FROM mart.model"))


def census(reader: Reader) -> list[list[str]]:
    """Everything that a census says, apart from when it was made."""
    return [sorted(map(repr, reader.rows(query))) for query in CENSUS]


def landed(run: Run) -> Counter[tuple[str, str, str]]:
    """Every page with records and every envelope of a run, with how often it is there."""
    found: Counter[tuple[str, str, str]] = Counter()
    for part in run.parts():
        body = zstandard.ZstdDecompressor().decompressobj().decompress(run.verify(part).read_bytes())
        if part.format == "envelopes":
            found.update((part.kind, said["key"], said["sha256"]) for said in map(json.loads, body.splitlines()))
        elif part.records:
            found[part.kind, part.key, part.body_sha256] += 1
    return found


def only(home: Path, hub: str) -> Run:
    """The one run of a hub."""
    (run,) = Zone(home / "landing").runs(hub)
    return run


def interrupted(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, after: int) -> Callable[[], None]:
    """Let a function be interrupted when it is called once more than so often; the way back."""
    whole, calls = getattr(place, name), count()

    def cut(*values: Any, **named: Any) -> Any:
        if next(calls) == after:
            raise KeyboardInterrupt
        return whole(*values, **named)

    monkeypatch.setattr(place, name, cut)
    return lambda: monkeypatch.setattr(place, name, whole)


def down(served: SimHub | SimApi, when: Callable[[int, Request], object]) -> Callable[[], None]:
    """Let the hub be down for some requests (the first has the number 0); the way back."""
    reply, number = served.reply, count()

    def replied(request: Request) -> Response:
        return error(500, "down") if when(next(number), request) else reply(request)

    served.reply = replied
    return lambda: setattr(served, "reply", reply)


def strings(value: Any) -> Iterator[str]:
    """Every text in a truth that is not in ASCII; a card is bytes."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        for inner in value:
            yield from strings(inner)
    text = value.decode() if isinstance(value, bytes) else value
    if isinstance(text, str) and not text.isascii():
        yield text


def test_every_model_is_there_once_whatever_goes_wrong_on_the_way(hub, serve, tmp_path):
    with serve(HUBS[hub].models, STORMY) as served:
        done = crawl(tmp_path, hub, served.endpoint)
        assert len(served.stats()["faults"]) >= 3, "this is no storm; choose another seed"
        expected = sorted(truth(served))
    assert done["complete"] and done["state"] == "complete" and not done["failures"]
    reader = load(tmp_path)
    assert ids(reader) == expected
    assert reader.rows("SELECT records, quarantined FROM mart.snapshot") == [(len(expected), 0)]


def killed_at_every_line(hub: str, served: SimHub | SimApi, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever line of its journal a crawl is killed at, the same command makes of it what an uncut crawl lands."""
    asked, code = (hub, served.endpoint, *HUBS[hub].details), HUBS[hub].code
    done = crawl(home / "whole", *asked, code=code)
    whole = only(home / "whole", hub)
    for line in range(sum(1 for _ in whole.lines())):
        back = interrupted(monkeypatch, landing.writer, "append_line", line)
        crawl(home / f"{line}", *asked, code=130)
        back()
        again = crawl(home / f"{line}", *asked, code=code)
        assert landed(only(home / f"{line}", hub)) == landed(whole), line
        assert sorted(map(repr, again["failures"])) == sorted(map(repr, done["failures"])), line


def test_a_kill_at_any_line_lands_nothing_twice(hub, serve, tmp_path, monkeypatch):
    with serve(15, **HUBS[hub].bad) as served:
        killed_at_every_line(hub, served, tmp_path, monkeypatch)


def test_a_kill_between_bundles_lands_nothing_twice(hub, serve, tmp_path, monkeypatch):
    for module in (asking, details):
        monkeypatch.setattr(module, "BUNDLE_RECORDS", 4, raising=False)
    with serve(15) as served:
        killed_at_every_line(hub, served, tmp_path, monkeypatch)


def test_kills_between_requests_change_nothing_in_the_census(hub, serve, tmp_path, monkeypatch):
    with serve(25) as served:
        asked = (hub, served.endpoint, *HUBS[hub].details)
        crawl(tmp_path / "whole", *asked)
        whole, requests = load(tmp_path / "whole"), served.stats()["requests"]
        assert ids(whole) == sorted(truth(served))
        for request in (1, requests // 4, requests // 4):
            back = interrupted(monkeypatch, Session, "get", request)
            crawl(tmp_path / "cut", *asked, code=130)
            back()
        crawl(tmp_path / "cut", *asked)
    assert only(tmp_path / "cut", hub).finished and census(load(tmp_path / "cut")) == census(whole)


def outage(
    hub: str,
    served: SimHub | SimApi,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    when: Callable[[int, Request], object],
) -> None:
    """A hub that goes away ends the crawl in a sentence; when it is back, the same command ends as if nothing was."""
    monkeypatch.setattr(crawl_verb, "_patience", lambda settings: Patience(attempts=2, base=0.01, longest=0.02))
    # As it is outside tests: a row of failures that is taken for an outage does not span many chunks.
    monkeypatch.setattr(asking, "CHUNK", 100)
    asked = (hub, served.endpoint, *HUBS[hub].details)
    crawl(home / "whole", *asked)
    back = down(served, when)
    said = crawl(home / "cut", *asked, code=2)
    assert "answers 500" in said and "Traceback" not in said
    assert not only(home / "cut", hub).finished
    back()
    done = crawl(home / "cut", *asked)
    assert done["complete"] and done["state"] == "complete" and not done["failures"]
    assert landed(only(home / "cut", hub)) == landed(only(home / "whole", hub))


def test_an_outage_of_the_listing_leaves_no_trace(hub, serve, tmp_path, monkeypatch):
    with serve(25) as served:
        outage(hub, served, tmp_path, monkeypatch, lambda number, request: number > 0)


def test_an_outage_of_all_but_the_listing_leaves_no_trace(hub, serve, tmp_path, monkeypatch):
    listings: set[str] = set()

    def other(number: int, request: Request) -> bool:
        listings.update({request.path} if number == 0 else ())
        return request.path not in listings

    with serve() as served:
        outage(hub, served, tmp_path, monkeypatch, other)


def test_repeated_records_are_one_model_each_and_counted(hub, serve, tmp_path):
    with serve(**HUBS[hub].repeats) as served:
        done = crawl(tmp_path, hub, served.endpoint)
        expected = sorted(truth(served))
    reader = load(tmp_path)
    assert done["complete"] and ids(reader) == expected
    # The pages of a web site are read into one record for each model, however often they show it.
    repeated = done["counts"]["models"] - len(expected)
    assert repeated > 0 or (hub == "ollama" and repeated == 0)
    assert reader.rows("SELECT records, duplicates FROM mart.snapshot") == [(len(expected), repeated)]


def test_bad_entries_are_quarantined_and_every_good_model_is_there(hub, serve, tmp_path):
    about = HUBS[hub]
    with serve(**about.bad) as served:
        crawl(tmp_path, hub, served.endpoint, code=about.code)
        expected = sorted(truth(served))
    reader = load(tmp_path)
    assert ids(reader) == expected
    reasons = [reason for (reason,) in reader.rows("SELECT reason FROM raw.quarantine WHERE NOT kept")]
    assert len(reasons) == about.quarantined and all(len(reason) > 8 for reason in reasons)
    assert reader.rows("SELECT records, quarantined FROM mart.snapshot") == [(len(expected), about.quarantined)]


def test_an_empty_hub_is_an_empty_census(hub, serve, tmp_path):
    with serve(0) as served:
        done = crawl(tmp_path, hub, served.endpoint)
    assert done["complete"] and done["state"] == "complete" and not done["failures"]
    reader = load(tmp_path)
    assert ids(reader) == []
    query = "SELECT records, duplicates, quarantined, complete FROM mart.snapshot"
    assert reader.rows(query) == [(0, 0, 0, True)]


def test_every_script_survives(hub, serve, tmp_path):
    odd = {"faults": "hostile=1"} if hub == "huggingface" else {"hostile": True}
    with serve(**odd) as served:
        crawl(tmp_path, hub, served.endpoint, *(HUBS[hub].details if hub == "huggingface" else ()))
        there = truth(served)
    reader, said = load(tmp_path), dict[str, list[str]]()
    for query in TEXTS:
        for name, *texts in reader.rows(query):
            said.setdefault(name, []).extend(text for text in texts if text)
    # Lists of files are asked for model by model, where asked for.
    stated = {name: [name, *(value for key, value in m.items() if key != "files")] for name, m in there.items()}
    wanted = [(name, text) for name, values in stated.items() for text in strings(values)]
    assert wanted, "the population should hold text in another script"
    assert [(name, text) for name, text in wanted if not any(text in found for found in said[name])] == []
    assert not any("\N{REPLACEMENT CHARACTER}" in text for texts in said.values() for text in texts)


def test_a_changed_shape_is_one_sentence_and_what_landed_stays(hub, serve, tmp_path):
    about = HUBS[hub]
    with serve(faults="" if about.changed else about.shape) as served:
        if about.changed:
            as_ever, served.reply = served.reply, changing(served, about.changed)
        said = crawl(tmp_path, hub, served.endpoint, code=2)
        assert "has changed its shape" in said and about.named in said and len(said.splitlines()) == 1
        before = [(part.path, part.sha256) for part in only(tmp_path, hub).parts()]
        assert before or about.shape == "shape=1"
        if about.changed:
            served.reply, served.app.changed = as_ever, type(about.changed)()
        served.set_faults("")
        done = crawl(tmp_path, hub, served.endpoint)
        expected = sorted(truth(served))
    assert done["complete"] and done["state"] == "complete" and not done["failures"]
    assert [(part.path, part.sha256) for part in only(tmp_path, hub).parts()][: len(before)] == before
    assert ids(load(tmp_path)) == expected


def changing(served: SimApi, to: Any) -> Callable[[Request], Response]:
    """Answers of a hub that changes after the first."""
    reply, number = served.reply, count()

    def replied(request: Request) -> Response:
        served.app.changed = to if next(number) else type(to)()
        return reply(request)

    return replied
