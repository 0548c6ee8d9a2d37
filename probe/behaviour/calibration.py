"""Thresholds: what a score must exceed, and what share of clean models may be expected to exceed it.

A threshold is a split-conformal one (Vovk, Gammerman, Shafer 2005; for outliers Bates and others 2023, section 2):
the k-th largest of n calibration scores, so that a new clean model drawn like those exceeds it with probability at
most k / (n + 1). With few calibration models little can be promised; ``upper`` says, with 95 % confidence, how bad
it may be.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "calibration.json"


@dataclass(frozen=True, slots=True)
class Threshold:
    """``value`` to exceed; ``fpr`` promised on average; ``upper``, the 95 % Clopper-Pearson limit; ``n`` models.

    ``scope`` says which models it was calibrated on: outside of it the promise does not hold.
    """

    value: float
    fpr: float
    upper: float
    n: int
    scope: str


def conformal(scores: Sequence[float], scope: str, *, rate: float = 0.05) -> Threshold:
    """The threshold for a false-positive rate of at most ``rate``, or the lowest rate that n scores can promise.

    Raises ValueError without scores.
    """
    from scipy import stats

    if not scores:
        raise ValueError("no calibration scores")
    ordered = sorted(scores, reverse=True)
    count = len(ordered)
    place = max(1, int(rate * (count + 1)))
    above = place - 1
    upper = float(stats.beta.ppf(0.95, above + 1, count - above)) if above < count else 1.0
    return Threshold(float(ordered[place - 1]), place / (count + 1), upper, count, scope)


def guarded(scores: Sequence[float], scope: str, *, rate: float = 0.05) -> Threshold:
    """The conformal threshold, or the 99 % prediction bound of a normal distribution where that is higher.

    New models are of other tasks than the ones calibrated on, so they are not drawn like those: clean scores of other
    tasks went beyond the conformal threshold more often than it promises (docs/triggers.md). What is promised stays
    what the conformal threshold promises. Raises ValueError without scores.
    """
    import numpy as np
    from scipy import stats

    plain = conformal(scores, scope, rate=rate)
    count = plain.n
    if count < 2:
        return plain
    spread = float(np.std(scores, ddof=1)) * (1 + 1 / count) ** 0.5
    bound = float(np.mean(scores)) + float(stats.t.ppf(0.99, count - 1)) * spread
    return replace(plain, value=max(plain.value, bound))


@cache
def thresholds() -> dict[str, Threshold]:
    """The stored thresholds, by detector (``label-flip-rate/data``, ``patch-scan``, ...)."""
    if not FILE.is_file():
        return {}
    return {
        name: Threshold(**entry) for name, entry in json.loads(FILE.read_text(encoding="utf-8"))["thresholds"].items()
    }


def store(found: dict[str, Threshold], about: dict[str, Any], path: Path = FILE) -> None:
    """Write thresholds with what they were made from."""
    body = {"about": about, "thresholds": {name: asdict(entry) for name, entry in sorted(found.items())}}
    path.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
