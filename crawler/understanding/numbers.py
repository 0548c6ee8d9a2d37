"""Numbers as people write them."""

from __future__ import annotations

import math
import re

#: A number, with thousands, a fraction or an exponent; bounded, no two parts can take the same characters.
NUMBER = r"[-−–]?(?:\d{1,3}(?:,\d{3}){1,4}(?!\d)|\d{1,15})(?:\.\d{1,20})?(?:[eE][-+−–]?\d{1,3})?"
_NUMBER = re.compile(rf"{NUMBER}|\.\d{{1,20}}")
_POWER = re.compile(r"(\d{1,4}(?:\.\d{1,6})?) ?(?:[x×*·]|\\times) ?10 ?\^? ?\{?([-−–]?\d{1,2})\}?")
_SCALE = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "mil": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9,
          "t": 1e12, "trillion": 1e12}  # fmt: skip


def number(text: str) -> float | None:
    """The first number in a short text; None where there is none or it is not finite."""
    text = text[:200]
    power = _POWER.search(text)
    if power:
        return float(power[1]) * 10.0 ** int(power[2].replace("−", "-").replace("–", "-"))
    match = _NUMBER.search(text)
    if match is None:
        return None
    value = float(match[0].replace(",", "").replace("−", "-").replace("–", "-"))
    return value if math.isfinite(value) else None


def scaled(digits: str, unit: str) -> float | None:
    """``7`` and ``B`` are 7e9."""
    value = number(digits)
    return None if value is None else value * _SCALE.get(unit.lower().strip(), 1.0)
