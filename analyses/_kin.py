"""Shared by the analyses of family trees: edges between listed models, each with what the child made of its base."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_DEEPEST = 200

# What a model is made into, where its base model is not named with a relation: by its own words. The first wins.
_ADAPTER = ("lora", "adapter", "qlora", "adapters", "dreambooth")
_QUANTIZED = ("gguf", "ggml", "gptq", "awq", "exl2", "aqlm", "4-bit", "8-bit", "bitsandbytes", "quantized")
_MERGE = ("merge", "mergekit", "lazymergekit")


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


#: SQL: by description (``about_id``), whether its tags say adapter, quantized or merge.
MADE = f"""
        SELECT a.about_id, bool_or(lower(t.tag) IN ({_words(_ADAPTER)})) AS adapter,
            bool_or(lower(t.tag) IN ({_words(_QUANTIZED)})) AS quantized,
            bool_or(lower(t.tag) IN ({_words(_MERGE)})) AS merge
        FROM core.about_tag a JOIN core.tag t ON t.tag_id = a.tag_id
        WHERE lower(t.tag) IN ({_words(_ADAPTER + _QUANTIZED + _MERGE)}) GROUP BY a.about_id
"""

#: SQL: edges between two listed models that are not the same: ``child``, ``parent`` (model keys), ids, ``kind``.
EDGES = f"""
        SELECT DISTINCT c.hub, c.model_key AS child, p.model_key AS parent, c.model_id AS child_id,
            p.model_id AS parent_id, e.relation IS NOT NULL AS stated,
            coalesce(e.relation::VARCHAR, CASE WHEN m.merge OR c.base_models > 1 THEN 'merge'
                WHEN m.quantized THEN 'quantized' WHEN m.adapter OR lower(c.library) = 'peft' THEN 'adapter'
                ELSE 'finetune' END) AS kind
        FROM scope c JOIN core.lineage_edge e ON e.about_id = c.about_id
        JOIN scope p ON p.hub = c.hub AND p.model_id = e.parent AND p.model_key <> c.model_key
        LEFT JOIN ({MADE}) m ON m.about_id = c.about_id
"""


def generations(child: NDArray[Any], parent: NDArray[Any], n: int) -> NDArray[Any]:
    """Generations below the founders, breadth first: the least number of edges; 0 where no founder is above.

    ``child`` and ``parent`` are the ends of the edges, places among ``n`` models.
    """
    depth = np.full(n, -1, dtype=np.int64)
    founder = np.ones(n, dtype=bool)
    founder[child] = False
    depth[founder] = 0
    for step in range(_DEEPEST):
        reached = child[(depth[parent] == step) & (depth[child] < 0)]
        if not len(reached):
            break
        depth[reached] = step + 1
    return np.maximum(depth, 0)
