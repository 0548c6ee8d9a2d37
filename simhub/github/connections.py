"""Connections of GraphQL: pages of a list, with GitHub's cursors and its refusals of how a page is asked for.

Seen in public reports, not documented: the types and the words of the refusals, that they are of a field and leave
the rest of the answer alone, and that a connection of which only ``totalCount`` is asked needs no ``first``.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from graphql import SelectionSetNode

MOST = 100
Node = dict[str, Any]
Resolver = Callable[..., Any]
# A GraphQLResolveInfo, which takes a type in some releases of graphql-core and none in others.
Info = Any
T = TypeVar("T")


class Refused(Exception):
    """An error of one field; ``kind`` is what GitHub calls its type."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def connected(items: Sequence[T], make: Callable[[T], Node]) -> Resolver:
    """A field that is a connection over all items; only those on the page are made."""

    def resolve(info: Info, **asked: Any) -> Node:
        return page(items, make, info, asked)

    return resolve


def page(items: Sequence[T], make: Callable[[T], Node], info: Info, asked: dict[str, Any]) -> Node:
    """One page of a connection; raises `Refused` for a page that cannot be had."""
    first, last = _bounds(info, asked)
    start = 0 if asked.get("after") is None else _index(asked["after"]) + 1
    stop = len(items) if asked.get("before") is None else min(len(items), _index(asked["before"]))
    low, high = start, stop
    if first is not None:
        high = min(stop, start + first)
    elif last is not None:
        low = max(start, stop - last)
    nodes = [make(items[place]) for place in range(low, high)] if first is not None or last is not None else []
    turned = {
        "startCursor": cursor(low) if nodes else None,
        "endCursor": cursor(high - 1) if nodes else None,
        "hasNextPage": high < len(items),
        "hasPreviousPage": low > 0,
    }
    edges = [{"cursor": cursor(low + place), "node": node} for place, node in enumerate(nodes)]
    return {"totalCount": len(items), "nodes": nodes, "edges": edges, "pageInfo": turned}


def cursor(place: int) -> str:
    """The cursor of an item."""
    return base64.b64encode(f"cursor:v2:{place}".encode()).decode()


def _index(text: str) -> int:
    try:
        word, version, place = base64.b64decode(text, validate=True).decode().split(":")
        if (word, version) == ("cursor", "v2"):
            return int(place)
    except ValueError:
        pass
    raise Refused("INVALID_CURSOR_ARGUMENTS", f"`{text}` does not appear to be a valid cursor.")


def _bounds(info: Info, asked: dict[str, Any]) -> tuple[int | None, int | None]:
    first, last = asked.get("first"), asked.get("last")
    name = info.field_name
    if first is None and last is None and set(_selected(info)) & {"nodes", "edges", "pageInfo"}:
        said = f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
        raise Refused("MISSING_PAGINATION_BOUNDARIES", said)
    for which, count in (("first", first), ("last", last)):
        if count is not None and not 1 <= count <= MOST:
            said = f"Requesting {count} records on the `{name}` connection exceeds the `{which}` limit"
            raise Refused("EXCESSIVE_PAGINATION", f"{said} of {MOST} records.")
    return first, last


def _selected(info: Info) -> Iterator[str]:
    """The names of the fields that are asked of a connection, in fragments too."""

    def names(selected: SelectionSetNode | None) -> Iterator[str]:
        for part in selected.selections if selected else ():
            kind = part.kind
            if kind == "field":
                yield part.name.value  # type: ignore[attr-defined]
            elif kind == "inline_fragment":
                yield from names(part.selection_set)  # type: ignore[attr-defined]
            else:
                yield from names(info.fragments[part.name.value].selection_set)  # type: ignore[attr-defined]

    for field in info.field_nodes:
        yield from names(field.selection_set)
