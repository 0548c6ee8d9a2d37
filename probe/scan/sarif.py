"""Findings as SARIF 2.1.0, the format that code-scanning services and editors read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath, PureWindowsPath
from typing import Any
from urllib.parse import quote

from probe.finding import FileReport, Finding, Rule, Severity

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_URI = "https://github.com/hubcensus/hubcensus"
_LEVELS = {
    Severity.NOTE: "note",
    Severity.UNLISTED: "note",
    Severity.ERROR: "warning",
    Severity.SUSPICIOUS: "warning",
    Severity.DANGEROUS: "error",
}
# Code-scanning services sort by this number (0 to 10).
_SCORES = {
    Severity.NOTE: "0.0",
    Severity.UNLISTED: "2.0",
    Severity.ERROR: "4.0",
    Severity.SUSPICIOUS: "6.5",
    Severity.DANGEROUS: "9.5",
}
_MAX_TEXT = 2000


def sarif(reports: Iterable[FileReport], rules: Mapping[str, Rule]) -> dict[str, Any]:
    """One SARIF log with one run: a rule per rule id that is listed or found, an artifact per file (with its
    SHA-256), a result per finding with its place inside the file and a fingerprint that outlives a new path.

    Files that could not be judged are also notifications of the run. Notes are results of kind ``informational``.
    """
    reports = list(reports)
    found = {finding.rule: finding.severity for report in reports for finding in report.findings}
    listed = dict(rules) | {id: Rule(id, level, id) for id, level in found.items() if id not in rules}
    order = {id: index for index, id in enumerate(sorted(listed))}
    results: list[dict[str, Any]] = []
    notifications: list[dict[str, Any]] = []
    for index, report in enumerate(reports):
        seen: dict[str, int] = {}
        for finding in report.findings:
            fingerprint = _fingerprint(report, finding)
            seen[fingerprint] = seen.get(fingerprint, 0) + 1
            results.append(_result(report, index, finding, order, f"{fingerprint}:{seen[fingerprint]}"))
            if finding.severity is Severity.ERROR:
                notifications.append(_notification(report, index, finding))
    invocation: dict[str, Any] = {"executionSuccessful": True}
    if notifications:
        invocation["toolExecutionNotifications"] = notifications
    run = {
        "tool": {"driver": _driver([listed[id] for id in order])},
        "invocations": [invocation],
        "artifacts": [_artifact(report) for report in reports],
        "results": results,
        "columnKind": "unicodeCodePoints",
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _driver(rules: list[Rule]) -> dict[str, Any]:
    try:
        number = version("hubcensus")
    except PackageNotFoundError:
        number = "0"
    return {
        "name": "hubcensus probe scan",
        "version": number,
        "informationUri": _URI,
        "rules": [_rule(rule) for rule in rules],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.id.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.help or rule.title},
        "help": {"text": rule.help or rule.title},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "severity": rule.severity.word,
            "security-severity": _SCORES[rule.severity],
            "tags": ["security", "machine-learning"],
        },
    }
    return entry


def _artifact(report: FileReport) -> dict[str, Any]:
    entry: dict[str, Any] = {"location": {"uri": _uri(report.path)}, "length": report.size}
    if report.sha256:
        entry["hashes"] = {"sha-256": report.sha256}
    entry["properties"] = {"verdict": report.verdict, "formats": list(report.formats)}
    return entry


def _result(report: FileReport, index: int, finding: Finding, order: Mapping[str, int], mark: str) -> dict[str, Any]:
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": _uri(report.path), "index": index}}}
    if finding.where:
        location["logicalLocations"] = [{"fullyQualifiedName": _clip(finding.where), "kind": "member"}]
    level = _LEVELS[finding.severity]
    entry: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": order[finding.rule],
        "kind": "fail",
        "level": level,
        "message": {"text": _clip(finding.message) or finding.rule},
        "locations": [location],
        "partialFingerprints": {"hubcensus/v1": mark},
        "properties": {"severity": finding.severity.word},
    }
    if finding.severity is Severity.NOTE:
        # SARIF asks for the level "none" wherever the kind is not "fail".
        entry |= {"kind": "informational", "level": "none"}
    if finding.score is not None:
        entry["properties"] |= {"score": finding.score, "threshold": finding.threshold}
    if finding.details:
        entry["properties"]["details"] = finding.details
    return entry


def _notification(report: FileReport, index: int, finding: Finding) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": {"uri": _uri(report.path), "index": index}}}
    return {"level": "warning", "message": {"text": _clip(finding.message) or finding.rule}, "locations": [place]}


def _fingerprint(report: FileReport, finding: Finding) -> str:
    """The same bytes with the same finding in the same place, whatever the file is called."""
    inside = finding.where.removeprefix(report.path)
    parts = (finding.rule, report.sha256 or report.path, inside, finding.message)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _uri(path: str) -> str:
    """A path as a URI: relative ones stay relative, absolute ones become ``file:``, odd characters are escaped."""
    windows = "\\" in path and PureWindowsPath(path).drive != ""
    pure: PurePath = PureWindowsPath(path) if windows else PurePath(path)
    text = pure.as_posix() if windows else path
    escaped = quote(text.encode("utf-8", "surrogateescape"), safe="/!$&'()*+,;=@~:" if windows else "/!$&'()*+,;=@~")
    return f"file://{'/' if windows else ''}{escaped}" if pure.is_absolute() else escaped


def _clip(text: str) -> str:
    """Text that any JSON writer takes, of bounded length."""
    return text[:_MAX_TEXT].encode("utf-8", "replace").decode("utf-8")
