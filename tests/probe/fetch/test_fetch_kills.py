"""A fetch of a whole sample, killed again and again: every model lands once, every file is whole."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import time
from pathlib import Path

from fetch_hubs import population

from landing import Zone
from probe.landed import Results, envelopes, newest
from probe.sample import Sampled
from simhub import SimHub

_PROGRAM = """
import sys
from pathlib import Path
import probe.landed as landed
from landing import Zone
from probe.stages import download
landed._BUNDLE = 2
download.run(Zone(Path(sys.argv[1])), Path(sys.argv[2]), endpoint=sys.argv[3], token=None, budget=10**9,
             largest=10**8, program="test")
"""


def test_kills_lose_nothing_and_double_nothing(tmp_path):
    pick = random.Random(3)
    models = {
        f"m{number:02d}": {"config.json": b"{}", "model.safetensors": bytes(8) + pick.randbytes(300_000)}
        for number in range(14)
    }
    store, ids = population(tmp_path, **models)
    zone = Zone(tmp_path / "landing")
    with SimHub(store, latency=0.01) as hub:
        commits = {model: hub.truth.models()[model].sha for model in ids.values()}
        with Results(zone, "sample", tool="sample/1", program="test", config={}) as out:
            for model, commit in commits.items():
                out.land("sample", model, commit, Sampled("h", model, commit, "s", 1.0, 14, 14).body())
        words = [sys.executable, "-c", _PROGRAM, str(zone.root), str(tmp_path / "cache"), hub.endpoint]
        kills = 0
        while newest(zone, "fetch") is None:
            assert kills < 60
            process = subprocess.Popen(words, cwd=Path(__file__).parents[3])
            # Long enough to begin, seldom long enough to end; and longer each time, so that it ends some day.
            _wait_for_work(process, tmp_path, pick.uniform(0.02, 0.3) * (1 + kills / 5))
            process.kill()
            process.wait()
            kills += 1
    assert kills > 2
    run = newest(zone, "fetch")
    found = list(envelopes(run))
    assert sorted(one.key for one in found) == sorted(commits) and len(zone.runs("probe-fetch")) == 1
    for one in found:
        facts = json.loads(one.body)
        assert facts["state"] == "done" and facts["code"] is None
        folder = tmp_path / "cache" / f"models--{one.key.replace('/', '--')}" / "snapshots" / commits[one.key]
        for path, body in models[one.key.partition("/")[2]].items():
            assert (folder / path).read_bytes() == body
            (row,) = [row for row in facts["downloads"] if row["path"] == path]
            assert row["verified"] and row["sha256"] == hashlib.sha256(body).hexdigest()


def _wait_for_work(process: subprocess.Popen[bytes], tmp_path: Path, seconds: float) -> None:
    """Wait until the process has begun to fetch something new, and then so many seconds more."""
    before = sum(1 for _ in (tmp_path / "cache").rglob("*"))
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        if sum(1 for _ in (tmp_path / "cache").rglob("*")) != before:
            break
        time.sleep(0.01)
    time.sleep(seconds)
