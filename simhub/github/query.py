"""A query of the legacy code search: its words, its quoted words, and its qualifiers.

Documented: the qualifiers, quotes, ``NOT``, ``>``, ``<``, ``>=``, ``<=`` and ``a..b``, that punctuation is ignored,
at most 256 characters besides operators and qualifiers, at most five operators, at least one word unless a file name
is asked for. Guessed: where words end (at all that is no letter, digit or underscore), that a qualifier given twice
means either, and that a qualifier nobody knows is a word like any other. Parentheses fail, as has been reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MOST_CHARACTERS = 256
MOST_OPERATORS = 5
KNOWN = ("language", "extension", "filename", "path", "size", "repo", "user", "org", "fork", "in")

_PART = re.compile(r'(?P<not>-)?(?:(?P<key>[a-z]+):)?(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"]+))')
_WORD = re.compile(r"\w+")
_SIZE = re.compile(r"(?P<sign>>=|<=|>|<)?(?P<low>\d+|\*)(?:\.\.(?P<high>\d+|\*))?")


class Invalid(ValueError):
    """A query that GitHub refuses; the text is its reason."""


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must stand in a row, or must not."""

    words: tuple[str, ...]
    negated: bool = False


@dataclass
class Query:
    """What is looked for. A group of terms is met by any of them; all groups must be met."""

    groups: list[list[Term]] = field(default_factory=list)
    wanted: dict[str, list[str]] = field(default_factory=dict)
    unwanted: dict[str, list[str]] = field(default_factory=dict)
    sizes: list[tuple[int, int]] = field(default_factory=list)

    @property
    def where(self) -> set[str]:
        """Where words are looked for: "file", "path", or both."""
        asked = {part for value in self.wanted.get("in", []) for part in value.split(",")}
        return asked & {"file", "path"} or {"file"}


def words_of(text: str) -> list[str]:
    """The words of a text, in lower case."""
    return _WORD.findall(text.lower())


def parse(text: str) -> Query:
    """Read a query; raises `Invalid` for one that GitHub refuses."""
    query, counted, operators = Query(), 0, 0
    negated = joined = False
    for found in _PART.finditer(text):
        value = found["bare"] if found["quoted"] is None else found["quoted"]
        if found["quoted"] is None and not found["key"] and value in ("AND", "OR", "NOT"):
            operators += 1
            negated, joined = negated or value == "NOT", value == "OR"
            continue
        if found["key"] in KNOWN:
            _qualify(query, found["key"], value, bool(found["not"]) or negated)
            negated = joined = False
            continue
        counted += len(found[0]) + 1
        quoted = found["quoted"] is not None
        _look_for(query, f"{found['key'] or ''} {value}", quoted, bool(found["not"]) or negated, joined)
        negated = joined = False
    _check(query, text, counted, operators)
    return query


def size_of(text: str) -> tuple[int, int]:
    """The least and the greatest size that a qualifier takes; raises `Invalid` for one that it does not read."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise Invalid(f'"{text}" is not a valid size.')
    low = 0 if found["low"] == "*" else int(found["low"])
    if found["high"] is not None:
        return low, (1 << 62 if found["high"] == "*" else int(found["high"]))
    at_most, at_least = {">": (1 << 62, low + 1), ">=": (1 << 62, low), "<": (low - 1, 0), "<=": (low, 0)}.get(
        found["sign"] or "", (low, low)
    )
    return at_least, at_most


def _qualify(query: Query, key: str, value: str, negated: bool) -> None:
    if key == "size":
        query.sizes.append(size_of(value))
        return
    (query.unwanted if negated else query.wanted).setdefault(key, []).append(value.lower())


def _look_for(query: Query, text: str, quoted: bool, negated: bool, joined: bool) -> None:
    words = words_of(text)
    terms = [Term(tuple(words), negated)] if quoted and words else [Term((word,), negated) for word in words]
    for place, term in enumerate(terms):
        if joined and not place and query.groups:
            query.groups[-1].append(term)
        else:
            query.groups.append([term])


def _check(query: Query, text: str, counted: int, operators: int) -> None:
    if counted - 1 > MOST_CHARACTERS:
        raise Invalid(f"The search is longer than {MOST_CHARACTERS} characters.")
    if operators > MOST_OPERATORS:
        raise Invalid("More than five AND / OR / NOT operators were used.")
    if "(" in re.sub(r'"[^"]*"', "", text) and " OR " in text:
        raise Invalid("ERROR_TYPE_QUERY_PARSING_FATAL unable to parse query!")
    if not query.groups and "filename" not in query.wanted:
        raise Invalid("You must include at least one search term.")
