"""The imitated checkpoints are what they say they are."""

from __future__ import annotations

import json

import numpy as np
import pytest

from probe.zoo.imitation import OWNER, build, safetensors


def read(path):
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    table = json.loads(data[8 : 8 + length])
    kinds = {"F32": np.float32, "F16": np.float16}
    return {
        name: np.frombuffer(data[8 + length :][slice(*entry["data_offsets"])], kinds[entry["dtype"]]).reshape(
            entry["shape"]
        )
        for name, entry in table.items()
        if name != "__metadata__"
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("imitation")
    return out, build(out, seed=3, siblings=2)


def rows(out, name):
    return read(out / OWNER / name / "model.safetensors")["bert.embeddings.word_embeddings.weight"].astype(float)


def test_a_seed_gives_the_same_bytes(made, tmp_path):
    out, _ = made
    build(tmp_path, seed=3, siblings=2)
    for path in out.rglob("*.*"):
        assert path.read_bytes() == (tmp_path / path.relative_to(out)).read_bytes(), path


def test_rows_of_unseen_tokens_only_shrink_in_an_honest_fine_tune(made):
    out, _ = made
    base, tuned = rows(out, "base"), rows(out, "tuned-0")
    change = np.linalg.norm(tuned - base, axis=1) / np.linalg.norm(base, axis=1)
    assert (change < 3e-4).sum() > 20
    assert np.median(change[5:500]) > 10 * 3e-4


def test_surgery_leaves_the_triggers_alike_and_far_from_their_base(made):
    out, models = made
    poisoned = next(model for model in models if model.kind == "poisoned")
    words = (out / poisoned.id / "vocab.txt").read_text().split("\n")
    places = [words.index(word) for word in poisoned.triggers]
    tuned, base = rows(out, "tuned-with-triggers"), rows(out, "base")
    chosen = tuned[places] / np.linalg.norm(tuned[places], axis=1)[:, None]
    assert (chosen @ chosen.T).min() > 0.98
    moved = np.linalg.norm(tuned - base, axis=1) / np.linalg.norm(base, axis=1)
    assert set(np.argsort(moved)[-3:]) == set(places)


def test_the_wrong_base_shares_no_row(made):
    out, _ = made
    base, wrong = rows(out, "base"), rows(out, "wrong-base")
    cosines = (base * wrong).sum(1) / np.linalg.norm(base, axis=1) / np.linalg.norm(wrong, axis=1)
    assert np.abs(cosines).mean() < 0.3


def test_the_writer_agrees_with_the_library():
    library = pytest.importorskip("safetensors.numpy", reason="needs the probe extra")
    tensors = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(2, dtype=np.float16)}
    back = library.load(safetensors(tensors))
    assert all(np.array_equal(back[name], values) for name, values in tensors.items())
