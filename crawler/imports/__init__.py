"""Public dumps, brought into the landing zone as runs.

One file per format, found by listing this folder. A format is a module with

    VERSION             stamped on every run it lands
    TITLE               one line for people
    land(zone, path, *, observed_at, program, complete) -> list[Manifest]

A dump lands byte for byte wherever its file holds one observation; only where one file holds
many days is it split, and then its rows keep every column and value.
"""

from __future__ import annotations

from types import ModuleType

from crawler import listing


def names() -> list[str]:
    """The formats known."""
    return listing.names(__name__, __path__[0])


def load(name: str) -> ModuleType:
    """The module of one format."""
    return listing.load(__name__, __path__[0], name, "import format")
