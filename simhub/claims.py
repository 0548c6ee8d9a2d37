"""Evaluation and carbon claims as authors write them: numbers, strings, percentages, nonsense."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from simhub.vocab import EVAL_SETS, METRICS, TASK_NAMES

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def as_number(value: object) -> float | None:
    """A claimed value as a number: the first number written in it, None where there is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    found = _NUMBER.match(str(value).strip())
    return float(found.group()) if found else None


def _value(task: str | None, rng: Random) -> float | int | str:
    if task == "reinforcement-learning":
        return f"{rng.uniform(-300, 300):.2f} +/- {rng.uniform(0, 60):.2f}"
    score = rng.random()
    kind = rng.random()
    if kind < 0.06:
        return f"{score * 100:.1f}%"
    if kind < 0.08:
        return "n/a"
    if kind < 0.12:
        return round(score * 100)
    return round(score * (100 if kind < 0.3 else 1), 4)


def _metric(kind: str, name: str, task: str | None, rng: Random) -> dict[str, Any]:
    metric: dict[str, Any] = {"type": kind, "value": _value(task, rng), "name": name}
    if task == "reinforcement-learning" or rng.random() < 0.2:
        metric["verified"] = rng.random() < 0.1
    if rng.random() < 0.05:
        metric["args"] = {"average": "macro"}
    return metric


def _dataset(task: str | None, words: list[str], rng: Random) -> dict[str, Any]:
    if task == "reinforcement-learning":
        game = words[0] if words else "unknown"
        return {"name": game, "type": game}
    name, kind, config, split = rng.choice(EVAL_SETS)
    dataset: dict[str, Any] = {"name": name, "type": kind}
    if config and rng.random() < 0.7:
        dataset["config"] = config
    if split and rng.random() < 0.7:
        dataset["split"] = split
    if rng.random() < 0.3:
        dataset["args"] = config or "default"
    return dataset


def results(task: str | None, words: list[str], rng: Random) -> list[dict[str, Any]]:
    """The `results` of a model-index: one to three datasets, each with the task's metrics."""
    found = []
    for _ in range(1 if task == "reinforcement-learning" else rng.choice((1, 1, 1, 2, 3))):
        about = {"type": task or "text-classification"}
        if (name := TASK_NAMES.get(about["type"])) is not None:
            about["name"] = name
        pairs = METRICS.get(about["type"], (("accuracy", "Accuracy"),))
        metrics = [_metric(kind, label, task, rng) for kind, label in pairs]
        found.append({"task": about, "dataset": _dataset(task, words, rng), "metrics": metrics})
    return found


def carbon(rng: Random) -> Any:
    """`co2_eq_emissions`: a bare number of grams, or the documented mapping."""
    grams = round(10 ** rng.uniform(-2, 5), 4)
    if rng.random() < 0.5:
        return grams
    return {
        "emissions": grams,
        "source": rng.choice(("codecarbon", "mlco2")),
        "training_type": rng.choice(("fine-tuning", "pre-training")),
        "geographical_location": rng.choice(("Quebec, Canada", "West Europe", "Oregon, USA")),
        "hardware_used": rng.choice(("1 x T4", "8 x A100", "TPU v3-8")),
    }


def grams(co2: Any) -> float | None:
    """The grams of a carbon claim, None where they are not a number."""
    return as_number(co2.get("emissions") if isinstance(co2, dict) else co2)
