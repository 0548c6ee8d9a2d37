"""How much of the measured data also stands in the training split of the same dataset: a hint, not a verdict.

Two measures, both with their counts: test inputs that are in the training split word for word (after lower case,
punctuation and white space are put aside), and test inputs that share a run of 13 words with it, the measure of Brown
et al. 2020 (GPT-3, appendix C). Inputs of fewer than 13 words are too short for the second and not counted in it.
A model may also have been trained on other data, which this cannot see.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

WORDS = 13
MAX_TRAIN = 500_000


def overlap(train: Iterable[Any], test: Iterable[Any]) -> dict[str, Any]:
    """Counts and shares of overlap between two lists of inputs (text, or anything that JSON or bytes can say)."""
    texts, others, shingles, rows = set(), set(), set(), 0
    for value in train:
        if rows >= MAX_TRAIN:
            break
        rows += 1
        if isinstance(value, str):
            words = _words(value)
            texts.add(_key(" ".join(words)))
            shingles.update(_shingles(words))
        else:
            others.add(_key(_plain(value)))
    total = exact = long = shared = 0
    for value in test:
        total += 1
        if isinstance(value, str):
            words = _words(value)
            exact += _key(" ".join(words)) in texts
            runs = _shingles(words)
            long += bool(runs)
            shared += any(run in shingles for run in runs)
        else:
            exact += _key(_plain(value)) in others
    return {
        "train": rows,
        "test": total,
        "exact": exact,
        "exact_share": exact / total if total else None,
        "long_enough": long,
        "sharing_13_words": shared,
        "sharing_share": shared / long if long else None,
        "truncated": rows >= MAX_TRAIN,
    }


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _shingles(words: list[str]) -> set[bytes]:
    return {_key(" ".join(words[i : i + WORDS])) for i in range(len(words) - WORDS + 1)}


def _plain(value: Any) -> str:
    if isinstance(value, dict) and isinstance(value.get("bytes"), bytes | bytearray):
        return hashlib.sha256(value["bytes"]).hexdigest()
    return json.dumps(value, default=repr, sort_keys=True)


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
