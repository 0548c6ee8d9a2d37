"""The MONAI Model Zoo: bundles for medical imaging.

**What it is.** The repository `Project-MONAI/model-zoo`: one folder per bundle with ``configs/metadata.json``
(version, change log, task, data source, metrics, references), a README, the bundle's LICENSE;
``models/model_info.json`` lists every released version with the SHA-1 and the address of its archive.

**What it gives.** A model per bundle, a release per version, metrics as claims, papers from the references, the
data source as data set, the licence by the text of its LICENSE where that is one of the common ones.

**Limits and terms.** One archive by commit. Bundles are for research; many data sources restrict what may be
done.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from crawler.tree import Malformed, Tree, index, need, papers, texts
from crawler.words import licence_of_text

NAME = "monai"
TITLE = "MONAI Model Zoo"
REPOSITORY = "Project-MONAI/model-zoo"
BRANCH = "dev"
GIVES = ("models", "cards")
PARSER = "monai/1"
STATES = (
    *("task", "library", "architecture", "licence", "datasets", "papers", "files", "releases", "claims", "tags"),
    *("description", "card"),
)
_INDEX = "models/model_info.json"
_TASKS = (
    "segmentation",
    "detection",
    "classification",
    "registration",
    "generation",
    "generative",
    "synthesis",
    "segment",
    "generate",
)
_VERSION = re.compile(r"(.+)_v(\d[\w.]*)")
_KEPT = ("/configs/metadata.json", "/docs/README.md", "/LICENSE")


def wanted(path: str) -> bool:
    """The index, and what describes the bundles."""
    return path == _INDEX or (path.startswith("models/") and path.endswith(_KEPT))


class Hub:
    """What the index and the bundles say."""

    def __init__(self, tree: Tree) -> None:
        """Take the tree."""
        self.tree = tree
        self.versions: dict[str, list[tuple[str, dict[str, Any]]]] = {}

    def units(self) -> Iterable[str]:
        """The bundles that have a folder or a released version."""
        self.versions = {}
        for key, entry in index(self.tree.json(_INDEX), dict, _INDEX).items():
            index(entry, dict, _INDEX, str(key))
            if found := _VERSION.fullmatch(key):
                self.versions.setdefault(found[1], []).append((found[2], entry))
        folders = {path.split("/")[1] for path in self.tree.paths(under="models", named="metadata.json")}
        return sorted(folders | set(self.versions))

    def decode(self, unit: str) -> Iterator[dict[str, Any]]:
        """One bundle."""
        path = f"models/{unit}/configs/metadata.json"
        about: dict[str, Any] = self.tree.json(path) if path in self.tree else {}
        if path in self.tree:
            need(about, "version", where=path)
        released = sorted(
            self.versions.get(unit, ()), key=lambda entry: [int(n) for n in re.findall(r"\d+", entry[0])]
        )
        notes = about.get("changelog") if isinstance(about.get("changelog"), dict) else {}
        if not isinstance(notes, dict):
            raise Malformed(f"{path} has a field 'changelog' that is no mapping")
        references = "\n".join(texts(about.get("references")))
        card, text = f"models/{unit}/docs/README.md", f"models/{unit}/LICENSE"
        known = licence_of_text(self.tree.text(text)) if text in self.tree else None
        yield {
            "id": unit,
            "owner": "monai",
            "url": self.tree.web(f"models/{unit}", "tree"),
            "description": about.get("description") or about.get("task"),
            "task": _task(unit, about),
            "library": "monai",
            "architecture": _network(unit, about),
            "licence": [known or "other"] if text in self.tree else [],
            "datasets": texts(about.get("data_source")),
            **papers(references),
            "files": [_file(unit, version, entry) for version, entry in released[-1:]],
            "releases": [_release(version, entry, notes.get(version)) for version, entry in released],
            "claims": list(_claims(about)),
            "tags": texts(about.get("data_type")),
            "card": card if card in self.tree else None,
            "extra": {key: about.get(key) for key in ("intended_use", "authors", "copyright", "monai_version")},
        }


def _task(unit: str, about: dict[str, Any]) -> str | None:
    """The word of the task that its name, task or description states."""
    told = f"{unit} {about.get('task', '')} {about.get('description', '')}".lower()
    stated = str(about["task"]) if about.get("task") else None
    return next((word for word in _TASKS if word in told), stated)


def _network(unit: str, about: dict[str, Any]) -> str | None:
    told = f"{unit} {about.get('name', '')} {about.get('description', '')}"
    found = re.search(
        r"swin.?unetr|unest|unetr|segresnet|dynunet|retinanet|densenet|efficientnet|hovernet|dints|flexible.?unet|"
        r"attentionunet|resnet\d*|u-?net|diffusion|vista\w*|maisi",
        told,
        re.IGNORECASE,
    )
    return found[0] if found else None


def _checksum(entry: dict[str, Any]) -> str | None:
    value = entry.get("checksum")
    return f"sha1:{value}" if isinstance(value, str) and len(value) == 40 else None


def _file(unit: str, version: str, entry: dict[str, Any]) -> dict[str, Any]:
    return {"path": f"{unit}_v{version}.zip", "checksum": _checksum(entry), "url": entry.get("source")}


def _release(version: str, entry: dict[str, Any], note: Any) -> dict[str, Any]:
    notes = note if isinstance(note, str) else None
    return {"version": version, "url": entry.get("source"), "checksum": _checksum(entry), "notes": notes}


def _claims(about: dict[str, Any]) -> Iterator[dict[str, Any]]:
    metrics = about.get("eval_metrics")
    source = next(iter(texts(about.get("data_source"))), None)
    for metric, value in sorted(metrics.items()) if isinstance(metrics, dict) else ():
        if isinstance(value, (int, float, str)):
            version = str(about.get("version") or "") or None
            yield {"dataset": source, "metric": metric, "value": str(value), "version": version}
