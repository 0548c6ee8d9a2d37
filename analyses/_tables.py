"""Small things that many analyses do with a DataFrame of counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses._stats import wilson

if TYPE_CHECKING:
    import pandas as pd

# Where a "published" number is a count made by other means over the same public listing.
LISTING = "listing of 2024-07-11 (arXiv 2502.04484), counted by other code"


def shared(frame: pd.DataFrame, part: str = "models", whole: str = "n") -> pd.DataFrame:
    """The frame with ``share``, ``low`` and ``high``: part of whole with its Wilson interval."""
    share, low, high = wilson(frame[part].to_numpy(dtype=float), frame[whole].to_numpy(dtype=float))
    return frame.assign(share=share, low=low, high=high)


def at(frame: pd.DataFrame, key: str, value: object, column: str, default: float = 0.0) -> float:
    """One number of a frame: ``column`` where ``key`` is ``value``."""
    found = frame.loc[frame[key] == value, column]
    return float(found.iloc[0]) if len(found) else default
