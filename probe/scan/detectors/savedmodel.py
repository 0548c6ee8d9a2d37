"""TensorFlow graphs: saved_model.pb, frozen graphs and meta graphs, read from the wire."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.detectors.keras import DETECTOR as KERAS
from probe.scan.readers import wire
from probe.scan.readers.keras import embedded
from probe.scan.readers.paths import escapes
from probe.scan.readers.tensorflow import is_op, reach
from probe.scan.readers.text import is_text
from probe.scan.readers.wire import BYTES, VARINT, Malformed

_SEVERITY = {"writes": "tf-writes", "reaches": "tf-reaches", "reads": "tf-reads", "custom": "tf-custom"}
_KERAS_METADATA = re.compile(rb"_tf_keras_")
_URL = re.compile(rb"(?:file|grpc|https?|s3|gs|hdfs)://[!-~]{0,200}")
# Only these attributes of a node are read for addresses: constants hold arbitrary text.
_ADDRESSED = {"PrintV2": b"output_stream", "DebugIdentity": b"debug_urls", "DebugIdentityV2": b"debug_urls"}


class SavedModel(Detector):
    """SavedModel, MetaGraphDef and GraphDef, with the library of functions."""

    name = "tensorflow"
    rules = KERAS.rules | rules(
        Rule(
            "tf-writes",
            Severity.DANGEROUS,
            "graph writes files",
            "Running the graph writes to a path that the graph itself can name.",
        ),
        Rule(
            "tf-reaches",
            Severity.SUSPICIOUS,
            "graph reads files, calls Python or the network",
            "ReadFile, MatchingFiles, PyFunc, Rpc and their like.",
        ),
        Rule("tf-reads", Severity.UNLISTED, "graph reads records from files"),
        Rule("tf-custom", Severity.UNLISTED, "graph uses operations of a namespace that is not TensorFlow's"),
        Rule("tf-address", Severity.SUSPICIOUS, "graph sends what passes through it to an address"),
        Rule("tf-asset-path", Severity.DANGEROUS, "asset outside the model's folder"),
        Rule("tf-malformed", Severity.ERROR, "graph is damaged", "The protobuf ends early or does not parse."),
    )

    def applies(self, blob: Blob) -> bool:
        """The outline of one of the messages."""
        return _kind(blob) is not None

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Operations by what they reach, asset paths, and Keras metadata in it."""
        kind = _kind(blob)
        ops: Counter[str] = Counter()
        try:
            if kind == "saved_model":
                for field in wire.fields(blob.data, budget):
                    if field.number == 2 and field.wire == BYTES:
                        yield from self.meta_graph(field.data, blob, ops, budget)
            elif kind == "meta_graph":
                yield from self.meta_graph(blob.data, blob, ops, budget)
            elif kind == "graph":
                yield from self.graph(blob.data, blob, ops, budget)
        except Malformed as error:
            yield self.found("tf-malformed", blob, str(error))
        for op, count in sorted(ops.items()):
            if what := reach(op):
                yield self.found(_SEVERITY[what], blob, f"operation {op[:80]}, {count} times", op[:80])
        if kind == "keras_metadata" or _KERAS_METADATA.search(blob.data):
            for offset, document in embedded(blob, budget):
                if document is None:
                    yield self.found("keras-unreadable", blob, "a configuration that is no JSON", f"byte {offset}")
                else:
                    yield from KERAS.judge(document, blob, budget, f"byte {offset} ")

    def meta_graph(self, data: memoryview, blob: Blob, ops: Counter[str], budget: Budget) -> Iterator[Finding]:
        """MetaGraphDef: the graph is field 2, asset files are field 6."""
        for field in wire.fields(data, budget):
            if field.wire != BYTES:
                continue
            if field.number == 2:
                yield from self.graph(field.data, blob, ops, budget)
            elif field.number == 6:
                for inner in wire.fields(field.data):
                    if inner.number == 2 and (why := escapes(inner.text)):
                        yield self.found("tf-asset-path", blob, f"{inner.text[:120]!r} {why}", "asset_file_def")

    def graph(self, data: memoryview, blob: Blob, ops: Counter[str], budget: Budget) -> Iterator[Finding]:
        """GraphDef: nodes are field 1; the library (2) holds functions (1), whose nodes are field 3."""
        for field in wire.fields(data, budget):
            if field.number == 1 and field.wire == BYTES:
                yield from self.node(field.data, blob, ops)
            elif field.number == 2 and field.wire == BYTES:
                for function in wire.fields(field.data, budget):
                    if function.number == 1 and function.wire == BYTES:
                        for inner in wire.fields(function.data, budget):
                            if inner.number == 3 and inner.wire == BYTES:
                                yield from self.node(inner.data, blob, ops)

    def node(self, data: memoryview, blob: Blob, ops: Counter[str]) -> Iterator[Finding]:
        """NodeDef: its operation is field 2, its attributes are field 5."""
        op, attributes = "", []
        for field in wire.fields(data):
            if field.number == 2 and field.wire == BYTES:
                op = field.text
            elif field.number == 5 and field.wire == BYTES:
                attributes.append(field.data)
        ops[op] += 1
        if (wanted := _ADDRESSED.get(op)) is not None:
            for attribute in attributes:
                raw = bytes(attribute[:4096])
                if wanted in raw and (match := _URL.search(raw)):
                    yield self.found("tf-address", blob, f"{op} to {match[0].decode('ascii')!r}", op)


def _kind(blob: Blob) -> str | None:
    first = blob.head(1)
    if first not in (b"\x08", b"\x0a", b"\x12"):
        return None
    if is_text(blob):
        return None
    outline = wire.outline(blob)
    if outline is None:
        return None
    if set(outline) <= {1, 2} and outline.get(1, VARINT) == VARINT and outline.get(2) == BYTES:
        return "saved_model" if _holds_meta_graph(blob) else None
    if outline.get(1) != BYTES or outline.get(2, BYTES) != BYTES:
        return None
    return _by_first_message(blob, set(outline))


def _holds_meta_graph(blob: Blob) -> bool:
    """Whether field 2 begins like a MetaGraphDef: its first field is a message, 1 (about it) or 2 (the graph)."""
    try:
        for field in wire.fields(blob.data):
            if field.number == 2:
                return len(field.data) > 1 and field.data[0] in (0x0A, 0x12)
            if field.integer > 2:
                return False
    except Malformed:
        pass
    return False


def _by_first_message(blob: Blob, numbers: set[int]) -> str | None:
    """Graphs, meta graphs and Keras metadata all begin with a nested message: its own outline tells which."""
    try:
        first = next(wire.fields(blob.data))
        inner: dict[int, wire.Field] = {}
        for count, field in enumerate(wire.fields(first.data)):
            inner.setdefault(field.number, field)
            if count > 64:
                break
    except (Malformed, StopIteration):
        return None
    op = inner.get(2)
    named = 1 in inner and inner[1].wire == BYTES and op is not None and op.wire == BYTES
    if named and op is not None and numbers <= {1, 2, 3, 4, 5} and 0 < len(op.data) < 200 and is_op(op.text):
        return "graph"
    if numbers == {1} and 4 in inner and inner[4].wire == BYTES and inner[4].text.startswith("_tf_keras"):
        return "keras_metadata"
    if 2 in numbers and numbers & {3, 4, 5, 7} and numbers <= {1, 2, 3, 4, 5, 6, 7}:
        graph = next((field for field in wire.fields(blob.data) if field.number == 2), None)
        return "meta_graph" if (graph is not None and 5 in inner) or 4 in inner else None
    return None


DETECTOR = SavedModel()
