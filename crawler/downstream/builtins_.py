"""Calls of the standard library and of well-known helpers that a reader does in the head."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from crawler.downstream.values import (
    NOTHING,
    Instance,
    Items,
    Table,
    Text,
    Values,
    combined,
    elements,
    entries,
    texts,
    through,
    union,
)

Arguments = tuple[list[Values], dict[str, Values]]

_SAME = (
    "str",
    "list",
    "tuple",
    "set",
    "sorted",
    "reversed",
    "frozenset",
    "Path",
    "iter",
    "deepcopy",
    "copy",
    "cast",
    "tqdm",
    "trange",
    "track",
    "progress_bar",
    "cycle",
)
_PICKED = ("choice", "next", "max", "min", "choices", "sample")
# Of Streamlit: a question, then what may be answered.
_ASKED = ("selectbox", "radio", "select_slider", "multiselect", "text_input")
_NAMESPACES = ("Namespace", "SimpleNamespace", "EasyDict", "edict", "AttrDict", "DotDict", "Box", "Munch", "Config")
_TABLES = ("dict", "OrderedDict", "MappingProxyType", "DictConfig", "create", "ConfigDict")


def function(name: str, given: list[Values], named: dict[str, Values]) -> Values | None:
    """What calling a function by its last name gives; None where we do not know it."""
    first = given[0] if given else NOTHING
    if name in _SAME:
        return given[-1] if name == "cast" and given else first
    if name in _PICKED:
        return through(elements(first), "enumerated")
    if name in ("getenv", "environ.get"):
        fallback = given[1] if len(given) > 1 else named.get("default", NOTHING)
        return through(fallback, "environment_default")
    if name in ("join", "joinpath"):
        return path(given)
    if name in _ASKED:
        answers = given[1] if len(given) > 1 else named.get("options", named.get("value", NOTHING))
        return union(through(elements(answers), "enumerated"), tuple(texts(answers)))
    if name in ("vars", "asdict", "model_dump"):
        return tuple(Table(dict(value.fields)) if isinstance(value, Instance) else value for value in first)
    if name == "param":
        return (Items(tuple(given)),)
    if name in ("field", "Field", "Option", "Argument", "attrib", "ib"):
        return _field(given, named)
    if name in _NAMESPACES or (name in _TABLES and not given):
        made = Table(dict(named)) if name in _TABLES else Instance(fields=dict(named))
        for value in first:
            if isinstance(value, Table) and isinstance(made, Instance):
                made.fields |= value.entries
        return (made,)
    if name in _TABLES:
        return _dictionary(first, named)
    if name == "zip":
        pairs = [
            tuple(place[n] if n < len(place) else NOTHING for place in _places(given)) for n in range(_longest(given))
        ]
        return (Items(tuple((Items(pair),) for pair in pairs)),)
    if name == "enumerate":
        return (Items(tuple((Items((NOTHING, place)),) for place in (_places([first]) or [[]])[0])),)
    return None


def path(parts: Iterable[Values]) -> Values:
    """Texts joined to a path of the machine: whatever it looks like, it is no id."""
    return combined(
        parts, lambda found: "./" + "/".join(found) if found[0][:1] not in "/." else "/".join(found), "format"
    )


def _field(given: list[Values], named: dict[str, Values]) -> Values:
    """The default of a dataclass, pydantic or typer field."""
    default = named.get("default", given[0] if given else NOTHING)
    return through(default, "field_default")


def _dictionary(first: Values, named: dict[str, Values]) -> Values:
    table = Table()
    for value in first:
        if isinstance(value, Table):
            table.entries |= value.entries
            table.others += value.others
        for pair in _places([(value,)])[0] if isinstance(value, Items) else ():
            for inner in pair:
                if isinstance(inner, Items) and len(inner.places) == 2:
                    for key in texts(inner.places[0]):
                        table.entries[key.text] = inner.places[1]
    table.entries |= named
    return (table,)


def _places(lists: list[Values]) -> list[list[Values]]:
    """The places of the first list among each of the values."""
    found = []
    for values in lists:
        items = next((value for value in values if isinstance(value, Items)), None)
        table = next((value for value in values if isinstance(value, Table)), None)
        keys: list[Values] = [(Text(key, "enumerated"),) for key in table.entries] if table else []
        found.append(list(items.places) if items else keys)
    return found


def _longest(lists: list[Values]) -> int:
    return min(max((len(place) for place in _places(lists)), default=0), 64)


def method(holder: Any, name: str, given: list[Values], named: dict[str, Values]) -> Values | None:
    """What calling a method of a text, a list or a dictionary gives; None where we do not know it."""
    if isinstance(holder, Text):
        return _text_method(holder, name, given, named)
    if isinstance(holder, Table):
        return _table_method(holder, name, given, named)
    if isinstance(holder, Items) and name in ("copy", "pop"):
        return (holder,) if name == "copy" else elements((holder,))
    return None


_ONE_TEXT: dict[str, Callable[[str], str]] = {
    "strip": str.strip,
    "lower": str.lower,
    "upper": str.upper,
    "rstrip": str.rstrip,
    "lstrip": str.lstrip,
    "title": str.title,
    "as_posix": str,
    "resolve": str,
    "expanduser": str,
}


def _text_method(text: Text, name: str, given: list[Values], named: dict[str, Values]) -> Values | None:
    if name in _ONE_TEXT:
        return (Text(_ONE_TEXT[name](text.text), text.how, text.where),)
    if name == "format":
        keys = list(named)
        return combined(
            ((text,), *given, *named.values()),
            lambda found: found[0].format(
                *found[1 : 1 + len(given)], **dict(zip(keys, found[1 + len(given) :], strict=True))
            ),
            "format",
        )
    if name == "replace" and len(given) >= 2:
        return combined(((text,), *given[:2]), lambda found: found[0].replace(found[1], found[2]), "format")
    if name in ("split", "rsplit"):
        return _split(text, given)
    if name == "join" and given:
        places = _places([given[0]])[0]
        return combined(places, text.text.join, "format") if places else NOTHING
    if name in ("removeprefix", "removesuffix") and given:
        return combined(((text,), given[0]), lambda found: getattr(found[0], name)(found[1]), "format")
    return None


def _split(text: Text, given: list[Values]) -> Values:
    separators = texts(given[0]) if given else [Text("")]
    found = []
    for separator in separators:
        words = text.text.split(separator.text) if separator.text else text.text.split()
        found.append(Items(tuple((Text(word, "format", text.where),) for word in words)))
    return tuple(found)


def _table_method(table: Table, name: str, given: list[Values], named: dict[str, Values]) -> Values | None:
    if name in ("get", "pop", "setdefault"):
        keys = texts(given[0]) if given else []
        known = [table.entries[key.text] for key in keys if key.text in table.entries]
        fallback = given[1] if len(given) > 1 else named.get("default", NOTHING)
        return union(*(known if keys else [entries((table,), "enumerated")]), fallback)
    if name == "values":
        return (Items((*table.entries.values(), *table.others)),)
    if name == "keys":
        return (Items(tuple((Text(key, "enumerated"),) for key in table.entries)),)
    if name == "items":
        pairs = [(Items(((Text(key, "enumerated"),), values)),) for key, values in table.entries.items()]
        return (Items(tuple(pairs)),)
    if name == "copy":
        return (table,)
    if name == "update":
        for other in given[0] if given else ():
            if isinstance(other, Table):
                table.entries |= other.entries
        table.entries |= named
        return NOTHING
    return None
