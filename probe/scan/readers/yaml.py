"""YAML as a stream of events: no object is built, tags are only read, aliases are not followed into bombs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import yaml

from probe.scan.detector import Budget

#: YAML above this is not parsed.
MAX_YAML = 8 << 20
_MAX_DEPTH = 1000
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Pair(NamedTuple):
    """A scalar under a scalar key, with the line of the value."""

    key: str
    value: str
    line: int


class Tag(NamedTuple):
    """A tag written in the document, with its line."""

    tag: str
    line: int


#: Stands after the last event of a document that is whole.
END = Tag("", 0)


class _Level:
    """A collection that is open: a mapping waits for a key or for a value."""

    __slots__ = ("key", "mapping", "waiting")

    def __init__(self, mapping: bool) -> None:
        self.mapping = mapping
        self.waiting = False
        self.key = ""


def events(text: str, budget: Budget) -> Iterator[Pair | Tag]:
    """Scalars under keys, and tags, in order. Raises ``yaml.YAMLError`` where it is no
    YAML, ValueError where it is nested too deep."""
    anchors: dict[str, str] = {}
    stack: list[_Level] = []
    for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        if count % 4096 == 0:
            budget.tick()
        if isinstance(event, yaml.DocumentEndEvent):
            yield END
            continue
        line = (event.start_mark.line if event.start_mark else 0) + 1
        tag = getattr(event, "tag", None)
        if isinstance(tag, str) and tag:
            yield Tag(tag, line)
        if isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            if isinstance(event, yaml.AliasEvent):
                value = anchors.get(event.anchor or "", "")
            else:
                value = event.value
                if event.anchor and len(value) < 4096:
                    anchors[event.anchor] = value
            level = stack[-1] if stack else None
            if level is not None and level.mapping:
                if level.waiting:
                    yield Pair(level.key, value, line)
                else:
                    level.key = value
                level.waiting = not level.waiting
            elif level is not None:
                yield Pair("", value, line)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if stack and stack[-1].mapping:
                # A collection as a key counts as a key without a name.
                stack[-1].key = "" if not stack[-1].waiting else stack[-1].key
                stack[-1].waiting = not stack[-1].waiting
            if len(stack) >= _MAX_DEPTH:
                raise ValueError("nested too deep")
            stack.append(_Level(isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent) and stack:
            stack.pop()
