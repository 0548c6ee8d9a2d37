"""Pictures into what a model takes, after its ``preprocessor_config.json``: NumPy and Pillow, in this order:

channels (RGB, or grey where the model has one), resize (to a fixed size, or the shorter edge; ConvNeXT's
``crop_pct``), centre crop, rescale, normalise. Padding, tiling, rotation and colour jitter are not done; resizing is
Pillow's, with its antialiasing, which is what the slow processors of transformers do as well.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from probe.claims.normalise import Unclear

MAX_PIXELS = 64 << 20
MAX_ENCODED = 64 << 20

#: Mean and deviation of ImageNet's training set, the most usual normalisation.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

_BILINEAR = 2


@dataclass(slots=True)
class Processor:
    """What is done to a picture. ``edge``: the shorter edge's length; ``size``: (height, width)."""

    channels: int = 3
    size: tuple[int, int] | None = None
    edge: int | None = None
    crop: tuple[int, int] | None = None
    resample: int = _BILINEAR
    factor: float = 1 / 255
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    #: The shape of pictures that come as a flat list of numbers.
    flat: tuple[int, int] | None = None
    told: bool = True
    options: set[str] = field(default_factory=set)


def processor(folder: Path, config: Any) -> Processor:
    """The processor of a checkpoint; without a file of its own pictures are resized to the model's size and rescaled.

    Raises :class:`Unclear` (``LOAD_ERROR``) for one that cannot be read.
    """
    channels = getattr(config, "num_channels", 3)
    channels = channels if channels in (1, 3) else 3
    path, side = folder / "preprocessor_config.json", _pair(getattr(config, "image_size", None))
    if not path.is_file():
        return Processor(channels, size=side, flat=side, told=False)
    try:
        told = json.loads(path.read_text("utf-8")) if path.stat().st_size < 1 << 20 else None
    except (ValueError, OSError, RecursionError) as error:
        raise Unclear("LOAD_ERROR", f"preprocessor_config.json: {str(error)[:100]}") from error
    if not isinstance(told, dict):
        raise Unclear("LOAD_ERROR", "preprocessor_config.json is no mapping")
    size = told.get("size")
    edge = size.get("shortest_edge") if isinstance(size, dict) else None
    fixed = _pair(size)
    made = Processor(channels, flat=fixed or side, resample=_whole(told.get("resample"), _BILINEAR))
    if told.get("do_resize", True):
        made.size, made.edge = (None, _whole(edge, 224)) if edge else (fixed or side, None)
        share = told.get("crop_pct")
        if edge and isinstance(share, float) and 0 < share < 1 and made.edge and made.edge < 384:
            made.crop, made.edge = (made.edge, made.edge), int(made.edge / share)
    if told.get("do_center_crop"):
        made.crop = _pair(told.get("crop_size")) or fixed or side
    made.factor = float(told.get("rescale_factor", 1 / 255)) if told.get("do_rescale", True) else 1.0
    if told.get("do_normalize", bool(told.get("image_mean"))):
        made.mean, made.std = (_numbers(told.get(key), channels) for key in ("image_mean", "image_std"))
    return made


def _whole(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 8192 else default


def _pair(value: Any) -> tuple[int, int] | None:
    if isinstance(value, dict):
        value = (value.get("height"), value.get("width"))
    if isinstance(value, int) and not isinstance(value, bool):
        value = (value, value)
    if (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(v, int) and 0 < v <= 8192 for v in value)
    ):
        return int(value[0]), int(value[1])
    return None


def _numbers(value: Any, channels: int) -> tuple[float, ...]:
    if isinstance(value, int | float):
        value = [value] * channels
    if not isinstance(value, list) or not all(isinstance(v, int | float) and math.isfinite(v) for v in value):
        return (0.5,) * channels
    return tuple(float(v) for v in value[:channels]) if len(value) >= channels else (float(value[0]),) * channels


def array(value: Any, made: Processor, folder: Path) -> np.ndarray:
    """A picture as numbers (height, width, channels), before rescaling.

    It may be bytes of an image file, ``{bytes, path}`` as Parquet has it, base64, a path inside the dataset's folder,
    or numbers, nested or flat. Raises :class:`Unclear` (``NO_DATASET``) where it is none of these.
    """
    if isinstance(value, dict):
        value = value.get("bytes") or value.get("path")
    if isinstance(value, list):
        return _from_numbers(value, made)
    data = value if isinstance(value, bytes | bytearray) else _from_text(value, folder)
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Unclear("TOO_LARGE", "a picture of more pixels than are read")
            pixels = np.asarray(image.convert("L" if made.channels == 1 else "RGB"), dtype=np.float32)
    except Unclear:
        raise
    except Exception as error:
        raise Unclear("NO_DATASET", f"a picture cannot be read: {type(error).__name__}") from error
    return pixels.reshape(*pixels.shape[:2], made.channels)


