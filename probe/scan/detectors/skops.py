"""skops: schema.json names the classes and functions that loading would build and call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.readers import words
from probe.scan.readers.callables import judge
from probe.scan.readers.text import UNREADABLE, look, objects

_OPERATORS = words("attrgetter itemgetter methodcaller")
_BUILT = words("ObjectNode ReduceNode ConstructorFromDataFrame SklearnNode")


class Skops(Detector):
    """The schema of a skops archive."""

    name = "skops"
    rules = rules(
        Rule(
            "skops-dangerous",
            Severity.DANGEROUS,
            "schema names a callable that runs code",
        ),
        Rule(
            "skops-operator",
            Severity.DANGEROUS,
            "operator node that is no operator",
            "Reported as a trusted type while it calls another function (CVE-2025-54412).",
        ),
        Rule(
            "skops-method",
            Severity.DANGEROUS,
            "method node whose object is not what it says",
            "Lets a schema reach any attribute of a trusted object (CVE-2025-54413).",
        ),
        Rule("skops-untrusted", Severity.UNLISTED, "type or function on no list"),
        Rule("skops-unreadable", Severity.SUSPICIOUS, "skops schema cannot be read"),
    )

    def applies(self, blob: Blob) -> bool:
        """JSON that mentions ``__loader__``."""
        seen = look(blob)
        return seen.kind == "json" and seen.mentions(b'"__loader__"')

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Every node."""
        document = look(blob).document
        if document is UNREADABLE:
            yield self.found("skops-unreadable", blob, "mentions __loader__, but is no JSON within the caps")
            return
        unlisted: set[str] = set()
        for path, node in objects(document, budget):
            if isinstance(node.get("__loader__"), str):
                yield from self.node(blob, path, node, unlisted)
        for name in sorted(unlisted)[:50]:
            yield self.found("skops-untrusted", blob, name[:120])

    def node(self, blob: Blob, path: str, node: dict[str, Any], unlisted: set[str]) -> Iterator[Finding]:
        """One node: what it says it is, and what it would call."""
        loader, module, name = (str(node.get(key, "")) for key in ("__loader__", "__module__", "__class__"))
        content = node.get("content")
        if loader == "OperatorFuncNode" and (module not in ("operator", "_operator") or name not in _OPERATORS):
            yield self.found("skops-operator", blob, f"{module[:80]}.{name[:80]}", path)
        elif loader == "OperatorFuncNode" and name == "methodcaller":
            yield self.found("skops-dangerous", blob, "operator.methodcaller", path)
        elif loader == "OperatorFuncNode":
            return
        elif loader == "MethodNode" and isinstance(content, dict):
            yield from self.method(blob, path, content, f"{module}.{name}")
        elif loader == "FunctionNode" and isinstance(content, dict):
            called = f"{content.get('module_path', module)}.{content.get('function', name)}"
            yield from self.judge(blob, path, called, unlisted)
        if module and loader != "JsonNode":
            yield from self.judge(blob, path, f"{module}.{name}", unlisted)

    def judge(self, blob: Blob, path: str, name: str, unlisted: set[str]) -> Iterator[Finding]:
        """One dotted name."""
        verdict = judge(name)
        if verdict == "dangerous" and name not in _PLAIN:
            yield self.found("skops-dangerous", blob, name[:120], path)
        elif verdict == "unlisted":
            unlisted.add(name)

    def method(self, blob: Blob, path: str, content: dict[str, Any], says: str) -> Iterator[Finding]:
        """``func`` of ``obj``: the node's own type must be that of the object, and the method no private one."""
        function, target = str(content.get("func", "")), content.get("obj")
        if function.startswith("_"):
            yield self.found("skops-method", blob, f"the private method {function[:80]!r}", path)
        elif isinstance(target, dict):
            inner = f"{target.get('__module__', '')}.{target.get('__class__', '')}"
            if inner != says:
                yield self.found("skops-method", blob, f"says {says[:80]}, holds {inner[:80]}", path)


_PLAIN = frozenset({"types.FunctionType", "types.BuiltinFunctionType", "types.MethodType", "builtins.property"})

DETECTOR = Skops()
