"""Which calls load a model: the table ``signatures.csv``, one row a call, which anyone may extend.

module     what the call is imported from, with everything below it; ``*`` for whatever it is
call       the last one or two names of the call; ``*`` stands for any letters
position   where among the arguments the model's id stands, from 0; empty where it is never so
keywords   under which keywords it may stand, separated by ``|``
hub        the hub whose id it is
form       how an id follows from what is written (:mod:`crawler.downstream.ids`)
needs      what must hold as well: ``pretrained`` (asked for weights), ``weights`` (weights are not None),
           ``repository`` (of models, not of data sets or Spaces)
anywhere   ``yes`` where the name is telling enough when nobody knows what it was imported from
origin     ``peatmoss`` for the signatures of PeaTMOSS (Jiang et al., MSR 2024), ``later`` for what came since
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Signature:
    """One row of the table."""

    module: str
    call: str
    position: int | None
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
            int(row["position"]) if row["position"] else None,
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
