"""Similarity of sentences by their embeddings, against people's scores: Pearson and Spearman, as in STS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from probe.claims import batches, measures
from probe.claims.datasets import Table
from probe.claims.estimates import Sample
from probe.claims.loading import Loaded
from probe.claims.normalise import Metric, Unclear
from probe.claims.recipe import Alternative, How, Outcomes, Recipe
from probe.claims.recipes.regression import scores
from probe.claims.recipes.text_classification import lengths, texts

_POOLS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_lasttoken": "last",
}


class SentenceSimilarity(Recipe):
    """Encoders without a head; pooled as ``modules.json`` says, by the mean where nothing is said."""

    name = "sentence similarity"
    tasks = frozenset({"sentence-similarity"})
    metrics = frozenset({"pearson", "spearman"})
    heads = ("Model", "ForMaskedLM", "EncoderModel")

    def inputs(self, table: Table) -> list[Any]:
        """Pairs, joined."""
        first, second, _ = _pairs(table)
        return [f"{a}\n{b}" for a, b in zip(first, second, strict=True)]

    def run(self, loaded: Loaded, table: Table, how: How) -> Outcomes:
        """Four similarities of every pair."""
        first, second, where = _pairs(table)
        truth, (pool, stated) = scores(table), pooling(loaded.folder)
        rows = batches.encode(loaded, [*first, *second], None, how)
        # Without the head, where there is one.
        encoder = replace(loaded, model=getattr(loaded.model, "base_model", loaded.model))

        def take(output: Any, batch: Any, places: Any) -> Any:
            return _pooled(output, batch["attention_mask"], pool).float().cpu().numpy()

        found = np.stack(batches.forward(encoder, rows, take)).astype(float)
        if not np.isfinite(found).all():
            raise Unclear("LOAD_ERROR", "the model gives NaN or infinity")
        a, b = found[: len(first)], found[len(first) :]
        norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        data = {
            "truth": truth,
            "cosine": (a * b).sum(axis=1) / np.maximum(norms, 1e-12),
            "dot": (a * b).sum(axis=1),
            "euclidean": -np.linalg.norm(a - b, axis=1),
            "manhattan": -np.abs(a - b).sum(axis=1),
            "longest": batches.length(rows),
        }
        note = f"{where}, {pool} pooling{'' if stated else ' (not stated)'}"
        return Outcomes([float(f"{value:.5g}") for value in data["cosine"]], data, note)

    def readings(self, outcomes: Outcomes, metric: Metric) -> list[tuple[str, Sample]]:
        """By the cosine where nothing else is said."""
        kind = metric.similarity or "cosine"
        return [(kind, measures.regression(metric.name, outcomes.data["truth"], outcomes.data[kind]))]

    def contradictions(self, outcomes: Outcomes, metric: Metric) -> Iterator[Alternative]:
        """The other correlation, and other similarities."""
        data = outcomes.data
        other = {"pearson": "spearman", "spearman": "pearson"}[metric.name]
        for name in (metric.name, other):
            for kind in ("cosine", "dot", "euclidean", "manhattan"):
                if (name, kind) != (metric.name, metric.similarity or "cosine"):
                    sample = measures.regression(name, data["truth"], data[kind])
                    yield Alternative("averaging", f"{name} of {kind} similarity", sample)

    def variants(self, loaded: Loaded, outcomes: Outcomes) -> list[How]:
        """Shorter cuts, lower case."""
        return lengths(loaded, outcomes)


def pooling(folder: Path) -> tuple[str, bool]:
    """How token vectors become one, and whether the checkpoint says so (sentence-transformers' files)."""
    for path in sorted(folder.glob("*Pooling*/config.json")):
        try:
            told = json.loads(path.read_text("utf-8")) if path.stat().st_size < 1 << 20 else {}
        except (ValueError, OSError, RecursionError):
            continue
        if isinstance(told, dict):
            chosen = [word for key, word in _POOLS.items() if told.get(key) is True]
            if len(chosen) == 1:
                return chosen[0], True
            if isinstance(told.get("pooling_mode"), str) and told["pooling_mode"] in _POOLS.values():
                return told["pooling_mode"], True
    return "mean", False


def _pairs(table: Table) -> tuple[list[str], list[str], str]:
    first, second, where = texts(table)
    if second is None:
        raise Unclear("NO_DATASET", f"{table.name}: no pairs of sentences among {', '.join(table.columns[:12])}")
    return first, second, where


def _pooled(output: Any, mask: Any, pool: str) -> Any:
    vectors = output.last_hidden_state
    wide = mask.unsqueeze(-1).to(vectors.dtype)
    if pool == "cls":
        return vectors[:, 0]
    if pool == "max":
        return vectors.masked_fill(wide == 0, float("-inf")).max(dim=1).values
    if pool == "last":
        return vectors[range(len(mask)), mask.cumsum(1).argmax(1)]
    return (vectors * wide).sum(dim=1) / wide.sum(dim=1).clamp(min=1)


RECIPE = SentenceSimilarity()
