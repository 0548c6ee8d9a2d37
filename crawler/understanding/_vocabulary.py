"""The small tables of names that the rules know, and how they are found in a text in one pass."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import msgspec

_WORD = re.compile(r"[^\W_]+")


class Mention(msgspec.Struct, frozen=True):
    """A known name in the plain text."""

    name: str
    start: int
    end: int


@cache
def table(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a table of this folder."""
    with files(__package__).joinpath(f"{name}.csv").open(encoding="utf-8") as lines:
        return tuple(csv.DictReader(lines))


@cache
def aliases(name: str, column: str) -> dict[str, str]:
    """Lower-case alias -> name, for a table whose first column is the name; the name is an alias of itself."""
    found: dict[str, str] = {}
    for row in table(name):
        canonical = next(iter(row.values()))
        for alias in (canonical, *row[column].split("|")):
            if alias:
                found.setdefault(alias.lower(), canonical)
    return found


def _phrases() -> Iterator[tuple[str, str, str]]:
    """(kind, phrase, name) of every name that is looked for in the text."""
    for kind, column in (
        ("datasets", "aliases"),
        ("languages", "names"),
        ("libraries", "phrases"),
        ("tasks", "phrases"),
    ):
        for row in table(kind):
            canonical = next(iter(row.values()))
            for phrase in row[column].split("|"):
                if phrase:
                    yield kind, phrase.lower(), canonical


@cache
def _index() -> dict[str, list[tuple[str, str, str]]]:
    """First word -> the phrases that begin with it, the longest first."""
    index: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for kind, phrase, canonical in _phrases():
        first = _WORD.match(phrase)
        if first:
            index[first[0]].append((phrase, kind, canonical))
    for found in index.values():
        found.sort(key=lambda entry: -len(entry[0]))
    return dict(index)


def words_of(lower: str) -> dict[str, list[int]]:
    """Each word of a lower-case text with the places where it stands."""
    found: dict[str, list[int]] = {}
    for match in _WORD.finditer(lower):
        found.setdefault(match[0], []).append(match.start())
    return found


def mentions(lower: str, words: dict[str, list[int]], limit: int = 5_000) -> dict[str, list[Mention]]:
    """Every known name in a lower-case text, by kind; of two that begin at one place the longer."""
    index = _index()
    found: dict[str, list[Mention]] = defaultdict(list)
    count = 0
    for word, places in words.items():
        candidates = index.get(word) or (index.get(word[:-1]) if word[-1] == "s" else None)
        for start in places[:1_000] if candidates else ():
            taken: set[str] = set()
            for phrase, kind, canonical in candidates or ():
                end = start + len(phrase)
                if kind not in taken and lower.startswith(phrase, start) and not lower[end : end + 1].isalnum():
                    found[kind].append(Mention(canonical, start, end))
                    taken.add(kind)
                    count += 1
        if count > limit:
            break
    for mentioned in found.values():
        mentioned.sort(key=lambda mention: mention.start)
    return found
