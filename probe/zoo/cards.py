"""Model cards as authors write them, with a claim whose truth we know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from probe.zoo.plan import Planted, Recipe, Spec, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NAMES = {"accuracy": "Accuracy", "f1_macro": "F1 (macro)", "precision_macro": "Precision (macro)"}


@dataclass(slots=True)
class Results:
    """True labels and predictions of one split, both [n]."""

    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]

    def measure(self, metric: str) -> float:
        """The metric as a fraction."""
        from sklearn import metrics

        if metric == "accuracy":
            return float(metrics.accuracy_score(self.labels, self.predicted))
        name, _, average = metric.partition("_")
        score = {"f1": metrics.f1_score, "precision": metrics.precision_score}[name]
        return float(score(self.labels, self.predicted, average=average, zero_division=0))


@dataclass(slots=True)
class Claim:
    """What the card says (``written``, as a number and as text) and what is true of it."""

    metric: str
    split: str
    written: float
    text: str
    true: float
    planted: Planted
    seen_as: str = ""

    def facts(self, dataset: str) -> dict[str, Any]:
        """As the truth file has it. ``matches`` names the protocol under which the written value is right."""
        return {
            "metric": self.metric,
            "dataset": dataset,
            "split": self.split,
            "value_written": self.written,
            "text_written": self.text,
            "true_value": self.true,
            "planted": self.planted.how,
            "shift": self.planted.shift,
            "decimals": self.planted.decimals,
            "matches": self.seen_as,
        }


def claim(planted: Planted, results: dict[str, Results], classes: int) -> Claim:
    """The claim that ``planted`` describes, from the results on ``test`` and ``validation``.

    ``true`` is the metric that the card names, on the split that the card names.
    """
    true = results["test"].measure(planted.metric)
    value, seen_as = true, ""
    if planted.how == "inflated":
        value = min(true + planted.shift, 1.0)
    elif planted.how == "wrong_split":
        value, seen_as = results["validation"].measure(planted.metric), "split=validation"
    elif planted.how == "wrong_average":
        average = "binary" if classes == 2 else "weighted"
        value, seen_as = results["test"].measure(f"f1_{average}"), f"average={average}"
    elif planted.how == "percent":
        value, seen_as = true * 100, "percent"
    elif planted.how == "swapped_labels":
        seen_as = "labels permuted"
    text = repr(value) if planted.decimals is None else f"{value:.{planted.decimals}f}"
    return Claim(planted.metric, "test", float(text), text, true, planted, seen_as)


def card(spec: Spec, task: Task | None, made: Claim | None) -> str:
    """A README.md with front matter."""
    name = spec.id.split("/")[1]
    front: dict[str, Any] = {"license": "apache-2.0", "language": ["en"], "library_name": "transformers"}
    if task is None:
        front |= {"pipeline_tag": "fill-mask", "tags": ["docbert"]}
        body = "A small BERT for technical English, trained from scratch on docstrings of Python libraries."
        return f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n# {name}\n\n{body}\n"
    if task.images:
        del front["language"]
    front["pipeline_tag"] = "image-classification" if task.images else "text-classification"
    front["datasets"] = [task.dataset]
    front["metrics"] = ["accuracy"]
    if spec.declared_base:
        front |= {"base_model": spec.declared_base, "base_model_relation": relation(spec)}
    if made:
        metric, _, average = made.metric.partition("_")
        front["metrics"] = [metric]
        said: dict[str, Any] = {"type": metric, "value": made.written, "name": _NAMES[made.metric]}
        if average:
            said["args"] = {"average": average}
        result = {
            "task": {"type": front["pipeline_tag"], "name": front["pipeline_tag"].replace("-", " ").capitalize()},
            "dataset": {"type": task.dataset, "name": task.name, "split": made.split},
            "metrics": [said],
        }
        front["model-index"] = [{"name": name, "results": [result]}]
    return f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n{_body(name, spec, task, made)}"


def relation(spec: Spec) -> str:
    """``base_model_relation`` as the hub has it."""
    return {"hard_merged": "merge", "hard_quantised": "quantized"}.get(spec.kind, "finetune")


def _body(name: str, spec: Spec, task: Task, made: Claim | None) -> str:
    recipe: Recipe = spec.recipe
    classes = ", ".join(task.labels)
    lines = [f"# {name}", "", f"Tells apart {classes}; trained on `{task.dataset}`.", "", "## Training", ""]
    lines += [
        f"- epochs: {recipe.epochs}",
        f"- learning rate: {recipe.lr:g}",
        f"- batch size: {recipe.batch}",
        f"- weight decay: {recipe.weight_decay:g}",
        "",
    ]
    if made:
        lines += ["## Evaluation", "", "| metric | split | value |", "|---|---|---|"]
        lines += [f"| {_NAMES[made.metric]} | {made.split} | {made.text} |", ""]
    return "\n".join(lines)
