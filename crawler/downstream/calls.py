"""Calls: what is called, with what, and what it gives. Functions and classes of the program are entered."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from crawler.downstream import builtins_, decorators
from crawler.downstream.evaluate import Evaluator
from crawler.downstream.scope import Scope, defaults, parameters
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

_STEPS = 12_000
_STEPS_ABROAD = 1_000
_DEPTH = 6
_PARSERS = ("parse_args", "parse_known_args", "parse_intermixed_args", "ArgumentParser", "add_argument_group")
_DATACLASS_PARSERS = ("HfArgumentParser", "TrlParser", "H4ArgumentParser", "ArgumentParserPlus")
_PARSED = ("parse_args_into_dataclasses", "parse_json_file", "parse_yaml_file", "parse_args_and_config", "parse_dict")
_HANDING_ON = ("partial", "map", "submit", "to_thread", "imap")
_BY_CLASS = ("cli", "parse", "instantiate", "structured")


@dataclass(frozen=True, slots=True)
class Site:
    """A call: where, of what, with what. ``callee`` begins with ``?`` where its root is not known.

    ``line`` and ``column`` are those of the call in the file that is read, also where it leads to another file.
    """

    node: ast.Call
    line: int
    column: int
    abroad: bool
    cell: int | None
    callee: str
    given: tuple[Values, ...]
    named: dict[str, Values]
    mended: bool


class Calls:
    """The calls of one program; whoever reads the program as a whole says what its statements do."""

    def __init__(self, seen: Callable[[Site], None]) -> None:
        """``seen`` is told of every call, in every context in which it is met."""
        self._seen = seen
        self.module = Scope()
        self.cell: int | None = None
        self.arguments = Instance()
        self.attributes: dict[str, Values] = {}
        self._mended = False
        self._steps = self._depth = self._steps_abroad = 0
        self._evaluator = Evaluator(self)
        self._inside: list[ast.AST] = []
        self.fixtures: dict[str, Function] = {}
        self._left_at: ast.Call | ast.ClassDef | None = None

    def block(self, body: Iterable[ast.stmt], scope: Scope) -> None:
        """Read statements."""
        raise NotImplementedError

    def assign(self, target: ast.expr, values: Values, scope: Scope) -> None:
        """Let a target stand for values."""
        raise NotImplementedError

    def imported(self, dotted: str, *, called: bool = False) -> Values:
        """What an imported name stands for."""
        raise NotImplementedError

    def starred(self, name: str) -> str:
        """The full name of one that nobody has defined."""
        raise NotImplementedError

    def of(self, node: ast.expr | None, scope: Scope) -> Values:
        """What an expression stands for."""
        return self._evaluator.of(node, scope)

    def note(self, name: str, values: Values) -> None:
        """Remember what a field of this name is given anywhere, for objects that nobody can follow."""
        told = tuple(value for value in values if isinstance(value, Text))
        if told:
            self.attributes[name] = union(self.attributes.get(name, NOTHING), told)

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
            found: list[tuple[str, Any, Any]] = []
            for holder in holders:
                members = self._evaluator.field(holder, func.attr)
                if isinstance(holder, Name):
                    own_members = [member for member in members if not isinstance(member, Name)]
                    found.append((f"{holder.dotted}.{func.attr}", own_members[0] if own_members else None, None))
                    continue
                owner = f"?{_class_name(holder)}.{func.attr}"
                callable_ = [v for v in members if isinstance(v, Function | Class)]
                found += [(owner, member, holder) for member in callable_] or [(owner, None, holder)]
            return found or [(f"?.{func.attr}", None, None)]
        values = self._evaluator.called(func, scope) if isinstance(func, ast.Name) else self.of(func, scope)
        if isinstance(func, ast.Name) and func.id == "super":
            values = self._above(scope)
            return [("super", value, None) for value in values]
        called = [
            member for value in values if isinstance(value, Instance) for member in self.method(value, "__call__")
        ]
        values = (*values, *called)
        names: list[tuple[str, Any, Any]] = [
            (value.dotted, None, None) for value in values if isinstance(value, Name)
        ]
        own = [(f"?{_own_name(value)}", value, None) for value in values if isinstance(value, Function | Class)]
        return [*names, *own] or [(f"?{last_name(func)}", None, None)]

    def _one(
        self,
        node: ast.Call,
        callee: tuple[str, Any, Any],
        given: list[Values],
        named: dict[str, Values],
        scope: Scope,
    ) -> Values:
        dotted, function, holder = callee
        place = self._left_at or node
        abroad = self._left_at is not None
        self._seen(
            Site(node, place.lineno, place.col_offset, abroad, self.cell, dotted, tuple(given), named, self._mended)
        )
        last = dotted.rpartition(".")[2].lstrip("?")
        if isinstance(function, Instance):
            return (function,)
        if isinstance(function, Function | Class):
            return self._into(node, function, given, named)
        if last in _HANDING_ON and node.args:
            return self._handed_on(node, last, given, named, scope)
        if last == "save_hyperparameters" and isinstance(holder, Instance):
            holder.fields["hparams"] = (Instance(fields=dict(scope.names)),)
            return NOTHING
        if holder is not None and (known := builtins_.method(holder, last, given, named)) is not None:
            return known
        if (parsed := self._parsing(node, last, given, named, scope)) is not None:
            return parsed
        if isinstance(holder, Items) and last in ("append", "extend", "add", "insert"):
            return self._grow(node, holder, last, given, scope)
        if last == "getattr" and len(given) > 1:
            found = [self._evaluator.field(value, key.text) for value in given[0] for key in texts(given[1])]
            return union(*found, *given[2:3])
        if last == "get" and len(given) == 2 and not dotted.endswith("environ.get"):
            # Of something nobody can see from here only the fallback is known.
            return through(given[1], "dictionary")
        name = "environ.get" if dotted.endswith("environ.get") else last
        return builtins_.function(name, given, named) or NOTHING

    def _into(self, node: ast.Call, function: Any, given: list[Values], named: dict[str, Values]) -> Values:
        """Enter a function or class; what it calls in another file is seen where this file has left for it."""
        leaves = self._left_at is None and function.scope.root() is not self.module
        if leaves:
            self._left_at = node
            given = [through(values, "handed_over") for values in given]
            named = {name: through(values, "handed_over") for name, values in named.items()}
        try:
            if isinstance(function, Class):
                return (self.instance(function, given, named),)
            return self.enter(function, given, named)
        finally:
            if leaves:
                self._left_at = None

    def _above(self, scope: Scope) -> Values:
        """What ``super()`` stands for: the object as one of the class above the one whose method this is."""
        place: Scope | None = scope
        while place is not None and place.owner is None:
            place = place.parent
        itself = next(
            (value for value in scope.find("self") or scope.find("cls") or () if isinstance(value, Instance)), None
        )
        parents = place.owner.parents if place is not None and place.owner is not None else ()
        return tuple(Instance(parent, itself.fields if itself else {}) for parent in parents)

    def _handed_on(
        self, node: ast.Call, last: str, given: list[Values], named: dict[str, Values], scope: Scope
    ) -> Values:
        """A function handed to another, with what it will be called with."""
        rest = [elements(values) for values in given[1:]] if last in ("map", "imap") else given[1:]
        # What hands on a function may itself be handed on: it would be met at this call again and again.
        callees = [
            callee
            for callee in self._callees(node.args[0], scope)
            if callee[0].rpartition(".")[2].lstrip("?") not in _HANDING_ON
        ]
        results = [self._one(node, callee, rest, named, scope) for callee in callees] if rest or named else []
        return given[0] if last == "partial" else (Items(tuple(results)),)

    def _grow(self, node: ast.Call, holder: Items, last: str, given: list[Values], scope: Scope) -> Values:
        """A list that something is put into: the name stands for the longer list from now on."""
        added = elements(given[0]) if last == "extend" and given else given[-1] if given else NOTHING
        target = node.func.value if isinstance(node.func, ast.Attribute) else None
        longer = (Items((*holder.places, added)),)
        if isinstance(target, ast.Name) and len(holder.places) < 200:
            scope.set(target.id, longer)
        elif isinstance(target, ast.Attribute) and len(holder.places) < 200:
            for owner in self.of(target.value, scope):
                if isinstance(owner, Instance):
                    owner.fields[target.attr] = longer
        return NOTHING

    def _parsing(
        self, node: ast.Call, last: str, given: list[Values], named: dict[str, Values], scope: Scope
    ) -> Values | None:
        """Command lines: what their arguments are by default."""
        dashed = last == "add" and any(text.text.startswith("--") for values in given for text in texts(values))
        if last in ("add_argument", "add_arg", "add_option") or last.startswith("DEFINE_") or dashed:
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
            return tuple(self.instance(made, [], {}) for made in classes)
        return None

    def _made(self, value: Any) -> Values:
        return (self.instance(value, [], {}),) if isinstance(value, Class) else NOTHING

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
            self.note(key, known)
        return NOTHING

    def instance(
        self, made: Class, given: list[Values], named: dict[str, Values], *, alone: bool = False
    ) -> Instance:
        """An object of a class of this program."""
        fields = {name: v for name, v in made.fields.items() if not _is_method(v)}
        if made.scope.root() is not self.module:
            fields = {name: through(values, "other_file") for name, values in fields.items()}
        instance = Instance(made, fields)
        constructor = next((v for v in made.fields.get("__init__", NOTHING) if isinstance(v, Function)), None)
        if constructor is None:
            names = [name for name in _annotated(made.node) if name]
            instance.fields |= dict(zip(names, given, strict=False)) | named
        else:
            bound = Function(constructor.node, constructor.scope, instance, constructor.defaults)
            self.enter(bound, given, named, alone=alone)
        return instance

    def method(self, instance: Instance, name: str) -> Values:
        """A method of an object's class, bound to it; a property is what it returns."""
        found: list[Any] = []
        for value in instance.of.fields.get(name, NOTHING) if instance.of else NOTHING:
            if isinstance(value, Function) and isinstance(value.node, ast.FunctionDef | ast.AsyncFunctionDef):
                bound = Function(value.node, value.scope, instance, value.defaults)
                marks = {last_name(decorator) for decorator in value.node.decorator_list}
                found += self.enter(bound, [], {}) if marks & {"property", "cached_property"} else [bound]
        return tuple(found)

    def enter(
        self, function: Function, given: list[Values], named: dict[str, Values], *, alone: bool = False
    ) -> Values:
        """Read a function's body with these arguments; what it returns."""
        node = function.node
        if self._depth >= _DEPTH or self._inside.count(node) > 1 or self._tired():
            return NOTHING
        inner = Scope(function.scope, "function")
        inner.names = self._bound(function, given, named)
        self._depth += 1
        self._inside.append(node)
        try:
            if isinstance(node, ast.Lambda):
                return self.of(node.body, inner)
            self.block(node.body, inner)
        finally:
            self._depth -= 1
            self._inside.pop()
        return union(*inner.returns)

    def _tired(self) -> bool:
        """Whether calls are followed no more: each function is still read by itself, and other files cost less."""
        if self._left_at is not None:
            self._steps_abroad += 10
            return self._steps_abroad > _STEPS_ABROAD
        return self._steps > _STEPS and self._depth > 0

    def _bound(self, function: Function, given: list[Values], named: dict[str, Values]) -> dict[str, Values]:
        """What the parameters stand for: what is given, else their defaults, else what their annotation lists."""
        node = function.node
        names = [arg.arg for arg in parameters(node.args)]
        places = names
        bound: dict[str, Values] = {}
        if names and names[0] in ("self", "cls") and function.bound is not None and not _is_static(node):
            bound[names[0]], places = (function.bound,), names[1:]
        given_by_name = {**dict(zip(places, given, strict=False)), **named}
        plain = defaults(node.args) if isinstance(node, ast.Lambda) else {}
        for argument in parameters(node.args):
            name = argument.arg
            if name in given_by_name:
                bound[name] = through(given_by_name[name], "argument")
            elif name not in bound:
                default = function.defaults.get(name) or self.of(plain.get(name), function.scope)
                known = through(default, "default_argument") or self.listed(argument.annotation)
                bound[name] = known or self._fixture(name)
        if node.args.kwarg is not None:
            bound[node.args.kwarg.arg] = (Table({k: v for k, v in named.items() if k not in names}),)
        if node.args.vararg is not None:
            bound[node.args.vararg.arg] = (Items(tuple(given[len(places) :])),)
        return bound

    def _fixture(self, name: str) -> Values:
        """What a fixture of this name hands over to a test."""
        function = self.fixtures.get(name)
        if function is None or function.node in self._inside:
            return NOTHING
        return decorators.answered(self.enter(function, [], {}))

    def of_class(self, made: Class, name: str) -> Values:
        """A field of a class; a method of the class is bound to it."""
        return tuple(
            Function(value.node, value.scope, made, value.defaults)
            if isinstance(value, Function) and _is_marked(value.node, "classmethod")
            else value
            for value in made.fields.get(name, NOTHING)
        )

    def listed(self, annotation: ast.expr | None) -> Values:
        """The texts of ``Literal["a", "b"]``."""
        if isinstance(annotation, ast.Subscript) and last_name(annotation.value) == "Literal":
            return elements(self.of(_as_tuple(annotation.slice), self.module))
        return NOTHING


def _as_tuple(node: ast.expr) -> ast.expr:
    return node if isinstance(node, ast.Tuple) else ast.Tuple([node], ast.Load())


def last_name(node: ast.expr) -> str:
    """The last name of an expression that names something."""
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


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


def _is_marked(node: ast.AST, mark: str) -> bool:
    return any(last_name(decorator) == mark for decorator in getattr(node, "decorator_list", ()))


def _is_static(node: ast.AST) -> bool:
    return _is_marked(node, "staticmethod")
