"""Kipoi: models of genomics.

**What it is.** The repository `kipoi/models`: a folder per model with ``model.yaml`` (framework, arguments with
addresses and MD5 of the weights, authors, citation, training data, licence, schema), or a ``model-
template.yaml`` with a table ``models.tsv`` whose every row is a model of its own. Templates are filled in by
plain replacement; conditional blocks, which only concern tests, are left out, and nothing of a template is
executed.

**What it gives.** A model per folder or row under the name that the library takes
(``DeepBind/Homo_sapiens/TF/D00817.001_SELEX_TBX3``).

**Limits and terms.** One archive by commit. A model without a stated licence is under MIT, as the zoo's rules
say; the record then states none.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from typing import Any

from crawler.tree import Malformed, ShapeError, Tree, index, papers, texts, yaml

NAME = "kipoi"
TITLE = "Kipoi"
REPOSITORY = "kipoi/models"
BRANCH = "master"
GIVES = ("models", "cards")
PARSER = "kipoi/1"
STATES = (
    *("task", "library", "licence", "datasets", "papers", "files", "tags", "links", "description", "card"),
    "architecture",
)
_KEPT = ("/model.yaml", "/model-template.yaml", "/models.tsv", "/README.md")
_HOLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_BLOCK = re.compile(r"\{%-?\s*if\b.*?\{%-?\s*endif\s*-?%\}", re.DOTALL)
_MARK = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)


def wanted(path: str) -> bool:
    """Descriptions, tables and READMEs of models."""
    return path.endswith(_KEPT) and not path.startswith(("shared/", "."))


class Hub:
    """What the folders say."""

    def __init__(self, tree: Tree) -> None:
        """Take the tree."""
        self.tree = tree
        self.rows: dict[str, tuple[str, dict[str, str]]] = {}

    def units(self) -> Iterable[str]:
        """Folders with a description, and the rows of tables beside templates."""
        self.rows = {}
        for path in self.tree.paths(named="models.tsv"):
            folder = path.rpartition("/")[0]
            table = csv.DictReader(self.tree.text(path).splitlines(), delimiter="\t")
            index("model" if "model" in (table.fieldnames or ()) else None, str, path, "model")
            for number, row in enumerate(table):
                self.rows[f"{folder}/{row['model'] or f'#{number}'}"] = (f"{folder}/model-template.yaml", row)
        plain: dict[str, tuple[str, dict[str, str]]] = {
            path.removesuffix("/model.yaml"): (path, {}) for path in self.tree.paths(named="model.yaml")
        }
        if not plain and not self.rows:
            raise ShapeError("The hub has changed its shape: no folder has a file 'model.yaml'.")
        self.rows.update(plain)
        return sorted(self.rows)

    def decode(self, unit: str) -> Iterator[dict[str, Any]]:
        """One model."""
        path, row = self.rows[unit]
        about = yaml(_filled(self.tree.text(path), row) if row else self.tree.text(path), path)
        if not isinstance(about, dict) or not (about.get("type") or about.get("defined_as")):
            raise Malformed(f"{path} has neither a field 'type' nor 'defined_as'")
        info: dict[str, Any] = about.get("info") or {}
        doc, trained = info.get("doc"), info.get("trained_on")
        card = self._card(path)
        group = unit.split("/")[0]
        text = self.tree.text(card) if card else ""
        cited = papers(str(info.get("cite_as") or "").replace("doi.org:/", "doi.org/"))
        named = papers(text) if not any(cited.values()) else cited
        yield {
            "id": unit,
            "owner": "kipoi",
            "url": f"https://kipoi.org/models/{unit}/",
            "description": " ".join(str(doc).split()) if doc else None,
            "task": next(iter(texts(info.get("tags"))), None),
            "library": _library(about),
            "architecture": group,
            "licence": texts(info.get("license")),
            "datasets": [" ".join(str(trained).split())[:300]] if trained else [],
            **named,
            "files": list(_files(about.get("args"), "args")),
            "links": [{"kind": "repository", "url": self.tree.web(path.rpartition("/")[0], "tree")}],
            "tags": [*texts(info.get("tags")), group],
            "card": card,
            "extra": {"authors": info.get("authors"), "cite_as": info.get("cite_as"), "version": info.get("version")},
        }

    def _card(self, path: str) -> str | None:
        """The README of the nearest folder."""
        folder = path.rpartition("/")[0]
        while folder:
            if f"{folder}/README.md" in self.tree:
                return f"{folder}/README.md"
            folder = folder.rpartition("/")[0]
        return None


def _filled(template: str, row: dict[str, str]) -> str:
    """A template with a row's values in its holes."""
    bare = _MARK.sub("", _BLOCK.sub("", template))
    return _HOLE.sub(lambda hole: str(row.get(hole[1]) or "").replace("\n", " "), bare)


def _library(about: dict[str, Any]) -> str:
    kind = str(about.get("type") or "")
    if kind:
        return kind
    defined = str(about.get("defined_as")).rpartition(".")[2]
    known = {"KerasModel": "keras", "PyTorchModel": "pytorch", "TensorFlowModel": "tensorflow"}
    return known.get(defined, "custom")


def _files(value: Any, name: str) -> Iterator[dict[str, Any]]:
    """Every address with an MD5 below the arguments."""
    if not isinstance(value, dict):
        return
    url, digest = value.get("url"), value.get("md5")
    if isinstance(url, str) and url.startswith(("http", "ftp")):
        tail = re.sub(r"[/?].*$", "", url.split("/files/")[-1]) if "/files/" in url else url.rpartition("/")[2]
        checksum = f"md5:{digest}" if isinstance(digest, str) and len(digest) == 32 else None
        yield {"path": f"{name}/{tail or 'file'}", "url": url, "checksum": checksum}
    for key, inner in value.items():
        yield from _files(inner, f"{name}/{key}" if name != "args" else key)
