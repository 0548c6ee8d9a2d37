"""Weights examined without running a model: what was moved, copied, planted or broken, and what is only claimed.

``examine(folder, base=..., siblings=[...])`` reads tensors as numbers, needs numpy alone for safetensors, and answers
with a :class:`WeightsReport`. A flag says "needs review", never "malicious".
"""

from __future__ import annotations

from probe.weights.examiner import examine
from probe.weights.report import WeightsReport

__all__ = ["WeightsReport", "examine"]
