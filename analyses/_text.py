"""How numbers look in sentences, captions and tables."""

from __future__ import annotations

from typing import Any

from analyses._stats import Estimate

UNITS = ("count", "share", "number")


def count(value: float) -> str:
    """A count with thousands separators."""
    return f"{value:,.0f}"


def percent(value: float, digits: int = 2) -> str:
    """A share as per cent, with enough digits that a small one is not zero."""
    if value != value:
        return "unknown"
    if 0 < abs(value) < 0.0005:
        return f"{100 * value:.2g} %"
    return f"{100 * value:.{digits}f} %"


def number(value: float, digits: int = 3) -> str:
    """A coefficient."""
    return "unknown" if value != value else f"{value:.{digits}f}"


def share_with_interval(estimate: Estimate) -> str:
    """A share, its interval and its n, for a sentence."""
    return f"{percent(estimate.value)} (95 % CI {_range(estimate, percent)}; n = {count(estimate.n)})"


def number_with_interval(estimate: Estimate, digits: int = 3) -> str:
    """A coefficient, its interval and its n, for a sentence."""

    def written(value: float) -> str:
        return number(value, digits)

    return f"{written(estimate.value)} (95 % CI {_range(estimate, written)}; n = {count(estimate.n)})"


def _range(estimate: Estimate, written: Any) -> str:
    low, high = written(estimate.low), written(estimate.high)
    return f"{low.removesuffix(' %')} to {high}"


def quantity(value: Any, unit: str) -> str:
    """A published or measured quantity by its unit."""
    if value is None or value != value:
        return "–"
    if isinstance(value, str):
        return value
    return {"count": count, "share": percent}.get(unit, number)(float(value))


def p_value(value: float) -> str:
    """A p value for a sentence."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def short(text: Any, length: int = 34) -> str:
    """A crawled string that fits a label: printable, one line, cut with an ellipsis."""
    clean = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(text))
    return clean if len(clean) <= length else clean[: length - 1] + "…"
