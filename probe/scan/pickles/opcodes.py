"""The machine's rarer opcodes: each takes the window, its place in it, and gives the place of the next."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from probe.scan.pickles.constants import array_bytes
from probe.scan.pickles.symbols import BOX, Box, Use

if TYPE_CHECKING:
    from probe.scan.pickles.machine import Machine

Opcode = Callable[["Machine", bytes, int, int], int]
_NEWLINE = re.compile(rb"\n")
_KEPT_CALLS = 4
#: Functions that call, or (True) make by ``__new__``, what they are given.
_CALLERS = {
    **dict.fromkeys(("_reconstructor", "__newobj__", "__newobj_ex__"), True),
    **dict.fromkeys(("_rebuild_from_type", "_rebuild_from_type_v2", "partial", "map", "filter", "reduce"), False),
    **dict.fromkeys(("defaultdict", "__bit_generator_ctor", "__generator_ctor", "__randomstate_ctor"), False),
}
#: Tensors pickled without torch.save; each is a file of its own.
_KEPT_LOADS = 10_000
#: Arguments of longer tuples are not looked at one by one.
_LONG_TUPLE = 64


def _broken(message: str) -> Exception:
    from probe.scan.pickles.machine import Broken

    return Broken(message)


def _unknown(machine: Machine, window: bytes, pos: int, base: int) -> int:
    machine.program.end = base + pos
    raise _broken(f"there is no opcode 0x{window[pos]:02x}")


def _line(machine: Machine, window: bytes, pos: int, base: int) -> tuple[bytes, int]:
    """The bytes up to the next newline, and the place after it."""
    end = window.find(b"\n", pos)
    if end >= 0:
        return window[pos:end], end + 1
    found = _NEWLINE.search(machine.view, base + pos)
    if found is None:
        machine.program.end = base + pos
        raise _broken("ends inside a line")
    return bytes(machine.view[base + pos : found.start()]), found.end() - base


def _read(machine: Machine, window: bytes, pos: int, base: int, size: int) -> int:
    """The little-endian number of ``size`` bytes after the opcode; IndexError where the window is too short."""
    window[pos + size]
    return int.from_bytes(window[pos + 1 : pos + 1 + size], "little")


def _string(size: int, nested: bool = False) -> Opcode:
    """An opcode that pushes counted bytes or text whose length has ``size`` bytes."""

    def push(machine: Machine, window: bytes, pos: int, base: int) -> int:
        count = _read(machine, window, pos, base, size)
        first = pos + 1 + size
        if base + first + count > len(machine.view):
            machine.program.end = base + pos
            raise _broken(f"ends inside a string of {count} bytes")
        if nested and count > 8 and machine.view[base + first] in (0x80, 0x63, 0x28):
            machine.program.nested.append((base + first, count))
        machine.stack.append(~(base + pos))
        return first + count

    return push


def _text_line(machine: Machine, window: bytes, pos: int, base: int) -> int:
    _, after = _line(machine, window, pos + 1, base)
    machine.stack.append(~(base + pos))
    return after


def _quoted_line(machine: Machine, window: bytes, pos: int, base: int) -> int:
    line, after = _line(machine, window, pos + 1, base)
    text = line.strip()
    if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in b"'\"":
        machine.program.end = base + pos
        raise _broken("a STRING without its quotes")
    machine.stack.append(~(base + pos))
    return after


def _number_line(machine: Machine, window: bytes, pos: int, base: int) -> int:
    line, after = _line(machine, window, pos + 1, base)
    try:
        if window[pos] == 0x46:
            float(line)
            value = None
        else:
            value = int(line.rstrip(b"L"), 0) if line not in (b"00", b"01") else None
    except ValueError:
        machine.program.end = base + pos
        raise _broken("a number that is none") from None
    machine.stack.append(value if value is not None and value >= 0 else None)
    return after


def _long(size: int) -> Opcode:
    def push(machine: Machine, window: bytes, pos: int, base: int) -> int:
        count = _read(machine, window, pos, base, size)
        first = pos + 1 + size
        digits = machine.view[base + first : base + first + min(count, 16)]
        value = int.from_bytes(digits, "little", signed=True) if count <= 16 else None
        machine.stack.append(value if value is not None and value >= 0 else None)
        return first + count

    return push


def _slot(machine: Machine, line: bytes, at: int) -> int:
    try:
        slot = int(line)
    except ValueError:
        slot = -1
    if slot < 0:
        machine.program.end = at
        raise _broken("a memo slot that is no number")
    return slot


def _put_line(machine: Machine, window: bytes, pos: int, base: int) -> int:
    line, after = _line(machine, window, pos + 1, base)
    machine.put(_slot(machine, line, base + pos), machine.stack[-1])
    return after


def _get_line(machine: Machine, window: bytes, pos: int, base: int) -> int:
    line, after = _line(machine, window, pos + 1, base)
    machine.stack.append(machine.memo[_slot(machine, line, base + pos)])
    return after


def _push(value: Any) -> Opcode:
    def push(machine: Machine, window: bytes, pos: int, base: int) -> int:
        machine.stack.append(value)
        return pos + 1

    return push


def _empty_set(machine: Machine, window: bytes, pos: int, base: int) -> int:
    machine.stack.append(BOX)
    return pos + 1


def _tuple(machine: Machine, window: bytes, pos: int, base: int) -> int:
    stack, low = machine.stack, machine.marks.pop()
    packed = stack[low:]
    stack[low:] = [tuple(packed) if len(packed) <= _LONG_TUPLE else BOX]
    return pos + 1


def _collect(machine: Machine, window: bytes, pos: int, base: int) -> int:
    """LIST, DICT and FROZENSET: everything since the mark becomes one container."""
    stack, low = machine.stack, machine.marks.pop()
    fields: dict[str, Any] = {}
    if machine.wrapper is not None and window[pos] == 0x64 and len(stack) - low <= _LONG_TUPLE:
        fields = {
            machine.text(key) or "": value for key, value in zip(stack[low::2], stack[low + 1 :: 2], strict=False)
        }
    del stack[low:]
    if fields:
        box = Box()
        box.fields.update(fields)
        stack.append(box)
    else:
        stack.append(BOX)
    return pos + 1


def _add_items(machine: Machine, window: bytes, pos: int, base: int) -> int:
    low = machine.marks.pop()
    if window[pos] == 0x90 and low and machine.stack[low - 1] is not BOX:
        machine.fill(low, 0x90)
    del machine.stack[low:]
    return pos + 1


def _pop(machine: Machine, window: bytes, pos: int, base: int) -> int:
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.stack.pop()
    return pos + 1


def _dup(machine: Machine, window: bytes, pos: int, base: int) -> int:
    machine.stack.append(machine.stack[-1])
    return pos + 1


def _persistent(machine: Machine, window: bytes, pos: int, base: int) -> int:
    key, found = machine.stack[-1], None
    if key.__class__ is tuple and len(key) > 1 and key[0] != machine.storage and key[1].__class__ is Use:
        # torch's legacy format names the class of a module that way, with its source beside it.
        if machine.text(key[0]) == "module":
            found = key[1]
        else:
            machine.storage = key[0]
    machine.stack[-1] = found
    machine.program.persistent += 1
    return pos + 1


def _persistent_line(machine: Machine, window: bytes, pos: int, base: int) -> int:
    _, after = _line(machine, window, pos + 1, base)
    machine.stack.append(None)
    machine.program.persistent += 1
    return after


def _extension(size: int) -> Opcode:
    def push(machine: Machine, window: bytes, pos: int, base: int) -> int:
        code = _read(machine, window, pos, base, size)
        machine.program.extensions += 1
        machine.program.odd("extension", base + pos, f"extension code {code}: a name that only the loader knows")
        machine.stack.append(None)
        return pos + 1 + size

    return push


def _global(machine: Machine, window: bytes, pos: int, base: int) -> int:
    module, after = _line(machine, window, pos + 1, base)
    name, after = _line(machine, window, after, base)
    try:
        use = machine.name(module.decode(), name.decode(), base + pos)
    except UnicodeDecodeError:
        machine.program.end = base + pos
        raise _broken("a name that is not UTF-8") from None
    machine.stack.append(use)
    return after


def _stack_global(machine: Machine, window: bytes, pos: int, base: int) -> int:
    stack = machine.stack
    stack[-2]
    use = machine.name(machine.text(stack[-2]), machine.text(stack[-1]), base + pos)
    del stack[-2:]
    stack.append(use)
    return pos + 1


def _passed_on(target: Use, arguments: tuple[Any, ...]) -> None:
    """Names handed to a function that calls them: used with arguments that nobody sees."""
    for place, one in enumerate(arguments):
        if one.__class__ is Use:
            if _CALLERS[target.name] and place == 0:
                one.built += 1
            else:
                one.called += 1


def _call(machine: Machine, target: Any, arguments: Any, at: int) -> list[Any]:
    """What calling ``target`` leaves on the stack."""
    made = [target, arguments]
    if target.__class__ is Use:
        target.called += 1
        if target.called <= (_KEPT_LOADS if target.name == "_load_from_bytes" else _KEPT_CALLS):
            target.calls.append(made)
        if target.name in _CALLERS and arguments.__class__ is tuple:
            _passed_on(target, arguments)
    else:
        what = f"what {target[0]!r} gave" if target.__class__ is list else "a value that is no imported name"
        machine.program.odd("computed", at, f"calls {what}")
    return made


def _reduce(machine: Machine, window: bytes, pos: int, base: int) -> int:
    stack = machine.stack
    stack[-2]
    arguments = stack.pop()
    stack[-1] = _call(machine, stack[-1], arguments, base + pos)
    return pos + 1


def _object(machine: Machine, window: bytes, pos: int, base: int) -> int:
    """OBJ: the class lies right above the mark."""
    stack, low = machine.stack, machine.marks.pop()
    target = stack[low]
    arguments: Any = tuple(stack[low + 1 :]) if len(stack) - low <= _LONG_TUPLE else BOX
    del stack[low:]
    stack.append(_call(machine, target, arguments, base + pos))
    return pos + 1


def _instance(machine: Machine, window: bytes, pos: int, base: int) -> int:
    """INST: the class is named on two lines."""
    machine.marks[-1]
    after = _global(machine, window, pos, base)
    stack = machine.stack
    target, low = stack.pop(), machine.marks.pop()
    arguments: Any = tuple(stack[low:]) if len(stack) - low <= _LONG_TUPLE else BOX
    del stack[low:]
    stack.append(_call(machine, target, arguments, base + pos))
    return after


def _new(machine: Machine, window: bytes, pos: int, base: int) -> int:
    """NEWOBJ: ``cls.__new__(cls, *arguments)``."""
    stack = machine.stack
    target = stack[-2]
    made = [target, stack.pop()]
    if target.__class__ is Use:
        target.built += 1
        if target.built <= _KEPT_CALLS:
            target.calls.append(made)
    else:
        machine.program.odd("computed", base + pos, "makes an object of a class that is no imported name")
    stack[-1] = made
    return pos + 1


def _new_ex(machine: Machine, window: bytes, pos: int, base: int) -> int:
    """NEWOBJ_EX: as NEWOBJ, with keyword arguments on top."""
    machine.stack[-3]
    machine.stack.pop()
    return _new(machine, window, pos, base)


def _build(machine: Machine, window: bytes, pos: int, base: int) -> int:
    stack = machine.stack
    stack[-2]
    state = stack.pop()
    target = stack[-1]
    if target.__class__ is list:
        if len(target) > 2:
            machine.program.odd(
                "computed", base + pos, "gives an object a second state, which the first can answer to"
            )
        target.append(state)
        if machine.wrapper is not None and target[0] is machine.wrapper:
            after = base + pos + 1
            count = array_bytes(machine, state, after)
            if machine.fence == after:
                machine.fence += count
            return pos + 1 + count
    elif target.__class__ is Use:
        machine.program.odd("mutates", base + pos, f"sets attributes of {target.dotted} itself")
    return pos + 1


def _protocol(machine: Machine, window: bytes, pos: int, base: int) -> int:
    machine.protocol = window[pos + 1]
    if machine.protocol > 5:
        machine.program.end = base + pos
        raise _broken(f"there is no protocol {machine.protocol}")
    return pos + 2


def _pop_mark(machine: Machine, window: bytes, pos: int, base: int) -> int:
    return _add_items(machine, window, pos, base)


def _nothing(machine: Machine, window: bytes, pos: int, base: int) -> int:
    return pos + 1


OPCODES: list[Opcode] = [_unknown] * 256
for _code, _handler in {
    **{"F": _number_line, "I": _number_line, "L": _number_line, "S": _quoted_line, "V": _text_line},
    **{"T": _string(4, True), "U": _string(1), "B": _string(4, True), "C": _string(1, True)},
    **{"\x8d": _string(8), "\x8e": _string(8, True), "\x96": _string(8, True)},
    **{"\x8a": _long(1), "\x8b": _long(4), "\x8f": _empty_set, "\x97": _push(None)},
    **{"p": _put_line, "g": _get_line},
    **{"t": _tuple},
    **{"l": _collect, "d": _collect, "\x91": _collect, "\x90": _add_items},
    **{"0": _pop, "1": _pop_mark, "2": _dup, "P": _persistent_line, "Q": _persistent},
    **{"\x82": _extension(1), "\x83": _extension(2), "\x84": _extension(4)},
    **{"c": _global, "\x93": _stack_global, "R": _reduce, "o": _object, "i": _instance},
    **{"\x81": _new, "\x92": _new_ex, "b": _build, "\x80": _protocol, "\x98": _nothing},
}.items():
    OPCODES[ord(_code)] = _handler
