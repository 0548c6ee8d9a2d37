"""From a claim and a measurement to a verdict: pure functions, no model, no file.

**Claim.** ``c`` printed with half-unit ``h`` stands for any value in [c-h, c+h]; a printed spread ``±s`` widens it by
1.96 s. **Margin.** Differences up to ``δ`` are tolerated: 0.01 (one point) by default for metrics between 0 and 1,
the same share of the claim for others (mean squared error, perplexity).

**Bases.** What error there is between claim and re-run depends on what is known of the test set:

* ``exact``: the claim names its split and the whole of it was measured. Both numbers are about the same examples, so
  there is no sampling error; they may differ by ties that fall otherwise on another machine. ``k = max(1, ceil(2e-4
  n))`` such flips are allowed for, and more are held to be Poisson with that mean.
* ``sample``: a random part of the named split was measured: the error of that sample, with the correction for a
  finite population.
* ``unknown``: the claim does not name its split: the author's test set is taken to be another sample of the same
  size, so the error is that of a difference of two.

**Decision.** ``VERIFIED``: the difference is within rounding and flips (and, where the split is not named, so close
that chance explains it in less than one case of 20; a part of a split verifies nothing). ``WITHIN_TOLERANCE``: two
one-sided tests (Schuirmann 1987) at 5 %: the 90 % interval of the difference lies inside ±(δ+h). ``DISCREPANT``: p <
0.05 of the hypothesis that the difference is at most δ+h, which is: the 95 % interval lies outside. Else
``UNDECIDED``, with the smallest difference beyond the margin that this many examples show with a power of 80 %:
(1.96+0.84) standard errors.
``LOW`` is a re-run worse than claimed, whichever way the metric runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from probe.claims import names
from probe.claims.estimates import FEWEST, Estimate
from probe.claims.normalise import Metric, Stated

Basis = Literal["exact", "sample", "unknown"]

VERDICTS = (
    "VERIFIED",
    "WITHIN_TOLERANCE",
    "UNDECIDED",
    "DISCREPANT_LOW",
    "DISCREPANT_HIGH",
    "PROTOCOL_MISMATCH",
    "CANNOT_VERIFY",
)
#: Why a claim cannot be verified.
REASONS = (
    "NO_CLAIM",
    "CLAIM_UNPARSABLE",
    "NO_DATASET",
    "GATED_OR_PRIVATE",
    "SPLIT_UNKNOWN",
    "METRIC_UNKNOWN",
    "UNSAFE_FILE",
    "REMOTE_CODE_REQUIRED",
    "ARCH_UNSUPPORTED",
    "LOAD_ERROR",
    "TOO_LARGE",
    "TIMEOUT",
    "BUDGET",
    "NONDETERMINISTIC",
)
#: What a mismatch of protocol can be about, in the order in which it is believed.
PROTOCOLS = ("unit", "split", "averaging", "label permutation", "columns", "preprocessing")

MARGIN = 0.01
ALPHA = 0.05
FLIP_RATE = 2e-4
#: A protocol that fits must fit to the digits printed; this much of the margin is left to flips.
NEAR = 0.1

_Z95, _Z80 = 1.959963984540054, 0.8416212335729143


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, why, the detectable gap beyond the margin, and the p-value of "no more apart than the margin"."""

    verdict: str
    reason: str = ""
    gap: float | None = None
    p_value: float | None = None
    protocol: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A measurement and the protocol it was made under. ``kind`` is of :data:`PROTOCOLS` for an alternative."""

    estimate: Estimate
    protocol: str
    kind: str = ""
    stated: Stated | None = None


def cannot(code: str, reason: str = "") -> Judgement:
    """``CANNOT_VERIFY`` with a reason of the closed list."""
    if code not in REASONS:
        code, reason = "LOAD_ERROR", f"{code}: {reason}"
    return Judgement("CANNOT_VERIFY", f"{code}: {reason}" if reason else code)


def flips(n: int) -> int:
    """How many of ``n`` decisions may fall otherwise on another machine."""
    return max(1, math.ceil(FLIP_RATE * n))


def tolerance(stated: Stated, metric: Metric, margin: float = MARGIN) -> float:
    """The margin in the metric's unit: absolute between 0 and 1, a share of the claim elsewhere."""
    bounded = metric.name in names.FRACTIONS or metric.name in names.SIGNED
    return margin if bounded else margin * max(abs(stated.value), 1e-12)


