"""The verbs: what a person and a program see."""

from __future__ import annotations

import json

import pytest

from hubcensus.cli import run
from simhub import SimHub


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("HF_TOKEN", "HF_ENDPOINT", "HUBCENSUS_HOME"):
        monkeypatch.delenv(name, raising=False)
    return str(tmp_path / "home")


def answer(capsys):
    return json.loads(capsys.readouterr().out)


def test_crawl_status_hubs(home, population, capsys):
    with SimHub(population) as hub:
        words = ["--home", home, "crawl", "huggingface", "--endpoint", hub.endpoint]
        assert run([*words, "--limit", "60", "--json"]) == 0
        (landed,) = answer(capsys)["runs"]
        assert landed["records"] == 60 and landed["state"] == "complete" and not landed["complete"]
        assert {"run_id", "hub", "kind", "parts", "requests", "failures"} <= set(landed)
        assert run(words) == 0
        said = capsys.readouterr()
        assert said.out == "" and "listing complete" in said.err
    assert run(["--home", home, "status", "--json"]) == 0
    document = answer(capsys)
    (known,) = document["hubs"]
    assert known["complete_snapshots"] == 1 and known["models"] > 1000 and known["age_seconds"] < 600
    assert known["unfinished"] == [] and document["disk_bytes"]["landing"] > 0 and not document["warehouse"]
    assert run(["--home", home, "status"]) == 0 and run(["hubs"]) == 0
    assert "huggingface" in capsys.readouterr().out
    assert run(["hubs", "--json"]) == 0
    about = {known["hub"]: known["about"] for known in answer(capsys)["hubs"]}
    assert "query file" in about["huggingface"]


def test_an_empty_home_and_a_corrupt_manifest(home, tmp_path, capsys):
    assert run(["--home", home, "status"]) == 0
    assert "hubcensus crawl huggingface" in capsys.readouterr().err
    folder = tmp_path / "home" / "landing" / "huggingface" / "x"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{")
    assert run(["--home", home, "status", "--json"]) == 2
    assert len(answer(capsys)["corrupt"]) == 1


def test_the_token_is_only_for_its_endpoint(home, loopback, other, monkeypatch, capsys):
    loopback.pages = other.pages = [[{"id": "a/1"}]]
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("HF_ENDPOINT", loopback.endpoint)
    assert run(["--home", home, "crawl", "huggingface"]) == 0
    assert run(["--home", home, "crawl", "huggingface", "--endpoint", other.endpoint]) == 0
    assert "Authorization" in loopback.seen[0][1] and "Authorization" not in other.seen[0][1]
    assert "hf_secret" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nohub"], "no hub"),
        (["huggingface", "--with", "weights"], "choose from"),
        (["huggingface", "--since", "soon"], "not a date"),
        (["huggingface", "--endpoint", "ftp://x"], "no endpoint"),
        (["huggingface", "--walks", "9"], "walks"),
    ],
)
def test_wrong_words_are_one_sentence(home, words, said, capsys):
    assert run(["--home", home, "crawl", *words]) == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error


def test_a_hub_that_is_not_there(home, capsys):
    assert run(["--home", home, "crawl", "huggingface", "--endpoint", "http://127.0.0.1:9"]) == 2
    error = capsys.readouterr().err
    assert "cannot be reached" in error and "Traceback" not in error


def test_import(home, tmp_path, capsys):
    path = tmp_path / "2024-01-01.json"
    path.write_text('[{"id": "a/1"}]')
    words = ["--home", home, "import", "hf-list", str(path)]
    assert run([*words, "--json"]) == 0
    (landed,) = answer(capsys)["runs"]
    assert landed["records"] == 1 and landed["new"] and not landed["complete"]
    assert run(words) == 0
    assert "already landed" in capsys.readouterr().err
