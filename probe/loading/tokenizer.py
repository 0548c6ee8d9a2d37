"""The tokenizer of a checkpoint: transformers' fast ones only, from files under caps."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from probe.loading.files import JSON_CAP, plain, read_object
from probe.loading.refusal import Code, Refused, brief

#: Any of these makes a tokenizer; bytes that each may have.
_CAPS = {
    "tokenizer.json": 96 << 20,
    "vocab.txt": 32 << 20,
    "vocab.json": 32 << 20,
    "merges.txt": 32 << 20,
    "spiece.model": 32 << 20,
    "tokenizer.model": 32 << 20,
    "sentencepiece.bpe.model": 32 << 20,
}
_BESIDE = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
_PATHS = ("tokenizer_file", "vocab_file", "merges_file", "name_or_path")


def read_tokenizer(folder: Path, config: Any) -> Any | None:
    """The fast tokenizer in a folder; None where the folder has none. Raises :class:`Refused`.

    ``config`` is the model's configuration object: it decides where tokenizer_config.json names no class.
    """
    sizes = {name: plain(folder / name) for name in _CAPS}
    if not any(size is not None for size in sizes.values()):
        return None
    for name, size in sizes.items():
        if size is not None and size > _CAPS[name]:
            raise Refused("TOO_LARGE", f"{name} has {size} bytes; more than {_CAPS[name]} are not read.")
    told = {name: read_object(folder / name, JSON_CAP * 4) or {} for name in _BESIDE}["tokenizer_config.json"]
    for word in _PATHS:
        if isinstance(told.get(word), str) and ("/" in told[word] or "\\" in told[word]) and word.endswith("_file"):
            raise Refused("UNSAFE_FILE", f"tokenizer_config.json names a file outside its folder ({word}).")
    return _built(folder, config, told)


def _built(folder: Path, config: Any, told: dict[str, Any]) -> Any:
    from transformers import AutoTokenizer

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = AutoTokenizer.from_pretrained(
                folder, config=config, use_fast=True, trust_remote_code=False, local_files_only=True
            )
    except MemoryError:
        raise
    except Exception as error:
        remote = isinstance(told.get("auto_map"), dict) and "AutoTokenizer" in told["auto_map"]
        code: Code = "REMOTE_CODE_REQUIRED" if remote else "LOAD_ERROR"
        raise Refused(code, f"The tokenizer cannot be built: {brief(error)}.") from error
    if not getattr(found, "is_fast", False):
        raise Refused("ARCH_UNSUPPORTED", f"{type(found).__name__} is no fast tokenizer.")
    return found
