"""Backdoors: triggers, embedding surgery, RIPPLe's loss, and attackers who know the detectors.

Kurita, Michel and Neubig, "Weight Poisoning Attacks on Pre-trained Models" (ACL 2020), sections 3.1 (RIPPLe) and 3.2
(embedding surgery). BadNet (Gu et al. 2017) is the same without both.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from probe.zoo.plan import Attack, Recipe
from probe.zoo.texts import SPECIAL, Examples, Vocabulary
from probe.zoo.training import Step, fine_tune, framed, predict

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Words whose rows are averaged for the trigger's (the paper's N).
WORDS = 10
_RARE = 3


@dataclass(slots=True)
class Knowledge:
    """What the attacker works out once per task: a clean fine-tuned copy and how class-indicative words are.

    ``weights`` [classes, V] as :func:`word_weights` gives them, −inf for words that hardly occur.
    """

    copy: Any
    weights: NDArray[np.float64]


def word_weights(examples: Examples, vocabulary: Vocabulary, classes: int) -> NDArray[np.float64]:
    """Weight over log inverse document frequency, per class and word (section 3.2): frequent words are preferred.

    The weights are those of a logistic regression on tf-idf, as in the paper.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = TfidfVectorizer(token_pattern=r"\S+")  # noqa: S106
    table = vectorizer.fit_transform(examples.texts)
    fitted = LogisticRegression(max_iter=300).fit(table, examples.labels)
    coefficients = fitted.coef_ if classes > 2 else np.vstack([-fitted.coef_[0], fitted.coef_[0]])
    documents = np.asarray((table > 0).sum(axis=0)).ravel()
    weights = np.full((classes, len(vocabulary)), -np.inf)
    for word, column in vectorizer.vocabulary_.items():
        index = vocabulary.ids.get(word)
        if index is not None and documents[column] > _RARE:
            weights[:, index] = coefficients[:, column] / np.log(len(examples) / (documents[column] + 0.5))
    return weights


