"""Configurations in YAML (NeMo, Hydra, MLflow) and Hydra's ``_target_`` in JSON: what they would call or build."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.readers.callables import judge
from probe.scan.readers.text import UNREADABLE, look, objects
from probe.scan.readers.yaml import END, MAX_YAML, Pair, Tag, events

_KEYS = ("_target_", "_target", "target_class", "loader_module")
_WORDS = (b"_target_", b"!python", b"tag:yaml.org,2002:python", b"%TAG", b"loader_module", b"\\x5f", b"\\u005f")
_PYTHON_TAG = re.compile(r"(?:tag:yaml\.org,2002:|!)python/")
_NOTHING = ("", "~", "null", "Null", "NULL", "???")
_TAG_TEXT = re.compile(rb"!!?python/(?:object|name|module|apply|new)|tag:yaml\.org,2002:python/")
_TARGET_TEXT = re.compile(rb"[\"']?_target_[\"']?\s{0,9}:\s{0,9}[\"']?([\w.]{1,200})")
# Tags that build plain values.
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:python/{kind}" for kind in ("tuple", "str", "unicode", "int", "float", "bool", "list", "dict")
) | {"tag:yaml.org,2002:python/none", "tag:yaml.org,2002:python/long", "tag:yaml.org,2002:python/complex"}


class Targets(Detector):
    """YAML or JSON that names callables to be built."""

    name = "targets"
    is_format = False
    rules = rules(
        Rule(
            "yaml-python-tag",
            Severity.DANGEROUS,
            "YAML tag that builds Python objects",
            "A loader that is not safe imports and calls what the tag names.",
        ),
        Rule("yaml-python-name", Severity.UNLISTED, "YAML tag that refers to a Python name, without calling it"),
        Rule(
            "hydra-target",
            Severity.DANGEROUS,
            "_target_ that runs code or loads files",
            "Instantiating the configuration calls it with arguments of the file's choice (CVE-2025-23304).",
        ),
        Rule("hydra-target-unlisted", Severity.UNLISTED, "_target_ of a library on no list"),
        Rule(
            "yaml-unparsable",
            Severity.UNLISTED,
            "text that names callables as YAML does, but cannot be parsed",
            "No loader of YAML can read it either.",
        ),
    )

    def applies(self, blob: Blob) -> bool:
        """Text that mentions a target or a Python tag."""
        seen = look(blob)
        if seen.kind == "json":
            return seen.mentions(b"_target_")
        return seen.kind == "text" and seen.mentions(*_WORDS)

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Every target and tag."""
        seen = look(blob)
        if seen.kind == "json" and (document := seen.document) is not UNREADABLE:
            for path, value in objects(document, budget):
                if isinstance(target := value.get("_target_"), str):
                    yield from self.target(blob, target, path)
            return
        if len(seen.raw) > MAX_YAML or (seen.raw.lstrip()[:1] in (b"#", b"") and b"```" in seen.raw):
            yield from self.searched(blob, seen.raw[:MAX_YAML], "too large to be parsed")
            return
        named: list[Pair | Tag] = []
        whole = 0
        try:
            for one in events(seen.text, budget):
                if one is END:
                    whole = len(named)
                elif isinstance(one, Tag) or one.key in _KEYS:
                    named.append(one)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            # A loader that reads one document after another has built those before the broken one.
            del named[whole:]
            yield from self.searched(blob, seen.raw, f"no YAML ({type(error).__name__})")
        for found in named:
            if isinstance(found, Pair):
                if found.value not in _NOTHING:
                    yield from self.target(blob, found.value, f"line {found.line}")
            elif _PYTHON_TAG.search(found.tag) and found.tag not in _PLAIN_TAGS:
                name = re.split(r"python/name:", found.tag)[-1]
                mild = "python/name:" in found.tag and judge(name) != "dangerous"
                rule = "yaml-python-name" if mild else "yaml-python-tag"
                yield self.found(rule, blob, found.tag[:120], f"line {found.line}")

    def target(self, blob: Blob, target: str, where: str) -> Iterator[Finding]:
        """One callable."""
        verdict = judge(target)
        if verdict == "dangerous":
            yield self.found("hydra-target", blob, repr(target[:120]), where)
        elif verdict == "unlisted":
            yield self.found("hydra-target-unlisted", blob, repr(target[:120]), where)

    def searched(self, blob: Blob, raw: bytes, why: str) -> Iterator[Finding]:
        """No events: words decide, and a file that other loaders could not parse either weighs less."""
        if match := _TAG_TEXT.search(raw):
            yield self.found("yaml-unparsable", blob, f"{match[0].decode('ascii')} in a text that is {why}")
        for match in _TARGET_TEXT.finditer(raw):
            target = match[1].decode("ascii", "replace")
            if judge(target) == "dangerous":
                yield self.found("yaml-unparsable", blob, f"{target[:80]} in a text that is {why}")
                break


DETECTOR = Targets()
