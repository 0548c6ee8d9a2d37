"""What a child must not do, tried through Python and past it; and what it must still be able to do."""

from __future__ import annotations

import os
import platform
import socket
import sys

import pytest

from probe.sandbox import Limits, call, protections

LIMITS = Limits(seconds=30, memory=512 << 20)
WHOLE = sys.platform == "linux" and platform.machine() == "x86_64"


def test_reads_what_it_was_given_and_nothing_else(faults, tmp_path):
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "config.json").write_text("{}")
    (tmp_path / "secret").write_text("token")
    (tmp_path / "given" / "way-out").symlink_to(tmp_path / "secret")
    given = [tmp_path / "given"]

    def read(path):
        return call(f"{faults}:reads", {"path": str(path)}, limits=LIMITS, readable=given)

    assert read(tmp_path / "given" / "config.json").value == "{}"
    for path in (tmp_path / "secret", tmp_path / "given" / "way-out", tmp_path / "given" / ".." / "secret"):
        outcome = read(path)
        assert outcome.state == "failed" and "PermissionError" in outcome.reason


def test_reads_a_snapshot_whose_files_are_links(faults, tmp_path):
    """As huggingface_hub lays its cache out: the files of a commit are links to blobs."""
    repository = tmp_path / "models--o--m"
    snapshot = repository / "snapshots" / ("c" * 40)
    snapshot.mkdir(parents=True)
    (repository / "blobs").mkdir()
    (repository / "blobs" / "abc").write_text("weights")
    (repository / "refs").write_text("elsewhere")
    (snapshot / "model.bin").symlink_to("../../blobs/abc")
    (snapshot / "way-out").symlink_to("../../refs")

    def read(name):
        return call(f"{faults}:reads", {"path": str(snapshot / name)}, limits=LIMITS, readable=[snapshot])

    assert read("model.bin").value == "weights"
    assert "PermissionError" in read("way-out").reason


def test_writes_its_scratch_folder_and_what_it_was_given(faults, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "model.bin").write_text("weights")

    def write(path):
        return call(
            f"{faults}:writes",
            {"path": str(path)},
            limits=LIMITS,
            readable=[tmp_path / "given"],
            writable=tmp_path / "out",
        )

    assert write("here").value == "written"
    assert write(tmp_path / "out" / "there").value == "written" and (tmp_path / "out" / "there").exists()
    for path in (tmp_path / "elsewhere", tmp_path / "given" / "model.bin", tmp_path / "given" / "more"):
        assert "PermissionError" in write(path).reason
    assert (tmp_path / "given" / "model.bin").read_text() == "weights" and not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("fault", ["forks", "runs", "unpickles"])
def test_starts_nothing_and_unpickles_nothing(faults, fault):
    outcome = call(f"{faults}:{fault}", {}, limits=LIMITS)
    assert outcome.state == "failed" and "sandbox refuses" in outcome.reason


def test_reaches_nobody(faults):
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0.2)
        outcome = call(f"{faults}:connects", {"port": door.getsockname()[1]}, limits=LIMITS)
        assert outcome.state == "failed"
        with pytest.raises(TimeoutError):
            door.accept()


def test_loads_no_library_out_of_untrusted_files(faults, tmp_path):
    (tmp_path / "libevil.so").write_bytes(b"\x7fELF")
    outcome = call(f"{faults}:imports_library", {"path": str(tmp_path / "libevil.so")}, readable=[tmp_path])
    assert "sandbox refuses to load a library" in outcome.reason


@pytest.mark.skipif(not WHOLE, reason="the kernel's own protections are those of Linux on x86_64 here")
def test_native_code_meets_the_kernel(faults, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("token")
    arguments = {"secret": str(secret), "target": str(tmp_path / "new"), "pid": os.getpid()}
    outcome = call(f"{faults}:native", arguments, limits=LIMITS)
    if outcome.lacking:
        pytest.skip(f"this machine lacks {outcome.lacking}")
    assert {name for name, number in outcome.value.items() if number == 0} == set()
    assert secret.read_text() == "token"


def test_every_protection_is_tried_and_told():
    found = {one.name: one for one in protections()}
    assert {"network", "reading other files", "writing other files", "new processes", "programs"} <= set(found)
    assert all(one.detail for one in found.values())
    if WHOLE and not [one for one in found.values() if one.detail.startswith("[Errno")]:
        assert all(one.given for one in found.values()), found


def test_a_protection_that_is_not_there_is_told(faults, monkeypatch):
    """On a kernel without Landlock Python's own fence still stands, and the outcome says what is lacking."""
    import subprocess
    from pathlib import Path

    program = f"""
import json, os, pathlib, sys
from probe.sandbox import confine, landlock, seccomp
def none(*words, **more): raise OSError(38, "Function not implemented")
landlock.confine = seccomp.confine = none
scratch = pathlib.Path(sys.argv[1])
bounds = confine.Bounds(scratch, (), (), (pathlib.Path({str(Path(__file__).parents[3])!r}),), 1 << 30, 1 << 20, 60)
missing = confine.confine(bounds)
seen = []
for path, mode in ((sys.argv[2], "r"), (sys.argv[2], "w"), (str(scratch / "mine"), "w")):
    try:
        open(path, mode).close(); seen.append("open")
    except PermissionError:
        seen.append("refused")
os.write(1, json.dumps([missing, seen]).encode())
"""
    import json
    import tempfile

    with tempfile.TemporaryDirectory() as scratch, tempfile.NamedTemporaryFile() as secret:
        done = subprocess.run(
            [sys.executable, "-c", program, scratch, secret.name],
            capture_output=True,
            cwd=Path(__file__).parents[3],
            check=True,
        )
    missing, seen = json.loads(done.stdout)
    assert seen == ["refused", "refused", "open"]
    if sys.platform == "linux":
        assert any(line.startswith("read-only files") for line in missing)
        assert any(line.startswith("system calls") for line in missing)
