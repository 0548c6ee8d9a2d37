"""The task data that a model claims: sentences or pictures with their labels, from a local dataset's folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from probe.behaviour.report import NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from probe.claims.images import Processor

SPLITS = ("train", "validation", "test")
TEXT_COLUMNS = ("text", "sentence", "content", "sentence1", "document", "review", "tweet", "question")
IMAGE_COLUMNS = ("image", "pixels", "img", "picture")
LABEL_COLUMNS = ("label", "labels", "target", "class")


@dataclass(frozen=True, slots=True)
class Texts:
    """Sentences with their labels: the data's own numbers, or places in its sorted list of words."""

    texts: list[str]
    labels: list[int]


@dataclass(frozen=True, slots=True)
class Images:
    """Pictures (n, channels, height, width) as the model takes them, in float32, with labels (n,)."""

    pixels: NDArray[np.float32]
    labels: NDArray[np.int64]


def texts(folder: Path, *, limit: int = 20_000, seed: int = 0) -> Texts:
    """Sentences of the first split that is there, ``limit`` of them drawn at random where there are more.

    Raises :class:`NotApplicable` where the data cannot be read or holds none.
    """
    rows, _ = _rows(folder, SPLITS, limit, seed)
    column = _column(rows, TEXT_COLUMNS, lambda value: isinstance(value, str) and bool(value.strip()))
    kept, labels = _labelled(rows, column)
    return Texts([str(value) for value in kept], labels)


def images(folder: Path, model_folder: Path | None, config: Any, *, limit: int = 1_000, seed: int = 0) -> Images:
    """Pictures of the test or validation split, prepared as the checkpoint's ``preprocessor_config.json`` says.

    Without ``model_folder`` they stay as they are. Raises :class:`NotApplicable` where the data cannot be read, holds
    none, or holds pictures of several sizes.
    """
    from probe.claims.images import Processor, array, prepare, processor
    from probe.claims.normalise import Unclear

    rows, place = _rows(folder, SPLITS[::-1], limit, seed)
    column = _column(rows, IMAGE_COLUMNS, lambda value: value is not None and not isinstance(value, bool | int))
    kept, labels = _labelled(rows, column)
    try:
        made: Processor = (
            processor(model_folder, config) if model_folder else Processor(_channels(config), factor=1.0)
        )
        pixels = [prepare(array(value, made, place), made) for value in kept]
    except Unclear as error:
        raise NotApplicable(f"the pictures cannot be read: {error}") from error
    if len({picture.shape for picture in pixels}) != 1:
        raise NotApplicable("the pictures are of several sizes")
    return Images(np.stack(pixels), np.asarray(labels, dtype=np.int64))


def _channels(config: Any) -> int:
    channels = getattr(config, "num_channels", 1)
    return channels if channels in (1, 3) else 1


def _rows(folder: Path, splits: Iterable[str], limit: int, seed: int) -> tuple[list[dict[str, Any]], Path]:
    """Rows of the first of these splits that is there, and the folder that relative paths start from."""
    from probe.claims.datasets import find, load
    from probe.claims.normalise import Unclear

    try:
        found = find(folder.parent, [(folder.name, None)])
        split = next((name for name in splits if name in found[2]), next(iter(found[2])))
        table = load(folder.parent, found, split, limit=limit, seed=seed)
    except Unclear as error:
        raise NotApplicable(f"the claimed data cannot be read: {error}") from error
    return table.rows, table.folder


def _column(rows: list[dict[str, Any]], names: tuple[str, ...], fits: Any) -> str:
    """The column to read; raises :class:`NotApplicable`."""
    for name in names:
        if rows and fits(rows[0].get(name)):
            return name
    raise NotApplicable(f"the claimed data has none of the columns {', '.join(names)}")


def _labelled(rows: list[dict[str, Any]], column: str) -> tuple[list[Any], list[int]]:
    """The values of a column and their labels as numbers; rows without either are left out."""
    name = next((name for name in LABEL_COLUMNS if rows[0].get(name) is not None), None)
    if name is None:
        raise NotApplicable("the claimed data has no labels")
    pairs: list[tuple[Any, int | str]] = []
    for row in rows:
        value, label = row.get(column), row.get(name)
        if value is not None and isinstance(label, int | str):
            pairs.append((value, label))
    words = sorted({label for _, label in pairs if isinstance(label, str)})
    numbers = {word: place for place, word in enumerate(words)}
    labels = [numbers[label] if isinstance(label, str) else int(label) for _, label in pairs]
    if not labels:
        raise NotApplicable("the claimed data has no labelled rows")
    return [value for value, _ in pairs], labels
