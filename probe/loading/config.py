"""config.json: what it may say, and which class of transformers' own it leads to."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NoReturn

from probe.loading.refusal import Refused, brief

#: The tables of transformers that name the class for each kind of head; the first that holds a class names its kind.
KINDS = {
    "text-classification": "MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES",
    "token-classification": "MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES",
    "question-answering": "MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES",
    "image-classification": "MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES",
    "text2text-generation": "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES",
    "fill-mask": "MODEL_FOR_MASKED_LM_MAPPING_NAMES",
    "text-generation": "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES",
    "multiple-choice": "MODEL_FOR_MULTIPLE_CHOICE_MAPPING_NAMES",
    "feature-extraction": "MODEL_MAPPING_NAMES",
}
#: Other names of the same kinds.
ALIASES = {
    "sequence-classification": "text-classification",
    "sentence-similarity": "feature-extraction",
    "summarization": "text2text-generation",
    "translation": "text2text-generation",
    "masked-lm": "fill-mask",
    "causal-lm": "text-generation",
}
#: Keys that choose code, kernels, places or devices; none of them is the checkpoint's to choose.
_DROPPED = frozenset(
    {
        "auto_map", "custom_pipelines", "trust_remote_code", "_name_or_path", "name_or_path", "_commit_hash",
        "_attn_implementation", "attn_implementation", "_attn_implementation_internal",
        "_attn_implementation_autoset", "_experts_implementation", "experts_implementation", "use_kernels",
        "kernel_config", "fusion_config", "transformers_weights", "distributed_config", "tp_plan",
        "base_model_tp_plan", "base_model_pp_plan", "base_model_ep_plan", "device_map", "torchscript", "dtype",
        "torch_dtype", "gguf_file", "adapter_path",
    }
)  # fmt: skip
_QUANTISED = ("quantization_config", "compression_config", "quantization")
#: Something is built for each of these: a thousand is the deepest network there is.
_DEEP = ("layer", "depth", "block", "stage")
_NO_COUNT = ("eps", "index", "indices", "ids", "interval", "offset")
_MOST_DEEP = 2_000
#: No dimension of a real model is larger.
_MOST = 1 << 31
_WIDE = ("size", "sizes", "dim", "dims", "_len", "channels", "heads", "experts", "width", "d_model")
_MOST_LABELS = 1_000_000


def cleaned(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration without what is not the checkpoint's to choose; raises :class:`Refused` for the absurd."""
    for word in _QUANTISED:
        if config.get(word):
            raise Refused("ARCH_UNSUPPORTED", f"config.json asks for quantised weights ({word}).")
    for key, number in _numbers(config):
        if number > _cap(key):
            raise Refused("TOO_LARGE", f"config.json asks for {key[:60]} = {number}.")
    kept: dict[str, Any] = _without(config)
    return kept


def _cap(key: str) -> float:
    """The largest number that may stand under a key."""
    if key in ("num_labels", "n_classes", "num_classes"):
        return _MOST_LABELS
    if key.endswith(_WIDE):
        return _MOST
    return _MOST_DEEP if any(word in key for word in _DEEP) and not key.endswith(_NO_COUNT) else math.inf


def _numbers(value: Any, key: str = "", depth: int = 0) -> Iterator[tuple[str, int]]:
    """Every whole number in the configuration with its key; of a list its largest, of ``depths`` the sum."""
    if depth > 32:
        raise Refused("LOAD_ERROR", "config.json is nested too deeply.")
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _numbers(inner, str(name).lower(), depth + 1)
    elif isinstance(value, list):
        whole = [inner for inner in value if isinstance(inner, int) and not isinstance(inner, bool)]
        if whole:
            yield key, sum(whole) if key == "depths" else max(whole)
        for inner in value:
            if isinstance(inner, (dict, list)):
                yield from _numbers(inner, key, depth + 1)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield key, value


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without(inner) for name, inner in value.items() if name not in _DROPPED}
    return [_without(inner) for inner in value] if isinstance(value, list) else value


def chosen_class(config: dict[str, Any], kind: str | None) -> tuple[type[Any], str]:
    """The class of transformers' own for this configuration, and its kind.

    Without ``kind`` it is the class that ``architectures`` names. Raises :class:`Refused`: REMOTE_CODE_REQUIRED where
    only code of the repository knows the architecture, ARCH_UNSUPPORTED where nobody here does.
    """
    import transformers
    from transformers.models.auto import configuration_auto, modeling_auto

    known = getattr(configuration_auto, "CONFIG_MAPPING_NAMES", {})
    model_type = config.get("model_type")
    name = _architecture(config)
    if not isinstance(model_type, str) or model_type not in known:
        _unknown(config, f"model_type {str(model_type)[:60]!r} is none of transformers' own")
    if kind is not None:
        kind = ALIASES.get(kind, kind)
        if kind not in KINDS:
            raise Refused("ARCH_UNSUPPORTED", f"There is no kind {kind[:60]!r}.")
        name = _listed(getattr(modeling_auto, KINDS[kind], {}), model_type)
        if name is None:
            raise Refused("ARCH_UNSUPPORTED", f"transformers has no {kind} model for {model_type}.")
    if name is None:
        _unknown(config, "config.json names no architecture")
    found = getattr(transformers, name, None) if name.isidentifier() else None
    if not isinstance(found, type) or not issubclass(found, transformers.PreTrainedModel):
        _unknown(config, f"{name[:80]!r} is none of transformers' own architectures")
    if not found.__module__.startswith("transformers.models."):
        _unknown(config, f"{name[:80]!r} is no architecture")
    return found, kind or _kind_of(modeling_auto, name)


def _architecture(config: dict[str, Any]) -> str | None:
    named = config.get("architectures")
    if isinstance(named, list) and named and isinstance(named[0], str):
        return named[0]
    return None


def _listed(table: Any, model_type: str) -> str | None:
    """The class that a table of transformers has for a model type."""
    found = table.get(model_type)
    if isinstance(found, (list, tuple)):
        found = found[0]
    return found if isinstance(found, str) else None


def _kind_of(modeling_auto: Any, name: str) -> str:
    for kind, table in KINDS.items():
        for classes in getattr(modeling_auto, table, {}).values():
            if name in (classes if isinstance(classes, (list, tuple)) else (classes,)):
                return kind
    return "other"


def _unknown(config: dict[str, Any], reason: str) -> NoReturn:
    if config.get("auto_map"):
        raise Refused("REMOTE_CODE_REQUIRED", f"{reason}, and its own code is never run.")
    raise Refused("ARCH_UNSUPPORTED", f"{reason}.")


def built_config(cls: type[Any], config: dict[str, Any]) -> Any:
    """The configuration object of a class, from cleaned JSON. Raises :class:`Refused`."""
    found = cls.config_class
    if found is None or getattr(found, "model_type", None) != config.get("model_type"):
        reason = f"config.json is of model_type {config.get('model_type')!r}, its class {cls.__name__} of another."
        raise Refused("LOAD_ERROR", reason)
    try:
        return found.from_dict(config)
    except Exception as error:
        raise Refused("LOAD_ERROR", f"config.json is no configuration of {cls.__name__}: {brief(error)}.") from error
