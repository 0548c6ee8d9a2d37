"""The door for a child process: JSON in, JSON out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from probe.behaviour.examine import examine as _examine


def examine(arguments: dict[str, Any]) -> dict[str, Any]:
    """:func:`probe.behaviour.examine.examine` with its arguments as JSON; the report as JSON.

    ``folder`` is required; ``dataset, plan, device, seed, budget_seconds, frequencies`` are optional.
    """
    words = {"plan", "device", "seed", "budget_seconds", "frequencies"}
    options = {word: arguments[word] for word in words if arguments.get(word) is not None}
    dataset = Path(arguments["dataset"]) if arguments.get("dataset") else None
    return _examine(Path(arguments["folder"]), dataset=dataset, **options).as_dict()
