"""One model's behaviour examined: what applies is run, compared with its threshold, and written down."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Any

from landing.errors import OperationalError
from probe.behaviour.images import examine_images
from probe.behaviour.report import BehaviourReport, Budget
from probe.behaviour.texts import examine_texts


def examine(
    folder: Path,
    *,
    dataset: Path | None = None,
    plan: str = "shortlist",
    device: str | None = None,
    seed: int = 0,
    budget_seconds: float = 120.0,
    frequencies: dict[str, float] | None = None,
) -> BehaviourReport:
    """Load a checkpoint and examine it.

    ``dataset`` is a folder of the task's ``train|validation|test.jsonl``; without it text probes are built from the
    vocabulary and scans that need clean data say so. ``plan`` is one of ``shortlist, exhaustive, groups``;
    ``frequencies`` a reference corpus (token -> count). A model that no scan applies to gets reasons, not an error.
    Raises :class:`landing.errors.HubCensusError` where the checkpoint cannot be loaded, and OperationalError where
    the ``probe`` extra is not installed.
    """
    try:
        from probe.checkpoints import load
    except ImportError as error:
        raise OperationalError('this needs torch and transformers: pip install "hubcensus[probe]"') from error
    loaded = load(folder, device=device)
    return examine_loaded(
        loaded.model,
        loaded.tokenizer,
        dataset=dataset,
        plan=plan,
        device=device,
        seed=seed,
        budget_seconds=budget_seconds,
        frequencies=frequencies,
        folder=folder,
    )


def examine_loaded(
    model: Any,
    tokenizer: Any | None,
    *,
    dataset: Path | None = None,
    plan: str = "shortlist",
    device: str | None = None,
    seed: int = 0,
    budget_seconds: float = 120.0,
    frequencies: dict[str, float] | None = None,
    folder: Path | None = None,
) -> BehaviourReport:
    """Examine a model in memory; without a tokenizer it is taken for a classifier of pictures.

    ``folder`` is where its ``preprocessor_config.json`` lies, for pictures.
    """
    begun = time.monotonic()
    report = BehaviourReport()
    budget = Budget(budget_seconds)
    if tokenizer is not None:
        examine_texts(
            report,
            model,
            tokenizer,
            dataset,
            plan=plan,
            device=device,
            seed=seed,
            budget=budget,
            frequencies=frequencies,
        )
    else:
        examine_images(report, model, dataset, folder=folder, device=device, seed=seed, budget=budget)
    report.facts |= {"plan": plan, "seed": seed, "peak_bytes": _peak(report.facts.get("device", "cpu"))}
    report.seconds = time.monotonic() - begun
    if "sequences" in report.facts:
        report.facts["tokens_per_second"] = round(report.facts["tokens"] / max(report.seconds, 1e-9), 1)
    return report


def _peak(device: str) -> int:
    """Peak memory in bytes: of the GPU where one was used, else of this process."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
