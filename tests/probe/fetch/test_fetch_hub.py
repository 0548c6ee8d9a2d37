"""Fetching over HTTP from a simulated hub: by commit, verified, counted, resumed, within a budget."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fetch_hubs import EMBEDDING, PLAIN, WEIGHTS, TwistedHub, population, safetensors

from landing.errors import OperationalError
from probe.fetch import Fetcher
from simhub import SimHub, build_synthetic
from simhub.wire import Response

MB = 10**6


@pytest.fixture
def hub(tmp_path):
    store, _ = population(tmp_path, plain=PLAIN)
    with TwistedHub(store) as running:
        yield running


def _fetcher(hub, tmp_path, **options):
    waits: list[float] = []
    options = {"budget": 100 * MB, **options}
    fetcher = Fetcher(tmp_path / "cache", endpoint=hub.endpoint, wait=waits.append, **options)
    return fetcher, waits


def _commit(hub, model="zoo/plain"):
    return hub.truth.models()[model].sha


def test_files_are_fetched_by_commit_verified_and_kept(hub, tmp_path):
    fetcher, _ = _fetcher(hub, tmp_path)
    with fetcher:
        done = fetcher.model("zoo/plain", _commit(hub))
        assert done.code is None and not done.failures and done.revision == _commit(hub)
        assert {got.path for got in done.files} == set(PLAIN) - {"picture.png"}
        for got in done.files:
            body = (done.folder / got.path).read_bytes()
            assert body == PLAIN[got.path] and got.sha256 == hashlib.sha256(body).hexdigest()
            assert got.bytes == len(body) and not got.ranged
            assert got.verified == ("sha256" if got.path.endswith((".bin", ".safetensors")) else "git-sha1")
        assert [one["path"] for one in done.left_out] == ["picture.png"]
        assert done.hub_says["config.json"]["verdict"] == "safe"
        before = fetcher.spent
        again = fetcher.model("zoo/plain", _commit(hub))
        assert again.downloaded == 0 and {got.path for got in again.files} == {got.path for got in done.files}
        assert fetcher.spent["query_files"] == before["query_files"]
    assert all(row["verified"] for row in again.downloads)


def test_a_query_file_is_touched_once(hub, tmp_path):
    """A HEAD before the GET would count twice as a download, as huggingface_hub's own call does."""
    fetcher, _ = _fetcher(hub, tmp_path)
    with fetcher:
        done = fetcher.model("zoo/plain", _commit(hub))
    assert hub.stats()["query_file_touches"] == 1 == fetcher.spent["query_files"] == done.query_files
    assert not [request for request in hub.seen if request.method == "HEAD"]
    files = [request for request in hub.seen if "/resolve/" in request.path]
    assert len(files) == len(done.files)


def test_the_cache_is_one_that_huggingface_hub_reads(hub, tmp_path):
    from huggingface_hub import hf_hub_download

    fetcher, _ = _fetcher(hub, tmp_path)
    with fetcher:
        done = fetcher.model("zoo/plain", _commit(hub))
    path = hf_hub_download(
        "zoo/plain",
        "model.safetensors",
        revision=done.revision,
        cache_dir=tmp_path / "cache",
        local_files_only=True,
    )
    assert Path(path).read_bytes() == WEIGHTS and Path(path).parent == done.folder


def _when(path, change):
    return lambda request, response: change(request, response) if path in request.path else response


def test_a_file_of_another_hash_is_deleted_and_told(hub, tmp_path):
    hub.twist = _when("/cdn/", lambda request, response: Response(200, b"X" * len(response.body), response.headers))
    fetcher, _ = _fetcher(hub, tmp_path)
    with fetcher:
        done = fetcher.model("zoo/plain", _commit(hub))
    assert done.code == "HASH_MISMATCH"
    assert {one["path"] for one in done.failures} == {"model.safetensors", "pytorch_model.bin"}
    assert sorted(os.listdir(done.folder)) == ["README.md", "config.json"]
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and b"XXX" in path.read_bytes()]


