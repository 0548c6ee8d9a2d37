"""Which tensor is which: the input embedding, the tied output, the heads and the layers, by names and shapes.

Names are those of the transformers library's architectures; a matrix under another name is found by its shape.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from probe.weights.formats import INTEGERS, TensorInfo

#: In order of preference; matched at the end of the name.
_EMBEDDINGS = tuple(
    re.compile(rf"(^|\.){pattern}$")
    for pattern in (
        r"embeddings\.word_embeddings\.weight",
        r"embed_tokens\.weight",
        r"wte\.weight",
        r"shared\.weight",
        r"embeddings\.tok_embeddings\.weight",
        r"(tok_embeddings|embed_in|word_embeddings?|token_embedding|token_embd|tokens_embed)\.weight",
        r"(word_embeddings|w|embeddings|embedding)\.weight",
    )
)
_OUTPUTS = re.compile(r"(^|\.)(lm_head|embed_out|decoder|output|predictions\.decoder|output_projection)\.weight$")
_HEADS = re.compile(
    r"(^|\.)(classifier|score|pre_classifier|qa_outputs|logits_proj|classification_head|summary|seq_relationship|"
    r"sequence_summary|cls|predictions|lm_head|pooler|head|fc)(\.|$)"
)
_FINAL = re.compile(
    r"(^|\.)(classifier(\.out_proj)?|score|logits_proj|classification_head\.out_proj|head|fc)\.weight$"
)
_LAYER = re.compile(r"(^|\.)(layers?|h|blocks?|block)\.(\d+)\.")
_ADAPTER = re.compile(r"lora_(A|B|embedding_A|embedding_B)|adapter|prefix_encoder|ia3_")
_PACKED = re.compile(r"\.(qweight|qzeros|scales|g_idx|weight_packed|weight_scale|SCB|absmax|quant_map|quant_state)\b")


@dataclass(frozen=True, slots=True)
class Layout:
    """The tensors that matter, by name."""

    embedding: str | None
    outputs: tuple[str, ...]
    heads: tuple[str, ...]
    final: str | None
    adapters: tuple[str, ...]
    packed: tuple[str, ...]
    layers: int
    why: str = ""


def find_layout(tensors: dict[str, TensorInfo], config: dict[str, Any], vocabulary: int | None) -> Layout:
    """The layout of a checkpoint. ``vocabulary`` is the number of tokens of its tokenizer, where there is one."""
    matrices = {name: info for name, info in tensors.items() if len(info.shape) == 2 and min(info.shape) > 1}
    adapters = tuple(sorted(name for name in tensors if _ADAPTER.search(name)))
    embedding, why = _embedding(matrices, config, vocabulary, bool(adapters))
    heads = tuple(sorted(name for name in tensors if _HEADS.search(name) and not _LAYER.search(name)))
    final = sorted(name for name in matrices if _FINAL.search(name) and not _LAYER.search(name))
    layers = {int(match[3]) for name in tensors if (match := _LAYER.search(name)) and len(match[3]) < 7}
    return Layout(
        embedding,
        tuple(sorted(name for name in matrices if _OUTPUTS.search(name) and name != embedding)),
        tuple(name for name in heads if name != embedding),
        final[0] if final else None,
        adapters,
        tuple(sorted(name for name in tensors if _PACKED.search(name))),
        len(layers),
        why,
    )


def _embedding(
    matrices: dict[str, TensorInfo], config: dict[str, Any], vocabulary: int | None, adapter: bool
) -> tuple[str | None, str]:
    floating = {name: info for name, info in matrices.items() if info.dtype not in INTEGERS and info.dtype != "BOOL"}
    for pattern in _EMBEDDINGS:
        found = [name for name in floating if pattern.search(name)]
        if found:
            return max(found, key=lambda name: (floating[name].shape[0], -len(name), name)), ""
    sizes = {size for size in (config.get("vocab_size"), vocabulary) if isinstance(size, int) and size > 2}
    shaped = [name for name, info in floating.items() if info.shape[0] in sizes and not _OUTPUTS.search(name)]
    if shaped:
        return min(shaped, key=lambda name: ("emb" not in name.lower(), len(name), name)), ""
    if any(pattern.search(name) for pattern in _EMBEDDINGS for name in matrices):
        return None, "the embedding matrix is packed into integers"
    return None, "this is an adapter, without an embedding of its own" if adapter else "no token embedding was found"


def layer_of(name: str) -> int | None:
    """The number of the layer that a tensor belongs to."""
    match = _LAYER.search(name)
    return int(match[3]) if match and len(match[3]) < 7 else None


def is_head(name: str) -> bool:
    """Whether the tensor belongs to what sits on top of the encoder (classifier, pooler, language-model head)."""
    return bool(_HEADS.search(name)) and not _LAYER.search(name)


def bare(name: str) -> str:
    """The name without the prefix of the model class, so that ``bert.encoder...`` and ``encoder...`` meet."""
    return re.sub(
        r"^(base_model\.model\.)?(bert|roberta|distilbert|electra|albert|deberta|transformer|model)\.", "", name
    )
