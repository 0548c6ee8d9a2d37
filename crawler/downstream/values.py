"""What an expression of a program may stand for, as far as a reader of the file can tell.

A value set is a tuple of values; the empty one means that nothing is known. Texts remember how they were come by:
the weakest link on the way from where they are written to where they are used.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Any, TypeAlias

#: From the strongest to the weakest.
HOWS = (
    "literal",
    "variable",
    "other_cell",
    "class_constant",
    "argument",
    "default_argument",
    "field_default",
    "command_line_default",
    "environment_default",
    "dictionary",
    "conditional",
    "enumerated",
    "format",
    "other_file",
    "handed_over",
    "attribute",
)
_RANK = {how: rank for rank, how in enumerate(HOWS)}
#: More values than this are no longer what a reader would list.
MOST = 64


@dataclass(frozen=True, slots=True)
class Text:
    """A text, and how it was come by; ``where`` is the cell or file it is written in."""

    text: str
    how: str = "literal"
    where: object = None


@dataclass(frozen=True, slots=True)
class Number:
    """A number or a truth value, as it is spelled: part of a text that is put together, never one by itself."""

    spelled: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list, tuple or set: the values of its places. ``whole`` is false where more may be in it."""

    places: tuple[Values, ...]


@dataclass(slots=True, eq=False)
class Table:
    """A dictionary by its text keys; what stands under other keys is in ``others``."""

    entries: dict[str, Values] = field(default_factory=dict)
    others: list[Values] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Name:
    """Something imported, by its full name (``transformers.AutoModel``)."""

    dotted: str


@dataclass(slots=True, eq=False)
class Function:
    """A function of this program: its definition, the scope it was defined in, and for a method its object."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Any
    bound: Instance | Class | None = None
    defaults: dict[str, Values] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Class:
    """A class of this program."""

    node: ast.ClassDef
    scope: Any
    fields: dict[str, Values] = field(default_factory=dict)
    parents: tuple[Class, ...] = ()


@dataclass(slots=True, eq=False)
class Instance:
    """An object with fields: of a class of this program, or parsed arguments."""

    of: Class | None = None
    fields: dict[str, Values] = field(default_factory=dict)


Value: TypeAlias = "Text | Number | Items | Table | Name | Function | Class | Instance"
Values: TypeAlias = "tuple[Value, ...]"
NOTHING: Values = ()


def weakest(*hows: str) -> str:
    """The weakest of several ways."""
    return max(hows, key=lambda how: _RANK[how])


def through(values: Values, how: str) -> Values:
    """Values that were come by in this way too."""
    return tuple(_weaker(value, how) for value in values)


def _weaker(value: Value, how: str) -> Value:
    if isinstance(value, Text):
        return Text(value.text, weakest(value.how, how), value.where)
    return value


def union(*sets: Values) -> Values:
    """Every value once, in order, up to the limit."""
    seen: dict[Any, Value] = {}
    for value in (value for values in sets for value in values):
        key: Any = (
            value.text
            if isinstance(value, Text)
            else value
            if isinstance(value, Items | Name | Number)
            else id(value)
        )
        before = seen.get(key)
        stronger = isinstance(value, Text) and isinstance(before, Text) and _RANK[value.how] < _RANK[before.how]
        if before is None or stronger:
            seen[key] = value
    return tuple(islice(seen.values(), MOST))


def texts(values: Values) -> list[Text]:
    """The texts among the values."""
    return [value for value in values if isinstance(value, Text)]


def combined(parts: Iterable[Values], join: Callable[[list[str]], str], how: str) -> Values:
    """What ``join`` makes of one text of each part, for all choices; nothing where a part is unknown."""
    choices = [[*texts(part), *(Text(v.spelled) for v in part if isinstance(v, Number))] for part in parts]
    if not all(choices):
        return NOTHING
    made = []
    for chosen in islice(product(*choices), MOST):
        try:
            text = join([text.text for text in chosen])
        except (ValueError, IndexError, KeyError, TypeError):
            continue
        if len(text) <= 4096:
            made.append(Text(text, weakest(how, *(text.how for text in chosen)), chosen[0].where if chosen else None))
    return tuple(made)


def elements(values: Values, how: str = "enumerated") -> Values:
    """What iterating over the values gives."""
    found: list[Values] = []
    for value in values:
        if isinstance(value, Items):
            found += value.places
        elif isinstance(value, Table):
            found.append(tuple(Text(key, how) for key in value.entries))
        elif isinstance(value, Class):
            # An enumeration.
            found.append(tuple(text for inner in value.fields.values() for text in texts(inner)))
    return through(union(*found), how)


def entries(values: Values, how: str = "dictionary") -> Values:
    """Every value that the tables and lists among ``values`` hold."""
    found: list[Values] = []
    for value in values:
        if isinstance(value, Table):
            found += [*value.entries.values(), *value.others]
        elif isinstance(value, Items):
            found += value.places
    return through(union(*found), how)
