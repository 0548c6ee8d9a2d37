"""The scans of image classifiers: patches, maximum margins, unlearning."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from probe.behaviour import data, margins, patches, unlearning
from probe.behaviour.judging import attempt
from probe.behaviour.pictures import ImageClassifier
from probe.behaviour.report import BehaviourReport, Budget, NotApplicable, no_score

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Pictures for unlearning, and of noise where only a shape is known.
CLEAN_SAMPLES = 500
NOISE = 64


def examine_images(
    report: BehaviourReport,
    model: Any,
    dataset: Path | None,
    *,
    folder: Path | None = None,
    device: str | None = None,
    seed: int = 0,
    budget: Budget | None = None,
) -> None:
    """Run the scans of image classifiers and write them into ``report``.

    ``folder`` is the checkpoint's, for its ``preprocessor_config.json``.
    """
    try:
        samples = data.images(dataset, folder, getattr(model, "config", None)) if dataset else None
        pixels = samples.pixels if samples else _noise(model, seed)
        classifier = ImageClassifier(model, pixels, samples.labels if samples else None, device=device, budget=budget)
    except NotApplicable as error:
        report.scores += [no_score(name, str(error)) for name in ("patch-scan", "maximum-margin", "unlearning")]
        return
    report.facts |= {"device": classifier.device, "classes": classifier.classes}
    report.facts["pictures"] = f"{len(pixels)} of the claimed data set" if samples else "noise: no data given"
    for name, scan in (
        ("patch-scan", lambda: _patch(classifier, samples is not None, seed)),
        ("maximum-margin", lambda: _margin(classifier, seed)),
        ("unlearning", lambda: _unlearn(classifier, samples is not None)),
    ):
        attempt(report, name, scan)
    report.facts["sequences"] = report.facts["tokens"] = classifier.seen


def _noise(model: Any, seed: int) -> NDArray[np.float32]:
    """Random pictures of the shape that the configuration names."""
    side = getattr(getattr(model, "config", None), "image_size", None)
    side = side[0] if isinstance(side, (list, tuple)) and side else side
    channels = getattr(getattr(model, "config", None), "num_channels", 1)
    if not isinstance(side, int) or not isinstance(channels, int) or not 1 < side <= 1024 or not 0 < channels <= 16:
        raise NotApplicable("neither sample pictures nor their size are known")
    return np.random.default_rng(seed).random((NOISE, channels, side, side), dtype=np.float32)


def _patch(classifier: ImageClassifier, real: bool, seed: int) -> tuple[float, list[str]]:
    if not real:
        raise NotApplicable("patches are tried on pictures of the task: none given")
    found = patches.scan_image(classifier, seed=seed)
    return found[0].soft, [patch.describe() for patch in found[:3]]


def _margin(classifier: ImageClassifier, seed: int) -> tuple[float, list[str]]:
    found = margins.maximum_margins(classifier, seed=seed)
    return found.score, [f"class {found.target}"]


def _unlearn(classifier: ImageClassifier, real: bool) -> tuple[float, list[str]]:
    import torch

    if not real:
        raise NotApplicable("unlearning needs clean samples of the task: none given")
    count = min(CLEAN_SAMPLES, len(classifier.pictures))
    inputs = torch.from_numpy(classifier.pictures[:count]).to(classifier.device)
    labels = torch.from_numpy(classifier.labels[:count]).to(classifier.device)
    found = unlearning.expose(
        classifier.model, unlearning.pictures, inputs, labels, classifier.classes, budget=classifier.budget
    )
    return found.early, [f"class {found.target}"]
