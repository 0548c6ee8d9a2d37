"""What the rows of an embedding matrix stand for, and how frequent each token is likely to be.

The files are read as data: ``tokenizer.json``, else ``vocab.json``, ``vocab.txt`` or a sentencepiece model. No
tokenizer is built. Nobody ships token counts, so the order of the vocabulary stands in for them: trainers write the
pieces by falling frequency (WordLevel, BERT's WordPiece), in the order of merging (BPE), or with a log-probability
(Unigram).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probe.weights.formats import JSON_CAP, Unreadable, read_json

TOKEN_CAP = 2_000_000
_UNUSED = re.compile(r"^unused_?\d+$", re.I)
_BRACKETED = re.compile(r"^(\[[^\]]*\]|<[^>]*>|<\|[^|]*\|>)$")
_MARKERS = ("##", "▁", "Ġ", "</w>")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Tokens by row, and their rank.

    ``tokens[i]`` is the token of row i, None where no file names it. ``rank[i]`` counts from 0, the most frequent;
    -1 where the order says nothing (special and unused tokens, single characters, tokens added later). ``proxy``
    says what the rank was taken from.
    """

    tokens: tuple[str | None, ...]
    rank: NDArray[np.int64]
    proxy: str

    def name(self, row: int) -> str:
        """The token of a row, or ``#row`` where it has no name."""
        token = self.tokens[row] if row < len(self.tokens) else None
        return f"#{row}" if token is None else token

    @property
    def ranked(self) -> int:
        """How many tokens have a rank."""
        return int((self.rank >= 0).sum())


def read_vocabulary(folder: Path, frequency: Mapping[str, float] | None = None) -> Vocabulary | None:
    """The vocabulary that lies beside the weights, or None; ``frequency`` (token to count) replaces the proxy.

    Raises :class:`Unreadable` where a vocabulary is there and malformed.
    """
    for name, reader in _READERS.items():
        if (folder / name).is_file():
            known = (name, _digest(folder / name))
            if frequency is None and known in _SEEN:
                return _SEEN[known]
            tokens, scores, special, proxy = reader(folder / name)
            read = _ranked(tokens, scores, special, proxy, frequency)
            if frequency is None:
                if len(_SEEN) >= _KEPT:
                    _SEEN.pop(next(iter(_SEEN)))
                _SEEN[known] = read
            return read
    return None


#: Fine-tunes share their base's tokenizer to the byte: it is read once for a model and all its siblings.
_SEEN: dict[tuple[str, str], Vocabulary] = {}
_KEPT = 4


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror or error}.") from error


def by_order(count: int) -> Vocabulary:
    """For a matrix without a tokenizer: rows have numbers only, and their order is all there is."""
    return Vocabulary((None,) * count, np.arange(count), "row number (no tokenizer found)")


_Read = tuple[list[str | None], NDArray[np.float64] | None, set[int], str]


def _rows(pairs: Mapping[Any, Any]) -> list[str | None]:
    top = -1
    for token, row in pairs.items():
        if (
            not isinstance(token, str)
            or not isinstance(row, int)
            or isinstance(row, bool)
            or not 0 <= row < TOKEN_CAP
        ):
            raise Unreadable("The vocabulary does not map tokens to row numbers.")
        top = max(top, row)
    tokens: list[str | None] = [None] * (top + 1)
    for token, row in pairs.items():
        tokens[row] = token
    return tokens


def _tokenizer_json(path: Path) -> _Read:
    whole = read_json(path)
    model = whole.get("model") if isinstance(whole, dict) else None
    vocab = model.get("vocab") if isinstance(model, dict) else None
    scores = None
    if isinstance(vocab, dict):
        tokens = _rows(vocab)
        proxy = "order of the vocabulary in tokenizer.json"
    elif isinstance(vocab, list) and len(vocab) <= TOKEN_CAP:
        tokens, scores = _scored(vocab)
        proxy = "log-probabilities in tokenizer.json"
    else:
        raise Unreadable("tokenizer.json has no usable vocabulary.")
    special: set[int] = set()
    added = whole.get("added_tokens")
    for entry in added if isinstance(added, list) else []:
        row, content = (entry.get("id"), entry.get("content")) if isinstance(entry, dict) else (None, None)
        if isinstance(row, int) and not isinstance(row, bool) and 0 <= row < TOKEN_CAP and isinstance(content, str):
            tokens.extend([None] * (row + 1 - len(tokens)))
            tokens[row] = content
            special.add(row)
    return tokens, scores, special, proxy


def _scored(vocab: list[Any]) -> tuple[list[str | None], NDArray[np.float64]]:
    tokens: list[str | None] = []
    scores = np.zeros(len(vocab))
    for row, entry in enumerate(vocab):
        if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[0], str):
            raise Unreadable("tokenizer.json: a piece is not a pair of text and score.")
        tokens.append(entry[0])
        scores[row] = float(entry[1]) if isinstance(entry[1], int | float) else 0.0
    return tokens, scores


