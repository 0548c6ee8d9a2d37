"""Does the checkpoint have the parameters and shapes that its configuration, name and card claim?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from probe.weights.detector import Detector, Reading, note, rules
from probe.weights.formats import INTEGERS
from probe.weights.subject import Side, Subject

#: "7b", "1.5B", "110M", "8x7b" as a word of its own in a name.
_SIZE = re.compile(r"(?<![A-Za-z0-9.])(?:(\d{1,3})\s?x\s?)?(\d{1,4}(?:\.\d{1,3})?)\s?([bBmM])(?![A-Za-z0-9])")
_SCALE = {"b": 1e9, "m": 1e6}
#: Names round freely (gemma-7b has 8.5e9, Llama-3.2-1B 1.24e9): only a claim off by more than this factor counts.
_SLACK = 1.7


class Architecture(Detector):
    """Counts against claims, shapes against config.json."""

    name = "architecture"
    rules = rules(
        note("weights-parameters-mismatch", "The number of parameters is not what the name or card claims"),
        note("weights-config-mismatch", "A tensor's shape or the number of layers contradicts config.json"),
        note("weights-config-unreadable", "config.json or the tokenizer cannot be read"),
        note("weights-metadata-mismatch", "The file's own metadata contradict its tensors"),
    )

    def read(self, subject: Subject) -> Reading:
        """Findings and facts; no score."""
        side = subject.model
        reading = Reading(reason="counts, not a score", facts=_facts(side))
        for told, details in _shapes(side):
            reading.findings.append(self.found("weights-config-mismatch", told, **details))
        if side.layout.packed or side.layout.adapters:
            reading.facts["claimed_parameters"] = None
        else:
            self._claims(subject, reading)
        self._metadata(side, reading)
        for problem in side.problems:
            reading.findings.append(self.found("weights-config-unreadable", problem))
        return reading

    def _claims(self, subject: Subject, reading: Reading) -> None:
        counted = subject.model.checkpoint.parameters
        claim = claimed_parameters(subject)
        reading.facts["claimed_parameters"] = claim[0] if claim else None
        if claim and counted and not 1 / _SLACK <= claim[0] / counted <= _SLACK:
            told = f"{claim[1]} claims {claim[0]:.3g} parameters, the tensors hold {counted:.3g}."
            reading.findings.append(
                self.found("weights-parameters-mismatch", told, claimed=claim[0], counted=counted, source=claim[1])
            )
        exact = _card_count(subject.card)
        total = sum(info.size for info in subject.model.checkpoint.tensors.values())
        if exact is not None and exact not in (counted, total) and abs(exact - counted) > 0.01 * max(counted, 1):
            told = f"The hub's record counts {exact} parameters, the tensors hold {counted}."
            reading.findings.append(
                self.found("weights-parameters-mismatch", told, claimed=exact, counted=counted, source="hub record")
            )

    def _metadata(self, side: Side, reading: Reading) -> None:
        claimed = side.checkpoint.metadata.get("total_parameters", "")
        total = sum(info.size for info in side.checkpoint.tensors.values())
        if re.fullmatch(r"\d{1,18}", claimed) and int(claimed) not in (total, side.checkpoint.parameters):
            told = f"The file's metadata count {claimed} parameters, its tensors hold {total}."
            reading.findings.append(
                self.found("weights-metadata-mismatch", told, claimed=int(claimed), counted=total)
            )


def claimed_parameters(subject: Subject) -> tuple[float, str] | None:
    """The number of parameters that the model's name claims, and where; the largest word counts (``8x7b``)."""
    name = str(subject.card.get("model_id") or subject.model.folder.name)
    found = []
    for match in _SIZE.finditer(name.rpartition("/")[2].replace("_", "-")):
        many, number, unit = match.groups()
        value = float(number) * _SCALE[unit.lower()]
        if 1e5 <= value <= 2e13:
            # Experts share attention and embeddings: eight of 7e9 come to 4.7e10.
            found.append((value * (0.83 * int(many) if many else 1), f"The name ({match.group(0)})"))
    return max(found) if found else None


def _card_count(card: Mapping[str, Any]) -> int | None:
    safetensors = card.get("safetensors")
    total = safetensors.get("total") if isinstance(safetensors, Mapping) else None
    return total if isinstance(total, int) and not isinstance(total, bool) and total > 0 else None


def _facts(side: Side) -> dict[str, Any]:
    tensors = side.checkpoint.tensors
    kinds: dict[str, int] = {}
    for info in tensors.values():
        kinds[info.dtype] = kinds.get(info.dtype, 0) + info.size
    names = side.config.get("architectures")
    return {
        "parameters": side.checkpoint.parameters,
        "tensors": len(tensors),
        "dtype": max(kinds, key=lambda word: kinds[word]),
        "dtypes": kinds,
        "packed": bool(side.layout.packed) or kinds.keys() <= INTEGERS,
        "architecture": str(names[0])[:200] if isinstance(names, list) and names else None,
        "model_type": str(side.config["model_type"])[:200] if "model_type" in side.config else None,
        "layers": side.layout.layers,
        "embedding": side.layout.embedding,
        "embedding_shape": list(side.shape),
        "tokens": len(side.vocabulary.tokens) if side.has_tokenizer else None,
        "frequency_proxy": side.vocabulary.proxy if side.layout.embedding else None,
    }


def _number(config: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = config.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 40:
            return value
    return None


def _shapes(side: Side) -> Iterator[tuple[str, dict[str, Any]]]:
    config, (rows, columns) = side.config, side.shape
    if not config or side.layout.adapters:
        return
    vocabulary = _number(config, "vocab_size", "n_vocab")
    if rows and vocabulary and vocabulary != rows:
        yield (
            f"config.json has a vocabulary of {vocabulary}, the embedding {rows} rows.",
            {"config": vocabulary, "tensor": rows},
        )
    widths = {
        _number(config, name)
        for name in ("hidden_size", "d_model", "n_embd", "dim", "embedding_size", "word_embed_proj_dim")
    }
    if columns and widths - {None} and columns not in widths:
        known = sorted(width for width in widths if width)
        yield (
            f"config.json has a width of {known[0]}, the embedding {columns} columns.",
            {"config": known, "tensor": columns},
        )
    layers = [
        _number(config, name)
        for name in ("num_hidden_layers", "n_layer", "num_layers", "n_layers", "encoder_layers", "decoder_layers")
    ]
    claimed = {layer for layer in layers if layer}
    # ALBERT shares one set of weights among all layers.
    if side.layout.layers and claimed and side.layout.layers not in claimed and config.get("model_type") != "albert":
        yield (
            f"config.json has {min(claimed)} layers, the tensors {side.layout.layers}.",
            {"config": sorted(claimed), "tensor": side.layout.layers},
        )
    yield from _labels(side)
    names = side.vocabulary.tokens if side.has_tokenizer else ()
    if rows and len(names) > rows:
        told = f"The tokenizer has {len(names)} tokens, the embedding only {rows} rows."
        yield told, {"tokenizer": len(names), "tensor": rows}


def _labels(side: Side) -> Iterator[tuple[str, dict[str, Any]]]:
    labels = side.config.get("id2label")
    count = len(labels) if isinstance(labels, dict) else _number(side.config, "num_labels")
    architectures = str(side.config.get("architectures", ""))
    if side.layout.final and count and "Classification" in architectures:
        classes = side.checkpoint.tensors[side.layout.final].shape[0]
        if classes != count:
            yield f"config.json names {count} labels, the head has {classes}.", {"config": count, "tensor": classes}


DETECTOR = Architecture()
