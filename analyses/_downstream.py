"""What the analyses of repositories share: which usages count, and over what.

A usage counts at a confidence of one half and more, as in ``mart.reuse``. Three names stand for them in SQL once
:func:`enter` was called, all as of the reader's moment:

    calls       every place that loads a model, also from a path of the machine
    uses        those that name a model of a hub, whether the census knows it or not
    readings    the repositories whose files were read, also those that load nothing

The unit is the *link*: a repository and a model that it loads, however often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analyses import _stats
from analyses._scope import Scope
from analyses._text import count, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: Usages below it are left out, as mart.reuse leaves them out.
LEAST = 0.5

CALLS = f"""
CREATE OR REPLACE TEMP TABLE calls AS
SELECT repository, repository_id, split_part(repository, '/', 4) AS repository_owner,
    coalesce(library, 'unknown') AS library, api, id_as_written, coalesce(hub, 'not said') AS hub, model_id,
        model_key,
    named_id, joined, evidence, why, revision, flags, confidence, library_version
FROM mart.usage WHERE confidence >= {LEAST}
"""
USES = "CREATE OR REPLACE TEMP VIEW uses AS SELECT * FROM calls WHERE named_id IS NOT NULL"
READINGS = "CREATE OR REPLACE TEMP TABLE readings AS SELECT * FROM mart.repository WHERE mined"

_COUNTED = """
SELECT (SELECT count(*) FROM readings), (SELECT min(fetched_at) FROM readings), (SELECT max(fetched_at)
    FROM readings),
    count(DISTINCT repository_id), count(DISTINCT repository_id) FILTER (named_id IS NOT NULL), count(*),
    (SELECT count(*) FROM readings WHERE fork)
FROM calls
"""

NOTE = (
    f"Usages of a confidence of {LEAST} and more count, as in mart.reuse; a repository counts by its newest reading, "
    "forks included."
)


@dataclass(frozen=True, slots=True)
class Mined:
    """How much was read: repositories, and the places in them that load a model."""

    repositories: int
    days: str
    calling: int
    using: int
    calls: int
    forks: int

    def cite(self, scope: Scope, hub: str | None = None) -> str:
        """The readings and the snapshots, for the end of a sentence."""
        read = f"{count(self.repositories)} repositories read {self.days}"
        parts = [read if self.repositories else f"{count(self.calling)} repositories of an import", scope.cite(hub)]
        return "; ".join(part for part in parts if part)

    def caption(self, scope: Scope, n: int, what: str, hub: str | None = None) -> str:
        """The line under a figure."""
        return f"n = {count(n)} {what}; {self.cite(scope, hub)}"


def enter(scope: Scope, *, read: bool = False) -> Mined:
    """Let ``calls``, ``uses`` and ``readings`` stand for the usages, and count them.

    With ``read`` only those of repositories whose files were read: an import tells who uses what, not how.
    """
    only = " AND repository_id IN (SELECT repository_id FROM readings)" if read else ""
    for statement in (READINGS, CALLS.rstrip() + only, USES):
        scope.reader.execute(statement)
    repositories, first, last, calling, using, calls, forks = scope.row(_COUNTED)
    days = sorted({f"{moment:%Y-%m-%d}" for moment in (first, last) if moment is not None})
    written = f"on {days[0]}" if len(days) == 1 else f"from {days[0]} to {days[-1]}" if days else "at no known time"
    return Mined(repositories, written, calling, using, calls, forks)


def bars(
    axes: Axes, frame: pd.DataFrame, name: str, title: str, colour: str, *, beside: Sequence[str], room: float
) -> None:
    """A panel of shares with their whiskers; few bars stay thin, and no tick is above 100 %."""
    from analyses import _style as look

    look.bars(
        axes,
        list(frame[name]),
        list(frame["share"]),
        [f"{percent(share, 1)} ({words})" for share, words in zip(frame["share"], beside, strict=True)],
        intervals=(list(frame["low"]), list(frame["high"])),
        colour=colour,
        room=room,
    )
    look.as_percent(axes.xaxis)
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= min(1.0, axes.get_xlim()[1])])
    thin(axes, len(frame))
    axes.set_title(title, fontsize=10)


def logarithmic(axes: Axes) -> None:
    """Counts on two logarithmic axes: short labels, at the powers of ten only."""
    from matplotlib.ticker import NullFormatter

    from analyses import _style as look

    for axis in (axes.xaxis, axes.yaxis):
        look.as_count(axis)
        axis.set_minor_formatter(NullFormatter())


def thin(axes: Axes, n: int) -> None:
    """Let a few bars not fill the whole panel."""
    axes.set_ylim(max(n, 3) - 0.4, -0.6)


def odds_ratio(first: int, of_first: int, second: int, of_second: int) -> _stats.Estimate:
    """How many times the odds in the first group are those in the second, with the logit interval.

    exp(log(ad/bc) ± z·sqrt(1/a + 1/b + 1/c + 1/d)): Woolf, Annals of Human Genetics 19 (1955); one half is added to
    every cell where one is empty (Haldane, ibid. 20, 1956). NaN where a group or an outcome is empty.
    """
    cells = np.array([first, of_first - first, second, of_second - second], dtype=np.float64)
    n = int(of_first + of_second)
    if of_first == 0 or of_second == 0 or first + second in (0, n):
        return _stats.Estimate(float("nan"), float("nan"), float("nan"), n)
    if (cells == 0).any():
        cells = cells + 0.5
    a, b, c, d = cells
    middle, half = np.log(a * d / (b * c)), _stats.Z95 * np.sqrt(np.sum(1 / cells))
    return _stats.Estimate(float(np.exp(middle)), float(np.exp(middle - half)), float(np.exp(middle + half)), n)