def test_a_small_file_of_another_hash_too(hub, tmp_path):
    hub.twist = _when("README.md", lambda request, response: Response(200, b"# a m0del\n", response.headers))
    fetcher, _ = _fetcher(hub, tmp_path)
    with fetcher:
        done = fetcher.model("zoo/plain", _commit(hub))
    assert [one["code"] for one in done.failures] == ["HASH_MISMATCH"] and not (done.folder / "README.md").exists()


@pytest.mark.parametrize("part", ["/resolve/", "/cdn/", "/api/models/"])
def test_streams_without_an_end_are_given_up(hub, tmp_path, part):
    hub.twist = _when(
        part, lambda request, response: Response(200, b"[", {"Content-Type": "application/json"}, zeros=10**12)
    )
    fetcher, _ = _fetcher(hub, tmp_path)
    begun = time.monotonic()
    with fetcher:
        done = fetcher.model("zoo/plain", _commit(hub))
    assert done.code == "BROKEN" and time.monotonic() - begun < 30
    assert fetcher.spent["bytes"] < 100 * MB
    size = sum(path.stat().st_size for path in (tmp_path / "cache").rglob("*") if path.is_file())
    assert size < MB


def test_what_was_cut_off_goes_on_where_it_stopped(hub, tmp_path):
    cuts = iter(["cut", "cut-chunked", "cut-close", "cut"])

    def cut(request, response):
        response.fault = next(cuts, "")
        return response

    hub.twist = _when("/cdn/", cut)
    fetcher, waits = _fetcher(hub, tmp_path)
    with fetcher:
        done = fetcher.model("zoo/plain", _commit(hub))
    assert done.code is None and (done.folder / "model.safetensors").read_bytes() == WEIGHTS
    assert done.downloaded == sum(len(PLAIN[got.path]) for got in done.files)  # no byte twice
    assert len(waits) == 4 and any("range" in request.headers for request in hub.seen)


def test_a_server_that_ignores_ranges_begins_again(hub, tmp_path):
    calls = []

    def twist(request, response):
        if "/cdn/" in request.path and "model.safetensors" in request.path:
            plain = Response(200, WEIGHTS, dict(response.headers), fault="cut" if not calls else "")
            plain.headers.pop("Content-Range", None)
            calls.append(request)
            return plain
        return response

    hub.twist = twist
    fetcher, _ = _fetcher(hub, tmp_path)
    with fetcher:
        done = fetcher.model("zoo/plain", _commit(hub))
    assert done.code is None and (done.folder / "model.safetensors").read_bytes() == WEIGHTS and len(calls) == 2


def test_a_killed_fetch_goes_on_in_a_later_process(hub, tmp_path):
    def cut(request, response):
        response.fault = "cut"
        return response

    hub.twist = _when("/cdn/", cut)
    program = f"""
from pathlib import Path
from probe.fetch import Fetcher
with Fetcher(Path({str(tmp_path / "cache")!r}), endpoint={hub.endpoint!r}, budget=10**8) as hub:
    hub.model("zoo/plain", {_commit(hub)!r})
"""
    process = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[3])
    until = time.monotonic() + 60
    while time.monotonic() < until and not any(part.stat().st_size for part in (tmp_path / "cache").rglob("*.part")):
        time.sleep(0.02)
    process.kill()
    process.wait()
    parts = [part.stat().st_size for part in (tmp_path / "cache").rglob("*.part")]
    assert any(parts) and not list((tmp_path / "cache").rglob("snapshots"))
    hub.twist = None
    fetcher, _ = _fetcher(hub, tmp_path)
    with fetcher:
        done = fetcher.model("zoo/plain", _commit(hub))
    assert done.code is None and (done.folder / "model.safetensors").read_bytes() == WEIGHTS
    large = [got for got in done.files if got.path.endswith((".bin", ".safetensors"))]
    assert sum(got.bytes for got in large) == sum(len(PLAIN[got.path]) for got in large) - sum(parts)
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_a_spoiled_beginning_is_thrown_away(hub, tmp_path):
    name = hashlib.sha256(WEIGHTS).hexdigest()
    part = tmp_path / "cache" / "models--zoo--plain" / "blobs" / f"{name}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"X" * 500)
    fetcher, _ = _fetcher(hub, tmp_path)
    with fetcher:
        done = fetcher.model("zoo/plain", _commit(hub))
    assert done.code is None and (done.folder / "model.safetensors").read_bytes() == WEIGHTS


