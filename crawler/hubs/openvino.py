"""OpenVINO's Open Model Zoo: Intel's own models and public ones prepared for OpenVINO.

**What it is.** The repository `openvinotoolkit/open_model_zoo`, archived: one folder per model with
``model.yml`` (task, framework, licence, every file with size, SHA-384 and address), ``accuracy-check.yml``
(data sets and metrics with reference values) and a README with a table of measured accuracy. A composite model
(``composite-model.yml``) is made of stages that are models with folders of their own; each of the files is a
model here.

**What it gives.** Task, description, framework, files with hashes, licence as the address of its text (the word
``other`` where that text is not the zoo's own), reference accuracies as claims, papers, parameters, the card.

**Limits and terms.** One archive by commit. The zoo is under Apache-2.0; public models under the licence that
each links to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from crawler.tree import Malformed, ShapeError, Tree, github, need, papers, tables, texts
from crawler.words import licence, licence_of_text, magnitude

NAME = "openvino"
TITLE = "OpenVINO Open Model Zoo"
REPOSITORY = "openvinotoolkit/open_model_zoo"
BRANCH = "master"
GIVES = ("models", "cards")
PARSER = "openvino/1"
STATES = (
    *("task", "library", "architecture", "licence", "datasets", "papers", "parameters", "files", "claims", "links"),
    *("description", "card", "tags"),
)
_MODEL = re.compile(r"models/(public|intel)/(?:[\w.-]+/)*([\w.-]+)/(?:composite-)?model\.yml")
_KEPT = ("README.md", "accuracy-check.yml")
# Rows of the table "Specification" that describe and do not measure.
_DESCRIBES = re.compile(
    r"type|framework|gflop|mparam|gmac|giop|flop|param|size|resolution|orientation|occlu|pose|color|width|height|language|"
    r"supported|object|loss|noise|format|objectives|minimum|maximum|input|output|batch|layout|sample|duration|vocabulary",
    re.IGNORECASE,
)


def wanted(path: str) -> bool:
    """Descriptions, accuracy checks and READMEs of models; the licence of the whole."""
    return path == "LICENSE" or (path.startswith("models/") and path.endswith(("model.yml", *_KEPT)))


class Hub:
    """What the folders of the zoo say."""

    def __init__(self, tree: Tree) -> None:
        """Read the licence of the whole once."""
        self.tree = tree
        own = licence_of_text(tree.text("LICENSE")) if "LICENSE" in tree else None
        self.licences = {"openvinotoolkit/open_model_zoo/": own, "opencv/open_model_zoo/": own}

    def units(self) -> Iterable[str]:
        """One description per model."""
        found = [path for path in self.tree.paths(under="models") if _MODEL.fullmatch(path)]
        if not found:
            raise ShapeError("The hub has changed its shape: no folder of 'models/' has a file 'model.yml'.")
        return found

    def decode(self, unit: str) -> Iterator[dict[str, Any]]:
        """One model."""
        facts = self.tree.yaml(unit)
        description, found = need(facts, "description", where=unit), _MODEL.fullmatch(unit)
        if found is None or not isinstance(description, str):
            raise Malformed(f"{unit} has a field 'description' that is no text")
        source, name = found[1], found[2]
        card = self._near(unit, "README.md")
        text = self.tree.text(card) if card else ""
        checked = list(self._checked(unit))
        repository = github(description) or github(text)
        yield {
            "id": name,
            "owner": "intel" if source == "intel" else "public",
            "url": self.tree.web(unit.rpartition("/")[0], "tree"),
            "description": " ".join(description.split()),
            "task": need(facts, "task_type", where=unit),
            "library": facts.get("framework"),
            "architecture": name,
            **licence(facts.get("license"), texts=self.licences),
            "datasets": list(dict.fromkeys(claim["dataset"] for claim in checked if claim["dataset"])),
            **papers(f"{description}\n{text}"),
            "parameters": _parameters(text),
            "files": [_file(entry) for entry in facts.get("files") or () if isinstance(entry, dict)],
            "claims": [*checked, *_measured(text)],
            "links": [{"kind": "repository", "url": repository}] if repository else [],
            "tags": [source, *texts(facts.get("quantizable") and "quantizable")],
            "card": card,
            "extra": {"stages": facts.get("stages_order"), "input": facts.get("input_info")},
        }

    def _near(self, unit: str, name: str) -> str | None:
        """A file beside the description, or that of the composite model above it."""
        folder = unit.rpartition("/")[0]
        for place in (folder, folder.rpartition("/")[0]):
            if f"{place}/{name}" in self.tree:
                return f"{place}/{name}"
        return None

    def _checked(self, unit: str) -> Iterator[dict[str, Any]]:
        """Reference values of the accuracy checker for this model."""
        path = f"{unit.rpartition('/')[0]}/accuracy-check.yml"
        if path not in self.tree:
            return
        seen = set()
        for dataset, metric in _metrics(self.tree.yaml(path)):
            if metric.get("reference") is not None:
                name = metric.get("name") or metric.get("type")
                claim = {"dataset": dataset, "metric": str(name), "value": str(metric["reference"])}
                if tuple(claim.values()) not in seen:
                    seen.add(tuple(claim.values()))
                    yield claim


def _metrics(value: Any, dataset: str | None = None) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Every metric of a check with the data set that it stands under."""
    if isinstance(value, list):
        for entry in value:
            yield from _metrics(entry, dataset)
    elif isinstance(value, dict):
        for entry in value.get("datasets") or () if isinstance(value.get("datasets"), list) else ():
            if isinstance(entry, dict):
                for metric in entry.get("metrics") or ():
                    if isinstance(metric, dict):
                        yield entry.get("name"), metric
        for key, inner in value.items():
            if key != "datasets" and isinstance(inner, (dict, list)):
                yield from _metrics(inner, dataset)


def _file(entry: dict[str, Any]) -> dict[str, Any]:
    checksum, source = entry.get("checksum"), entry.get("source")
    address = source.get("url") or source.get("$type") if isinstance(source, dict) else source
    size = entry.get("size")
    return {
        "path": entry.get("name"),
        "size": size if isinstance(size, int) else None,
        "checksum": f"sha384:{checksum}" if isinstance(checksum, str) and len(checksum) == 96 else None,
        "url": address if isinstance(address, str) and address.startswith("http") else None,
    }


def _parameters(text: str) -> int | None:
    for table in tables(text):
        for row in table.rows:
            if len(row) > 1 and row[0].lower().startswith(("mparams", "params", "mparam")):
                number = magnitude(row[1])
                return None if number is None else round(float(re.findall(r"[\d.]+", row[1])[0]) * 1e6)
    return None


def _measured(text: str) -> Iterator[dict[str, Any]]:
    """Rows of the tables "Specification" and "Accuracy" that are measurements."""
    for table in tables(text):
        if not table.headings or not re.search(r"specification|accuracy", table.headings[-1], re.IGNORECASE):
            continue
        for row in table.rows:
            if len(row) > 1 and re.match(r"[\d.]", row[1]) and not _DESCRIBES.search(row[0]):
                yield {"metric": row[0], "value": row[1], "config": ", ".join(table.header[1:2])}
