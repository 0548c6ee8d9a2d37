"""Indexes of sharded checkpoints: the files that they send a loader to."""

from __future__ import annotations

from collections.abc import Iterator

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.readers.paths import escapes
from probe.scan.readers.text import UNREADABLE, look


class ShardIndex(Detector):
    """``*.index.json`` of safetensors and torch shards: ``weight_map`` from tensor to file."""

    name = "shard-index"
    rules = rules(
        Rule(
            "shard-path",
            Severity.DANGEROUS,
            "shard outside the model's folder",
            "A loader that joins the name to the folder opens another file.",
        ),
        Rule("shard-index", Severity.SUSPICIOUS, "shard index is no map of texts"),
    )

    def applies(self, blob: Blob) -> bool:
        """JSON that mentions ``weight_map``."""
        seen = look(blob)
        return seen.kind == "json" and seen.mentions(b'"weight_map"')

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Every file named."""
        document = look(blob).document
        if document is UNREADABLE or not isinstance(document, dict):
            yield self.found("shard-index", blob, "mentions weight_map, but is no JSON object")
            return
        shards = document.get("weight_map")
        if shards is None:
            return
        if not isinstance(shards, dict) or not all(isinstance(value, str) for value in shards.values()):
            yield self.found("shard-index", blob, "weight_map does not map names to files", "weight_map")
            return
        for name in sorted(set(shards.values()))[:10_000]:
            if why := escapes(name):
                yield self.found("shard-path", blob, f"{name[:120]!r} {why}", "weight_map")


DETECTOR = ShardIndex()
