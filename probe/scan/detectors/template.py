"""Chat templates: Jinja in tokenizer_config.json, chat_template.jinja, YAML; payloads need a loader that renders
outside a sandbox (CVE-2024-34359), and hide their intent in words that no template of a conversation needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.readers import words
from probe.scan.readers.jinja import Trait, has_markup, traits
from probe.scan.readers.text import UNREADABLE, look, strings

_MOST = 256
_RULES = rules(
    Rule(
        "template-internals",
        Severity.DANGEROUS,
        "template reaches Python's internals",
        "Attribute chains such as __class__.__mro__ or __globals__ run code when the template is rendered outside a "
        "sandbox (CVE-2024-34359).",
    ),
    Rule(
        "template-construct",
        Severity.SUSPICIOUS,
        "template builds attribute names at run time",
        "attr() or an index with a name made from pieces hides which attribute is reached.",
    ),
    Rule("template-private", Severity.SUSPICIOUS, "template reads a private attribute"),
    Rule(
        "template-outside",
        Severity.SUSPICIOUS,
        "template asks for more than a conversation",
        "Imports, includes, Python functions, self or lipsum: a chat template needs none of them.",
    ),
    Rule("template-endless", Severity.SUSPICIOUS, "template can exhaust time or memory"),
    Rule("template-hidden-text", Severity.SUSPICIOUS, "template holds invisible direction marks or tag characters"),
    Rule("template-too-large", Severity.SUSPICIOUS, "template is too large to be one"),
    Rule(
        "template-unparsable",
        Severity.UNLISTED,
        "chat template cannot be parsed",
        "No syntax tree: it was searched for known words only.",
    ),
    Rule(
        "template-in-prose",
        Severity.UNLISTED,
        "a document quotes a template attack",
        "Loaders do not render this kind of file; the text would be an attack if they did.",
    ),
)
# Said only of text that is about a conversation: elsewhere braces mean other things.
_IN_DIALOGUE = words("outside endless hidden-text private")
_PROSE = (".md", ".rst", ".ipynb", ".py", ".tex", ".bib", ".csv", ".tsv", ".html", ".jsonl", ".js", ".ts")


class Template(Detector):
    """Jinja text, alone or as strings in JSON."""

    name = "template"
    is_format = False
    rules = _RULES

    def applies(self, blob: Blob) -> bool:
        """Text that holds a pair of Jinja's delimiters."""
        seen = look(blob)
        if seen.kind == "binary":
            return False
        return (seen.mentions(b"{{") and seen.mentions(b"}}")) or (seen.mentions(b"{%") and seen.mentions(b"%}"))

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Every template in it."""
        seen = look(blob)
        prose = blob.name.lower().endswith(_PROSE)
        if seen.kind == "json" and (document := seen.document) is not UNREADABLE:
            marked = ((path, text) for path, text in strings(document, budget) if has_markup(text))
            for path, text in islice(marked, _MOST):
                yield from self.judge(text, blob, path, chat="template" in path, prose=prose)
                budget.tick()
            return
        yield from self.judge(seen.text, blob, "", chat=False, prose=prose)

    def judge(
        self, text: str, blob: Blob, where: str, *, chat: bool = True, prose: bool = False
    ) -> Iterator[Finding]:
        """Findings about one template. ``chat``: it stands where loaders expect a chat template; elsewhere text that
        happens to hold braces is no finding for being unparsable or long. ``prose``: no loader renders it.
        """
        kinds: dict[str, list[Trait]] = {}
        for trait in traits(text):
            kinds.setdefault(trait.kind, []).append(trait)
        for kind, found in kinds.items():
            if kind in ("unparsable", "too-large") and not chat:
                continue
            if kind in _IN_DIALOGUE and not (chat or _dialogue(text)):
                continue
            if prose and kind != "internals":
                continue
            message = "; ".join(dict.fromkeys(trait.message for trait in found[:5]))
            more = f" and {len(found) - 5} more" if len(found) > 5 else ""
            rule = "template-in-prose" if prose else f"template-{kind}"
            yield self.found(rule, blob, message + more, f"{where or 'template'} line {found[0].line}")


def _dialogue(text: str) -> bool:
    """Whether a stand-alone template is about a conversation, as those that loaders render are."""
    return "messages" in text or "add_generation_prompt" in text


DETECTOR = Template()
