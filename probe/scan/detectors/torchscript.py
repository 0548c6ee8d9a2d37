"""TorchScript: the code members of a torch archive; they run in their own interpreter, which can open files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.readers.text import look

_HEAD = 64 << 10
_CODE = re.compile(rb"\b__torch__\.|^op_version_set = \d+$|^[ \t]+__parameters__ = \[", re.MULTILINE)
_FILES = re.compile(rb"\b(?:torch|ops\.aten)\.(?:from_file|save|_save)\(|\bops\.prim\.(?:load|save)\w*\(")
_OPS = re.compile(rb"\bops\.([A-Za-z_]\w*)\.([A-Za-z_]\w*)\(")
_KNOWN = frozenset(
    b"aten prim inductor quantized torchvision torchaudio torchtext torch_scatter torch_sparse profiler "
    b"prepacked mkldnn onednn quantized_decomposed fbgemm _quantized static_runtime cuda higher_order c10d".split()
)


class TorchScript(Detector):
    """Serialised TorchScript source."""

    name = "torchscript"
    rules = rules(
        Rule(
            "torchscript-file",
            Severity.SUSPICIOUS,
            "TorchScript opens or writes a file",
            "from_file maps any file, save writes one: both run without Python, on load or on the first call.",
        ),
        Rule("torchscript-custom-op", Severity.UNLISTED, "TorchScript calls operators of a library on no list"),
    )

    def applies(self, blob: Blob) -> bool:
        """Text in the dialect that TorchScript writes."""
        seen = look(blob)
        return seen.kind == "text" and _CODE.search(bytes(blob.data[:_HEAD])) is not None

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Calls that reach beyond tensors."""
        raw = look(blob).raw
        if match := _FILES.search(raw):
            line = raw.count(b"\n", 0, match.start()) + 1
            yield self.found("torchscript-file", blob, match[0].decode("ascii").rstrip("("), f"line {line}")
        budget.tick()
        libraries = {match[1]: match[2] for match in _OPS.finditer(raw) if match[1] not in _KNOWN}
        for library, operator in sorted(libraries.items())[:20]:
            name = f"{library.decode('ascii')}.{operator.decode('ascii')}"
            yield self.found("torchscript-custom-op", blob, name[:120])


DETECTOR = TorchScript()
