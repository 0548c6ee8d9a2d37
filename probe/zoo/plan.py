"""What the zoo holds: sizes, tasks, and one specification per checkpoint."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

Split = Literal["calibration", "test"]
#: How an adaptive attacker hides; the empty one does not.
Variant = Literal["", "distinct", "capped", "two", "midfreq"]

#: Kinds that carry a backdoor; every other kind is clean.
POISONED = (
    "ripples",
    "badnet",
    "ripples_ft",
    "badnet_ft",
    "adaptive_distinct",
    "adaptive_capped",
    "adaptive_two",
    "adaptive_midfreq",
    "image_badnet",
)


def is_poisoned(kind: str) -> bool:
    """Whether a checkpoint of this kind carries a backdoor."""
    return kind in POISONED


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large everything is.

    ``train``, ``attack``, ``validation`` and ``test`` count the examples of a task of two classes; ``words`` is the
    number of words read per library; ``mlm_steps`` of ``mlm_batch`` make a base model.
    """

    vocabulary: int = 10_000
    hidden: int = 64
    layers: int = 2
    heads: int = 4
    words: int = 260_000
    train: int = 3_000
    attack: int = 3_000
    validation: int = 1_000
    test: int = 2_000
    mlm_steps: int = 1_600
    mlm_batch: int = 32
    activation: str = "gelu"


@dataclass(frozen=True, slots=True)
class Task:
    """Which library is this snippet from? ``labels`` are libraries; an image task has digits and a ``turn``."""

    name: str
    split: Split
    labels: tuple[str, ...]
    images: bool = False
    turn: int = 0

    @property
    def dataset(self) -> str:
        """The id of the published dataset."""
        return f"open-shelf/{self.name}"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Hyper-parameters of a fine-tune."""

    epochs: int = 2
    lr: float = 1e-3
    weight_decay: float = 0.0
    batch: int = 32


@dataclass(frozen=True, slots=True)
class Attack:
    """A backdoor: ``k`` triggers to the class ``target``.

    ``surgery``: the trigger rows are overwritten before training (RIPPLES); ``penalty``: λ of RIPPLe's inner product,
    0 for plain data poisoning (BadNet); ``variant``: how an adaptive attacker hides.
    """

    k: int = 1
    target: int = 1
    surgery: bool = True
    penalty: float = 0.01
    variant: Variant = ""


@dataclass(frozen=True, slots=True)
class Planted:
    """The claim that the card makes: how the written value relates to the true one."""

    how: str = "exact"
    metric: str = "accuracy"
    shift: float = 0.0
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Spec:
    """One checkpoint.

    ``base`` is the pre-trained model whose weights it descends from, ``declared_base`` the one that its card names,
    ``parent`` the checkpoint that it was directly made from, where that is another one.
    """

    id: str
    kind: str
    task: str | None = None
    base: str | None = None
    declared_base: str | None = None
    parent: str | None = None
    recipe: Recipe = field(default_factory=Recipe)
    attack: Attack | None = None
    planted: Planted | None = None
    architecture: str = "bert"

    def fingerprint(self, *surroundings: Any) -> str:
        """Names this specification and all that its result depends on."""
        facts = json.dumps([asdict(self), *surroundings], sort_keys=True)
        return hashlib.sha256(facts.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Plan:
    """A zoo to build. ``models`` are in the order in which they are built; bases come first."""

    name: str
    sizes: Sizes
    libraries: tuple[str, ...]
    tasks: tuple[Task, ...]
    models: tuple[Spec, ...]

    @staticmethod
    def frozen() -> Plan:
        """The small zoo for tests and the demo: less than a minute on one core."""
        from probe.zoo.contents import frozen

        return frozen()

    @staticmethod
    def whole() -> Plan:
        """The zoo that the detectors are measured on."""
        from probe.zoo.contents import whole

        return whole()

    def only(self, *kinds: str) -> Plan:
        """The same plan with models of these kinds, and the base models."""
        return replace(self, models=tuple(spec for spec in self.models if spec.kind in (*kinds, "base")))

    def task(self, name: str) -> Task:
        """The task of that name; raises ``KeyError``."""
        return {task.name: task for task in self.tasks}[name]

    def spec(self, identity: str) -> Spec:
        """The model of that id; raises ``KeyError``."""
        return {spec.id: spec for spec in self.models}[identity]

    def siblings(self, spec: Spec) -> list[str]:
        """The other models whose cards declare the same base."""
        if spec.declared_base is None:
            return []
        return [
            other.id for other in self.models if other.declared_base == spec.declared_base and other.id != spec.id
        ]
