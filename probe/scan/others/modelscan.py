"""modelscan: deny-lists for pickle, Keras and SavedModel, chosen by file extension."""

from __future__ import annotations

import importlib
from importlib.metadata import version as installed
from typing import Any

_VERDICTS = (("CRITICAL", "dangerous"), ("HIGH", "dangerous"), ("MEDIUM", "suspicious"), ("LOW", "suspicious"))


def version() -> str:
    """Raises ImportError where it is not installed."""
    importlib.import_module("modelscan.modelscan")
    return installed("modelscan")


def judge(path: str) -> tuple[str, str]:
    """(verdict, detail) by the worst severity of its issues."""
    scanner: Any = importlib.import_module("modelscan.modelscan")
    result = scanner.ModelScan().scan(path)
    counts = result["summary"]["total_issues_by_severity"]
    detail = "; ".join(sorted({str(issue.get("description", "")) for issue in result["issues"]}))
    for severity, verdict in _VERDICTS:
        if counts.get(severity):
            return verdict, detail
    if result["errors"]:
        return "error", "; ".join(str(error.get("description", error)) for error in result["errors"][:5])
    scanned = result["summary"]["scanned"]["total_scanned"]
    return ("clean", "") if scanned else ("skipped", "an extension that it does not know")