def test_one_tensor_is_read_by_its_range(hub, tmp_path):
    fetcher, _ = _fetcher(hub, tmp_path, largest=1_000)
    with fetcher:
        done = fetcher.model("zoo/plain", _commit(hub), stages=("weights",))
        assert done.partial and done.code is None
        body = (done.folder / "partial.safetensors").read_bytes()
        length = int.from_bytes(body[:8], "little")
        table = json.loads(body[8 : 8 + length])
        assert body[8 + length :] == EMBEDDING and len(table) == 2
        assert table["__metadata__"]["of_sha256"] == hashlib.sha256(WEIGHTS).hexdigest()
        (got,) = [got for got in done.files if got.ranged]
        assert len(EMBEDDING) < got.bytes < len(WEIGHTS) - 10_000 and got.verified is None
        assert fetcher.model("zoo/plain", _commit(hub), stages=("weights",)).downloaded == 0
    assert not (done.folder / "model.safetensors").exists()
    from probe.weights.tensors import open_checkpoint

    assert list(open_checkpoint(done.folder).tensors) == ["bert.embeddings.word_embeddings.weight"]


def test_no_range_no_tensor(hub, tmp_path):
    hub.twist = _when("/cdn/", lambda request, response: Response(200, b"", response.headers, zeros=10**12))
    fetcher, _ = _fetcher(hub, tmp_path, largest=1_000)
    with fetcher:
        done = fetcher.model("zoo/plain", _commit(hub), stages=("weights",))
    assert done.code == "NOT_AVAILABLE" and fetcher.spent["bytes"] < MB


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ((10 * 2**30).to_bytes(8, "little") + bytes(2_000), "BROKEN"),
        ((2**63).to_bytes(8, "little") + bytes(2_000), "BROKEN"),
        (bytes(8) + bytes(2_000), "BROKEN"),
        (safetensors({"bert.embeddings.word_embeddings.weight": ("F32", [9], bytes(2_000))}), "BROKEN"),
        (safetensors({"shared.weight": ("F77", [500], bytes(2_000))}), "BROKEN"),
        (safetensors({"other": ("F32", [500], bytes(2_000))}), "NOT_AVAILABLE"),
        (safetensors({"shared.weight": ("F32", [50_000], bytes(200_000))}), "TOO_LARGE"),
    ],
)
def test_headers_that_lie(tmp_path, body, code):
    store, _ = population(tmp_path, odd={"model.safetensors": body, "config.json": b"{}"})
    with SimHub(store) as hub:
        fetcher, _ = _fetcher(hub, tmp_path, largest=1_000, tensor=100_000)
        with fetcher:
            done = fetcher.model("zoo/odd", _commit(hub, "zoo/odd"))
    assert done.code == code and not list(tmp_path.rglob("partial.safetensors"))


def test_the_budget_is_kept_and_the_oldest_makes_room(tmp_path):
    models = {f"m{number}": {"model.safetensors": WEIGHTS, "config.json": b"{}"} for number in range(4)}
    store, _ = population(tmp_path, **models)
    budget = int(2.5 * len(WEIGHTS))
    with SimHub(store) as hub:
        for number in range(4):
            fetcher, _ = _fetcher(hub, tmp_path, budget=budget)
            with fetcher:
                done = fetcher.model(f"zoo/m{number}", _commit(hub, f"zoo/m{number}"))
            assert done.code is None and done.evicted == ([f"models--zoo--m{number - 2}"] if number >= 2 else [])
            os.utime(tmp_path / "cache" / f"models--zoo--m{number}" / ".used", (number, number))
            blobs = list((tmp_path / "cache").rglob("blobs/*"))
            assert sum(path.stat().st_size for path in blobs) <= budget
        fetcher, _ = _fetcher(hub, tmp_path, budget=budget)
        with fetcher:
            first, second, third = (fetcher.model(f"zoo/m{n}", _commit(hub, f"zoo/m{n}")) for n in range(3))
        assert (first.code, second.code, third.code) == (None, None, "BUDGET")  # what this run fetched stays
        assert third.folder is None and first.folder.is_dir() and second.folder.is_dir()
        fetcher, _ = _fetcher(hub, tmp_path, budget=1_000)
        with fetcher:
            assert fetcher.model("zoo/m3", _commit(hub, "zoo/m3")).code == "BUDGET"


