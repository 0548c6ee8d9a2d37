"""How one name resembles another: look-alike letters, separators, one letter more, less, other or swapped."""

from __future__ import annotations

import re

from rapidfuzz.distance import OSA, Levenshtein

from analyses import _naming

# Letters that a reader takes for another; the right side stands for all of them.
_PAIRS = (("rn", "m"), ("vv", "w"))
_FROM, _TO = "01i5|аеорсухіј", "ollsl" + "aeopcyxlj"
SAME, CASE, SEPARATORS, LETTERS, SWAPPED = "same", "case", "separators", "look-alike letters", "letters swapped"
ADDED, MISSING, OTHER, VARIANT = "a letter added", "a letter missing", "another letter", "variant"
# What each is worth as evidence that a name is meant to be taken for another.
WEIGHT = {SAME: 2.0, CASE: 2.0, SEPARATORS: 2.0, LETTERS: 4.0, SWAPPED: 3.0, ADDED: 2.5, MISSING: 3.0, OTHER: 2.5}


def sql_skeleton(text: str) -> str:
    """SQL: the text in lower case, look-alike letters made the same, without separators."""
    made = f"lower({text})"
    for written, seen in _PAIRS:
        made = f"replace({made}, '{written}', '{seen}')"
    return f"regexp_replace(translate({made}, '{_FROM}', '{_TO}'), '[-_.]', '', 'g')"


def skeleton(text: str) -> str:
    """As :func:`sql_skeleton`, separators kept."""
    made = text.lower()
    for written, seen in _PAIRS:
        made = made.replace(written, seen)
    return made.translate(str.maketrans(_FROM, _TO))


def resemblance(name: str, target: str, *, whole: bool = False) -> str:
    """What makes ``name`` look like ``target``; ``variant`` where it is a word, a size or a number of its own.

    ``whole``: the names are owners, whose parts mean nothing.
    """
    if name == target:
        return SAME
    low, other = name.lower(), target.lower()
    if low == other:
        return LETTERS if name.swapcase() != target and _confusable(name, target) else CASE
    if skeleton(name) == skeleton(target):
        return VARIANT if _numbered(low, other) else LETTERS
    if re.sub("[-_.]", "", skeleton(name)) == re.sub("[-_.]", "", skeleton(target)):
        return SEPARATORS
    if OSA.distance(low, other, score_cutoff=1) > 1 or _is_variant(low, other, whole):
        return VARIANT
    if Levenshtein.distance(low, other) == 2:
        return SWAPPED
    return ADDED if len(low) > len(other) else MISSING if len(low) < len(other) else OTHER


def _confusable(name: str, target: str) -> bool:
    """Whether they differ in an upper-case I beside a lower-case l: the same mark in many fonts."""
    return any({a, b} == {"I", "l"} for a, b in zip(name, target, strict=False))


def _numbered(low: str, other: str) -> bool:
    """Whether the look-alike letter is the number at the end of a word, as in model5 beside models."""
    mine, theirs = re.split("[-_. ]+", low), re.split("[-_. ]+", other)
    odd = [a for a, b in zip(mine, theirs, strict=False) if a != b]
    return len(mine) == len(theirs) and all(re.fullmatch("[a-z]{2,}[0-9]+", part) for part in odd)


def _is_variant(low: str, other: str, whole: bool) -> bool:
    """Whether the one edit makes another number, another word that names know, or a part of a letter or two."""
    for edit in Levenshtein.editops(other, low):
        changed = other[edit.src_pos : edit.src_pos + 1] if edit.tag != "insert" else ""
        changed += low[edit.dest_pos : edit.dest_pos + 1] if edit.tag != "delete" else ""
        if re.search("[0-9]", changed):
            return True
    if whole:
        return False
    mine, theirs = re.split("[-_. ]+", low), re.split("[-_. ]+", other)
    odd, replaced = [part for part in mine if part not in theirs], [part for part in theirs if part not in mine]
    return not odd or not replaced or any(
        len(part) <= 3 or part in _naming.words() or re.search("[0-9]", part) for part in odd
    )  # fmt: skip
