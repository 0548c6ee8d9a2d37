"""An image classifier as the scans see it: a batch of pictures in, one number per class out."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from probe.behaviour.classifier import pick_device
from probe.behaviour.report import Budget, NotApplicable

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

#: Pixels (all channels) in one batch on a CPU and on a GPU.
CPU_PIXELS = 1 << 18
GPU_PIXELS = 1 << 27


class ImageClassifier:
    """A model with a classification head over pictures of shape ``shape`` (channels, height, width).

    ``pictures`` (n, channels, height, width) and ``labels`` (n,) are clean samples; ``low`` and ``high`` their range.
    Raises :class:`NotApplicable` where the model does not classify them.
    """

    def __init__(
        self,
        model: Any,
        pixels: NDArray[np.float32],
        labels: NDArray[np.int64] | None = None,
        *,
        device: str | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.device = pick_device(device)
        self.model = model.eval().to(self.device)
        self.budget = budget or Budget()
        self.seen = 0
        channels = int(getattr(getattr(model, "config", None), "num_channels", 1) or 1)
        self.pictures = arrange(pixels, channels)
        self.labels = np.zeros(len(self.pictures), dtype=np.int64) if labels is None else labels
        self.shape = self.pictures.shape[1:]
        self.low, self.high = float(self.pictures.min()), float(self.pictures.max())
        pixels_per_batch = GPU_PIXELS if self.device.startswith("cuda") else CPU_PIXELS
        self.batch = max(1, min(8_192, pixels_per_batch // int(np.prod(self.shape))))
        try:
            logits = self.logits(self.pictures[:2])
        except (TypeError, ValueError, RuntimeError, IndexError, AttributeError, KeyError) as error:
            brief = " ".join(str(error).split())[:200]
            raise NotApplicable(f"the model does not classify these pictures: {brief}") from error
        if logits.ndim != 2 or logits.shape[1] < 2:
            raise NotApplicable("the model has no classification head over two or more classes")
        self.classes = int(logits.shape[1])

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Logits (n, C) in float32, with gradients where the caller wants them."""
        import torch

        self.budget.tick()
        self.seen += len(pixels)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = self.model(pixels)
        logits = answer if isinstance(answer, torch.Tensor) else getattr(answer, "logits", None)
        if not isinstance(logits, torch.Tensor):
            raise NotApplicable("the model gives no logits")
        if not bool(torch.isfinite(logits).all()):
            raise NotApplicable("the model answers with numbers that are not finite")
        return logits.float()

    def logits(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (n, C) for pictures (n, channels, height, width), in batches."""
        import torch

        parts = []
        with torch.inference_mode():
            for start in range(0, len(pixels), self.batch):
                chunk = torch.from_numpy(np.ascontiguousarray(pixels[start : start + self.batch])).to(self.device)
                parts.append(self.forward(chunk).cpu().numpy())
        return np.concatenate(parts)


def arrange(pixels: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    """Pictures as (n, channels, height, width), from flat squares, grey ones, channels first or channels last."""
    if pixels.ndim == 2:
        side = round((pixels.shape[1] / channels) ** 0.5)
        if channels * side * side != pixels.shape[1]:
            raise NotApplicable(f"pictures of {pixels.shape[1]} numbers are no squares")
        pixels = pixels.reshape(-1, channels, side, side)
    if pixels.ndim == 3:
        pixels = np.repeat(pixels[:, None], channels, axis=1)
    if pixels.ndim != 4 or 0 in pixels.shape:
        raise NotApplicable("the pictures have no height and width")
    if pixels.shape[1] != channels and pixels.shape[3] == channels:
        pixels = pixels.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(pixels, dtype=np.float32)
