"""Formats of others that the warehouse can be written as.

One file per format, found by listing this folder. A format is a module with

    TITLE                                                          one line for people
    write(connection, out, *, as_of, progress) -> list[Path]       the files written, into the folder ``out``

``connection`` is read-only but for files and temporary tables.
"""

from __future__ import annotations

from importlib import import_module
from importlib.resources import files
from types import ModuleType


def names() -> list[str]:
    """The formats there are."""
    entries = (entry.name for entry in files(__name__).iterdir())
    return sorted(name[:-3] for name in entries if name.endswith(".py") and not name.startswith("_"))


def load(name: str) -> ModuleType:
    """The module of one format."""
    return import_module(f"{__name__}.{name}")
