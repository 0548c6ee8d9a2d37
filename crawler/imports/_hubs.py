"""Which hub a name means that a data set of others writes in its own way."""

from __future__ import annotations

import re
from functools import cache

from crawler import hubs

#: How the names of a hub begin elsewhere, in small letters and without anything but letters.
_STARTS = {
    "huggingface": "huggingface",
    "onnx": "onnx-zoo",
    "pytorch": "pytorch-hub",
    "modelhub": "modelhub-ai",
    "modelzoo": "modelzoo-co",
    "tensorflow": "tensorflow-hub",
}
_SHORTEST = 4


def hub_of(name: object) -> str | None:
    """The hub that ``name`` means (``Hugging Face``, ``PyTorch``, a title of ours); None where it is none of ours."""
    plain = _plain(name) if isinstance(name, str) else ""
    if len(plain) < _SHORTEST:
        return None
    likely = {**_titles(), **_STARTS}
    alike = (hub for word, hub in likely.items() if plain.startswith(word) or word.startswith(plain))
    return _titles().get(plain) or next(alike, None)


def known() -> str:
    """The hubs there are, for a message."""
    return ", ".join(sorted(hubs.names()))


@cache
def _titles() -> dict[str, str]:
    """Our hubs by name and title."""
    found = {_plain(name): name for name in hubs.names()}
    return found | {_plain(hubs.load(name).TITLE): name for name in hubs.names()}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())
