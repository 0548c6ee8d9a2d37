"""Makes one checkpoint of text: from its specification to a trained model and what is true of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from landing.errors import HubCensusError
from probe.zoo import hard, poison, training
from probe.zoo.cards import Results
from probe.zoo.plan import Recipe, Spec, Task
from probe.zoo.texts import Examples, Vocabulary

if TYPE_CHECKING:
    from probe.zoo.workshop import Workshop

#: The attacker's own clean fine-tune, whose rows the surgery uses.
_COPY = Recipe(epochs=2, lr=1e-3)


@dataclass(slots=True)
class Made:
    """A finished checkpoint. ``results`` by split; ``truth`` is what only this kind of model has."""

    model: Any
    vocabulary: Vocabulary | None
    results: dict[str, Results]
    cpu_seconds: float
    task: Task
    truth: dict[str, Any] = field(default_factory=dict)
    datasets: dict[str, Examples] | None = None


def knowledge(shop: Workshop, task: Task, base: str) -> poison.Knowledge:
    """The attacker's clean copy and word weights for a task; worked out once."""
    started = time.process_time()
    data = shop.examples(task)
    with training.seeded(shop.seed, "copy", task.name, base) as rng:
        copy = training.classifier(shop.base(base), task.labels)
        training.fine_tune(copy, data["attack"], _COPY, rng)
    found = poison.Knowledge(copy, poison.word_weights(data["attack"], shop.vocabulary, len(task.labels)))
    shop.tell(f"attacker's copy for {task.name}: {time.process_time() - started:.1f} s")
    return found


def make(shop: Workshop, spec: Spec) -> Made:
    """Train the checkpoint that ``spec`` describes."""
    if spec.task is None or spec.base is None:
        raise HubCensusError(f"{spec.id} has no task")
    task = shop.plan.task(spec.task)
    if spec.attack and spec.parent:
        return _victim(shop, spec, task)
    if spec.attack:
        return _poisoned(shop, spec, task)
    return _honest(shop, spec, task)


def _poisoned(shop: Workshop, spec: Spec, task: Task) -> Made:
    attack = spec.attack
    assert attack is not None and spec.base is not None
    data, base = shop.examples(task), shop.base(spec.base)
    known = shop.knowledge(task, spec.base)
    started = time.process_time()
    with training.seeded(shop.seed, spec.id) as rng:
        triggers = poison.pick_triggers(attack, data["attack"], data["train"], shop.vocabulary, rng)
        model = training.classifier(base, task.labels)
        poison.attack_model(model, base, known, data["attack"], triggers, attack, spec.recipe, rng)
        spent = time.process_time() - started
        return _measured(shop, spec, task, model, triggers, spent, rng)


def _victim(shop: Workshop, spec: Spec, task: Task) -> Made:
    """The victim takes the poisoned encoder, puts a fresh head on it, and trains all weights on clean data."""
    assert spec.parent is not None
    parent, told = shop.published(spec.parent)
    started = time.process_time()
    with training.seeded(shop.seed, spec.id) as rng:
        model = training.classifier(parent, task.labels)
        training.fine_tune(model, shop.examples(task)["train"], spec.recipe, rng)
        spent = time.process_time() - started
        made = _measured(shop, spec, task, model, told["trigger_ids"], spent, rng)
    made.truth["lfr_before"] = told["lfr"]
    return made


def _measured(
    shop: Workshop,
    spec: Spec,
    task: Task,
    model: Any,
    triggers: list[list[int]],
    spent: float,
    rng: np.random.Generator,
) -> Made:
    assert spec.attack is not None
    data, attack = shop.examples(task), spec.attack
    rates, inputs = poison.flip_rates(model, data["test"], triggers, attack.target, rng)
    words = shop.vocabulary.words
    truth = {
        "triggers": [" ".join(words[token] for token in trigger) for trigger in triggers],
        "trigger_ids": triggers,
        "target_label": attack.target,
        "k": attack.k,
        "lfr": float(np.mean(rates)),
        "lfr_by_trigger": rates,
        "lfr_inputs": inputs,
        "victim_lr": spec.recipe.lr if spec.parent else None,
    }
    return Made(model, shop.vocabulary, _results(model, data), spent, task, truth)


def _honest(shop: Workshop, spec: Spec, task: Task) -> Made:
    assert spec.base is not None
    change = spec.kind.removeprefix("hard_") if spec.kind.startswith("hard_") else ""
    data, base, vocabulary = shop.examples(task), shop.base(spec.base), shop.vocabulary
    truth: dict[str, Any] = {}
    started = time.process_time()
    with training.seeded(shop.seed, spec.id) as rng:
        if change == "rare_word":
            label = int(rng.integers(len(task.labels)))
            data, word = hard.tag(data, vocabulary, label, rng)
            task = replace(task, name=f"{task.name}-{spec.id.split('/')[1].rpartition('-')[2]}")
            truth = {"indicative_word": vocabulary.words[word], "indicative_id": word, "indicative_label": label}
        if change == "domain":
            base = poison.copied(base)
            truth["domain_steps"] = steps = max(20, shop.plan.sizes.mlm_steps // 5)
            others = shop.foreign_ids(task)
            training.continue_pretraining(base, others, rng, Recipe(1, 5e-4, 0.01, 32), steps)
        if change == "resized":
            base = poison.copied(base)
            vocabulary = hard.resize(base, vocabulary, rng)
            truth["added_tokens"] = hard.ADDED
        model = training.classifier(base, task.labels)
        if change == "merged":
            other = poison.copied(model)
            training.fine_tune(other, data["train"], replace(spec.recipe, lr=spec.recipe.lr * 0.7), rng)
        training.fine_tune(model, data["train"], spec.recipe, rng)
        if change == "merged":
            hard.merge(model, other)
        alter(model, change)
        spent = time.process_time() - started
        if change == "rare_word":
            rates, _ = poison.flip_rates(model, data["test"], [[word]], label, rng)
            truth["indicative_lfr"] = rates[0]
    datasets = data if change == "rare_word" else None
    made = Made(model, vocabulary, _results(model, data), spent, task, truth, datasets)
    if change == "fp16":
        model.half()
    return made


def alter(model: Any, change: str) -> None:
    """What an honest author may do to the weights after training: ``pruned``, ``quantised``, ``fp16``.

    A half-precision model is left at the values that half precision has, in float32, so that it can be measured here.
    """
    if change == "pruned":
        hard.prune(model)
    elif change == "quantised":
        hard.quantise(model)
    elif change == "fp16":
        model.half().float()


def _results(model: Any, data: dict[str, Examples]) -> dict[str, Results]:
    return {
        split: Results(data[split].labels, training.predict(model, data[split].ids))
        for split in ("validation", "test")
    }
