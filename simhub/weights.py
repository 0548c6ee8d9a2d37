"""Tensors of a simulated model: names, dtypes, shapes and real safetensors headers.

Only headers exist; tensor bytes are zeros made while they are sent. The parameter counts served as
`safetensors.parameters` are the sums of these very shapes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import prod

from simhub.spec import Spec
from simhub.vocab import ARCHS

BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4}
SHARD_BYTES = 5_000_000_000
Tensor = tuple[str, str, tuple[int, ...]]


def _float_dtype(spec: Spec) -> str:
    return spec.dtype if spec.dtype in BYTES else "F16"


def _linears(hidden: int) -> tuple[tuple[str, tuple[int, int]], ...]:
    square = (hidden, hidden)
    attention = tuple((f"self_attn.{letter}_proj", square) for letter in "qkvo")
    return (*attention, ("mlp.up_proj", (4 * hidden, hidden)), ("mlp.down_proj", (hidden, 4 * hidden)))


def tensors(spec: Spec) -> Iterator[Tensor]:
    """Every tensor of the model in file order."""
    layers, hidden = spec.size
    dtype = _float_dtype(spec)
    if spec.library == "peft":
        yield from _lora(layers, hidden, dtype)
        return
    arch = ARCHS[spec.arch]
    yield "model.embed_tokens.weight", dtype, (arch.vocab, hidden)
    if arch.position_ids:
        yield "model.embeddings.position_ids", "I64", (1, 512)
    for layer in range(layers):
        for name, (rows, columns) in _linears(hidden):
            if spec.dtype in ("GPTQ", "AWQ"):
                yield f"model.layers.{layer}.{name}.qweight", "I32", (rows // 8, columns)
            else:
                yield f"model.layers.{layer}.{name}.weight", dtype, (rows, columns)
        yield f"model.layers.{layer}.input_layernorm.weight", dtype, (hidden,)
        yield f"model.layers.{layer}.post_attention_layernorm.weight", dtype, (hidden,)
    yield "model.norm.weight", dtype, (hidden,)


def _lora(layers: int, hidden: int, dtype: str) -> Iterator[Tensor]:
    for layer in range(layers):
        for letter in "qv":
            stem = f"base_model.model.layers.{layer}.self_attn.{letter}_proj"
            yield f"{stem}.lora_A.weight", dtype, (16, hidden)
            yield f"{stem}.lora_B.weight", dtype, (hidden, 16)


def parameters(spec: Spec) -> dict[str, int]:
    """Parameters by dtype, by formula: equal to the sum over `tensors`."""
    layers, hidden = spec.size
    dtype = _float_dtype(spec)
    if spec.library == "peft":
        return {dtype: layers * 64 * hidden}
    arch = ARCHS[spec.arch]
    linear, rest = layers * 12 * hidden * hidden, arch.vocab * hidden + (2 * layers + 1) * hidden
    counts = {"I32": linear // 8, dtype: rest} if spec.dtype in ("GPTQ", "AWQ") else {dtype: linear + rest}
    if arch.position_ids:
        counts["I64"] = 512
    return counts


def weight_bytes(spec: Spec) -> int:
    """Bytes of all tensors."""
    return sum(BYTES[dtype] * count for dtype, count in parameters(spec).items())


def shard_count(spec: Spec) -> int:
    """How many files the weights are split over."""
    return -(-weight_bytes(spec) // SHARD_BYTES)


def shards(spec: Spec) -> list[list[Tensor]]:
    """The tensors of each weight file."""
    count = shard_count(spec)
    room, filled = weight_bytes(spec) / count, 0.0
    parts: list[list[Tensor]] = [[] for _ in range(count)]
    for tensor in tensors(spec):
        parts[min(int(filled / room), count - 1)].append(tensor)
        filled += BYTES[tensor[1]] * prod(tensor[2])
    return parts


def header(part: list[Tensor]) -> tuple[bytes, int]:
    """A safetensors file's first bytes (length and JSON), and how many tensor bytes follow."""
    table: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, dtype, shape in part:
        end = offset + BYTES[dtype] * prod(shape)
        table[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(table, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, offset
