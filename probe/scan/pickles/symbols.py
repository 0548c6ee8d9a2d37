"""What the abstract machine keeps instead of objects.

A value is one of: ``None`` (something that cannot matter: a float, a persistent id), a whole number >= 0 (itself), a
negative number (``~offset`` of the opcode that pushed a string or bytes, decoded only when somebody asks), a tuple
of values, :class:`Use` (an imported name), a list ``[target, arguments, state...]`` (what a call gave, and what was
built into it), or a :class:`Box` (a list, dict or set).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class Box:
    """A list, dict or set. ``fields`` are kept only where somebody will ask for them."""

    __slots__ = ("fields",)

    def __init__(self) -> None:
        self.fields: dict[Any, Any] = {}


#: Stands for every container whose contents do not matter.
BOX = Box()


class Use:
    """A name that a pickle imports, and what becomes of it."""

    __slots__ = ("appended", "at", "built", "called", "calls", "computed", "module", "name", "protocol")

    def __init__(self, module: str, name: str, at: int, protocol: int, computed: bool = False) -> None:
        self.module = module
        self.name = name
        self.at = at
        self.protocol = protocol
        self.computed = computed
        self.called = 0
        self.built = 0
        #: Whether items are appended to what it makes: by a method that is looked up on the object.
        self.appended = False
        #: The first few calls: ``[use, arguments, state...]``.
        self.calls: list[list[Any]] = []

    @property
    def dotted(self) -> str:
        """``module.name``."""
        return f"{self.module}.{self.name}"

    @property
    def how(self) -> str:
        """``called``, ``built`` (made by ``__new__``, with no call of the constructor) or ``imported``."""
        return "called" if self.called else "built" if self.built else "imported"

    def __repr__(self) -> str:
        return self.dotted


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something no pickler writes: its kind, where, and in words."""

    kind: str
    at: int
    text: str


@dataclass(slots=True)
class Program:
    """What a run over some bytes saw."""

    uses: dict[tuple[str, str], Use] = field(default_factory=dict)
    oddities: list[Oddity] = field(default_factory=list)
    #: (offset, length) of byte strings that look like pickles themselves.
    nested: list[tuple[int, int]] = field(default_factory=list)
    #: Pickles that ended with STOP; opcodes seen is not counted, it would cost a tenth of the speed.
    complete: int = 0
    #: Where the last pickle ended or broke.
    end: int = 0
    broken: bool = False
    persistent: int = 0
    extensions: int = 0

    def odd(self, kind: str, at: int, text: str) -> None:
        """Note an oddity; at most eight of a kind."""
        if sum(1 for oddity in self.oddities if oddity.kind == kind) < 8:
            self.oddities.append(Oddity(kind, at, text))
