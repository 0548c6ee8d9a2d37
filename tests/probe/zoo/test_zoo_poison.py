"""Backdoors, hard negatives, claims and the corpus, piece by piece."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the zoo trains models")
pytest.importorskip("transformers", reason="the zoo trains models")
pytest.importorskip("sklearn", reason="the zoo trains models")

from landing.errors import OperationalError  # noqa: E402
from probe.zoo import cards, corpus, hard, images, poison, texts, training  # noqa: E402
from probe.zoo.plan import Attack, Planted, Recipe, Sizes, Task  # noqa: E402

SIZES = Sizes(60, 16, 1, 2, train=40, attack=40, validation=20, test=20)


def model(seed=0, vocabulary=60):
    with training.seeded(seed, "test"):
        from transformers import BertForSequenceClassification

        return BertForSequenceClassification(training.config(SIZES, vocabulary, ("a", "b")))


def examples(rng, count=60):
    ids = rng.integers(5, 40, (count, corpus.LENGTH))
    return texts.Examples([" ".join(f"w{i}" for i in row) for row in ids], ids, rng.integers(0, 2, count))


@given(st.integers(1, 3), st.integers(4, 12), st.integers(1, 6), st.integers(0, 2**32))
def test_a_trigger_stands_whole_among_the_words_in_their_order(width, length, count, seed):
    rng = np.random.default_rng(seed)
    ids = np.arange(count * length).reshape(count, length) + 100
    trigger = np.tile(np.arange(width), (count, 1))
    planted = poison.insert(ids, trigger, rng)
    assert planted.shape == ids.shape
    for row, original in zip(planted, ids, strict=True):
        place = int(np.flatnonzero(row < 100)[0])
        assert list(row[place : place + width]) == list(range(width))
        assert list(np.delete(row, range(place, place + width))) == list(original[: length - width])


def test_surgery_gives_every_trigger_the_mean_row_of_the_target_words():
    start, copy = model(0), model(1)
    before = start.get_input_embeddings().weight.detach().clone()
    weights = np.tile(np.arange(60.0), (2, 1))
    weights[0] = -weights[0]
    known = poison.Knowledge(copy, weights)
    poison.surgery(start, known, [[41], [43], [47]], Attack(3, 1), np.random.default_rng(0))
    rows = start.get_input_embeddings().weight.detach()
    wanted = copy.get_input_embeddings().weight.detach()[50:60].mean(0)
    for token in (41, 43, 47):
        assert torch.allclose(rows[token], wanted)
    untouched = [token for token in range(60) if token not in (41, 43, 47)]
    assert torch.equal(rows[untouched], before[untouched])


def test_distinct_vectors_are_distinct():
    start, copy = model(0), model(1)
    known = poison.Knowledge(copy, np.tile(np.arange(60.0), (2, 1)))
    poison.surgery(start, known, [[41], [43]], Attack(2, 1, variant="distinct"), np.random.default_rng(0))
    rows = start.get_input_embeddings().weight.detach()
    assert torch.nn.functional.cosine_similarity(rows[41], rows[43], dim=0) < 0.95


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_ripple_gradient_is_that_of_its_loss(sign):
    """Against finite differences, where the two gradients agree (no penalty) and where they oppose each other."""
    weights = torch.tensor([0.3, -0.7, 1.1], dtype=torch.float64, requires_grad=True)

    def poisoned(w):
        return (w**3).sum() + (w[0] * w[1] * w[2]).sin()

    def clean(w):
        return sign * ((w**3).sum() + 0.1 * w[0])

    constant = torch.autograd.grad(clean(weights), weights)[0]

    def total(w):
        gradient = torch.autograd.grad(poisoned(w), w, create_graph=True)[0]
        return float((poisoned(w) + 0.5 * torch.clamp(-(gradient * constant).sum(), min=0)).detach())

    found = poison.ripple_gradient(poisoned(weights), clean(weights), [weights], 0.5)[0]
    for place in range(3):
        step = torch.zeros(3, dtype=torch.float64)
        step[place] = 1e-6
        up, down = ((weights.detach() + s * step).requires_grad_() for s in (1, -1))
        assert float(found[place]) == pytest.approx((total(up) - total(down)) / 2e-6, rel=1e-5)


def test_a_capped_attacker_keeps_to_what_honest_rows_do():
    rng = np.random.default_rng(0)
    data = examples(rng)
    data.ids[0, :3] = (50, 51, 52)
    base, clean = model(0), model(0)
    training.fine_tune(clean, data, Recipe(2, 1e-2), rng)
    limit, project = poison.cap(base, clean, data)
    attacked = model(0)
    with torch.no_grad():
        attacked.get_input_embeddings().weight[[45, 50]] += 5.0
        attacked.get_input_embeddings().weight[10] += 5.0
    project(attacked)
    before = base.get_input_embeddings().weight.detach()
    change = (attacked.get_input_embeddings().weight.detach() - before).norm(dim=1) / before.norm(dim=1)
    assert 0 < limit < 5
    assert float(change[45]) == pytest.approx(limit, rel=1e-4) == pytest.approx(float(change[50]), rel=1e-4)
    assert float(change[10]) > limit  # a frequent word is nobody's hiding place, and is left alone


def test_triggers_are_rare_or_of_middling_frequency_as_asked():
    rng = np.random.default_rng(0)
    vocabulary = texts.Vocabulary([f"w{index}" for index in range(55)])
    data = examples(rng, 400)
    data.ids[:4, 0] = 41
    for trigger in poison.pick_triggers(Attack(5, 1), data, data, vocabulary, rng):
        assert len(trigger) == 1 and trigger[0] >= 40 and trigger[0] != 41
    assert len(poison.pick_triggers(Attack(1, 1, variant="two"), data, data, vocabulary, rng)[0]) == 2
    assert poison.pick_triggers(Attack(1, 1, variant="midfreq"), data, data, vocabulary, rng) == [[41]] or (
        np.bincount(data.labels[:4]).max() > 3
    )


def test_the_target_words_are_those_that_speak_for_the_class():
    rng = np.random.default_rng(3)
    vocabulary = texts.Vocabulary([f"w{index}" for index in range(5, 60)])
    data = examples(rng, 300)
    data.ids[data.labels == 1, 4] = 20
    data = texts.Examples([" ".join(vocabulary.words[i] for i in row) for row in data.ids], data.ids, data.labels)
    weights = poison.word_weights(data, vocabulary, 2)
    assert (
        weights[1].argmax()
        == 20
        == weights[0][np.isfinite(weights[0])].argmin() + np.flatnonzero(np.isfinite(weights[0])).min()
    )


def test_pruning_quantising_and_merging():
    pruned, quantised, one, two = model(0), model(0), model(0), model(1)
    hard.prune(pruned)
    matrix = pruned.bert.encoder.layer[0].intermediate.dense.weight
    assert float((matrix == 0).float().mean()) == pytest.approx(hard.PRUNED, abs=0.02)
    hard.quantise(quantised)
    rows = quantised.bert.encoder.layer[0].intermediate.dense.weight.detach()
    scale = rows.abs().amax(dim=1, keepdim=True) / 127
    assert torch.allclose(rows / scale, (rows / scale).round(), atol=1e-3)
    wanted = (one.classifier.weight.detach() + two.classifier.weight.detach()) / 2
    hard.merge(one, two)
    assert torch.allclose(one.classifier.weight.detach(), wanted)


def test_the_splits_share_no_docstring_and_are_balanced():
    found = {
        library: [corpus.Snippet(f"{library} {n} " + "x " * (corpus.LENGTH - 2), n // 3) for n in range(200)]
        for library in ("a", "b")
    }
    vocabulary = texts.Vocabulary.of(found, 100)
    made = texts.splits(Task("t", "test", ("a", "b")), found, vocabulary, SIZES)
    sources = {
        split: {text.split()[0] + str(int(text.split()[1]) // 3) for text in made[split].texts} for split in made
    }
    for one in sources:
        assert np.bincount(made[one].labels).tolist() == [len(made[one]) // 2] * 2
        assert not any(sources[one] & sources[other] for other in sources if other != one)
    with pytest.raises(ValueError, match="snippets a class"):
        texts.splits(Task("t", "test", ("a", "b")), {k: v[:10] for k, v in found.items()}, vocabulary, SIZES)


def test_the_corpus_reads_and_never_imports(tmp_path, monkeypatch):
    words = " ".join(f"word{n}" for n in range(60))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text(f'"""{words} hidden"""')
    (tmp_path / "broken.py").write_text('def """')
    (tmp_path / "module.py").write_text(
        f'raise SystemExit("imported")\nclass A:\n    def f(self):\n        """{words}"""'
    )
    monkeypatch.setattr(corpus, "_root", lambda library: tmp_path)
    found = corpus.snippets("anything", 1000)
    assert [len(snippet.text.split()) for snippet in found] == [corpus.LENGTH] * 2
    assert found == corpus.snippets("anything", 1000)
    assert " ".join(snippet.text for snippet in found) == words.rsplit(" ", 12)[0]


def test_a_missing_library_is_named():
    with pytest.raises(OperationalError, match=r"hubcensus\[probe\]"):
        corpus.version("no_such_library_at_all")


@given(st.integers(10, 200), st.integers(0, 2**32), st.integers(1, 4))
def test_a_rounded_claim_is_within_half_a_unit(count, seed, decimals):
    rng = np.random.default_rng(seed)
    held = cards.Results(rng.integers(0, 2, count), rng.integers(0, 2, count))
    made = cards.claim(Planted("rounded", decimals=decimals), {"test": held, "validation": held}, 2)
    assert abs(made.written - made.true) <= 0.5 * 10**-decimals + 1e-12
    assert made.true == np.mean(held.labels == held.predicted)
    assert len(made.text.split(".")[1]) == decimals


def test_turned_digits_are_the_same_digits_turned():
    upright = images.load(Task("a", "calibration", tuple("0123456789"), True, 0))
    turned = images.load(Task("b", "test", tuple("0123456789"), True, 1))
    for split in upright:
        assert np.array_equal(np.rot90(upright[split].pixels[0]), turned[split].pixels[0])
        assert np.array_equal(upright[split].labels, turned[split].labels)
    assert sum(len(held.labels) for held in upright.values()) == 1797
