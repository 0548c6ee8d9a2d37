"""A program read from top to bottom, as a reader would: what names stand for at every call. Nothing is ever run.

Functions of the program are followed where they are called, and once more by themselves with the defaults of their
parameters; a loop is gone through once with everything that it goes over; of branches, every one is taken. What
cannot be known stands for nothing. The work is bounded by steps, depth and the size of value sets.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Protocol

from crawler.downstream import decorators
from crawler.downstream.calls import Calls, Site, last_name
from crawler.downstream.scope import Scope, defaults, parameters
from crawler.downstream.source import Piece
from crawler.downstream.values import (
    NOTHING,
    Class,
    Function,
    Instance,
    Items,
    Name,
    Table,
    Values,
    elements,
    texts,
    through,
    union,
)


class Others(Protocol):
    """The other files of a repository."""

    def find(self, dotted: str, *, called: bool = False) -> Values | None:
        """What a name of another file stands for; None where there is none. Leading dots are as in an import."""


class Interpreter(Calls):
    """Reads one program."""

    def __init__(
        self, seen: Callable[[Site], None], others: Others | None = None, *, names_only: bool = False
    ) -> None:
        """``seen`` is told of every call, in every context in which it is met.

        With ``names_only`` the program is read for what its names stand for, and methods are not entered.
        """
        super().__init__(seen)
        self._names_only = names_only
        self._others = others
        self._stars: list[str] = []
        # Functions, the cell of each, and for those inherited from another file the class that inherits them.
        self._pending: list[tuple[Function, int | None, ast.ClassDef | None]] = []
        self._alone: set[tuple[int, int]] = set()

    def run(self, pieces: Iterable[Piece]) -> None:
        """Read the pieces in order, then the functions by themselves."""
        for piece in pieces:
            self.cell, self._mended = piece.cell, piece.mended
            self.block(piece.tree.body, self.module)
        while self._pending:
            function, self.cell, self._left_at = self._pending.pop(0)
            made = function.bound.of if isinstance(function.bound, Instance) else None
            # A class may be met again and again: by its definition it is one.
            key = (id(function.node), id(made.node if made else None))
            if key not in self._alone:
                self._alone.add(key)
                # Deeper than anybody writes by hand: the other functions are still read.
                with suppress(RecursionError):
                    self.enter(function, [], {}, alone=True)

    # ------------------------------------------------------------ statements

    def block(self, body: Iterable[ast.stmt], scope: Scope) -> None:
        for statement in body:
            self._steps += 1
            handle = getattr(self, f"_{type(statement).__name__}", self._plain)
            try:
                handle(statement, scope)
            except RecursionError:
                # Nested deeper than anybody writes by hand: what follows is still read.
                if self._depth:
                    raise

    def _plain(self, statement: ast.AST, scope: Scope) -> None:
        """A statement of no special kind: its expressions are looked at."""
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.expr):
                self.of(child, scope)
            elif isinstance(child, ast.stmt):
                self.block([child], scope)

    def _Import(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            dotted = alias.name if alias.asname else alias.name.partition(".")[0]
            scope.set(alias.asname or dotted, (Name(dotted),))

    def _ImportFrom(self, node: ast.ImportFrom, scope: Scope) -> None:
        for alias in node.names:
            if alias.name == "*":
                self._stars += [node.module] if node.module else []
                continue
            dotted = f"{node.module}.{alias.name}" if node.module else alias.name
            scope.set(alias.asname or alias.name, (Name("." * node.level + dotted),))

    def imported(self, dotted: str, *, called: bool = False) -> Values:
        """What an imported name stands for: the values of another file, else its own full name."""
        found = self._others.find(dotted, called=called) if self._others else None
        if found is not None:
            return through(found, "other_file")
        if dotted.endswith("flags.FLAGS"):
            return (self.arguments,)
        return (Name(dotted),)

    def starred(self, name: str) -> str:
        """The full name of one that nobody has defined: it may come from a module imported whole."""
        return f"{self._stars[-1]}.{name}" if self._stars else f"?{name}"

    def _Assign(self, node: ast.Assign, scope: Scope) -> None:
        values = self.of(node.value, scope)
        if isinstance(node.value, ast.Lambda):
            self._pending += [(value, self.cell, None) for value in values if isinstance(value, Function)]
        for target in node.targets:
            self.assign(target, values, scope)

    def _AnnAssign(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is not None:
            self.assign(node.target, self.of(node.value, scope), scope)
        elif scope.kind == "class" and isinstance(node.target, ast.Name) and (listed := self.listed(node.annotation)):
            self.assign(node.target, listed, scope)

    def _AugAssign(self, node: ast.AugAssign, scope: Scope) -> None:
        made = self.of(ast.BinOp(_loaded(node.target), node.op, node.value), scope)
        self.assign(node.target, made, scope)

    def assign(self, target: ast.expr, values: Values, scope: Scope) -> None:
        """Let a target stand for values."""
        if isinstance(target, ast.Name):
            scope.set(target.id, values)
            self.note(target.id, values) if scope.kind == "class" else None
        elif isinstance(target, ast.Starred):
            self.assign(target.value, (Items((values,)),), scope)
        elif isinstance(target, ast.Tuple | ast.List):
            for place, inner in enumerate(target.elts):
                found = [v.places[place] for v in values if isinstance(v, Items) and place < len(v.places)]
                loose = [v for v in values if isinstance(v, Instance)] if place == 0 else []
                self.assign(inner, union(*found, tuple(loose)), scope)
        elif isinstance(target, ast.Attribute):
            self.note(target.attr, values)
            for holder in self.of(target.value, scope):
                if isinstance(holder, Instance | Class):
                    before = holder.fields.get(target.attr, NOTHING)
                    holder.fields[target.attr] = union(values, before) if self._depth > 1 else values or before
        elif isinstance(target, ast.Subscript):
            keys = texts(self.of(target.slice, scope))
            for holder in self.of(target.value, scope):
                if isinstance(holder, Table):
                    holder.entries |= {key.text: values for key in keys}
                    holder.others += [] if keys else [values]

    def _If(self, node: ast.If, scope: Scope) -> None:
        self.of(node.test, scope)
        if _is_main(node.test):
            self.block(node.body, scope)
            return
        branches = scope.alternatives()
        with branches.one():
            self._suppose(node.test, scope)
            self.block(node.body, scope)
        with branches.one():
            self.block(node.orelse, scope)
        branches.join(otherwise=False)

    def _suppose(self, test: ast.expr, scope: Scope) -> None:
        """Where a name nobody knows is compared with texts, it is one of them if the comparison holds."""
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
            for part in test.values:
                self._suppose(part, scope)
        if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.left, ast.Name)):
            return
        if scope.find(test.left.id) or not isinstance(test.ops[0], ast.Eq | ast.In):
            return
        other = self.of(test.comparators[0], scope)
        listed = elements(other) if isinstance(test.ops[0], ast.In) else tuple(texts(other))
        if listed:
            scope.set(test.left.id, through(listed, "enumerated"))

    def _Assert(self, node: ast.Assert, scope: Scope) -> None:
        self.of(node.test, scope)
        self._suppose(node.test, scope)

    def _For(self, node: ast.For | ast.AsyncFor, scope: Scope) -> None:
        self.assign(node.target, elements(self.of(node.iter, scope)), scope)
        with scope.branch():
            self.block(node.body, scope)
        self.block(node.orelse, scope)

    _AsyncFor = _For

    def _While(self, node: ast.While, scope: Scope) -> None:
        self.of(node.test, scope)
        with scope.branch():
            self.block(node.body, scope)
        self.block(node.orelse, scope)

    def _With(self, node: ast.With | ast.AsyncWith, scope: Scope) -> None:
        for item in node.items:
            values = self.of(item.context_expr, scope)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, values, scope)
        self.block(node.body, scope)

    _AsyncWith = _With

    def _Try(self, node: ast.Try, scope: Scope) -> None:
        self.block(node.body, scope)
        for handler in node.handlers:
            with scope.branch():
                self.block(handler.body, scope)
        self.block(node.orelse, scope)
        self.block(node.finalbody, scope)

    _TryStar = _Try

    def _Match(self, node: ast.Match, scope: Scope) -> None:
        self.of(node.subject, scope)
        branches = scope.alternatives()
        for case in node.cases:
            with branches.one():
                if isinstance(node.subject, ast.Name) and isinstance(case.pattern, ast.MatchValue):
                    equal = ast.Compare(node.subject, [ast.Eq()], [case.pattern.value])
                    self._suppose(equal, scope)
                self.block(case.body, scope)
        branches.join(otherwise=True)

    def _Return(self, node: ast.Return, scope: Scope) -> None:
        scope.returns.append(self.of(node.value, scope))

    def _Global(self, node: ast.Global, scope: Scope) -> None:
        scope.globals.update(node.names)

    def _FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        given = {name: self.of(value, scope) for name, value in defaults(node.args).items()}
        for decorator in node.decorator_list:
            given |= self._decorated(decorator, node, scope)
        function = Function(node, scope, defaults=given)
        scope.set(node.name, (function,))
        if any(decorators.is_fixture(last_name(decorator)) for decorator in node.decorator_list):
            self.fixtures[node.name] = function
        if scope.kind != "class":
            self._pending.append((function, self.cell, None))

    _AsyncFunctionDef = _FunctionDef

    def _decorated(
        self, decorator: ast.expr, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope
    ) -> dict[str, Values]:
        """What a decorator gives to parameters."""
        if not isinstance(decorator, ast.Call):
            self.of(decorator, scope)
            return {}
        places = [self.of(argument, scope) for argument in decorator.args]
        named = {keyword.arg: self.of(keyword.value, scope) for keyword in decorator.keywords if keyword.arg}
        names = [argument.arg for argument in parameters(node.args) if argument.arg != "self"]
        return decorators.given(last_name(decorator.func), places, named, names)

    def _ClassDef(self, node: ast.ClassDef, scope: Scope) -> None:
        inner = Scope(scope, "class")
        bases = [value for base in node.bases for value in self.of(base, scope) if isinstance(value, Class)]
        made = Class(node, scope, inner.names, tuple(bases))
        inner.owner = made
        for base in reversed(bases):
            inner.names |= base.fields
        for decorator in node.decorator_list:
            self.of(decorator, scope)
        scope.set(node.name, (made,))
        self.block(node.body, inner)
        made.fields = inner.names
        if self._names_only:
            return
        itself = self.instance(made, [], {}, alone=True)
        above = {id(values) for base in bases for values in base.fields.values()}
        handed = {
            name: values if id(values) in above else through(values, "handed_over")
            for name, values in made.fields.items()
            if not any(isinstance(value, Function) for value in values)
        }
        for values in list(made.fields.values()):
            for function in values:
                if isinstance(function, Function) and function.node not in self._inside:
                    abroad = function.scope.root() is not self.module
                    owner = Instance(made, handed) if abroad else itself
                    method = Function(function.node, function.scope, owner, function.defaults)
                    self._pending.append((method, self.cell, node if abroad else None))


def _loaded(target: ast.expr) -> ast.expr:
    """A target as an expression."""
    return target


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"