def _listing(change):
    def twist(request, response):
        if "/revision/" not in request.path:
            return response
        facts = json.loads(response.body)
        change(facts)
        return Response(200, json.dumps(facts).encode(), response.headers)

    return twist


def test_hostile_names_stay_outside(hub, tmp_path):
    names = [
        "../../evil.bin",
        "/tmp/evil.bin",
        "a/../../../evil.bin",
        "C:\\evil.bin",
        "evil\u202e.bin",
        "x/" * 40 + "y.bin",
    ]
    more = [{"rfilename": name, "size": 4, "blobId": "0" * 40} for name in names]
    hub.twist = _listing(lambda facts: facts["siblings"].extend(more))
    fetcher, _ = _fetcher(hub, tmp_path)
    with fetcher:
        done = fetcher.model("zoo/plain", _commit(hub))
    assert [one["code"] for one in done.failures] == ["UNSAFE_NAME"] * len(names)
    assert len(done.files) == 4 and not list(tmp_path.rglob("*evil*"))
    assert not [request for request in hub.seen if "evil" in request.path]


@pytest.mark.parametrize(
    "change",
    [
        lambda facts: facts.update(sha="../../evil"),
        lambda facts: facts.update(sha="0" * 40),
        lambda facts: facts.update(siblings=None),
        lambda facts: facts.update(siblings=[7]),
        lambda facts: facts.update(siblings=[{"rfilename": "config.json", "size": "5"}]),
        lambda facts: facts.update(siblings=[{"rfilename": f"{n}.bin", "size": 1} for n in range(30_000)]),
    ],
)
def test_listings_that_make_no_sense(hub, tmp_path, change):
    hub.twist = _listing(change)
    fetcher, _ = _fetcher(hub, tmp_path)
    with fetcher:
        done = fetcher.model("zoo/plain", _commit(hub))
    assert done.code in ("BROKEN", "TOO_LARGE") and not done.files and done.folder is None


def test_hashes_that_are_names_of_files_elsewhere(hub, tmp_path):
    def change(facts):
        for entry in facts["siblings"]:
            entry["blobId"] = "../../../evil"
            if "lfs" in entry:
                entry["lfs"]["sha256"] = "../../../evil"

    hub.twist = _listing(change)
    fetcher, _ = _fetcher(hub, tmp_path)
    with fetcher:
        done = fetcher.model("zoo/plain", _commit(hub))
    assert done.code == "BROKEN" and not done.files and not list(tmp_path.rglob("*evil*"))


