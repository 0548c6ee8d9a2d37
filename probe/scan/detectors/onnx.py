"""ONNX: where external tensor data is read from, operators of domains on no list, tensors that disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.readers import wire, words
from probe.scan.readers.paths import escapes
from probe.scan.readers.text import is_text
from probe.scan.readers.wire import BYTES, VARINT, Malformed

_KNOWN_DOMAINS = frozenset({"", "com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc", "org.pytorch.aten"})
_KNOWN_PREFIXES = ("ai.onnx", "pkg.onnxscript", "pkg.torch", "com.microsoft.", "local_functions")
# Operators that call Python in the process that runs the model.
_PYTHON_OPS = words("PyOp PyCustomOp PythonOp PythonOpGrad PyFunc ATenOp_Python")
_EXTERNAL_KEYS = words("location offset length checksum basepath")
# Bits of one element by TensorProto.DataType; the types that may pack several in a byte are rounded up.
_BITS = {1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16}
_BITS |= {17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4}
_MAX_DEPTH = 24


class Onnx(Detector):
    """ModelProto with all its graphs: sub-graphs in attributes, functions, training graphs."""

    name = "onnx"
    rules = rules(
        Rule(
            "onnx-external-path",
            Severity.DANGEROUS,
            "external tensor data outside the model's folder",
            "Loading reads, and saving overwrites, any file that the process may open (CVE-2022-25882, "
            "CVE-2024-27318, CVE-2025-51480).",
        ),
        Rule(
            "onnx-external-odd",
            Severity.SUSPICIOUS,
            "external data entry that is no location, offset or length",
            "Unknown keys are set as attributes by some versions; numbers must be numbers.",
        ),
        Rule("onnx-python-op", Severity.SUSPICIOUS, "operator that calls Python"),
        Rule("onnx-custom-domain", Severity.UNLISTED, "operators of a domain on no list"),
        Rule("onnx-tensor-size", Severity.SUSPICIOUS, "tensor whose data disagree with its shape"),
        Rule("onnx-malformed", Severity.ERROR, "ONNX model is damaged"),
        Rule("onnx-too-deep", Severity.SUSPICIOUS, "graphs nested beyond any sane depth"),
    )

    def applies(self, blob: Blob) -> bool:
        """A message with an IR version and a graph, or an operator set beside one of the usual strings."""
        if blob.head(1) not in (b"\x08", b"\x12", b"\x1a", b"\x3a", b"\x42"):
            return False
        if is_text(blob):
            return False
        outline = wire.outline(blob)
        if outline is None or any(number > 30 for number in outline):
            return False
        if outline.get(1, VARINT) != VARINT or any(outline.get(number, BYTES) != BYTES for number in (2, 3, 7, 8)):
            return False
        return 7 in outline or (8 in outline and 1 in outline)

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Walk every graph."""
        walk = _Walk(budget)
        try:
            walk.model(blob.data)
        except Malformed as error:
            yield self.found("onnx-malformed", blob, str(error))
        for rule, message, where in walk.problems:
            yield self.found(rule, blob, message, where)
        for domain, ops in walk.domains.items():
            known = domain in _KNOWN_DOMAINS or domain.startswith(_KNOWN_PREFIXES) or domain in walk.defined
            if any(op in _PYTHON_OPS for op in ops):
                yield self.found("onnx-python-op", blob, ", ".join(sorted(set(ops) & _PYTHON_OPS)), domain)
            elif not known:
                shown = ", ".join(sorted(ops)[:5])
                yield self.found("onnx-custom-domain", blob, f"domain {domain[:80]!r}: {shown[:200]}", domain[:80])


