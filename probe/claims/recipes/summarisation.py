"""Summaries, scored by ROUGE against the given ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from probe.claims import batches, measures
from probe.claims.datasets import Table
from probe.claims.estimates import Sample
from probe.claims.loading import Loaded, texts_of
from probe.claims.normalise import Metric, Unclear
from probe.claims.recipe import Alternative, How, Outcomes, Recipe
from probe.claims.texts import rouge

PAIRS = (
    ("document", "summary"),
    ("article", "highlights"),
    ("dialogue", "summary"),
    ("text", "summary"),
    ("article", "abstract"),
    ("text", "headline"),
    ("report", "summary"),
    ("source", "target"),
    ("content", "summary"),
)
KINDS = ("rouge1", "rouge2", "rougeL", "rougeLsum")
BATCH = 8
#: New tokens where the checkpoint's generation settings do not limit them.
LENGTH = 142
MOST = 1_024
#: Settings of a checkpoint that are taken, with what is within reason.
_ALLOWED = {
    "max_length": (2, 1 << 20),
    "max_new_tokens": (1, 1 << 20),
    "min_length": (0, 1 << 10),
    "num_beams": (1, 16),
    "length_penalty": (-10, 10),
    "repetition_penalty": (0.1, 10),
    "no_repeat_ngram_size": (0, 32),
    "early_stopping": (0, 1),
    "forced_bos_token_id": (0, 1 << 31),
    "forced_eos_token_id": (0, 1 << 31),
    "decoder_start_token_id": (0, 1 << 31),
    "bos_token_id": (0, 1 << 31),
    "eos_token_id": (0, 1 << 31),
    "pad_token_id": (0, 1 << 31),
}


class Summarisation(Recipe):
    """Sequence-to-sequence models, generating as their own settings say but never sampling."""

    name = "summarisation"
    tasks = frozenset({"summarization"})
    metrics = frozenset(KINDS)
    heads = ("ForConditionalGeneration", "ForSeq2SeqLM", "MTModel", "EncoderDecoderModel")

    def inputs(self, table: Table) -> list[Any]:
        """Texts to summarise."""
        return _columns(table)[0]

    def run(self, loaded: Loaded, table: Table, how: How) -> Outcomes:
        """A summary of every text."""
        import torch

        sources, golds, where = _columns(table)
        tokenizer, model = texts_of(loaded), loaded.model
        if not callable(getattr(model, "generate", None)):
            raise Unclear("ARCH_UNSUPPORTED", "the model does not generate")
        prefix = "" if "no prefix" in how.options else _prefix(loaded)
        settings = _settings(loaded, how)
        rows = batches.encode(loaded, [prefix + text for text in sources], None, how)
        order = sorted(range(len(rows)), key=lambda i: -len(rows[i]["input_ids"]))
        summaries = [""] * len(rows)
        torch.manual_seed(0)
        for begun in range(0, len(order), BATCH):
            places = order[begun : begun + BATCH]
            batch = batches.pad(loaded, [rows[i] for i in places])
            batch.pop("token_type_ids", None)
            with torch.inference_mode():
                made = model.generate(**batch, **settings)
            for place, ids in zip(places, made, strict=True):
                summaries[place] = tokenizer.decode(ids, skip_special_tokens=True).strip()
        pairs = list(zip(summaries, golds, strict=True))
        data: dict[str, Any] = {kind: [rouge(kind, guess, gold) for guess, gold in pairs] for kind in KINDS}
        beams = (
            settings.get("num_beams") or getattr(getattr(model, "generation_config", None), "num_beams", None) or 1
        )
        note = f"{where}, {beams} beam(s){f', prefix {prefix!r}' if prefix else ''}, no stemming"
        return Outcomes(summaries, {**data, "longest": batches.length(rows), "prefix": prefix, "beams": beams}, note)

    def readings(self, outcomes: Outcomes, metric: Metric) -> list[tuple[str, Sample]]:
        """The mean F-measure."""
        return [("", measures.average(outcomes.data[metric.name]))]

    def contradictions(self, outcomes: Outcomes, metric: Metric) -> Iterator[Alternative]:
        """ROUGE-L and ROUGE-Lsum taken for each other."""
        other = {"rougeL": "rougeLsum", "rougeLsum": "rougeL"}.get(metric.name)
        if other:
            yield Alternative("averaging", f"{other} instead", measures.average(outcomes.data[other]))

    def variants(self, loaded: Loaded, outcomes: Outcomes) -> list[How]:
        """One beam or four, without the prefix, a shorter source."""
        found = [How(f"{n} beam(s)", options=(f"beams {n}",)) for n in (1, 4) if n != outcomes.data["beams"]]
        if outcomes.data["prefix"]:
            found.append(How("without the prefix", options=("no prefix",)))
        return found + [
            How(f"source cut to {n} tokens", max_length=n) for n in (256, 512) if n < outcomes.data["longest"]
        ]


def _columns(table: Table) -> tuple[list[str], list[str], str]:
    there = {name.lower(): name for name in reversed(table.columns)}
    for source, gold in PAIRS:
        if source in there and gold in there:
            names = there[source], there[gold]
            values = [[row.get(name) for row in table.rows] for name in names]
            if all(isinstance(value, str) for line in values for value in line):
                return values[0], values[1], f"columns {names[0]}, {names[1]}"  # type: ignore[return-value]
    raise Unclear("NO_DATASET", f"{table.name}: no texts with summaries among {', '.join(table.columns[:12])}")


def _prefix(loaded: Loaded) -> str:
    """What T5 and its like want before the text."""
    told = getattr(loaded.config, "task_specific_params", None) or {}
    part = told.get("summarization") if isinstance(told, dict) else None
    prefix = part.get("prefix") if isinstance(part, dict) else None
    return prefix if isinstance(prefix, str) and len(prefix) < 200 else ""


def _settings(loaded: Loaded, how: How) -> dict[str, Any]:
    """What ``generate`` is told: the checkpoint's own settings within reason, never to sample."""
    settings: dict[str, Any] = {}
    # Older checkpoints have these in config.json.
    for name in ("config.json", "generation_config.json"):
        path = loaded.folder / name
        try:
            told = json.loads(path.read_text("utf-8")) if path.is_file() and path.stat().st_size < 1 << 20 else {}
        except (ValueError, OSError, RecursionError):
            continue
        if isinstance(told, dict):
            settings |= {k: v for k, v in told.items() if k in _ALLOWED and _sane(v, *_ALLOWED[k])}
    places = getattr(loaded.config, "max_position_embeddings", None)
    most = min(MOST, places - 1) if isinstance(places, int) and places > 2 else MOST
    longest = settings.pop("max_length", None)
    new = settings.pop("max_new_tokens", None) or (longest - 1 if longest else LENGTH)
    for word in how.options:
        if word.startswith("beams "):
            settings["num_beams"] = int(word.split()[1])
    return settings | {"do_sample": False, "max_new_tokens": max(1, min(new, most))}


def _sane(value: Any, low: float, high: float) -> bool:
    return isinstance(value, int | float) and low <= value <= high


RECIPE = Summarisation()
