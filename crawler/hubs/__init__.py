"""The hubs that can be crawled: one file each, found by listing this folder.

A hub is a module whose docstring says, in prose, which API it walks, what that gives, its limits,
its terms and how to be polite to it; with ``NAME``, ``TITLE``, ``GIVES``, ``ENDPOINT``, ``PARSER``
(the version stamped on every run) and a class ``Hub``.
"""

from __future__ import annotations

from types import ModuleType

from crawler import listing


def names() -> list[str]:
    """The hubs known."""
    return listing.names(__name__, __path__[0])


def load(name: str) -> ModuleType:
    """The module of one hub."""
    return listing.load(__name__, __path__[0], name, "hub")
