"""A Jinja template judged by its syntax tree: parsed, never compiled or rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from probe.scan.readers import words

#: Characters of one template that are parsed; the longest chat templates in use have about 30,000.
MAX_TEMPLATE = 256 << 10
_MAX_FOLDED = 4096
_MAX_STEPS = 1_000_000

# The attributes by which a template climbs from a value to Python's internals.
_INTERNALS = words(
    "class base bases mro subclasses globals builtins init import getattribute dict code loader reduce "
    "reduce_ex call func self module wrapped closure getitem new name qualname kwdefaults defaults spec doc "
    "annotations slots weakref init_subclass set_name import_ get set delete enter exit"
)
_DUNDER = re.compile(r"__(\w+?)__")
_CLIMBERS = words(
    "mro subclasses func_globals func_code gi_frame gi_code cr_frame cr_code ag_frame ag_code f_globals f_locals "
    "f_builtins f_back f_code tb_frame tb_next im_class im_func im_self builtins import_module environ modules"
)
_CALLS = words(
    "system popen Popen check_output import_module b64decode urlopen exec_module load_module open_code rmtree "
    "getstatusoutput getoutput spawn execv execve fork"
)
_FUNCTIONS = words(
    "eval exec open getattr setattr compile globals locals vars breakpoint import_module input exit help memoryview"
)
_PYTHON = words("os sys subprocess importlib shutil socket builtins ctypes pty posix nt popen")
_ATTRIBUTE_FILTERS = words("map select reject selectattr rejectattr sort groupby sum unique min max")
_HIDDEN_TEXT = re.compile("[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_OPENING = re.compile(r"\{[{%]")
_PATTERN = re.compile(
    r"(?:__|(?:\\x5f|\\u005f){2})(?:class|mro|bases?|subclasses|globals|builtins|import|init|getattribute|loader|dict)"
    r"|\|\s{0,9}attr\s{0,9}\(|\b(?:os\.system|popen|subprocess|importlib|exec|eval)\s{0,9}[.(]|\bmro\s*\("
)


class Trait(NamedTuple):
    """One thing in a template: the kind of trait (the end of a rule's id), what it is, and the line."""

    kind: str
    message: str
    line: int


class _Generation(Extension):
    """``{% generation %}...{% endgeneration %}`` of transformers, parsed as its body."""

    tags = {"generation"}  # noqa: RUF012 (the base class declares it so)

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The body's nodes."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


# Only ever asked to parse.
_ENVIRONMENT = jinja2.Environment(  # noqa: S701
    extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do", _Generation], cache_size=0
)


def has_markup(text: str) -> bool:
    """Whether there is anything in it that Jinja would evaluate."""
    return ("{{" in text and "}}" in text) or ("{%" in text and "%}" in text)


def traits(text: str) -> list[Trait]:
    """What stands out in a template. Kinds: ``internals`` (reaches Python's internals), ``construct`` (an attribute
    name put together at run time), ``private`` (an underscore attribute), ``outside`` (imports, includes, names
    that no chat template needs), ``endless``, ``hidden-text``, ``too-large``, ``unparsable``.
    """
    if len(text) > MAX_TEMPLATE:
        found = [Trait("too-large", f"a template of {len(text):,} characters", 1)]
        return found + list(_patterns(text[: 8 * MAX_TEMPLATE]))
    try:
        tree = _ENVIRONMENT.parse(text)
        found = list(dict.fromkeys(_Walk(tree).traits()))
    except (jinja2.TemplateError, RecursionError, ValueError, OverflowError, MemoryError, AssertionError) as error:
        found = [Trait("unparsable", f"not a template that Jinja can parse ({type(error).__name__})", 1)]
        found += _patterns(text)
    if match := _HIDDEN_TEXT.search(text):
        line = text.count("\n", 0, match.start()) + 1
        found.append(Trait("hidden-text", f"an invisible character U+{ord(match[0]):04X}", line))
    return found


def _patterns(text: str) -> Iterator[Trait]:
    """The fallback where there is no tree: words inside the delimiters, or after one that never closes."""
    at = 0
    while opening := _OPENING.search(text, at):
        end = text.find("}}" if opening[0] == "{{" else "%}", opening.end())
        end = len(text) if end < 0 else end
        if match := _PATTERN.search(text, opening.end(), end):
            line = text.count("\n", 0, opening.start()) + 1
            yield Trait("internals", f"{_short(match[0])} inside an expression", line)
            return
        at = end


class _Walk:
    """One pass over a tree. Names that are set to constant strings are remembered, so that a dunder put together
    from pieces is seen.
    """

    def __init__(self, tree: nodes.Template) -> None:
        self.tree = tree
        self.values: dict[str, list[Any]] = {}

    def traits(self) -> Iterator[Trait]:
        for assign in self.tree.find_all(nodes.Assign):
            if isinstance(assign.target, nodes.Name) and (value := self.fold(assign.node)) is not None:
                self.values.setdefault(assign.target.name, []).append(value)
        stack: list[nodes.Node] = [self.tree]
        while stack:
            node = stack.pop()
            yield from self.node(node)
            stack.extend(node.iter_child_nodes())

    def node(self, node: nodes.Node) -> Iterator[Trait]:
        line = node.lineno or 1
        if isinstance(node, nodes.Getattr):
            yield from self.attribute(node.attr, line)
        elif isinstance(node, nodes.Getitem):
            yield from self.item(node, line)
        elif isinstance(node, nodes.Filter):
            yield from self.filter(node, line)
        elif isinstance(node, nodes.Call):
            yield from self.call(node, line)
        elif isinstance(node, nodes.Name):
            yield from self.name(node, line)
        elif isinstance(node, nodes.Const | nodes.Concat | nodes.Add | nodes.List):
            value = self.fold(node)
            if isinstance(value, str) and (inner := _internal(value)):
                yield Trait("internals", f"the text {_short(inner)!r}, a way to Python's internals", line)
        elif isinstance(node, nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends):
            yield Trait("outside", f"{type(node).__name__.lower()}s another template", line)
        if isinstance(node, nodes.Mul | nodes.Pow) and _huge(self.fold(node.left), self.fold(node.right), node):
            yield Trait("endless", "an expression that makes a huge value", line)

    def attribute(self, name: str, line: int) -> Iterator[Trait]:
        if (dunder := _DUNDER.fullmatch(name)) and dunder[1] in _INTERNALS:
            yield Trait("internals", f"the attribute {_short(name)}", line)
        elif name in _CLIMBERS:
            yield (
                Trait("internals", f"the attribute {name}", line)
                if name != "modules"
                else Trait("outside", "the attribute modules", line)
            )
        elif name.startswith("_") and name.strip("_"):
            yield Trait("private", f"the underscore attribute {_short(name)}", line)

    def item(self, node: nodes.Getitem, line: int) -> Iterator[Trait]:
        value = self.fold(node.arg)
        if isinstance(value, str):
            if (dunder := _DUNDER.fullmatch(value)) and dunder[1] in _INTERNALS:
                yield Trait("internals", f"the item {_short(value)!r}", line)
        elif value is None and _made_of_text(node.arg):
            yield Trait("construct", "an item whose name is put together at run time", line)

    def filter(self, node: nodes.Filter, line: int) -> Iterator[Trait]:
        arguments = [*node.args, *(keyword.value for keyword in node.kwargs)]
        if node.name == "attr" and arguments:
            value = self.fold(arguments[0])
            if not isinstance(value, str):
                yield Trait("construct", "attr() with a name that is put together at run time", line)
            elif value.startswith("_") or value in _CLIMBERS or value in _CALLS:
                yield Trait("internals", f"attr({_short(value)!r})", line)
        elif node.name in _ATTRIBUTE_FILTERS:
            for argument in arguments:
                value = self.fold(argument)
                if value == "attr" and node.name == "map":
                    yield Trait("construct", "map('attr', ...)", line)
                elif isinstance(value, str) and _internal(value):
                    yield Trait("internals", f"{node.name}({_short(value)!r})", line)
                elif value is None and _made_of_text(argument):
                    yield Trait("construct", f"{node.name}() with a name put together at run time", line)

    def call(self, node: nodes.Call, line: int) -> Iterator[Trait]:
        called = node.node
        if isinstance(called, nodes.Getattr) and called.attr in _CALLS:
            yield Trait("internals", f"calls {called.attr}()", line)
        elif isinstance(called, nodes.Name):
            if called.name in _FUNCTIONS:
                yield Trait("outside", f"calls Python's {called.name}()", line)
            elif called.name == "range" and any(_large(self.fold(argument)) for argument in node.args):
                yield Trait("endless", "a loop of more than a million steps", line)

    def name(self, node: nodes.Name, line: int) -> Iterator[Trait]:
        if node.ctx == "load" and node.name not in self.values:
            dunder = _DUNDER.fullmatch(node.name)
            if dunder and dunder[1] in _INTERNALS:
                yield Trait("internals", f"the name {_short(node.name)}", line)
            elif dunder:
                yield Trait("outside", f"the name {_short(node.name)}", line)
            elif node.name in ("lipsum", "self", "get_flashed_messages", "url_for"):
                yield Trait("outside", f"{node.name}, which no chat template needs", line)

    def fold(self, node: Any, depth: int = 0) -> Any:
        """The constant that an expression stands for, or None; only text and small numbers, never by running it."""
        if depth > 60 or not isinstance(node, nodes.Node):
            return None
        value = self._fold(node, depth + 1)
        return None if isinstance(value, str) and len(value) > _MAX_FOLDED else value

    def _fold(self, node: nodes.Node, depth: int) -> Any:
        if isinstance(node, nodes.Const):
            return node.value
        if isinstance(node, nodes.TemplateData):
            return node.data
        if isinstance(node, nodes.Name):
            values = self.values.get(node.name, [])
            return values[0] if len(values) == 1 else None
        if isinstance(node, nodes.Concat):
            parts = [self.fold(part, depth) for part in node.nodes]
            return None if any(part is None for part in parts) else "".join(map(str, parts))
        if isinstance(node, nodes.List | nodes.Tuple):
            items = [self.fold(item, depth) for item in node.items[:256]]
            return None if any(item is None for item in items) else items
        if isinstance(node, nodes.Add | nodes.Mul | nodes.Mod):
            return _arithmetic(node, self.fold(node.left, depth), self.fold(node.right, depth))
        if isinstance(node, nodes.Neg):
            value = self.fold(node.node, depth)
            return -value if isinstance(value, int) else None
        if isinstance(node, nodes.Filter):
            arguments = [self.fold(argument, depth) for argument in node.args]
            return _filtered(node.name, self.fold(node.node, depth), arguments)
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
            arguments = [self.fold(argument, depth) for argument in node.args]
            return _filtered(node.node.attr, self.fold(node.node.node, depth), arguments)
        if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
            text = self.fold(node.node, depth)
            step = self.fold(node.arg.step, depth)
            plain = node.arg.start is None and node.arg.stop is None
            return text[::-1] if isinstance(text, str) and plain and step == -1 else None
        return None


def _arithmetic(node: nodes.BinExpr, left: Any, right: Any) -> Any:
    if isinstance(node, nodes.Add) and isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(node, nodes.Mul):
        text, times = (left, right) if isinstance(left, str) else (right, left)
        if isinstance(text, str) and isinstance(times, int) and 0 <= times * len(text) <= _MAX_FOLDED:
            return text * times
    if isinstance(node, nodes.Mod) and isinstance(left, str) and right is not None:
        return _filtered("format", left, right if isinstance(right, list) else [right])
    return None


def _filtered(name: str, value: Any, arguments: list[Any]) -> Any:
    """What the harmless text filters and methods give on constants."""
    if value is None or any(argument is None for argument in arguments):
        return None
    if name == "join":
        pieces, glue = (arguments[0], value) if isinstance(value, str) and arguments else (value, "")
        if glue == "" and arguments and not isinstance(value, str):
            glue = str(arguments[0])
        return str(glue).join(map(str, pieces)) if isinstance(pieces, list | str) else None
    if not isinstance(value, str):
        return None
    if name == "reverse":
        return value[::-1]
    if name in ("lower", "upper", "title", "capitalize", "trim", "strip", "string", "safe", "list"):
        return {"lower": value.lower(), "upper": value.upper()}.get(name, value)
    if name == "replace" and len(arguments) >= 2 and len(value) <= _MAX_FOLDED:
        return value.replace(str(arguments[0]), str(arguments[1])[:16])
    if name == "format":
        # Pieces in the order in which they would be filled in: enough to see the word that they make.
        return _fill(value, [str(argument)[:64] for argument in arguments])
    return None


def _fill(value: str, arguments: list[str]) -> str:
    queue = iter(arguments)

    def one(match: re.Match[str]) -> str:
        if match[0] == "%c":
            text = next(queue, "")
            return chr(int(text)) if text.isdigit() and int(text) < 0x110000 else text
        return next(queue, match[0])

    return re.sub(r"%[sc]|\{\}", one, value)


def _made_of_text(node: nodes.Node) -> bool:
    """Whether a name is put together from pieces of text that look like a dunder's: its underscores or its word."""
    if not isinstance(node, nodes.Concat | nodes.Add | nodes.Mod | nodes.Filter | nodes.Call):
        return False
    pieces = [piece.value for piece in node.find_all(nodes.Const) if isinstance(piece.value, str)]
    return any("__" in piece or piece == "_" or piece.strip("_") in _CORE for piece in pieces)


_CORE = words("class mro bases subclasses globals builtins import init getattribute")


def _internal(text: str) -> str:
    """The first dunder in a text that leads to Python's internals."""
    for match in _DUNDER.finditer(text[: 1 << 16]):
        if match[1] in _INTERNALS:
            return match[0]
    return ""


def _large(value: Any) -> bool:
    return isinstance(value, int) and value > _MAX_STEPS


def _huge(left: Any, right: Any, node: nodes.Node) -> bool:
    if isinstance(node, nodes.Pow):
        return isinstance(right, int) and right > 64
    return _large(left) != _large(right) and (isinstance(left, str) or isinstance(right, str))


def _short(text: str) -> str:
    return text[:60]
