"""The other scanners: verdicts through a child, its death and its silence, and the table of disagreements."""

import json
import os
import subprocess
import sys
import time

import pytest
from format_samples import write

from landing.errors import UsageError
from probe.finding import FileReport, Finding, Severity
from probe.scan.others import TOOLS, compare, disagreements, hub_verdicts
from probe.scan.others import compare as package_compare
from probe.scan.others.compare import VARIABLE, VERDICTS

#: Protocol 0: calls os.system("true"), never loaded here.
SYSTEM = b"cos\nsystem\n(S'true'\ntR."
#: Protocol 2: an empty dictionary.
PLAIN = b"\x80\x02}q\x00."

STAND_IN = """
import os, sys, time
def version():
    {start}
    return "1.2"
def judge(path):
    name = os.path.basename(path)
    if name == "sleep": time.sleep(60)
    if name == "die": os.kill(os.getpid(), 9)
    if name == "leave": os._exit(3)
    if name == "eat": x = bytearray(8 << 30); return "clean", str(len(x))
    if name == "raise": raise ValueError("bad\\nfile")
    if name == "loud": print("noise " * 10000); os.write(1, b"more"); return "clean", ""
    if name == "odd": return "wonderful", ""
    if name == "long": return "clean", "x" * 10_000_000
    if name == "fork":
        if os.fork() == 0: time.sleep(60)
        return "clean", ""
    return "clean", name
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """The same machinery with a tool of our own in place of picklescan."""
    import importlib

    module = importlib.import_module("probe.scan.others.compare")
    folder = tmp_path / "tools"
    child = (module.Path(module.__file__).with_name("child.py")).read_text()

    def make(start="pass"):
        write(folder, "child.py", child)
        write(folder, "picklescan.py", STAND_IN.format(start=start))
        monkeypatch.setattr(module, "__file__", str(folder / "compare.py"))

    return make


def ask(tmp_path, *names, seconds=6.0):
    paths = [write(tmp_path / "files", name, b"x") for name in names]
    return [(row["verdict"], row["detail"]) for row in compare(paths, ["picklescan"], seconds)]


def test_a_file_that_kills_or_stalls_the_tool_costs_one_error(stand_in, tmp_path):
    stand_in()
    began = time.monotonic()
    rows = ask(
        tmp_path, "a", "sleep", "b", "die", "c", "leave", "d", "raise", "e", "loud", "f", "odd", "g", "fork", "h"
    )
    assert time.monotonic() - began < 120
    said = dict(
        zip(
            ["a", "sleep", "b", "die", "c", "leave", "d", "raise", "e", "loud", "f", "odd", "g", "fork", "h"],
            rows,
            strict=True,
        )
    )
    assert all(said[name] == ("clean", name) for name in "abcdefgh")
    assert said["sleep"] == ("error", "not finished within 6 seconds")
    assert said["die"] == ("error", "killed by SIGKILL")
    assert said["leave"] == ("error", "ended with exit code 3")
    assert said["raise"] == ("error", "ValueError: bad\nfile")
    assert said["odd"] == ("error", "its answer is no verdict")
    assert said["loud"] == said["fork"] == ("clean", "")


def test_memory_is_limited_and_answers_are_clipped(stand_in, tmp_path):
    stand_in()
    (eaten, long) = ask(tmp_path, "eat", "long", seconds=60)
    assert eaten == ("error", "out of memory")
    assert long[0] == "clean" and len(long[1]) == 2000


@pytest.mark.parametrize(
    ("start", "verdict"),
    [
        ("import no_such_module_at_all", "not-installed"),
        ("raise RuntimeError('x')", "error"),
        ("os._exit(1)", "error"),
    ],
)
def test_a_tool_that_is_not_there_or_does_not_start(stand_in, tmp_path, start, verdict):
    stand_in(start)
    rows = ask(tmp_path, "a", "b")
    assert [row[0] for row in rows] == [verdict, verdict]
    assert rows[0][1]


def test_rows_are_complete_and_a_missing_file_is_an_error(tmp_path):
    good = write(tmp_path, "good.pkl", PLAIN)
    rows = compare([good, tmp_path / "gone.pkl"], seconds=60)
    assert len(rows) == 2 * len(TOOLS)
    for row in rows:
        assert set(row) == {"path", "sha256", "tool", "version", "verdict", "detail"}
        assert row["verdict"] in VERDICTS
    for row in rows[1::2]:
        assert row["sha256"] is None and row["verdict"] in ("error", "not-installed", "skipped")


def test_wrong_use_is_one_sentence(tmp_path):
    with pytest.raises(UsageError, match="no scanner 'x'"):
        compare([], ["x"])
    with pytest.raises(UsageError, match=VARIABLE):
        compare([], python=tmp_path / "no-python")


@pytest.mark.parametrize("tool", TOOLS)
def test_the_real_tools(tool, tmp_path):
    python = os.environ.get(VARIABLE, sys.executable)
    found = subprocess.run([python, "-c", f"import {tool}"], capture_output=True)
    if found.returncode:
        pytest.skip(f"{tool} is not installed in {python}; name another environment with {VARIABLE}")
    paths = [
        write(tmp_path, "bad.pkl", SYSTEM),
        write(tmp_path, "good.pkl", PLAIN),
        write(tmp_path, "x.txt", b"# words\n"),
    ]
    rows = compare(paths, [tool], python=python)
    assert rows[0]["verdict"] == "dangerous" and "system" in rows[0]["detail"]
    assert rows[1]["verdict"] == "clean"
    assert rows[2]["verdict"] in ("skipped", "error", "clean")
    assert all(row["version"] for row in rows)


def test_the_hubs_own_words():
    status = {
        "status": "unsafe",
        "pickleImportScan": {
            "status": "unsafe",
            "version": "0.0.32",
            "pickleImports": [{"module": "posix", "name": "system", "safety": "dangerous"}, "odd"],
        },
        "avScan": {"status": "safe", "message": "No security issues detected"},
        "jFrogScan": {"status": "queued"},
        "protectAiScan": {"status": "some new word"},
        "virusTotalScan": None,
    }
    rows = {row["tool"]: row for row in hub_verdicts("m.bin", status, "ab")}
    assert {tool: row["verdict"] for tool, row in rows.items()} == {
        "hub": "dangerous",
        "hub/pickleImportScan": "dangerous",
        "hub/avScan": "clean",
        "hub/jFrogScan": "skipped",
        "hub/protectAiScan": "error",
    }
    assert "posix.system" in rows["hub/pickleImportScan"]["detail"]
    old = hub_verdicts("m.bin", {"safe": False, "avScan": {"virusFound": True}})
    assert [row["verdict"] for row in old] == ["dangerous", "dangerous"]
    assert hub_verdicts("m.bin", {})[0]["verdict"] == "skipped"


def report(path, verdict, sha256="1" * 64):
    levels = {"clean": Severity.NOTE, "dangerous": Severity.DANGEROUS, "error": Severity.ERROR}
    return FileReport(path, sha256, 1, [Finding("rule", levels[verdict], "m", path)])


def other(path, tool, verdict, sha256="1" * 64):
    return {"path": path, "sha256": sha256, "tool": tool, "version": "1", "verdict": verdict, "detail": ""}


def test_disagreements_by_blob():
    rows = disagreements(
        [report("a", "dangerous"), report("copy-of-a", "dangerous"), report("b", "clean", "2" * 64),
         report("c", "clean", None), report("d", "clean", "4" * 64), report("e", "error", "5" * 64)],
        [other("a", "picklescan", "clean"), other("copy-of-a", "modelscan", "skipped"),
         other("b", "picklescan", "dangerous", "2" * 64), other("c", "picklescan", "suspicious", None),
         other("d", "picklescan", "unlisted", "4" * 64), other("e", "picklescan", "dangerous", "5" * 64),
         other("nobody asked", "picklescan", "dangerous", "9" * 64)],
    )  # fmt: skip
    assert [row["path"] for row in rows] == ["b", "c", "a"]
    missed, also, ours = rows
    assert missed["missed"] and missed["ours"] == "clean" and missed["picklescan"] == "dangerous"
    assert also["missed"] and also["flagged_by"] == ["picklescan"]
    assert ours["only_us"] and ours["paths"] == ["a", "copy-of-a"] and ours["modelscan"] == "skipped"
    assert ours["rules"] == ["rule"]
    assert json.dumps(rows)


def test_agreement_and_silence_are_no_disagreement():
    reports = [report("a", "clean")]
    assert disagreements(reports, [other("a", "x", "clean"), other("a", "y", "error")]) == []
    assert len(disagreements(reports, [], everything=True)) == 1
    assert package_compare is compare
