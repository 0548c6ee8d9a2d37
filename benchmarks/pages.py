"""Pages of list answers as heavy as real ones: about 2.2 kB and 43 table rows a model, skewed as published.

Tags are log-normal (5 to 40) out of a Zipf vocabulary, 3 to 60 files, two thirds have a card, 40 % a licence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from landing import Zone
from landing.clock import from_iso

FIELDS = [
    *("_id", "id", "author", "sha", "createdAt", "lastModified", "gated", "private", "disabled", "likes"),
    *("downloads", "trendingScore", "tags", "siblings", "config", "pipeline_tag", "library_name", "cardData"),
    "model-index",
]
_TASKS = ["text-generation", "text-classification", "text-to-image", "fill-mask", "automatic-speech-recognition"]
_LICENCES = ["apache-2.0", "mit", "openrail", "creativeml-openrail-m", "cc-by-nc-4.0", "llama2", "other"]
_TEMPLATE = "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] }}{% endfor %}" * 3


def record(number: int, chance: np.random.Generator, vocabulary: list[str]) -> dict:
    """One model."""
    owner = f"owner-{int(chance.zipf(1.3)) % 50000}"
    picked = chance.integers(0, 20000, int(np.clip(chance.lognormal(2.2, 0.5), 5, 40)))
    tags = [vocabulary[int(tag * tag // 20000)] for tag in picked]
    card: dict | None = None
    results: list | None = None
    if chance.random() < 0.66:
        card = {"language": "en", "tags": tags[:4]}
        if chance.random() < 0.6:
            licence = _LICENCES[int(chance.zipf(1.6)) % len(_LICENCES)]
            card["license"] = licence
            tags.append(f"license:{licence}")
        if chance.random() < 0.25:
            parent = f"owner-{number % 997}/model-{int(chance.zipf(1.5)) % max(1, number + 1)}"
            card["base_model"] = parent
            tags += [f"base_model:{parent}", f"base_model:finetune:{parent}"]
        if chance.random() < 0.1:
            metrics = [{"type": "accuracy", "name": "Accuracy", "value": round(float(chance.random()), 4)}] * 2
            dataset = {"name": "glue", "type": "glue", "split": "validation"}
            task = {"type": "text-classification", "name": "Text Classification"}
            results = [
                {"name": f"model-{number}", "results": [{"task": task, "dataset": dataset, "metrics": metrics}]}
            ]
    names = ["README.md", ".gitattributes", "config.json", "tokenizer.json", "tokenizer_config.json"]
    files = int(np.clip(chance.lognormal(2.9, 0.7), 3, 60))
    names += [
        f"checkpoint-{500 * step}/model-{step:05d}-of-{files:05d}.safetensors" for step in range(max(0, files - 5))
    ]
    downloads = int(chance.zipf(1.45)) if chance.random() < 0.5 else 0
    return {
        "_id": f"{number:024x}",
        "id": f"{owner}/model-{number}",
        "author": owner,
        "sha": chance.bytes(20).hex(),
        "createdAt": f"202{number % 5}-0{1 + number % 9}-1{number % 9}T10:{number % 60:02d}:00.000Z",
        "lastModified": f"2025-0{1 + number % 9}-1{number % 9}T11:{number % 60:02d}:00.000Z",
        "gated": False,
        "private": False,
        "disabled": False,
        "likes": int(downloads**0.5) if downloads < 1 << 60 else 1000,
        "downloads": min(downloads, 10**9),
        "trendingScore": 0,
        "tags": tags,
        "siblings": [{"rfilename": name} for name in names],
        "config": {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "tokenizer_config": {"chat_template": _TEMPLATE},
        },
        "pipeline_tag": _TASKS[number % len(_TASKS)],
        "library_name": "transformers",
        "cardData": card,
        "model-index": results,
    }


def pages(count: int, seed: int = 7) -> Iterator[bytes]:
    """``count`` pages of 1,000 models."""
    chance = np.random.default_rng(seed)
    vocabulary = [f"tag-{number}" for number in range(20000)]
    for page in range(count):
        records = [record(page * 1000 + place, chance, vocabulary) for place in range(1000)]
        yield json.dumps(records, separators=(",", ":")).encode()


def land(home: Path, count: int, seed: int = 7) -> int:
    """A finished listing of ``count`` pages in the landing zone of ``home``; returns its bytes."""
    zone = Zone(home / "landing")
    size = 0
    with zone.lock("huggingface"):
        writer = zone.start("huggingface", kind="listing", program="benchmark", parser="benchmark", config={})
        for number, body in enumerate(pages(count, seed)):
            size += len(body)
            writer.write_page(
                body,
                kind="models",
                key=str(number),
                url="",
                records=1000,
                fields=FIELDS,
                fetched_at=from_iso("2026-01-01"),
                walk="all",
                cursor=number,
            )
        writer.finish(complete=True, observed_at=from_iso("2026-01-01"))
    return size
