"""Machine code beside or inside models: ELF, PE, Mach-O, WebAssembly, class files; and scripts with a shebang."""

from __future__ import annotations

import re
from collections.abc import Iterator

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules

_FAT = {b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"}
_MACHO = {b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"}
_FIRST = frozenset(b"\x7fM\xca\xfe\xce\xcf\x00#@!Q!")
_SHELL = re.compile(rb"#!\s*/\S*?(?:bin|env)\S*")
_SCRIPT = re.compile(rb"@echo\s+off\b", re.IGNORECASE)


class Native(Detector):
    """Executables and libraries by their magic bytes."""

    name = "executable"
    rules = rules(
        Rule(
            "native-code",
            Severity.SUSPICIOUS,
            "machine code",
            "A model needs none: libraries inside archives (AOTInductor) or beside weights run when they are loaded.",
        ),
        Rule("script-packed", Severity.SUSPICIOUS, "script packed inside a model archive"),
        Rule("script", Severity.UNLISTED, "script beside the model"),
    )

    def applies(self, blob: Blob) -> bool:
        """A magic number of an executable, or a shebang."""
        head = blob.head(4)
        return bool(head) and head[0] in _FIRST and _what(blob) != ""

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """One finding."""
        what = _what(blob)
        if what != "script":
            yield self.found("native-code", blob, what)
        elif blob.depth:
            yield self.found("script-packed", blob, blob.head(60).split(b"\n")[0].decode("utf-8", "replace"))
        else:
            yield self.found("script", blob, blob.head(60).split(b"\n")[0].decode("utf-8", "replace"))


def _what(blob: Blob) -> str:
    head = blob.head(64)
    magic = head[:4]
    if magic == b"\x7fELF":
        return "an ELF executable or library"
    if head[:2] == b"MZ" and len(head) == 64:
        at = int.from_bytes(head[60:64], "little")
        portable = bytes(blob.data[at : at + 4]) == b"PE\0\0"
        if portable or head[:6] == b"MZqFpD":
            return "a Windows executable or library" if portable else "an executable for several systems"
    if magic in _MACHO or (magic in _FAT and 0 < int.from_bytes(head[4:8], "big") < 45):
        return "a Mach-O executable or library"
    if magic == b"\xca\xfe\xba\xbe" and len(head) > 10:
        return "a Java class file"
    if magic == b"\0asm":
        return "a WebAssembly module"
    if _SHELL.match(head) or _SCRIPT.match(head):
        return "script"
    return ""


DETECTOR = Native()
