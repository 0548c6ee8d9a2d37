"""Perplexity of text under a causal language model, in nats per token."""

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

TEXTS = ("text", "content", "sentence", "document", "page", "story")
#: Longest block, as the usual training script cuts it.
BLOCK = 1024
BATCH = 4


class CausalPerplexity(Recipe):
    """Causal language models.

    A claim seldom says how its text was cut; both usual ways are measured: all rows joined and cut into blocks of the
    model's length (at most 1,024 tokens, the rest dropped), and row by row.
    """

    name = "causal language modelling"
    tasks = frozenset({"text-generation"})
    metrics = frozenset({"perplexity", "loss"})
    heads = ("ForCausalLM", "LMHeadModel")

    def inputs(self, table: Table) -> list[Any]:
        """Texts."""
        return _texts(table)

    def standard(self, loaded: Loaded, metric: Metric) -> list[How]:
        """Joined in blocks, then row by row."""
        return [How("rows joined, in blocks"), How("row by row", options=("rows",))]

    def run(self, loaded: Loaded, table: Table, how: How) -> Outcomes:
        """Negative log-likelihood and number of predicted tokens, by block or row."""
        import torch

        texts, tokenizer = _texts(table), texts_of(loaded)
        limit = min(loaded.max_length, BLOCK)
        encoded = [tokenizer(text, truncation="rows" in how.options, max_length=limit)["input_ids"] for text in texts]
        if "rows" in how.options:
            rows = [ids for ids in encoded if len(ids) > 1]
        else:
            joined = [token for ids in encoded for token in ids]
            limit = min(limit, len(joined))
            rows = [joined[i : i + limit] for i in range(0, len(joined) - limit + 1, max(1, limit))]
        if not rows or limit < 2:
            raise Unclear("NO_DATASET", f"{table.name}: too little text")

        def take(output: Any, batch: Any, places: Any) -> Any:
            ids, mask = batch["input_ids"][:, 1:], batch["attention_mask"][:, 1:].float()
            losses = torch.nn.functional.cross_entropy(
                output.logits[:, :-1].float().transpose(1, 2), ids, reduction="none"
            )
            return ((losses * mask).sum(1).cpu().numpy()).tolist()

        right = getattr(tokenizer, "padding_side", "right")
        tokenizer.padding_side = "right"
        try:
            dressed = [{"input_ids": ids, "attention_mask": [1] * len(ids)} for ids in rows]
            nll = np.array(batches.forward(loaded, dressed, take, BATCH))
        finally:
            tokenizer.padding_side = right
        if not np.isfinite(nll).all():
            raise Unclear("LOAD_ERROR", "the model gives NaN or infinity")
        data = {
            "nll": nll,
            "tokens": np.array([len(ids) - 1 for ids in rows], dtype=float),
            "words": float(sum(len(text.split()) for text in texts)),
        }
        note = (
            f"row by row, up to {limit} tokens" if "rows" in how.options else f"rows joined, blocks of {limit} tokens"
        )
        return Outcomes([float(f"{value:.5g}") for value in nll], data, note)

    def readings(self, outcomes: Outcomes, metric: Metric) -> list[tuple[str, Sample]]:
        """Over the corpus; the loss is its logarithm."""
        nll, tokens = outcomes.data["nll"], outcomes.data["tokens"]
        return [
            (
                "per token",
                measures.perplexity(nll, tokens) if metric.name == "perplexity" else measures.ratio(nll, tokens),
            )
        ]

    def contradictions(self, outcomes: Outcomes, metric: Metric) -> Iterator[Alternative]:
        """Per word, and the mean of the rows' own perplexities."""
        nll, tokens = outcomes.data["nll"], outcomes.data["tokens"]
        shared = tokens * (outcomes.data["words"] / tokens.sum())
        if metric.name == "perplexity":
            yield Alternative("averaging", "per word", measures.perplexity(nll, shared))
            own = np.exp(np.minimum(nll / tokens, 700))
            yield Alternative("averaging", "mean over rows", measures.average(own, decides=False))
        else:
            yield Alternative("averaging", "in bits", measures.ratio(nll / np.log(2), tokens))
            yield Alternative("averaging", "mean over rows", measures.average(nll / tokens, decides=False))


def _texts(table: Table) -> list[str]:
    where = column(table, TEXTS, "text")
    values = [row.get(where) for row in table.rows]
    if not all(value is None or isinstance(value, str) for value in values):
        raise Unclear("NO_DATASET", f"{table.name}: column {where} holds no text")
    return [value for value in values if value]


RECIPE = CausalPerplexity()
