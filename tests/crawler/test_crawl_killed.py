"""Kills at random moments, each followed by the same command: nothing lost, nothing doubled."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

import pytest
from crawling import envelopes, ids, run_of

from landing import Run, Zone
from simhub import SimHub

SCRIPT = """
import sys
from pathlib import Path
from crawler.hubs import huggingface
from crawler.crawl import Options, crawl
from landing import Zone

huggingface.PAGE = 20
details = tuple(filter(None, sys.argv[3].split(",")))
limit = int(sys.argv[4]) or None
options = Options(endpoint=sys.argv[2], details=details, limit=limit)
crawl(Zone(Path(sys.argv[1])), "huggingface", options, program="test 1")
"""


def start(zone: Zone, endpoint: str, details: str, limit: int) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", SCRIPT, str(zone.root), endpoint, details, str(limit)]
    return subprocess.Popen(words, stderr=subprocess.PIPE)


@pytest.mark.slow
@pytest.mark.parametrize(("details", "limit"), [("", 0), ("cards,files", 200)])
def test_kills_lose_and_double_nothing(zone, population, details, limit):
    dice = random.Random(1)
    kills = 0
    with SimHub(population, latency=0.012) as hub:
        for _ in range(8):
            process = start(zone, hub.endpoint, details, limit)
            # Not in the middle of Python's own start, which has nothing to lose.
            deadline = time.monotonic() + 10
            landed = sum(len(list(run.parts())) for run in zone.runs())
            while time.monotonic() < deadline and process.poll() is None:
                if sum(len(list(run.parts())) for run in zone.runs()) > landed:
                    break
                time.sleep(0.01)
            time.sleep(dice.random() * 0.12)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
            process.wait()
            process.stderr.close()
            assert len(zone.runs()) == 1
            if zone.runs()[0].finished:
                break
        process = start(zone, hub.endpoint, details, limit)
        if not zone.finished():
            assert process.wait(60) == 0, process.stderr.read()
        else:
            process.kill()
            process.wait()
        process.stderr.close()
        assert kills >= 3
        run = zone.finished()[0]
        names = [part.path for part in run.parts()]
        assert len(names) == len(set(names)) and all(run.verify(part) for part in run.parts())
        seen = ids(run)
        assert len(seen) == len(set(seen))
        if details:
            trees = [row["key"] for row in envelopes(run, "tree")]
            cards = [row["key"] for row in envelopes(run, "card")]
            assert sorted(trees) == sorted(seen) and len(cards) == len(set(cards))
        else:
            assert set(seen) == set(hub.truth.ids())


def test_an_interrupted_crawl_says_how_to_go_on(zone, population):
    with SimHub(population, latency=0.05) as hub:
        words = [sys.executable, "-m", "hubcensus", "--home", str(zone.root.parent), "crawl", "huggingface"]
        process = subprocess.Popen([*words, "--endpoint", hub.endpoint, "--walks", "2"], stderr=subprocess.PIPE)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not any(list(run.parts()) for run in zone.runs()):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=20)
        assert b"Traceback" not in error
        assert process.returncode in (0, 130) and (process.returncode == 0 or b"same command again" in error)
        assert Run.read(zone.runs()[0].folder) and run_of(zone, zone.runs()[0].manifest)
