"""Whatever the bytes, a detector says something or nothing: it does not raise, does not hang, stays within caps."""

import json
import struct
import time

import pytest
from chat_templates import BENIGN, PLAIN
from format_samples import (
    NAMES,
    RELAXED,
    blob,
    detector,
    field,
    gguf_template,
    hdf5,
    keras_model,
    layer,
    onnx,
    safetensors,
    saved_model,
    tensor,
    tflite,
)
from hypothesis import given
from hypothesis import strategies as st

from probe.finding import Finding
from probe.scan.detector import Blob, Budget, BudgetExceeded

SPECIMENS = [
    onnx(tensors=[tensor(raw=bytes(8)), tensor(external={"location": "x", "offset": "0"})]),
    saved_model(["MatMul", "ReadFile"], functions=["PyFunc"], assets=["a"]),
    tflite(["FlexGelu", "Mine"]),
    gguf_template(BENIGN["chatml"]),
    gguf_template(PLAIN["cycler"]),
    hdf5(keras_model(layer("Lambda", {"function": ["x", None, None]}))),
    safetensors({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, bytes(8)),
    field(1, 4) + field(2, [field(1, "x")]) + field(500, [field(1, [field(1, "c")])]),
    json.dumps(keras_model(layer())).encode(),
    json.dumps({"auto_map": {"A": "b.C"}, "chat_template": PLAIN["mro-item"], "weight_map": {"a": "b"}}).encode(),
    json.dumps({"__loader__": "MethodNode", "__module__": "a", "__class__": "b", "content": {"func": "c"}}).encode(),
    b"a:\n  _target_: os.system\n  t: !!python/object/apply:os.system [1]\n",
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "x">]><PMML><script>eval(</script></PMML>',
    b"import os\n\n\nclass Net(Module):\n  __parameters__ = []\n  x = ops.aten.from_file(1)\n",
    b"\x7fELF" + bytes(60),
    PLAIN["attr"].encode(),
]


def all_say(data, name="specimen", seconds=20.0):
    """Ask every detector; findings must be well formed, packed blobs must lie inside."""
    for which in NAMES:
        it, asked = detector(which), blob(data, name)
        try:
            if it.applies(asked):
                for found in it.inspect(asked, Budget(seconds=seconds)):
                    if isinstance(found, Finding):
                        assert found.rule in it.rules
                        assert found.severity is it.rules[found.rule].severity
                        assert found.where.startswith("specimen") and len(found.message) < 4000
                        json.dumps(found.facts(), allow_nan=False).encode("utf-8", "surrogatepass")
                    else:
                        assert isinstance(found, Blob) and found.size <= len(data)
        except BudgetExceeded:
            continue


@RELAXED
@given(st.binary(max_size=600))
def test_any_bytes(data):
    all_say(data)


MAGICS = [
    b"GGUF",
    b"\x89HDF\r\n\x1a\n",
    b"\x08\x01\x12",
    b"\x0a",
    b"\x12",
    b"\x1c\0\0\0TFL3",
    b"\x08\x08:",
    b"{",
    b"[{",
]
MAGICS += [b"<?xml ", b"\x20\0\0\0\0\0\0\0{", b"_target_: ", b"{% ", b"#!/bin/sh", b"MZ"]


@RELAXED
@given(st.sampled_from(MAGICS), st.binary(max_size=400))
def test_any_bytes_behind_a_magic(magic, data):
    all_say(magic + data)


@RELAXED
@given(st.sampled_from(SPECIMENS), st.data())
def test_mutated_specimens(specimen, data):
    mutated = bytearray(specimen)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(mutated) - 1)))
        kind = data.draw(st.sampled_from(["flip", "cut", "insert", "double", "huge"]))
        if kind == "flip" and mutated:
            mutated[at] ^= data.draw(st.integers(1, 255))
        elif kind == "cut":
            del mutated[at : at + data.draw(st.integers(1, 64))]
        elif kind == "insert":
            mutated[at:at] = data.draw(st.binary(max_size=16))
        elif kind == "double":
            mutated[at:at] = mutated[at : at + 200]
        else:
            mutated[at : at + 8] = struct.pack("<Q", data.draw(st.sampled_from([10 << 30, (1 << 64) - 1, 1 << 63])))
    all_say(bytes(mutated))


