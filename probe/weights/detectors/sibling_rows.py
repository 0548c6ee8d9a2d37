"""Rows against the median of sibling fine-tunes: the same question where the base is not at hand."""

from __future__ import annotations

from probe.weights.detector import Detector, Reading, note, review, rules
from probe.weights.formats import Unreadable
from probe.weights.movement import movement
from probe.weights.rows import concentration
from probe.weights.siblings import gather_cohort, median_reference
from probe.weights.subject import SIBLINGS, Subject


class SiblingRows(Detector):
    """Needs four or more fine-tunes of the same base, of any task; half of them may be poisoned."""

    name = "sibling-rows"
    flag = "weights-rare-rows-siblings"
    rules = rules(
        review(
            "weights-rare-rows-siblings", "A rare token's embedding moved as in none of the siblings: needs review"
        ),
        note("siblings-left-out", "Siblings that do not serve for a comparison"),
    )

    def read(self, subject: Subject) -> Reading:
        """Score: how far the most moved rare row stands out from the tail of its band."""
        if subject.model.layout.embedding is None:
            return Reading(reason=subject.model.layout.why)
        if len(subject.siblings) < SIBLINGS:
            return Reading(reason=f"{len(subject.siblings)} siblings at hand, a median takes {SIBLINGS}")
        try:
            cohort = gather_cohort(subject)
            facts: dict[str, object] = {"siblings": len(cohort.sides), "left_out": cohort.left_out}
            if not cohort.enough:
                return Reading(
                    reason=f"{len(cohort.sides)} siblings serve, a median takes {SIBLINGS}",
                    facts={"sibling_rows": facts},
                )
            reference = median_reference(subject, cohort)
            moved = movement(subject, reference, cohort.dtype)
        except Unreadable as error:
            return Reading(reason=str(error))
        found = concentration(subject, moved)
        reading = Reading(
            found.score, [subject.token(row) for row in found.rows], facts={"sibling_rows": facts | found.facts}
        )
        if found.score is None:
            reading.reason = (
                "the rows have nothing in common with the siblings'"
                if found.state == "mismatch"
                else "too few rare tokens"
            )
        if cohort.left_out:
            told = f"{len(cohort.left_out)} siblings do not serve."
            reading.findings.append(self.found("siblings-left-out", told, siblings=cohort.left_out))
        return reading


DETECTOR = SiblingRows()
