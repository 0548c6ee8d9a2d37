"""SIGKILL at random points of crawl and load, each followed by a re-run: nothing lost, nothing doubled.

``HUBCENSUS_KILLS`` says how many kills (default: a few, so that the suite stays quick; the promise is held with 200).
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from landing import Zone
from simhub import SimHub, build_synthetic
from warehouse.database import Limits
from warehouse.load import load
from warehouse.reader import Reader

KILLS = int(os.environ.get("HUBCENSUS_KILLS", "8"))
MODELS = 4000


def start(home: Path, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "hubcensus", "--home", str(home), "--json", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen) -> dict:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out)


def kill_after(process: subprocess.Popen, seconds: float) -> bool:
    """Kill the process after ``seconds``; whether it was still at work."""
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return True
    return False


@pytest.mark.timeout(3000)
def test_crawl_survives_kills(tmp_path):
    chance = random.Random(5)
    store = build_synthetic(MODELS, seed=5, path=tmp_path / "hub.sqlite")
    killed = 0
    with SimHub(store, latency=0.02, cache=1 << 26) as hub:
        crawl = ("crawl", "huggingface", "--endpoint", hub.endpoint)
        begun = time.monotonic()
        finish(start(tmp_path / "measure", *crawl, "--with", "cards"))
        whole = time.monotonic() - begun
        round_number = 0
        while killed < KILLS:
            home = tmp_path / f"home{round_number}"
            round_number += 1
            while killed < KILLS and kill_after(start(home, *crawl, "--with", "cards"), chance.uniform(0.3, whole)):
                killed += 1
            done = finish(start(home, *crawl, "--with", "cards"))["runs"][0]
            assert done["state"] == "complete"
            _compare(home, hub)
    assert killed == KILLS


def _compare(home: Path, hub: SimHub) -> None:
    """What landed, as the warehouse reads it, is the truth: every model and card once."""
    path = home / "warehouse.duckdb"
    load(Zone(home / "landing"), path, Limits("1GB"))
    truth = hub.truth.models(0)
    with Reader(path) as reader:
        models = [row[0] for row in reader.rows("SELECT model_id FROM mart.model WHERE NOT removed")]
        cards = dict(reader.rows("SELECT model_id, sha256 FROM mart.card"))
        runs = reader.value("SELECT count(*) FROM raw.run WHERE state = 'complete'")
    assert len(models) == len(set(models))
    assert set(models) == set(truth)
    readable = {name for name, model in truth.items() if not (model.gated or model.disabled)}
    expected = {card.id: card.sha256 for card in hub.truth.cards(0) if card.id in readable}
    assert {name: sha for name, sha in cards.items() if name in expected} == expected
    assert runs >= 1


@pytest.mark.timeout(3000)
def test_load_survives_kills(tmp_path):
    chance = random.Random(6)
    store = build_synthetic(MODELS, seed=6, path=tmp_path / "hub.sqlite")
    home = tmp_path / "home"
    with SimHub(store) as hub:
        crawl = ("crawl", "huggingface", "--endpoint", hub.endpoint)
        finish(start(home, *crawl))
        finish(start(home, "load"))
        before = _state(home)
        hub.advance()
        finish(start(home, *crawl))
    reference = tmp_path / "reference.duckdb"
    begun = time.monotonic()
    load(Zone(home / "landing"), reference, Limits("1GB"))
    whole = time.monotonic() - begun + 1.0
    old = (home / "warehouse.duckdb").read_bytes()
    after = _state_of(reference)
    killed = 0
    while killed < KILLS:
        if kill_after(start(home, "load"), chance.uniform(0.2, whole)):
            killed += 1
            assert _state(home) in (before, after)
        else:
            assert _state(home) == after
        if _state(home) == after:
            (home / "warehouse.duckdb").write_bytes(old)
    finish(start(home, "load"))
    assert _state(home) == after
    assert not (home / ".warehouse-build").exists()


def _state(home: Path) -> list[tuple]:
    return _state_of(home / "warehouse.duckdb")


def _state_of(path: Path) -> list[tuple]:
    """Order-free hashes of what a user sees; opening the file at all shows that it is readable."""
    with Reader(path) as reader:
        return [
            reader.row(f"SELECT count(*), sum(hash(t)::HUGEINT) FROM core.{table} t")
            for table in ("model", "model_version", "metric", "about_tag", "file", "snapshot")
        ]
