"""Models written as XML (PMML, OpenVINO): entities that make a parser open files or grow without end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.readers.text import look

_DOCTYPE = re.compile(r"<!DOCTYPE\s+([\w:.-]+)", re.IGNORECASE)
_ENTITY = re.compile(r"<!ENTITY\s+(%\s+)?([\w:.-]+)\s+(SYSTEM|PUBLIC)?\s*(\"[^\"]*\"|'[^']*')?", re.IGNORECASE)
_ROOT = re.compile(r"<([A-Za-z_][\w:.-]*)[\s/>]")
_REFERENCE = re.compile(r"&(?!amp;|lt;|gt;|quot;|apos;|#)[\w:.-]+;")
_INCLUDE = re.compile(r"<xi:include\b[^>]{0,300}?\bhref\s{0,9}=\s{0,9}[\"']([^\"']{0,300})")
_CODE = re.compile(
    r"script\b[^>]{0,200}>[^<]{0,2000}?\b(?:java\.lang\.Runtime|ProcessBuilder|exec\(|eval\()", re.IGNORECASE
)
_ENCODING = re.compile(r"<\?xml[^>]*encoding\s*=\s*[\"']([\w.:-]+)")
_MODELS = ("PMML", "net")
_HEAD = 1 << 20
_ODD_ENCODINGS = ("utf-7", "utf7", "ebcdic", "ibm037", "cp037", "cp1047")


class Xml(Detector):
    """XML of any kind; what is harmless in a web page or drawing is odd in a model."""

    name = "xml"
    rules = rules(
        Rule(
            "xml-external-entity",
            Severity.DANGEROUS,
            "XML entity read from a file or an address",
            "A parser that resolves external entities sends away what it reads (XXE).",
        ),
        Rule("xml-entity-growth", Severity.SUSPICIOUS, "XML entities that expand one another"),
        Rule("xml-model-doctype", Severity.SUSPICIOUS, "document type in a model", "Models in XML need none."),
        Rule("xml-include", Severity.SUSPICIOUS, "XML includes another file"),
        Rule("xml-script", Severity.SUSPICIOUS, "script in a model that starts processes or evaluates code"),
        Rule("xml-encoding", Severity.SUSPICIOUS, "encoding that hides markup from those who look at the bytes"),
    )

    def applies(self, blob: Blob) -> bool:
        """XML by its first character that holds a declaration, an include or a script, or names an encoding."""
        seen = look(blob)
        if seen.kind != "xml":
            return False
        return seen.raw.lstrip()[:5] == b"<?xml" or seen.mentions(b"<!DOCTYPE", b"<!ENTITY", b"<PMML", b"<!doctype")

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Declarations; nothing is resolved, the document is not parsed."""
        seen = look(blob)
        text = seen.text
        head = text[:_HEAD]
        if (match := _ENCODING.search(head[:400])) and match[1].lower().startswith(_ODD_ENCODINGS):
            yield self.found("xml-encoding", blob, match[1])
        nested = []
        for match in _ENTITY.finditer(text):
            budget.tick()
            _, name, external, value = match.groups()
            if external:
                yield self.found("xml-external-entity", blob, f"entity {name[:60]!r} {(value or '')[:120]}")
                break
            if value and _REFERENCE.search(value):
                nested.append(name)
        if len(nested) > 1:
            yield self.found("xml-entity-growth", blob, f"{len(nested)} entities made of others")
        model = self.is_model(head)
        if model and (match := _DOCTYPE.search(head)):
            yield self.found("xml-model-doctype", blob, f"document type {match[1][:60]!r}")
        if match := _INCLUDE.search(text):
            yield self.found("xml-include", blob, repr(match[1][:120]))
        if model and (match := _CODE.search(text)):
            yield self.found("xml-script", blob, repr(match[0][:80]))

    def is_model(self, head: str) -> bool:
        """Whether the first element is that of a model."""
        at = 0
        while (start := head.find("<!--", at, at + 4096)) >= 0 and (end := head.find("-->", start)) >= 0:
            if _ROOT.search(head, at, start):
                break
            at = end
        match = _ROOT.search(head, at, at + 65536)
        return match is not None and match[1].rsplit(":", 1)[-1] in _MODELS


DETECTOR = Xml()
