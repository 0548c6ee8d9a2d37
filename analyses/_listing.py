"""Shared by the analyses that ask "which value does each model state?": tasks, libraries, ..."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses._scope import Scope
from analyses._text import count, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def draw_top(
    top: pd.DataFrame, name: str, title: str, scope: Scope, n: int, *, rows: int = 20, note: str = ""
) -> Figure:
    """Bars of the most frequent values with counts and shares; the whiskers are Wilson intervals."""
    from analyses import _style as look

    shown = top.head(rows)
    figure, (axes,) = look.figure(height=1.5 + 0.235 * len(shown))
    written = [
        f"{count(models)}  ({percent(share, 1)})"
        for models, share in zip(shown["models"], shown["share"], strict=True)
    ]
    look.bars(
        axes, list(shown[name]), list(shown["share"]), written, intervals=(list(shown["low"]), list(shown["high"]))
    )
    look.as_percent(axes.xaxis)
    look.headline(figure, title)
    look.caption(figure, scope.caption(n) + (f". {note}" if note else ""))
    return figure


def alt_top(top: pd.DataFrame, name: str, what: str) -> str:
    """The figure of :func:`draw_top` in words."""
    best = ", ".join(f"{row[name]} {percent(row['share'], 1)}" for _, row in top.head(5).iterrows())
    return f"Bar chart of {what} by share of models. The most frequent: {best}."
