"""PaddleHub: modules for PaddlePaddle.

**What it is.** The repository `PaddlePaddle/PaddleHub`, dormant: ``modules/<domain>/<task>/<name>`` with a
README in Chinese, one in English for some, each beginning with a table of facts (category, network, data set,
size, date, indicators) and ending with the history of releases.

**What it gives.** A model per module folder; both languages are read, English first. The folder is the task
word, the category as written is a tag.

**Limits and terms.** One archive by commit. The repository is under Apache-2.0; modules state no licence of
their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from crawler.tree import Malformed, ShapeError, Tree, github, papers, tables
from crawler.words import size

NAME = "paddlehub"
TITLE = "PaddleHub"
REPOSITORY = "PaddlePaddle/PaddleHub"
BRANCH = "develop"
GIVES = ("models", "cards")
PARSER = "paddlehub/1"
STATES = (
    *("task", "library", "architecture", "datasets", "papers", "tags", "storage_bytes", "last_modified", "releases"),
    *("claims", "links", "card", "description"),
)
_README = ("README_en.md", "README.md")
# The rows of the table, in both languages.
_ROWS = {
    "name": ("模型名称", "module name", "model name"),
    "category": ("类别", "category"),
    "network": ("网络", "network"),
    "dataset": ("数据集", "dataset"),
    "size": ("模型大小", "module size", "model size", "文件大小"),
    "date": ("最新更新日期", "latest update date"),
    "indicators": ("数据指标", "指标", "data indicators"),
}
_BY_NAME = {word: key for key, words in _ROWS.items() for word in words}
_INSTALL = re.compile(r"hub install ([\w.-]+)|hub\.Module\(\s*(?:directory|name)\s*=\s*['\"]([\w./-]+)['\"]")
_VERSION = re.compile(r"^\s*[*-]\s+(\d+\.\d+(?:\.\d+)?)\s*$\s*(?:^\s*(?:[-*]\s*)?(.*)$)?", re.MULTILINE)
_HISTORY = re.compile(r"^#+.*(?:更新历史|release note).*$", re.IGNORECASE | re.MULTILINE)
_INTRODUCTION = re.compile(
    r"^[-*#\s]*(?:模型介绍|module introduction|model introduction)\s*$(.{0,1500})", re.I | re.M | re.S
)
_NOTHING = ("-", "", "无", "none", "暂无")


def wanted(path: str) -> bool:
    """The READMEs of modules."""
    return path.startswith("modules/") and path.endswith(_README)


class Hub:
    """What the READMEs say."""

    def __init__(self, tree: Tree) -> None:
        """Take the tree."""
        self.tree = tree

    def units(self) -> Iterable[str]:
        """Folders below a task whose README has the table of facts or says how to install the module."""
        found = []
        for folder in sorted({path.rpartition("/")[0] for path in self.tree.paths(under="modules")}):
            if folder.count("/") >= 2 and any(self._is_module(path) for path in self._readmes(folder)):
                found.append(folder)
        if not found:
            raise ShapeError(
                "The hub has changed its shape: no README below 'modules' has a row '模型名称' or 'Module Name'."
            )
        return found

    def _readmes(self, folder: str) -> list[str]:
        return [f"{folder}/{name}" for name in _README if f"{folder}/{name}" in self.tree]

    def _is_module(self, path: str) -> bool:
        text = self.tree.read(path).decode("utf-8", "replace")
        return bool(
            _INSTALL.search(text) or re.search(r"\|\s*(?:模型名称|module name|model name)", text, re.IGNORECASE)
        )

    def decode(self, unit: str) -> Iterator[dict[str, Any]]:
        """One module."""
        readmes = self._readmes(unit)
        both = [self.tree.text(path) for path in readmes]
        facts: dict[str, str] = {}
        for text in both:
            for key, value in _facts(text).items():
                facts.setdefault(key, value)
        folders, whole = unit.split("/"), "\n".join(both)
        name = facts.get("name") or folders[-1]
        if not re.fullmatch(r"[\w.+() -]{1,100}", name):
            raise Malformed(f"the row 'Module Name' of {readmes[0]} is no name: {name[:60]!r}")
        repository = github(re.sub(r"github\.com/PaddlePaddle/(?:PaddleHub|models)\b", "", whole))
        yield {
            "id": folders[-1],
            "owner": "paddlepaddle",
            "url": self.tree.web(unit, "tree"),
            "description": _introduction(both),
            "task": "/".join(folders[1:3]).lower(),
            "library": "paddlehub",
            "architecture": facts.get("network"),
            "datasets": [word for word in re.split(r"\s*[,，、]\s*", facts.get("dataset", "")) if word][:20],
            **papers(whole),
            "storage_bytes": size(facts.get("size", "").replace("M", "MB").replace("BB", "B")),
            "last_modified": facts.get("date"),
            "releases": list(_releases(both)),
            "claims": list(_claims(facts)),
            "links": [{"kind": "repository", "url": repository}] if repository else [],
            "tags": [facts["category"]] if facts.get("category") else [],
            "card": readmes[0],
            "extra": {
                "name": name,
                "chinese": f"{unit}/README.md" in readmes,
                "english": f"{unit}/README_en.md" in readmes,
            },
        }


def _facts(text: str) -> dict[str, str]:
    """The first table, row by row; what it leaves open is left out."""
    found = tables(text[:20_000])
    rows = [found[0].header, *found[0].rows] if found else []
    facts = {_BY_NAME.get(row[0].strip().lower(), ""): row[1].strip() for row in rows if len(row) > 1}
    return {key: value for key, value in facts.items() if key and value.lower() not in _NOTHING}


def _introduction(both: list[str]) -> str | None:
    for text in both:
        if found := _INTRODUCTION.search(text):
            lines = [line.strip(" -*\t") for line in found[1].strip().split("\n")]
            first = next(
                (line for line in lines if len(line) > 20 and not line.startswith(("<", "!", "#", "|"))), None
            )
            if first:
                return first[:1000]
    return None


def _releases(both: list[str]) -> Iterator[dict[str, Any]]:
    """The history in the language that has the longer one."""
    histories = [_VERSION.findall(text[found.end() :]) for text in both if (found := _HISTORY.search(text))]
    for version, note in max(histories, key=len, default=[]):
        yield {"version": version, "notes": note.strip()[:300] or None}


def _claims(facts: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Numbers in the row of indicators, with the word before each."""
    for metric, value in re.findall(
        r"([^\d:：,，;；=|]*?)[\s:：=]*(\d+(?:\.\d+)?\s*%?)", facts.get("indicators", "")
    ):
        if metric.strip(" ()（）/"):
            yield {"dataset": facts.get("dataset"), "metric": metric.strip(" ()（）/"), "value": value.strip()}
