"""The model under examination with what it is compared with: a base, siblings, a card. Everything is read lazily."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probe.weights.formats import Floats, Unreadable, read_json
from probe.weights.layout import Layout, find_layout
from probe.weights.tensors import Checkpoint, finite, open_checkpoint
from probe.weights.vocabulary import Vocabulary, by_order, read_vocabulary

CONFIG_CAP = 4 << 20
#: Bytes of float32 rows held at a time, for each matrix that is walked: what stays in a processor's cache.
CHUNK = 1 << 20
#: Fewer siblings than this give no median worth the name.
SIBLINGS = 4


class Side:
    """One checkpoint with its tokenizer and configuration. Raises :class:`Unreadable` when opened."""

    def __init__(self, path: Path, frequency: Mapping[str, float] | None = None) -> None:
        self.path = path
        self.folder = path if path.is_dir() else path.parent
        self.frequency = frequency
        self.checkpoint: Checkpoint = open_checkpoint(path)
        self.problems: list[str] = []

    @cached_property
    def config(self) -> dict[str, Any]:
        """The object in config.json, empty where there is none."""
        path = self.folder / "config.json"
        try:
            value = read_json(path, CONFIG_CAP) if path.is_file() else {}
        except Unreadable as error:
            self.problems.append(str(error))
            return {}
        if not isinstance(value, dict):
            self.problems.append("config.json is not an object.")
            return {}
        nested = value.get("text_config")
        return {**nested, **value} if isinstance(nested, dict) else value

    @cached_property
    def _read_vocabulary(self) -> Vocabulary | None:
        try:
            return read_vocabulary(self.folder, self.frequency)
        except Unreadable as error:
            self.problems.append(str(error))
            return None

    @cached_property
    def layout(self) -> Layout:
        """Which tensor is which."""
        known = self._read_vocabulary
        return find_layout(self.checkpoint.tensors, self.config, len(known.tokens) if known else None)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokens by row; numbers where no tokenizer lies beside the weights."""
        return self._read_vocabulary or by_order(self.shape[0])

    @property
    def has_tokenizer(self) -> bool:
        """Whether the rows have names."""
        return self._read_vocabulary is not None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the embedding matrix, (0, 0) where there is none."""
        name = self.layout.embedding
        shape = self.checkpoint.tensors[name].shape if name else (0, 0)
        return shape[0], shape[1]

    @property
    def dtype(self) -> str:
        """Element type of the embedding matrix as stored."""
        name = self.layout.embedding
        return self.checkpoint.tensors[name].dtype if name else ""

    def rows(self, start: int, stop: int) -> Floats:
        """Rows of the embedding matrix, NaN and infinities as zeros."""
        assert self.layout.embedding is not None
        return finite(self.checkpoint.rows(self.layout.embedding, start, stop))

    def gather(self, wanted: NDArray[np.int64]) -> Floats:
        """The rows of these numbers; -1 gives zeros. Neighbouring rows are read together."""
        if len(wanted) and wanted[0] >= 0 and (np.diff(wanted) == 1).all():
            return self.rows(int(wanted[0]), int(wanted[-1]) + 1)
        out = np.zeros((len(wanted), self.shape[1]), np.float32)
        if not len(wanted):
            return out
        starts = np.flatnonzero(np.diff(wanted, prepend=wanted[0] - 2) != 1)
        for begin, end in zip(starts, np.append(starts[1:], len(wanted)), strict=True):
            if wanted[begin] >= 0:
                out[begin:end] = self.rows(int(wanted[begin]), int(wanted[end - 1]) + 1)
        return out


@dataclass(slots=True)
class Options:
    """How much may be read, and where matrix products run (``cpu``, ``cuda``, None: numpy)."""

    device: str | None = None
    #: Bytes of tensors that the streaming checks may read of the model.
    stream: int = 8 << 30


@dataclass
class Subject:
    """What detectors look at."""

    model: Side
    base: Side | None = None
    siblings: Sequence[Side] = ()
    card: Mapping[str, Any] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    #: What one detector worked out and another needs as well.
    shared: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def count(self) -> int:
        """Rows of the embedding matrix that a token can stand for."""
        return self.model.shape[0]

    @cached_property
    def rank(self) -> NDArray[np.int64]:
        """Rank by row (see :class:`Vocabulary`), -1 beyond the tokenizer's tokens."""
        rank = np.full(self.count, -1, np.int64)
        known = self.model.vocabulary.rank[: self.count]
        rank[: len(known)] = known
        return rank

    @cached_property
    def rare(self) -> NDArray[np.bool_]:
        """The rows of the less frequent half of the vocabulary."""
        top = self.rank.max(initial=-1)
        return self.rank > top // 2 if top > 0 else np.zeros(self.count, bool)

    def token(self, row: int) -> str:
        """The name of a row."""
        return self.model.vocabulary.name(int(row))

    def alignment(self, other: Side) -> NDArray[np.int64]:
        """For each row of the model the row of ``other`` with the same token, -1 where it has none."""
        mine, theirs = self.model.vocabulary.tokens, other.vocabulary.tokens
        both = min(self.count, other.shape[0])
        plain = np.full(self.count, -1, np.int64)
        plain[:both] = np.arange(both)
        shared = min(len(mine), len(theirs))
        if not (self.model.has_tokenizer and other.has_tokenizer) or mine[:shared] == theirs[:shared]:
            return plain
        places = {token: row for row, token in enumerate(theirs) if token is not None and row < other.shape[0]}
        return np.array(
            [places.get(token, -1) if token else -1 for token in (mine + (None,) * self.count)[: self.count]]
        )

    def chunks(self) -> Iterator[slice]:
        """Consecutive rows, as many as fit into :data:`CHUNK`."""
        step = max(1, CHUNK // (4 * max(1, self.model.shape[1])))
        for start in range(0, self.count, step):
            yield slice(start, min(start + step, self.count))
