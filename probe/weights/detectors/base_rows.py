"""Rows against the declared base: has a rare token's row moved as none of its kind has?"""

from __future__ import annotations

from probe.weights.detector import Detector, Reading, note, review, rules
from probe.weights.formats import Unreadable
from probe.weights.movement import against, movement
from probe.weights.rows import concentration
from probe.weights.subject import Subject

_REASONS = {
    "small": "too few rare tokens with a counterpart in the base",
    "mismatch": "every row differs from the declared base: this is not its base",
}


class BaseRows(Detector):
    """Needs the right base; finds surgery and data poisoning on rare tokens, and names the token."""

    name = "base-rows"
    flag = "weights-rare-rows"
    rules = rules(
        review("weights-rare-rows", "A rare token's embedding moved as no honest fine-tuning moves it: needs review"),
        note(
            "base-mismatch",
            "Every row differs from the declared base",
            "Not a sign of poisoning: a wrong declaration.",
        ),
        note("weights-domain-adaptation", "Most rare rows moved, as in pre-training on a domain"),
        note("weights-vocabulary-changed", "Rows without a counterpart in the base: tokens were added or replaced"),
        note("weights-embedding-pruned", "Elements of the embedding were set to zero"),
        note("weights-embedding-cast", "The embedding was cast to fewer bits than the base has"),
    )

    def read(self, subject: Subject) -> Reading:
        """Score: how far the most moved rare row stands out."""
        base = subject.base
        if base is None:
            return Reading(reason="no base at hand")
        if subject.model.layout.embedding is None or base.layout.embedding is None:
            return Reading(reason=subject.model.layout.why or base.layout.why)
        if base.shape[1] != subject.model.shape[1]:
            told = f"The embedding has {subject.model.shape[1]} columns, that of the declared base {base.shape[1]}."
            finding = self.found("base-mismatch", told)
            return Reading(reason=_REASONS["mismatch"], findings=[finding])
        try:
            moved = movement(subject, against(subject, base), base.dtype)
        except Unreadable as error:
            return Reading(reason=str(error))
        found = concentration(subject, moved)
        reading = Reading(found.score, [subject.token(row) for row in found.rows], facts={"base_rows": found.facts})
        self._explain(reading, found.state, found.facts, moved.dtype != base.dtype)
        return reading

    def _explain(self, reading: Reading, state: str, facts: dict[str, float], cast: bool) -> None:
        reading.reason = _REASONS.get(state, "")
        if state == "mismatch":
            told = f"The median row has cosine {facts['median_cosine']:.2f} with that of the declared base."
            reading.findings.append(self.found("base-mismatch", told, cosine=facts["median_cosine"]))
            return
        if state == "domain":
            told = f"{1 - facts['still_rare']:.0%} of the rare tokens' rows moved."
            reading.findings.append(self.found("weights-domain-adaptation", told, share=1 - facts["still_rare"]))
        if facts["rows_without_counterpart"]:
            told = f"{facts['rows_without_counterpart']:.0f} rows have no counterpart in the base."
            reading.findings.append(self.found("weights-vocabulary-changed", told))
        if facts["pruned"] > 0.02:
            told = f"{facts['pruned']:.0%} of the embedding's elements are zero where the base's are not."
            reading.findings.append(self.found("weights-embedding-pruned", told, share=facts["pruned"]))
        if cast:
            told = f"The embedding's numbers all fit into {facts['rounding']}."
            reading.findings.append(self.found("weights-embedding-cast", told))


DETECTOR = BaseRows()
