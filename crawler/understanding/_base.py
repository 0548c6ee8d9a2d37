"""The value that a rule finds, and the names of the fields."""

from __future__ import annotations

from typing import Any

import msgspec

VERSION = "understanding/1"

MAX_TEXT = 400_000
MAX_RAW = 300

# PeaTMOSS's twenty kinds of metadata (MSR'24, figure 7), as far as a card can state them, and demo links.
FIELDS: tuple[str, ...] = (
    "domain",
    "task",
    "framework",
    "library",
    "language",
    "licence",
    "dataset",
    "base_model",
    "parameter_count",
    "hardware",
    "carbon",
    "hyper_parameter",
    "metric",
    "limitation",
    "intended_use",
    "demo",
    "grant",
    "github",
    "paper",
    "input_format",
    "output_format",
)

PLACES: tuple[str, ...] = ("front matter", "prose", "table", "heading", "code", "link")


class Value(msgspec.Struct, frozen=True):
    """One thing that a card says, with the characters that say it.

    ``start`` and ``end`` count characters of the text as given to ``understand``; ``raw`` is the text between
    them, or its first 300 characters where it is longer. ``value`` is JSON; ``confidence`` is in (0, 1].
    """

    field: str
    value: Any
    raw: str
    start: int
    end: int
    place: str
    confidence: float
    rule: str
