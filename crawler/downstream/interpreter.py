"""A program read from top to bottom, as a reader would: what names stand for at every call. Nothing is ever run.

Functions of the program are followed where they are called, and once more by themselves with the defaults of their
parameters; a loop is gone through once with everything that it goes over; of branches, every one is taken. What cannot
be known stands for nothing. The work is bounded by steps, depth and the size of value sets.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from crawler.downstream import builtins_
from crawler.downstream.evaluate import Evaluator
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
    Text,
    Values,
    elements,
    texts,
    through,
    union,
)

_STEPS = 60_000
_DEPTH = 6
_PARSERS = ("parse_args", "parse_known_args", "parse_intermixed_args", "ArgumentParser", "add_argument_group")
_DATACLASS_PARSERS = ("HfArgumentParser", "TrlParser", "H4ArgumentParser", "ArgumentParserPlus")
_PARSED = ("parse_args_into_dataclasses", "parse_json_file", "parse_yaml_file", "parse_args_and_config", "parse_dict")
_BY_CLASS = ("cli", "parse", "instantiate", "structured")


@dataclass(frozen=True, slots=True)
class Site:
    """A call: where, of what, with what. ``callee`` begins with ``?`` where its root is not known."""

    node: ast.Call
    cell: int | None
    callee: str
    given: tuple[Values, ...]
    named: dict[str, Values]
    mended: bool


class Others(Protocol):
    """The other files of a repository."""

    def find(self, dotted: str, level: int) -> Values | None:
        """What a name of another file stands for; None where there is no such file."""


class Interpreter:
    """Reads one program."""

    def __init__(self, seen: Callable[[Site], None], others: Others | None = None) -> None:
        """``seen`` is told of every call, in every context in which it is met."""
        self._seen, self._others = seen, others
        self.module = Scope()
        self.cell: int | None = None
        self.arguments = Instance()
        self.attributes: dict[str, Values] = {}
        self._mended = False
        self._stars: list[str] = []
        self._steps = self._depth = 0
        self._evaluator = Evaluator(self)
        self._pending: list[tuple[Function, int | None]] = []
        self._alone: set[int] = set()
        self._inside: list[ast.AST] = []

    def run(self, pieces: Iterable[Piece]) -> None:
        """Read the pieces in order, then the functions by themselves."""
        for piece in pieces:
            self.cell, self._mended = piece.cell, piece.mended
            self._block(piece.tree.body, self.module)
        while self._pending:
            function, self.cell = self._pending.pop(0)
            if id(function.node) not in self._alone:
                self._alone.add(id(function.node))
                self._enter(function, [], {}, alone=True)

    # ------------------------------------------------------------ statements

    def _block(self, body: Iterable[ast.stmt], scope: Scope) -> None:
        for statement in body:
            self._steps += 1
            handle = getattr(self, f"_{type(statement).__name__}", None)
            if handle is not None:
                handle(statement, scope)
            else:
                self._plain(statement, scope)

    def _plain(self, statement: ast.AST, scope: Scope) -> None:
        """A statement of no special kind: its expressions are looked at."""
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.expr):
                self.of(child, scope)
            elif isinstance(child, ast.stmt):
                self._block([child], scope)

    def of(self, node: ast.expr | None, scope: Scope) -> Values:
        """What an expression stands for."""
        return self._evaluator.of(node, scope)

    def _Import(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            dotted = alias.name if alias.asname else alias.name.partition(".")[0]
            scope.set(alias.asname or dotted, self.imported(dotted))

    def _ImportFrom(self, node: ast.ImportFrom, scope: Scope) -> None:
        for alias in node.names:
            if alias.name == "*":
                self._stars += [node.module] if node.module else []
                continue
            dotted = f"{node.module}.{alias.name}" if node.module else alias.name
            scope.set(alias.asname or alias.name, self.imported(dotted, node.level))

    def imported(self, dotted: str, level: int = 0) -> Values:
        """What an imported name stands for: the values of another file, else its own full name."""
        found = self._others.find(dotted, level) if self._others else None
        if found is not None:
            return through(found, "other_file")
        if dotted.endswith("flags.FLAGS"):
            return (self.arguments,)
        return (Name("." * level + dotted),)

    def starred(self, name: str) -> str:
        """The full name of one that nobody has defined: it may come from a module imported whole."""
        return f"{self._stars[-1]}.{name}" if self._stars else f"?{name}"

    def _Assign(self, node: ast.Assign, scope: Scope) -> None:
        values = self.of(node.value, scope)
        for target in node.targets:
            self.assign(target, values, scope)

    def _AnnAssign(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is not None:
            self.assign(node.target, self.of(node.value, scope), scope)
        elif (
            scope.kind == "class" and isinstance(node.target, ast.Name) and (listed := self._listed(node.annotation))
        ):
            self.assign(node.target, listed, scope)

    def _AugAssign(self, node: ast.AugAssign, scope: Scope) -> None:
        made = self.of(ast.BinOp(_loaded(node.target), node.op, node.value), scope)
        self.assign(node.target, made, scope)

    def assign(self, target: ast.expr, values: Values, scope: Scope) -> None:
        """Let a target stand for values."""
        if isinstance(target, ast.Name):
            scope.set(target.id, values)
            self._note(target.id, values) if scope.kind == "class" else None
        elif isinstance(target, ast.Starred):
            self.assign(target.value, (Items((values,)),), scope)
        elif isinstance(target, ast.Tuple | ast.List):
            for place, inner in enumerate(target.elts):
                found = [v.places[place] for v in values if isinstance(v, Items) and place < len(v.places)]
                loose = [v for v in values if isinstance(v, Instance)] if place == 0 else []
                self.assign(inner, union(*found, tuple(loose)), scope)
        elif isinstance(target, ast.Attribute):
            self._note(target.attr, values)
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

    def _note(self, name: str, values: Values) -> None:
        """Remember what a field of this name is given anywhere, for objects that nobody can follow."""
        told = tuple(value for value in values if isinstance(value, Text))
        if told:
            self.attributes[name] = union(self.attributes.get(name, NOTHING), told)

    def _If(self, node: ast.If, scope: Scope) -> None:
        self.of(node.test, scope)
        if _is_main(node.test):
            self._block(node.body, scope)
            return
        branches = scope.alternatives()
        with branches.one():
            self._suppose(node.test, scope)
            self._block(node.body, scope)
        with branches.one():
            self._block(node.orelse, scope)
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
            self._block(node.body, scope)
        self._block(node.orelse, scope)

    _AsyncFor = _For

    def _While(self, node: ast.While, scope: Scope) -> None:
        self.of(node.test, scope)
        with scope.branch():
            self._block(node.body, scope)
        self._block(node.orelse, scope)

    def _With(self, node: ast.With | ast.AsyncWith, scope: Scope) -> None:
        for item in node.items:
            values = self.of(item.context_expr, scope)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, values, scope)
        self._block(node.body, scope)

    _AsyncWith = _With

    def _Try(self, node: ast.Try, scope: Scope) -> None:
        self._block(node.body, scope)
        for handler in node.handlers:
            with scope.branch():
                self._block(handler.body, scope)
        self._block(node.orelse, scope)
        self._block(node.finalbody, scope)

    _TryStar = _Try

    def _Match(self, node: ast.Match, scope: Scope) -> None:
        self.of(node.subject, scope)
        branches = scope.alternatives()
        for case in node.cases:
            with branches.one():
                if isinstance(node.subject, ast.Name) and isinstance(case.pattern, ast.MatchValue):
                    equal = ast.Compare(node.subject, [ast.Eq()], [case.pattern.value])
                    self._suppose(equal, scope)
                self._block(case.body, scope)
        branches.join(otherwise=True)

    def _Return(self, node: ast.Return, scope: Scope) -> None:
        scope.returns.append(self.of(node.value, scope))

    def _Global(self, node: ast.Global, scope: Scope) -> None:
        scope.globals.update(node.names)

    def _FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        given = {name: self.of(value, scope) for name, value in defaults(node.args).items()}
        for decorator in node.decorator_list:
            given |= self._options(decorator, scope)
        function = Function(node, scope, defaults=given)
        scope.set(node.name, (function,))
        if scope.kind != "class":
            self._pending.append((function, self.cell))

    _AsyncFunctionDef = _FunctionDef

    def _options(self, decorator: ast.expr, scope: Scope) -> dict[str, Values]:
        """The default that a click option or argument gives to a parameter."""
        values = self.of(decorator, scope)
        if not isinstance(decorator, ast.Call) or not _last(decorator.func) in ("option", "argument"):
            return {}
        del values
        names = [
            word.value for word in decorator.args if isinstance(word, ast.Constant) and isinstance(word.value, str)
        ]
        default = next((keyword.value for keyword in decorator.keywords if keyword.arg == "default"), None)
        plain = [name for name in names if not name.startswith("-")] or [max(names, key=len, default="")]
        known = through(self.of(default, scope), "command_line_default")
        return {plain[0].lstrip("-").replace("-", "_"): known} if known else {}

    def _ClassDef(self, node: ast.ClassDef, scope: Scope) -> None:
        inner = Scope(scope, "class")
        bases = [self.of(base, scope) for base in node.bases]
        made = Class(node, scope, inner.names, tuple(v.dotted for base in bases for v in base if isinstance(v, Name)))
        for base in (value for values in bases for value in values if isinstance(value, Class)):
            inner.names |= base.fields
        for decorator in node.decorator_list:
            self.of(decorator, scope)
        scope.set(node.name, (made,))
        self._block(node.body, inner)
        made.fields = inner.names
        itself = self._instance(made, [], {}, alone=True)
        for values in list(made.fields.values()):
            for function in values:
                if isinstance(function, Function) and function.node is not None and function.node not in self._inside:
                    method = Function(function.node, function.scope, itself, function.defaults)
                    self._pending.append((method, self.cell))

    # ------------------------------------------------------------ calls

    def call(self, node: ast.Call, scope: Scope) -> Values:
        """What a call gives; whoever wants to know of it is told."""
        self._steps += 1
        callees = self._callees(node.func, scope)
        given: list[Values] = []
        for argument in node.args:
            values = self.of(argument, scope)
            if isinstance(argument, ast.Starred):
                given += [(value,) for value in values]
            else:
                given.append(values)
        named: dict[str, Values] = {}
        for keyword in node.keywords:
            values = self.of(keyword.value, scope)
            if keyword.arg:
                named[keyword.arg] = values
            else:
                named = {**_spread(values), **named}
        results = [self._one(node, callee, given, named, scope) for callee in callees]
        return union(*results)

    def _callees(self, func: ast.expr, scope: Scope) -> list[tuple[str, Any, Any]]:
        """What may be called: its full name, itself, and for a method the object."""
        if isinstance(func, ast.Attribute):
            holders = self.of(func.value, scope)
            found = []
            for holder in holders:
                members = self._evaluator.field(holder, func.attr)
                if isinstance(holder, Name):
                    values = [v for v in members if not isinstance(v, Name)]
                    found.append((f"{holder.dotted}.{func.attr}", values[0] if values else None, None))
                    continue
                owner = f"?{_class_name(holder)}.{func.attr}"
                callable_ = [v for v in members if isinstance(v, Function | Class)]
                found += [(owner, member, holder) for member in callable_] or [(owner, None, holder)]
            return found or [(f"?.{func.attr}", None, None)]
        values = self.of(func, scope)
        names = [(v.dotted, None, None) for v in values if isinstance(v, Name)]
        own = [(f"?{_own_name(v)}", v, None) for v in values if isinstance(v, Function | Class)]
        return [*names, *own] or [(f"?{_last(func)}", None, None)]

    def _one(
        self,
        node: ast.Call,
        callee: tuple[str, Any, Any],
        given: list[Values],
        named: dict[str, Values],
        scope: Scope,
    ) -> Values:
        dotted, function, holder = callee
        self._seen(Site(node, self.cell, dotted, tuple(given), named, self._mended))
        last = dotted.rpartition(".")[2].lstrip("?")
        if isinstance(function, Function):
            return self._enter(function, given, named)
        if isinstance(function, Class):
            return (self._instance(function, given, named),)
        if holder is not None and (known := builtins_.method(holder, last, given, named)) is not None:
            return known
        if (parsed := self._parsing(node, last, given, named, scope)) is not None:
            return parsed
        if isinstance(holder, Items) and last in ("append", "extend", "add", "insert"):
            return self._grow(node, holder, last, given, scope)
        if last == "getattr" and len(given) > 1:
            found = [self._evaluator.field(value, key.text) for value in given[0] for key in texts(given[1])]
            return union(*found, *given[2:3])
        if last == "partial" and given:
            return given[0]
        name = "environ.get" if dotted.endswith("environ.get") else last
        return builtins_.function(name, given, named) or NOTHING

    def _grow(self, node: ast.Call, holder: Items, last: str, given: list[Values], scope: Scope) -> Values:
        """A list that something is put into: the name stands for the longer list from now on."""
        added = elements(given[0]) if last == "extend" and given else given[-1] if given else NOTHING
        target = node.func.value if isinstance(node.func, ast.Attribute) else None
        if isinstance(target, ast.Name) and len(holder.places) < 200:
            scope.set(target.id, (Items((*holder.places, added)),))
        return NOTHING

    def _parsing(
        self, node: ast.Call, last: str, given: list[Values], named: dict[str, Values], scope: Scope
    ) -> Values | None:
        """Command lines: what their arguments are by default."""
        if last in ("add_argument", "add_arg") or last.startswith("DEFINE_"):
            return self._argument(last, given, named)
        if last == "set_defaults":
            self.arguments.fields |= {name: through(v, "command_line_default") for name, v in named.items()}
            return NOTHING
        if last in ("parse_args", "parse_intermixed_args"):
            return (self.arguments,)
        if last == "parse_known_args":
            return (Items(((self.arguments,), NOTHING)),)
        if last in _DATACLASS_PARSERS and given:
            return (Items(tuple(self._made(value) for value in _flat(given[0]))),)
        if last in _PARSED and isinstance(node.func, ast.Attribute):
            return tuple(value for value in self.of(node.func.value, scope) if isinstance(value, Items))
        if last in _BY_CLASS and (classes := [v for values in given for v in values if isinstance(v, Class)]):
            return tuple(self._instance(made, [], {}) for made in classes)
        return None

    def _made(self, value: Any) -> Values:
        return (self._instance(value, [], {}),) if isinstance(value, Class) else NOTHING

    def _argument(self, last: str, given: list[Values], named: dict[str, Values]) -> Values:
        words = [word.text for values in given for word in texts(values)]
        if last.startswith("DEFINE_"):
            words, default = words[:1], given[1] if len(given) > 1 else named.get("default", NOTHING)
        else:
            default = named.get("default", NOTHING)
        long = [word for word in words if word.startswith("--")] or [
            word for word in words if not word.startswith("-")
        ]
        name = next((text.text for text in texts(named.get("dest", NOTHING))), (long or words or [""])[0])
        choices = elements(named.get("choices", NOTHING))
        known = through(default, "command_line_default") or choices
        key = name.lstrip("-").replace("-", "_")
        if known and key:
            self.arguments.fields[key] = union(self.arguments.fields.get(key, NOTHING), known)
            self._note(key, known)
        return NOTHING

    def _instance(
        self, made: Class, given: list[Values], named: dict[str, Values], *, alone: bool = False
    ) -> Instance:
        """An object of a class of this program."""
        instance = Instance(made, {name: v for name, v in made.fields.items() if not _is_method(v)})
        constructor = next((v for v in made.fields.get("__init__", NOTHING) if isinstance(v, Function)), None)
        if constructor is None:
            names = [name for name in _annotated(made.node) if name]
            instance.fields |= dict(zip(names, given, strict=False)) | named
        else:
            bound = Function(constructor.node, constructor.scope, instance, constructor.defaults)
            self._enter(bound, given, named, alone=alone)
        return instance

    def method(self, instance: Instance, name: str) -> Values:
        """A method of an object's class, bound to it; a property is what it returns."""
        found: list[Any] = []
        for value in instance.of.fields.get(name, NOTHING) if instance.of else NOTHING:
            if isinstance(value, Function) and isinstance(value.node, ast.FunctionDef | ast.AsyncFunctionDef):
                bound = Function(value.node, value.scope, instance, value.defaults)
                marks = {_last(decorator) for decorator in value.node.decorator_list}
                found += self._enter(bound, [], {}) if marks & {"property", "cached_property"} else [bound]
        return tuple(found)

    def _enter(
        self, function: Function, given: list[Values], named: dict[str, Values], *, alone: bool = False
    ) -> Values:
        """Read a function's body with these arguments; what it returns."""
        node = function.node
        if self._depth >= _DEPTH or self._steps > _STEPS or self._inside.count(node) > 1:
            return NOTHING
        inner = Scope(function.scope, "function")
        inner.names = self._bound(function, given, named)
        self._depth += 1
        self._inside.append(node)
        try:
            if isinstance(node, ast.Lambda):
                return self.of(node.body, inner)
            self._block(node.body, inner)
        finally:
            self._depth -= 1
            self._inside.pop()
        return union(*inner.returns)

    def _bound(self, function: Function, given: list[Values], named: dict[str, Values]) -> dict[str, Values]:
        """What the parameters stand for: what is given, else their defaults, else what their annotation lists."""
        node = function.node
        names = [arg.arg for arg in parameters(node.args)]
        places = names
        bound: dict[str, Values] = {}
        if names and names[0] in ("self", "cls") and function.bound is not None:
            bound[names[0]], places = (function.bound,), names[1:]
        given_by_name = {**dict(zip(places, given, strict=False)), **named}
        plain = defaults(node.args) if isinstance(node, ast.Lambda) else {}
        for argument in parameters(node.args):
            name = argument.arg
            if name in given_by_name:
                bound[name] = through(given_by_name[name], "argument")
            elif name not in bound:
                default = function.defaults.get(name) or self.of(plain.get(name), function.scope)
                bound[name] = through(default, "default_argument") or self._listed(argument.annotation)
        if node.args.kwarg is not None:
            bound[node.args.kwarg.arg] = (Table({k: v for k, v in named.items() if k not in names}),)
        if node.args.vararg is not None:
            bound[node.args.vararg.arg] = (Items(tuple(given[len(places) :])),)
        return bound

    def _listed(self, annotation: ast.expr | None) -> Values:
        """The texts of ``Literal["a", "b"]``."""
        if isinstance(annotation, ast.Subscript) and _last(annotation.value) == "Literal":
            return elements(self.of(_as_tuple(annotation.slice), self.module))
        return NOTHING


def _as_tuple(node: ast.expr) -> ast.expr:
    return node if isinstance(node, ast.Tuple) else ast.Tuple([node], ast.Load())


def _loaded(target: ast.expr) -> ast.expr:
    """A target as an expression."""
    return target


def _last(node: ast.expr) -> str:
    """The last name of an expression that names something."""
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _is_method(values: Values) -> bool:
    return any(isinstance(value, Function) for value in values)


def _annotated(node: ast.ClassDef) -> list[str]:
    return [s.target.id for s in node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)]


def _class_name(holder: Any) -> str:
    made = holder.of if isinstance(holder, Instance) else holder
    return made.node.name if isinstance(made, Class) else ""


def _own_name(value: Any) -> str:
    return getattr(value.node, "name", "")


def _flat(values: Values) -> Values:
    """The values, with those of lists in the place of the lists."""
    return union(*((elements((value,)) if isinstance(value, Items) else (value,)) for value in values))


def _spread(values: Values) -> dict[str, Values]:
    """What ``**values`` names."""
    found: dict[str, Values] = {}
    for value in values:
        found |= value.entries if isinstance(value, Table) else {}
    return found
