"""The hubs that can be crawled: one file each, found by listing this folder.

A hub is a module whose docstring says, in prose, which API it walks or which repository it reads, what that
gives, its limits, its terms and how to be polite to it; ``docs/add-a-hub.md`` names what else it has. Installed
packages may bring hubs of their own: an entry point of the group ``hubcensus.hubs`` with the hub's name and its
module, and one of ``hubcensus.mappings`` with the name and the package that holds ``<name>.sql``.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from crawler import listing


def names() -> list[str]:
    """The hubs known."""
    return sorted({*listing.names(__name__, __path__[0]), *_guests()})


def load(name: str) -> ModuleType:
    """The module of one hub."""
    guests = _guests()
    if name in guests and name not in listing.names(__name__, __path__[0]):
        module: ModuleType = guests[name].load()
        return module
    return listing.load(__name__, __path__[0], name, "hub", guests)


def _guests() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group="hubcensus.hubs")}
