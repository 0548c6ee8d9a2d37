"""From what a pickle does to findings: the policy on each name, the ways it is used, and what no pickler writes."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from probe.scan.pickles.constants import content, plain, raw, string
from probe.scan.pickles.symbols import Program, Use
from probe.scan.policy import NOT_A_NAME, STDLIB, Ruling, canonical, is_class, ruling, vetted

#: Choices that some Pythons write as ``getattr(Class, 'NAME')``.
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_ENUM_HOMES = ("transformers.", "accelerate.", "torch.", "sklearn.", "datasets.")
#: The first bytes of a pickle as base64 (gAJ, gAN, gAS, gAV) or hexadecimal writes them.
_ENCODED = re.compile(rb"gA[JNSV][A-Za-z0-9+/]{12,65536}={0,2}|80(?:02|03|04|05)(?:[0-9a-f]{2}){8,65536}")
_SEARCHED = 1 << 26
#: Where NumPy and SciPy keep their functions of arrays.
_UFUNCS = ("numpy", "numpy.core.umath", "numpy._core.umath", "scipy.special", "scipy.special._ufuncs")
#: What is made by a call and then filled item by item.
_LISTS = ("deque", "UserList", "list", "set", "frozenset", "array", "FrozenList", "bytearray")
_LOADERS = re.compile(r"(loads?|_load_from_bytes|_loads|load_config|basichandlers|decode|loads?_\w+)\Z")


@dataclass(frozen=True, slots=True)
class Judgement:
    """One rule met: its id without the detector's prefix, where in the stream, and why."""

    rule: str
    at: int
    text: str


def judge(program: Program, view: memoryview) -> Iterator[Judgement]:
    """Everything to say of a program, names first."""
    for use in program.uses.values():
        if judgement := _judge_use(use, view):
            yield judgement
    seen: dict[str, int] = {}
    for oddity in program.oddities:
        rule = _ODD.get(oddity.kind)
        if rule and seen.setdefault(rule, 0) < 4:
            seen[rule] += 1
            yield Judgement(rule, oddity.at, oddity.text)


_ODD = {
    "frame": "frame-mismatch",
    "mutates": "changes-a-name",
    "computed": "computed-call",
    "extension": "extension-code",
    "memo": "wild-memo",
    "array": "unknown-array",
}


def rule_on(use: Use) -> Ruling:
    """The worse of what the policy says of the name as written and as Python 3 would map it."""
    written = ruling(use.module, use.name)
    mapped = canonical(use.module, use.name, use.protocol)
    if mapped == (use.module, use.name):
        return written
    meant = ruling(*mapped)
    return written if written.level == "danger" else meant


def _judge_use(use: Use, view: memoryview) -> Judgement | None:
    if use.computed:
        text = f"imports a name that is not in the file as a constant ({use.dotted})"
        return Judgement("computed-name", use.at, text)
    found = rule_on(use)
    if use.appended and found.level in ("pure", "class") and use.name not in _LISTS:
        text = (
            f"appends to what {use.dotted} makes, which is no list: whatever bears that name on the object is called"
        )
        return Judgement("computed-call", use.at, text)
    if found.level == "pure" or (found.level == "class" and not use.called):
        return None
    if _inert(use) or _by_name(use, view):
        return None
    if _looked_into(use, view):
        return Judgement(
            "unlisted-global", use.at, f"{use.dotted} unpickles bytes, which are looked at by themselves"
        )
    if _harmless(use, view):
        return Judgement("unlisted-global", use.at, f"{_said(use, view)}: only reads constants of a known class")
    if found.level == "danger":
        return Judgement("dangerous-global", use.at, f"{_said(use, view)}: {found.why}")
    if found.why == NOT_A_NAME or (found.level == "review" and (use.called or use.built or "." in use.name)):
        return Judgement("suspicious-call", use.at, f"{_said(use, view)}: {found.why}")
    if found.level == "unlisted" and use.called and _out_of_place(use):
        text = f"{_said(use, view)}: {use.module.partition('.')[0]} writes no such call into its own pickles"
        return Judgement("suspicious-call", use.at, text)
    why = "its constructor is not vetted" if found.level == "class" else "on no list"
    return Judgement("unlisted-global", use.at, f"{_said(use, view)}: {why}")


def _out_of_place(use: Use) -> bool:
    """Whether a name on no list should have been on one, had its package meant it for pickles."""
    if use.dotted == "functools.partial":
        return False
    module, name = canonical(use.module, use.name, use.protocol)
    return vetted(module) and (module.partition(".")[0] in STDLIB or not is_class(name))


