"""One detector per file, found by listing this folder."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from probe.weights.detector import Detector


@cache
def detectors() -> dict[str, Detector]:
    """Every detector by name, in the order of the files."""
    found: dict[str, Detector] = {}
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        detector = importlib.import_module(f"{__name__}.{path.stem}").DETECTOR
        found[detector.name] = detector
    return found
