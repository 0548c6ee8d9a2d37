"""The report: one page that loads nothing, in which nothing that a hub said is markup."""

from __future__ import annotations

import csv
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from small_hub import HOSTILE

import analyses
from analyses import _style
from analyses._report import build, inert
from warehouse.reader import Reader


class Page(HTMLParser):
    """Collects tags, ids and links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def made(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    checks = [("names", f"A rule {HOSTILE}", 3, True), ("ids", "Another", 0, False)]
    with Reader(home / "warehouse.duckdb") as reader:
        report = build(reader, out, checks=checks)
    assert report.index == out / "index.html" and all(path.is_file() for path in report.files)
    return out


def test_page_is_self_contained_and_well_formed(made: Path) -> None:
    text = (made / "index.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in page.tags}
    sources = [
        value for _, attrs in page.tags for name, value in attrs.items() if name in ("src", "srcset", "href", "data")
    ]
    assert sources and all(value and value.startswith(("#", "data:image/svg+xml;base64,")) for value in sources)
    assert not re.search(r"@import|url\(", text)
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids)) and all(value[1:] in ids for value in sources if value and value[0] == "#")
    images = [attrs for tag, attrs in page.tags if tag == "img"]
    assert len(images) == len(analyses.names()) and all(len(attrs.get("alt") or "") > 20 for attrs in images)
    assert len(text) < 6_000_000


def test_what_a_hub_says_is_never_markup(made: Path) -> None:
    text = (made / "index.html").read_text(encoding="utf-8")
    assert HOSTILE not in text and "&lt;img src=x onerror=alert(1)&gt;" in text
    assert not any("onerror" in attrs for _, attrs in Page(text).tags)
    for figure in (made / "figures").glob("*.svg"):
        assert HOSTILE.encode() not in figure.read_bytes()


def test_every_number_lies_beside(made: Path) -> None:
    pictures = [len(list((made / "figures").glob(f"*.{kind}"))) for kind in ("png", "svg")]
    assert pictures == [len(analyses.names())] * 2
    with (made / "data" / "licence-licences.csv").open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert {row["licence_raw"]: row["models"] for row in rows}["mit"] == "3"
    assert not list(made.rglob("*.part"))


def test_csv_has_no_formulas(made: Path) -> None:
    for path in (made / "data").glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as handle:
            for row in csv.reader(handle):
                for value in row:
                    assert value[:1] not in "=+@\t\r" or value == "" or _number(value), (path.name, value)
    frame = inert(pd.DataFrame({"=a": ["=1+1", "+x", "plain", None], "n": [-1, 2, 3, 4]}))
    assert list(frame.columns) == ["'=a", "n"] and list(frame["'=a"][:3]) == ["'=1+1", "'+x", "plain"]
    assert list(frame["n"]) == [-1, 2, 3, 4]


def _number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def test_report_of_nothing_says_so(empty: Reader, tmp_path: Path) -> None:
    report = build(empty, tmp_path / "report")
    text = report.index.read_text(encoding="utf-8")
    assert "What this census cannot answer yet" in text and text.count("Not answered") == len(analyses.names())
    assert Page(text).open == []


def test_same_warehouse_same_figure(home: Path, made: Path) -> None:
    with Reader(home / "warehouse.duckdb") as reader:
        for name in ("licence", "popularity"):
            again = _style.svg(analyses.run(name, reader).figure())
            assert again == (made / "figures" / f"{name}.svg").read_bytes()


def test_labels_that_leave_no_room_make_the_figure_larger():
    with _style.style():
        made, (left, right) = _style.figure(2, height=1.0)
        for axes in (left, right):
            axes.set_yticks(range(3), ["x" * 90] * 3)
            axes.set(title="a\n\n\n", xlabel="x\n\n\n")
    before = made.get_size_inches()[0]
    assert _style.png(made)[1:4] == b"PNG"
    assert made.get_size_inches()[0] > before
