"""What expressions stand for: constants, names, containers, and the calls that a reader can do in the head."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crawler.downstream import builtins_
from crawler.downstream.values import (
    MOST,
    NOTHING,
    Class,
    Function,
    Instance,
    Items,
    Name,
    Number,
    Table,
    Text,
    Values,
    combined,
    elements,
    entries,
    texts,
    through,
    union,
    weakest,
)

if TYPE_CHECKING:
    from crawler.downstream.calls import Calls
    from crawler.downstream.scope import Scope


class Evaluator:
    """Evaluates the expressions of one program; calls of its own functions go to the interpreter."""

    def __init__(self, interpreter: Calls) -> None:
        """Expressions are met in any order."""
        self.interpreter = interpreter
        self._kinds: dict[type[ast.expr], Callable[[Any, Scope], Values]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Subscript: self._subscript,
            ast.Call: self._call,
            ast.JoinedStr: self._joined,
            ast.BinOp: self._operation,
            ast.BoolOp: self._either,
            ast.IfExp: self._conditional,
            ast.List: self._items,
            ast.Tuple: self._items,
            ast.Set: self._items,
            ast.Dict: self._table,
            ast.NamedExpr: self._named,
            ast.Lambda: lambda node, scope: (Function(node, scope),),
            ast.Starred: lambda node, scope: elements(self.of(node.value, scope)),
            ast.Await: lambda node, scope: self.of(node.value, scope),
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.DictComp: self._table_comprehension,
            ast.Yield: self._yielded,
            ast.YieldFrom: self._yielded,
        }

    def of(self, node: ast.expr | None, scope: Scope) -> Values:
        """The values of an expression; everything in it is looked at once."""
        if node is None:
            return NOTHING
        kind = self._kinds.get(type(node))
        if kind is not None:
            return kind(node, scope)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.of(child, scope)
            elif isinstance(child, ast.comprehension):
                self._loop(child, scope)
        return NOTHING

    def _constant(self, node: ast.Constant, scope: Scope) -> Values:
        if isinstance(node.value, str):
            return (Text(node.value, where=self.interpreter.cell),)
        return (Number(str(node.value)),) if isinstance(node.value, int | float) else NOTHING

    def called(self, node: ast.Name, scope: Scope) -> Values:
        """What a name stands for that is called."""
        return self._name(node, scope, called=True)

    def _name(self, node: ast.Name, scope: Scope, *, called: bool = False) -> Values:
        values = scope.find(node.id)
        if values is None:
            return (Name(self.interpreter.starred(node.id)),)
        # Another file is read when one of its names is used, not when it is imported.
        found: list[Any] = []
        for value in values:
            if isinstance(value, Name):
                found += self.interpreter.imported(value.dotted, called=called)
            else:
                found.append(self._read(value))
        return tuple(found)

    def _read(self, value: Any) -> Any:
        if not isinstance(value, Text):
            return value
        how = "variable" if value.where == self.interpreter.cell else "other_cell"
        return Text(value.text, weakest(value.how, how), value.where)

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Values:
        return union(*(self.field(value, node.attr) for value in self.of(node.value, scope)))

    def field(self, value: Any, name: str) -> Values:
        """What ``value.name`` stands for."""
        if isinstance(value, Name):
            return self.interpreter.imported(f"{value.dotted}.{name}")
        if isinstance(value, Instance):
            found = value.fields.get(name)
            if found is None and value.of is not None:
                found = self.interpreter.method(value, name)
            return found or NOTHING
        if isinstance(value, Text):
            return (value,) if name == "value" else NOTHING
        if isinstance(value, Class):
            return through(self.interpreter.of_class(value, name), "class_constant")
        if isinstance(value, Table):
            return through(value.entries.get(name, NOTHING), "dictionary")
        return NOTHING

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Values:
        holders, keys = self.of(node.value, scope), self.of(node.slice, scope)
        place = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if isinstance(node.slice, ast.UnaryOp) and isinstance(node.slice.operand, ast.Constant):
            place = -node.slice.operand.value if isinstance(node.slice.operand.value, int) else None
        found: list[Values] = []
        for holder in holders:
            if isinstance(holder, Table):
                named = [holder.entries[key.text] for key in texts(keys) if key.text in holder.entries]
                found.append(
                    through(union(*named), "dictionary") if texts(keys) else entries((holder,), "enumerated")
                )
            elif (
                isinstance(holder, Items)
                and isinstance(place, int)
                and -len(holder.places) <= place < len(holder.places)
            ):
                found.append(holder.places[place])
            elif isinstance(holder, Items) and place is None:
                found.append((holder,) if isinstance(node.slice, ast.Slice) else elements((holder,)))
            elif isinstance(holder, Name) and holder.dotted == "os.environ":
                continue
        return union(*found)

    def _joined(self, node: ast.JoinedStr, scope: Scope) -> Values:
        parts = []
        for part in node.values:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            formed = isinstance(part, ast.FormattedValue) and part.format_spec is not None
            values = self.of(inner, scope)
            parts.append(NOTHING if formed else values)
        return combined(parts, "".join, "format")

    def _operation(self, node: ast.BinOp, scope: Scope) -> Values:
        left, right = self.of(node.left, scope), self.of(node.right, scope)
        if isinstance(node.op, ast.Add):
            lists = [value for value in (*left, *right) if isinstance(value, Items)]
            if lists:
                return (Items(tuple(place for value in lists for place in value.places)[:MOST]),)
            return combined((left, right), "".join, "format")
        if isinstance(node.op, ast.Div):
            return builtins_.path((left, right))
        if isinstance(node.op, ast.Mod):
            places = [place for value in right if isinstance(value, Items) for place in value.places] or [right]
            return combined((left, *places), lambda found: _percent(found[0]) % tuple(found[1:]), "format")
        if isinstance(node.op, ast.BitOr):
            return self._merged(left, right)
        return NOTHING

    def _merged(self, left: Values, right: Values) -> Values:
        tables = [value for value in (*left, *right) if isinstance(value, Table)]
        merged = Table()
        for table in tables:
            merged.entries |= table.entries
            merged.others += table.others
        return (merged,) if tables else NOTHING

    def _either(self, node: ast.BoolOp, scope: Scope) -> Values:
        found = [self.of(value, scope) for value in node.values]
        return through(union(*found), "conditional") if isinstance(node.op, ast.Or) else found[-1]

    def _conditional(self, node: ast.IfExp, scope: Scope) -> Values:
        self.of(node.test, scope)
        return through(union(self.of(node.body, scope), self.of(node.orelse, scope)), "conditional")

    def _items(self, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Values:
        places: list[Values] = []
        for element in node.elts[:2000]:
            values = self.of(element, scope)
            places += [(value,) for value in values] if isinstance(element, ast.Starred) else [values]
        return (Items(tuple(places)),)

    def _table(self, node: ast.Dict, scope: Scope) -> Values:
        table = Table()
        for key, value in zip(node.keys, node.values, strict=True):
            values = self.of(value, scope)
            if key is None:
                for other in values:
                    if isinstance(other, Table):
                        table.entries |= other.entries
                continue
            named = texts(self.of(key, scope))
            for name in named:
                table.entries[name.text] = values
            if not named:
                table.others.append(values)
        return (table,)

    def _named(self, node: ast.NamedExpr, scope: Scope) -> Values:
        values = self.of(node.value, scope)
        scope.set(node.target.id, values)
        return values

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope) -> Values:
        for loop in node.generators:
            self._loop(loop, scope)
        return (Items(tuple((value,) for value in self.of(node.elt, scope))),)

    def _table_comprehension(self, node: ast.DictComp, scope: Scope) -> Values:
        for loop in node.generators:
            self._loop(loop, scope)
        keys, values = texts(self.of(node.key, scope)), self.of(node.value, scope)
        return (Table({key.text: values for key in keys}, [] if keys else [values]),)

    def _yielded(self, node: ast.Yield | ast.YieldFrom, scope: Scope) -> Values:
        values = self.of(node.value, scope)
        scope.returns.append((Items((values,)),) if isinstance(node, ast.Yield) else values)
        return NOTHING

    def _loop(self, loop: ast.comprehension, scope: Scope) -> None:
        self.interpreter.assign(loop.target, elements(self.of(loop.iter, scope)), scope)
        for test in loop.ifs:
            self.of(test, scope)

    def _call(self, node: ast.Call, scope: Scope) -> Values:
        return self.interpreter.call(node, scope)


def _percent(form: str) -> str:
    """A form for ``%`` that takes numbers as they are spelled."""
    return re.sub(r"%\d*[di]", "%s", form)
