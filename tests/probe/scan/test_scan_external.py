"""Other projects' specimens, where they lie on this machine: HUBCENSUS_SCAN_CORPORA names a folder with
``picklescan/tests/data``, ``picklescan/tests/data2`` and ``modelaudit/tests/assets``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from probe.scan import scan

ROOT = Path(os.environ.get("HUBCENSUS_SCAN_CORPORA", "nowhere"))
FLAGGED = ("suspicious", "dangerous")
#: Of picklescan's 109 files, those that its own tests expect nothing of.
HARMLESS = {
    "benign0_v0.pkl", "benign0_v3.pkl", "benign0_v4.pkl", "benign_password_protected.zip", "new_pytorch_model.bin",
    "not_a_pickle.bin", "pytorch_model.bin", "int_array.npy", "int_arrays.npz", "int_arrays_compressed.npz",
    "object_array.npy", "object_arrays.npz", "object_arrays_compressed.npz",
}  # fmt: skip


@pytest.mark.skipif(not (ROOT / "picklescan").is_dir(), reason="HUBCENSUS_SCAN_CORPORA has no picklescan")
def test_specimens_of_picklescan():
    folder = ROOT / "picklescan" / "tests"
    flagged = {Path(one.path).name: one.verdict in FLAGGED for one in scan([folder / "data", folder / "data2"])}
    assert len(flagged) >= 109
    assert {name for name, is_flagged in flagged.items() if is_flagged} & HARMLESS == set()
    assert {name for name, is_flagged in flagged.items() if not is_flagged} <= HARMLESS


@pytest.mark.skipif(not (ROOT / "modelaudit").is_dir(), reason="HUBCENSUS_SCAN_CORPORA has no modelaudit")
def test_specimens_of_modelaudit():
    assets = ROOT / "modelaudit" / "tests" / "assets"
    folders = [
        assets / "exploits",
        assets / "pickles",
        assets / "samples" / "pickles",
        assets / "samples" / "pytorch",
    ]
    for report in scan(folders):
        name = Path(report.path).name
        if name.endswith((".pkl", ".pickle", ".pt")) and name != "simple_nested.pkl":
            # simple_nested.pkl holds a second pickle of plain data, and calls nothing.
            assert (report.verdict in FLAGGED) == (not name.startswith("safe")), (name, report.findings)
