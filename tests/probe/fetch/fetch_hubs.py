"""Simulated hubs with real files, and with what a hub may do to them on their way."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

from simhub import SimHub, add_datasets, add_folder, build_synthetic
from simhub.wire import Request, Response

Twist = Callable[[Request, Response], Response]


class TwistedHub(SimHub):
    """A hub whose answers pass through ``twist``; ``seen`` are the requests."""

    twist: Twist | None = None

    def __init__(self, *words, **more):
        super().__init__(*words, **more)
        self.seen: list[Request] = []

    def reply(self, request: Request) -> Response:
        self.seen.append(request)
        response = super().reply(request)
        return self.twist(request, response) if self.twist else response


def safetensors(tensors: dict[str, tuple[str, list[int], bytes]]) -> bytes:
    """A safetensors file."""
    table, data = {}, b""
    for name, (dtype, shape, body) in tensors.items():
        table[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(body)]}
        data += body
    text = json.dumps(table).encode()
    return struct.pack("<Q", len(text)) + text + data


EMBEDDING = bytes(range(256)) * 16
WEIGHTS = safetensors(
    {
        "bert.encoder.layer.0.attention.self.query.weight": ("F32", [64, 64], bytes(64 * 64 * 4)),
        "bert.embeddings.word_embeddings.weight": ("F32", [64, 16], EMBEDDING),
        "classifier.bias": ("F32", [2], bytes(8)),
    }
)


def population(tmp_path: Path, **models: dict[str, bytes]) -> tuple[object, dict[str, str]]:
    """A store with these models (owner ``zoo``) and one dataset, and the models' ids by name."""
    for name, files in models.items():
        for path, body in files.items():
            place = tmp_path / "models" / "zoo" / name / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(body)
    data = tmp_path / "datasets" / "zoo" / "reviews"
    (data / "plain").mkdir(parents=True)
    (data / "plain" / "test.jsonl").write_text('{"text": "a", "label": 0}\n')
    (data / "README.md").write_text("# Reviews\n")
    (data / "loader.py").write_text("raise SystemExit\n")
    store = build_synthetic(30, seed=1)
    add_folder(store, tmp_path / "models")
    add_datasets(store, tmp_path / "datasets")
    return store, {name: f"zoo/{name}" for name in models}


PLAIN = {
    "config.json": b'{"model_type": "bert"}',
    "README.md": b"# A model\n",
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"PK\x03\x04" + bytes(5_000),
    "picture.png": b"png",
}
