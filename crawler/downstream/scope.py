"""Names and what they stand for at a place of a program."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from crawler.downstream.values import NOTHING, Class, Values, through, union


@dataclass(slots=True, eq=False)
class Scope:
    """The names of a module, a class or one call of a function."""

    parent: Scope | None = None
    kind: str = "module"
    names: dict[str, Values] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    returns: list[Values] = field(default_factory=list)
    # The class whose body this is.
    owner: Class | None = None

    def find(self, name: str) -> Values | None:
        """What a name stands for; None where nobody has defined it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names and (scope is self or scope.kind != "class"):
                return scope.names[name]
            scope = scope.parent
        return None

    def root(self) -> Scope:
        """The module."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def set(self, name: str, values: Values) -> None:
        """Let a name stand for these values from now on."""
        (self.root() if name in self.globals else self).names[name] = values

    @contextmanager
    def branch(self) -> Iterator[None]:
        """A block that may run or not: what it changes is added to what was there."""
        before = dict(self.names)
        yield
        self._merge(before)

    def _merge(self, before: dict[str, Values]) -> None:
        for name, values in self.names.items():
            if name in before and before[name] is not values:
                self.names[name] = union(before[name], through(values, "conditional"))

    def alternatives(self) -> Alternatives:
        """Blocks of which one runs."""
        return Alternatives(self, dict(self.names))


@dataclass(slots=True)
class Alternatives:
    """Blocks of which one runs: each starts from the same names, afterwards each name may be any block's."""

    scope: Scope
    before: dict[str, Values]
    after: list[dict[str, Values]] = field(default_factory=list)

    @contextmanager
    def one(self) -> Iterator[None]:
        """One of the blocks."""
        self.scope.names = dict(self.before)
        yield
        self.after.append(self.scope.names)

    def join(self, *, otherwise: bool) -> None:
        """All blocks are through; ``otherwise`` says that none of them may have run."""
        ends = [*self.after, *([self.before] if otherwise else [])]
        names: dict[str, Values] = {}
        for name in dict.fromkeys(name for end in ends for name in end):
            found = [end.get(name, NOTHING) for end in ends]
            same = all(values is found[0] for values in found)
            names[name] = found[0] if same else through(union(*found), "conditional")
        self.scope.names = names


def parameters(node: ast.arguments) -> list[ast.arg]:
    """Every parameter that takes one argument, in order."""
    return [*node.posonlyargs, *node.args, *node.kwonlyargs]


def defaults(node: ast.arguments) -> dict[str, ast.expr]:
    """The default of each parameter that has one."""
    placed = [*node.posonlyargs, *node.args]
    found = dict(zip((arg.arg for arg in placed[len(placed) - len(node.defaults) :]), node.defaults, strict=True))
    found |= {
        arg.arg: value for arg, value in zip(node.kwonlyargs, node.kw_defaults, strict=True) if value is not None
    }
    return found