def judge(
    stated: Stated,
    estimate: Estimate,
    metric: Metric,
    *,
    basis: Basis = "exact",
    margin: float = MARGIN,
    total: int | None = None,
) -> Judgement:
    """The verdict on one claim from one measurement. ``total``: examples in the split of which a part was measured.

    Raises ValueError for a claim or measurement that is not finite: those never reach a verdict.
    """
    if not all(math.isfinite(v) for v in (stated.value, stated.half, stated.spread, estimate.point)):
        raise ValueError("a claim and its measurement are finite numbers")
    half, delta = stated.half + _Z95 * stated.spread, tolerance(stated, metric, margin)
    apart = abs(estimate.point - stated.value)
    beyond = apart - half
    fuzz = 1e-12 + 1e-9 * max(abs(stated.value), abs(estimate.point))
    above = estimate.point > stated.value
    if basis == "exact":
        allowed = flips(estimate.n) * estimate.flip
        close = beyond <= min(allowed, delta) + fuzz
        equal = beyond + allowed <= delta + fuzz
        p_value = _flip_chance((beyond - delta - fuzz) / estimate.flip, flips(estimate.n))
        gap = _flips_shown(flips(estimate.n)) * estimate.flip
    else:
        # The error on the side of the claim decides.
        side = _errors(estimate, basis, total)[0 if above else 1]
        near = min(estimate.flip, delta * NEAR)
        # How often two samples would agree so closely by chance.
        width = max(half, estimate.flip / 2) + max(beyond, 0.0)
        chance = math.erf(width / side / math.sqrt(2)) if side > 0 else 1.0
        close = basis == "unknown" and beyond <= near + fuzz and chance < ALPHA
        equal = _tost(stated, estimate, half + delta, basis, total)
        p_value = _normal_p((beyond - delta - fuzz) / side) if side > 0 else (1.0 if beyond <= delta else 0.0)
        gap = (_Z95 + _Z80) * sum(_errors(estimate, basis, total)) / 2
    if not estimate.counted and estimate.n < FEWEST:
        p_value, equal = 1.0, False
    verdict = "VERIFIED" if close else "WITHIN_TOLERANCE" if equal else "UNDECIDED"
    if p_value < ALPHA and not close and not equal:
        verdict = "DISCREPANT_LOW" if above == (metric.name in names.ERRORS) else "DISCREPANT_HIGH"
    return Judgement(verdict, _why(verdict, stated, estimate, delta, half, gap), gap, p_value)


def decide(
    stated: Stated,
    readings: list[Reading],
    alternatives: Iterable[Reading],
    metric: Metric,
    *,
    basis: Basis = "exact",
    margin: float = MARGIN,
    total: int | None = None,
    hints: Iterable[Reading] = (),
) -> tuple[Judgement, Reading]:
    """The verdict from every standard reading of the claim, then from the protocols that it does not state.

    ``readings`` are measurements under what the claim says; there are several where it leaves something open (which
    split, how classes are averaged): the mildest verdict stands, and the protocol says which it was.
    ``alternatives`` contradict what the claim says (another split, swapped labels, ...); they are asked for only when
    the claim does not hold, and one that fits to the printed digits makes it a ``PROTOCOL_MISMATCH``, named.
    ``hints`` are those of them that cost nothing: one that fits better than the claim's own protocol is mentioned
    where the claim is within the margin.
    """
    judged = [(judge(stated, r.estimate, metric, basis=basis, margin=margin, total=total), r) for r in readings]
    best, reading = min(judged, key=lambda pair: (_severity(pair[0]), abs(pair[1].estimate.point - stated.value)))
    if best.verdict == "VERIFIED":
        return replace(best, protocol=reading.protocol), reading
    within = best.verdict == "WITHIN_TOLERANCE"
    fitting, tried = [], 0
    for other in hints if within else alternatives:
        same = other.stated is None and abs(other.estimate.point - reading.estimate.point) < 1e-12
        if same or not math.isfinite(other.estimate.point):
            # What gives the same value explains nothing.
            continue
        tried += 1
        if _fits(other.stated or stated, other.estimate, reading.estimate, metric, basis, margin):
            fitting.append(other)
    if within:
        named = "; ".join(f"it fits {other.kind}: {other.protocol} to the digits printed" for other in fitting[:1])
        return replace(best, reason="; ".join(filter(None, (best.reason, named))), protocol=reading.protocol), reading
    if not fitting:
        said = f"{best.reason}; none of {tried} other protocols explains it" if tried else best.reason
        return replace(best, reason=said, protocol=reading.protocol), reading
    other = min(fitting, key=lambda r: (PROTOCOLS.index(r.kind), abs(r.estimate.point - stated.value)))
    reason = f"{other.kind}: the claim fits {other.protocol} ({other.estimate.point:.6g}), not {reading.protocol}"
    reason += f" ({reading.estimate.point:.6g}); {len(fitting)} of {tried} other protocols fit"
    return Judgement("PROTOCOL_MISMATCH", reason, best.gap, best.p_value, f"{other.kind}: {other.protocol}"), reading


