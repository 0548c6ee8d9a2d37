"""Keras configurations: what the layers, functions and modules that they name would do when they are revived."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from typing import Any

from probe.scan.detector import Blob, Budget
from probe.scan.readers import words
from probe.scan.readers.callables import is_name, judge
from probe.scan.readers.text import objects

#: A problem: the end of the rule's id, the message, and the path inside the configuration.
Problem = tuple[str, str, str]

_KERAS = ("keras", "tf_keras", "keras_core", "tensorflow.keras", "tensorflow.python.keras")
_WRAPPED_CODE = words("TorchModuleWrapper")
_VOCABULARY_LAYERS = words("StringLookup IntegerLookup IndexLookup TextVectorization")
_FETCHING_LAYERS = words("KerasLayer TFSMLayer JaxLayer FlaxLayer HubLayer")
# Members of Keras itself that load, fetch or unlock (CVE-2025-8747, CVE-2025-9906).
_GADGETS = words(
    "get_file load_model load_weights enable_unsafe_deserialization extract_archive import_module model_from_json "
    "model_from_config load_img deserialize_keras_object func_load clone_model"
)
_TF_FILES = re.compile(r"(?:^|\.)(?:read_file|write_file|matching_files|gfile|py_function|numpy_function|py_func)\b")
_FIRST = re.compile(rb'"class_name"')
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_MAX_CONFIG = 16 << 20
_MAX_CONFIGS = 5000


def is_config(value: dict[str, Any]) -> bool:
    """Whether a JSON object has the form of a serialised Keras object."""
    return isinstance(value.get("class_name"), str) and ("config" in value or "registered_name" in value)


def problems(document: Any, budget: Budget) -> Iterator[Problem]:
    """What a parsed configuration would do beyond building layers of Keras."""
    for path, value in objects(document, budget):
        if is_config(value):
            yield from _object(path, value)
        elif isinstance(value.get("fn"), str) and "class_name" not in value and "module" in value:
            yield from _module(path, str(value["module"]), value["fn"])


def _object(path: str, value: dict[str, Any]) -> Iterator[Problem]:
    name = value["class_name"]
    config = value.get("config")
    short = name.rsplit(">", 1)[-1].rsplit(".", 1)[-1]
    if short == "Lambda":
        yield from _lambda(path, config if isinstance(config, dict) else {})
    elif short == "__lambda__":
        yield "code", "a lambda stored as compiled code", path
    elif short in _WRAPPED_CODE:
        yield "code", f"{short} holds a pickled torch module (CVE-2025-49655)", path
    elif short in _VOCABULARY_LAYERS and isinstance(config, dict) and isinstance(config.get("vocabulary"), str):
        yield "file", f"{short} reads its vocabulary from {config['vocabulary'][:80]!r} (CVE-2025-12058)", path
    elif short in _FETCHING_LAYERS and isinstance(config, dict):
        source = config.get("handle") or config.get("filepath") or ""
        yield "fetch", f"{short} loads another model{f' from {source[:120]!r}' if source else ''}", path
    elif short in ("TFOpLambda", "SlicingOpLambda"):
        function = config.get("function", "") if isinstance(config, dict) else ""
        if isinstance(function, str) and _TF_FILES.search(function):
            yield "gadget", f"calls TensorFlow's {function[:80]}", path
    if isinstance(module := value.get("module"), str) and module:
        target = config if short in ("function", "builtin_function_or_method") and isinstance(config, str) else name
        yield from _module(path, module, str(target))
    elif isinstance(registered := value.get("registered_name"), str) and ">" in registered:
        yield "custom", f"needs the class registered as {registered[:100]!r}", path
    elif ">" not in name and "." in name and judge(name) == "dangerous":
        yield "module", f"names {name[:100]!r}", path


def _lambda(path: str, config: dict[str, Any]) -> Iterator[Problem]:
    function = config.get("function")
    inner = function.get("config") if isinstance(function, dict) else None
    if isinstance(function, list) or (isinstance(inner, dict) and "code" in inner):
        yield "code", "a Lambda layer holds compiled code, run when the model is loaded (CVE-2024-3660)", path
    elif isinstance(function, str) and not is_name(function) and not re.fullmatch(r"[\w>.]+", function):
        yield "code", f"a Lambda layer holds code as text: {function[:80]!r}", path
    else:
        named = function if isinstance(function, str) else inner if isinstance(inner, str) else ""
        yield "lambda", f"a Lambda layer{f' of function {named[:80]!r}' if named else ''}", path
        module = config.get("module")
        if isinstance(module, str) and module and named:
            yield from _module(path, module, named)


def _module(path: str, module: str, member: str) -> Iterator[Problem]:
    """A ``module`` beside a class or function name is imported when it is revived (CVE-2025-1550)."""
    member = member.rsplit(">", 1)[-1]
    if member in _GADGETS:
        yield "gadget", f"revives {module[:80]}.{member}, which loads, fetches or unlocks", path
        return
    if module.split(".")[0] in _KERAS or module.startswith(_KERAS[3:]):
        return
    if module.split(".")[0] in ("builtins", "__builtin__"):
        # A function of the user's own is written down as a member of builtins: only Python's own are meant here.
        if judge(f"builtins.{member}") == "dangerous" and member in _BUILTINS:
            yield "module", f"revives builtins.{member}", path
        return
    verdict = judge(f"{module}.{member}" if is_name(member) else module)
    if verdict == "dangerous":
        yield "module", f"imports {module[:80]!r} for {member[:80]!r}", path
    elif verdict == "unlisted":
        yield "custom", f"needs {member[:80]!r} of the module {module[:80]!r}", path


_BUILTINS = words(
    "eval exec compile open getattr setattr delattr __import__ globals locals vars breakpoint input exit quit"
)


def embedded(blob: Blob, budget: Budget) -> Iterator[tuple[int, Any]]:
    """Configurations written as JSON inside a binary file: (offset, document), None where it could not be parsed.

    JSON holds no control characters, so the text around the first ``"class_name"`` is what lies between two.
    """
    data = blob.data
    at = run_end = 0
    decoder = json.JSONDecoder()
    for count in range(_MAX_CONFIGS + 1):
        match = _FIRST.search(data, at)
        if match is None:
            return
        budget.tick()
        if count == _MAX_CONFIGS:
            yield match.start(), None
            return
        start = _text_start(data, match.start(), at)
        if run_end <= match.start():
            stop = _CONTROL.search(data, match.end())
            run_end = stop.start() if stop else len(data)
        end = min(run_end, start + _MAX_CONFIG)
        document, used = None, 0
        for window in (1 << 16, _MAX_CONFIG):
            text = bytes(data[start : min(end, start + window)]).decode("utf-8", "surrogateescape")
            document, used = _decode(decoder, text)
            if used or start + window >= end:
                break
        yield start, document
        at = start + used if used else end
        at = max(at, match.end())


def _text_start(data: memoryview, at: int, least: int) -> int:
    step = 1 << 12
    stop = at
    while stop > least and at - stop < _MAX_CONFIG:
        begin = max(least, stop - step)
        if found := deque(_CONTROL.finditer(data[begin:stop]), maxlen=1):
            return begin + found[0].end()
        stop, step = begin, step * 2
    return stop


def _decode(decoder: json.JSONDecoder, text: str) -> tuple[Any, int]:
    """The first JSON object in the text that holds a class name, and the bytes used up to its end (0: none)."""
    at = text.find("{")
    for _ in range(16):
        if at < 0:
            break
        try:
            document, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        if '"class_name"' in text[at:end]:
            return document, len(text[:end].encode("utf-8", "surrogateescape"))
        at = text.find("{", end)
    return None, 0
