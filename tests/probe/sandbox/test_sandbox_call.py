"""Whatever a child does, the parent gets an outcome, soon, and nothing is left behind."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from landing.errors import UsageError
from probe.sandbox import Limits, call

MIB = 1 << 20
SMALL = Limits(seconds=20, memory=256 * MIB, written=4 * MIB, answer=MIB)
HURRIED = Limits(seconds=1, memory=256 * MIB, written=4 * MIB, answer=MIB)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def test_a_function_of_ours_answers(faults):
    outcome = call(f"{faults}:echo", {"words": ["ä", 1, None]}, limits=SMALL)
    assert (outcome.state, outcome.value, outcome.code) == ("done", {"words": ["ä", 1, None]}, None)
    assert 0 < outcome.wall_seconds < 20 and outcome.cpu_seconds < 20 and outcome.peak_bytes > MIB


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON)
def test_what_goes_in_comes_out(faults, value):
    assert call(f"{faults}:echo", {"value": value}, limits=SMALL).value == {"value": value}


@pytest.mark.parametrize(
    "name", ["os:system", "subprocess:run", "probe", "probe:", "probe.x:y.z", "probe.x:__", "../p:f"]
)
def test_only_our_functions_are_called(name):
    if name == "probe.x:__":
        assert call(name, {}, limits=SMALL).state == "failed"  # ours by its name, but not there
        return
    with pytest.raises(UsageError):
        call(name, {})


@pytest.mark.parametrize(
    ("fault", "arguments", "state", "word"),
    [
        ("refuses", {}, "refused", "a header of 10 GB"),
        ("raises", {}, "failed", "LookupError: nothing there"),
        ("leaves", {}, "failed", "no answer"),
        ("leaves_at_once", {}, "failed", "no answer"),
        ("crashes", {}, "killed", "SIGSEGV"),
        ("killed", {}, "killed", "SIGKILL"),
        ("closes_everything", {}, "failed", "no answer"),
        ("recurses", {}, "failed", "RecursionError"),
        ("no_number", {}, "failed", "JSON"),
        ("nests", {"deep": 100_000}, "failed", "RecursionError"),
        ("allocates", {"bytes": 1 << 40}, "memory", "memory"),
        ("allocates", {"bytes": 1 << 30}, "memory", "memory"),
        ("creeps", {}, "memory", "memory"),
        ("answers_much", {"bytes": 2 * MIB}, "flooded", "an answer of"),
        ("never_ends", {}, "flooded", "more than"),
        ("floods_the_pipe", {}, "flooded", "more than"),
        ("writes_much", {"blocks": 8}, "flooded", "more was written"),
        ("writes_many", {}, "flooded", "wrote more"),
        ("starts_threads", {}, "failed", "thread"),
        ("lies", {"bytes": "\x00\x00\x00\x02{}"}, "failed", "no answer"),
        ("lies", {"bytes": "\x00\x00\x00\x02[]\x00\x00\x00\x02[]"}, "failed", "no answer"),
        ("lies", {"bytes": '\x00\x00\x00\x10{"state":"done"}\x7f\x00\x00\x00'}, "failed", "no answer"),
        ("lies", {"bytes": "[" * 400_000}, "failed", "no answer"),
    ],
)
def test_every_end_is_an_outcome(faults, fault, arguments, state, word):
    begun = time.monotonic()
    outcome = call(f"{faults}:{fault}", arguments, limits=SMALL)
    assert (outcome.state, outcome.value) == (state, None) and word in outcome.reason
    assert outcome.code == ("TOO_LARGE" if fault == "refuses" else None)
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("fault", ["spins", "stops_itself", "ignores_signals"])
def test_time_is_limited_whatever_the_child_does(faults, fault):
    begun = time.monotonic()
    outcome = call(f"{faults}:{fault}", {}, limits=HURRIED)
    assert (outcome.state, outcome.code) == ("timeout", "TIMEOUT")
    assert 1 <= time.monotonic() - begun < 8


def test_a_child_that_broke_leaves_the_next_one_alone(faults):
    for fault in ("crashes", "closes_everything", "floods_the_pipe", "lies"):
        call(f"{faults}:{fault}", {"bytes": "x"}, limits=SMALL)
        assert call(f"{faults}:echo", {"after": fault}, limits=SMALL).value == {"after": fault}


def test_scratch_is_deleted_and_the_environment_is_scrubbed(faults, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    outcome = call(f"{faults}:about", {}, limits=SMALL)
    told = outcome.value
    assert "hf_secret" not in str(told) and told["isolated"] == 1
    assert told["environment"]["HF_HUB_OFFLINE"] == "1" and told["environment"]["HOME"] == told["folder"]
    assert told["folder"].startswith(tempfile.gettempdir()) and not Path(told["folder"]).exists()
    again = call(f"{faults}:about", {}, limits=SMALL).value
    assert again["pid"] != told["pid"] and again["folder"] != told["folder"]


def test_calls_side_by_side(faults):
    answers: dict[int, object] = {}

    def one(number: int) -> None:
        answers[number] = call(f"{faults}:echo", {"number": number}, limits=SMALL).value

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: {"number": number} for number in range(6)}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_outlives_a_killed_parent(faults, tmp_path):
    """The parent is killed in the middle of a call: its mother process and the child go too."""
    import signal
    import subprocess

    note = tmp_path / "pid"
    program = f"""
import importlib, pathlib
module = importlib.import_module("probe.sandbox.call")
module._OURS, module._FOLDERS = ("sandbox_faults",), (pathlib.Path({str(Path(__file__).parent)!r}),)
module.call("sandbox_faults:sleeps", {{"note": {str(note)!r}}}, writable=pathlib.Path({str(tmp_path)!r}))
"""
    (tmp_path / "scratch").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "scratch")}
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[3], env=environment)
    try:
        until = time.monotonic() + 30
        while not (note.exists() and note.read_text()) and time.monotonic() < until:
            time.sleep(0.05)
        child = int(note.read_text())
        mother = int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])
        parent.send_signal(signal.SIGKILL)
    finally:
        parent.kill()
        parent.wait()
    until = time.monotonic() + 10
    while any(_alive(pid) for pid in (child, mother)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _alive(child) and not _alive(mother) and not list((tmp_path / "scratch").iterdir())


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def test_a_mother_that_was_killed_is_replaced(faults):
    import importlib

    module = importlib.import_module("probe.sandbox.call")
    assert call(f"{faults}:echo", {}, limits=SMALL).state == "done"
    for mother in module._idle:
        os.kill(mother.process.pid, 9)
    time.sleep(0.1)
    assert call(f"{faults}:echo", {}, limits=SMALL).state == "done"
