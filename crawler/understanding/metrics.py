"""Claimed results in lists, sentences and blocks of code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice

from crawler.understanding import tables
from crawler.understanding._base import Value
from crawler.understanding._document import Document, sentence
from crawler.understanding._names import name_at
from crawler.understanding._vocabulary import aliases
from crawler.understanding.numbers import NUMBER, number

_DECORATION = re.compile(r"[`*_\"'↑↓:]|\(%\)|%|\((?:higher|lower)[^()]{0,20}\)")
_PREFIX = re.compile(
    r"(?:final |best |overall |average |avg\.? |mean |test |eval |evaluation |validation |val |dev |model |our )+"
)
_SPLIT = re.compile(r"\b(test|validation|valid|val|dev|eval(?:uation)?|train(?:ing)?)\b")
_SPLITS = {"val": "validation", "valid": "validation", "eval": "evaluation", "training": "train"}
_SCORES = (
    r"(?:macro[- ]|micro[- ]|weighted[- ]|balanced[- ]|average |avg |top-?1 |top-?5 |mean )?"
    r"(?:accuracy|F1(?:[- ]scores?)?|F-scores?|precision|recall|exact match|EM|WER|word error rate|CER"
    r"|character error rate|BLEU|ROUGE-?[12L]?|"
    r"perplexity|mAP|mIoU|AUC|AUROC|MRR(?:@10)?|NDCG(?:@10)?|FID|pearson(?: correlation)?|spearman(?: "
    r"correlation)?|EER|DER|loss|chrF|COMET|MOS|pass@1)"
)
_SENTENCE = re.compile(
    rf"(?P<m>{_SCORES})(?: scores?)?(?: rate)?(?: \(\w{{1,12}}\))?(?: (?:of|is|was|at|to be|reaches|reached"
    rf"|equals|score of)|:| ?=|,)"
    rf" ?(?:about |around |approximately |over |up to |roughly |~|≈)?(?P<n>{NUMBER}|\.\d{{1,5}}) ?(?P<p>%?)",
    re.IGNORECASE,
)
_BACKWARDS = re.compile(
    rf"(?P<n>(?<![\w.]){NUMBER}) ?(?P<p>%?) (?:points? )?(?:in |of |on )?(?P<m>{_SCORES})\b(?! (?:of|is|was|at|:|=))",
    re.IGNORECASE,
)
_FIRST = [
    "macro", "micro", "weighted", "balanced", "average", "avg", "top", "top1", "top5", "mean", "accuracy", "f1",
    "f", "precision", "recall", "exact", "em", "wer", "word", "cer", "character", "bleu", "rouge", "rouge1",
    "rouge2", "rougel", "perplexity", "map", "miou", "auc", "auroc", "mrr", "ndcg", "fid", "pearson", "spearman",
    "eer", "der", "loss", "chrf", "comet", "mos", "pass",
]  # fmt: skip
_ON = re.compile(r"\b(?:on|in|for|over)(?: the)? (?=[A-Z0-9]|\w{1,40}[-_/])")
_RESULT = re.compile(r"eval|result|perform|metric|benchmark|score|accuracy|test|wer\b|validation|quality|achiev")
_PAIR = re.compile(
    rf"[\s\"'*|-]{{0,12}}([A-Za-z][\w@.\- ]{{0,40}}?)[\"']?\s{{0,4}}[:=]\s{{0,4}}[\"']?({NUMBER}|\.\d{{1,10}})(%?)"
)


@cache
def _names() -> dict[str, str]:
    return aliases("metrics", "aliases")


def metric_name(text: str) -> str | None:
    """The known metric that a heading, a key or a column's name is; None where it is none."""
    if len(text) > 60:
        return None
    plain = " ".join(_DECORATION.sub(" ", text.lower()).split())
    names = _names()
    for words in (plain, plain.replace(" ", "_"), _PREFIX.sub("", plain), re.sub(r"\s?\(.*", "", plain)):
        if words in names:
            return names[words]
    return None


