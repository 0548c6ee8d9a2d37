"""Which hub a name means that a data set of others writes in its own way."""

from __future__ import annotations

import re

#: Hubs by what their names begin with, in small letters and without anything but letters.
_HUBS = {
    "huggingface": "huggingface",
    "onnx": "onnx-zoo",
    "pytorch": "pytorch-hub",
    "modelhub": "modelhub-ai",
    "modelzoo": "modelzoo-co",
    "tensorflow": "tensorflow-hub",
}
KNOWN = sorted(_HUBS.values())


def hub_of(name: object) -> str | None:
    """The hub that ``name`` means (``Hugging Face``, ``PyTorch Hub``, ``ONNX``); None where it is none we know."""
    plain = re.sub(r"[^a-z]", "", name.lower()) if isinstance(name, str) else ""
    return next((hub for start, hub in _HUBS.items() if plain.startswith(start)), None)
