"""The ONNX Model Zoo: pre-trained models in ONNX format.

**What it is.** The repository `onnx/models`: ``ONNX_HUB_MANIFEST.json`` lists every file with SHA-256 and
bytes, opset and tags; the README of each folder describes the models in it, with tables of accuracy. The files
lay in large-file storage and have moved to Hugging Face; the manifest still states their hashes.

**What it gives.** A model per name of the manifest (``ResNet50``, ``ResNet50-int8``), a release per opset with
hash and bytes, the file with and without its test data, task and domain, accuracies and papers of the README,
and that README as card.

**Limits and terms.** One archive by commit; weights are pointers there. The repository is under Apache-2.0; a
README may name another licence for its models, which then counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from crawler.tree import Table, Tree, index, need, papers, tables, texts

NAME = "onnx-zoo"
TITLE = "ONNX Model Zoo"
REPOSITORY = "onnx/models"
BRANCH = "main"
GIVES = ("models", "cards")
PARSER = "onnx-zoo/1"
STATES = (
    *(
        "task",
        "library",
        "architecture",
        "licence",
        "datasets",
        "papers",
        "files",
        "releases",
        "claims",
        "tags",
        "links",
    ),
    *("card", "storage_bytes"),
)
_MANIFEST = "ONNX_HUB_MANIFEST.json"
_DATASETS = (
    *("ImageNet", "COCO", "PASCAL VOC", "MNIST", "SQuAD", "Cityscapes", "FER+", "WIDER FACE", "LFW", "MS-Celeb-1M"),
    *("Adience", "IMDB-WIKI", "WebText", "C4", "BSD500", "BSDS300", "RotoWire", "ILSVRC2013", "RVL-CDIP"),
)
_WRITTEN = {
    "imagenet": r"imagenet|ilsvrc.?2012",
    "coco": r"\bcoco\b",
    "pascal voc": r"pascal.?voc|\bvoc\b",
    "fer+": r"fer\+",
}
_LICENCE = re.compile(r"^##\s+Licen[sc]e\s*$(.{0,400})", re.IGNORECASE | re.MULTILINE | re.DOTALL)
_KNOWN_LICENCES = (("apache", "Apache-2.0"), ("mit", "MIT"), ("bsd", "BSD-3-Clause"))
_METRIC = re.compile(
    r"accuracy|top-?[15]|error|mAP|mIOU|\bIoU\b|\bAP\b|F1|perplexity|PSNR|LFW|CFP|AgeDB|BLEU|exact match",
    re.IGNORECASE,
)


def wanted(path: str) -> bool:
    """The manifest and the READMEs of the validated models."""
    return path == _MANIFEST or (path.startswith("validated/") and path.endswith("README.md"))


class Hub:
    """What the manifest and the READMEs say."""

    def __init__(self, tree: Tree) -> None:
        """Take the tree."""
        self.tree = tree
        self.entries: dict[str, list[Any]] = {}
        self._tables = cache(self._read_tables)

    def units(self) -> Iterable[str]:
        """The names of the manifest, and the positions of entries that have none."""
        self.entries = {}
        for number, entry in enumerate(index(self.tree.json(_MANIFEST), list, _MANIFEST)):
            name = entry.get("model") if isinstance(entry, dict) else None
            self.entries.setdefault(name if isinstance(name, str) and name else f"#{number}", []).append(entry)
        return list(self.entries)

    def decode(self, unit: str) -> Iterator[dict[str, Any]]:
        """One model with all its files."""
        entries = self.entries[unit]
        for entry in entries:
            for field in (("model",), ("model_path",), ("metadata", "model_sha"), ("metadata", "model_bytes")):
                need(entry, *field, where=f"{_MANIFEST} {unit}")
        latest = max(entries, key=lambda entry: int(entry.get("opset_version") or 0))
        card = self._card(latest["model_path"])
        text = self.tree.text(card) if card else ""
        tags = texts(latest["metadata"].get("tags"))
        yield {
            "id": unit,
            "owner": "onnx",
            "url": self.tree.web(card or latest["model_path"]),
            "task": tags[1] if len(tags) > 1 else None,
            "library": "onnx",
            "architecture": unit,
            "licence": _licence(text),
            "datasets": [
                name for name in _DATASETS if re.search(_WRITTEN.get(name.lower(), re.escape(name)), text, re.I)
            ],
            **papers(text),
            "storage_bytes": sum(entry["metadata"]["model_bytes"] for entry in entries),
            "files": [file for entry in entries for file in _files(entry)],
            "releases": [
                _release(entry) for entry in sorted(entries, key=lambda entry: int(entry.get("opset_version") or 0))
            ],
            "claims": [claim for entry in entries for claim in self._claims(card, entry)],
            "tags": tags,
            "card": card,
            "extra": {"io_ports": latest["metadata"].get("io_ports"), "onnx_version": latest.get("onnx_version")},
        }

    def _card(self, path: str) -> str | None:
        """The README of the nearest folder above a file."""
        folder = path.rpartition("/")[0]
        while folder:
            if f"{folder}/README.md" in self.tree:
                return f"{folder}/README.md"
            folder = folder.rpartition("/")[0]
        return None

    def _read_tables(self, card: str) -> list[Table]:
        return tables(self.tree.text(card))

    def _claims(self, card: str | None, entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Cells of the row that links to the entry's file, in columns that are metrics."""
        name = entry["model_path"].rpartition("/")[2]
        for table in self._tables(card) if card else ():
            for row, links in zip(table.rows, table.links, strict=True):
                if any(link.rpartition("/")[2] == name for cell in links for link in cell):
                    for column, cell in zip(table.header, row, strict=False):
                        if _METRIC.search(column) and re.match(r"[\d.]", cell):
                            version = str(entry.get("opset_version"))
                            yield {"metric": column, "value": cell, "version": version, "config": name}


def _files(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    about = entry["metadata"]
    yield {"path": entry["model_path"], "size": about["model_bytes"], "sha256": about["model_sha"]}
    if about.get("model_with_data_path"):
        yield {
            "path": about["model_with_data_path"],
            "size": about.get("model_with_data_bytes"),
            "sha256": about.get("model_with_data_sha"),
        }


def _release(entry: dict[str, Any]) -> dict[str, Any]:
    about = entry["metadata"]
    return {
        "variant": entry["model_path"],
        "version": f"opset {entry.get('opset_version')}",
        "size": about["model_bytes"],
        "sha256": about["model_sha"],
        "notes": f"ONNX {entry.get('onnx_version')}",
    }


def _licence(text: str) -> list[str]:
    """What the README's own section says; models without one are under the licence of the zoo."""
    found = _LICENCE.search(text)
    said = found[1].lower() if found else ""
    return [name for word, name in _KNOWN_LICENCES if re.search(rf"\b{word}\b", said)][:1] or ["Apache-2.0"]
