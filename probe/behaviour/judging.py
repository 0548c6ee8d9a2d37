"""A score becomes an entry of the report, and where it exceeds its threshold a finding: "needs review", no more."""

from __future__ import annotations

from collections.abc import Callable

from probe.behaviour.calibration import Threshold, thresholds
from probe.behaviour.report import BehaviourReport, NotApplicable, Spent, no_score
from probe.finding import Finding, Severity


def attempt(
    report: BehaviourReport, name: str, scan: Callable[[], tuple[float, list[str]]], scope: str | None = None
) -> None:
    """Run one scan and write its score, or the reason why there is none; a finding where it exceeds its threshold."""
    try:
        score, suspects = scan()
    except (NotApplicable, Spent) as error:
        report.scores.append(no_score(name, str(error)))
        return
    judge(report, name, score, suspects, thresholds().get(scope or name))


def judge(report: BehaviourReport, name: str, score: float, suspects: list[str], threshold: Threshold | None) -> None:
    """Compare a score with its threshold and write both down."""
    flagged = threshold is not None and score > threshold.value
    report.scores.append(
        {
            "detector": name,
            "score": score,
            "threshold": threshold.value if threshold else None,
            "fpr": threshold.fpr if threshold else None,
            "flagged": flagged,
            "suspects": suspects,
            "reason": f"calibrated on {threshold.n} models: {threshold.scope}" if threshold else "not calibrated",
        }
    )
    if threshold is not None and flagged:
        named = ", ".join(suspects[:5])
        finding = Finding(
            f"behaviour-{name}",
            Severity.SUSPICIOUS,
            f"needs review: {name} gives {score:.3g}, above the {threshold.value:.3g} that at most "
            f"{threshold.fpr:.0%} of {threshold.n} clean models exceed ({named})",
            where=suspects[0] if suspects else "",
            score=score,
            threshold=threshold.value,
            details={"suspects": suspects, "fpr": threshold.fpr, "fpr_upper95": threshold.upper},
        )
        report.findings.append(finding.facts())
