"""GGUF: a header that its readers trust, and the chat templates in it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import prod

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.detectors.template import DETECTOR as TEMPLATE
from probe.scan.readers.gguf import BLOCKS, Broken, Reader, Tensor
from probe.scan.readers.jinja import has_markup


class Gguf(Detector):
    """GGUF versions 1 to 3, either byte order."""

    name = "gguf"
    rules = TEMPLATE.rules | rules(
        Rule(
            "gguf-header",
            Severity.SUSPICIOUS,
            "GGUF header is impossible",
            "Counts, lengths or dimensions that the file cannot hold: C readers have overflowed on them "
            "(CVE-2024-21836, CVE-2024-23496, CVE-2024-23605).",
        ),
        Rule("gguf-tensor", Severity.SUSPICIOUS, "tensor that lies outside the file, overlaps or overflows"),
        Rule(
            "gguf-duplicate",
            Severity.SUSPICIOUS,
            "key or tensor named twice",
            "Readers differ in which one they use.",
        ),
        Rule("gguf-truncated", Severity.ERROR, "GGUF file ends before its tensors do"),
        Rule("gguf-unknown-type", Severity.UNLISTED, "tensor type on no list"),
    )

    def applies(self, blob: Blob) -> bool:
        """The magic."""
        return blob.head(4) == b"GGUF"

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Header, templates, tensors."""
        try:
            reader = Reader(blob.data, budget)
            keys: set[str] = set()
            alignment = 32
            for key, value in reader.key_values():
                if key in keys:
                    yield self.found("gguf-duplicate", blob, f"the key {key[:80]!r}")
                keys.add(key)
                if key == "general.alignment" and isinstance(value, int):
                    alignment = value
                for text in [value] if isinstance(value, bytes) else value if isinstance(value, list) else []:
                    decoded = text.decode("utf-8", "replace")
                    if has_markup(decoded) or ("chat_template" in key and decoded):
                        yield from TEMPLATE.judge(decoded, blob, key[:80], chat="chat_template" in key)
            if alignment <= 0 or alignment > 1 << 20 or alignment & (alignment - 1):
                yield self.found("gguf-header", blob, f"an alignment of {alignment:,}")
                alignment = 32
            tensors = list(reader.descriptions())
            yield from self.layout(blob, tensors, -(-reader.at // alignment) * alignment, alignment)
        except Broken as error:
            yield self.found("gguf-header", blob, str(error))

    def layout(self, blob: Blob, tensors: list[Tensor], start: int, alignment: int) -> Iterator[Finding]:
        """Where the tensors lie: inside the file, aligned, apart."""
        left = max(0, blob.size - start)
        spans: list[tuple[int, int, str]] = []
        beyond = 0
        if len({tensor.name for tensor in tensors}) < len(tensors):
            yield self.found("gguf-duplicate", blob, "two tensors of one name")
        for tensor in tensors:
            elements = prod(tensor.dims)
            if elements >= 1 << 63 or 0 in tensor.dims:
                yield self.found("gguf-tensor", blob, f"dimensions {tensor.dims}", tensor.name[:80])
                continue
            if tensor.kind not in BLOCKS:
                rule = "gguf-unknown-type" if tensor.kind < 64 else "gguf-tensor"
                yield self.found(rule, blob, f"type {tensor.kind}", tensor.name[:80])
                continue
            per, size = BLOCKS[tensor.kind]
            end = tensor.offset + elements // per * size
            if tensor.offset % alignment or (tensor.dims and tensor.dims[0] % per):
                yield self.found("gguf-tensor", blob, "is not aligned", tensor.name[:80])
            elif tensor.offset >= 1 << 62:
                yield self.found("gguf-tensor", blob, f"an offset of {tensor.offset:,}", tensor.name[:80])
            elif end > left:
                beyond += 1
            spans.append((tensor.offset, end, tensor.name))
        if beyond:
            yield self.found("gguf-truncated", blob, f"{beyond} of {len(tensors)} tensors end behind the file")
        spans.sort()
        for (_, end, name), (begin, _, other) in pairwise(spans):
            if begin < end:
                yield self.found("gguf-tensor", blob, f"{name[:60]!r} and {other[:60]!r} overlap")
                break


DETECTOR = Gguf()
