"""SIGKILL at random points of the downstream stages, each followed by a re-run: nothing lost, nothing doubled.

``HUBCENSUS_KILLS`` says how many kills (default: a few, so that the suite stays quick).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from downstream.forge import landed

from landing import Zone
from simhub.api import SimApi
from simhub.github.app import GitHub
from simhub.github.population import invent

KILLS = int(os.environ.get("HUBCENSUS_KILLS", "8"))
WORDS = {"discover": ("--library", "transformers"), "fetch": ("--with", "issues"), "mine": ("--processes", "2")}


def start(home: Path, endpoint: str, stage: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "hubcensus", "--home", str(home), "downstream", stage, *WORDS[stage]]
    environment = {**os.environ, "HUBCENSUS_ENDPOINT_GITHUB": endpoint, "GITHUB_TOKEN": "simulated"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def killed(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Kill the process after ``seconds``; whether it was still at work. Its helpers end with it."""
    try:
        assert process.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        helpers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        process.wait()
        _, there = psutil.wait_procs(helpers, timeout=20)
        assert not there, [helper.cmdline() for helper in there]
        return True
    return False


@pytest.mark.timeout(3000)
def test_stages_survive_kills(tmp_path):
    chance = random.Random(3)
    slow = {"bomb", "huge", "crowd", "cut"}
    population = [one for one in invent(260, 9) if not slow & set(one.hostile)]
    kills = 0
    with SimApi(GitHub(population)) as hub:
        for stage in WORDS:
            begun = time.monotonic()
            assert start(tmp_path / "whole", hub.endpoint, stage).wait(300) == 0
            whole = time.monotonic() - begun
            done = 0
            while killed(start(tmp_path / "cut", hub.endpoint, stage), chance.uniform(0.3, 1.1 * whole)):
                done += 1
                if Zone(tmp_path / "cut" / "landing").finished(f"downstream-{stage}"):
                    # Killed on its way out: the run was sealed, and another one would begin anew.
                    break
                if done >= -(-KILLS // 3):
                    assert start(tmp_path / "cut", hub.endpoint, stage).wait(300) == 0
                    break
            kills += done
            assert landed(tmp_path / "cut", stage) == landed(tmp_path / "whole", stage)
    assert kills