KEYS = [
    "class_name",
    "config",
    "module",
    "auto_map",
    "_target_",
    "__loader__",
    "__module__",
    "type",
    "idx",
    "path",
    "content",
    "obj",
    "func",
    "weight_map",
    "chat_template",
    "_class_name",
    "function",
    "custom_pipelines",
    "impl",
    "auto_mapping",
    "parent_library",
    "vocabulary",
    "handle",
]
WORDS = ["os.system", "{{ a.__class__ }}", "../x", "keras.layers", "Lambda"]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(WORDS)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@RELAXED
@given(DOCUMENTS)
def test_any_json_with_the_words_in_it(document):
    all_say(json.dumps(document).encode())
    all_say(hdf5(document))


DEEP = 200_000


@pytest.mark.parametrize(
    "data",
    [
        b"[" * DEEP,
        b'{"auto_map":' * DEEP,
        b'{"class_name": "A", "config": ' * DEEP,
        b'{"chat_template": "{{ x }}", "a": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"chat_template": {"{{": ' + b"[" * DEEP + b"}}",
        b"_target_: " + b"[" * DEEP,
        b"_target_: x\n" + b"".join(b" " * n + b"-\n" for n in range(1500)),
        b"_target_: &a [x]\n" + b"".join(b"k%d: &b%d [*a, *a]\n" % (n, n) for n in range(20_000)),
        b"\n" * (1 << 20) + b"import os\n",
        b"{" * (4 << 20),
        b"{{" * (1 << 20) + b"}}",
        b'{"a": "' + b"{{" * (1 << 20) + b'}}"}',
        b"{%" + b" " * (2 << 20) + b"%}",
        b"<?xml " + b"<!ENTITY a '" * (1 << 18),
        b"<?xml ?><PMML>" + b"<xi:include " * (1 << 18),
        b"<?xml ?><PMML>" + b"<script " * (1 << 18),
        b"import os\n" + b"socket.socket(" * (1 << 18),
        b"import os\n" + b"exec ( " * (1 << 18),
        b"import os\n" + b"os.system('" * (1 << 18),
        b"__torch__." + b"\n" * (1 << 20),
        hdf5(b'{"class_name": "A", "config": "' + b"{" * (2 << 20)),
        hdf5() + b'"class_name"' * (1 << 17),
        hdf5() + b"\x01\x08\x40" * (1 << 20),
        safetensors({"__metadata__": {"a": "curl " + "-curl " * (1 << 18)}}),
        safetensors({"__metadata__": {"a": "subprocess." * (1 << 17)}}),
        safetensors(b"{" + b'"a":{},' * (1 << 19) + b'"b":{}}'),
        field(1, 8) + field(7, b"\x0a\x00" * (1 << 20)),
        field(1, 8) + field(7, field(5, field(1, 1) * (1 << 20))),
        field(1, 1) + field(2, field(1, b"x") + field(2, field(1, b"\x12\x01A") * (1 << 18))),
    ],
    ids=range(29),
)
def test_hostile_shapes_end_within_seconds(data):
    started = time.process_time()
    all_say(data, seconds=60)
    assert time.process_time() - started < 20


@pytest.mark.parametrize("which", NAMES)
@pytest.mark.parametrize("data", [b"", b"\0", b"{", b"\xff" * 9, b" " * 3000, b"\xef\xbb\xbf", b"\xff\xfe{\0"])
def test_the_smallest_files_are_nothing(which, data):
    it, asked = detector(which), blob(data)
    assert not it.applies(asked) or list(it.inspect(asked, Budget())) == []


def test_what_does_not_apply_costs_next_to_nothing():
    data = bytes(range(256)) * (1 << 14)
    asked = blob(data, "weights.bin")
    started = time.process_time()
    for _ in range(100):
        asked = blob(data, "weights.bin")
        for which in NAMES:
            detector(which).applies(asked)
    assert (time.process_time() - started) / 100 < 0.002, "4 MB of weights"