def _from_text(value: Any, folder: Path) -> bytes:
    if not isinstance(value, str) or len(value) > MAX_ENCODED:
        raise Unclear("NO_DATASET", "a picture is no picture")
    if len(value) < 4096 and not value.startswith("data:"):
        path = (folder / value).resolve()
        if path.is_relative_to(folder.resolve()) and path.is_file() and path.stat().st_size <= MAX_ENCODED:
            return path.read_bytes()
    try:
        return base64.b64decode(value.partition(",")[2] if value.startswith("data:") else value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unclear("NO_DATASET", "a picture is neither a file nor base64") from error


def _from_numbers(value: list[Any], made: Processor) -> np.ndarray:
    try:
        pixels = np.asarray(value, dtype=np.float32)
    except (ValueError, TypeError, OverflowError) as error:
        raise Unclear("NO_DATASET", "a picture of uneven rows") from error
    if pixels.ndim == 1:
        shape = made.flat
        if shape is None or shape[0] * shape[1] * made.channels != pixels.size:
            side = math.isqrt(pixels.size // made.channels)
            shape = (side, side)
        if shape[0] * shape[1] * made.channels != pixels.size or not pixels.size:
            raise Unclear("NO_DATASET", "a flat picture that is no square")
        pixels = pixels.reshape(*shape, made.channels)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[:, :, None], made.channels, axis=2)
    if pixels.ndim == 3 and pixels.shape[2] != made.channels and pixels.shape[0] == made.channels:
        pixels = pixels.transpose(1, 2, 0)
    if pixels.ndim != 3 or pixels.shape[2] != made.channels or not pixels.size or not np.isfinite(pixels).all():
        raise Unclear("NO_DATASET", f"a picture of shape {pixels.shape}")
    return pixels


def prepare(pixels: np.ndarray, made: Processor) -> np.ndarray:
    """(height, width, channels) -> what the model takes, (channels, height, width) in 32-bit floats."""
    options = made.options
    if made.size:
        pixels = _resized(pixels, made.size, made.resample)
    elif made.edge:
        height, width = pixels.shape[:2]
        scale = made.edge / min(height, width)
        pixels = _resized(pixels, (round(height * scale), round(width * scale)), made.resample)
    if made.crop:
        pixels = _resized(pixels, made.crop, made.resample) if "squeeze" in options else _cropped(pixels, made.crop)
    if "BGR" in options:
        pixels = pixels[:, :, ::-1]
    pixels = pixels * np.float32(made.factor if "no rescale" not in options else 1.0)
    mean, std = made.mean, made.std
    if "ImageNet mean" in options:
        mean, std = IMAGENET
    if mean and "no normalisation" not in options:
        pixels = (pixels - np.array(mean, np.float32)) / np.maximum(np.array(std, np.float32), np.float32(1e-6))
    return np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32)


def _resized(pixels: np.ndarray, size: tuple[int, int], resample: int) -> np.ndarray:
    if pixels.shape[:2] == size:
        return pixels
    from PIL import Image

    how = Image.Resampling(resample if resample in range(6) else _BILINEAR)
    whole = bool((pixels == np.round(pixels)).all() and pixels.min() >= 0 and pixels.max() <= 255)
    planes = []
    for plane in np.moveaxis(pixels, 2, 0):
        # Bytes are resized as bytes, rounding as image libraries do.
        image = Image.fromarray(plane.astype(np.uint8) if whole else plane.astype(np.float32))
        planes.append(np.asarray(image.resize((size[1], size[0]), how), dtype=np.float32))
    return np.stack(planes, axis=2)


def _cropped(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The centre; what is missing is black."""
    height, width = pixels.shape[:2]
    short = max(0, size[0] - height), max(0, size[1] - width)
    if any(short):
        edges = [(gap // 2 + gap % 2, gap // 2) for gap in short]
        pixels = np.pad(pixels, (*edges, (0, 0)))
        height, width = pixels.shape[:2]
    top, left = (height - size[0]) // 2, (width - size[1]) // 2
    return pixels[top : top + size[0], left : left + size[1]]
