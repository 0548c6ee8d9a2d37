"""What runs in the child process: JSON in, JSON out, no network, read-only files."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path
from typing import Any

LIBRARIES = ("torch", "transformers", "tokenizers", "scikit-learn", "scipy", "numpy", "pillow")


def verify(arguments: dict[str, Any]) -> dict[str, Any]:
    """Measure every claim of a folder.

    ``arguments``: those of :func:`probe.claims.verify`, paths as text. Returns ``measurements`` and ``environment``.
    """
    from probe.claims import parse
    from probe.claims.session import Session, Settings, base
    from probe.claims.verdict import cannot

    folder = Path(arguments["folder"])
    given = {key: arguments[key] for key in ("margin", "seed", "limit", "device", "seconds") if key in arguments}
    datasets = arguments.get("datasets")
    unavailable = {name: (code, reason) for name, (code, reason) in (arguments.get("unavailable") or {}).items()}
    settings = Settings(Path(datasets) if datasets else None, **given, unavailable=unavailable)
    session, found = Session(folder, settings), parse.from_folder(folder)
    if found.claims:
        _single_threaded(arguments.get("threads"))
        measurements = [session.measure(claim) for claim in found.claims]
    else:
        judged = cannot("NO_CLAIM", "; ".join(found.problems)[:500])
        measurements = [base(None) | {"verdict": judged.verdict, "reason": judged.reason}]
    return {"measurements": measurements, "environment": _environment(session, arguments)}


def _single_threaded(threads: int | None) -> None:
    if threads:
        import torch

        torch.set_num_threads(threads)


def _environment(session: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    told = {"seed": arguments.get("seed", 0), "margin": arguments.get("margin"), "python": platform.python_version()}
    return {**told, "versions": versions, **session.facts}
