"""Qualcomm AI Hub Models: models optimised and measured for Qualcomm devices.

**What it is.** The repository `quic/ai-hub-models`: one folder per model with ``info.yaml`` (use case, licence,
paper, source, data sets, technical details), ``numerics.yaml`` (accuracy on devices by precision and runtime),
``perf.yaml`` (latency by device, which is kept as landed and not mapped) and a README.

**What it gives.** A model per folder with task, licence, paper, source repository, data sets, parameters,
precisions with their size as releases, accuracies as claims, and the card.

**Limits and terms.** One archive by commit. The repository is under BSD-3-Clause; every model names its own
licence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from crawler.tree import ShapeError, Tree, github, need, papers, texts
from crawler.words import magnitude, size

NAME = "qualcomm"
TITLE = "Qualcomm AI Hub Models"
REPOSITORY = "quic/ai-hub-models"
BRANCH = "main"
GIVES = ("models", "cards")
PARSER = "qualcomm/1"
STATES = (
    *("task", "architecture", "licence", "datasets", "papers", "parameters", "storage_bytes", "releases", "claims"),
    *("links", "base_models", "tags", "description", "card"),
)
_FOLDER = "qai_hub_models/models"


def wanted(path: str) -> bool:
    """What describes and what measures the models."""
    return path.startswith(f"{_FOLDER}/") and path.endswith(("/info.yaml", "/numerics.yaml", "/README.md"))


class Hub:
    """What the folders say."""

    def __init__(self, tree: Tree) -> None:
        """Take the tree."""
        self.tree = tree

    def units(self) -> Iterable[str]:
        """One folder per model."""
        found = self.tree.paths(under=_FOLDER, named="info.yaml")
        if not found:
            raise ShapeError(f"The hub has changed its shape: no folder of '{_FOLDER}' has a file 'info.yaml'.")
        return found

    def decode(self, unit: str) -> Iterator[dict[str, Any]]:
        """One model."""
        info, folder = self.tree.yaml(unit), unit.rpartition("/")[0]
        details = info.get("technical_details") or {}
        source, checkpoint = info.get("source_repo"), details.get("Model checkpoint")
        card = f"{folder}/README.md"
        sizes = {key: value for key, value in details.items() if str(key).startswith("Model size")}
        yield {
            "id": need(info, "id", where=unit),
            "owner": "qualcomm",
            "description": info.get("description") or info.get("headline"),
            "task": need(info, "use_case", where=unit),
            "architecture": info.get("name"),
            "licence": texts(info.get("license_type")),
            "licence_link": info.get("license"),
            "datasets": texts(info.get("dataset")),
            **papers(str(info.get("research_paper") or "")),
            "papers": _other_paper(info.get("research_paper")),
            "parameters": _parameters(details),
            "storage_bytes": next((size(value) for value in sizes.values()), None),
            "releases": [
                {"variant": str(key)[len("Model size") :].strip(" ()") or None, "size": size(value)}
                for key, value in sizes.items()
            ],
            "claims": list(self._claims(f"{folder}/numerics.yaml")),
            "links": [{"kind": "repository", "url": github(source) or source}] if texts(source) else [],
            "base_models": [{"id": checkpoint}] if _is_hub_id(checkpoint) else [],
            "tags": [*texts(info.get("tags")), *texts(info.get("domain"))],
            "card": card if card in self.tree else None,
            "extra": {"technical_details": details, "status": info.get("status")},
        }

    def _claims(self, path: str) -> Iterator[dict[str, Any]]:
        """The accuracy of the original, and of what runs on devices by precision and runtime."""
        if path not in self.tree:
            return
        for entry in self.tree.yaml(path).get("metrics") or ():
            about = {
                "dataset": entry.get("dataset_name"),
                "split": entry.get("dataset_split_description"),
                "metric": entry.get("metric_name"),
            }
            if entry.get("partial_torch_metric") is not None:
                yield {**about, "config": "torch", "value": str(entry["partial_torch_metric"])}
            for device, precisions in sorted((entry.get("device_metric") or {}).items()):
                for precision, runtimes in sorted(precisions.items()):
                    for runtime, measured in sorted(runtimes.items()):
                        if isinstance(measured, dict) and measured.get("partial_metric") is not None:
                            value = str(measured["partial_metric"])
                            yield {**about, "config": f"{device}, {runtime}", "value": value, "version": precision}


def _parameters(details: dict[str, Any]) -> int | None:
    """The number that stands for the whole, or the sum over its parts."""
    named = {str(key): magnitude(value) for key, value in details.items() if "Number of parameters" in str(key)}
    if named.get("Number of parameters"):
        return named["Number of parameters"]
    parts = [value for value in named.values() if value]
    return sum(parts) if parts else None


def _other_paper(address: Any) -> list[str]:
    found = papers(str(address or ""))
    return [] if any(found.values()) else [url for url in texts(address) if url.startswith("http")]


def _is_hub_id(checkpoint: Any) -> bool:
    words = str(checkpoint or "").split("/")
    return len(words) == 2 and all(words) and " " not in str(checkpoint)
