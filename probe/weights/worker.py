"""The examination of weights as a child process runs it: JSON in, JSON out."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def examine(arguments: dict[str, Any]) -> dict[str, Any]:
    """``model``, ``base``, ``siblings`` (folders), ``card`` and ``device`` -> scores, findings, facts."""
    from probe.weights import examine as examined

    return examined(
        Path(arguments["model"]),
        base=Path(arguments["base"]) if arguments.get("base") else None,
        siblings=[Path(path) for path in arguments.get("siblings") or ()],
        card=arguments.get("card"),
        device=arguments.get("device"),
    ).as_json()
