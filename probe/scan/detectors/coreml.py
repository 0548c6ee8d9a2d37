"""Core ML: models and layers that need classes of the application."""

from __future__ import annotations

from collections.abc import Iterator

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.readers import wire
from probe.scan.readers.wire import BYTES, VARINT, Malformed

_CUSTOM_MODEL = 555
_LINKED_MODEL = 556
_NETWORKS = (303, 403, 500)
_CUSTOM_LAYER = 500


class CoreMl(Detector):
    """``.mlmodel``: a protobuf message with a specification version and one model of many kinds."""

    name = "coreml"
    rules = rules(
        Rule("coreml-custom", Severity.UNLISTED, "model or layer that runs a class of the application"),
        Rule("coreml-linked", Severity.UNLISTED, "model linked from another file"),
        Rule("coreml-malformed", Severity.ERROR, "Core ML model is damaged"),
    )

    def applies(self, blob: Blob) -> bool:
        """A small version, then fields of which one is a kind of model (200 and above)."""
        if blob.head(1) != b"\x08":
            return False
        outline = wire.outline(blob)
        if outline is None or outline.get(1) != VARINT or outline.get(2, BYTES) != BYTES:
            return False
        return any(200 <= number < 3100 and kind == BYTES for number, kind in outline.items())

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Custom models, custom layers, linked models."""
        try:
            for field in wire.fields(blob.data, budget):
                if field.number == _CUSTOM_MODEL and field.wire == BYTES:
                    yield self.found("coreml-custom", blob, f"class {_text(field.data, 10)!r}")
                elif field.number == _LINKED_MODEL:
                    yield self.found("coreml-linked", blob, "a linked model")
                elif field.number in _NETWORKS and field.wire == BYTES:
                    for layer in wire.fields(field.data, budget):
                        if layer.number == 1 and layer.wire == BYTES:
                            yield from self.layer(blob, layer.data)
        except Malformed as error:
            yield self.found("coreml-malformed", blob, str(error))

    def layer(self, blob: Blob, data: memoryview) -> Iterator[Finding]:
        """One layer of a neural network."""
        for part in wire.fields(data):
            if part.number == _CUSTOM_LAYER and part.wire == BYTES:
                yield self.found("coreml-custom", blob, f"layer of class {_text(part.data, 10)!r}")


def _text(data: memoryview, number: int) -> str:
    return next((field.text[:80] for field in wire.fields(data) if field.number == number), "")


DETECTOR = CoreMl()
