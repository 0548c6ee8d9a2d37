"""Scores of texts and spans that scikit-learn does not have: SQuAD's, ROUGE, chunks of tags.

Written from the published definitions: answers as in the SQuAD evaluation (Rajpurkar et al. 2016, 2018); ROUGE-N and
ROUGE-L as in Lin 2004, with the tokens of the common Python package (lower case, runs of a-z and 0-9, no stemming);
chunks as in conlleval (Tjong Kim Sang and Buchholz 2000), which seqeval follows by default.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

import numpy as np

from probe.claims.estimates import Floats, Sums
from probe.claims.measures import per_class

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
#: Longest text whose longest common subsequence is looked for.
MAX_TOKENS = 2_000


def plain_answer(text: str) -> str:
    """An answer without case, punctuation, articles and extra space."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def answer_scores(guess: str, golds: Sequence[str]) -> tuple[float, float]:
    """Exact match and F1 of an answer against the best of the right ones; none means that there is no answer."""
    golds = [gold for gold in golds if plain_answer(gold)] or [""]
    exact = max(float(plain_answer(guess) == plain_answer(gold)) for gold in golds)
    return exact, max(_overlap(plain_answer(guess).split(), plain_answer(gold).split()) for gold in golds)


def _overlap(guess: list[str], gold: list[str]) -> float:
    if not guess or not gold:
        return float(guess == gold)
    common = sum((Counter(guess) & Counter(gold)).values())
    return 2 * common / (len(guess) + len(gold)) if common else 0.0


def rouge_tokens(text: str) -> list[str]:
    """Tokens as ROUGE compares them."""
    return re.findall(r"[a-z0-9]+", text.lower())[:MAX_TOKENS]


def rouge(name: str, guess: str, gold: str) -> float:
    """F-measure of ``rouge1``, ``rouge2``, ``rougeL`` or ``rougeLsum`` (sentences parted by line ends)."""
    if name == "rougeLsum":
        return _rouge_sum(guess, gold)
    left, right = rouge_tokens(guess), rouge_tokens(gold)
    if name == "rougeL":
        return _harmonic(_common(left, right)[-1][-1] if left and right else 0, len(left), len(right))
    n = int(name.removeprefix("rouge"))
    grams = [Counter(zip(*(words[i:] for i in range(n)), strict=False)) for words in (left, right)]
    return _harmonic(sum((grams[0] & grams[1]).values()), grams[0].total(), grams[1].total())


def _harmonic(shared: int, guessed: int, true: int) -> float:
    return 2 * shared / (guessed + true) if shared else 0.0


def _common(left: list[str], right: list[str]) -> list[list[int]]:
    """Table of lengths of longest common subsequences of the beginnings."""
    table = [[0] * (len(right) + 1)]
    for word in left:
        above, row = table[-1], [0]
        for j, other in enumerate(right):
            row.append(above[j] + 1 if word == other else max(above[j + 1], row[j]))
        table.append(row)
    return table


def _rouge_sum(guess: str, gold: str) -> float:
    """Union of the longest common subsequences of each right sentence with all guessed ones (Lin 2004, 3.2)."""
    guessed = [rouge_tokens(line) for line in guess.split("\n") if line.strip()]
    true = [rouge_tokens(line) for line in gold.split("\n") if line.strip()]
    left, right = (Counter(word for line in lines for word in line) for lines in (guessed, true))
    sizes = left.total(), right.total()
    hits = 0
    for line in true:
        for place in sorted(set().union(*(_places(line, other) for other in guessed))):
            # A word counts once per time it stands on either side.
            if left[line[place]] > 0 and right[line[place]] > 0:
                hits += 1
                left[line[place]] -= 1
                right[line[place]] -= 1
    return _harmonic(hits, *sizes)


def _places(line: list[str], other: list[str]) -> set[int]:
    """Which words of a line are in its longest common subsequence with another."""
    table, i, j, found = _common(line, other), len(line), len(other), set()
    while i and j:
        if line[i - 1] == other[j - 1]:
            found.add(i - 1)
            i, j = i - 1, j - 1
        elif table[i][j - 1] > table[i - 1][j]:
            j -= 1
        else:
            i -= 1
    return found


def chunks(tags: Sequence[str]) -> set[tuple[str, int, int]]:
    """Spans (type, first, last) of a sentence's tags in IOB1, IOB2 or IOBES."""
    found, begun, before, kind = set(), 0, "O", ""
    for i, tag in enumerate([*tags, "O"]):
        mark, _, this = tag.partition("-")
        mark, this = (mark, this or "_") if mark in ("B", "I", "E", "S", "O") else ("I", tag)
        if before != "O" and (before in "ES" or mark in "BSO" or this != kind):
            found.add((kind, begun, i - 1))
            before = "O"
        if mark != "O" and before == "O":
            begun = i
        before, kind = mark, this if mark != "O" else ""
    return found


def spans(name: str, truth: Sequence[Sequence[str]], guess: Sequence[Sequence[str]], average: str = "micro") -> Sums:
    """Precision, recall or F1 of chunks over a corpus, averaged over types as over classes; resampled by sentence."""
    pairs = [(chunks(a), chunks(b)) for a, b in zip(truth, guess, strict=True)]
    kinds = sorted({kind for a, b in pairs for kind, _, _ in a | b}) or ["_"]
    rows = np.zeros((len(pairs), 3, len(kinds)))
    for i, (a, b) in enumerate(pairs):
        for part, found in enumerate((a & b, a, b)):
            for kind, _, _ in found:
                rows[i, part, kinds.index(kind)] += 1
    return Sums(rows.reshape(len(pairs), -1), per_class(name, average))


def token_agreement(truth: Sequence[Sequence[str]], guess: Sequence[Sequence[str]]) -> Sums:
    """Share of right tags, resampled by sentence."""
    rows: Floats = np.array(
        [[sum(x == y for x, y in zip(a, b, strict=True)), len(a)] for a, b in zip(truth, guess, strict=True)],
        dtype=float,
    )
    return Sums(rows, lambda s: np.divide(s[..., 0], s[..., 1], out=np.zeros_like(s[..., 0]), where=s[..., 1] > 0))
