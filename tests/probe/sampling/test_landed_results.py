"""Results land whole or not at all; a run that was cut off is taken up, and nothing is doubled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from landing import Zone
from probe.examination import Examination
from probe.landed import Results, envelopes, environment, examined, newest

TOOL = "hubcensus-scan/1"


def results(zone, **options):
    return Results(zone, "scan", tool=TOOL, program="test", **({"config": {"sample": "s"}} | options))


def examination(number, **facts):
    return Examination("huggingface", f"o/m{number}", "c" * 40, "scan", TOOL, **facts)


def keys(zone):
    return [one.key for run in zone.finished("probe-scan") for one in envelopes(run)]


def test_what_is_put_is_read_back(tmp_path):
    zone = Zone(tmp_path)
    files = [{"path": "a.bin", "verdict": "dangerous", "findings": []}]
    with results(zone) as out:
        out.put(examination(1, files=files))
        out.put(examination(2, state="timeout"))
    assert out.manifest.state == "complete"
    assert out.manifest.counts["dangerous"] == 1 and out.manifest.counts["state timeout"] == 1
    (first, _) = envelopes(newest(zone, "scan"))
    assert json.loads(first.body)["files"] == files
    # One that was stopped is examined again by the next run.
    assert examined(zone, "scan", TOOL) == {("o/m1", "c" * 40)}
    assert examined(zone, "scan", "hubcensus-scan/2") == set()


def test_an_error_leaves_a_run_that_is_taken_up(tmp_path):
    zone = Zone(tmp_path)
    with pytest.raises(KeyboardInterrupt), results(zone) as out:
        out.put(examination(1))
        raise KeyboardInterrupt
    with results(zone) as out:
        assert out.done("o/m1", "c" * 40) and not out.done("o/m2", "c" * 40)
        out.put(examination(2))
    assert keys(zone) == ["o/m1", "o/m2"] and out.manifest.counts["examined"] == 2


def test_another_configuration_seals_what_there_is(tmp_path):
    zone = Zone(tmp_path)
    with pytest.raises(KeyboardInterrupt), results(zone) as out:
        out.put(examination(1))
        raise KeyboardInterrupt
    with results(zone, config={"sample": "another"}) as out:
        assert not out.done("o/m1", "c" * 40)
        out.put(examination(2))
    assert sorted(keys(zone)) == ["o/m1", "o/m2"]


def test_fresh_gives_the_unfinished_run_up(tmp_path):
    zone = Zone(tmp_path)
    with pytest.raises(KeyboardInterrupt), results(zone) as out:
        out.put(examination(1))
        raise KeyboardInterrupt
    with results(zone, fresh=True) as out:
        out.put(examination(2))
    assert keys(zone) == ["o/m2"]


def test_a_failure_makes_it_partial(tmp_path):
    with results(Zone(tmp_path)) as out:
        out.fail("o/m1", "its files are gone")
    assert out.manifest.state == "partial" and out.manifest.failures[0]["reason"] == "its files are gone"


_CHILD = """
import sys, time
from landing import Zone
from pathlib import Path
import probe.landed as landed
from probe.examination import Examination
landed._BUNDLE = 3
with landed.Results(Zone(Path(sys.argv[1])), "scan", tool="t", program="p", config={}) as out:
    for number in range(1000):
        if not out.done(f"o/m{number}", None):
            out.put(Examination("h", f"o/m{number}", None, "scan", "t"))
            print(number, flush=True)
            time.sleep(0.002)
"""


def test_a_kill_loses_nothing_that_landed_and_doubles_nothing(tmp_path):
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", _CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(7):
            child.stdout.readline()
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        time.sleep(0.05)
    subprocess.run([sys.executable, "-c", _CHILD, str(tmp_path)], check=True, stdout=subprocess.DEVNULL)
    found = [one.key for run in Zone(tmp_path).finished("probe-scan") for one in envelopes(run)]
    assert sorted(found) == sorted(f"o/m{number}" for number in range(1000))


def test_the_environment_names_what_examined():
    assert environment(device="cpu")["device"] == "cpu" and environment()["python"] == sys.version.split()[0]
