"""What an evaluation recipe is: which claims it serves, how it runs a model over rows, and what it measures.

A file in ``probe/claims/recipes`` holds one subclass of :class:`Recipe` and ``RECIPE = Subclass()``; recipes are
found by listing the folder. A recipe runs the model once per protocol (:class:`How`) and keeps outcomes per example;
every metric, every averaging and every permutation of labels is then computed from those without running it again.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from probe.claims.datasets import Table
from probe.claims.estimates import Sample
from probe.claims.loading import Loaded
from probe.claims.normalise import Metric, Unclear


@dataclass(frozen=True, slots=True)
class How:
    """One protocol of running: its name for people, what it is about (of ``verdict.PROTOCOLS``), and its settings."""

    name: str = ""
    kind: str = "preprocessing"
    max_length: int | None = None
    lowercase: bool = False
    options: tuple[str, ...] = ()


STANDARD = How()


@dataclass(slots=True)
class Outcomes:
    """What a model gave for each example. ``outputs`` are JSON, hashed so that a verdict can be replayed.

    ``data`` is what the recipe's metrics need; ``note`` says in words how the rows were read.
    """

    outputs: list[Any]
    data: dict[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A metric under a protocol that the claim does not state."""

    kind: str
    name: str
    sample: Sample


class Recipe(ABC):
    """One kind of evaluation."""

    name: ClassVar[str]
    #: Tasks as the hub names them (``normalise.task``).
    tasks: ClassVar[frozenset[str]]
    #: Names of metrics (``normalise.Metric.name``).
    metrics: ClassVar[frozenset[str]]
    #: Ends of architecture names whose head this recipe can run (``ForSequenceClassification``).
    heads: ClassVar[tuple[str, ...]]

    def serves(self, task: str | None, loaded: Loaded) -> bool:
        """Whether this recipe evaluates such a claim on such a model; a claim without a task goes by the head."""
        return self.runs(loaded) and (task is None or task in self.tasks)

    def runs(self, loaded: Loaded) -> bool:
        """Whether the model has the head that is needed."""
        return bool(loaded.architectures) and loaded.architectures[0].endswith(self.heads)

    @abstractmethod
    def inputs(self, table: Table) -> list[Any]:
        """The inputs of the rows, for the look at contamination. Raises :class:`Unclear` for unknown columns."""

    @abstractmethod
    def run(self, loaded: Loaded, table: Table, how: How) -> Outcomes:
        """Run the model over the rows. Raises :class:`Unclear` where they cannot be read for this task."""

    @abstractmethod
    def readings(self, outcomes: Outcomes, metric: Metric) -> list[tuple[str, Sample]]:
        """The metric as the claim states it: several where the claim leaves something open, the usual one first."""

    def contradictions(self, outcomes: Outcomes, metric: Metric) -> Iterator[Alternative]:
        """The metric as the claim does not state it, from the same outcomes."""
        return iter(())

    def standard(self, loaded: Loaded, metric: Metric) -> list[How]:
        """Protocols that the claim leaves open, the usual one first."""
        return [STANDARD]

    def variants(self, loaded: Loaded, outcomes: Outcomes) -> list[How]:
        """Protocols that need another run and that a claim would have stated."""
        return []


@cache
def recipes() -> tuple[Recipe, ...]:
    """Every recipe, by listing the folder."""
    folder = Path(__file__).parent / "recipes"
    stems = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    found = [importlib.import_module(f"probe.claims.recipes.{stem}").RECIPE for stem in stems]
    return tuple(recipe for recipe in found if isinstance(recipe, Recipe))


def possible(task: str | None, metric: Metric) -> None:
    """Refuse a claim that no recipe could serve, whatever the model. Raises :class:`Unclear`."""
    fitting = [recipe for recipe in recipes() if task is None or task in recipe.tasks]
    if not fitting:
        raise Unclear("ARCH_UNSUPPORTED", f"no recipe for {task}")
    if not any(metric.name in recipe.metrics for recipe in fitting):
        raise Unclear("METRIC_UNKNOWN", f"no recipe measures {metric}{f' for {task}' if task else ''}")


def choose(task: str | None, metric: Metric, loaded: Loaded) -> Recipe:
    """The recipe of a claim. Raises :class:`Unclear`: ``ARCH_UNSUPPORTED`` or ``METRIC_UNKNOWN``."""
    fitting = [recipe for recipe in recipes() if recipe.serves(task, loaded)]
    for recipe in fitting:
        if metric.name in recipe.metrics:
            return recipe
    if fitting:
        raise Unclear("METRIC_UNKNOWN", f"{fitting[0].name} does not measure {metric}")
    head = ", ".join(loaded.architectures) or "no architecture"
    if not any(recipe.runs(loaded) for recipe in recipes()):
        raise Unclear("ARCH_UNSUPPORTED", f"no recipe runs {head}")
    raise Unclear("ARCH_UNSUPPORTED", f"no recipe for {task} with {head}")


def column(table: Table, candidates: tuple[str, ...], what: str) -> str:
    """The first of some column names that a table has, whatever the case. Raises :class:`Unclear`."""
    there = {name.lower(): name for name in reversed(table.columns)}
    for name in candidates:
        if name in there:
            return there[name]
    raise Unclear("NO_DATASET", f"{table.name}: no column for {what} among {', '.join(table.columns[:12])}")
