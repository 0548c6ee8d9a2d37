"""A zoo of toys: the worked example of docs/add-a-hub.md, installed as a package of its own.

One YAML file per toy in `toys/`, one README for all. Nothing is limited; the terms are those of a test.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from crawler.tree import ShapeError, Tree, need, papers, texts

NAME = "toy-zoo"
TITLE = "Toy Zoo"
REPOSITORY = "toys/zoo"
BRANCH = "main"
GIVES = ("models", "cards")
PARSER = "toy-zoo/1"
STATES = ("task", "licence", "papers", "files", "releases", "claims", "links", "card")


def wanted(path: str) -> bool:
    """The toys and their README."""
    return (path.startswith("toys/") and path.endswith(".yml")) or path == "README.md"


class Hub:
    """What the toys' files say."""

    def __init__(self, tree: Tree) -> None:
        """Take the tree."""
        self.tree = tree

    def units(self) -> Iterable[str]:
        """One file per toy."""
        if "README.md" not in self.tree:
            raise ShapeError("The hub has changed its shape: there is no file 'README.md'.")
        return self.tree.paths(under="toys")

    def decode(self, unit: str) -> Iterator[dict[str, Any]]:
        """One toy."""
        toy = self.tree.yaml(unit)
        yield {
            "id": f"{need(toy, 'maker')}/{need(toy, 'name')}",
            "task": toy.get("does"),
            "licence": texts(toy.get("licence")),
            **papers(str(toy.get("paper", ""))),
            "files": [{"path": "toy.bin", "size": toy.get("bytes"), "sha256": toy.get("sha256")}],
            "releases": [{"version": version} for version in texts(toy.get("versions"))],
            "claims": [{"dataset": "Playground", "metric": "fun", "value": str(toy["fun"])}] if "fun" in toy else [],
            "card": "README.md",
        }
