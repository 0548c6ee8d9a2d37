"""Which files a stage needs, and which names never reach the disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.fetch import Remote, choose
from probe.fetch.wanted import safe_name

GB = 10**9


def _names(files):
    return {file.path for file in files}


def _remote(*names, size=100):
    return [Remote(name, size, "0" * 64) for name in names]


def test_safetensors_are_the_weights_and_the_scanner_sees_the_rest():
    files = _remote(
        "model.safetensors", "pytorch_model.bin", "tf_model.h5", "config.json", "tokenizer.json", "README.md", "x.py",
        "optimizer.pt", "checkpoint-500/pytorch_model.bin", "picture.png", ".eval_results/sst2.yaml",
    )  # fmt: skip
    weights = choose(files, {"weights"})
    assert _names(weights.whole) == {
        "model.safetensors", "config.json", "tokenizer.json", "README.md", ".eval_results/sst2.yaml",
    }  # fmt: skip
    scan = choose(files, {"scan"})
    assert _names(scan.whole) >= {"pytorch_model.bin", "tf_model.h5", "x.py", "config.json"}
    assert "model.safetensors" not in _names(scan.whole)
    assert {path for path, _, _ in choose(files).left_out} == {
        "optimizer.pt", "checkpoint-500/pytorch_model.bin", "picture.png",
    }  # fmt: skip


def test_pickled_weights_where_there_are_no_others():
    assert "pytorch_model.bin" in _names(choose(_remote("pytorch_model.bin", "config.json"), {"triggers"}).whole)
    sharded = _remote("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "pytorch_model.bin")
    assert _names(choose(sharded, {"weights"}).whole) == {
        "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
    }  # fmt: skip
    assert _names(choose(_remote("own.safetensors"), {"weights"}).whole) == {"own.safetensors"}


def test_of_large_weights_only_the_embedding():
    files = _remote("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", size=2 * GB)
    files += _remote("model.safetensors.index.json", "config.json")
    wanted = choose(files, largest=3 * GB)
    assert _names(wanted.whole) == {"config.json"} and len(wanted.ranged) == 2
    assert not choose(files, largest=5 * GB).ranged
    pickled = choose(_remote("pytorch_model.bin", size=2 * GB), largest=GB)
    assert not pickled.whole and not pickled.ranged and pickled.left_out[0][2] == "too large"


def test_what_the_scanner_gets_is_bounded_in_all():
    files = _remote(*(f"pytorch_model-{n:05d}-of-00005.bin" for n in range(5)), size=GB)
    files += _remote("model.safetensors", "x.pkl", "config.json")
    wanted = choose(files, largest=2 * GB + 1_000)
    assert _names(wanted.whole) >= {"model.safetensors", "x.pkl", "config.json"} and wanted.bytes <= 4 * GB
    assert sum(why == "too large" for _, _, why in wanted.left_out) == 3


HOSTILE = [
    "", "/etc/passwd", "../evil", "a/../../evil", "a//b", "./a", "a/.", "a\\b", "C:evil", "~/.bashrc", "a\x00b",
    "a\nb", "a/\u202eb", "CON", "nul.txt", "a /b", "a.", "x" * 300, "/".join("a" * 40), "a/",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_refused(name):
    assert not safe_name(name)
    assert choose(_remote(name, "config.json")).unsafe == [name[:200]]


@given(st.text(max_size=30) | st.lists(st.sampled_from(["..", ".", "a", "b.bin", ""]), max_size=6).map("/".join))
def test_a_safe_name_stays_below_its_folder(name):
    if safe_name(name):
        root = Path("/cache/snapshot")
        place = Path(os.path.normpath(root / name))
        assert place.is_relative_to(root) and place != root and place == root / name
