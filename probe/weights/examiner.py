"""One model's weights through every detector, scores against their calibration, one combined verdict."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from probe.finding import Finding, Rule, Severity
from probe.weights import calibration as calibrations
from probe.weights.calibration import RATES, Calibration
from probe.weights.detector import Detector, Reading
from probe.weights.detectors import detectors
from probe.weights.formats import Unreadable
from probe.weights.report import WeightsReport
from probe.weights.subject import Options, Side, Subject

UNREADABLE = Rule("weights-unreadable", Severity.ERROR, "The weights cannot be read")
NOT_THERE = Rule("weights-reference-unreadable", Severity.NOTE, "The base or a sibling cannot be read")
COMBINED = Rule(
    "weights-poisoning-signature",
    Severity.SUSPICIOUS,
    "The weights look like a poisoned model's: needs review",
    "The smallest p-value of the detectors that apply, corrected for their number, is below the calibrated rate.",
)


def examine(
    model: Path,
    *,
    base: Path | None = None,
    siblings: Sequence[Path] = (),
    card: Mapping[str, Any] | None = None,
    calibration: Calibration | None = None,
    device: str | None = None,
    frequency: Mapping[str, float] | None = None,
    only: Sequence[str] | None = None,
    options: Options | None = None,
) -> WeightsReport:
    """Examine the checkpoint in folder (or file) ``model``. Nothing of it is executed, no model is built.

    ``base``: the declared base; ``siblings``: other fine-tunes of it (four or more serve instead of the base);
    ``card``: ``model_id``, ``base_model_relation``, ``safetensors`` as the hub has them; ``calibration``: thresholds,
    the shipped ones where None; ``device``: where matrix products run (numpy where None); ``frequency``: counts of
    tokens in place of the vocabulary's order; ``only``: names of detectors, all where None. An unreadable model is a
    report with one finding; raises only :class:`landing.errors.UsageError`, for an unusable device.
    """
    begun = time.perf_counter()
    report = WeightsReport()
    try:
        side = Side(model, frequency)
    except Unreadable as error:
        report.findings.append(_finding(UNREADABLE, str(error), code=error.code))
        report.seconds = time.perf_counter() - begun
        return report
    origin = _open(base, report) if base is not None else None
    cohort = [opened for path in siblings if (opened := _open(path, report)) is not None]
    chosen = options or Options()
    subject = Subject(side, origin, cohort, card or {}, replace(chosen, device=device) if device else chosen)
    thresholds = calibration or calibrations.shipped()
    p_values: dict[str, float] = {}
    suspects: dict[str, list[str]] = {}
    for detector in detectors().values():
        if only is None or detector.name in only:
            started = time.perf_counter()
            reading = _read(detector, subject)
            report.facts |= reading.facts
            report.facts.setdefault("seconds", {})[detector.name] = round(time.perf_counter() - started, 4)
            report.findings += reading.findings
            _judge(detector, reading, thresholds, report, p_values)
            suspects[detector.name] = reading.suspects
    _conclude(report, thresholds, p_values, suspects)
    report.read_bytes = sum(one.checkpoint.read_bytes for one in (side, origin, *cohort) if one is not None)
    report.seconds = time.perf_counter() - begun
    return report


def _read(detector: Detector, subject: Subject) -> Reading:
    """What the detector says; tensors that cannot be read, or numbers that no algorithm takes, are its reason."""
    try:
        with np.errstate(all="ignore"):
            return detector.read(subject)
    except Unreadable as error:
        return Reading(reason=str(error))
    except (np.linalg.LinAlgError, MemoryError) as error:
        return Reading(reason=f"could not be worked out: {type(error).__name__}")


def _open(path: Path, report: WeightsReport) -> Side | None:
    try:
        return Side(path)
    except Unreadable as error:
        report.findings.append(_finding(NOT_THERE, str(error), path.name))
        return None


def _finding(rule: Rule, message: str, where: str = "", **details: Any) -> Finding:
    return Finding(rule.id, rule.severity, message, where, details=details)


def _judge(
    detector: Detector, reading: Reading, thresholds: Calibration, report: WeightsReport, p_values: dict[str, float]
) -> None:
    null = thresholds.nulls.get(reading.null or detector.name)
    entry: dict[str, Any] = {
        "detector": detector.name, "score": reading.score, "threshold": None, "fpr": None, "flagged": False,
        "suspects": reading.suspects, "reason": reading.reason,
    }  # fmt: skip
    report.scores.append(entry)
    if reading.score is None or detector.flag is None:
        return
    if null is None:
        entry["reason"] = reading.reason or "no threshold was calibrated for this detector"
        return
    rate = RATES[0]
    threshold, extrapolated = null.threshold(rate)
    p_value = p_values[detector.name] = null.p_value(reading.score)
    flagged = reading.score > threshold
    entry |= {"threshold": threshold, "fpr": rate, "flagged": flagged, "p_value": p_value}
    if flagged:
        rule = detector.rules[detector.flag]
        named = f": {', '.join(reading.suspects[:5])}" if reading.suspects else ""
        told = f"{rule.title}{named}."
        details = {"suspects": reading.suspects, "p_value": p_value, "fpr": rate, "extrapolated": extrapolated}
        report.findings.append(Finding(rule.id, rule.severity, told, "", reading.score, threshold, details))


def _conclude(
    report: WeightsReport, thresholds: Calibration, p_values: dict[str, float], suspects: dict[str, list[str]]
) -> None:
    """The combined verdict: Bonferroni over the detectors that gave a p-value."""
    score = calibrations.combine(p_values)
    entry: dict[str, Any] = {
        "detector": "combined", "score": score, "threshold": None, "fpr": None, "flagged": False, "suspects": [],
        "reason": "" if p_values else "no calibrated detector applies",
    }  # fmt: skip
    report.scores.append(entry)
    if score is None:
        return
    best = min(p_values, key=lambda name: p_values[name])
    rate = RATES[0]
    threshold = 2.0  # -log10 of the rate
    entry |= {"threshold": threshold, "fpr": rate, "flagged": score > threshold, "suspects": suspects[best]}
    if entry["flagged"]:
        named = f" Look at {', '.join(suspects[best][:5])}." if suspects[best] else ""
        told = f"{COMBINED.title} ({best}, {len(p_values)} detectors).{named}"
        details = {"p_values": p_values, "suspects": suspects[best], "fpr": rate}
        report.findings.append(Finding(COMBINED.id, COMBINED.severity, told, "", score, threshold, details))
