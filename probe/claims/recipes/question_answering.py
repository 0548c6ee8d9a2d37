"""Answers that are spans of a given text: exact match and F1 as SQuAD scores them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from probe.claims import batches, measures
from probe.claims.datasets import Table
from probe.claims.estimates import Sample
from probe.claims.loading import Loaded, texts_of
from probe.claims.normalise import Metric, Unclear
from probe.claims.recipe import Alternative, How, Outcomes, Recipe, column
from probe.claims.texts import answer_scores

#: As the usual training scripts have them: tokens per window, tokens that windows share, candidates, longest answer.
WINDOW, STRIDE, BEST, LONGEST = 384, 128, 20, 30


class QuestionAnswering(Recipe):
    """Extractive question answering over windows of the context, the best span of all windows."""

    name = "question answering"
    tasks = frozenset({"question-answering"})
    metrics = frozenset({"exact_match", "f1", "accuracy"})
    heads = ("ForQuestionAnswering", "ForQuestionAnsweringSimple")

    def inputs(self, table: Table) -> list[Any]:
        """Question and context."""
        questions, contexts, _ = _columns(table)
        return [f"{q}\n{c}" for q, c in zip(questions, contexts, strict=True)]

    def run(self, loaded: Loaded, table: Table, how: How) -> Outcomes:
        """The answer to every question."""
        questions, contexts, golds = _columns(table)
        unanswerable = any(not any(gold) for gold in golds)
        windows, of = _windows(loaded, questions, contexts, how)

        def take(output: Any, batch: Any, places: Any) -> Any:
            starts, ends = (t.float().cpu().numpy() for t in (output.start_logits, output.end_logits))
            return list(zip(starts, ends, strict=True))

        scored = batches.forward(loaded, [window["row"] for window in windows], take)
        best: list[tuple[float, str]] = [(-np.inf, "")] * len(questions)
        null = [np.inf] * len(questions)
        for window, question, (starts, ends) in zip(windows, of, scored, strict=True):
            null[question] = min(null[question], float(starts[0] + ends[0]))
            score, span = _span(starts, ends, window["offsets"])
            if span and score > best[question][0]:
                best[question] = score, contexts[question][span[0] : span[1]]
        # Only where some questions have no answer may "none" be the answer.
        answers = ["" if unanswerable and null[i] > best[i][0] else best[i][1] for i in range(len(questions))]
        scores = np.array([answer_scores(a, gold) for a, gold in zip(answers, golds, strict=True)])
        note = f"windows of {WINDOW} tokens sharing {STRIDE}, answers up to {LONGEST} tokens"
        return Outcomes(answers, {"em": scores[:, 0], "f1": scores[:, 1]}, note)

    def readings(self, outcomes: Outcomes, metric: Metric) -> list[tuple[str, Sample]]:
        """One."""
        if metric.name == "f1":
            return [("", measures.average(outcomes.data["f1"]))]
        return [("", measures.agreement(list(outcomes.data["em"]), [1.0] * len(outcomes.data["em"])))]

    def contradictions(self, outcomes: Outcomes, metric: Metric) -> Iterator[Alternative]:
        """Exact match and F1 taken for each other."""
        other = "exact_match" if metric.name == "f1" else "f1"
        yield Alternative("averaging", f"{other} instead", self.readings(outcomes, Metric(other))[0][1])

    def variants(self, loaded: Loaded, outcomes: Outcomes) -> list[How]:
        """Lower case."""
        return [How("lower case", lowercase=True)]


def _columns(table: Table) -> tuple[list[str], list[str], list[list[str]]]:
    """Questions, contexts, right answers (none: no answer)."""
    names = column(table, ("question", "query"), "questions"), column(table, ("context", "passage"), "contexts")
    where = column(table, ("answers", "answer", "answer_text"), "answers")
    golds = []
    for row in table.rows:
        value = row.get(where)
        value = value.get("text", []) if isinstance(value, dict) else value
        value = [value] if isinstance(value, str) else value or []
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise Unclear("NO_DATASET", f"{table.name}: column {where} holds no answers")
        golds.append(value)
    first, second = ([str(row.get(name) or "") for row in table.rows] for name in names)
    return first, second, golds


def _windows(
    loaded: Loaded, questions: list[str], contexts: list[str], how: How
) -> tuple[list[dict[str, Any]], list[int]]:
    """Encoded windows with the characters of each piece of context (None elsewhere), and whose they are."""
    tokenizer = texts_of(loaded)
    if not getattr(tokenizer, "is_fast", False):
        raise Unclear("ARCH_UNSUPPORTED", "the tokenizer does not say where its pieces stand")
    limit = min(how.max_length or WINDOW, loaded.max_length)
    windows, of = [], []
    for i, (question, context) in enumerate(zip(questions, contexts, strict=True)):
        texts = (question.strip(), context)
        if how.lowercase:
            texts = texts[0].lower(), texts[1].lower()
        room = limit - len(tokenizer(texts[0])["input_ids"])
        encoded = tokenizer(
            *((texts[0][: limit * 2], texts[1]) if room < 8 else texts),
            truncation="only_second" if room >= 8 else True,
            max_length=limit,
            stride=min(STRIDE, max(0, room // 2)) if room >= 8 else 0,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        for j in range(len(encoded["input_ids"])):
            side = encoded.sequence_ids(j)
            offsets = [
                place if of_ == 1 else None for place, of_ in zip(encoded["offset_mapping"][j], side, strict=True)
            ]
            keys = [key for key in ("input_ids", "attention_mask", "token_type_ids") if key in encoded]
            windows.append({"row": {key: encoded[key][j] for key in keys}, "offsets": offsets})
            of.append(i)
    return windows, of


def _span(starts: np.ndarray, ends: np.ndarray, offsets: list[Any]) -> tuple[float, tuple[int, int] | None]:
    """The best span of a window, among the best starts and ends, as characters of the context."""
    size = len(offsets)
    best, found = -np.inf, None
    order = [np.argsort(-values[:size], kind="stable")[:BEST] for values in (starts, ends)]
    for i in order[0]:
        for j in order[1]:
            if offsets[i] is None or offsets[j] is None or j < i or j - i >= LONGEST:
                continue
            score = float(starts[i] + ends[j])
            if score > best:
                best, found = score, (offsets[i][0], offsets[j][1])
    return best, found


RECIPE = QuestionAnswering()