def adjust(results: list[dict[str, Any]], alpha: float = ALPHA) -> list[dict[str, Any]]:
    """Benjamini and Hochberg (JRSS B 1995) over a run: a discrepancy that does not hold among all tests is undecided.

    ``results`` are measurements with ``verdict`` and ``p_value``; new ones come back, with ``q_value`` and, where it
    changed, the ``verdict_alone``.
    """
    from scipy.stats import false_discovery_control

    tested = [i for i, r in enumerate(results) if r.get("p_value") is not None and math.isfinite(r["p_value"])]
    values = false_discovery_control([results[i]["p_value"] for i in tested]) if tested else []
    adjusted = [{**result, "q_value": None} for result in results]
    for index, q in zip(tested, values, strict=True):
        result = adjusted[index]
        result["q_value"] = float(q)
        if str(result["verdict"]).startswith("DISCREPANT") and q > alpha:
            result |= {"verdict_alone": result["verdict"], "verdict": "UNDECIDED"}
            alone = result.get("reason") or ""
            result["reason"] = f"does not hold among {len(tested)} tests (q = {q:.3f}); alone: {alone}"
    return adjusted


def _severity(judgement: Judgement) -> int:
    return VERDICTS.index(judgement.verdict)


def _errors(estimate: Estimate, basis: Basis, total: int | None) -> tuple[float, float]:
    """Standard errors of the difference, below and above the point, from the 95 % interval.

    Two samples: the sides are added in quadrature (MOVER: Zou and Donner, Statistics in Medicine 2008).
    """
    below, above = (estimate.point - estimate.low) / _Z95, (estimate.high - estimate.point) / _Z95
    if basis == "unknown":
        return (math.hypot(below, above),) * 2
    factor = _finite(estimate.n, total)
    return below * factor, above * factor


def _finite(n: int, total: int | None) -> float:
    """Correction for a sample of ``n`` without replacement from ``total`` (Cochran, Sampling Techniques, 2.6)."""
    return math.sqrt((total - n) / (total - 1)) if total is not None and total > 1 and n <= total else 1.0


def _tost(stated: Stated, estimate: Estimate, allowed: float, basis: Basis, total: int | None) -> bool:
    """Whether the 90 % interval of the difference lies inside ±``allowed``.

    The longer side of the interval counts on both, so that a claim nearer to the point is never judged harder.
    """
    below, above = estimate.point - estimate.low90, estimate.high90 - estimate.point
    reach = math.hypot(below, above) if basis == "unknown" else max(below, above) * _finite(estimate.n, total)
    return abs(estimate.point - stated.value) + reach < allowed


def _fits(stated: Stated, estimate: Estimate, primary: Estimate, metric: Metric, basis: Basis, margin: float) -> bool:
    """Whether a measurement under another protocol explains the claim.

    Over a whole split it must meet the printed digits; over a part of one it must not be rejected, and leave at most
    a quarter of the gap.
    """
    if basis == "sample":
        judged = judge(stated, estimate, metric, basis=basis, margin=margin).verdict
        nearer = abs(estimate.point - stated.value) <= abs(primary.point - stated.value) / 4
        return nearer and not judged.startswith("DISCREPANT")
    near = min(flips(estimate.n) * estimate.flip, NEAR * tolerance(stated, metric, margin))
    return abs(estimate.point - stated.value) <= stated.half + _Z95 * stated.spread + near + 1e-12


def _normal_p(z: float) -> float:
    return min(1.0, math.erfc(z / math.sqrt(2)))


def _flip_chance(needed: float, mean: int) -> float:
    """The chance of at least so many flips, where ``mean`` are expected."""
    from scipy.special import pdtrc

    count = math.ceil(needed - 1e-9) if math.isfinite(needed) else needed
    return 1.0 if count <= 0 else float(pdtrc(count - 1, mean))


@lru_cache(maxsize=256)
def _flips_shown(mean: int) -> int:
    """The fewest flips that are too many to be chance."""
    count = mean
    while _flip_chance(count, mean) >= ALPHA:
        count += 1
    return count


def _why(verdict: str, stated: Stated, estimate: Estimate, delta: float, half: float, gap: float) -> str:
    apart = estimate.point - stated.value
    told = f"measured {estimate.point:.6g} over {estimate.n} examples, {apart:+.4g} from the claim"
    if verdict == "VERIFIED":
        return f"{told}: within its rounding (±{half:.2g}) and what ties can change"
    if verdict == "WITHIN_TOLERANCE":
        return f"{told}: within the margin of {delta:.3g}"
    if verdict == "UNDECIDED":
        return f"{told}: so many examples show a difference from {delta + half + gap:.3g} on"
    return f"{told}: more than rounding (±{half:.2g}) and the margin of {delta:.3g} explain"
