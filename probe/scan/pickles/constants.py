"""Constants of a pickle: strings decoded on demand, and the arrays that joblib writes between opcodes."""

from __future__ import annotations

import codecs
import re
import warnings
from typing import TYPE_CHECKING, Any

from probe.scan.pickles.symbols import BOX, Box, Use

if TYPE_CHECKING:
    from probe.scan.pickles.machine import Machine

#: Longer strings are no names and no code worth quoting.
LONGEST = 1 << 16
_LENGTHS = {0x8C: 1, 0x58: 4, 0x8D: 8, 0x55: 1, 0x54: 4, 0x43: 1, 0x42: 4, 0x8E: 8, 0x96: 8}
_BYTES = {0x55, 0x54, 0x43, 0x42, 0x8E, 0x96}
_TYPE = re.compile(r"[<>|=]?([a-zA-Z?])(\d*)\Z")
_SIZES = {"?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "l": 8, "L": 8, "q": 8, "Q": 8}
_SIZES |= {"e": 2, "f": 4, "d": 8, "g": 16, "F": 8, "D": 16, "G": 32, "p": 8, "P": 8}


def raw(view: memoryview, at: int) -> tuple[int, bytes]:
    """The opcode at ``at`` and the bytes of its string, at most :data:`LONGEST`."""
    op = view[at]
    if op in _LENGTHS:
        size = _LENGTHS[op]
        count = int.from_bytes(view[at + 1 : at + 1 + size], "little")
        first = at + 1 + size
        return op, bytes(view[first : first + min(count, LONGEST)])
    line = bytes(view[at + 1 : at + 1 + LONGEST])
    return op, line.partition(b"\n")[0]


def string(view: memoryview, at: int) -> str | None:
    """The string that the opcode at ``at`` pushes; None where it pushes bytes or cannot be decoded."""
    op, given = raw(view, at)
    try:
        if op == 0x56:
            return given.decode("raw-unicode-escape")
        if op == 0x53:
            with warnings.catch_warnings(action="ignore"):  # an escape that Python knows nothing of stands for itself
                return str(codecs.escape_decode(given.strip()[1:-1])[0], "ascii", "replace")
        if op in (0x55, 0x54):
            return given.decode("ascii", "replace")
        return None if op in _BYTES else given.decode("utf-8", "surrogatepass")
    except ValueError:
        return None


def content(view: memoryview, value: Any) -> memoryview | None:
    """The bytes that a value stands for, where they are a constant: as such, or as protocol 2 writes them."""
    if value.__class__ is int and value < 0:
        at = ~value
        size = _LENGTHS.get(view[at])
        if size is None:
            return None
        first = at + 1 + size
        return view[first : first + int.from_bytes(view[at + 1 : first], "little")]
    if value.__class__ is list and isinstance(value[0], Use) and value[0].dotted == "_codecs.encode":
        inner = content(view, value[1][0]) if isinstance(value[1], tuple) and value[1] else None
        try:
            return None if inner is None else memoryview(bytes(inner).decode().encode("latin-1"))
        except ValueError:
            return None
    return None


def plain(view: memoryview, value: Any, depth: int = 0) -> str:
    """A value in words, for messages: short, whatever the pickle holds."""
    if value is None:
        return "..."
    if value.__class__ is int:
        if value >= 0:
            return str(value) if value < 1 << 64 else "..."
        _, given = raw(view, ~value)
        text = string(view, ~value)
        shown = repr(text[:120] if text is not None else given[:60])
        return shown if len(given) <= 120 else f"{shown}..."
    if value.__class__ is tuple:
        if depth > 2:
            return "(...)"
        inner = ", ".join(plain(view, one, depth + 1) for one in value[:6])
        return f"({inner}{', ...' if len(value) > 6 else ''})"
    if value.__class__ is list:
        if depth > 2:
            return "..."
        return f"{plain(view, value[0], depth + 1)}{plain(view, value[1], depth + 1)}"
    if isinstance(value, Use):
        return value.dotted[:200]
    return "[...]"


def array_bytes(machine: Machine, state: Any, after: int) -> int:
    """How many bytes joblib wrote after the wrapper whose state was just built; 0 where it cannot be told.

    ``joblib.numpy_pickle.NumpyArrayWrapper.read``: a byte with the number of padding bytes where the wrapper has an
    alignment, the padding, then the array's items in C or Fortran order; an array of objects is a pickle instead.
    """
    fields = state.fields if isinstance(state, Box) and state is not BOX else {}
    size = _item_size(machine, fields.get("dtype"))
    shape = fields.get("shape")
    if size is None or not isinstance(shape, tuple) or not all(isinstance(one, int) and one >= 0 for one in shape):
        machine.program.odd("array", after, "an array between the opcodes whose size cannot be told")
        return 0
    if size == 0:
        return machine.inner(after) - after
    for one in shape:
        size *= one
        if size > len(machine.view):
            break
    padding = 0
    if "numpy_array_alignment_bytes" in fields and fields["numpy_array_alignment_bytes"] is not None:
        padding = 1 + machine.view[after] if after < len(machine.view) else 0
    if after + padding + size > len(machine.view):
        machine.program.odd("array", after, "an array between the opcodes that is longer than the file")
        return 0
    return int(padding + size)


def _item_size(machine: Machine, made: Any) -> int | None:
    """Bytes per item of the ``numpy.dtype`` that a call made; 0 for objects, None where it cannot be told."""
    if made.__class__ is not list or not isinstance(made[0], Use) or made[0].name.split(".")[-1] != "dtype":
        return None
    arguments = made[1]
    text = machine.text(arguments[0]) if isinstance(arguments, tuple) and arguments else None
    found = _TYPE.match(text or "")
    if found is None:
        return None
    kind, count = found[1], int(found[2] or 0)
    if kind == "O" or (kind == "V" and _holds_objects(made)):
        return 0
    if kind == "U":
        return 4 * count or None
    return count or _SIZES.get(kind)


def _holds_objects(made: list[Any]) -> bool:
    """Whether a structured dtype's state has the flag of items that are Python objects."""
    state = made[2] if len(made) > 2 else None
    flags = state[-1] if isinstance(state, tuple) and len(state) >= 8 else 0
    return isinstance(flags, int) and bool(flags & 1)
