"""OpenMMLab's MMPretrain: image backbones with their training recipes.

**What it is.** The repository `open-mmlab/mmpretrain`: ``model-index.yml`` names one ``metafile.yml`` per
architecture, each with collections (paper, training data, code) and models (parameters, FLOPs, claimed results,
weights, configuration).

**What it gives.** A model per entry with task, architecture, data sets, paper, parameters, claimed accuracies,
the address of the weights (whose name ends with the first eight digits of their SHA-256) and the README of its
family as card.

**Limits and terms.** One archive by commit. The code is under Apache-2.0; the metafiles state no licence for
weights, so none is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from crawler.tree import Malformed, Tree, index, need, papers, texts
from crawler.words import magnitude

NAME = "openmmlab"
TITLE = "OpenMMLab MMPretrain"
REPOSITORY = "open-mmlab/mmpretrain"
BRANCH = "main"
GIVES = ("models", "cards")
PARSER = "openmmlab/1"
STATES = (
    *(
        "task",
        "library",
        "architecture",
        "datasets",
        "papers",
        "parameters",
        "files",
        "claims",
        "links",
        "base_models",
    ),
    *("tags", "card"),
)
_DIGEST = re.compile(r"[-_]([0-9a-f]{8})\.(?:pth|pt|bin|safetensors)$")


def wanted(path: str) -> bool:
    """The index, the metafiles and the READMEs of families."""
    return path == "model-index.yml" or (
        path.startswith(("configs/", "projects/")) and path.endswith(("/metafile.yml", "/README.md"))
    )


class Hub:
    """What the metafiles say."""

    def __init__(self, tree: Tree) -> None:
        """Take the tree."""
        self.tree = tree

    def units(self) -> Iterable[str]:
        """The metafiles, as the index names them, and their entries by position."""
        listed = index(self.tree.yaml("model-index.yml"), dict, "model-index.yml").get("Import")
        for path in index(listed, list, "model-index.yml", "Import"):
            try:
                entries = self.tree.yaml(path).get("Models")
                count = len(index(entries, list, str(path), "Models"))
            except (Malformed, AttributeError, TypeError):
                count = 1  # decode() says what is wrong with it
            yield from (f"{path}#{number}" for number in range(count))

    def decode(self, unit: str) -> Iterator[dict[str, Any]]:
        """One model with what its collection adds."""
        path, _, number = unit.partition("#")
        document = self.tree.yaml(path)
        entry = document["Models"][int(number)]
        family = need(entry, "In Collection", where=unit)
        collections = [found for found in document.get("Collections") or () if isinstance(found, dict)]
        collection: dict[str, Any] = next((found for found in collections if found.get("Name") == family), {})
        about = {**(collection.get("Metadata") or {}), **(entry.get("Metadata") or {})}
        results = [result for result in entry.get("Results") or () if isinstance(result, dict)]
        paper = entry.get("Paper") or collection.get("Paper") or {}
        address = paper.get("URL") if isinstance(paper, dict) else None
        readme = str(collection.get("README") or f"{path.rpartition('/')[0]}/README.md")
        cited = papers(str(address or ""))
        yield {
            "id": need(entry, "Name", where=unit),
            "owner": "open-mmlab",
            "url": self.tree.web(str(entry.get("Config") or path)),
            "task": next((str(result["Task"]) for result in results if result.get("Task")), None),
            "library": "mmpretrain",
            "architecture": family,
            "datasets": _datasets(about.get("Training Data")),
            **cited,
            "papers": texts(address) if not any(cited.values()) else [],
            "parameters": magnitude(about.get("Parameters")),
            "files": [_file(address) for address in texts(entry.get("Weights"))],
            "claims": list(_claims(results)),
            "links": list(_links(collection)),
            "base_models": list(_bases(entry.get("Converted From"))),
            "tags": texts(about.get("Architecture")),
            "card": readme if readme in self.tree else None,
            "extra": {"flops": about.get("FLOPs"), "config": entry.get("Config"), "epochs": about.get("Epochs")},
        }


def _datasets(value: Any) -> list[str]:
    listed = (
        value
        if isinstance(value, list)
        else re.split(r"\s*(?:,|\band\b|\+)\s*", value)
        if isinstance(value, str)
        else []
    )
    return list(dict.fromkeys(texts([str(name) for name in listed])))


def _file(address: str) -> dict[str, Any]:
    digest = _DIGEST.search(address)
    checksum = f"sha256-prefix:{digest[1]}" if digest else None
    return {"path": address.rpartition("/")[2], "url": address, "checksum": checksum}


def _claims(results: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for result in results:
        metrics = result.get("Metrics")
        for metric, value in metrics.items() if isinstance(metrics, dict) else ():
            if value is not None:
                yield {
                    "task": result.get("Task"),
                    "dataset": result.get("Dataset"),
                    "metric": str(metric),
                    "value": str(value),
                }


def _links(collection: dict[str, Any]) -> Iterator[dict[str, Any]]:
    code = collection.get("Code")
    address = code.get("URL") if isinstance(code, dict) else None
    if isinstance(address, str):
        yield {"kind": "repository", "url": address}


def _bases(value: Any) -> Iterator[dict[str, Any]]:
    """Weights that were converted come from somewhere: an address, or the code that it stands in."""
    if isinstance(value, dict):
        address = value.get("Weights") or value.get("Code")
        if isinstance(address, str):
            yield {"id": address, "relation": None}
