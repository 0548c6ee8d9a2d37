"""Classes of pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from probe.claims import classifying, images
from probe.claims.datasets import Table
from probe.claims.loading import Loaded
from probe.claims.normalise import Unclear
from probe.claims.recipe import How, Outcomes, column

PICTURES = ("image", "img", "pixels", "pixel_values", "picture", "images")
BATCH = 64
#: Ways of preparing pictures that are often taken for one another.
OPTIONS = ("no normalisation", "ImageNet mean", "no rescale", "BGR", "squeeze")


class ImageClassification(classifying.Classification):
    """Image classifiers; pictures are prepared by :mod:`probe.claims.images`."""

    name = "image classification"
    tasks = frozenset({"image-classification"})
    heads = ("ForImageClassification",)

    def inputs(self, table: Table) -> list[Any]:
        """The pictures as they are stored."""
        where = column(table, PICTURES, "pictures")
        return [row.get(where) for row in table.rows]

    def run(self, loaded: Loaded, table: Table, how: How) -> Outcomes:
        """Logits of every picture."""
        import torch

        made = images.processor(loaded.folder, loaded.config)
        made.options = set(how.options)
        values = self.inputs(table)
        found = []
        for begun in range(0, len(values), BATCH):
            pixels = [
                images.prepare(images.array(v, made, table.folder), made) for v in values[begun : begun + BATCH]
            ]
            if len({p.shape for p in pixels}) > 1:
                raise Unclear("LOAD_ERROR", "pictures of several sizes, and no size to bring them to")
            batch = torch.from_numpy(np.stack(pixels)).to(loaded.model.device, loaded.model.dtype)
            with torch.inference_mode():
                found.append(loaded.model(pixel_values=batch).logits.float().cpu().numpy())
        note = "" if made.told else ", no preprocessor_config.json: resized and divided by 255 only"
        outcomes = classifying.outcomes(loaded, table, np.concatenate(found), note)
        outcomes.data["prepared"] = made
        return outcomes

    def variants(self, loaded: Loaded, outcomes: Outcomes) -> list[How]:
        """Other preparations that would change something."""
        made: images.Processor = outcomes.data["prepared"]
        apt = {
            "no normalisation": bool(made.mean),
            "ImageNet mean": made.channels == 3 and made.mean != images.IMAGENET[0],
            "no rescale": made.factor != 1,
            "BGR": made.channels == 3,
            "squeeze": bool(made.crop),
        }
        return [How(option, options=(option,)) for option in OPTIONS if apt[option]]


RECIPE = ImageClassification()
