"""timm (PyTorch Image Models): its pre-trained weights with what their maker measured.

**What it is.** The folder ``results/`` of the repository `huggingface/pytorch-image-models`: one CSV file per
test set (ImageNet validation, v2, Real, A, R, Sketch) with top-1 and top-5 of every set of weights, and the
number of parameters.

**What it gives.** A model per name (``resnet50.a1_in1k``: architecture, dot, training recipe) with those
results as claims. The files of each lie on Hugging Face under ``timm/<name>``, which is its page.

**Limits and terms.** One archive by commit. The repository is under Apache-2.0; some weights are not, which
these files do not say.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from crawler.tree import Malformed, ShapeError, Tree

NAME = "timm"
TITLE = "timm results"
REPOSITORY = "huggingface/pytorch-image-models"
BRANCH = "main"
GIVES = ("models",)
PARSER = "timm/1"
STATES = ("task", "library", "architecture", "datasets", "parameters", "claims", "tags")
_SETS = {
    "results/results-imagenet.csv": ("ImageNet-1k", "validation"),
    "results/results-imagenetv2-matched-frequency.csv": ("ImageNet-V2", "matched-frequency"),
    "results/results-imagenet-real.csv": ("ImageNet-ReaL", "validation"),
    "results/results-imagenet-a.csv": ("ImageNet-A", "test"),
    "results/results-imagenet-r.csv": ("ImageNet-R", "test"),
    "results/results-sketch.csv": ("ImageNet-Sketch", "test"),
}
# What a training recipe names in its last words.
_DATASETS = {
    "in1k": "ImageNet-1k", "in22k": "ImageNet-22k", "in21k": "ImageNet-21k", "in12k": "ImageNet-12k",
    "laion2b": "LAION-2B", "openai": "OpenAI WIT", "fb_swsl": "IG-1B", "swag": "IG-3.6B", "lvd142m": "LVD-142M",
    "ssl_yfcc100m": "YFCC-100M", "jft": "JFT-300M", "dfn5b": "DFN-5B", "merged2b": "Merged-2B", "m38m": "Merged-38M",
    "webli": "WebLI", "metaclip": "MetaCLIP", "cc12m": "CC-12M", "ig1b": "IG-1B",
}  # fmt: skip


def wanted(path: str) -> bool:
    """The results of the six test sets."""
    return path in _SETS


class Hub:
    """What the tables say."""

    def __init__(self, tree: Tree) -> None:
        """Take the tree."""
        self.tree = tree
        self.rows: dict[str, list[tuple[str, dict[str, str]]]] = {}

    def units(self) -> Iterable[str]:
        """Every name in any table."""
        self.rows = {}
        for path in _SETS:
            if path in self.tree:
                table = csv.DictReader(self.tree.text(path).splitlines())
                lacking = {"model", "top1", "top5", "param_count"} - set(table.fieldnames or ())
                if lacking:
                    raise ShapeError(f"The hub has changed its shape: {path} has no column {sorted(lacking)[0]!r}.")
                for row in table:
                    self.rows.setdefault(row["model"] or "", []).append((path, row))
        return sorted(self.rows)

    def decode(self, unit: str) -> Iterator[dict[str, Any]]:
        """One set of weights."""
        if not unit.strip():
            raise Malformed("a row without a name in the column 'model'")
        rows = self.rows[unit]
        recipe = unit.partition(".")[2]
        yield {
            "id": unit,
            "owner": "timm",
            "url": f"https://huggingface.co/timm/{unit}",
            "task": "image-classification",
            "library": "timm",
            "architecture": unit.partition(".")[0],
            "datasets": list(dict.fromkeys(name for word, name in _DATASETS.items() if word in recipe)),
            "parameters": round(float(rows[0][1]["param_count"].replace(",", "")) * 1e6),
            "claims": [claim for path, row in rows for claim in _claims(path, row)],
            "tags": [recipe] if recipe else [],
        }


def _claims(path: str, row: dict[str, str]) -> Iterator[dict[str, Any]]:
    dataset, split = _SETS[path]
    for metric in ("top1", "top5"):
        float(row[metric])
        config = f"{row.get('img_size') or '?'} px"
        yield {"dataset": dataset, "split": split, "config": config, "metric": metric, "value": row[metric]}
