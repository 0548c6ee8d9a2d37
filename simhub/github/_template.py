"""Pieces of files with marks that say which models they load.

In a template ``<a>`` to ``<d>`` stand for ids of models, ``<o>`` to ``<r>`` for ids that have an owner
(``<o.owner>`` and ``<o.name>`` are their halves), further words for names of a pool (``<spacy>``). A line that loads
models ends with a mark, ``#= ID ID; revision=v1 flags=trust_remote_code``; marks are taken away, and each becomes a
`Usage`. The marked line is the one on which the call of the library begins; where that call stands in another file,
the line that hands it the id. Where a file does not say which library reads it, the library is "". A template without
a mark is a decoy: it names models, or calls what loads them, and loads none from a hub.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import dedent
from typing import Any

from simhub.clock import digest
from simhub.github.repository import Usage

_PLACE = re.compile(r"<([a-z][a-z0-9]*)(?:\.(owner|name))?>")
_MARK = re.compile(r"[ \t]*#= ([^;\n]*)(?:; ([^\n]*))?$", re.MULTILINE)
IDS = ("a", "b", "c", "d")
OWNED = ("o", "p", "q", "r")


@dataclass(frozen=True, slots=True)
class Idiom:
    """A way to write something: ``parts`` are paths and templates; a path of "" is a piece of any Python file.

    Several parts share a folder (``<dir>``, as a module ``<dotted>``). ``alone``: it wants a file of its own;
    ``weight``: how often it is met.
    """

    name: str
    library: str
    parts: tuple[tuple[str, str], ...]
    weight: float = 3.0
    alone: bool = False
    encoding: str = "utf-8"

    @property
    def decoy(self) -> bool:
        """Whether it loads nothing."""
        return not any(_MARK.search(text) for _, text in self.parts)

    @property
    def piece(self) -> bool:
        """Whether it may stand in a Python file, or in a notebook, together with others."""
        return len(self.parts) == 1 and not self.parts[0][0] and not self.alone

    @property
    def places(self) -> frozenset[str]:
        """The names that have to be filled in."""
        return frozenset(match[1] for path, text in self.parts for match in _PLACE.finditer(path + text))


@dataclass(frozen=True, slots=True)
class Piece:
    """What a template became: text, and usages whose path is not known yet."""

    text: str
    usages: tuple[Usage, ...]

    def at(self, path: str, before: int = 0, cell: int | None = None) -> tuple[Usage, ...]:
        """The usages once the piece stands in a file, or in a cell, after so many lines."""
        return tuple(replace(usage, path=path, line=usage.line + before, cell=cell) for usage in self.usages)


def python(name: str, text: str, library: str = "transformers", weight: float = 3.0, **more: Any) -> Idiom:
    """An idiom that is a piece of a Python file."""
    return Idiom(name, library, (("", _plain(text)),), weight, **more)


def written(name: str, path: str, text: str, library: str = "", weight: float = 2.0, **more: Any) -> Idiom:
    """An idiom that is a file of its own."""
    return Idiom(name, library, ((path, _plain(text)),), weight, True, **more)


def several(name: str, parts: Mapping[str, str], library: str = "transformers", weight: float = 3.0) -> Idiom:
    """An idiom of several files in one folder."""
    return Idiom(name, library, tuple((path, _plain(text)) for path, text in parts.items()), weight, True)


def _plain(text: str) -> str:
    return dedent(text).strip("\n") + "\n"


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with everything filled in that has a value."""

    def value(match: re.Match[str]) -> str:
        known = values.get(match[1])
        if known is None:
            return match[0]
        owner, _, name = known.partition("/")
        return known if match[2] is None else owner if match[2] == "owner" else name

    return _PLACE.sub(value, text)


def render(text: str, values: Mapping[str, str], library: str = "") -> Piece:
    """A template filled in, its marks read and taken away."""
    lines, usages = [], []
    for number, line in enumerate(fill(text, values).split("\n"), 1):
        mark = _MARK.search(line)
        lines.append(line[: mark.start()] if mark else line)
        usages += [_usage(number, model, mark[2] or "", library) for model in mark[1].split()] if mark else []
    return Piece("\n".join(lines), tuple(usages))


def _usage(line: int, model: str, more: str, library: str) -> Usage:
    said = dict(word.split("=", 1) for word in more.split())
    return Usage(
        path="",
        line=line,
        model_id=model,
        hub=said.get("hub", "huggingface"),
        library=said.get("library", library),
        revision=said.get("revision"),
        flags=tuple(said["flags"].split(",")) if "flags" in said else (),
    )


def cells_of(text: str) -> list[tuple[str, str]]:
    """Kind and source of the cells of a notebook template, which begin with ``# %%`` or ``# %% md``."""
    found = []
    for part in re.split(r"^# %%", text, flags=re.MULTILINE)[1:]:
        kind, _, source = part.partition("\n")
        found.append(("markdown" if kind.strip() == "md" else "code", source.rstrip("\n")))
    return found


def notebook(cells: Sequence[tuple[str, str]], outputs: str = "", indent: int | None = 1) -> bytes:
    """A notebook (nbformat 4.5) of cells; ``outputs`` is what its code cells printed."""
    body = [_cell(number, kind, source, outputs) for number, (kind, source) in enumerate(cells)]
    about = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python", "version": "3.11.4"},
    }
    whole = {"cells": body, "metadata": about, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(whole, indent=indent, ensure_ascii=False) + "\n").encode()


def _cell(number: int, kind: str, source: str, outputs: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": digest(number, source, length=8), "metadata": {}}
    cell["source"] = source.splitlines(keepends=True) if number % 5 else source
    if kind == "code":
        printed = {"name": "stdout", "output_type": "stream", "text": outputs.splitlines(keepends=True)}
        cell |= {"execution_count": number + 1, "outputs": [printed] if outputs and number % 3 == 2 else []}
    return cell
