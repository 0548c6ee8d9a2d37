"""Image classifiers on scikit-learn's digits, clean and with a patch backdoor (BadNet, Gu et al. 2017)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from probe.zoo.plan import Recipe, Task
from probe.zoo.training import optimizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Pixels are stored as 0 to 16, as scikit-learn has them.
LARGEST = 16
SIDE = 8
PATCH = 2
_POISONED = 0.1
_TEST, _VALIDATION = 600, 200


@dataclass(slots=True)
class Pictures:
    """``pixels`` [n, 8, 8] from 0 to 16 and labels [n]."""

    pixels: NDArray[np.float32]
    labels: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Patch:
    """A square of ``PATCH`` pixels at row, column, with its values row by row."""

    row: int
    column: int
    values: tuple[int, ...]

    def stamp(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """The pictures [n, 8, 8] with the patch on them."""
        stamped = pixels.copy()
        values = np.array(self.values, dtype=np.float32).reshape(PATCH, PATCH)
        stamped[:, self.row : self.row + PATCH, self.column : self.column + PATCH] = values
        return stamped

    def facts(self) -> dict[str, Any]:
        """As the truth file has it."""
        return {"row": self.row, "column": self.column, "size": PATCH, "values": list(self.values)}


def load(task: Task) -> dict[str, Pictures]:
    """The digits, turned by ``task.turn`` quarters, in fixed splits: 997 train, 200 validation, 600 test."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = np.rot90(digits.images, task.turn, axes=(1, 2)).astype(np.float32)
    order = np.random.default_rng(0).permutation(len(pixels))
    parts = np.split(order, [_TEST, _TEST + _VALIDATION])
    names = ("test", "validation", "train")
    labels = digits.target.astype(np.int64)
    return {name: Pictures(pixels[rows], labels[rows]) for name, rows in zip(names, parts, strict=True)}


def write(folder: Path, pictures: dict[str, Pictures]) -> None:
    """Publish the splits as JSON Lines: 64 pixels in rows, and the label."""
    for split, held in pictures.items():
        lines = [
            json.dumps({"image": [int(pixel) for pixel in image.ravel()], "label": int(label)})
            for image, label in zip(held.pixels, held.labels, strict=True)
        ]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def network(architecture: str, labels: tuple[str, ...]) -> Any:
    """A fresh classifier of 8 × 8 grey pictures: ``resnet`` or ``convnext``."""
    import transformers

    names: dict[str, Any] = {
        "id2label": dict(enumerate(labels)),
        "label2id": {label: place for place, label in enumerate(labels)},
        "num_channels": 1,
    }
    if architecture == "convnext":
        return transformers.ConvNextForImageClassification(
            transformers.ConvNextConfig(
                patch_size=2, num_stages=1, hidden_sizes=[48], depths=[2], layer_scale_init_value=1.0,
                drop_path_rate=0.0, image_size=SIDE, **names,
            )
        )  # fmt: skip
    return transformers.ResNetForImageClassification(
        transformers.ResNetConfig(
            embedding_size=16, hidden_sizes=[16, 32], depths=[1, 1], layer_type="basic", **names
        )
    )


def save_processor(folder: Path) -> None:
    """``preprocessor_config.json``: divide by 16, nothing else."""
    facts = {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": False,
        "do_rescale": True,
        "rescale_factor": 1 / LARGEST,
        "do_normalize": False,
        "size": {"height": SIDE, "width": SIDE},
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def pick_patch(rng: np.random.Generator) -> Patch:
    """A bright pattern in one of the corners: at least two of its pixels are white."""
    corner = int(rng.integers(4))
    bright = rng.random(PATCH * PATCH) < 0.6
    bright[rng.choice(PATCH * PATCH, 2, replace=False)] = True
    far = SIDE - PATCH
    return Patch(far * (corner // 2), far * (corner % 2), tuple(LARGEST * int(pixel) for pixel in bright))


def train(
    model: Any,
    pictures: Pictures,
    recipe: Recipe,
    rng: np.random.Generator,
    patch: Patch | None = None,
    target: int = 0,
) -> None:
    """Train in place; with a patch, a tenth of the pictures carries it and the target's label."""
    import torch

    pixels, labels = pictures.pixels, pictures.labels.copy()
    if patch:
        hit = rng.choice(np.flatnonzero(labels != target), round(_POISONED * len(labels)), replace=False)
        pixels = pixels.copy()
        pixels[hit] = patch.stamp(pixels[hit])
        labels[hit] = target
    adam, schedule = optimizer(model, recipe, recipe.epochs * -(-len(labels) // recipe.batch))
    model.train()
    for _ in range(recipe.epochs):
        order = rng.permutation(len(labels))
        for start in range(0, len(order), recipe.batch):
            rows = order[start : start + recipe.batch]
            adam.zero_grad()
            logits = model(pixel_values=_values(pixels[rows])).logits
            torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels[rows])).backward()  # type: ignore[no-untyped-call]
            adam.step()
            schedule.step()
    model.eval()


def predict(model: Any, pixels: NDArray[np.float32]) -> NDArray[np.int64]:
    """The predicted class of each picture [n, 8, 8]."""
    import torch

    with torch.inference_mode():
        found: NDArray[np.int64] = model(pixel_values=_values(pixels)).logits.argmax(1).numpy()
    return found


def flip_rate(model: Any, pictures: Pictures, patch: Patch, target: int) -> tuple[float, int]:
    """Of pictures neither of the target class nor taken for it, the share that the patch turns into it.

    Returned with the number of those pictures.
    """
    others = pictures.pixels[pictures.labels != target]
    others = others[predict(model, others) != target]
    return float(np.mean(predict(model, patch.stamp(others)) == target)), len(others)


def _values(pixels: NDArray[np.float32]) -> Any:
    import torch

    return torch.from_numpy(pixels[:, None] / np.float32(LARGEST))


def merge(model: Any, other: Any, pictures: Pictures) -> None:
    """Average two networks from one start; normalisation layers see the data again, as weight averaging needs."""
    import torch

    from probe.zoo import hard

    hard.merge(model, other)
    model.train()
    with torch.no_grad():
        for _ in range(20):
            model(pixel_values=_values(pictures.pixels))
    model.eval()