class _Walk:
    """State of one walk: problems found, operators by domain, domains that the model's own functions define."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.problems: list[tuple[str, str, str]] = []
        self.domains: dict[str, Counter[str]] = {}
        self.defined: set[str] = set()

    def report(self, rule: str, message: str, where: str) -> None:
        if len(self.problems) < 100:
            self.problems.append((rule, message, where[:120]))

    def model(self, data: memoryview) -> None:
        """ModelProto: graph 7, training graphs 20, functions 25."""
        for field in wire.fields(data, self.budget):
            if field.wire != BYTES:
                continue
            if field.number == 7:
                self.graph(field.data, 0)
            elif field.number == 20:
                for part in wire.fields(field.data):
                    if part.number in (1, 2) and part.wire == BYTES:
                        self.graph(part.data, 0)
            elif field.number == 25:
                for part in wire.fields(field.data, self.budget):
                    if part.number == 7 and part.wire == BYTES:
                        self.node(part.data, 0)
                    elif part.number == 10 and part.wire == BYTES:
                        self.defined.add(part.text)

    def graph(self, data: memoryview, depth: int) -> None:
        """GraphProto: nodes 1, initializers 5, sparse ones 15."""
        if depth > _MAX_DEPTH:
            self.report("onnx-too-deep", f"more than {_MAX_DEPTH} graphs inside one another", "")
            return
        for field in wire.fields(data, self.budget):
            if field.wire != BYTES:
                continue
            if field.number == 1:
                self.node(field.data, depth)
            elif field.number == 5:
                self.tensor(field.data)
            elif field.number == 15:
                self.sparse(field.data)

    def sparse(self, data: memoryview) -> None:
        """SparseTensorProto: values 1, indices 2."""
        for field in wire.fields(data):
            if field.number in (1, 2) and field.wire == BYTES:
                self.tensor(field.data)

    def node(self, data: memoryview, depth: int) -> None:
        """NodeProto: operator 4, attributes 5, domain 7."""
        op = domain = ""
        for field in wire.fields(data):
            if field.wire != BYTES:
                continue
            if field.number == 4:
                op = field.text
            elif field.number == 7:
                domain = field.text
            elif field.number == 5:
                self.attribute(field.data, depth)
        seen = self.domains.setdefault(domain[:200] if len(self.domains) < 256 else "...", Counter())
        if len(seen) < 4096:
            seen[op[:200]] += 1

    def attribute(self, data: memoryview, depth: int) -> None:
        """AttributeProto: tensor 5 and 10, graph 6 and 11, sparse tensor 22 and 23."""
        for field in wire.fields(data):
            if field.wire != BYTES:
                continue
            if field.number in (5, 10):
                self.tensor(field.data)
            elif field.number in (6, 11):
                self.graph(field.data, depth + 1)
            elif field.number in (22, 23):
                self.sparse(field.data)

    def tensor(self, data: memoryview) -> None:
        """TensorProto: dims 1, type 2, name 8, raw data 9, external data 13, its place 14."""
        dims: list[int] = []
        kind, name, raw = 0, "", -1
        entries: list[tuple[str, str]] = []
        for field in wire.fields(data):
            if field.number == 1:
                dims += wire.packed(field)
            elif field.number == 2:
                kind = field.integer
            elif field.wire != BYTES:
                continue
            elif field.number == 8:
                name = field.text
            elif field.number == 9:
                raw = len(field.data)
            elif field.number == 13:
                entries.append(_entry(field.data))
        for key, value in entries:
            self.external(name, key, value)
        if any(dim >= 1 << 63 for dim in dims):
            self.report("onnx-tensor-size", "a negative dimension", name)
        elif raw >= 0 and not entries and kind in _BITS and (size := -(-prod(dims) * _BITS[kind] // 8)) != raw:
            self.report("onnx-tensor-size", f"{raw:,} bytes for a shape of {size:,}", name)

    def external(self, name: str, key: str, value: str) -> None:
        """One entry of external data."""
        if key == "location":
            if why := escapes(value):
                self.report("onnx-external-path", f"location {value[:120]!r} {why}", name)
        elif key not in _EXTERNAL_KEYS:
            self.report("onnx-external-odd", f"entry {key[:80]!r}", name)
        elif key in ("offset", "length") and not value.isdigit():
            self.report("onnx-external-odd", f"{key} {value[:40]!r} is no number", name)


def _entry(data: memoryview) -> tuple[str, str]:
    """StringStringEntryProto: key 1, value 2."""
    key = value = ""
    for field in wire.fields(data):
        if field.number == 1:
            key = field.text
        elif field.number == 2:
            value = field.text
    return key, value


DETECTOR = Onnx()
