"""What an imported name means: names that only build data, names that run, read or write, and all the others.

``allow.csv``, ``deny.csv`` and ``words.csv`` are the policy; this module only looks things up. Module patterns are
exact or end in ``.**`` (the module and everything below it). Names are exact, ``@class`` (CamelCase, as classes are
called), ``re:...`` (a regular expression without spaces) or, in the deny list, ``*``. An exact allowance beats a
denial, a denial beats a family, and what stands nowhere is unlisted.
"""

from __future__ import annotations

import csv
import re
import sys
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

Level = Literal["pure", "class", "danger", "review", "unlisted"]

#: Why such names are for review.
NOT_A_NAME = "not a name that Python could have written"
_HERE = Path(__file__).parent
_CLASS = re.compile(r"_?[A-Z][A-Za-z0-9_]*\Z")
_DUNDER = re.compile(r"__\w+__\Z")
_WORD = re.compile(r"[^\W\d]\w*\Z")


def _words(group: str) -> frozenset[str]:
    with (_HERE / "words.csv").open(encoding="utf-8", newline="") as handle:
        return frozenset(" ".join(row["words"] for row in csv.DictReader(handle) if row["group"] == group).split())


#: Packages whose own pickles were vetted: a function of theirs that is on no list has no business in a pickle.
FRAMEWORKS = _words("frameworks")
#: Modules that some Python had and this one may lack.
_OTHER_PYTHONS = _words("other_pythons")
STDLIB = frozenset(sys.stdlib_module_names) | _OTHER_PYTHONS
#: Attributes that mean the same wherever they are found.
_ALWAYS = _words("always")
#: Modules which others import, and which can be taken from them as an attribute.
_MODULES = _words("modules")


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the policy says of a name.

    ``pure``: calling it builds data. ``class``: a class that may be made by ``__new__`` and given a state, but whose
    constructor is not vetted. ``danger``: it runs, reads, writes, connects or reaches other names. ``review``: it can
    be harmless and can be misused. ``unlisted``: nobody has looked.
    """

    level: Level
    why: str


@dataclass(frozen=True, slots=True)
class _Line:
    level: Level
    names: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]
    why: str

    def matches(self, name: str) -> bool:
        return name in self.names or "*" in self.names or any(pattern.match(name) for pattern in self.patterns)


class _Table:
    """Lines by module, exact and by family."""

    def __init__(self, path: Path) -> None:
        self.exact: dict[str, list[_Line]] = {}
        self.family: dict[str, list[_Line]] = {}
        with path.open(encoding="utf-8", newline="") as handle:
            for row in csv.DictReader(handle):
                self._add(row)

    def _add(self, row: dict[str, str]) -> None:
        words = row["names"].split()
        patterns = [re.compile(word[3:] + r"\Z") for word in words if word.startswith("re:")]
        if "@class" in words:
            patterns.append(_CLASS)
        level: Level = row["level"]  # type: ignore[assignment]
        line = _Line(level, frozenset(words) - {"@class"}, tuple(patterns), row["why"])
        for module in row["modules"].split():
            where = self.family if module.endswith(".**") else self.exact
            where.setdefault(module.removesuffix(".**"), []).append(line)

    def exactly(self, module: str, name: str) -> _Line | None:
        """The line that names both."""
        return next((line for line in self.exact.get(module, ()) if name in line.names), None)

    def find(self, module: str, name: str) -> _Line | None:
        """The nearest line that covers the name."""
        for line in self.exact.get(module, ()):
            if line.matches(name):
                return line
        while module:
            for line in self.family.get(module, ()):
                if line.matches(name):
                    return line
            module = module.rpartition(".")[0]
        return None


@cache
def _tables() -> tuple[_Table, _Table]:
    return _Table(_HERE / "allow.csv"), _Table(_HERE / "deny.csv")


def canonical(module: str, name: str, protocol: int) -> tuple[str, str]:
    """The name as today's Python knows it: Python 2's modules by their new names, NumPy's core by its old one."""
    if protocol < 3:
        module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
    if module == "numpy._core" or module.startswith("numpy._core."):
        module = "numpy.core" + module[len("numpy._core") :]
    return module, name


@lru_cache(maxsize=8192)
def ruling(module: str, name: str) -> Ruling:
    """What the policy says of ``module.name``; ``name`` may be dotted."""
    allow, deny = _tables()
    if line := allow.exactly(module, name):
        return Ruling(line.level, line.why)
    first = name.partition(".")[0]
    if line := deny.find(module, name) or deny.find(module, first):
        return Ruling(line.level, line.why)
    for judge in (_by_words, _by_shape):
        if verdict := judge(module, name):
            return verdict
    if "." not in name and (line := allow.find(module, name)):
        return Ruling(line.level, line.why)
    return Ruling("unlisted", "on no list")


def _by_shape(module: str, name: str) -> Ruling | None:
    """Names that reach through other objects, and names that are none."""
    parts = name.split(".")
    if not all(_WORD.match(part) for part in (*module.split("."), *parts) if part != "<locals>"):
        return Ruling("review", NOT_A_NAME)
    if any(_DUNDER.match(part) for part in parts):
        return Ruling("danger", "reaches into the interpreter's own attributes")
    if len(parts) == 1:
        return None
    if vetted(module):
        return Ruling("danger", f"a dotted name reaches through {module} to something else")
    if not all(_CLASS.match(part) for part in parts):
        return Ruling("review", f"a dotted name reaches through {parts[0]}")
    return None


def _by_words(module: str, name: str) -> Ruling | None:
    """Modules and attributes that are denied under whatever path they are reached."""
    _, deny = _tables()
    for part in name.split("."):
        if part in _MODULES:
            return Ruling("danger", f"takes the module {part} from another module")
        if part in _ALWAYS:
            return Ruling("danger", f"{part} runs or loads code, whatever module it is taken from")
    parts = name.split(".")
    for split in range(1, len(parts)):
        if line := deny.find(".".join(parts[:split]), ".".join(parts[split:])):
            return Ruling("danger", line.why)
    return None


def vetted(module: str) -> bool:
    """Whether the module is of the standard library or of a framework whose pickles are known."""
    root = module.partition(".")[0]
    return root in STDLIB or root in FRAMEWORKS


def is_class(name: str) -> bool:
    """Whether the last part of the name is written as classes are."""
    return bool(_CLASS.match(name.rpartition(".")[2]))


#: The look-up as others may take it as an argument.
Look = Callable[[str, str], Ruling]
