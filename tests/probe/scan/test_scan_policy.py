"""The lists: what beats what, and that none of their lines is dead."""

from __future__ import annotations

import csv
import importlib.util
import re
from pathlib import Path

import pytest

from probe.scan import policy
from probe.scan.policy import canonical, ruling

FOLDER = Path(policy.__file__).parent


@pytest.mark.parametrize(
    ("module", "name", "level"),
    [
        ("uuid", "UUID", "pure"),
        ("uuid", "getnode", "danger"),
        ("zoneinfo", "ZoneInfo._unpickle", "pure"),
        ("zoneinfo", "ZoneInfo.other", "danger"),
        ("sklearn.linear_model._base", "LinearRegression", "pure"),
        ("sklearn.linear_model._base", "make_dataset", "unlisted"),
        ("sklearn.datasets._base", "load_files", "danger"),
        ("torch._utils", "_rebuild_tensor_v2", "pure"),
        ("torch._utils", "_rebuild_anything", "unlisted"),
        ("torch._utils", "_import_dotted_name", "danger"),
        ("torch.nn.modules.conv", "Conv2d", "class"),
        ("torch.nn.modules.conv", "Conv2d.forward", "danger"),
        ("__torch__.torch.nn.modules.linear.___torch_mangle_0", "Linear", "pure"),
        ("stranger", "Model", "unlisted"),
        ("stranger", "Outer.Inner", "unlisted"),
        ("stranger", "Outer.method", "review"),
        ("stranger", "os.system", "danger"),
        ("stranger", "__builtins__", "danger"),
        ("stranger", "exec", "danger"),
        ("", "x", "review"),
        ("a..b", "x", "review"),
    ],
)
def test_ruling(module, name, level):
    assert ruling(module, name).level == level


def test_old_names_mean_what_they_meant():
    assert canonical("__builtin__", "set", 2) == ("builtins", "set")
    assert canonical("copy_reg", "_reconstructor", 0) == ("copyreg", "_reconstructor")
    assert canonical("__builtin__", "set", 4) == ("__builtin__", "set")
    assert canonical("numpy._core.multiarray", "_reconstruct", 4)[0] == "numpy.core.multiarray"


@pytest.mark.parametrize("table", ["allow.csv", "deny.csv"])
def test_every_line_is_well_formed_and_says_why(table):
    with (FOLDER / table).open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    levels = {"allow.csv": {"pure", "class"}, "deny.csv": {"danger", "review"}}[table]
    for row in rows:
        assert row["level"] in levels
        assert row["why"].strip() and row["modules"].split() and row["names"].split()
        for word in row["names"].split():
            if word.startswith("re:"):
                re.compile(word[3:])
            assert table == "deny.csv" or word != "*"


def test_allowances_are_exact():
    """No allowed family reaches functions: only names in full, classes, or patterns that are anchored."""
    with (FOLDER / "allow.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    for row in rows:
        for word in row["names"].split():
            if word.startswith("re:") and not row["modules"].startswith("__torch__"):
                assert word not in ("re:.*", r"re:\w+"), row


def test_no_standard_module_that_runs_code_is_left_out():
    """Functions of the standard library that are on no list are flagged as soon as they are called."""
    from scan_corpus import run

    from probe.scan import scan_bytes

    for module in ("tomllib", "calendar", "statistics", "heapq", "ast", "gettext"):
        if importlib.util.find_spec(module):
            assert scan_bytes(run(module, "anything")).verdict in ("suspicious", "dangerous"), module