def test_the_token_goes_home_and_nowhere_else(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_environment")
    store, _ = population(tmp_path / "other", plain=PLAIN)
    with TwistedHub(store) as other:

        def away(request, response):
            if response.status == 302:
                response.headers["Location"] = response.headers["Location"].replace(hub.endpoint, other.endpoint)
            return response

        hub.twist = away
        other.twist = _when("/cdn/", lambda request, response: Response(200, WEIGHTS))
        for token in ("hf_sim_free_reader", None):
            hub.seen.clear()
            fetcher, _ = _fetcher(hub, tmp_path / str(token), token=token)
            with fetcher:
                done = fetcher.model("zoo/plain", _commit(hub), stages=("weights",))
            assert done.code is None
            at_home = {request.headers.get("authorization") for request in hub.seen}
            assert at_home == {f"Bearer {token}" if token else None}
        assert other.seen and not [request for request in other.seen if "authorization" in request.headers]


def test_waiting_is_what_the_hub_asks_for(hub, tmp_path):
    refusals = iter(["7", "3"])

    def refuse(request, response):
        seconds = next(refusals, None)
        return response if seconds is None else Response(429, b"{}", {"Retry-After": seconds})

    hub.twist = _when("/resolve/", refuse)
    fetcher, waits = _fetcher(hub, tmp_path)
    with fetcher:
        assert fetcher.model("zoo/plain", _commit(hub)).code is None
    assert waits == [7.5, 3.5] and fetcher.spent["waited_seconds"] == 11


def test_server_errors_pass_and_a_broken_file_costs_itself_only(hub, tmp_path):
    def fail(request, response):
        return Response(503, b"down") if "pytorch_model.bin" in request.path else response

    hub.twist = _when("/cdn/", fail)
    fetcher, waits = _fetcher(hub, tmp_path)
    with fetcher:
        done = fetcher.model("zoo/plain", _commit(hub))
    assert done.code == "NOT_AVAILABLE" and [one["path"] for one in done.failures] == ["pytorch_model.bin"]
    assert waits == [1, 2, 4, 8, 16] and (done.folder / "model.safetensors").exists()


def test_doors_that_are_closed(tmp_path):
    with TwistedHub(build_synthetic(300, seed=7)) as hub:
        fetcher, _ = _fetcher(hub, tmp_path, budget=10**15)
        gated = next(spec for spec in hub.truth.specs() if spec.gated and not spec.disabled and not spec.private)
        open_one = next(spec for spec in hub.truth.specs() if not spec.gated and not spec.disabled)
        with fetcher:
            assert fetcher.model(gated.id, gated.sha).code == "GATED_OR_PRIVATE"
            assert sum("/resolve/" in request.path for request in hub.seen) == 1  # one refusal is enough
            assert fetcher.model("no/such-model", "0" * 40).code == "GONE"
            assert fetcher.model(open_one.id, "0" * 40).code == "REVISION_GONE"
            for name in ("../../etc", "a/b/c", "a--b", "a/..", "", "a b"):
                assert fetcher.model(name, "0" * 40).code == "UNSAFE_NAME"


def test_a_model_that_was_renamed(tmp_path):
    with SimHub(build_synthetic(300, seed=3)) as hub:
        hub.advance(2)
        models = hub.truth.models()
        for _day, old, new in hub.truth.renames():
            spec = next(spec for spec in hub.truth.specs() if spec.id == new)
            if not spec.gated and not spec.disabled and models[new].sha == spec.sha:
                fetcher, _ = _fetcher(hub, tmp_path, budget=10**15, largest=1_000)
                with fetcher:
                    done = fetcher.model(old, spec.sha, stages=("verify",))
                assert done.revision == spec.sha and done.repo_id == old
                return
        pytest.fail("the population holds no such model")


def test_a_run_that_is_taken_up_keeps_what_it_has(tmp_path):
    models = {f"m{number}": {"model.safetensors": WEIGHTS, "config.json": b"{}"} for number in range(3)}
    store, _ = population(tmp_path, **models)
    with SimHub(store) as hub:
        for number in range(3):
            fetcher, _ = _fetcher(hub, tmp_path, budget=int(2.5 * len(WEIGHTS)))
            with fetcher:
                for earlier in range(number):
                    fetcher.keep(f"zoo/m{earlier}")
                done = fetcher.model(f"zoo/m{number}", _commit(hub, f"zoo/m{number}"))
        assert done.code == "BUDGET" and not done.evicted


def test_a_hub_that_is_down_stops_the_run(tmp_path):
    with SimHub(build_synthetic(5, seed=1)) as hub:
        endpoint = hub.endpoint
    waits: list[float] = []
    with (
        Fetcher(tmp_path / "cache", endpoint=endpoint, budget=MB, wait=waits.append) as fetcher,
        pytest.raises(OperationalError, match="does not answer"),
    ):
        fetcher.model("zoo/plain", "0" * 40)
    assert len(waits) == 5


def test_datasets_are_fetched_as_data(hub, tmp_path):
    fetcher, _ = _fetcher(hub, tmp_path)
    with fetcher:
        done = fetcher.dataset("zoo/reviews")
    assert {got.path for got in done.files} == {"README.md", "plain/test.jsonl"}
    assert (done.folder / "plain/test.jsonl").read_text().startswith('{"text"')
    assert [one["path"] for one in done.left_out] == ["loader.py"] and len(done.revision) == 40
