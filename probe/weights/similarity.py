"""The most similar row of each row, in blocks, by numpy or, where a device is named, by torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landing.errors import UsageError
from probe.weights.formats import Floats

_BLOCK = 2048
#: Wider rows are projected to this many columns first; a cosine c is kept to about (1 - c^2) / sqrt(columns).
_PROJECTED = 128


def unit(rows: Floats, centre: Floats | None = None) -> Floats:
    """Rows of length one, after ``centre`` was taken off; rows without length stay zero."""
    moved = rows if centre is None else rows - centre
    norms = np.linalg.norm(moved, axis=1, keepdims=True)
    return np.asarray(moved / np.where(norms > 1e-12, norms, np.inf), np.float32)


def project(rows: Floats, seed: int = 0) -> Floats:
    """Unit rows in fewer dimensions (Johnson and Lindenstrauss, 1984): similar ones stay similar."""
    if rows.shape[1] <= 2 * _PROJECTED:
        return rows
    matrix = np.random.default_rng(seed).standard_normal((rows.shape[1], _PROJECTED), dtype=np.float32)
    return unit(rows @ matrix)


def nearest(rows: Floats, device: str | None = None) -> tuple[Floats, NDArray[np.int64]]:
    """For each unit row the largest cosine with another row, and which one."""
    count = len(rows)
    best, which = np.full(count, -1, np.float32), np.full(count, -1, np.int64)
    engine = _Engine(rows, device)
    for start in range(0, count, _BLOCK):
        stop = min(start + _BLOCK, count)
        for begin in range(start, count, _BLOCK):
            end = min(begin + _BLOCK, count)
            across = engine.product(start, stop, begin, end)
            if begin == start:
                np.fill_diagonal(across, -1)
            else:
                _keep(best, which, begin, across.max(axis=0), across.argmax(axis=0) + start)
            _keep(best, which, start, across.max(axis=1), across.argmax(axis=1) + begin)
    return best, which


def _keep(best: Floats, which: NDArray[np.int64], at: int, values: Floats, places: NDArray[np.int64]) -> None:
    span = slice(at, at + len(values))
    better = values > best[span]
    best[span][better] = values[better]
    which[span][better] = places[better]


def top_mean(rows: Floats, others: Floats, count: int = 10, device: str | None = None) -> Floats:
    """For each unit row the mean of its ``count`` largest cosines with ``others``."""
    out = np.zeros(len(rows), np.float32)
    count = min(count, len(others))
    for start in range(0, len(rows), _BLOCK):
        across = _Engine(others, device, rows[start : start + _BLOCK]).whole()
        out[start : start + _BLOCK] = np.partition(across, across.shape[1] - count, axis=1)[:, -count:].mean(axis=1)
    return out


class _Engine:
    """Products of blocks of rows, on the device where one is named."""

    def __init__(self, rows: Floats, device: str | None, left: Floats | None = None) -> None:
        self.torch: Any = None
        self.rows: Any = rows
        self.left: Any = rows if left is None else left
        if device not in (None, "cpu"):
            try:
                import torch
            except ImportError as error:
                raise UsageError(f'Device {device} takes torch: pip install "hubcensus[probe]".') from error
            try:
                self.rows = torch.from_numpy(rows).to(device)
                self.left = self.rows if left is None else torch.from_numpy(left).to(device)
            except (RuntimeError, AssertionError) as error:
                raise UsageError(f"Device {device} cannot be used: {str(error).partition(chr(10))[0]}") from error
            self.torch = torch

    def product(self, start: int, stop: int, begin: int, end: int) -> Floats:
        """Cosines of rows ``start:stop`` with rows ``begin:end``."""
        across = self.left[start:stop] @ self.rows[begin:end].T
        return across if self.torch is None else across.cpu().numpy()  # type: ignore[no-any-return]

    def whole(self) -> Floats:
        """Cosines of all left rows with all rows."""
        return self.product(0, len(self.left), 0, len(self.rows))
