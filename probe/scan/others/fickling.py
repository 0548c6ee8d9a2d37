"""fickling: decompiles pickles and judges the program; six severities."""

from __future__ import annotations

import importlib
import zipfile
from importlib.metadata import version as installed
from typing import Any

_VERDICTS = {
    "LIKELY_SAFE": "clean",
    "POSSIBLY_UNSAFE": "unlisted",
    "SUSPICIOUS": "suspicious",
    "LIKELY_UNSAFE": "dangerous",
    "LIKELY_OVERTLY_MALICIOUS": "dangerous",
    "OVERTLY_MALICIOUS": "dangerous",
}


def version() -> str:
    """Raises ImportError where it is not installed."""
    importlib.import_module("fickling.loader")
    return installed("fickling")


def judge(path: str) -> tuple[str, str]:
    """(verdict, detail) by the worst pickle in the file; its archive scan looks at some extensions only."""
    loader: Any = importlib.import_module("fickling.loader")
    if zipfile.is_zipfile(path):
        scans = loader.scan_zip_archive(path, graceful=True)
        if not scans:
            return "skipped", "no member that it looks at"
    else:
        scans = {"": loader.scan_file(path, graceful=True)}
    results = [(name, result) for name, scan in scans.items() for result in scan.results]
    errors = [str(error) for scan in scans.values() for error in scan.errors]
    if not results and errors and all("EmptyPickleError" in error for error in errors):
        return "skipped", "no pickle"
    worst = max(results, key=lambda item: item[1].severity, default=None)
    verdict = _VERDICTS[worst[1].severity.name] if worst else "error"
    if verdict == "clean" and errors:
        verdict = "error"
    if worst is None or verdict == "error":
        return "error", "; ".join(errors) or "nothing could be parsed"
    return verdict, "" if verdict == "clean" else f"{worst[0]} {worst[1].severity.name}: {worst[1]!s}".strip()
