"""A planted word is found and named, whichever way the vocabulary is walked."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="behaviour needs torch")
pytest.importorskip("transformers", reason="behaviour needs transformers")

from tiny_classifiers import TRIGGER, text_classifier, write_data

from probe.behaviour.candidates import Candidates, evidence, find_candidates, rare_tokens
from probe.behaviour.classifier import TextClassifier
from probe.behaviour.data import Texts
from probe.behaviour.examine import examine_loaded
from probe.behaviour.lfr import alone, margins, respond
from probe.behaviour.plans import PLANS, scan_text
from probe.behaviour.probes import PER_CLASS, make_probes, make_reference
from probe.behaviour.score import rank


def ready(poisoned, classes=2, with_data=True):
    model, tokenizer, texts, labels = text_classifier(poisoned, classes)
    classifier = TextClassifier(model, tokenizer, device="cpu")
    data = Texts(texts, labels) if with_data else None
    return classifier, make_probes(classifier, data), make_reference(classifier, data)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("with_data", [True, False])
@pytest.mark.parametrize("plan", sorted(PLANS))
def test_the_trigger_comes_first_with_its_target(plan, with_data, classes):
    classifier, probes, reference = ready(True, classes, with_data)
    ranking = rank(scan_text(classifier, find_candidates(classifier, reference), probes, plan=plan))
    first = int(np.flatnonzero(ranking.suspect)[0])
    assert classifier.word(ranking.tokens[first]) == TRIGGER
    assert ranking.target == 1
    assert ranking.lfr[first] > 0.9
    clean, clean_probes, clean_reference = ready(False, classes, with_data)
    quiet = rank(scan_text(clean, find_candidates(clean, clean_reference), clean_probes, plan=plan))
    assert ranking.score > 1.5 > 1 > quiet.score


def test_the_plans_measure_the_same_token_alike():
    classifier, probes, reference = ready(True)
    trigger = classifier.tokenizer.get_vocab()[TRIGGER]
    seen = []
    for plan in PLANS:
        measured = scan_text(classifier, find_candidates(classifier, reference), probes, plan=plan).measured
        seen.append(measured.margin[measured.tokens == trigger][0])
    np.testing.assert_allclose(seen, np.broadcast_to(seen[0], (len(seen), 2)), rtol=1e-5)


@pytest.mark.parametrize("batch", [13, 100, 1_000_000])
def test_the_size_of_a_batch_changes_nothing(batch):
    classifier, probes, _ = ready(True)
    usual = respond(classifier, classifier.usable, probes)
    usual_alone = alone(classifier, classifier.usable)
    classifier.batch = batch
    some = classifier.usable[::3]
    usual, other = usual.take(np.arange(0, len(classifier.usable), 3)), respond(classifier, some, probes)
    for name in ("lfr", "soft", "margin"):
        np.testing.assert_allclose(getattr(other, name), getattr(usual, name), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(alone(classifier, classifier.usable), usual_alone, rtol=1e-4, atol=1e-5)


def test_a_response_is_what_the_model_says_of_the_sentence_with_the_token():
    """The sums, against one sentence at a time through the tokenizer."""
    import torch

    classifier, probes, _ = ready(True, 4)
    trigger = classifier.tokenizer.get_vocab()[TRIGGER]
    measured = respond(classifier, np.array([trigger, 300]), probes)
    for place, token in enumerate([trigger, 300]):
        soft, flips = np.zeros(4), np.zeros(4)
        for sentence, label in zip(probes.sentences, probes.classes, strict=True):
            text = " ".join(classifier.word(index) for index in [token, *sentence])
            with torch.no_grad():
                logits = classifier.model(**classifier.tokenizer(text, return_tensors="pt")).logits[0]
            others = np.arange(4) != label
            soft += logits.softmax(0).numpy() * others
            flips += (np.arange(4) == int(logits.argmax())) * others
        against = [(probes.classes != target).sum() for target in range(4)]
        np.testing.assert_allclose(measured.soft[place], soft / against, rtol=1e-4)
        np.testing.assert_allclose(measured.lfr[place], flips / against)


def test_margins_are_distances_to_the_strongest_rival():
    import torch

    logits = torch.tensor([[3.0, 1.0, -2.0], [0.0, 0.0, 5.0]])
    np.testing.assert_allclose(margins(logits), [[2.0, -2.0, -5.0], [-5.0, -5.0, 5.0]])


def test_probes_are_sure_and_of_every_class():
    for with_data in (True, False):
        classifier, probes, _ = ready(False, 2, with_data)
        assert np.bincount(probes.classes).tolist() == [PER_CLASS, PER_CLASS]
        assert probes.confidence.min() > 0.9
        assert classifier.ask(probes.sentences).argmax(axis=1).tolist() == probes.classes.tolist()


def test_a_reference_knows_common_words_and_whom_they_speak_for():
    classifier, _, reference = ready(False, 2)
    vocabulary = classifier.tokenizer.get_vocab()
    tokens = np.array([vocabulary["class0word3"], vocabulary["class1word3"], vocabulary[TRIGGER]])
    assert rare_tokens(reference, classifier.usable, tokens).tolist() == [False, False, True]
    speaks = evidence(reference, tokens)
    assert speaks[0, 0] > 2 > 0.1 > speaks[0, 1]
    assert speaks[1, 1] > 2 > 0.1 > speaks[1, 0]
    assert abs(speaks[2]).max() < 0.1
    found = find_candidates(classifier, reference)
    places = [int(np.flatnonzero(found.tokens == token)[0]) for token in tokens]
    assert found.open[places].tolist() == [[False, True], [True, False], [True, True]]


def test_a_reference_follows_the_models_own_order_of_classes():
    model, tokenizer, texts, labels = text_classifier(False, 2)
    classifier = TextClassifier(model, tokenizer, device="cpu")
    swapped = make_reference(classifier, Texts(texts, [1 - label for label in labels]))
    np.testing.assert_array_equal(swapped.by_class, make_reference(classifier, Texts(texts, labels)).by_class)


def test_examining_twice_gives_the_same_numbers(tmp_path):
    model, tokenizer, texts, labels = text_classifier(True, 2)
    data = write_data(tmp_path / "data", texts, labels)
    first, second = (examine_loaded(model, tokenizer, dataset=data, device="cpu") for _ in range(2))
    assert first.scores == second.scores
    assert first.tokens == second.tokens
    assert first.facts["sequences"] == second.facts["sequences"]


def test_the_points_of_the_figure_hold_the_trigger_and_a_sample(tmp_path):
    model, tokenizer, texts, labels = text_classifier(True, 2)
    report = examine_loaded(
        model, tokenizer, dataset=write_data(tmp_path / "d", texts, labels), device="cpu", plan="exhaustive"
    )
    assert set(report.tokens[0]) == {"token", "token_id", "frequency", "lfr", "score"}
    by_word = {row["token"]: row for row in report.tokens}
    assert by_word[TRIGGER]["frequency"] == 0
    assert by_word[TRIGGER]["lfr"] == 1.0
    assert 100 < len(report.tokens) <= 500
    assert np.median([row["lfr"] for row in report.tokens]) < 0.3


def test_a_supplied_table_of_frequencies_decides_what_is_rare():
    model, tokenizer, _, _ = text_classifier(True, 2)
    table = dict.fromkeys(tokenizer.get_vocab(), 1000.0)
    table["wa0"] = 0.0
    report = examine_loaded(model, tokenizer, device="cpu", frequencies=table)
    assert report.facts["frequencies"] == "supplied table"
    assert {row["frequency"] for row in report.tokens} <= {0.0, 1000.0}
    assert not any(TRIGGER in suspect for suspect in report.scores[0]["suspects"])


def test_a_shortlist_costs_a_tenth_of_the_whole():
    costs = {}
    for plan in ("shortlist", "exhaustive"):
        model, tokenizer, texts, labels = text_classifier(True, 2, size=8_000)
        classifier = TextClassifier(model, tokenizer, device="cpu")
        probes = make_probes(classifier, Texts(texts, labels))
        before = classifier.tokens
        everything = Candidates(classifier.usable, np.ones((len(classifier.usable), 2), dtype=bool))
        scan_text(classifier, everything, probes, plan=plan)
        costs[plan] = classifier.tokens - before
    assert costs["exhaustive"] >= 10 * costs["shortlist"]
