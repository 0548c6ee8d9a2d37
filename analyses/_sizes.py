"""Numbers of parameters: where they are stated, what a name says, and medians with intervals.

A name says a size by its last part like ``7b``, ``1.5B``, ``350M`` or ``8x7b`` (a product) that stands alone. That is
what its owner calls it, not what was counted, so it never stands among counted numbers; how well it agrees with them
is measured where both are known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyses._stats import ROUNDS, SEED, Estimate, Floats

Counts = NDArray[np.int64]

RULES = ("as published", "all", "log scale")

# RE2 has no lookaround: what stands before and after is part of the match. Linear in the length of the name.
_SIZE = r"(?:^|[^a-z0-9.])(?:([0-9]{1,2})x)?([0-9]{1,4}(?:\.[0-9]{1,3})?)(b|m)(?:$|[^a-z0-9])"
_PARTS = f"regexp_extract(lower(name[:200]), '{_SIZE}', ['experts', 'size', 'unit'])"

#: SQL: parameters that the column ``name`` says, null where it says none or what no model has.
BY_NAME = f"""
    (SELECT CASE WHEN said BETWEEN 1e5 AND 1e13 THEN said END FROM (
        SELECT coalesce(TRY_CAST(p.experts AS DOUBLE), 1) * TRY_CAST(p.size AS DOUBLE)
            * CASE p.unit WHEN 'b' THEN 1e9 WHEN 'm' THEN 1e6 END AS said
        FROM (SELECT {_PARTS} AS p)))
"""

#: SQL: the half-year of ``created_at`` by its last month, May or November, as the study's figure has them.
HALF = """
    make_date(
        (((year(created_at) * 12 + month(created_at)) // 6) * 6 + 4) // 12,
        (((year(created_at) * 12 + month(created_at)) // 6) * 6 + 4) % 12 + 1, 1)
"""


@dataclass(frozen=True, slots=True)
class Median:
    """A median under one rule for outliers, and how many values the rule took out."""

    rule: str
    estimate: Estimate
    removed: int


def medians(values: Floats, weights: Counts, *, rounds: int = ROUNDS, seed: int = SEED) -> list[Median]:
    """Medians of grouped positive values under the rules of :data:`RULES`, with 95 % percentile intervals.

    *as published*: values outside [Q1 - 1.5 IQR, Q3 + 1.5 IQR] are removed first (Tukey's fences, quartiles by linear
    interpolation: ``remove_outliers`` of the notebook of fig. 11 of MSR 2024). *log scale*: the same of the
    logarithms, which suits sizes that span six orders of magnitude. The whole rule is applied anew to every draw.
    """
    order = np.argsort(values, kind="stable")
    x, w = np.asarray(values, dtype=np.float64)[order], np.asarray(weights, dtype=np.int64)[order]
    n = int(w.sum())
    drawn = np.random.default_rng(seed).multinomial(n, w / n, size=rounds)
    rows = np.vstack([w, drawn])
    found = []
    for rule in RULES:
        kept = rows if rule == "all" else _fenced(np.log(x) if rule == "log scale" else x, rows)
        middle = _quantile(x, kept, 0.5)
        low, high = np.nanpercentile(middle[1:], [2.5, 97.5])
        left = int(kept[0].sum())
        found.append(Median(rule, Estimate(float(middle[0]), float(low), float(high), left), n - left))
    return found


def _fenced(x: Floats, rows: Counts) -> Counts:
    """The weights without the values outside Tukey's fences, row by row."""
    first, third = _quantile(x, rows, 0.25)[:, None], _quantile(x, rows, 0.75)[:, None]
    reach = 1.5 * (third - first)
    inside = (x[None, :] >= first - reach) & (x[None, :] <= third + reach)
    return np.where(inside, rows, 0)


def _quantile(x: Floats, rows: Counts, q: float) -> Floats:
    """Quantiles of sorted values with weights by row, linear between neighbours as numpy has them."""
    ends = np.cumsum(rows, axis=1)
    place = (ends[:, -1] - 1) * q
    below, above = np.floor(place), np.ceil(place)
    low = x[np.minimum((ends <= below[:, None]).sum(axis=1), len(x) - 1)]
    high = x[np.minimum((ends <= above[:, None]).sum(axis=1), len(x) - 1)]
    return np.asarray(low + (high - low) * (place - below), dtype=np.float64)
