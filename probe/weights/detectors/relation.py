"""What kind of child of its declared base the model is, read off the weights, against what is declared."""

from __future__ import annotations

from typing import Any

import numpy as np

from probe.weights.detector import Detector, Reading, note, rules
from probe.weights.spread import Change, Spread, compare
from probe.weights.subject import Subject

#: What each word of the hub's ``base_model_relation`` may look like in the weights.
_FITS = {
    "finetune": {
        "full-finetune",
        "partial-finetune",
        "head-only",
        "adapter-merged",
        "embeddings-only",
        "cast",
        "pruned",
    },
    "adapter": {"adapter", "adapter-merged"},
    "merge": {"merge", "full-finetune", "adapter-merged"},
    "quantized": {"quantised", "cast"},
}
_HEAD_ONLY = {"head-only", "identical", "cast"}


class Relation(Detector):
    """Profile of the difference to the base, layer by layer."""

    name = "relation"
    rules = rules(
        note("relation-mismatch", "The weights are another kind of child than declared"),
        note("relation-identical", "The weights are an exact copy of the declared base"),
        note("relation-unrelated", "The weights have nothing in common with the declared base"),
        note("relation-pruned", "Elements that the base holds were set to zero"),
        note("relation-merge", "The difference is a combination of the siblings' differences"),
    )
    heavy = True

    def read(self, subject: Subject) -> Reading:
        """Facts: ``profile`` and what it was read from; findings where a declaration does not fit."""
        if subject.base is None:
            return Reading(reason="no base at hand")
        spread = compare(subject, subject.base)
        profile = classify(spread, subject)
        declared = _declared(subject)
        reading = Reading(reason="a kind, not a score", facts={"relation": _facts(spread, profile, declared)})
        if declared in _FITS and profile not in _FITS[declared] | {"unclear"}:
            told = f"Declared as {declared} of its base, the weights look {profile}."
            reading.findings.append(self.found("relation-mismatch", told, declared=declared, profile=profile))
        if profile == "identical":
            reading.findings.append(
                self.found("relation-identical", "Every tensor equals that of the declared base.")
            )
        if profile == "unrelated":
            told = "Shapes differ, or the tensors point elsewhere than those of the declared base."
            reading.findings.append(self.found("relation-unrelated", told))
        zeroed = _weighted(spread.changes, "zeroed")
        if zeroed > 0.02:
            told = f"{zeroed:.0%} of the elements that the base holds are zero here: pruned."
            reading.findings.append(self.found("relation-pruned", told, share=zeroed))
        if profile == "merge":
            told = "The difference to the base is a weighted sum of the differences of the siblings."
            reading.findings.append(
                self.found("relation-merge", told, r_squared=spread.mixed[0], coefficients=spread.mixed[1])
            )
        return reading


def classify(spread: Spread, subject: Subject) -> str:
    """The profile: one word."""
    layout = subject.model.layout
    if layout.adapters:
        return "adapter"
    if layout.packed:
        return "quantised"
    changes = spread.changes
    inner = [change for change in changes if not change.head]
    if not inner:
        return "unrelated" if not spread.unread else "unclear"
    if _unrelated(spread, inner):
        return "unrelated"
    moved = [change for change in inner if change.changed > 0]
    if not moved:
        same_head = spread.added == 0 and not any(change.changed > 0 for change in changes)
        return "identical" if same_head and spread.reshaped == 0 else "head-only"
    if all(change.rounding for change in moved):
        return "cast"
    if spread.grid > 0.5:
        return "quantised"
    if _weighted(inner, "zeroed") > 0.02 and _only_zeroed(moved):
        return "pruned"
    if all(change.embedding for change in moved):
        return "embeddings-only"
    return _trained(spread, inner, moved)


def _unrelated(spread: Spread, inner: list[Change]) -> bool:
    matrices = [change for change in inner if change.size >= 4096] or inner
    cosines = [change.cosine for change in matrices if np.isfinite(change.cosine)]
    fits = len(spread.changes) / max(1, len(spread.changes) + spread.reshaped + spread.unread)
    return fits < 0.5 or (bool(cosines) and float(np.median(cosines)) < 0.5)


def _only_zeroed(moved: list[Change]) -> bool:
    return all(change.changed - change.zeroed < 0.01 for change in moved if change.size >= 4096)


def _trained(spread: Spread, inner: list[Change], moved: list[Change]) -> str:
    fit, weights = spread.mixed
    if fit > 0.98 and sum(abs(weight) > 0.05 for weight in weights) >= 2:
        return "merge"
    layered = {change.layer for change in inner if change.layer is not None}
    touched = {change.layer for change in moved if change.layer is not None}
    low = [rank <= max(1, full // 4) for _, rank, full in spread.ranks if rank]
    if low and all(low) and len(moved) < 0.7 * len(inner):
        return "adapter-merged"
    return "partial-finetune" if layered - touched else "full-finetune"


def _weighted(changes: list[Change], what: str) -> float:
    total = sum(change.size for change in changes)
    return sum(float(getattr(change, what)) * change.size for change in changes) / total if total else 0.0


def _declared(subject: Subject) -> str | None:
    word = subject.card.get("base_model_relation")
    return str(word).lower() if isinstance(word, str) else None


def _facts(spread: Spread, profile: str, declared: str | None) -> dict[str, Any]:
    layers: dict[str, list[float]] = {}
    for change in spread.changes:
        place = "head" if change.head else "embedding" if change.embedding else _place(change)
        layers.setdefault(place, []).append(min(change.relative, 1e9))
    return {
        "profile": profile,
        "declared": declared,
        "changed_share": _weighted(spread.changes, "changed"),
        "zeroed_share": _weighted(spread.changes, "zeroed"),
        "tensors": {
            "compared": len(spread.changes), "missing": spread.missing, "added": spread.added,
            "reshaped": spread.reshaped, "unread": spread.unread,
        },
        "delta_by_layer": {place: float(np.median(values)) for place, values in list(layers.items())[:256]},
        "effective_ranks": [{"tensor": name, "rank": rank, "full": full} for name, rank, full in spread.ranks],
        "mixture_r_squared": spread.mixed[0] if spread.mixed[1] else None,
    }  # fmt: skip


def _place(change: Change) -> str:
    return "other" if change.layer is None else f"layer {change.layer}"


DETECTOR = Relation()
