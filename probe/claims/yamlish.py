"""YAML that a stranger wrote: read under caps, kept inert, numbers with the text they were written as.

A card's front matter is data from the hub. Before anything is built the events of the parser are counted: depth,
nodes, and what aliases would expand to, so that an "alias bomb" or a recursive anchor is refused for a few bytes of
work. Tags (``!!python/object``) mean nothing here: the node is read as if it had none, and that is noted.
"""

from __future__ import annotations

from typing import Any

import yaml

MAX_TEXT = 8 << 20
MAX_NODES = 500_000
MAX_DEPTH = 64


class Unreadable(ValueError):
    """The text is no YAML that we read: malformed, too deep, too large or a bomb."""


class WrittenFloat(float):
    """A number that remembers how it was written (``0.90`` keeps its last zero)."""

    text: str

    def __new__(cls, value: float, text: str) -> WrittenFloat:
        """The number and its text."""
        made = super().__new__(cls, value)
        made.text = text
        return made


class WrittenInt(int):
    """An integer that remembers how it was written."""

    text: str

    def __new__(cls, value: int, text: str) -> WrittenInt:
        """The integer and its text."""
        made = super().__new__(cls, value)
        made.text = text
        return made


class _Loader(yaml.CSafeLoader):
    """The safe loader, without dates, without tags, and without errors over one odd scalar."""

    strange_tags: int = 0

    def plain(self, node: yaml.Node) -> Any:
        """The node as if it had no tag."""
        self.strange_tags += 1
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return self.construct_sequence(node, deep=True)
        return self.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None

    def mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        """Keys as text: YAML allows lists and mappings as keys, JSON and Python do not."""
        self.flatten_mapping(node)
        return {
            _key(self.construct_object(key, deep=True)): self.construct_object(value, deep=True)
            for key, value in node.value
        }

    def number(self, node: yaml.ScalarNode) -> Any:
        """A number with its text; one that is none after all stays text."""
        text = str(node.value)
        try:
            if node.tag.endswith(":int"):
                return WrittenInt(self.construct_yaml_int(node), text)
            return WrittenFloat(self.construct_yaml_float(node), text)
        except (ValueError, OverflowError, IndexError):
            return text

    def boolean(self, node: yaml.ScalarNode) -> Any:
        """True and false only: a class named ``no`` is no boolean (YAML 1.2, which the hub reads)."""
        text = str(self.construct_scalar(node))
        return text.lower() == "true" if text.lower() in ("true", "false") else text

    def text(self, node: yaml.ScalarNode) -> Any:
        """The scalar as it stands."""
        return self.construct_scalar(node)


def _key(key: Any) -> str:
    return key if isinstance(key, str) else str(getattr(key, "text", key))[:200]


_Loader.add_constructor(None, _Loader.plain)
_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.number)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.number)
_Loader.add_constructor("tag:yaml.org,2002:bool", _Loader.boolean)
for _tag in ("timestamp", "binary", "value"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _Loader.text)
for _tag in ("set", "omap", "pairs"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _Loader.plain)


def read(text: str) -> tuple[Any, list[str]]:
    """The value of a YAML document and what was odd about it. Raises :class:`Unreadable`."""
    if len(text) > MAX_TEXT:
        raise Unreadable(f"more than {MAX_TEXT} characters")
    # What YAML does not allow at all (a NUL, a lone surrogate) would end the reading of everything else.
    clean = "".join(c for c in text if c.isprintable() or c in "\t\n\r") if not text.isprintable() else text
    try:
        _weigh(clean)
        loader = _Loader(clean)
        try:
            value = loader.get_single_data()
        finally:
            loader.dispose()
    except Unreadable:
        raise
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        problem = getattr(error, "problem", None) or str(error)
        raise Unreadable(str(problem).splitlines()[0][:200] if str(problem) else type(error).__name__) from error
    return value, [f"{loader.strange_tags} tag(s) were not minded"] if loader.strange_tags else []


def _weigh(text: str) -> None:
    """Walk the events, never building a node: refuse what is deep, large, recursive, or grows by its aliases."""
    weights: dict[str, int] = {}
    opened: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in weights:
                raise Unreadable("an alias to itself or to nothing")
            total += weights[event.anchor]
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor:
                weights[event.anchor] = 1
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            total += 1
            opened.append((event.anchor, total))
            if event.anchor:
                weights.pop(event.anchor, None)
            if len(opened) > MAX_DEPTH:
                raise Unreadable(f"nested more than {MAX_DEPTH} deep")
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            anchor, begun = opened.pop()
            if anchor:
                weights[anchor] = total - begun + 1
        if total > MAX_NODES:
            raise Unreadable(f"more than {MAX_NODES} nodes, aliases counted as what they stand for")
