"""Coqui TTS: speech synthesis models of many languages.

**What it is.** The repository `coqui-ai/TTS`, dormant since the company closed: one manifest,
``TTS/.models.json``, a tree of kind, language, data set and model with description, address, author and
licence.

**What it gives.** A model per leaf under the name that the library takes
(``tts_models/en/ljspeech/tacotron2-DDC``): language and data set are part of that name.

**Limits and terms.** One archive by commit. Every model names its own licence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from crawler.tree import Malformed, Tree, index, papers, texts, urls

NAME = "coqui"
TITLE = "Coqui TTS"
REPOSITORY = "coqui-ai/TTS"
BRANCH = "dev"
GIVES = ("models",)
PARSER = "coqui/1"
STATES = (
    *("task", "library", "architecture", "licence", "datasets", "papers", "languages", "files", "links", "sha"),
    "description",
)
_MANIFEST = "TTS/.models.json"
# Places in the path that name no single language.
_NO_LANGUAGE = ("multilingual", "universal")


def wanted(path: str) -> bool:
    """The manifest."""
    return path == _MANIFEST


class Hub:
    """What the manifest says."""

    def __init__(self, tree: Tree) -> None:
        """Take the tree."""
        self.tree = tree
        self.entries: dict[str, Any] = {}

    def units(self) -> Iterable[str]:
        """The leaves of the manifest."""
        self.entries = {}
        for kind, languages in index(self.tree.json(_MANIFEST), dict, _MANIFEST).items():
            for language, datasets in index(languages, dict, _MANIFEST, kind).items():
                for dataset, models in index(datasets, dict, _MANIFEST, f"{kind}.{language}").items():
                    for name, entry in index(models, dict, _MANIFEST, f"{kind}.{language}.{dataset}").items():
                        self.entries[f"{kind}/{language}/{dataset}/{name}"] = entry
        return sorted(self.entries)

    def decode(self, unit: str) -> Iterator[dict[str, Any]]:
        """One leaf."""
        entry = self.entries[unit]
        if not isinstance(entry, dict):
            raise Malformed(f"{unit} is no mapping")
        kind, language, dataset, name = unit.split("/", 3)
        files = [*texts(entry.get("github_rls_url")), *texts(entry.get("hf_url"))]
        if not files:
            raise Malformed(f"{unit} has neither a field 'github_rls_url' nor 'hf_url'")
        description = str(entry.get("description") or "")
        others = [url for url in urls(description) if "arxiv.org" not in url]
        yield {
            "id": unit,
            "owner": "coqui",
            "url": self.tree.web(_MANIFEST),
            "description": description or None,
            "task": kind,
            "library": "TTS",
            "architecture": name,
            "licence": texts(entry.get("license")),
            "datasets": [] if dataset == "multi-dataset" else [dataset],
            **papers(description),
            "languages": [] if language in _NO_LANGUAGE else [language],
            "files": [{"path": address.rpartition("/")[2], "url": address} for address in files],
            "links": [{"kind": "repository" if "github.com" in url else "homepage", "url": url} for url in others],
            "sha": entry.get("commit") or None,
            "extra": {"author": entry.get("author"), "default_vocoder": entry.get("default_vocoder")},
        }
