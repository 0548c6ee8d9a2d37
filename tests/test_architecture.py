"""The arrows between the rooms go one way, and no room grows out of sight."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("hubcensus", "landing", "crawler", "warehouse", "analyses", "probe", "simhub")
MAY_IMPORT = {
    "hubcensus": set(ROOMS),
    "landing": {"landing"},
    "crawler": {"crawler", "landing"},
    "probe": {"probe", "landing"},
    "warehouse": {"warehouse", "landing"},
    "analyses": {"analyses", "warehouse", "landing"},
    "simhub": {"simhub"},
}
NETWORK = {"requests", "urllib", "urllib3", "http", "socket", "httpx", "httpx2", "huggingface_hub"}
FORBIDDEN = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
FILES = [(room, path) for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_go_one_way(room):
    for _, path in (entry for entry in FILES if entry[0] == room):
        ours = {name for name in imports(path) if name.split(".")[0] in ROOMS}
        assert {name.split(".")[0] for name in ours} <= MAY_IMPORT[room], path
        if room == "analyses":
            reading = {name for name in ours if name.startswith("warehouse.")}
            assert all(name.startswith("warehouse.reader") for name in reading), path


def test_the_warehouse_never_speaks_http():
    for room, path in FILES:
        if room in ("warehouse", "analyses", "landing"):
            assert not {name.split(".")[0] for name in imports(path)} & NETWORK, path


def test_nothing_unpickles_or_evaluates():
    for _, path in FILES:
        assert not {name.split(".")[0] for name in imports(path)} & FORBIDDEN, path
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                if isinstance(node.func, ast.Name):
                    assert node.func.id not in ("eval", "exec"), path
                assert not any(word.arg == "shell" for word in node.keywords), path


def test_files_and_functions_stay_in_sight():
    for _, path in FILES:
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 500, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                assert (node.end_lineno or 0) - node.lineno < 80, (path, node.name)


def test_every_module_says_what_it_is():
    for _, path in FILES:
        if path.read_text(encoding="utf-8").strip():
            assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path
