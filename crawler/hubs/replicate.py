"""Replicate: models that run behind an API.

**What it is.** Replicate's own API needs a token; the repository `zeke/all-the-public-replicate-models`
publishes what it lists: ``models-lite.json``, an array of every public model with owner, name, description, run
count and source repository.

**What it gives.** Names, descriptions, runs (as downloads: what a run is, the hub alone knows) and links to the
source. No task, licence or files.

**Limits and terms.** One archive by commit; the state is that of the list's last update. Each model has terms
of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from crawler.tree import Tree, index, need, papers, texts

NAME = "replicate"
TITLE = "Replicate"
REPOSITORY = "zeke/all-the-public-replicate-models"
BRANCH = "main"
GIVES = ("models",)
PARSER = "replicate/1"
STATES = ("papers", "downloads", "links", "description")
_LIST = "models-lite.json"


def wanted(path: str) -> bool:
    """The list."""
    return path == _LIST


class Hub:
    """What the list says."""

    def __init__(self, tree: Tree) -> None:
        """Take the tree."""
        self.tree = tree
        self.entries: list[Any] = []

    def units(self) -> Iterable[str]:
        """Positions in the list."""
        self.entries = index(self.tree.json(_LIST), list, _LIST)
        return [f"{_LIST}#{number}" for number in range(len(self.entries))]

    def decode(self, unit: str) -> Iterator[dict[str, Any]]:
        """One entry."""
        entry = self.entries[int(unit.partition("#")[2])]
        source, runs = entry.get("github_url"), entry.get("run_count")
        description = entry.get("description")
        yield {
            "id": f"{need(entry, 'owner', where=unit)}/{need(entry, 'name', where=unit)}",
            "url": entry.get("url"),
            "description": description,
            **papers(str(description or "")),
            "downloads": int(runs) if runs is not None else None,
            "links": [{"kind": "repository", "url": url} for url in texts(source)],
        }
