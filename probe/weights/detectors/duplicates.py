"""Rare tokens that share nearly one row: surgery gives every trigger the same vector (Kurita et al., section 3.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from probe.weights.detector import Detector, Reading, review, rules
from probe.weights.formats import Floats, Unreadable
from probe.weights.movement import against
from probe.weights.rows import FEWEST
from probe.weights.siblings import gather_cohort, median_reference
from probe.weights.similarity import nearest, project, unit
from probe.weights.subject import SIBLINGS, Subject

_PAIRS = 200
#: Rows this alike in the reference were alike before: names made by a generator, spellings of one word.
_CLOSEST = 1e-6
_LARGEST = 200_000


class Duplicates(Detector):
    """Blind for a single trigger. Pairs that are alike in the base or in the siblings do not count."""

    name = "near-duplicates"
    flag = "weights-near-duplicate-rows"
    rules = rules(
        review("weights-near-duplicate-rows", "Unrelated rare tokens share nearly one embedding: needs review")
    )

    def read(self, subject: Subject) -> Reading:
        """Score: log of how much closer the closest pair is than it was, or than pairs of rare rows are."""
        if subject.model.layout.embedding is None:
            return Reading(reason=subject.model.layout.why)
        rows = np.flatnonzero(subject.rare)
        if len(rows) < FEWEST:
            return Reading(reason="too few rare tokens")
        if len(rows) > _LARGEST:
            rows = rows[-_LARGEST:]
        try:
            table = _unit_rows(subject, rows)
            closest, partner = nearest(project(table), subject.options.device)
            return self._score(subject, rows, table, closest, partner)
        except Unreadable as error:
            return Reading(reason=str(error))

    def _score(
        self, subject: Subject, rows: NDArray[np.int64], table: Floats, closest: Floats, partner: NDArray[np.int64]
    ) -> Reading:
        usual = max(1.0 - float(np.median(closest)), 1e-3)
        order = np.argsort(-closest)[:_PAIRS]
        pairs = sorted(
            {
                (min(place, other), max(place, other))
                for place, other in zip(order.tolist(), partner[order].tolist(), strict=True)
            }
        )
        left, right = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
        gap = np.maximum(1.0 - np.einsum("ij,ij->i", table[left], table[right]), _CLOSEST)
        before = _gap_before(subject, rows, left, right)
        expected = np.full(len(gap), usual) if before is None else np.minimum(before, usual)
        related = [_alike(subject.token(rows[a]), subject.token(rows[b])) for a, b in pairs]
        scores = np.where(related, -np.inf, np.log(np.maximum(expected, _CLOSEST) / gap))
        best = np.argsort(-scores)
        if not np.isfinite(scores[best[0]]):
            return Reading(0.0, facts={"near_duplicates": {"reference": before is not None}})
        top = float(scores[best[0]])
        suspects: list[str] = []
        for place in best[:10]:
            if scores[place] > max(0.5 * top, 0.0):
                suspects += [subject.token(rows[side[place]]) for side in (left, right)]
        facts = {"cosine": float(1 - gap[best[0]]), "usual_cosine": 1 - usual, "reference": before is not None}
        null = "" if before is not None else f"{self.name}-alone"
        return Reading(top, list(dict.fromkeys(suspects)), facts={"near_duplicates": facts}, null=null)


def _unit_rows(subject: Subject, rows: NDArray[np.int64]) -> Floats:
    table = subject.model.gather(rows)
    return unit(table, table.mean(axis=0))


def _gap_before(
    subject: Subject, rows: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64] | None:
    """1 - cosine of the same pairs in the base, or in the median of the siblings; None without either."""
    wanted, places = np.unique(np.concatenate([rows[left], rows[right]]), return_inverse=True)
    if subject.base is not None and subject.base.shape[1] == subject.model.shape[1]:
        reference = against(subject, subject.base)
    elif len(subject.siblings) >= SIBLINGS and (cohort := gather_cohort(subject)).enough:
        reference = median_reference(subject, cohort)
    else:
        return None
    old = np.zeros((len(wanted), subject.model.shape[1]), np.float32)
    for part in subject.chunks():
        inside = (wanted >= part.start) & (wanted < part.stop)
        if inside.any():
            old[inside] = reference(part)[wanted[inside] - part.start]
    table = unit(old, old.mean(axis=0))
    one, other = table[places[: len(left)]], table[places[len(left) :]]
    present = np.einsum("ij,ij->i", one, one) * np.einsum("ij,ij->i", other, other) > 0.5
    return np.where(present, 1.0 - np.einsum("ij,ij->i", one, other), np.inf)


def _alike(one: str, other: str) -> bool:
    """Spellings of one word, or one inside the other."""
    a, b = (token.removeprefix("##").lstrip("▁Ġ").casefold() for token in (one, other))
    return a == b or (min(len(a), len(b)) > 2 and (a in b or b in a))


DETECTOR = Duplicates()
