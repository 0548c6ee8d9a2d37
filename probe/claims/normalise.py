"""What a claim says, put into one form: metric, number, unit, rounding, dataset, split, task.

The traps here are known from cards: percent for fraction, a dozen spellings of a metric, a spread behind the number,
last zeros lost, old dataset ids. Nothing is guessed silently: what cannot be read raises :class:`Unclear` with a word
of the closed list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from probe.claims import names
from probe.claims.parse import Claim


class Unclear(ValueError):
    """A claim that cannot be tested as it stands; ``code`` is of the closed list (``CLAIM_UNPARSABLE``, ...)."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(frozen=True, slots=True)
class Written:
    """A number as printed: ``half`` is half a unit of its last digit, ``spread`` what stands behind ``±``."""

    number: float
    half: float
    spread: float = 0.0
    percent: bool = False
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: its name here, how classes are averaged (None where not said), and how similarity is measured."""

    name: str
    average: str | None = None
    similarity: str | None = None

    def __str__(self) -> str:
        """For people."""
        return " ".join(word for word in (self.average, self.similarity, self.name) if word)


@dataclass(frozen=True, slots=True)
class Stated:
    """A claimed value in the metric's own unit (fractions as fractions), with the half-unit of its rounding.

    ``percent``: it was written in percent. ``spread``: standard deviation as printed, 0 where none is.
    """

    value: float
    half: float
    spread: float = 0.0
    percent: bool = False


_NUMBER = r"[-+−]?(?:\d[\d,_'\u00a0\u202f]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_VALUE = re.compile(
    rf"\s*(?:[~≈=]|about|approx\.?|ca\.?)?\s*(?P<number>{_NUMBER})\s*(?P<percent>%|percent|pct)?"
    rf"\s*(?:\(?\s*(?:±|\+/-|\+-|\\pm)\s*(?P<spread>{_NUMBER})\s*(?P<spread_percent>%)?\s*\)?)?"
    r"\s*(?P<late>%)?\s*(?P<unit>[A-Za-z][A-Za-z0-9 /-]{0,15})?\s*$",
    re.IGNORECASE,
)
#: Words after a number that change nothing.
_UNITS = {"", "points", "point", "pts", "pp", "f1", "acc", "accuracy", "em", "wer", "cer", "bleu", "ppl", "score"}


def number(raw: str | None) -> Written:
    """Read ``raw``. Raises :class:`Unclear` where it is no finite number."""
    if raw is None or not raw.strip():
        raise Unclear("CLAIM_UNPARSABLE", "no value")
    match = _VALUE.match(raw[:200]) if len(raw) <= 200 else None
    if match is None:
        raise Unclear("CLAIM_UNPARSABLE", f"no number: {raw[:60]!r}")
    unit = (match["unit"] or "").strip().lower()
    if unit not in _UNITS:
        raise Unclear("CLAIM_UNPARSABLE", f"unit {unit!r} is not one of the metric")
    value = _decimal(match["number"])
    spread = _decimal(match["spread"]) if match["spread"] else Decimal(0)
    exponent = value.as_tuple().exponent
    half = 0.5 * 10.0 ** int(exponent) if isinstance(exponent, int) and -300 < exponent < 300 else math.inf
    if not math.isfinite(float(value)) or not math.isfinite(float(spread)) or not math.isfinite(half):
        raise Unclear("CLAIM_UNPARSABLE", "not finite")
    percent = bool(match["percent"] or match["spread_percent"] or match["late"])
    return Written(float(value), half, abs(float(spread)), percent, unit)


def _decimal(text: str) -> Decimal:
    """Digits as people group them: ``1,234.5``, ``92,3`` (a comma as the point), ``0,912``."""
    text = re.sub(r"[_'\u00a0\u202f]", "", text).replace("−", "-")
    if "," in text:
        whole, _, rest = text.partition(",")
        grouped = re.fullmatch(r"[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?([eE][-+]?\d+)?", text)
        text = text.replace(",", "") if grouped or "," in rest or "." in rest else f"{whole}.{rest}"
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Unclear("CLAIM_UNPARSABLE", f"no number: {text[:60]!r}") from error


def stated(raw: str | None, metric: Metric) -> Stated:
    """The claimed value in the metric's own unit. Raises :class:`Unclear`.

    A fraction above 1 was written in percent, as was anything with a percent sign; at or below 1 without a sign it
    is taken as a fraction (the other reading is tried as an alternative before a claim is called wrong).
    """
    written = number(raw)
    value, percent = written.number, written.percent
    if metric.name in names.FRACTIONS or metric.name in names.SIGNED:
        percent = percent or abs(value) > 1
    elif percent:
        raise Unclear("CLAIM_UNPARSABLE", f"{metric} is not measured in percent")
    scale = 100.0 if percent else 1.0
    value = value / scale
    if metric.name in names.FRACTIONS and not 0 <= value <= (10 if metric.name in names.ERRORS else 1):
        raise Unclear("CLAIM_UNPARSABLE", f"{raw} is outside of what {metric} can be")
    if metric.name in names.SIGNED and not -1 <= value <= 1:
        raise Unclear("CLAIM_UNPARSABLE", f"{raw} is outside of what {metric} can be")
    return Stated(value, written.half / scale, written.spread / scale, percent)


def metric(claim: Claim) -> Metric:
    """The metric of a claim, from its type, its name and its arguments. Raises :class:`Unclear`."""
    averages, similarities = [], []
    found = None
    for text in (claim.metric, claim.metric_name):
        words = re.findall(r"[^\W_]+", (text or "").lower())
        averages += [names.AVERAGES[word] for word in words if word in names.AVERAGES]
        similarities += [names.SIMILARITIES[word] for word in words if word in names.SIMILARITIES]
        rest = "".join(w for w in words if w not in names.AVERAGES and w not in names.SIMILARITIES)
        kept = [w for w in words if w not in names.NOISE | names.AVERAGES.keys() | names.SIMILARITIES.keys()]
        found = found or names.METRICS.get(rest) or names.METRICS.get("".join(kept))
    if found is None:
        raise Unclear("METRIC_UNKNOWN", f"metric {(claim.metric or claim.metric_name or '?')[:60]!r}")
    averages += [word for word in _said(claim.args, "average") if word in names.AVERAGES]
    return Metric(found, *(next(iter(words), None) for words in (averages, similarities)))


def _said(args: Any, key: str) -> Iterable[str]:
    """What the arguments of a metric say under a key: a mapping, a list of mappings, or a list of pairs."""
    if isinstance(args, dict):
        value = args.get(key)
        return [value.lower()] if isinstance(value, str) else []
    return [word for part in args for word in _said(part, key)] if isinstance(args, list) else []


def split(raw: str | None) -> str | None:
    """``train``, ``validation`` or ``test``; another name as it stands; None where none is said."""
    if raw is None or not raw.strip():
        return None
    plain = raw.strip().split("[")[0]
    return names.SPLITS.get(plain.lower(), plain)


def task(raw: str | None) -> str | None:
    """The hub's name of a task."""
    if raw is None:
        return None
    plain = re.sub(r"[\s_]+", "-", raw.strip().lower())
    return names.TASKS.get(plain, plain)


def datasets(raw: str | None, config: str | None = None) -> list[tuple[str, str | None]]:
    """Ids (with configuration) under which a dataset may be found: as written, renamed, in its collection."""
    if raw is None or not raw.strip():
        return []
    plain, inner = raw.strip(), config.strip() if config and config.strip() else None
    if "/" in plain and plain.split("/")[0].lower() in ("datasets", "huggingface"):
        plain = plain.split("/", 1)[1]
    found = [(plain, inner)]
    canonical = names.DATASETS.get(plain.lower())
    if canonical:
        found.append((canonical, inner))
    bare = {full: old for old, full in names.DATASETS.items()}.get(plain)
    if bare:
        found.append((bare, inner))
    for name, part in list(found):
        other = names.PARTS.get((name, None if part == "default" else part))
        if other:
            whole, _, piece = other.partition(":")
            found.append((whole, piece or None))
    return list(dict.fromkeys(found))
