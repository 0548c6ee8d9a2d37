"""picklescan: a deny-list of pickle globals; what is neither denied nor known as harmless it calls suspicious."""

from __future__ import annotations

import importlib
from importlib.metadata import version as installed
from typing import Any


def version() -> str:
    """Raises ImportError where it is not installed."""
    importlib.import_module("picklescan.scanner")
    return installed("picklescan")


def judge(path: str) -> tuple[str, str]:
    """(verdict, detail); its own "suspicious" means on no list, which is our ``unlisted``."""
    scanner: Any = importlib.import_module("picklescan.scanner")
    result = scanner.scan_file_path(path)
    names: dict[str, list[str]] = {}
    for found in result.globals:
        names.setdefault(str(found.safety.value), []).append(f"{found.module}.{found.name}")
    if result.infected_files or names.get("dangerous"):
        return "dangerous", ", ".join(sorted(set(names.get("dangerous", []))))
    if result.scan_err:
        return "error", "the scan did not finish"
    if names.get("suspicious"):
        return "unlisted", ", ".join(sorted(set(names["suspicious"])))
    return ("clean", "") if result.scanned_files else ("skipped", "not a format that it knows")
