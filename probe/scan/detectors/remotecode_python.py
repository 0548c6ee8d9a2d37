"""Python source beside weights: nothing runs by itself, yet it is what remote code consists of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.readers.text import look

_IMPORT = re.compile(rb"^(?:import\s+[A-Za-z_][\w.]*|from\s+[.\w]+\s+import\s)", re.MULTILINE)
_DEFINES = re.compile(rb"^(?:async\s+)?(?:def|class)\s+[A-Za-z_]\w*\s*[(:]", re.MULTILINE)
_PROSE = re.compile(rb"\A(?:---\s|<|\s*\{)|^```", re.MULTILINE)
_TORCHSCRIPT = re.compile(rb"__torch__|^op_version_set = |^[ \t]+__parameters__ = \[", re.MULTILINE)
_LATER = 64 << 10
# What source does with an import: reads like an attack in a model repository, seldom seen in honest code.
_GRAVE = re.compile(
    rb"\b(?:exec|eval)\s*\(\s*(?:base64\.|zlib\.|bytes\.fromhex|codecs\.|__import__|requests\.|urllib|compile\s*\(\s*base64)"
    rb"|\bos\.system\s*\(\s*[\"'](?:[^\"']{0,400}\b(?:curl|wget|nc|bash\s+-i)\b)|socket\.socket\([^)]{0,200}\)[\s\S]{0,400}?(?:os\.dup2|/bin/sh)"
)


class PythonSource(Detector):
    """Text that reads as a Python module, and notebooks."""

    name = "python"
    rules = rules(
        Rule(
            "python-source",
            Severity.UNLISTED,
            "Python source",
            "Runs when somebody imports it, or when a configuration names it (auto_map) and the loader trusts it.",
        ),
        Rule("python-notebook", Severity.NOTE, "Jupyter notebook"),
        Rule(
            "python-hidden-code",
            Severity.SUSPICIOUS,
            "Python source that unpacks and runs hidden code, or opens a shell to elsewhere",
        ),
    )

    def applies(self, blob: Blob) -> bool:
        """Imports or definitions at the left margin of text that is no prose and no TorchScript; notebooks."""
        seen = look(blob)
        if seen.kind == "json":
            return b'"nbformat"' in blob.head(512) or (b'"cells"' in blob.head(512) and seen.mentions(b'"nbformat"'))
        if seen.kind != "text":
            return False
        head = bytes(blob.data[:_LATER])
        if not (_IMPORT.search(head) or len(_DEFINES.findall(head)) > 1):
            return False
        return not _PROSE.search(head) and not _TORCHSCRIPT.search(head)

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """A note, and what reads like an attack."""
        seen = look(blob)
        if seen.kind == "json":
            yield self.found("python-notebook", blob, "a notebook")
            return
        yield self.found("python-source", blob, f"{seen.raw.count(bytes([10])):,} lines")
        if match := _GRAVE.search(seen.raw[: 4 << 20]):
            line = seen.raw.count(b"\n", 0, match.start()) + 1
            shown = match[0][:60].decode("utf-8", "replace")
            yield self.found("python-hidden-code", blob, repr(shown), f"line {line}")


DETECTOR = PythonSource()
