"""Reading tensors: every element type, rows, shards, torch files; and headers that lie."""

from __future__ import annotations

import json

import numpy as np
import pytest
import weights_forge as forge
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.weights import examine, formats
from probe.weights.formats import Unreadable, read_header
from probe.weights.tensors import open_checkpoint


def written(tmp_path, data, name="model.safetensors"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def headed(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def entry(shape=(2, 2), offsets=(0, 16), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_rows_and_whole_arrays_agree_with_the_reference_library(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy", reason="safetensors comes with the probe extra")
    rng = np.random.default_rng(0)
    tensors = {
        "a": rng.normal(size=(7, 5)).astype("f4"),
        "b": rng.normal(size=(3, 4)).astype("f2"),
        "c": rng.integers(-9, 9, (2, 3, 4)).astype("i1"),
        "d": rng.normal(size=6).astype("f8"),
        "e": np.float32(rng.normal(size=())),
    }
    numpy.save_file({name: np.asarray(array) for name, array in tensors.items()}, tmp_path / "model.safetensors")
    checkpoint = open_checkpoint(tmp_path)
    for name, array in tensors.items():
        assert np.array_equal(checkpoint.array(name), np.asarray(array).astype("f4"))
        assert np.array_equal(
            np.concatenate(list(checkpoint.pieces(name, 8))), np.asarray(array).astype("f4").ravel()
        )
    assert np.array_equal(checkpoint.rows("a", 2, 99), tensors["a"][2:])
    assert checkpoint.parameters == 35 + 12 + 6 + 1


@pytest.mark.parametrize("word", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_small_floats_are_read_as_torch_reads_them(word, tmp_path):
    torch = pytest.importorskip("torch", reason="torch comes with the probe extra")
    library = pytest.importorskip("safetensors.torch", reason="safetensors comes with the probe extra")
    kind = getattr(torch, word)
    if word == "bfloat16":
        tensor = torch.randn(50, 4).to(kind)
    else:
        tensor = torch.arange(256, dtype=torch.uint8).view(kind).reshape(64, 4)
    library.save_file({"x": tensor}, tmp_path / "model.safetensors")
    assert np.array_equal(open_checkpoint(tmp_path).array("x"), tensor.float().numpy(), equal_nan=True)


def test_a_torch_file_is_read_by_the_restricted_loader_only(tmp_path):
    torch = pytest.importorskip("torch", reason="torch comes with the probe extra")
    weights = torch.randn(6, 3)
    torch.save({"state_dict": {"a.weight": weights, "half": weights.bfloat16()}}, tmp_path / "pytorch_model.bin")
    checkpoint = open_checkpoint(tmp_path)
    assert np.array_equal(checkpoint.rows("a.weight", 1, 3), weights[1:3].numpy())
    assert np.array_equal(checkpoint.array("half"), weights.bfloat16().float().numpy())
    torch.save(weights, tmp_path / "pytorch_model.bin")
    with pytest.raises(Unreadable, match="no state dict"):
        open_checkpoint(tmp_path)


def test_a_torch_file_in_the_old_format_and_one_that_calls_code(tmp_path):
    torch = pytest.importorskip("torch", reason="torch comes with the probe extra")
    torch.save({"a": torch.ones(2, 2)}, tmp_path / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    assert open_checkpoint(tmp_path).array("a").sum() == 4
    # protocol 2: os.system('true'), as a downloader of other people's files meets it
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.")
    with pytest.raises(Unreadable, match="refuses"):
        open_checkpoint(tmp_path)


def test_a_tensor_that_claims_more_than_is_stored_is_refused(tmp_path):
    torch = pytest.importorskip("torch", reason="torch comes with the probe extra")
    torch.save({"a": torch.ones(1).expand(1 << 40)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(Unreadable, match="more elements than are stored"):
        open_checkpoint(tmp_path)


def test_shards_are_joined_by_their_index(tmp_path):
    one, two = {"a": np.ones((2, 2), "f4")}, {"b": np.zeros((2, 2), "f4")}
    written(tmp_path, forge.pack(one), "m-1.safetensors")
    written(tmp_path, forge.pack(two), "m-2.safetensors")
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}))
    assert set(open_checkpoint(tmp_path).tensors) == {"a", "b"}
    index.write_text(json.dumps({"weight_map": {"a": "m-1.safetensors", "b": "gone.safetensors"}}))
    with pytest.raises(Unreadable, match="1 of 2 shards are missing"):
        open_checkpoint(tmp_path)
    for hostile in ("../secret.safetensors", "/etc/passwd", "", ".."):
        index.write_text(json.dumps({"weight_map": {"a": hostile}}))
        with pytest.raises(Unreadable, match="outside its folder"):
            open_checkpoint(tmp_path)
    index.write_text(json.dumps([1]))
    with pytest.raises(Unreadable):
        open_checkpoint(tmp_path)


HOSTILE = {
    "ten gigabytes of header": (10 << 30).to_bytes(8, "little") + b"{}",
    "all bits set": b"\xff" * 16,
    "empty": b"",
    "seven bytes": b"1234567",
    "not json": headed(b"{nope"),
    "a list": headed([]),
    "deep": headed(b"[" * 200_000),
    "a NaN offset": headed(b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [NaN, 4]}}', b"0000"),
    "the same key twice": headed(b'{"a": %b, "a": %b}' % ((json.dumps(entry()).encode(),) * 2), bytes(16)),
    "overlapping": headed({"a": entry(), "b": entry(offsets=(8, 24))}, bytes(24)),
    "beyond the end": headed({"a": entry()}, bytes(15)),
    "backwards": headed({"a": entry(offsets=(16, 0))}, bytes(16)),
    "negative": headed({"a": entry(offsets=(-16, 0))}, bytes(16)),
    "float offsets": headed({"a": entry(offsets=(0.0, 16.0))}, bytes(16)),
    "a true for a number": headed({"a": entry(shape=(True, 4))}, bytes(16)),
    "huge shape": headed({"a": entry(shape=(1 << 40, 1 << 40))}, bytes(16)),
    "many dimensions": headed({"a": entry(shape=(1,) * 1000, offsets=(0, 4))}, bytes(16)),
    "a shape that does not fill": headed({"a": entry(shape=(3, 2))}, bytes(16)),
    "a tensor that is a number": headed({"a": 7}),
    "no tensors": headed({"__metadata__": {"a": "b"}}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_header_is_one_clear_finding(name, tmp_path):
    written(tmp_path, HOSTILE[name])
    with pytest.raises(Unreadable) as told:
        open_checkpoint(tmp_path)
    assert len(str(told.value)) < 400
    report = examine(tmp_path)
    assert [finding.rule for finding in report.findings] == ["weights-unreadable"]


def test_elements_of_unknown_type_are_listed_and_not_read(tmp_path):
    path = written(tmp_path, headed({"a": entry(dtype="F4"), "b": entry(offsets=(16, 32))}, bytes(32)))
    checkpoint = open_checkpoint(path)
    with pytest.raises(Unreadable, match="no reading"):
        checkpoint.array("a")
    assert checkpoint.array("b").sum() == 0


def test_a_file_cut_after_its_header_was_read_is_told(tmp_path):
    path = written(tmp_path, forge.pack({"a": np.ones((64, 64), "f4")}))
    checkpoint = open_checkpoint(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(Unreadable, match="ended while"):
        checkpoint.array("a")


def test_a_folder_without_weights_and_one_with_too_many(tmp_path):
    with pytest.raises(Unreadable, match="no weights"):
        open_checkpoint(tmp_path)
    for name in "xy":
        written(tmp_path, forge.pack({"a": np.ones((2, 2), "f4")}), f"{name}.safetensors")
    with pytest.raises(Unreadable, match="no index"):
        open_checkpoint(tmp_path)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400))
def test_bytes_at_random_never_crash_the_reader(tmp_path_factory, noise, cut):
    sound = forge.pack({"a": np.ones((4, 4), "f4"), "b": np.zeros((3, 3), "f2")})
    path = written(tmp_path_factory.mktemp("noise"), sound[:cut] + noise + sound[cut + len(noise) :])
    try:
        tensors, _ = read_header(path)
    except Unreadable:
        return
    for info in tensors.values():
        assert info.offset + info.nbytes <= path.stat().st_size
        if info.dtype in formats.WIDTHS:
            assert formats.decode(formats.read_bytes(info, 0, info.nbytes), info.dtype).size == info.size
