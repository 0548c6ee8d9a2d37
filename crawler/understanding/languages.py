"""Natural languages in prose: labels, ``English language model``, titles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from crawler.understanding._base import Value
from crawler.understanding._document import Document
from crawler.understanding._vocabulary import Mention, aliases, mentions, words_of

_KEY = re.compile(
    r"(?:supported |source |target |main |model )?languages?(?: ?\(s\))?(?: ?\((?:nlp|s)\))?(?: \w{1,12})?"
)
_AFTER = re.compile(
    r" ?-?(?:language|texts?|corp(?:us|ora)|data(?:set)?s?|models?|speech|bert|gpt-?\d?|roberta|t5|wikipedia"
    r"|sentences?|version|"
    r"common voice|tweets|documents|news|monolingual|cased|uncased|ner|asr|only|legal|medical|biomedical"
    r"|questions?|wav2vec)\b"
)
_BEFORE = re.compile(
    r"(?:\b(?:for|in|into|from|to|on|of|supports?|monolingual|multilingual|native|languages?(?: "
    r"?\(.{1,5}\))?:?)(?: the)?|[(,/]| and| &) ?$"
)
_TARGET = re.compile(r"(?:into|to|->|→|-) ?$")
MAX_MENTIONS = 400


def find(document: Document, named: dict[str, list[Mention]]) -> Iterator[Value]:
    """Languages with how surely the card says that they are the model's."""
    labelled = False
    for label in document.labels:
        if _KEY.fullmatch(label.key):
            for value in _of_label(document, label.value, label.start):
                labelled = True
                yield document.at("language", value[0], value[1], value[2], "language.label", 0.92, label.place)
    known = named.get("languages", [])[:MAX_MENTIONS]
    often = Counter(mention.name for mention in known)
    several = len(often)
    for mention in known:
        rule, confidence = _judge(document, mention, several, often[mention.name])
        if labelled and rule != "language.title":
            confidence *= 0.6
        yield document.value("language", mention.name, mention.start, mention.end, rule, confidence)


def _of_label(document: Document, value: str, start: int) -> Iterator[tuple[str, int, int]]:
    """The languages that a label's value lists: names, or codes where there are no names."""
    found = mentions(value.lower(), words_of(value.lower())).get("languages", [])
    for mention in found[:120]:
        end = min(start + mention.end, len(document.text))
        yield mention.name, start + mention.start, end
    if not found:
        codes = set(aliases("languages", "names").values())
        for part in re.finditer(r"[a-z]{2,3}(?=[\s,;/)]|$)", value[:200]):
            if part[0] in codes:
                yield part[0], start + part.start(), start + part.end()


def _judge(document: Document, mention: Mention, several: int, count: int) -> tuple[str, float]:
    """Which rule a mention falls under: a title says most, a name in passing least."""
    first, last = document.block(mention.start)
    before = document.lower[max(first, mention.start - 24) : mention.start]
    after = document.lower[mention.end : min(last, mention.end + 24)]
    if document.kind(mention.start) == "heading":
        return "language.title", 0.8
    if _AFTER.match(after):
        return ("language.adjective", 0.75) if several <= 3 else ("language.one_of_many", 0.55)
    if _BEFORE.search(before):
        return ("language.in", 0.7) if several <= 3 else ("language.one_of_many", 0.5)
    return ("language.repeated", 0.5) if count > 2 and several <= 3 else ("language.passing", 0.35)
