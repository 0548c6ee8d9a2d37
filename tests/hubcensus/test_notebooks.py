"""The notebooks are committed without outputs, and run from top to bottom: on the demo, and on the real dumps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup
from real_census import needs_dumps

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
STUDIES = [path for path in NOTEBOOKS if "census.compare(" in path.read_text(encoding="utf-8")]


def run(path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[Any]:
    """The outputs of a notebook on a census."""
    from nbclient import NotebookClient

    monkeypatch.setenv("HUBCENSUS_HOME", str(home))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    book = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(folder)}}
    NotebookClient(book, timeout=300, kernel_name="python3", resources=where).execute()
    outputs: list[Any] = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "stream" and output.name == "stderr"]
    return outputs


def compared(outputs: list[Any]) -> list[dict[str, str]]:
    """The rows of the table *published, ours, why different* of a notebook."""
    for page in (output["data"]["text/html"] for output in outputs if "text/html" in output.get("data", {})):
        header, *rows = BeautifulSoup(page, "html.parser").find_all("tr")
        names = [cell.get_text() for cell in header.find_all("th")][1:]
        if {"published", "ours", "why different"} <= set(names):
            cells = ([cell.get_text() for cell in row.find_all("td")] for row in rows)
            return [dict(zip(names, row, strict=True)) for row in cells]
    raise AssertionError("no table of what is published and ours")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_without_outputs(path: Path) -> None:
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    for cell in book.cells:
        assert cell.cell_type != "code" or (cell.outputs == [] and cell.execution_count is None)
    assert book.cells[0].cell_type == "markdown"


def test_there_is_one_for_every_study() -> None:
    assert {"icse23", "ptmtorrent", "peatmoss", "saner24", "esem24"} <= {path.stem for path in STUDIES}


@pytest.mark.slow
@pytest.mark.xdist_group("demo")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_on_the_demo(path: Path, demo: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    outputs = run(path, Path(demo["home"]), monkeypatch, tmp_path)
    if path in STUDIES:
        assert all(row["why different"] for row in compared(outputs))
        assert any("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.slow
@pytest.mark.shared
@needs_dumps
@pytest.mark.xdist_group("real")
@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_runs_on_the_real_dumps(path: Path, real_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert all(row["why different"] for row in compared(run(path, real_home, monkeypatch, tmp_path)))
