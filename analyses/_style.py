"""One look for all figures: quiet, readable in print and on a dark page, safe for colour-blind eyes.

Colours are those of Okabe and Ito (2008). Values are written where they are (direct labels), a
figure's n and snapshots stand under it, and nothing is drawn that says nothing. Labels that came
from a hub are inert: no mathematics, no characters that the font lacks.
"""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import matplotlib as mpl
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from analyses._text import short

BLUE, ORANGE, GREEN, RED, SKY, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7"
INK, GREY, PALE = "#1a1a1a", "#6b6b6b", "#d9d9d9"
CYCLE = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY)
WIDTH = 7.6

_LOOK: Any = {
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlepad": 9,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "hubcensus",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 9,
}


@contextmanager
def style() -> Iterator[None]:
    """The look, for as long as a figure is drawn or saved; no missing glyph becomes a warning."""
    with mpl.rc_context(_LOOK), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def figure(
    columns: int = 1, *, rows: int = 1, height: float = 3.9, ratios: Sequence[float] | None = None
) -> tuple[Figure, list[Axes]]:
    """A figure with its axes in reading order."""
    made = canvas(height)
    grid = made.subplots(rows, columns, squeeze=False, width_ratios=ratios)
    return made, list(grid.flat)


class Picture(Figure):
    """A figure that a notebook shows by itself, whatever its plotting backend."""

    def _repr_png_(self) -> bytes:
        return png(self, 110)


def canvas(height: float = 3.9) -> Figure:
    """An empty figure, for those that lay out their own axes."""
    made = Picture(figsize=(WIDTH, height))
    FigureCanvasAgg(made)
    engine: Any = made.get_layout_engine()
    if engine is not None:
        engine.set(w_pad=0.12, h_pad=0.08)
    return made


def blank(sentence: str) -> Figure:
    """A figure that says why there is none."""
    made, (axes,) = figure(height=1.4)
    axes.axis("off")
    axes.text(0.5, 0.5, textwrap.fill(label(sentence, 400), 90), ha="center", va="center", color=GREY)
    return made


def headline(made: Figure, text: str) -> None:
    """The title of a figure that is one chart, over its whole width."""
    made.suptitle(text, x=0.01, ha="left", fontsize=11, fontweight="bold")


def caption(made: Figure, text: str) -> None:
    """The line under a figure: n, snapshots."""
    made.supxlabel(textwrap.fill(text, 128), x=0.01, ha="left", fontsize=8, color=GREY)


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def label(text: Any, length: int = 34) -> str:
    """A crawled string as a label: printable, short, in characters that the font has."""
    return "".join(char if ord(char) in _glyphs() else "□" for char in short(text, length))


def bars(
    axes: Axes,
    names: Sequence[Any],
    values: Sequence[float],
    written: Sequence[str],
    *,
    intervals: tuple[Sequence[float], Sequence[float]] | None = None,
    colour: str = BLUE,
    room: float = 1.2,
) -> None:
    """Horizontal bars, the first on top, each with its value at its end and its interval as a whisker.

    ``room`` times the longest bar is what the axis spans, so that the values fit.
    """
    places = range(len(names))
    axes.barh(places, values, color=colour, height=0.68)
    ends = list(values)
    if intervals is not None:
        below = [max(value - low, 0.0) for value, low in zip(values, intervals[0], strict=True)]
        above = [max(high - value, 0.0) for value, high in zip(values, intervals[1], strict=True)]
        axes.errorbar(values, places, xerr=[below, above], fmt="none", ecolor=INK, elinewidth=0.9, capsize=2)
        ends = [value + extra for value, extra in zip(values, above, strict=True)]
    widest = max([*ends, 1e-12])
    for place, end, text in zip(places, ends, written, strict=True):
        axes.annotate(text, (end, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8.5)
    axes.set_yticks(list(places), [label(name, 56) for name in names])
    axes.set_xlim(0, widest * room)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def marks(axes: Axes, at: dict[int, float]) -> None:
    """Upright red marks on rows of :func:`bars` (place: value), whose written values make room for them."""
    axes.scatter(list(at.values()), list(at), marker="|", s=110, color=RED, linewidths=2.2, zorder=3)
    for place, text in enumerate(axes.texts):
        x, y = getattr(text, "xy", (0.0, -1.0))
        if y == place and at.get(place, 0.0) > 0.9 * x:
            text.xy = (max(x, at[place]), y)  # type: ignore[attr-defined]


def as_percent(axis: Any) -> None:
    """Write the ticks of an axis of shares as per cent."""
    axis.set_major_locator(ticker.MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _place: f"{round(100 * value, 6):g} %"))


def as_count(axis: Any) -> None:
    """Write the ticks of an axis of counts with k and M."""
    if axis.get_scale() == "linear":
        axis.set_major_locator(ticker.MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _place: si(value)))


def dates(axes: Axes) -> None:
    """Few, short dates on the x axis."""
    from matplotlib import dates as dated

    kinds: Any = dated
    locator = kinds.AutoDateLocator(minticks=3, maxticks=7)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(kinds.ConciseDateFormatter(locator, show_offset=False))


def si(value: float) -> str:
    """A count in few characters."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 0.9995 * size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def svg(made: Figure) -> bytes:
    """The figure as SVG; the same figure gives the same bytes."""
    return _written(made, format="svg", metadata={"Date": None, "Creator": "HubCensus"})


def png(made: Figure, dpi: int = 200) -> bytes:
    """The figure as PNG."""
    return _written(made, format="png", dpi=dpi, metadata={"Software": "HubCensus"})


def _written(made: Figure, **how: Any) -> bytes:
    """The bytes of the figure; one whose labels leave its axes no room is made larger until they have some."""
    with style(), warnings.catch_warnings():
        warnings.filterwarnings("error", "constrained_layout not applied", UserWarning)
        for _ in range(3):
            out = io.BytesIO()
            try:
                made.savefig(out, **how)
            except UserWarning:
                made.set_size_inches(*(1.4 * made.get_size_inches()))
                continue
            return out.getvalue()
        warnings.filterwarnings("ignore", "constrained_layout not applied", UserWarning)
        out = io.BytesIO()
        made.savefig(out, **how)
        return out.getvalue()
