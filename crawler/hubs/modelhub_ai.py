"""ModelHub.ai: deep learning models, mostly medical, packed as containers.

**What it is.** The repository `modelhub-ai/modelhub`, dormant: ``models.json`` lists the models with task,
repository and framework. Each model is a repository of its own with ``contrib_src/model/config.json`` (task,
data source, publication, architecture), the text of its licence and a README.

**What it gives.** A model per entry of the index. Where a copy holds the model repositories beside the index,
in folders of their names (with a file ``COMMIT``), their facts are added: paper, data, architecture, licence by
its text, card, commit. A crawl of the network reads the index alone.

**Limits and terms.** One archive by commit. Every model repository has a licence of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from crawler.tree import Tree, index, need, papers, texts
from crawler.words import licence_of_text

NAME = "modelhub-ai"
TITLE = "ModelHub.ai"
REPOSITORY = "modelhub-ai/modelhub"
BRANCH = "master"
GIVES = ("models", "cards")
PARSER = "modelhub-ai/1"
STATES = (
    *(
        "task",
        "library",
        "architecture",
        "licence",
        "datasets",
        "papers",
        "links",
        "description",
        "card",
        "sha",
        "files",
    ),
    "tags",
)
_KEPT = re.compile(r"[\w.-]+/(?:contrib_src/(?:model/config\.json|license/model)|README\.md|COMMIT)")


def wanted(path: str) -> bool:
    """The index, and the descriptions of models beside it."""
    return path in ("models.json", "modelhub/models.json") or _KEPT.fullmatch(path) is not None


class Hub:
    """What the index and the models say."""

    def __init__(self, tree: Tree) -> None:
        """Take the tree."""
        self.tree = tree
        self.index = "models.json" if "models.json" in tree else "modelhub/models.json"
        self.entries: list[Any] = []

    def units(self) -> Iterable[str]:
        """Positions in the index, then the models that lie beside it and are not in it."""
        self.entries = list(index(self.tree.json(self.index), list, self.index))
        named = {entry.get("name", "").lower() for entry in self.entries if isinstance(entry, dict)}
        for path in self.tree.paths(named="config.json"):
            name = path.split("/")[0]
            if name.lower() not in named:
                self.entries.append({"name": name, "github": f"https://github.com/modelhub-ai/{name}"})
        return [f"{self.index}#{number}" for number in range(len(self.entries))]

    def decode(self, unit: str) -> Iterator[dict[str, Any]]:
        """One model."""
        entry = self.entries[int(unit.partition("#")[2])]
        name, source = need(entry, "name", where=unit), need(entry, "github", where=unit)
        folder = str(source).rstrip("/").rpartition("/")[2]
        config, licence = f"{folder}/contrib_src/model/config.json", f"{folder}/contrib_src/license/model"
        about = self.tree.json(config) if config in self.tree else {}
        meta, model, published = (about.get(key) or {} for key in ("meta", "model", "publication"))
        text = self.tree.text(licence) if licence in self.tree else None
        card, commit = f"{folder}/README.md", f"{folder}/COMMIT"
        cited = papers(f"{published.get('url') or ''}\n{published.get('bibtex') or ''}")
        yield {
            "id": name,
            "owner": "modelhub-ai",
            "url": f"http://app.modelhub.ai/#/model/{name}",
            "description": model.get("description") or entry.get("task_extended"),
            "task": _task(meta.get("task") or entry.get("task_extended")),
            "library": next(iter(texts(entry.get("backend"))), None),
            "architecture": model.get("architecture") and f"{name}, {model['architecture']}",
            "licence": [] if text is None else [licence_of_text(text) or "other"],
            "datasets": texts(meta.get("data_source")),
            **cited,
            "papers": texts(published.get("url")) if not any(cited.values()) else [],
            "files": [],
            "links": [{"kind": "repository", "url": str(source)}, *_origin(model.get("provenance"))],
            "tags": [
                *texts(meta.get("application_area")),
                *texts(meta.get("data_type")),
                *texts(entry.get("backend")),
            ],
            "card": card if card in self.tree else None,
            "sha": self.tree.text(commit).strip()[:64] if commit in self.tree else None,
            "extra": {"id": entry.get("id"), "format": model.get("format"), "gpu": entry.get("gpu")},
        }


def _task(words: Any) -> str | None:
    """The task that the index states in more words: its last one, as in the configurations."""
    found = re.findall(
        r"classification|segmentation|detection|regression|registration", str(words or ""), re.IGNORECASE
    )
    return found[-1] if found else (str(words) if words else None)


def _origin(provenance: Any) -> list[dict[str, str]]:
    return [{"kind": "repository", "url": url} for url in texts(provenance) if url.startswith("http")]
