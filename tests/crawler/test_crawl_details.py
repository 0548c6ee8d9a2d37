"""Per-model details: what lands, only what changed, and no query file ever."""

from __future__ import annotations

from collections import Counter

import pytest
from crawling import PATIENT, envelopes, go, run_of

from crawler.details import MAX_HEADERS
from crawler.hubs.huggingface import Hub, is_id, may_read
from landing import OperationalError, UsageError
from simhub import SimHub

ALL = ("cards", "commits", "discussions", "files", "headers")


def test_every_detail_lands_and_no_query_file_is_touched(zone, population):
    with SimHub(population) as hub:
        downloads = hub.truth.metrics()
        manifest = go(zone, hub.endpoint, limit=200, details=ALL)
        run = run_of(zone, manifest)
        assert manifest.state == "complete" and hub.stats()["query_file_touches"] == 0
        assert hub.truth.metrics() == downloads

        models = hub.truth.models()
        truth = {card.id: card.sha256 for card in hub.truth.cards()}
        cards = {row["key"]: row for row in envelopes(run, "card")}
        seen = {row["key"] for row in envelopes(run, "commits")}
        assert len(seen) == 200 and set(cards) == {name for name in seen if models[name].has_card}
        for name, row in cards.items():
            if row["status"] == 200:
                assert row["sha256"] == truth[name] and row["revision"] == models[name].sha
                expected = {"none": None, "valid": True, "invalid": False}[models[name].front_matter]
                assert row["decoded"]["front_matter_valid"] == expected or models[name].card_kind == "empty"
            else:
                assert row["status"] in (401, 403) and "decoded" not in row

        sizes = hub.truth.safetensors()
        heads = [row for row in envelopes(run, "header") if row["status"] == 200]
        assert heads and all(row["decoded"]["error"] is None for row in heads)
        files = Counter(row["key"] for row in heads)
        counted: dict[str, Counter[str]] = {}
        for row in heads:  # large models lie in several files, of which the first few are read
            counted.setdefault(row["key"], Counter()).update(row["decoded"]["parameters"])
        assert all(dict(counted[name]) == sizes[name] for name in counted if files[name] < MAX_HEADERS)
        trees = envelopes(run, "tree")
        assert {row["key"] for row in trees} == seen


def test_only_changed_models_are_asked_for_again(zone, population):
    with SimHub(population) as hub:
        go(zone, hub.endpoint, details=("cards",))
        first = hub.stats()["classes"]["resolvers"]
        go(zone, hub.endpoint, details=("cards",))
        assert hub.stats()["classes"]["resolvers"] == first
        before = hub.truth.models()
        hub.advance(1)
        run = run_of(zone, go(zone, hub.endpoint, since="auto", details=("cards",)))
        now = hub.truth.models()
        known = {model.oid: model.sha for model in before.values()}
        changed = {name for name, model in now.items() if known.get(model.oid) != model.sha and model.has_card}
        fetched = {row["key"] for row in envelopes(run, "card")}
        renamed = {name for name in now if name not in before}
        assert changed <= fetched <= changed | renamed


def test_details_that_were_cut_off_go_on(zone, population):
    class Enough(Exception):
        pass

    def stop(progress):
        if progress.what == "commits":
            raise Enough

    with SimHub(population) as hub:
        asked = {"limit": 300, "details": ("commits",)}
        with pytest.raises(Enough):
            go(zone, hub.endpoint, on_progress=stop, **asked)
        manifest = go(zone, hub.endpoint, **asked)
        keys = [row["key"] for row in envelopes(run_of(zone, manifest), "commits")]
        assert len(keys) == len(set(keys)) == 300
        assert hub.stats()["routes"]["commits"] < 340


def test_faults_do_not_cost_a_detail(zone, population):
    with SimHub(population, faults="5xx=0.1,cut=0.1,seed=2") as hub:
        manifest = go(zone, hub.endpoint, limit=100, details=ALL)
        assert manifest.state == "complete" and manifest.requests["retries"] > 20
        assert len({row["key"] for row in envelopes(run_of(zone, manifest), "tree")}) == 100


