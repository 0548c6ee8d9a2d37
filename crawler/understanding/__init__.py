"""What a model card says, as values: pure rules over the text, each value with the characters that say it.

    >>> [found] = understand("---\\nlicense: mit\\n---\\n")
    >>> found.field, found.value, found.raw, found.place
    ('licence', 'mit', 'mit', 'front matter')

Rules only: no network, no model, the same answer every time. The fields, the rules in words, how often they are
right and what they miss is in ``docs/understanding.md``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice

import msgspec

from crawler.understanding import (
    base_models,
    datasets,
    formats,
    front_matter,
    hardware,
    hyper_parameters,
    languages,
    libraries,
    licences,
    links,
    metrics,
    sections,
)
from crawler.understanding._base import FIELDS, MAX_RAW, MAX_TEXT, PLACES, VERSION, Value
from crawler.understanding._document import Document
from crawler.understanding._vocabulary import mentions, table

__all__ = ["FIELDS", "MAX_RAW", "MAX_TEXT", "PLACES", "VERSION", "Value", "understand"]

#: At most so many values of one field of one card; the surest stay.
MAX_VALUES = 2_000
_ORDER = {field: number for number, field in enumerate(FIELDS)}
_RULES: tuple[Callable[[Document], Iterator[Value]], ...] = (
    front_matter.find,
    licences.find,
    links.find,
    base_models.find,
    metrics.find,
    hyper_parameters.find,
    hardware.find,
    sections.find,
    formats.find,
)


def understand(text: str) -> list[Value]:
    """Everything the rules find in a whole README with its front matter; never raises.

    The first 400,000 characters are read. Values come in the order of ``FIELDS``, then of the text; a value
    that one place (front matter, prose, table, ...) says several times is given once, with its surest rule.
    """
    document = Document(text)
    kept: dict[tuple[str, str, str], Value] = {}
    for value in _all(document):
        key = (value.field, value.place, json.dumps(value.value, sort_keys=True))
        known = kept.get(key)
        if known is None or value.confidence > known.confidence:
            kept[key] = value
    found = sorted(kept.values(), key=lambda value: (_ORDER[value.field], value.start, value.end, value.rule))
    return _bounded(found)


def _all(document: Document) -> Iterator[Value]:
    """What each rule finds, its text made fit for UTF-8, its confidence as measured where it was measured."""
    named = mentions(document.lower, document.words)
    measured = _measured()
    streams = [rule(document) for rule in _RULES]
    streams += [languages.find(document, named), datasets.find(document, named), libraries.find(document, named)]
    for stream in streams:
        for value in islice(stream, 5 * MAX_VALUES):
            confidence = measured.get(value.rule, value.confidence)
            if confidence != value.confidence:
                value = msgspec.structs.replace(value, confidence=confidence)
            yield value


def _bounded(found: list[Value]) -> list[Value]:
    if len(found) <= MAX_VALUES:
        return found
    counts: dict[str, int] = {}
    kept = set()
    for value in sorted(found, key=lambda value: -value.confidence):
        counts[value.field] = counts.get(value.field, 0) + 1
        if counts[value.field] <= MAX_VALUES:
            kept.add(id(value))
    return [value for value in found if id(value) in kept]


@cache
def _measured() -> dict[str, float]:
    """Rule -> share correct, as ``python -m benchmarks.understanding calibrate`` measured it."""
    return {row["rule"]: float(row["confidence"]) for row in table("confidence")}
