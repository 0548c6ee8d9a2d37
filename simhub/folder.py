"""Models whose files are real: a folder of checkpoints, laid out as `OWNER/NAME/...`, joins a population.

Records are derived as the Hub would derive them: tags and cardData from the README's front matter, config
from config.json, parameter counts from safetensors headers. Files are served from where they are, and the days
that pass leave these models alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import yaml

from simhub.clock import digest, epoch, within
from simhub.population import Counters
from simhub.spec import Spec
from simhub.store import Store

_FORMATS = {".safetensors": "safetensors", ".bin": "pytorch", ".pt": "pytorch", ".gguf": "gguf", ".onnx": "onnx"}


def add_folder(store: Store, folder: str | Path) -> list[str]:
    """Add every `OWNER/NAME` of a folder as a model that appears today; their ids."""
    specs = list(_specs(store, Path(folder)))
    store.add(((spec, Counters(0, 0, 0, 0)) for spec in specs), store.day)
    store.put("fixed", json.dumps([*json.loads(store.get("fixed", "[]")), *(spec.ordinal for spec in specs)]))
    store.drop_lazy()
    return [spec.id for spec in specs]


def _specs(store: Store, folder: Path) -> Iterator[Spec]:
    found = sorted(path for path in folder.glob("*/*") if path.is_dir())
    for number, path in enumerate(found, start=store.next_ordinal()):
        moment = within(store.day, 60)
        oid = f"{epoch(moment):08x}{digest('folder', length=10)}{number:06x}"
        spec = Spec(number, oid, f"{path.parent.name}/{path.name}", moment, moment, folder=str(path.resolve()))
        _read(spec, path)
        yield spec


def _read(spec: Spec, path: Path) -> None:
    files = [p for p in path.rglob("*") if p.is_file()]
    spec.formats = sorted({_FORMATS[p.suffix] for p in files if p.suffix in _FORMATS})
    _read_config(spec, path / "config.json")
    _read_card(spec, path / "README.md")
    for file in files:
        if file.suffix == ".safetensors":
            spec.counts = dict(Counter(spec.counts) + Counter(_parameters(file)))


def _read_config(spec: Spec, path: Path) -> None:
    try:
        config = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return
    if isinstance(config, dict):
        spec.config = {key: config[key] for key in ("architectures", "model_type", "auto_map") if key in config}
        spec.library = "transformers" if "model_type" in config else None


def _read_card(spec: Spec, path: Path) -> None:
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
    spec.card = "plain"
    if not text.startswith("---\n"):
        return
    try:
        front = yaml.safe_load(text[4:].partition("\n---")[0])
    except yaml.YAMLError:
        front = None
    spec.card = "folder" if isinstance(front, dict) else "invalid"
    if isinstance(front, dict):
        _declare(spec, json.loads(json.dumps(front, default=str)))


def _declare(spec: Spec, front: dict[str, Any]) -> None:
    spec.front = front
    spec.licences, spec.languages = _several(front.get("license")), _several(front.get("language"))
    spec.datasets, spec.words = _several(front.get("datasets")), _several(front.get("tags"))
    spec.parents, spec.relation = _several(front.get("base_model")), str(front.get("base_model_relation") or "")
    spec.library = front.get("library_name") or spec.library
    spec.task = front.get("pipeline_tag")
    spec.co2 = front.get("co2_eq_emissions")


def _several(value: Any) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else [] if value is None else [str(value)]


def _parameters(path: Path) -> dict[str, int]:
    """Parameters by dtype of a safetensors file; nothing where its header does not parse."""
    try:
        with path.open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            table = json.loads(stream.read(min(size, 25_000_000)))
        tensors = [value for key, value in table.items() if key != "__metadata__"]
        counts: Counter[str] = Counter()
        for tensor in tensors:
            counts[tensor["dtype"]] += prod(tensor["shape"])
        return dict(counts)
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
