"""The coding of threads: categories, their definitions and the cues that give them away.

``discussion_topics.csv`` has the categories. SANER 2024 made 17 of challenges and 6 of benefits by card sorting;
those ``named`` *study* are the ones whose names are known here from its abstract and from summaries of it, in our
wording; those named *own* are ours and fill up the number, so a category of ours need not be one of the study's. The
definitions and the cues are all ours. A thread has every category of which a cue stands in it (RE2 patterns, linear
in the length of the text), so it may have several or none.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

KINDS = ("challenge", "benefit")


@dataclass(frozen=True, slots=True)
class Topic:
    """A category."""

    kind: str
    category: str
    named: str
    definition: str
    pattern: str


@cache
def topics() -> tuple[Topic, ...]:
    """All categories, challenges first."""
    text = resources.files("analyses").joinpath("discussion_topics.csv").read_text(encoding="utf-8")
    return tuple(Topic(**row) for row in csv.DictReader(text.splitlines()))


def coded(column: str) -> str:
    """SQL: the list of categories that the text in a column has."""

    def quoted(text: str) -> str:
        return "'" + text.replace("'", "''") + "'"

    parts = ", ".join(
        f"CASE WHEN regexp_matches(lower({column}), {quoted(topic.pattern)}) THEN {quoted(topic.category)} END"
        for topic in topics()
    )
    return f"list_filter([{parts}], lambda x: x IS NOT NULL)"
