"""safetensors: a JSON header and flat data; checked as strictly as the reference reader checks it, and further."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Generator, Iterator
from math import prod
from typing import Any

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules

#: The reference reader's own limit of a header.
MAX_HEADER = 100_000_000
#: Headers above this are not parsed: the largest in use have a few megabytes.
MAX_PARSED = 32 << 20
#: Bits of one element.
BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64,
    "C64": 64, "F4": 4, "F4_E2M1": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip
_CODE = re.compile(
    r"\b(?:os\.(?:system|popen|exec\w*)|subprocess\.\w+|exec|eval|__import__|b64decode)\s*\("
    r"|<script\b|\brm\s+-rf\s|\b(?:wget|curl)\s{1,4}(?:-\S{1,40}\s{1,4}){0,8}https?://|chmod\s+(?:777|\+x)\b|powershell\s+-|/bin/(?:ba)?sh\b",
    re.IGNORECASE,
)


class Safetensors(Detector):
    """One safetensors file (or what claims by its first bytes to be one)."""

    name = "safetensors"
    rules = rules(
        Rule(
            "safetensors-header",
            Severity.SUSPICIOUS,
            "safetensors header is impossible",
            "Longer than the file or than the format allows, not JSON, or not of the form that the format asks for.",
        ),
        Rule(
            "safetensors-layout",
            Severity.SUSPICIOUS,
            "tensors overlap, leave holes or disagree with their shapes",
            "The format forbids it, so that no bytes can hide between tensors.",
        ),
        Rule(
            "safetensors-duplicate",
            Severity.SUSPICIOUS,
            "tensor named twice",
            "Readers differ in which one they use.",
        ),
        Rule(
            "safetensors-tail",
            Severity.SUSPICIOUS,
            "bytes behind the last tensor",
            "Another file can be carried there, such as an archive that other readers find from the end.",
        ),
        Rule("safetensors-truncated", Severity.ERROR, "file ends before its tensors do"),
        Rule("safetensors-metadata-code", Severity.SUSPICIOUS, "metadata hold commands or code"),
        Rule("safetensors-metadata", Severity.SUSPICIOUS, "metadata are no plain texts"),
        Rule("safetensors-dtype", Severity.UNLISTED, "tensor type on no list"),
    )

    def applies(self, blob: Blob) -> bool:
        """A length and an opening brace; the length may lie."""
        head = blob.head(9)
        if len(head) < 9 or head[8:9] != b"{":
            return False
        # Of text, all eight bytes would be letters: only then are words of the format asked for.
        if int.from_bytes(head[:8], "little") < 1 << 40:
            return True
        head = blob.head(256)
        return b'"dtype"' in head or b'"__metadata__"' in head

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """The header, then the layout that it describes."""
        size = int.from_bytes(blob.head(8), "little")
        if size > MAX_HEADER or size + 8 > blob.size:
            limit = "the format allows 100,000,000" if size > MAX_HEADER else f"the file has {blob.size:,}"
            yield self.found("safetensors-header", blob, f"a header of {size:,} bytes, {limit}")
            return
        if size > MAX_PARSED:
            yield self.found("safetensors-header", blob, f"a header of {size:,} bytes is beyond any in use")
            return
        doubles: list[str] = []
        try:
            header = _parse(bytes(blob.data[8 : 8 + size]), doubles)
        except (ValueError, RecursionError) as error:
            yield self.found("safetensors-header", blob, f"no JSON ({type(error).__name__})")
            return
        budget.tick()
        if doubles:
            yield self.found("safetensors-duplicate", blob, ", ".join(doubles[:5]))
        yield from self.metadata(blob, header.pop("__metadata__", {}))
        end = yield from self.layout(blob, header, blob.size - 8 - size, budget)
        if end is not None and (extra := blob.size - 8 - size - end) > 0:
            yield self.found("safetensors-tail", blob, f"{extra:,} bytes", f"byte {8 + size + end}")
            yield blob.child("tail", blob.data[8 + size + end :])

    def metadata(self, blob: Blob, metadata: Any) -> Iterator[Finding]:
        """Texts to texts, none of them a command."""
        if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
            yield self.found("safetensors-metadata", blob, "must be a map of texts", "__metadata__")
            return
        for key, value in metadata.items():
            if match := _CODE.search(value[: 1 << 20]) or _CODE.search(key):
                shown = match[0].strip()[:60]
                yield self.found("safetensors-metadata-code", blob, repr(shown), f"__metadata__.{key[:60]}")

    def layout(
        self, blob: Blob, header: dict[str, Any], room: int, budget: Budget
    ) -> Generator[Finding, None, int | None]:
        """Checks offsets; returns where the last tensor ends, None where that is unknown."""
        spans: list[tuple[int, int, str]] = []
        for name, entry in header.items():
            problem = _entry_problem(entry)
            if problem:
                yield self.found("safetensors-layout", blob, problem, name[:80])
                return None
            if entry["dtype"] not in BITS:
                yield self.found("safetensors-dtype", blob, repr(str(entry["dtype"])[:40]), name[:80])
            begin, end = entry["data_offsets"]
            spans.append((begin, end, name))
        budget.tick()
        spans.sort()
        at = 0
        for begin, end, name in spans:
            if begin != at:
                what = "overlaps the tensor before it" if begin < at else f"leaves a hole of {begin - at:,} bytes"
                yield self.found("safetensors-layout", blob, what, name[:80])
                break
            at = end
        last = max((end for _, end, _ in spans), default=0)
        if last > room:
            yield self.found("safetensors-truncated", blob, f"{last - room:,} bytes are missing")
        return last


def _parse(raw: bytes, doubles: list[str]) -> dict[str, Any]:
    """The header as a map; names that stand twice in it are added to ``doubles``. Raises ValueError."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            counts = Counter(name for name, _ in items)
            doubles.extend(name for name, count in counts.most_common(5) if count > 1)
        return found

    header = json.loads(raw.decode("utf-8"), object_pairs_hook=pairs)
    if not isinstance(header, dict):
        raise ValueError("not an object")
    return header


def _entry_problem(entry: Any) -> str:
    """What is wrong with one tensor's entry, or ""."""
    if not isinstance(entry, dict) or not {"dtype", "shape", "data_offsets"} <= entry.keys():
        return "lacks dtype, shape or data_offsets"
    shape, offsets = entry["shape"], entry["data_offsets"]
    for numbers in (shape, offsets):
        if not isinstance(numbers, list) or len(numbers) > 64:
            return "has a shape or offsets that are no lists of numbers"
        if not all(type(number) is int and 0 <= number < 1 << 63 for number in numbers):
            return "has a shape or offsets beyond what a number may be"
    if not isinstance(entry["dtype"], str):
        return "has a type that is no text"
    if len(offsets) != 2 or offsets[0] > offsets[1]:
        return "has offsets out of order"
    bits = BITS.get(entry["dtype"])
    if bits is not None and prod(shape) * bits != (offsets[1] - offsets[0]) * 8:
        return f"has {offsets[1] - offsets[0]:,} bytes for {entry['dtype']} of shape {shape[:8]}"
    return ""


DETECTOR = Safetensors()
