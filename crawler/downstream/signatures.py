"""Which calls load a model: the table ``signatures.csv``, one row a call, which anyone may extend.

module     what the call is imported from, with everything below it; ``*`` for whatever it is
call       the last one or two names of the call; ``*`` stands for any letters
position   where among the arguments the model's id stands, from 0; several with ``|``; empty where it is never so
keywords   under which keywords it may stand, separated by ``|``
hub        the hub whose id it is
form       how an id follows from what is written (:mod:`crawler.downstream.ids`)
needs      what must hold as well: ``pretrained`` (asked for weights), ``weights`` (weights are not None), ``tag`` (a
           tag of weights, unless the id is one of a hub), ``repository`` (of models, not of data sets or Spaces)
anywhere   ``yes`` where the name is telling enough when nobody knows what it was imported from
origin     ``peatmoss`` for the signatures of PeaTMOSS (Jiang et al., MSR 2024), ``later`` for what came since
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Signature:
    """One row of the table."""

    module: str
    call: str
    positions: tuple[int, ...]
    keywords: tuple[str, ...]
    hub: str
    form: str
    needs: str
    anywhere: bool
    origin: str

    @property
    def weight(self) -> int:
        """How much the row says: the more of the call it names, the more."""
        return 10 * (self.module != "*") + len(self.module) + 3 * self.call.count(".") + ("*" not in self.call)


@cache
def table() -> tuple[Signature, ...]:
    """Every row."""
    text = resources.files("crawler.downstream").joinpath("signatures.csv").read_text(encoding="utf-8")
    return tuple(
        Signature(
            row["module"],
            row["call"],
            tuple(int(place) for place in row["position"].split("|") if place),
            tuple(filter(None, row["keywords"].split("|"))),
            row["hub"],
            row["form"],
            row["needs"],
            row["anywhere"] == "yes",
            row["origin"],
        )
        for row in csv.DictReader(text.splitlines())
    )


@cache
def _by_last() -> dict[str, list[Signature]]:
    found: dict[str, list[Signature]] = {}
    for row in table():
        last = row.call.rpartition(".")[2]
        found.setdefault("*" if "*" in last else last, []).append(row)
    return found


@cache
def _roots() -> frozenset[str]:
    """The modules that the table names: a call from one of them is of that library or of none."""
    return frozenset(row.module.partition(".")[0] for row in table()) - {"*"}


@cache
def match(callee: str) -> Signature | None:
    """The row that fits a call best; None where none does. ``?`` or a dot before it: its root is not known."""
    last = callee.rpartition(".")[2].lstrip("?")
    rows = [*_by_last().get(last, ()), *_by_last().get("*", ())]
    fitting = [row for row in rows if _fits(row, callee)]
    return max(fitting, key=lambda row: row.weight, default=None)


def _fits(row: Signature, callee: str) -> bool:
    names = callee.lstrip("?.").split(".")
    width = row.call.count(".") + 1
    if len(names) < width or not fnmatchcase(".".join(names[-width:]), row.call):
        return False
    known = not callee.startswith(("?", ".")) and names[0] in _roots()
    if row.module == "*":
        return True
    if known or not row.anywhere:
        return f"{callee}.".startswith(f"{row.module}.") and len(names) > row.module.count(".") + width
    return True


@dataclass(frozen=True, slots=True)
class _Needles:
    """What the bytes of a file with a usage contain."""

    # Names of calls that tell by themselves, by a shorter text that several of them contain.
    telling: tuple[tuple[bytes, tuple[bytes, ...]], ...]
    # For each library that is imported: one of these.
    calls: dict[bytes, tuple[bytes, ...]]
    packages: frozenset[bytes]


@cache
def _needles() -> _Needles:
    telling: dict[str, set[str]] = {}
    for row in table():
        if row.anywhere:
            word = row.call.replace("*", "").strip(".")
            telling.setdefault(next((stem for stem in _STEMS if stem in word), word), set()).add(word)
    calls: dict[str, set[str]] = {}
    for row in table():
        if row.form != "module" and row.module != "*":
            named = max((word for word in row.call.split(".") if "[" not in word), key=len, default="").strip("*")
            # Where any name may be called: what it needs, else the part of the library that has such calls.
            words = {named or ("pretrained" if row.needs == "pretrained" else row.module.rpartition(".")[2])}
            words |= {"weights"} if row.needs == "pretrained" else set()
            words = {"hf://"} if row.form == "address" else words
            calls.setdefault(row.module.partition(".")[0], set()).update(words)
    return _Needles(
        tuple(
            (stem.encode(), tuple(word.encode() for word in sorted(words))) for stem, words in sorted(telling.items())
        ),
        {root.encode(): tuple(word.encode() for word in sorted(words)) for root, words in calls.items()},
        frozenset(row.module.encode() for row in table() if row.form == "module"),
    )


# Programs that fetch or serve a model.
_COMMANDS = (b"huggingface-cli", b"hf download", b"vllm", b"ollama", b"spacy")
_STEMS = ("from_pretrained", "HuggingFace", "SentenceTransformer", "load_from_h", "hf_hub_", "load_")
_IMPORT = re.compile(
    rb"(?:\bfrom\s+(\.*[A-Za-z_][\w.]*|\.+)\s+)?import\s+\(?\s*([A-Za-z_][\w.]*)((?:[\w. ]*,\s*[A-Za-z_][\w.]*)*)"
)


def may_match(data: bytes, imported: set[tuple[bytes, bytes]] | None = None, told: bool | None = None) -> bool:
    """Whether a file may hold a call that the table names: a search for bytes, much quicker than parsing.

    ``imported`` is what :func:`imports` gives for it and ``told`` what :func:`telling` does, where that is known.
    """
    needles = _needles()
    if telling(data) if told is None else told:
        return True
    if (b"subprocess" in data or b"os.system" in data) and any(word in data for word in _COMMANDS):
        return True
    imported = imports(data) if imported is None else imported
    for root in {module.partition(b".")[0] for module, _ in imported}:
        if root in needles.packages or any(call in data for call in needles.calls.get(root, ())):
            return True
    return False


def telling(data: bytes) -> bool:
    """Whether a file holds the name of a call that tells by itself."""
    return any(stem in data and any(word in data for word in words) for stem, words in _needles().telling)


def may_load(data: bytes) -> bool:
    """Whether a file seems to call what the table names, rather than to speak of it: for files that others import."""
    telling = _needles().telling
    return any(word + b"(" in data for stem, words in telling if stem in data for word in words)


def imports(data: bytes) -> set[tuple[bytes, bytes]]:
    """The modules that a file imports, as far as its bytes show, each with a name that is taken from it, or none."""
    found: set[tuple[bytes, bytes]] = set()
    place = data.find(b"import")
    while place >= 0:
        start = max(data.rfind(b"\n", 0, place) + 1, place - 120)
        for match in _IMPORT.finditer(data, start, place + 240):
            names = [match[2], *re.findall(rb"[A-Za-z_][\w.]*", match[3])]
            found.update(((match[1], name) for name in names) if match[1] else ((name, b"") for name in names))
        place = data.find(b"import", place + 6)
    return found