def find(document: Document) -> Iterator[Value]:
    """Every claimed number with the name of a metric."""
    yield from _lists(document)
    yield from _sentences(document)
    yield from _code(document)
    yield from tables.find(document, metric_name)


def _split(*texts: str) -> str | None:
    for text in texts:
        match = _SPLIT.search(text.lower())
        if match:
            return _SPLITS.get(match[1], match[1])
    return None


def _value(name: str, value: float, dataset: str | None, split: str | None) -> dict[str, str | float]:
    said: dict[str, str | float] = {"name": name, "value": value}
    if dataset:
        said["dataset"] = dataset[:120]
    if split:
        said["split"] = split
    return said


def _lists(document: Document) -> Iterator[Value]:
    """``- Accuracy: 0.98``, ``WER on Common Voice: 12.3``."""
    for label in document.labels:
        if label.place == "table":
            continue
        head, _, dataset = re.sub(r" score\b", "", label.key).partition(" on ")
        name = metric_name(head)
        if name is None or not re.match(r"[~≈<>]? ?[-−.\d]", label.value):
            continue
        value = number(label.value[:40])
        if value is None or re.match(r"[\d.,]+ ?(?:epochs|gb|mb|hours|[x×] )", label.value.lower()):
            continue
        titles = " ".join(document.titles(label.at)[:2])
        first, _ = document.block(label.at)
        before = document.lower[max(0, first - 400) : first]
        sure = bool(_RESULT.search(titles + before))
        rule, confidence = ("metric.list", 0.9) if sure else ("metric.list_elsewhere", 0.65)
        split = _split(label.key, before[-160:])
        said = _value(name, value, dataset.strip() or None, split)
        yield document.at("metric", said, label.start, label.end, rule, confidence, label.place)


def _sentences(document: Document) -> Iterator[Value]:
    matches = [*document.matches(_SENTENCE, _FIRST, 80), *document.before(_BACKWARDS, _FIRST, 22, 40)]
    for match in matches:
        name = metric_name(match["m"])
        value = number(match["n"])
        if name is None or value is None or document.kind(match.start()) == "heading":
            continue
        first, _ = document.block(match.start())
        if match.re is _SENTENCE and ":" in match[0] and match.start() - first < 6:
            continue
        start, end = sentence(document, match.start(), match.end())
        titles = " ".join(document.titles(match.start())[:2])
        sure = bool(_RESULT.search(document.lower[start:end] + titles))
        said = _value(
            name,
            value,
            _on(document, match.end(), end) or _on(document, start, match.start()),
            _split(document.plain[start:end]),
        )
        rule, confidence = ("metric.sentence", 0.7) if sure else ("metric.sentence_elsewhere", 0.5)
        yield document.value("metric", said, match.start(), match.end(), rule, confidence)


def _on(document: Document, start: int, end: int) -> str | None:
    """The data set after "on" in the sentence."""
    match = _ON.search(document.plain, start, min(end, start + 120))
    named = name_at(document, match.end(), end) if match else None
    return named[0] if named else None


def _code(document: Document) -> Iterator[Value]:
    """``"f1": 82.9`` in a block of code under a heading about results."""
    for block in document.code[:60]:
        titles = " ".join(document.titles(block.at)[:2])
        before = document.lower[max(0, block.at - 200) : block.at]
        if not _RESULT.search(titles + before) or "import " in block.text[:4_000] or "|" in block.text[:200]:
            continue
        for match in islice(_PAIR.finditer(block.text[:20_000]), 60):
            words = match[1].strip()
            name = metric_name(words) or metric_name(words.rpartition("_")[2])
            value = number(match[2])
            if name and value is not None:
                start = block.start + match.start(1)
                said = _value(name, value, None, _split(words, before))
                if words.lower() != name:
                    said["label"] = words[:60]
                yield document.at("metric", said, start, block.start + match.end(2), "metric.code", 0.75, "code")