def _vocab_json(path: Path) -> _Read:
    vocab = read_json(path)
    if not isinstance(vocab, dict):
        raise Unreadable("vocab.json is not an object.")
    return _rows(vocab), None, set(), "order of vocab.json"


def _vocab_txt(path: Path) -> _Read:
    with path.open("rb") as handle:
        data = handle.read(JSON_CAP + 1)
    lines = data.decode("utf-8", "replace").split("\n")
    if len(data) > JSON_CAP or len(lines) > TOKEN_CAP:
        raise Unreadable("vocab.txt is larger than any vocabulary.", "TOO_LARGE")
    if lines and not lines[-1]:
        lines.pop()
    tokens: list[str | None] = [line.rstrip("\r") for line in lines]
    return tokens, None, set(), "order of vocab.txt"


def _sentencepiece(path: Path) -> _Read:
    """The pieces of a sentencepiece model: field 1 of the message, each with text (1), score (2) and type (3)."""
    with path.open("rb") as handle:
        data = handle.read(JSON_CAP + 1)
    tokens: list[str | None] = []
    scores: list[float] = []
    special: set[int] = set()
    for field, value in _fields(data):
        if field != 1 or not isinstance(value, bytes):
            continue
        piece = dict(_fields(value))
        text, score = piece.get(1, b""), piece.get(2, 0.0)
        if piece.get(3, 1) != 1:
            special.add(len(tokens))
        tokens.append(text.decode("utf-8", "replace") if isinstance(text, bytes) else None)
        scores.append(float(score) if isinstance(score, int | float) else 0.0)
        if len(tokens) > TOKEN_CAP:
            raise Unreadable(f"{path.name} holds more pieces than any vocabulary.", "TOO_LARGE")
    return tokens, np.asarray(scores), special, f"log-probabilities in {path.name}"


def _fields(data: bytes) -> list[tuple[int, bytes | int | float]]:
    """The fields of a protocol-buffer message: varint, 64-bit, length-delimited and 32-bit (as float)."""
    found: list[tuple[int, bytes | int | float]] = []
    at = 0

    def varint(at: int) -> tuple[int, int]:
        value = shift = 0
        while at < len(data) and shift < 64:
            value |= (data[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if not data[at - 1] & 0x80:
                return value, at
        raise Unreadable("The sentencepiece model is cut or malformed.")

    while at < len(data):
        key, at = varint(at)
        kind = key & 7
        if kind == 0:
            value, at = varint(at)
            found.append((key >> 3, value))
            continue
        length, at = varint(at) if kind == 2 else ({1: 8, 5: 4}.get(kind, len(data) + 1), at)
        if at + length > len(data):
            raise Unreadable("The sentencepiece model is cut or malformed.")
        chunk = data[at : at + length]
        found.append((key >> 3, float(np.frombuffer(chunk, "<f4")[0]) if kind == 5 else chunk))
        at += length
    return found


_READERS = {
    "tokenizer.json": _tokenizer_json,
    "vocab.json": _vocab_json,
    "vocab.txt": _vocab_txt,
    "tokenizer.model": _sentencepiece,
    "spiece.model": _sentencepiece,
    "sentencepiece.bpe.model": _sentencepiece,
}


def _ranked(
    tokens: list[str | None],
    scores: NDArray[np.float64] | None,
    special: set[int],
    proxy: str,
    frequency: Mapping[str, float] | None,
) -> Vocabulary:
    known = np.array([row not in special and _says_something(token) for row, token in enumerate(tokens)], dtype=bool)
    order = np.arange(len(tokens), dtype=np.float64)
    if frequency is not None:
        counts = np.array([frequency.get(token, 0.0) if token is not None else 0.0 for token in tokens])
        plain = np.array([row not in special and token is not None for row, token in enumerate(tokens)], dtype=bool)
        known, order, proxy = plain, -counts, "a supplied table of counts"
    elif scores is not None:
        full = np.zeros(len(tokens))
        full[: len(scores)] = np.nan_to_num(scores)
        order = -full
    rank = np.full(len(tokens), -1, dtype=np.int64)
    rows = np.flatnonzero(known)
    rank[rows[np.argsort(order[rows], kind="stable")]] = np.arange(len(rows))
    return Vocabulary(tuple(tokens), rank, proxy)


def _says_something(token: str | None) -> bool:
    """Whether the place of this token in the vocabulary says how frequent it is."""
    if token is not None and len(token) > 1 and token.isalpha() and not token.startswith(_MARKERS):
        return True  # the plain case, first because it is nearly every case
    if token is None or _BRACKETED.match(token) or _UNUSED.match(token):
        return False
    bare = token
    for marker in _MARKERS:
        bare = bare.removeprefix(marker).removesuffix(marker)
    return len(bare) > 1
