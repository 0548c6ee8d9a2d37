"""Lineage: which earlier models a new one descends from.

Parents are always older than their children, so the truth holds no cycle except the few self-loops that
are planted on purpose. A few declared parents never existed: those edges dangle.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

CAPACITY = 4_000


@dataclass(frozen=True, slots=True)
class Parent:
    """What a child copies from its parent."""

    id: str
    arch: str
    size: tuple[int, ...]
    licences: tuple[str, ...]


@dataclass
class Families:
    """A bounded pool of possible parents by architecture: memory stays flat at any population."""

    pools: dict[str, list[Parent]] = field(default_factory=dict)

    def offer(self, parent: Parent, rng: Random) -> None:
        """Make a model available as a parent."""
        pool = self.pools.setdefault(parent.arch, [])
        if len(pool) < CAPACITY:
            pool.append(parent)
        elif rng.random() < 0.1:
            pool[rng.randrange(CAPACITY // 2, CAPACITY)] = parent

    def pick(self, arch: str, rng: Random) -> Parent | None:
        """A parent, early ones far more often: a few families dominate."""
        pool = self.pools.get(arch)
        return pool[int(len(pool) * rng.random() ** 4)] if pool else None


def relation_for(library: str | None, task: str | None, rng: Random) -> str:
    """How a child of this kind usually relates to its parents."""
    if library == "peft":
        return "adapter"
    if task == "text-generation":
        return rng.choices(("finetune", "quantized", "merge"), (60, 28, 12))[0]
    return "quantized" if rng.random() < 0.03 else "finetune"


def declare_parents(child_id: str, parent: Parent, relation: str, families: Families, rng: Random) -> list[str]:
    """The parent ids as the child's card writes them: real, dangling, self, or several for merges."""
    roll = rng.random()
    if roll < 0.006:
        return [child_id]
    if roll < 0.14:
        return [f"{parent.id.partition('/')[0]}/gone-{parent.arch}-{rng.randrange(10**6)}"]
    names = [parent.id]
    while relation == "merge" and len(names) < 4 and (len(names) < 2 or rng.random() < 0.4):
        other = families.pick(parent.arch, rng)
        if other is None or other.id in names:
            break
        names.append(other.id)
    return names
