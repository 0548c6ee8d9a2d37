"""Front matter: the YAML between two ``---`` lines at the head of a Markdown file, read with bounds."""

from __future__ import annotations

import base64
import math
import re
from datetime import date
from typing import Any

import yaml

MAX_BYTES = 2_000_000
MAX_DEPTH = 40
MAX_NODES = 200_000
MAX_ERROR = 500

_OPEN = re.compile(r"\s*---[ \t]*\n")
_CLOSE = re.compile(r"^---[ \t]*$", re.MULTILINE)


class _Loader(yaml.CSafeLoader):
    """YAML 1.2's core schema on the C parser: no dates, no ``yes``/``no``, no sexagesimals, no merge keys."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own shape


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int | str:
    text = str(loader.construct_scalar(node))
    if len(text) > 24:
        return text
    number = int(text, 0) if text[:2] in ("0x", "0o") else int(text)
    return number if -(2**63) <= number < 2**63 else text


def _decimal(loader: _Loader, node: yaml.ScalarNode) -> float | str:
    text = str(loader.construct_scalar(node))
    try:
        return float(text)
    except ValueError:
        return text


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF")
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"), "-+0123456789"
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
    "-+0123456789.",
)
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _decimal)


def split(text: str) -> tuple[str | None, str]:
    """The front matter's source, or None where there is none, and the text after it."""
    where = bounds(text)
    return (None, text) if where is None else (text[where[0] : where[1]], text[where[2] :])


def bounds(text: str) -> tuple[int, int, int] | None:
    """Where the front matter's source begins and ends and where the text after it begins, in characters."""
    opening = _OPEN.match(text)
    closing = _CLOSE.search(text, opening.end()) if opening else None
    if opening is None or closing is None:
        return None
    return opening.end(), closing.start(), closing.end() + text.startswith("\n", closing.end())


def read_nodes(text: str) -> yaml.Node | None:
    """The YAML nodes of ``text`` with their marks, under the limits of ``read_yaml``; None where it is no YAML.

    An alias is the anchored node itself, so a walk over the nodes has to count its steps.
    """
    if len(text) > MAX_BYTES:
        return None
    try:
        _check_depth(text)
        return yaml.compose(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, TypeError, ArithmeticError, RecursionError, AttributeError):
        return None


def read_yaml(text: str) -> tuple[dict[str, Any] | None, str | None]:
    """The mapping that ``text`` states, JSON-ready, or None and what is wrong with it."""
    value, error = read_any_yaml(text)
    if value is None:
        return (None, error) if error else ({}, None)
    return (value, None) if isinstance(value, dict) else (None, "not a mapping")


def read_any_yaml(text: str) -> tuple[Any, str | None]:
    """The value that ``text`` states, of any type, JSON-ready, or None and what is wrong with it."""
    if len(text) > MAX_BYTES:
        return None, f"longer than {MAX_BYTES} characters"
    try:
        _check_depth(text)
        value = yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
        return Plain().value(value, 0), None
    except (yaml.YAMLError, ValueError, TypeError, ArithmeticError, RecursionError, AttributeError) as error:
        return None, " ".join(str(error).split())[:MAX_ERROR] or type(error).__name__


def _check_depth(text: str) -> None:
    """The C composer recurses: measure the depth on the flat stream of events first."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_Loader)):
        if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            depth += 1
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            depth -= 1
        if depth > MAX_DEPTH or count > MAX_NODES:
            raise ValueError("nested too deeply" if depth > MAX_DEPTH else "too many values")


class Plain:
    """Turns what YAML gave into JSON; counts the nodes, so that aliases cannot multiply without end."""

    def __init__(self) -> None:
        """Start with the whole allowance."""
        self.left = MAX_NODES

    def mapping(self, value: dict[Any, Any], depth: int = 0) -> dict[str, Any]:
        """A mapping with text for keys."""
        return {self._key(key): self.value(item, depth + 1) for key, item in value.items()}

    def value(self, value: Any, depth: int) -> Any:
        """Any value; what JSON cannot say becomes text."""
        self.left -= 1
        if self.left < 0 or depth > MAX_DEPTH:
            raise ValueError("too many values, or values nested too deeply")
        if isinstance(value, dict):
            return self.mapping(value, depth)
        if isinstance(value, (list, tuple, set)):
            return [self.value(item, depth + 1) for item in value]
        return self._scalar(value)

    def _scalar(self, value: Any) -> Any:
        if isinstance(value, str):
            return value.encode("utf-8", "replace").decode("utf-8") if not value.isascii() else value
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, bytes):
            return base64.b64encode(value).decode("ascii")
        return value if value is None or isinstance(value, (bool, int)) else str(value)

    def _key(self, key: Any) -> str:
        if key is None or isinstance(key, bool):
            return {None: "null", True: "true", False: "false"}[key]
        return str(self._scalar(key))
