"""Builds a zoo: in one process or in several, from nothing or from where an earlier run stopped."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from landing.errors import UsageError, storage
from probe.zoo.plan import Plan
from probe.zoo.training import need_torch


def build(out: Path, plan: Plan, *, seed: int = 0, jobs: int = 1, tell: Callable[[str], None] | None = None) -> Path:
    """Build ``plan`` into ``out`` and return ``out``.

    A model that lies there complete, as this plan, seed and these library versions give it, is kept; so the same call
    resumes after an interruption. ``jobs`` is the number of processes; other processes may call the same at the same
    time. ``tell`` receives a line per finished part (in a process of one's own only with one job). Raises
    :class:`OperationalError` where the probe extra is missing or the disk does not allow it, and
    :class:`UsageError` where ``out`` holds another plan's or seed's zoo.
    """
    need_torch()
    _describe(out, plan, seed)
    if jobs > 1:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(jobs, mp_context=context) as pool:
            for finished in [pool.submit(_work, out, plan, seed, number, jobs) for number in range(jobs)]:
                for line in finished.result():
                    (tell or _silent)(line)
    _run(out, plan, seed, tell or _silent)
    return out


def _run(out: Path, plan: Plan, seed: int, tell: Callable[[str], None]) -> None:
    """Walk the plan: first what nobody else is at, then wait for the rest."""
    from transformers.utils import logging

    from probe.zoo.workshop import Workshop

    barred = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        shop = Workshop(out, plan, seed, tell)
        for wait in (False, True):
            for spec in plan.models:
                shop.ensure(spec, wait=wait)
        shop.collect()
    finally:
        if barred:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _work(out: Path, plan: Plan, seed: int, number: int, jobs: int) -> list[str]:
    """One of several processes: its own share first. Returns what it would have told."""
    from transformers.utils import logging

    from probe.zoo.workshop import Workshop

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    lines: list[str] = []
    shop = Workshop(out, plan, seed, lines.append)
    for turn in range(jobs):
        for spec in plan.models[(number + turn) % jobs :: jobs]:
            shop.ensure(spec, wait=False)
    return lines


def _describe(out: Path, plan: Plan, seed: int) -> None:
    """``zoo.json``: what was asked for; refuses a folder that holds another zoo."""
    from probe.zoo.workshop import versions

    path = out / "zoo.json"
    if path.exists():
        held = json.loads(path.read_bytes())
        if (held["plan"], held["seed"]) != (plan.name, seed):
            raise UsageError(
                f"{out} holds the zoo {held['plan']!r} from seed {held['seed']}; choose another folder or remove it."
            )
    facts = {
        "plan": plan.name,
        "seed": seed,
        "sizes": asdict(plan.sizes),
        "libraries": plan.libraries,
        "versions": versions(plan),
        "tasks": [{**asdict(task), "dataset": task.dataset} for task in plan.tasks],
        "models": len(plan.models),
    }
    with storage(out, "write the zoo in"):
        out.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        part.replace(path)


def _silent(line: str) -> None:
    """Tell nobody."""
