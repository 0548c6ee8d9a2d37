"""Ten models that a person can count: what the dumps of the tests say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import real_census

HOSTILE = "<img src=x onerror=alert(1)>"
FLOOR = "2022-03-02T23:29:04.000Z"
FIRST, SECOND, CARDS, PARTIAL = (datetime(2024, month, 1, tzinfo=UTC) for month in (1, 6, 7, 9))

EARLY = [
    ("bert", 900_000, 40, FLOOR, ["license:apache-2.0"], None, None, 1),
    ("org/child-same", 100, 1, "2023-05-02T00:00:00.000Z", ["license:apache-2.0"], None, None, 2),
    ("old/gone", 50, 0, "2023-05-03T00:00:00.000Z", [], None, None, 11),
    ("ann/plain", 10, 0, "2023-06-01T00:00:00.000Z", [], None, None, 7),
]
LATE = [
    ("org/base", 1_000_000, 50, FLOOR,
     ["license:apache-2.0", "en", "dataset:squad", "arxiv:1810.04805", "safetensors", "pytorch", "model-index"],
     "text-generation", "transformers", 1),
    ("org/child-same", 2_000, 5, "2023-05-02T00:00:00.000Z", ["license:apache-2.0", "base_model:org/base", "pytorch"],
     "text-generation", "transformers", 2),
    ("joe/child-mit", 500, 1, "2024-02-01T00:00:00.000Z",
     ["license:mit", "base_model:org/base"], "fill-mask", "transformers", 3),
    ("joe/child-none", 40, 0, "2024-02-02T00:00:00.000Z", ["base_model:org/base"], None, None, 4),
    ("joe/grandchild", 20, 0, "2024-02-03T00:00:00.000Z",
     ["license:other", "base_model:org/child-same", "base_model:gone/model", "merge"], None, "peft", 5),
    ("ann/self", 0, 0, "2024-03-01T00:00:00.000Z", ["license:mit", "base_model:ann/self"], None, None, 6),
    ("ann/plain", 0, 0, "2023-06-01T00:00:00.000Z", [], None, None, 7),
    ("ann/carbon", 0, 0, "2024-03-02T00:00:00.000Z",
     ["license:cc-by-nc-4.0", "license:mit", "co2_eq_emissions"], None, None, 8),
    ("evil/plain", 0, 0, "2024-03-03T00:00:00.000Z",
     [f"license:{HOSTILE}", f"dataset:={HOSTILE}$x$"], HOSTILE, "=1+1\x1b[31m", 9),
    ("new/plain", 60, 0, "2024-04-01T00:00:00.000Z", ["license:llama2"], None, "transformers", 10),
]  # fmt: skip
PACKAGES = f'registry,name,downloads\npypi,boto3,400\nPyPI,urllib3,100\nnpm,{HOSTILE},"1,000"\n{HOSTILE},x,5\n'
CARD = "---\nlicense: apache-2.0\n---\n# Base\n## Model description\nIt is a model.\n## Training data\nText.\n"


def records(models: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """The models as the hub's list API gives them."""
    names = ("id", "downloads", "likes", "createdAt", "tags", "pipeline_tag", "library_name", "_id")
    made = [dict(zip(names, model, strict=True)) for model in models]
    return [{**record, "_id": f"5f{record['_id']:022x}", "private": False} for record in made]


def jsonl(path: Path, lines: list[dict[str, Any]]) -> Path:
    """Write a dump."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def shared_data() -> Path | None:
    """The folder of real dumps of the hub, where this machine has it."""
    folder = real_census.shared_data()
    return folder / "hf" if folder else None