def _harmless(use: Use, view: memoryview) -> bool:
    """``getattr(Class, 'CONSTANT')`` of a known library, as Python 3.11 wrote members of an Enum."""
    if use.name != "getattr" or use.called != len(use.calls):
        return False
    for _, arguments, *_state in use.calls:
        if not isinstance(arguments, tuple) or len(arguments) != 2 or not isinstance(arguments[0], Use):
            return False
        owner, attribute = arguments[0], arguments[1]
        if not owner.module.startswith(_ENUM_HOMES) or not is_class(owner.name) or "." in owner.name:
            return False
        if attribute.__class__ is not int or attribute >= 0:
            return False
        if not _CONSTANT.match(raw(view, ~attribute)[1].decode("ascii", "replace")):
            return False
    return use.called > 0


def _inert(use: Use) -> bool:
    """``type(value)``: with one argument it only asks."""
    return (
        use.name == "type"
        and use.module in ("builtins", "__builtin__")
        and use.called == len(use.calls)
        and all(isinstance(call[1], tuple) and len(call[1]) == 1 for call in use.calls)
    )


def _by_name(use: Use, view: memoryview) -> bool:
    """``numpy.core._ufunc_reconstruct(module, name)`` imports by name; fine for functions of arrays."""
    if use.name != "_ufunc_reconstruct" or use.called != len(use.calls) or not use.called:
        return False
    for call in use.calls:
        names = [string(view, ~one) for one in call[1] if one.__class__ is int and one < 0] if call[1] else []
        if len(names) != 2 or not names[0] or not names[1]:
            return False
        pure = names[0] in _UFUNCS
        if not pure or ruling(names[0], names[1]).level not in ("pure", "unlisted") or "." in names[1]:
            return False
    return True


def _looked_into(use: Use, view: memoryview) -> bool:
    """Whether every call is torch's way to unpickle a tensor, on bytes that are constants of the file."""
    return (
        use.dotted == "torch.storage._load_from_bytes"
        and use.called == len(use.calls) > 0
        and all(
            isinstance(call[1], tuple)
            and len(call[1]) == 1
            and bytes((content(view, call[1][0]) or b"")[:1]) in (b"\x80", b"P")
            for call in use.calls
        )
    )


def tensors(program: Program, view: memoryview) -> Iterator[memoryview]:
    """The files inside the file: bytes that torch's storages are unpickled from."""
    for use in program.uses.values():
        if use.dotted == "torch.storage._load_from_bytes":
            for call in use.calls:
                for value in call[1] if isinstance(call[1], tuple) else ():
                    if (inner := content(view, value)) is not None:
                        yield inner


def _said(use: Use, view: memoryview) -> str:
    if use.called and use.calls:
        shown = plain(view, use.calls[0][1])
        return f"calls {use.dotted[:200]}{shown}"
    return f"{'makes' if use.built else 'imports'} {use.dotted[:200]}"


def carried(program: Program, view: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Strings in the pickle that may be pickles, encoded or not, and those given to a loader, with their offsets."""
    for at, count in program.nested[:256]:
        yield at, view[at : at + count]
    for match in islice(_ENCODED.finditer(view, 0, _SEARCHED), 64):
        yield match.start(), memoryview(unpack(match[0]))
    for use in program.uses.values():
        if not _LOADERS.match(use.name.rpartition(".")[2]):
            continue
        for _, arguments, *_state in use.calls:
            for value in arguments if isinstance(arguments, tuple) else ():
                if (inner := content(view, value)) is not None:
                    yield use.at, memoryview(unpack(bytes(inner))) if len(inner) < 1 << 20 else inner


def unpack(text: bytes) -> bytes:
    """Base64 or hexadecimal text as the bytes it stands for; anything else as it is."""
    try:
        if re.fullmatch(rb"(?:[0-9a-fA-F]{2})+", text):
            return bytes.fromhex(text.decode("ascii"))
        if re.fullmatch(rb"[A-Za-z0-9+/\s]+={0,2}\s*", text):
            whole = text.rstrip(b"=\n ")
            # What is left over of a group of four may be the opcode that follows.
            return base64.b64decode(whole[: len(whole) // 4 * 4]) if len(text) % 4 else base64.b64decode(text)
    except (ValueError, binascii.Error):
        return text
    return text
