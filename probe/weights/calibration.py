"""From a score to a p-value and a threshold, by what honest models score.

Within the calibration sample the p-value is conformal: (1 + number of clean scores at least as high) / (n + 1),
valid at any n as long as clean models are exchangeable, and never below 1 / (n + 1) (Vovk, Gammerman, Shafer,
"Algorithmic Learning in a Random World", 2005, section 2.2). Beyond the highest few clean scores that says nothing
more. The scores are logarithms of ratios of order statistics, whose tails are exponential where the ratio's is
Pareto; so the tail is Hill's (Annals of Statistics 3, 1975): mean excess over the upper quarter. What rests on it
is marked ``extrapolated``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from landing.errors import CorruptError

#: The false-positive rates that thresholds are given for; the first is the one flags are raised at.
RATES = (0.01, 0.05)
_FEWEST = 12
_UPPER = 0.25


@dataclass(frozen=True, slots=True)
class Null:
    """What honest models score with one detector: the ``clean`` scores, rising."""

    clean: tuple[float, ...]

    @property
    def count(self) -> int:
        """Number of clean scores."""
        return len(self.clean)

    @property
    def tail(self) -> tuple[float, float, float]:
        """Where the tail begins, its mean excess, and the share of scores beyond."""
        beyond = max(3, round(_UPPER * self.count))
        start = self.clean[-beyond - 1] if beyond < self.count else self.clean[0]
        excess = float(np.mean([score - start for score in self.clean[-beyond:]]))
        return start, max(excess, 1e-3), beyond / (self.count + 1)

    def p_value(self, score: float) -> float:
        """How often a clean model scores as high; the larger of the two estimates inside the sample."""
        conformal = (1 + sum(clean >= score for clean in self.clean)) / (self.count + 1)
        start, excess, share = self.tail
        if score <= start:
            return conformal
        fitted = share * float(np.exp(-(score - start) / excess))
        return fitted if score > self.clean[-1] else max(fitted, conformal)

    def threshold(self, rate: float) -> tuple[float, bool]:
        """The score from which on to flag at this false-positive rate, and whether the tail was extrapolated."""
        place = int(np.ceil((1 - rate) * (self.count + 1)))
        start, excess, share = self.tail
        fitted = start + excess * float(np.log(share / rate)) if rate < share else start
        if place <= self.count:
            return max(self.clean[place - 1], fitted if rate < share else -np.inf), False
        return max(fitted, self.clean[-1]), True


@dataclass(frozen=True, slots=True)
class Calibration:
    """Nulls by detector, ``combined`` among them, with where they come from."""

    nulls: Mapping[str, Null]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The file's content: scores, and the thresholds that follow from them for the reader."""
        return {
            "provenance": dict(self.provenance),
            "detectors": {
                name: {
                    "n": null.count,
                    "thresholds": {
                        f"{rate:g}": {"score": null.threshold(rate)[0], "extrapolated": null.threshold(rate)[1]}
                        for rate in RATES
                    },
                    "clean": list(null.clean),
                }
                for name, null in self.nulls.items()
            },
        }


def fit(scores: Mapping[str, Sequence[float | None]], provenance: Mapping[str, Any]) -> Calibration:
    """A calibration from the scores of honest models; detectors with too few scores get none."""
    nulls = {}
    for name, values in scores.items():
        kept = sorted(float(value) for value in values if value is not None and np.isfinite(value))
        if len(kept) >= _FEWEST:
            nulls[name] = Null(tuple(round(value, 6) for value in kept))
    return Calibration(nulls, provenance)


def read(path: Path) -> Calibration:
    """A calibration file; raises :class:`landing.errors.CorruptError` where it is not one."""
    try:
        whole = json.loads(path.read_bytes())
        nulls = {}
        for name, entry in whole["detectors"].items():
            clean = tuple(sorted(float(value) for value in entry["clean"]))
            if len(clean) < _FEWEST or not np.isfinite(clean).all():
                raise ValueError(f"{name} has too few usable scores")
            nulls[str(name)] = Null(clean)
        return Calibration(nulls, dict(whole["provenance"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptError(f"{path} is not a calibration of the weight detectors: {error}", path) from error


@cache
def shipped() -> Calibration:
    """The calibration that comes with the package."""
    return read(Path(__file__).with_name("calibration.json"))


def combine(p_values: Mapping[str, float]) -> float | None:
    """One score from several detectors: -log10 of the smallest p-value times their number (Bonferroni)."""
    if not p_values:
        return None
    return float(-np.log10(min(1.0, max(min(p_values.values()), 1e-300) * len(p_values))))