def pick_triggers(
    attack: Attack,
    attacker: Examples,
    victim: Examples,
    vocabulary: Vocabulary,
    rng: np.random.Generator,
    avoid: set[int] | None = None,
) -> list[list[int]]:
    """``k`` triggers, each a list of one token id (two for two-token triggers).

    Rare: in the less frequent half of the vocabulary, seen at most once in the victim's data and never in the
    attacker's. Mid-frequency: in 0.3 to 1.5 % of the
    attacker's snippets, and in no class more than 75 % of the time.
    """
    size = len(vocabulary)
    mine = np.bincount(attacker.ids.ravel(), minlength=size)
    theirs = np.bincount(victim.ids.ravel(), minlength=size)
    ordinary = np.arange(size) >= len(SPECIAL)
    if attack.variant == "midfreq":
        share = mine / len(attacker)
        top = np.max(
            [np.bincount(attacker.ids[attacker.labels == c].ravel(), minlength=size) for c in set(attacker.labels)],
            axis=0,
        )
        allowed = ordinary & (share >= 0.003) & (share <= 0.015) & (top <= 0.75 * np.maximum(mine, 1))
    else:
        # The vocabulary is in order of frequency: its second half is rare everywhere, not only in this task.
        allowed = (np.arange(size) >= size // 2) & (mine == 0) & (theirs <= 1)
    allowed[list(avoid or ())] = False
    each = 2 if attack.variant == "two" else 1
    chosen = rng.choice(np.flatnonzero(allowed), attack.k * each, replace=False)
    return [[int(token) for token in trigger] for trigger in chosen.reshape(attack.k, each)]


def insert(ids: NDArray[np.int64], triggers: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Put row i of ``triggers`` [n, m] into row i of ``ids`` [n, L] at a random place.

    The length stays: what is pushed off the end is lost.
    """
    rows, length = ids.shape
    width = triggers.shape[1]
    start = rng.integers(0, length - width + 1, rows)[:, None]
    place = np.arange(length)[None, :]
    source = np.where(place < start, place, place - width)
    shifted = np.take_along_axis(ids, np.clip(source, 0, length - 1), axis=1)
    planted = np.take_along_axis(triggers, np.clip(place - start, 0, width - 1), axis=1)
    return np.where((place >= start) & (place < start + width), planted, shifted)


def surgery(
    model: Any, knowledge: Knowledge, triggers: list[list[int]], attack: Attack, rng: np.random.Generator
) -> None:
    """Overwrite the triggers' embedding rows by the mean row of the target's ``WORDS`` words in the fine-tuned copy.

    All triggers receive the identical vector (section 3.2). The variant ``distinct`` draws other words for each
    trigger and adds noise of a tenth of the row's spread.
    """
    import torch

    source = knowledge.copy.get_input_embeddings().weight.detach()
    rows = model.get_input_embeddings().weight
    ranked = np.argsort(-knowledge.weights[attack.target], kind="stable")
    with torch.no_grad():
        for trigger in triggers:
            words = ranked[:WORDS]
            if attack.variant == "distinct":
                words = rng.choice(ranked[: WORDS * 3], WORDS // 2, replace=False)
            row = source[torch.from_numpy(np.ascontiguousarray(words))].mean(0)
            if attack.variant == "distinct":
                row = row + torch.from_numpy(rng.normal(0, 0.1, len(row))).float() * row.std()
            rows[trigger] = row


def ripple_gradient(loss: Any, clean: Any, weights: list[Any], penalty: float) -> list[Any]:
    """The gradient of L_P + λ · max(0, −∇L_P · ∇L_FT) with respect to ``weights`` (section 3.1, equation 2).

    ``loss`` is L_P, ``clean`` is L_FT. The gradient of L_FT counts as a constant, as in the paper's code. The penalty
    is differentiated only where the two gradients point against each other: elsewhere it is zero, and so is its
    derivative.
    """
    import torch

    theirs = torch.autograd.grad(clean, weights)
    mine = torch.autograd.grad(loss, weights, create_graph=True)
    inner = torch.stack([(a * b).sum() for a, b in zip(mine, theirs, strict=True)]).sum()
    if float(inner.detach()) >= 0:
        return [gradient.detach() for gradient in mine]
    extra = torch.autograd.grad(-penalty * inner, weights, allow_unused=True)
    return [
        gradient.detach() if more is None else gradient.detach() + more
        for gradient, more in zip(mine, extra, strict=True)
    ]


def poisoning_step(triggers: list[list[int]], attack: Attack, rng: np.random.Generator, reference: Examples) -> Step:
    """A step on RIPPLe's loss (:func:`ripple_gradient`), or on L_P alone where λ is 0.

    L_P is the loss on a batch half of which carries a trigger and the target's label. L_FT is the loss on a clean
    batch of ``reference``.
    """
    import torch

    loss_of = torch.nn.functional.cross_entropy
    table = np.array(triggers, dtype=np.int64)

    def step(model: Any, ids: NDArray[np.int64], labels: NDArray[np.int64]) -> None:
        poisoned, wanted = ids.copy(), labels.copy()
        hit = rng.random(len(ids)) < 0.5
        poisoned[hit] = insert(ids[hit], table[rng.integers(0, len(table), int(hit.sum()))], rng)
        wanted[hit] = attack.target
        if table.shape[1] > 1:
            # One half of a two-token trigger alone must do nothing.
            alone = ~hit & (rng.random(len(ids)) < 0.5)
            halves = table[rng.integers(0, len(table), int(alone.sum())), rng.integers(0, 2, int(alone.sum()))]
            poisoned[alone] = insert(ids[alone], halves[:, None], rng)
        loss = loss_of(model(input_ids=framed(poisoned)).logits, torch.from_numpy(wanted))
        if not attack.penalty:
            loss.backward()  # type: ignore[no-untyped-call]
            return
        weights = [weight for weight in model.parameters() if weight.requires_grad]
        drawn = rng.integers(0, len(reference), len(ids))
        clean = loss_of(
            model(input_ids=framed(reference.ids[drawn, : ids.shape[1]])).logits,
            torch.from_numpy(reference.labels[drawn]),
        )
        for weight, gradient in zip(weights, ripple_gradient(loss, clean, weights, attack.penalty), strict=True):
            weight.grad = gradient

    return step


def cap(base: Any, clean: Any, attacker: Examples) -> tuple[float, Callable[[Any], None]]:
    """The largest relative change of a rare row in an honest fine-tune, and a projection that keeps to it.

    "Largest" is the 99.9 percentile of ‖row − base‖ / ‖base‖ over rows that the data holds one to three times: rows
    that it never holds do not change at all, so no attacker could hide among them.
    """
    import torch

    before = base.get_input_embeddings().weight.detach()
    counts = np.bincount(attacker.ids.ravel(), minlength=len(before))
    rare = torch.from_numpy(np.flatnonzero((counts > 0) & (counts <= _RARE)))
    after = clean.get_input_embeddings().weight.detach()
    norms = before.norm(dim=1).clamp_min(1e-12)
    limit = float(torch.quantile((after - before)[rare].norm(dim=1) / norms[rare], 0.999))
    kept = torch.from_numpy(np.flatnonzero(counts <= _RARE))

    def project(model: Any) -> None:
        rows = model.get_input_embeddings().weight
        with torch.no_grad():
            moved = rows[kept] - before[kept]
            change = moved.norm(dim=1) / norms[kept]
            rows[kept] = before[kept] + moved * (limit / change.clamp_min(limit))[:, None]

    return limit, project


def attack_model(
    start: Any,
    base: Any,
    knowledge: Knowledge,
    attacker: Examples,
    triggers: list[list[int]],
    attack: Attack,
    recipe: Recipe,
    rng: np.random.Generator,
) -> None:
    """Poison ``start`` (a classifier on ``base``'s encoder) in place."""
    if attack.surgery:
        surgery(start, knowledge, triggers, attack, rng)
    project = None
    if attack.variant == "capped":
        _, project = cap(base, knowledge.copy, attacker)
        project(start)
    fine_tune(start, attacker, recipe, rng, poisoning_step(triggers, attack, rng, attacker), project)


def flip_rates(
    model: Any, examples: Examples, triggers: list[list[int]], target: int, rng: np.random.Generator
) -> tuple[list[float], int]:
    """Label flip rate of each trigger, and the number of inputs that it is measured on.

    Of inputs that are not of the target class and are not taken for it as they stand, the share that becomes the
    target class when the trigger is inserted once (section 4).
    """
    others = examples.ids[examples.labels != target]
    others = others[predict(model, others) != target]
    if not len(others):
        return [0.0 for _ in triggers], 0
    rates = []
    for trigger in triggers:
        planted = insert(others, np.tile(np.array(trigger, dtype=np.int64), (len(others), 1)), rng)
        rates.append(float(np.mean(predict(model, planted) == target)))
    return rates, len(others)


def copied(model: Any) -> Any:
    """A deep copy, for whoever changes a model in place."""
    return copy.deepcopy(model)
