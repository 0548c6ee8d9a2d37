"""Walking, caps, faults: a run over anything on disk ends, and says of every file what it could tell."""

from __future__ import annotations

import multiprocessing
import os
import re
import socket
import sys
from collections.abc import Iterator
from typing import ClassVar

import pytest
from scan_corpus import OS4, PLAIN, torch_zip

from probe.finding import Finding, Rule, Severity
from probe.scan import Blob, Budget, Detector, engine, rules, scan


def verdicts(*paths, **options) -> dict[str, str]:
    return {os.path.basename(report.path): report.verdict for report in scan(paths, **options)}


def test_every_file_once_and_in_order(tmp_path):
    for name in ("b.pkl", "a/z.pt", "a/c.txt", "c/d/e.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(
            OS4 if name.endswith("pkl") else torch_zip(PLAIN) if name.endswith("pt") else b"{}"
        )
    reports = list(scan([tmp_path]))
    assert [os.path.relpath(report.path, tmp_path) for report in reports] == [
        "b.pkl",
        "a/c.txt",
        "a/z.pt",
        "c/d/e.json",
    ]
    assert [report.verdict for report in reports] == ["dangerous", "clean", "clean", "clean"]
    assert all(len(report.sha256) == 64 and report.size for report in reports)
    assert reports[2].formats[:1] == ["zip"] and reports[0].formats == ["pickle"]
    assert [report.path for report in scan(tmp_path / "b.pkl")] == [str(tmp_path / "b.pkl")]


def test_links(tmp_path):
    """A cache of models is made of links to files; folders are followed inside the root only, and never round."""
    (tmp_path / "blobs").mkdir()
    (tmp_path / "root" / "inner").mkdir(parents=True)
    (tmp_path / "blobs" / "0123").write_bytes(OS4)
    (tmp_path / "root" / "model.pkl").symlink_to("../blobs/0123")
    (tmp_path / "root" / "again.pkl").symlink_to("../blobs/0123")
    (tmp_path / "root" / "loop").symlink_to(".")
    (tmp_path / "root" / "inner" / "up").symlink_to("..")
    (tmp_path / "root" / "outside").symlink_to("../blobs")
    (tmp_path / "root" / "broken").symlink_to("nowhere")
    assert verdicts(tmp_path / "root") == {"again.pkl": "dangerous", "broken": "error", "model.pkl": "dangerous"}


def test_one_file_under_two_names_is_told_under_both(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "m.pkl").write_bytes(OS4)
    os.link(tmp_path / "a" / "m.pkl", tmp_path / "b" / "m.pkl")
    first, second = scan([tmp_path])
    assert [finding.rule for finding in first.findings] == [finding.rule for finding in second.findings]
    assert all(finding.where.startswith(str(tmp_path / "b")) for finding in second.findings)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes in folders")
def test_special_files_are_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.pkl")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        (tmp_path / "null").symlink_to("/dev/zero")
        found = {os.path.basename(report.path): report.findings[0].message for report in scan([tmp_path])}
    assert found == {
        "null": "a device: not opened",
        "pipe.pkl": "a pipe: not opened",
        "socket": "a socket: not opened",
    }


def test_what_cannot_be_read_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "a.pkl").write_bytes(OS4)
    assert verdicts(tmp_path / "missing", tmp_path / "a.pkl") == {"missing": "error", "a.pkl": "dangerous"}

    def refused(path, *_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(engine.os, "open", refused)
    (report,) = scan([tmp_path])
    assert (report.verdict, report.sha256, report.findings[0].message) == ("error", None, "Permission denied")


class Faulty(Detector):
    name = "faulty"
    rules: ClassVar = {"faulty-found": Rule("faulty-found", Severity.NOTE, "x")}

    def __init__(self, where: str) -> None:
        self.where = where

    def applies(self, blob: Blob) -> bool:
        if self.where == "applies":
            raise RuntimeError("hostile")
        return True

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        yield self.found("faulty-found", blob, "x")
        raise MemoryError


@pytest.mark.parametrize("where", ["applies", "inspect"])
def test_a_detector_that_raises_costs_one_finding(tmp_path, monkeypatch, where):
    known = engine.detectors()
    monkeypatch.setattr(engine, "detectors", lambda: (Faulty(where), *known))
    (tmp_path / "a.pkl").write_bytes(OS4)
    (tmp_path / "b.txt").write_bytes(b"hello")
    assert verdicts(tmp_path) == {"a.pkl": "dangerous", "b.txt": "error"}
    (failed,) = (one for report in scan([tmp_path / "b.txt"]) for one in report.findings if one.rule == "scan-failed")
    assert ("RuntimeError" if where == "applies" else "MemoryError") in failed.message


def test_a_detector_that_cannot_be_imported_is_told(tmp_path, monkeypatch):
    broken = engine._Broken("keras", ImportError("no such thing"))
    monkeypatch.setattr(engine, "detectors", lambda: (broken,))
    (tmp_path / "b.txt").write_bytes(b"hello")
    assert verdicts(tmp_path) == {"b.txt": "error"}


def test_several_processes_give_the_same(tmp_path):
    for number in range(70):
        (tmp_path / f"{number:03}.pkl").write_bytes(OS4 if number % 7 == 0 else PLAIN)
    alone = [(report.path, report.verdict, report.sha256) for report in scan([tmp_path])]
    shared = [(report.path, report.verdict, report.sha256) for report in scan([tmp_path], processes=2)]
    assert alone == shared and len(alone) == 70


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_that_dies_costs_its_file_only(tmp_path, monkeypatch):
    for number in range(6):
        (tmp_path / f"{number}.pkl").write_bytes(OS4 if number != 3 else b"die")
    real = engine._judge

    def deadly(blob, budget):
        if blob.data[:3] == b"die":
            os._exit(9)
        return real(blob, budget)

    # Forked processes inherit what is patched here.
    fork = multiprocessing.get_context("fork")
    monkeypatch.setattr(engine.multiprocessing, "get_context", lambda _: fork)
    monkeypatch.setattr(engine, "_judge", deadly)
    found = verdicts(tmp_path, processes=2)
    assert found.pop("3.pkl") == "error"
    assert set(found.values()) == {"dangerous"} and len(found) == 5


def test_findings_of_one_kind_are_capped(tmp_path):
    import io
    import zipfile

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(200):
            archive.writestr(f"../{number}", b"x")
    (tmp_path / "a.zip").write_bytes(made.getvalue())
    (report,) = scan([tmp_path])
    assert 0 < len([finding for finding in report.findings if finding.rule == "zip-slip"]) <= 50


def test_large_files_are_mapped(tmp_path):
    (tmp_path / "big.pkl").write_bytes(b"\x80\x04" + b"K\x01" * 500_000 + OS4[2:])
    (report,) = scan([tmp_path])
    assert report.verdict == "dangerous" and report.size > 1_000_000


def test_every_rule_has_an_id_of_its_detector_and_a_title():
    for rule, told in rules().items():
        assert rule == told.id and told.title
        assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", rule)


def test_importing_the_scan_imports_no_framework():
    import subprocess

    heavy = "{'torch', 'transformers', 'sklearn', 'scipy'}"
    code = f"import sys, probe.scan; probe.scan.rules(); print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
