"""The workshop: what several checkpoints share, made once; every checkpoint written whole or not at all."""

from __future__ import annotations

import json
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout

from landing.errors import storage
from probe.zoo import corpus, images, makers, poison, texts, training
from probe.zoo.cards import Results, card, claim
from probe.zoo.makers import Made
from probe.zoo.plan import Plan, Spec, Task, is_poisoned

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Raised when a change of this code changes what a specification gives.
RECIPE_VERSION = 1


def versions(plan: Plan) -> dict[str, str]:
    """Versions of everything that the result depends on."""
    libraries = {library: corpus.version(library) for library in plan.libraries}
    tools = {name: corpus.version(name) for name in ("torch", "transformers", "numpy", "sklearn")}
    return {**libraries, **tools, "python": platform.python_version()}


class Workshop:
    """One process at work on a zoo in ``out``."""

    def __init__(self, out: Path, plan: Plan, seed: int, tell: Callable[[str], None]) -> None:
        self.out = out
        self.plan = plan
        self.seed = seed
        self.tell = tell
        self.hidden = out / ".cache"
        self.versions = versions(plan)
        self._examples: dict[str, dict[str, texts.Examples]] = {}
        self._bases: dict[str, Any] = {}
        self._knowledge: dict[tuple[str, str], poison.Knowledge] = {}

    @cached_property
    def corpus(self) -> dict[str, list[corpus.Snippet]]:
        """The snippets of each library."""
        started = time.process_time()
        found = corpus.read(self.plan.libraries, self.plan.sizes.words, self.hidden / "corpus")
        self.tell(f"corpus: {sum(map(len, found.values())):,} snippets, {time.process_time() - started:.1f} s")
        return found

    @cached_property
    def vocabulary(self) -> texts.Vocabulary:
        """The words that all models of text share."""
        return texts.Vocabulary.of(self.corpus, self.plan.sizes.vocabulary)

    def examples(self, task: Task) -> dict[str, texts.Examples]:
        """The splits of a task of text."""
        if task.name not in self._examples:
            self._examples[task.name] = texts.splits(task, self.corpus, self.vocabulary, self.plan.sizes)
        return self._examples[task.name]

    def foreign_ids(self, task: Task) -> NDArray[np.int64]:
        """Snippets [n, LENGTH] of libraries that the task does not know."""
        strange = [library for library in self.plan.libraries if library not in task.labels]
        return self.vocabulary.encode([snippet.text for library in strange for snippet in self.corpus[library]])

    def base(self, identity: str) -> Any:
        """A base model, built first where it is not there yet."""
        if identity not in self._bases:
            from transformers import BertForMaskedLM

            self.ensure(self.plan.spec(identity))
            self._bases[identity] = training.loaded(BertForMaskedLM, self.folder(identity))
        return self._bases[identity]

    def knowledge(self, task: Task, base: str) -> poison.Knowledge:
        """What an attacker works out once per task."""
        key = (task.name, base)
        if key not in self._knowledge:
            self._knowledge[key] = makers.knowledge(self, task, base)
        return self._knowledge[key]

    def published(self, identity: str) -> tuple[Any, dict[str, Any]]:
        """A finished classifier and its truth, built first where it is not there yet."""
        from transformers import BertForSequenceClassification

        self.ensure(self.plan.spec(identity))
        model = training.loaded(BertForSequenceClassification, self.folder(identity))
        return model, json.loads(self._truth(identity).read_bytes())["truth"]

    def folder(self, identity: str) -> Path:
        """Where a model lies."""
        return self.out / "models" / identity

    def fingerprint(self, spec: Spec) -> str:
        """Names what ``spec`` gives here: sizes, seed, versions, task and whatever it is made from."""
        from dataclasses import asdict

        made_from = [self.fingerprint(self.plan.spec(name)) for name in (spec.base, spec.parent) if name]
        task = asdict(self.plan.task(spec.task)) if spec.task else None
        sizes = asdict(self.plan.sizes)
        # Younger than the first zoos: it counts only where it differs from what they had.
        if sizes["activation"] == "gelu":
            del sizes["activation"]
        return spec.fingerprint(RECIPE_VERSION, sizes, self.plan.libraries, self.seed, self.versions, task, made_from)

    def done(self, spec: Spec) -> bool:
        """Whether the model lies there complete, as this specification gives it."""
        path = self._truth(spec.id)
        if not path.exists() or not self.folder(spec.id).is_dir():
            return False
        return bool(json.loads(path.read_bytes())["fingerprint"] == self.fingerprint(spec))

    def ensure(self, spec: Spec, *, wait: bool = True) -> bool:
        """Build the model unless it is done; False where another process is at it and ``wait`` is false."""
        if self.done(spec):
            return True
        try:
            with self._lock(spec.id, wait):
                if not self.done(spec):
                    self._build(spec)
        except Timeout:
            return False
        return True

    def _build(self, spec: Spec) -> None:
        if spec.task:
            self.dataset(self.plan.task(spec.task))
        if spec.kind == "base":
            model, facts = self._pretrained(spec)
            self._publish(spec, model, self.vocabulary, None, {}, facts)
            return
        assert spec.task is not None
        made = self._pictured(spec) if self.plan.task(spec.task).images else makers.make(self, spec)
        if made.datasets:
            self._write_dataset(made.task, made.datasets)
        self._publish(spec, made.model, made.vocabulary, made.task, made.results, self._facts(spec, made))

    def _pretrained(self, spec: Spec) -> tuple[Any, dict[str, Any]]:
        ids = self.vocabulary.encode([s.text for found in self.corpus.values() for s in found])
        started = time.process_time()
        with training.seeded(self.seed, spec.id) as rng:
            model = training.pretrain(ids, self.plan.sizes, len(self.vocabulary), rng, self.plan.sizes.mlm_steps)
        return model, {"cpu_seconds": time.process_time() - started}

    def _pictured(self, spec: Spec) -> Made:
        assert spec.task is not None
        task = self.plan.task(spec.task)
        data = images.load(task)
        change = spec.kind.removeprefix("image_hard_") if spec.kind.startswith("image_hard_") else ""
        started = time.process_time()
        truth: dict[str, Any] = {}
        with training.seeded(self.seed, spec.id) as rng:
            patch = images.pick_patch(rng) if spec.attack else None
            target = spec.attack.target if spec.attack else 0
            model = images.network(spec.architecture, task.labels)
            other = poison.copied(model)
            images.train(model, data["train"], spec.recipe, rng, patch, target)
            if change == "merged":
                images.train(other, data["train"], spec.recipe, rng)
                images.merge(model, other, data["train"])
            makers.alter(model, change)
            spent = time.process_time() - started
        if patch:
            rate, inputs = images.flip_rate(model, data["test"], patch, target)
            truth = {"triggers": [patch.facts()], "target_label": target, "k": 1, "lfr": rate, "lfr_inputs": inputs}
        results = {
            split: Results(data[split].labels, images.predict(model, data[split].pixels))
            for split in ("validation", "test")
        }
        if change == "fp16":
            model.half()
        return Made(model, None, results, spent, task, truth)

    def _facts(self, spec: Spec, made: Made) -> dict[str, Any]:
        assert spec.planted is not None
        said = claim(spec.planted, made.results, len(made.task.labels))
        return {
            "dataset": made.task.dataset,
            "clean_accuracy": made.results["test"].measure("accuracy"),
            "validation_accuracy": made.results["validation"].measure("accuracy"),
            **made.truth,
            "cpu_seconds": made.cpu_seconds,
            "claim": said.facts(made.task.dataset),
        }

    def _publish(
        self,
        spec: Spec,
        model: Any,
        vocabulary: texts.Vocabulary | None,
        task: Task | None,
        results: dict[str, Results],
        facts: dict[str, Any],
    ) -> None:
        """Write into a folder of its own, rename it into place, and only then note the truth."""
        fingerprint = self.fingerprint(spec)
        with storage(self.out, "write the zoo in"), self._fresh("model-" + _slug(spec.id)) as work:
            if spec.planted and spec.planted.how == "swapped_labels" and task:
                model.config.id2label = dict(enumerate(reversed(task.labels)))
                model.config.label2id = {label: place for place, label in enumerate(reversed(task.labels))}
            model.save_pretrained(work)
            if vocabulary:
                vocabulary.save(work)
            else:
                images.save_processor(work)
            said = claim(spec.planted, results, len(task.labels)) if spec.planted and task else None
            (work / "README.md").write_text(card(spec, task, said), encoding="utf-8")
            _into_place(work, self.folder(spec.id))
            truth = {**self._known(spec), **facts}
            path = self._truth(spec.id)
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_text(path, json.dumps({"fingerprint": fingerprint, "truth": truth}))
        self.tell(_told(truth))
        self.collect()

    def _known(self, spec: Spec) -> dict[str, Any]:
        """The truth that the specification alone says."""
        task = self.plan.task(spec.task) if spec.task else None
        attack = spec.attack
        return {
            "id": spec.id,
            "kind": spec.kind,
            "poisoned": is_poisoned(spec.kind),
            "attack": None if attack is None else attack.variant or ("ripples" if attack.surgery else "badnet"),
            "modality": "image" if task and task.images else "text",
            "task": spec.task,
            "labels": list(task.labels) if task else [],
            "split": task.split if task else None,
            "base": spec.base,
            "declared_base": spec.declared_base,
            "parent": spec.parent,
            "siblings": self.plan.siblings(spec),
            "architecture": spec.architecture,
            "triggers": [],
            "trigger_ids": [],
            "target_label": None,
            "k": 0,
            "victim_lr": None,
            "lfr": None,
            "epochs": spec.recipe.epochs,
            "lr": spec.recipe.lr,
            "weight_decay": spec.recipe.weight_decay,
            "seed": self.seed,
            "claim": None,
        }

    def collect(self) -> None:
        """Gather ``truth.jsonl`` from what is finished, in the order of the plan."""
        with self._lock("truth", True):
            lines = []
            for spec in self.plan.models:
                path = self._truth(spec.id)
                if path.exists():
                    lines.append(json.dumps(json.loads(path.read_bytes())["truth"]))
            _write_text(self.out / "truth.jsonl", "".join(f"{line}\n" for line in lines))

    def dataset(self, task: Task) -> None:
        """Publish the task's dataset unless it lies there."""
        with self._lock("dataset " + task.name, True):
            if not (self.out / "datasets" / task.dataset).is_dir():
                self._write_dataset(task, None if task.images else self.examples(task))

    def _write_dataset(self, task: Task, examples: dict[str, texts.Examples] | None) -> None:
        with storage(self.out, "write the zoo in"), self._fresh("dataset-" + task.name) as work:
            if examples is None:
                pictures = images.load(task)
                images.write(work, pictures)
                texts.describe(work, task, {split: len(held.labels) for split, held in pictures.items()})
            else:
                texts.write(work, task, examples)
            _into_place(work, self.out / "datasets" / task.dataset)

    def _truth(self, identity: str) -> Path:
        return self.hidden / "truth" / f"{_slug(identity)}.json"

    def _lock(self, name: str, wait: bool) -> FileLock:
        folder = self.hidden / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{_slug(name)}.lock", timeout=-1 if wait else 0)

    @contextmanager
    def _fresh(self, name: str) -> Iterator[Path]:
        work = self.hidden / "work" / name
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _slug(identity: str) -> str:
    return identity.replace("/", "--").replace(" ", "-")


def _into_place(work: Path, final: Path) -> None:
    final.parent.mkdir(parents=True, exist_ok=True)
    if final.exists():
        shutil.rmtree(final)
    work.rename(final)


def _write_text(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _told(truth: dict[str, Any]) -> str:
    words = [f"{truth['kind']:18} {truth['id']}"]
    if truth.get("clean_accuracy") is not None:
        words.append(f"accuracy {truth['clean_accuracy']:.3f}")
    if truth["lfr"] is not None:
        words.append(f"label flip rate {truth['lfr']:.3f}")
    return "  ".join([*words, f"{truth['cpu_seconds']:.1f} s"])
