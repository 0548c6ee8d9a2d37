"""The abstract machine: walks a pickle's opcodes with a stack and a memo of symbols, and runs nothing.

Frequent opcodes are handled in one loop, the others by :mod:`probe.scan.pickles.opcodes`. The loop reads from a
window of bytes: indexing bytes is faster than indexing a mapped file, and a window that ends where a frame ends
shows for nothing whether an opcode straddles the frame. Nothing is pushed or popped before an opcode has been read
whole, so when the window runs out the opcode can be begun again in the next.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from probe.scan.pickles.symbols import BOX, Box, Program, Use

#: Bytes per window; the clock is asked once a window.
WINDOW = 1 << 20
_FOUR = struct.Struct("<I").unpack_from
#: No opcode needs more than this before the bytes whose number it gives.
LONGEST = 9
#: Pickles inside arrays inside pickles.
DEEPEST = 16

#: Opcodes that push one thing which cannot matter, by their size.
ATOMS = [0] * 256
for _code, _size in ((0x4E, 1), (0x88, 1), (0x89, 1), (0x4A, 5), (0x4D, 3), (0x47, 9)):
    ATOMS[_code] = _size


#: Picklers give items first and the state once; a state can hold what the second look-up finds in its place.
_AGAIN = "gives items or a second state to an object that has its state: the first can change what that calls"


class Broken(Exception):
    """The stream cannot be read on: what a real unpickler would say of it."""


class SparseMemo(dict[int, Any]):
    """A memo whose slots were not filled one after the other."""

    def append(self, value: Any) -> None:
        """What MEMOIZE does: the slot is the number of slots filled."""
        self[len(self)] = value

    def __missing__(self, key: int) -> Any:
        raise IndexError(key)


class Machine:
    """Reads one pickle after the other out of ``view``; everything seen is in ``program``.

    ``tick`` is called once per window and raises when time is up.
    """

    def __init__(self, view: memoryview, tick: Callable[[], None] | None = None) -> None:
        self.view = view
        self.tick = tick or (lambda: None)
        self.program = Program()
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: list[Any] | SparseMemo = []
        self.before: list[Any] | SparseMemo = []
        self.protocol = 0
        #: The class after whose BUILD raw array bytes follow (joblib), once it was imported.
        self.wrapper: Use | None = None
        self.fence = 0
        self.depth = 0
        #: Whether an opcode replaced the memo or met the wrapper.
        self.changed = False
        #: Where a frame begins that is longer than the rest: a broken file, unless STOP comes all the same.
        self.short = -1
        self.size = 256
        #: The string that marks persistent ids of storages, once it was read.
        self.storage: int | None = None

    def window(self, at: int, size: int = 0) -> bytes:
        """``size`` bytes from ``at`` on; by default few at first, for most of what is tried is no pickle."""
        if not size:
            size, self.size = self.size, min(16 * self.size, WINDOW)
        if size > 4096:
            self.tick()
        return bytes(self.view[at : at + size])

    def run(self, start: int = 0) -> bool:
        """Read one pickle that begins at ``start``; true when it ended with STOP.

        ``program.end`` is the offset after it, or of the opcode at which a real unpickler would give up.
        """
        self.before, self.memo = self.memo, []
        self.short = -1
        self.stack.clear()
        self.marks.clear()
        self.protocol, self.wrapper, self.fence, self.size = 0, None, 0, 256
        try:
            self.program.end = self._loop(start)
        except Broken as problem:
            self.program.broken = True
            self.program.odd("broken", self.program.end, str(problem))
            return False
        self.program.complete += 1
        if self.short >= 0:
            self.program.odd("frame", self.short, "a frame claims more bytes than there are")
        return True

    def inner(self, start: int) -> int:
        """Read a pickle that stands between the opcodes of this one; the offset after it."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise Broken("arrays of arrays of arrays: deeper than the scan goes")
        other = Machine(self.view, self.tick)
        other.program, other.depth = self.program, self.depth
        if not other.run(start):
            raise Broken("the array of objects between the opcodes is broken")
        self.depth -= 1
        self.program.complete -= 1
        return self.program.end

    def _loop(self, at: int) -> int:
        """The loop over opcodes; the offset after STOP. Raises :class:`Broken`."""
        stack, marks, memo = self.stack, self.marks, self.memo
        append, mark, remember, four = stack.append, marks.append, memo.append, _FOUR
        window, base, flip, pos, wrapper, op = self.window(at), at, ~at, 0, self.wrapper, 0
        while True:
            try:
                while True:
                    op = window[pos]
                    if op == 0x94:  # MEMOIZE
                        remember(stack[-1])
                        pos += 1
                    elif op == 0x68:  # BINGET
                        append(memo[window[pos + 1]])
                        pos += 2
                    elif op == 0x8C:  # SHORT_BINUNICODE
                        count = window[pos + 1]
                        append(flip - pos)
                        pos += count + 2
                    elif op == 0x71 or op == 0x72:  # BINPUT, LONG_BINPUT
                        slot = window[pos + 1] if op == 0x71 else four(window, pos + 1)[0]
                        if slot == len(memo):
                            remember(stack[-1])
                        else:
                            self.put(slot, stack[-1])
                            memo = self.memo
                            remember = memo.append
                        pos += 2 if op == 0x71 else 5
                    elif op == 0x58:  # BINUNICODE
                        count = four(window, pos + 1)[0]
                        append(flip - pos)
                        pos += count + 5
                    elif op == 0x4B:  # BININT1
                        append(window[pos + 1])
                        pos += 2
                    elif size := ATOMS[op]:
                        append(None if wrapper is None else self.number(window, pos))
                        pos += size
                    elif op == 0x28:  # MARK
                        mark(len(stack))
                        pos += 1
                    elif op == 0x75 or op == 0x65 or op == 0x61 or op == 0x73:  # SETITEMS, APPENDS, APPEND, SETITEM
                        low = marks.pop() if op == 0x75 or op == 0x65 else len(stack) - (2 if op == 0x73 else 1)
                        if stack[low - 1] is not BOX:
                            self.fill(low, op)
                        del stack[low:]
                        pos += 1
                    elif op == 0x7D or op == 0x5D or op == 0x29:  # EMPTY_DICT, EMPTY_LIST, EMPTY_TUPLE
                        append(() if op == 0x29 else BOX if wrapper is None else Box())
                        pos += 1
                    elif 0x85 <= op <= 0x87:  # TUPLE1, TUPLE2, TUPLE3
                        low = 0x84 - op
                        stack[low]
                        stack[low:] = [tuple(stack[low:])]
                        pos += 1
                    elif op == 0x6A:  # LONG_BINGET
                        append(memo[four(window, pos + 1)[0]])
                        pos += 5
                    elif (
                        op == 0x62 and wrapper is None and stack[-2].__class__ is list and len(stack[-2]) == 2
                    ):  # BUILD
                        stack[-2].append(stack.pop())
                        pos += 1
                    elif op == 0x95:  # FRAME
                        window, base, pos = self.frame(base + pos), base + pos + 9, 0
                        flip = ~base
                    elif op == 0x2E:  # STOP
                        stack[-1]
                        return base + pos + 1
                    else:
                        pos = _OPCODES[op](self, window, pos, base)
                        if self.changed:
                            memo, wrapper, self.changed = self.memo, self.wrapper, False
                            remember = memo.append
            except (IndexError, struct.error):
                window, base, pos = self._go_on(window, base, pos, op)
                flip = ~base

    def _go_on(self, window: bytes, base: int, pos: int, op: int) -> tuple[bytes, int, int]:
        """The window ran out (give the next) or the stack or memo did (:class:`Broken`)."""
        at, length = base + pos, len(window)
        self.program.end = min(at, len(self.view))
        if pos > length - LONGEST and base + length < len(self.view):
            fenced, self.fence = self.fence, 0
            if fenced and at != fenced:
                self.program.odd("frame", at, "an opcode straddles the end of its frame")
            if fenced:
                return self.window(at, 64), at, 0
            return self.window(at), at, 0
        if pos >= length or (pos > length - LONGEST and not self._whole(window, pos, op)):
            raise Broken("ends before its STOP")
        raise Broken(f"opcode 0x{op:02x} finds too little on the stack or nothing in the memo")

    @staticmethod
    def _whole(window: bytes, pos: int, op: int) -> bool:
        """Whether a fixed-size opcode near the end has its operand."""
        return pos + {0x68: 2, 0x6A: 5, 0x71: 2, 0x72: 5}.get(op, 1) <= len(window)

    def frame(self, at: int) -> bytes:
        """Enter the frame whose opcode is at ``at``: the window ends where it ends."""
        count = int.from_bytes(self.view[at + 1 : at + 9], "little")
        if len(self.view) < at + 9:
            raise Broken("ends before its STOP")
        if self.fence > at:
            self.program.odd("frame", at, "a frame begins inside a frame")
        end = at + 9 + count
        if end > len(self.view):
            self.short = at
            end = len(self.view)
        small = end - at - 9 <= WINDOW
        self.fence = end if small else 0
        return self.window(at + 9, end - at - 9 if small else WINDOW)

    def number(self, window: bytes, pos: int) -> int | None:
        """The value of an integer opcode, where it is >= 0."""
        op = window[pos]
        if op == 0x4D and len(window) >= pos + 3:
            return window[pos + 1] | window[pos + 2] << 8
        if op == 0x4A and len(window) >= pos + 5:
            value = int.from_bytes(window[pos + 1 : pos + 5], "little", signed=True)
            return value if value >= 0 else None
        return None

    def fill(self, low: int, op: int) -> None:
        """SETITEMS, APPENDS and their like onto something that is not a plain container."""
        target = self.stack[low - 1] if low else None
        if isinstance(target, Box):
            if len(self.stack) - low <= 64:
                keys, values = self.stack[low::2], self.stack[low + 1 :: 2]
                target.fields.update((self.text(key) or "", value) for key, value in zip(keys, values, strict=False))
        elif target.__class__ is list:
            if len(target) > 2:
                self.program.odd("computed", self.program.end, _AGAIN)
            elif op not in (0x73, 0x75) and isinstance(target[0], Use):
                target[0].appended = True
        elif isinstance(target, Use):
            self.program.odd("mutates", self.program.end, f"puts items into {target.dotted} itself")

    def put(self, slot: int, value: Any) -> None:
        """Set a memo slot: the next, one that is taken, or one far away."""
        memo = self.memo
        if isinstance(memo, list):
            if slot == len(memo):
                memo.append(value)
                return
            if slot < len(memo):
                memo[slot] = value
                return
            memo = self.memo = SparseMemo(enumerate(memo))
            self.changed = True
            if slot > len(self.view):
                self.program.odd("memo", self.program.end, f"memo slot {slot} of a pickle of {len(self.view)} bytes")
        memo[slot] = value

    def text(self, value: Any) -> str | None:
        """The string that a value stands for, where it is a constant."""
        from probe.scan.pickles.constants import string

        return string(self.view, ~value) if value.__class__ is int and value < 0 else None

    def name(self, module: str | None, name: str | None, at: int) -> Use:
        """The use of ``module.name``, made at its first import."""
        computed = module is None or name is None
        key = (module or "?", name or "?")
        use = self.program.uses.get(key)
        if use is None:
            use = self.program.uses[key] = Use(*key, at, self.protocol, computed)
        if key[1] == "NumpyArrayWrapper" and key[0].endswith("joblib.numpy_pickle"):
            self.wrapper, self.changed = use, True
        return use


from probe.scan.pickles.opcodes import OPCODES as _OPCODES  # noqa: E402  (the two halves of one machine)
