"""A zoo of checkpoints with known truth, clean and poisoned, built from a seed with no network.

``build(Path("zoo"), Plan.frozen())`` writes real transformers checkpoints with cards, datasets and ``truth.jsonl``.
"""

from __future__ import annotations

from probe.zoo.builder import build
from probe.zoo.plan import POISONED, Plan, is_poisoned

__all__ = ["POISONED", "Plan", "build", "is_poisoned"]
