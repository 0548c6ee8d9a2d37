"""The probe on one's own files: no census is needed, nothing lands."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hubcensus.output import print_json, say, table
from landing.errors import UsageError, storage

if TYPE_CHECKING:
    from hubcensus.cli import Context
    from probe.finding import FileReport

_VERDICTS = ("clean", "unlisted", "error", "suspicious", "dangerous")
_SHOWN = 40


def scan(
    context: Context,
    paths: Sequence[Path],
    *,
    sarif: Path | None,
    fail_on: str,
    others: bool,
    processes: int,
    seconds: float,
) -> int:
    """Scan files and folders; the exit code is that of the contract."""
    from probe.finding import Severity
    from probe.scan import scan as scanned
    from probe.scan.detector import Budget

    if absent := [str(path) for path in paths if not path.exists()]:
        raise UsageError(f"There is no {absent[0]}; name files or folders that exist.")
    reports: list[FileReport] = []
    for report in scanned(paths, budget=Budget(seconds=seconds), processes=processes):
        reports.append(report)
        if not context.json and report.verdict not in ("clean", "unlisted"):
            _tell(report)
    beside = _others(paths, seconds) if others else []
    if sarif is not None:
        _write_sarif(sarif, reports)
    counts = Counter(report.verdict for report in reports)
    summary: dict[str, Any] = {"files": len(reports), **{verdict: counts[verdict] for verdict in _VERDICTS}}
    if context.json:
        document = {"files": [report.facts() for report in reports], "summary": summary}
        print_json(document | ({"others": beside} if others else {}))
    else:
        _tell_counts(reports, summary, beside)
    worst = {verdict for verdict, count in counts.items() if count}
    failing = {
        name
        for name in ("unlisted", "suspicious", "dangerous")
        if Severity[name.upper()] >= Severity[fail_on.upper()]
    }
    return 1 if worst & failing else 2 if "error" in worst else 0


def _tell(report: FileReport) -> None:
    say(f"{report.verdict}: {report.path}")
    for finding in sorted(report.findings, key=lambda found: -found.severity)[:5]:
        say(f"  {finding.rule}: {finding.message} ({finding.where})")


def _tell_counts(reports: Iterable[FileReport], summary: dict[str, Any], beside: list[dict[str, Any]]) -> None:
    unlisted = [report for report in reports if report.verdict == "unlisted"]
    for report in unlisted[:_SHOWN]:
        names = ", ".join(
            dict.fromkeys(found.message for found in report.findings if found.severity.word == "unlisted")
        )
        say(f"unlisted: {report.path}: {names[:200]}")
    if beside:
        table(
            ["path", "tool", "version", "verdict", "detail"],
            [
                [row["path"], row["tool"], row["version"], row["verdict"], str(row["detail"] or "")[:80]]
                for row in beside
            ],
        )
    counted = ", ".join(f"{summary[verdict]:,} {verdict}" for verdict in _VERDICTS if summary[verdict])
    say(f"{summary['files']:,} files: {counted or 'nothing to look at'}.")


def _others(paths: Sequence[Path], seconds: float) -> list[dict[str, Any]]:
    from probe.scan.others import compare

    return list(compare(paths, seconds=seconds))


def _write_sarif(path: Path, reports: Iterable[FileReport]) -> None:
    from probe.scan.engine import rules
    from probe.scan.sarif import sarif

    with storage(path, "write"):
        path.write_text(json.dumps(sarif(reports, rules()), indent=2) + "\n", encoding="utf-8")


def weights(context: Context, model: Path, base: Path | None, siblings: Sequence[Path], **options: Any) -> int:
    """Examine one folder of weights."""
    from probe.stages import Options, Subject
    from probe.stages.weights import examine

    others = tuple(path.resolve() for path in siblings)
    subject = Subject("local", model.name, None, model.resolve(), base=base and base.resolve(), siblings=others)
    return _answer(context, examine(subject, Options(**options)))


def examined(context: Context, stage: str, model: Path, **options: Any) -> int:
    """Verify the claims of one folder, or look for triggers in it."""
    from importlib import import_module

    from hubcensus.probing import stages
    from probe.stages import Options, Subject

    stages.require(stage)
    subject = Subject("local", model.name, None, model.resolve())
    return _answer(context, import_module(f"probe.stages.{stage}").examine(subject, Options(**options)))


def _answer(context: Context, done: Any) -> int:
    """Print one examination; 1 where something needs review, 2 where nothing could be said."""
    facts = json.loads(done.body())
    if context.json:
        print_json(facts)
    else:
        _show(facts)
    review = [found for found in facts["findings"] if found["severity"] in ("suspicious", "dangerous")]
    wrong = [row for row in facts["measurements"] if row["verdict"].startswith("DISCREPANT")]
    if done.state != "done":
        say(f"{done.state}: {done.code or ''} {done.reason}".replace("  ", " "))
    return 1 if review or wrong else 2 if done.state != "done" else 0


def _show(facts: dict[str, Any]) -> None:
    if facts["scores"]:
        columns = ["detector", "score", "threshold", "needs review", "suspects", "reason"]
        rows = [
            [
                row["detector"],
                row.get("score"),
                row.get("threshold"),
                row.get("flagged"),
                ", ".join(row.get("suspects") or [])[:60],
                row.get("reason") or "",
            ]
            for row in facts["scores"]
        ]
        table(columns, rows)
    if facts["measurements"]:
        columns = ["dataset", "split", "metric", "claimed", "measured", "from", "to", "n", "verdict", "reason"]
        keys = ["dataset", "split", "metric", "value_raw", "measured", "ci_low", "ci_high", "n", "verdict", "reason"]
        table(columns, [[row.get(key) for key in keys] for row in facts["measurements"]])
    for found in facts["findings"]:
        say(f"{found['severity']}: {found['rule']}: {found['message']}")
