"""Keras configurations as JSON: config.json of a .keras archive, architecture files written by to_json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.readers.keras import is_config, problems
from probe.scan.readers.text import UNREADABLE, look

RULES = rules(
    Rule(
        "keras-code",
        Severity.DANGEROUS,
        "model configuration holds code",
        "A Lambda layer or wrapped module is revived by running stored code (CVE-2024-3660, CVE-2025-9905, "
        "CVE-2025-49655).",
    ),
    Rule(
        "keras-module",
        Severity.DANGEROUS,
        "model configuration imports a module that is no part of Keras",
        "Reviving an object imports the module that stands beside its name (CVE-2025-1550).",
    ),
    Rule(
        "keras-gadget",
        Severity.DANGEROUS,
        "model configuration calls a function that loads, fetches or unlocks",
        "Such as keras.utils.get_file or enable_unsafe_deserialization (CVE-2025-8747, CVE-2025-9906).",
    ),
    Rule("keras-lambda", Severity.SUSPICIOUS, "Lambda layer of a named function"),
    Rule("keras-file", Severity.SUSPICIOUS, "layer reads a file or an address named by the configuration"),
    Rule("keras-fetch", Severity.UNLISTED, "layer loads another model"),
    Rule("keras-custom", Severity.UNLISTED, "layer or function of a module on no list"),
    Rule(
        "keras-unreadable",
        Severity.SUSPICIOUS,
        "model configuration cannot be read",
        "There is one, but it is no JSON within the caps: nothing can be said of its layers.",
    ),
)


class Keras(Detector):
    """JSON that describes Keras objects: ``class_name`` beside ``config``."""

    name = "keras"
    rules = RULES

    def applies(self, blob: Blob) -> bool:
        """JSON that mentions ``class_name`` and ``config``."""
        seen = look(blob)
        return seen.kind == "json" and seen.mentions(b'"class_name"') and seen.mentions(b'"config"')

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """What reviving it would do."""
        document = look(blob).document
        if document is UNREADABLE:
            yield self.found("keras-unreadable", blob, "mentions class_name, but is no JSON within the caps")
            return
        yield from self.judge(document, blob, budget)

    def judge(self, document: Any, blob: Blob, budget: Budget, where: str = "") -> Iterator[Finding]:
        """Findings about one parsed configuration."""
        for kind, message, path in problems(document, budget):
            yield self.found(f"keras-{kind}", blob, message, f"{where}{path}")


DETECTOR = Keras()

__all__ = ["DETECTOR", "RULES", "Keras", "is_config"]
