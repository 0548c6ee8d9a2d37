"""All pickles in some bytes: one after the other, after garbage, and behind raw data."""

from __future__ import annotations

import re
from collections.abc import Callable

from probe.scan.pickles.machine import Machine
from probe.scan.pickles.symbols import Program, Use
from probe.scan.policy import NOT_A_NAME, ruling

_HEADER = re.compile(rb"\x80[\x00-\x05]")
#: What a pickle with no header can begin with: a mark, a container, a name, a number, a string or None.
_HEADLESS = frozenset(b"()]}ciIFLSVUTXKMJGNCB\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96")
#: A header in the midst of other data, with an opcode after it that can follow.
_INSIDE = re.compile(rb"\x80[\x02-\x05][()\]}ciIFLSVUTXKMJGNCB\x88-\x8f\x95\x96]")
#: A name on two lines, or two counted strings and STACK_GLOBAL not far away.
_NAMED = re.compile(rb"[ci]([A-Za-z_][\w.]{0,60})\n([A-Za-z_][\w.]{0,60})\n")
#: At most this many starts are tried in what follows a pickle.
_TRIES = 100_000
#: So many bytes tell whether something with no header is a pickle; so many are searched for names on two lines.
_TRIAL = 1 << 16
_SEARCHED = 1 << 20
#: Pickles read in one blob.
_STREAMS = 10_000


def begins(view: memoryview) -> bool:
    """Whether bytes begin like a pickle with a header."""
    return len(view) > 1 and view[0] == 0x80 and view[1] <= 5


def headless(view: memoryview, tick: Callable[[], None], expected: bool = False) -> bool:
    """Whether bytes with no header are a pickle: they read to the STOP, or they call something dangerous.

    Where a pickle is ``expected``, it is enough that a broken one imports it, and one of plain data counts as well;
    elsewhere, bytes that import nothing are taken for numbers: a few of those often read as opcodes.
    """
    if not len(view) or view[0] not in _HEADLESS:
        return False
    machine = Machine(view[:_TRIAL], tick)
    whole = machine.run()
    if not whole and len(view) > _TRIAL:
        if machine.program.end > _TRIAL // 2:
            return all(_written(use) for use in machine.program.uses.values())
        machine = Machine(view, tick)
        whole = machine.run()
    if not all(_written(use) for use in machine.program.uses.values()):
        return False
    if whole:
        return bool(machine.program.uses) or (expected and machine.program.end > 2)
    return any(_dangerous(use) and (use.called or expected) for use in machine.program.uses.values())


def _written(use: Use) -> bool:
    return use.computed or ruling(use.module, use.name).why != NOT_A_NAME


def _dangerous(use: Use) -> bool:
    return not use.computed and ruling(use.module, use.name).level == "danger"


def read(view: memoryview, tick: Callable[[], None]) -> tuple[Program, list[tuple[int, Program]]]:
    """The pickles that follow one another from the start, and those found behind what is no pickle.

    The second list holds programs that were searched for: their offset, and only such as import something dangerous
    or computed, for chance makes short harmless ones everywhere.
    """
    machine = Machine(view, tick)
    program = machine.program
    at = 0
    for _ in range(_STREAMS):
        if not machine.run(at):
            break
        at = program.end
        if at >= len(view) or not (_HEADER.match(view, at) or headless(view[at:], tick)):
            break
    return program, search(view, program.end, tick)


def search(view: memoryview, start: int, tick: Callable[[], None]) -> list[tuple[int, Program]]:
    """Pickles that begin anywhere from ``start`` on and import something dangerous."""
    found: list[tuple[int, Program]] = []
    end = start
    for number, match in enumerate(_INSIDE.finditer(view, start)):
        if number >= _TRIES or len(found) >= 16:
            break
        if match.start() < end:
            continue
        if number % 256 == 0:
            tick()
        machine = Machine(view, tick)
        machine.run(match.start())
        uses = [use for use in machine.program.uses.values() if _written(use)]
        if any(_dangerous(use) for use in uses):
            machine.program.uses = {(use.module, use.name): use for use in uses}
            found.append((match.start(), machine.program))
            end = machine.program.end
    for match in _NAMED.finditer(view, start, start + _SEARCHED):
        if len(found) >= 16:
            break
        if match.start() >= end and not any(at <= match.start() < program.end for at, program in found):
            end = _named(view, match, tick, found)
    return found


def _named(
    view: memoryview, match: re.Match[bytes], tick: Callable[[], None], found: list[tuple[int, Program]]
) -> int:
    """A name on two lines with no header before it: read from there, and keep it if something dangerous is called."""
    if ruling(match[1].decode(), match[2].decode()).level != "danger":
        return match.end()
    machine = Machine(view, tick)
    machine.run(match.start())
    if any(_dangerous(use) and use.called for use in machine.program.uses.values()):
        found.append((match.start(), machine.program))
        return max(machine.program.end, match.end())
    return match.end()
