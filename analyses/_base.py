"""What an analysis is and what it answers.

    @analysis
    def run(scope: Scope) -> Answer: ...

turns a function of the scope into the protocol's ``run(reader) -> Result``: it looks whether the
warehouse holds what the file's NEEDS say, and where it does not, the result says that in words.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Protocol

from analyses._scope import Scope, scope
from warehouse.reader import Reader

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

PUBLISHED_COLUMNS = ("quantity", "published", "ours", "unit", "source", "note")


class Analysis(Protocol):
    """A file of this folder."""

    NAME: str
    TITLE: str
    QUESTION: str
    SOURCE: str
    NEEDS: tuple[str, ...]
    SQL: dict[str, str]

    def run(self, reader: Reader) -> Result:
        """Answer the question from a warehouse."""
        ...


@dataclass(slots=True)
class Answer:
    """What an analysis found out, before it is told who it is."""

    statement: str
    tables: dict[str, pd.DataFrame]
    draw: Callable[[], Figure] | None = None
    alt: str = ""
    published: Sequence[tuple[Any, ...]] = ()
    notes: Sequence[str] = ()
    headline: tuple[str, str] | None = None


@dataclass(slots=True)
class Result:
    """The answer of one analysis.

    ``tables`` are the numbers, the main one first (``table``); ``published`` holds what others have
    published beside ours; ``headline`` is the one number and its words; ``available`` is false where the
    warehouse lacks what it takes.
    """

    name: str
    title: str
    question: str
    source: str
    statement: str
    tables: dict[str, pd.DataFrame]
    published: pd.DataFrame
    alt: str
    notes: list[str]
    sql: dict[str, str]
    snapshots: list[int]
    as_of: datetime | None
    version: str
    available: bool = True
    headline: tuple[str, str] | None = None
    _draw: Callable[[], Figure] | None = field(default=None, repr=False)

    @property
    def table(self) -> pd.DataFrame:
        """The main table."""
        return next(iter(self.tables.values()))

    def figure(self) -> Figure:
        """The figure, drawn when it is asked for."""
        from analyses import _style

        with _style.style():
            return self._draw() if self._draw else _style.blank(self.statement)


def code_version() -> str:
    """The version of this code."""
    try:
        return version("hubcensus")
    except PackageNotFoundError:
        return "0+unknown"


def analysis(measure: Callable[[Scope], Answer]) -> Callable[[Reader], Result]:
    """Make ``run(reader)`` of a function of the scope."""
    module: Any = sys.modules[measure.__module__]

    @wraps(measure)
    def run(reader: Reader) -> Result:
        taken = scope(reader, module.NEEDS)
        missing = taken.missing(module.NEEDS)
        if missing:
            return _result(module, taken, absent(f"this warehouse holds {', '.join(missing)}"), available=False)
        answer = measure(taken)
        return _result(module, taken, answer, available=bool(answer.tables))

    return run


def absent(reason: str) -> Answer:
    """The answer where the warehouse cannot give one."""
    return Answer(f"Not answered: {reason}.", {})


def _result(module: Any, taken: Scope, answer: Answer, *, available: bool) -> Result:
    import pandas as pd

    return Result(
        name=module.NAME,
        title=module.TITLE,
        question=module.QUESTION,
        source=module.SOURCE,
        statement=answer.statement,
        tables=answer.tables or {"main": pd.DataFrame()},
        published=pd.DataFrame(list(answer.published), columns=list(PUBLISHED_COLUMNS)),
        alt=answer.alt or answer.statement,
        notes=list(answer.notes),
        sql=dict(module.SQL),
        snapshots=taken.snapshot_ids,
        as_of=taken.reader.as_of,
        version=code_version(),
        available=available,
        headline=answer.headline,
        _draw=answer.draw,
    )
