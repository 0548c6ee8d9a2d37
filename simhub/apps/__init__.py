"""Simulated hubs that are not Hugging Face: one file each, found by listing this folder.

A file holds one class with a ``name``: its ``answer(request)`` answers as the real API does, its ``truth()`` says
what is true, and it is made from a number of models and a seed. `simhub.api.SimApi` serves it, with faults.
"""

from __future__ import annotations

from importlib import import_module
from inspect import isclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simhub.api import App


def names() -> list[str]:
    """The hubs that can be simulated, as they are typed."""
    return sorted(path.stem.replace("_", "-") for path in Path(__path__[0]).glob("[a-z]*.py"))


def build(name: str, models: int = 40, seed: int = 0, **flags: Any) -> App:
    """The hub called ``name``, made from a seed; raises ``KeyError`` where there is none.

    ``flags`` are the hub's own: what to be hostile with, what to break.
    """
    if name not in names():
        raise KeyError(f"no simulated hub {name!r}; known: {', '.join(names())}")
    module = import_module(f"{__name__}.{name.replace('-', '_')}")
    kind: Any = next(t for t in vars(module).values() if isclass(t) and getattr(t, "name", None) == name)
    app: App = kind(models, seed, **flags)
    return app
