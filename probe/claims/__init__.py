"""Are the claims true: results that a card states, held against a measurement of our own.

``parse`` reads the claims, ``normalise`` says what they mean, ``datasets`` reads the data, a recipe (one file each in
``recipes``) runs the model, ``measures`` and ``estimates`` make the metric with its interval, ``verdict`` decides.
Nothing heavy is imported before a model is run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from probe.claims.fetching import fetch
from probe.claims.verdict import MARGIN, REASONS, VERDICTS, adjust

__all__ = ["MARGIN", "REASONS", "VERDICTS", "adjust", "fetch", "refused", "verify"]


def verify(
    folder: Path,
    *,
    datasets: Path | None = None,
    hub: Any = None,
    margin: float = MARGIN,
    seed: int = 0,
    limit: int | None = None,
    device: str | None = None,
    seconds: float | None = None,
) -> list[dict[str, Any]]:
    """A measurement for every claim of the checkpoint in ``folder``, in this process.

    ``datasets`` is a folder of datasets (:mod:`probe.claims.datasets`); with ``hub`` (a ``huggingface_hub.HfApi``)
    what is missing there is fetched first. ``margin``: differences that are tolerated. ``limit``: examples per split
    at most, drawn with ``seed``. ``seconds``: no claim is begun later. An untrusted checkpoint belongs into a child:
    ``probe.sandbox.call("probe.claims.worker:verify", {...})``, with :func:`fetch` called before.
    """
    from probe.claims import worker

    unavailable = fetch(folder, datasets, hub=hub) if hub is not None and datasets is not None else {}
    arguments = {
        "folder": str(folder),
        "datasets": str(datasets) if datasets else None,
        "margin": margin,
        "seed": seed,
        "limit": limit,
        "device": device,
        "seconds": seconds,
        "unavailable": unavailable,
    }
    measurements: list[dict[str, Any]] = worker.verify(arguments)["measurements"]
    return measurements


def refused(folder: Path, code: str, reason: str = "") -> list[dict[str, Any]]:
    """The measurements of a checkpoint that could not be run at all: every claim with the reason why."""
    from probe.claims import normalise, parse
    from probe.claims.session import base
    from probe.claims.verdict import cannot

    judged, measurements = cannot(code, reason), []
    for claim in parse.from_folder(folder).claims:
        told = base(claim) | {"verdict": judged.verdict, "reason": judged.reason}
        try:
            told["claimed"] = normalise.stated(claim.value_raw, normalise.metric(claim)).value
        except normalise.Unclear as unclear:
            told["reason"] = cannot(unclear.code, unclear.reason).reason
        measurements.append(told)
    if not measurements:
        none = cannot("NO_CLAIM")
        measurements.append(base(None) | {"verdict": none.verdict, "reason": none.reason})
    return measurements