def test_a_detail_that_cannot_be_had_makes_the_run_partial_but_the_listing_stays_whole(zone, loopback):
    rows = [{"id": f"a/{n}", "sha": "c" * 40, "siblings": [{"rfilename": "README.md"}]} for n in range(3)]
    loopback.pages = [rows]

    def answer(path):
        if path.startswith("/api/models?"):
            return loopback.listing(path)
        return (503, {}, b"") if path.startswith("/a/1/") else (200, {}, b"# hello")

    loopback.answer = answer
    patience = PATIENT.__class__(attempts=2, base=0.01, longest=0.02)
    manifest = go(zone, loopback.endpoint, details=("cards",), patience=patience)
    assert manifest.state == "partial" and manifest.complete
    assert [failure["key"] for failure in manifest.failures] == ["card:a/1"]
    assert sorted(row["key"] for row in envelopes(run_of(zone, manifest), "card")) == ["a/0", "a/2"]


def test_a_huge_card_is_cut_at_the_cap(zone, population):
    with SimHub(population, faults="bigcard=1") as hub:
        run = run_of(zone, go(zone, hub.endpoint, details=("cards",)))
        big = next(row for row in envelopes(run, "card") if row["key"].startswith("bigcard/"))
        assert big["bytes"] == 5 << 20 and big["decoded"]["truncated"]


def test_hostile_ids_never_become_part_of_a_url(zone, population):
    with SimHub(population, faults="hostile=1") as hub:
        run = run_of(zone, go(zone, hub.endpoint, details=("cards", "files")))
        assert not [row["key"] for row in envelopes(run, "tree") if not is_id(row["key"])]
    assert not is_id("../../etc/passwd") and not is_id("a/b/c") and not is_id("a b/c") and not is_id("a/..")
    assert is_id("gpt2") and is_id("google-bert/bert-base-uncased") and is_id("01-ai/Yi-1.5-9B")


@pytest.mark.parametrize(
    ("path", "library", "free"),
    [
        ("README.md", "diffusers", True),
        ("config.json", "transformers", False),
        ("model.safetensors", "transformers", True),
        ("model.safetensors", None, True),
        ("model.safetensors", "timm", False),
        ("unet/diffusion_pytorch_model.safetensors", "diffusers", False),
        ("model.safetensors", "a-library-we-do-not-know", False),
        ("model-q4.gguf", "transformers", False),
        ("sub/README.md", "transformers", False),
    ],
)
def test_what_may_be_read(path, library, free):
    assert may_read(path, library) is free
    hub = Hub("http://h")
    for url in (hub.file_url("a/b", "main", path), hub.file_url("gpt2", "main", path)):
        assert (hub.guard(url, library) is None) is free
    cached = f"http://h/api/resolve-cache/models/a/b/{'c' * 40}/{path}"
    assert (hub.guard(cached, library) is None) is free


def test_a_redirect_to_a_query_file_is_not_followed(zone, loopback):
    loopback.pages = [[{"id": "a/b", "sha": "c" * 40, "siblings": [{"rfilename": "README.md"}]}]]

    def answer(path):
        if path.startswith("/api/models?"):
            return loopback.listing(path)
        return 302, {"Location": f"/a/b/resolve/{'c' * 40}/config.json"}, b""

    loopback.answer = answer
    manifest = go(zone, loopback.endpoint, details=("cards",))
    assert manifest.state == "partial" and "count as a download" in manifest.failures[0]["reason"]
    assert not any("config.json" in path for path, _ in loopback.seen)


def test_a_hub_that_is_down_is_not_asked_for_every_model(zone, loopback):
    rows = [{"id": f"a/{n}", "sha": "c" * 40, "siblings": []} for n in range(200)]
    loopback.pages = [rows]
    loopback.answer = lambda path: loopback.listing(path) if "/api/models?" in path else (503, {}, b"")
    with pytest.raises(OperationalError, match="again later"):
        go(zone, loopback.endpoint, details=("files",), patience=PATIENT.__class__(attempts=1, base=0.01))
    assert len(loopback.seen) < 80


def test_unknown_details_are_refused(zone):
    with pytest.raises(UsageError, match="choose from cards"):
        go(zone, "http://127.0.0.1:9", details=("weights",))
