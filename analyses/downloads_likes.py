"""Do the models that are downloaded also get the likes?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._tables import LISTING
from analyses._text import count, number, number_with_interval, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "downloads_likes"
TITLE = "Downloads against likes"
QUESTION = "Do downloads and likes measure the same popularity?"
SOURCE = "Spearman 1904 with mean ranks; popularity measures as in Jones et al., ESEM 2024."
NEEDS = ("downloads", "likes")
SQL = {
    "pairs": """
        SELECT downloads, likes, count(*) AS weight
            FROM main WHERE downloads IS NOT NULL AND likes IS NOT NULL GROUP BY ALL
        ORDER BY ALL
    """,
    "overlap": """
        WITH ranked AS (
            SELECT row_number() OVER (ORDER BY downloads DESC, model_id) AS d,
                row_number() OVER (ORDER BY likes DESC, model_id) AS l,
                count(*) OVER () AS n
            FROM main WHERE downloads IS NOT NULL AND likes IS NOT NULL
        )
        SELECT k, count(*) FILTER (d <= k AND l <= k) AS both FROM ranked, (VALUES (10), (100), (1000)) AS t(k)
        WHERE k <= n GROUP BY k ORDER BY k
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Rank correlation with ties at their mean rank, linear correlation of logarithms, and overlap of the tops."""
    pairs = scope.frame(SQL["pairs"])
    downloads, likes, weights = (pairs[name].to_numpy(dtype=np.float64) for name in ("downloads", "likes", "weight"))
    rho = _stats.bootstrap(weights, lambda w: _stats.spearman(downloads, likes, w))
    logs = np.log1p(downloads), np.log1p(likes)
    r = _stats.bootstrap(weights, lambda w: _stats.pearson(*logs, w))
    unliked = float(weights[likes == 0].sum()) / max(float(weights.sum()), 1.0)
    overlap = scope.frame(SQL["overlap"])
    return Answer(
        f"Spearman's correlation of downloads and likes is {number_with_interval(rho)}, Pearson's of their "
        "logarithms "
        f"{number_with_interval(r)} ({scope.cite(scope.hub)}).",
        {"correlations": _table(rho, r), "top_overlap": overlap},
        lambda: _draw(downloads, likes, weights, rho, scope),
        f"Density of models by downloads and likes, both logarithmic; Spearman's correlation is {rho.value:.3f}.",
        [
            ("Spearman, downloads and likes", 0.276, rho.value, "number", LISTING, ""),
            ("Pearson of log(1 + x)", 0.466, r.value, "number", LISTING, ""),
            ("models without likes", 0.906, unliked, "share", LISTING, ""),
        ],
        [
            f"{percent(unliked, 1)} of models have no like; their ties get the mean rank. Intervals: percentile "
            "bootstrap, 200 draws, fixed seed."
        ],
        headline=(number(rho.value), "Spearman, downloads and likes"),
    )


def _table(rho: _stats.Estimate, r: _stats.Estimate) -> pd.DataFrame:
    import pandas as pd

    rows = [(name, e.value, e.low, e.high, e.n) for name, e in (("Spearman", rho), ("Pearson of log(1 + x)", r))]
    return pd.DataFrame(rows, columns=["coefficient", "value", "low", "high", "n"])


def _edges(values: _stats.Floats, size: int) -> _stats.Floats:
    """Edges between whole numbers, even on the axis log(1 + x) once numbers are dense enough."""
    whole = np.unique(np.round(np.geomspace(1, values.max() + 2, size))) - 1
    edges: _stats.Floats = np.log10(0.5 + whole)
    return edges


def _draw(
    downloads: _stats.Floats, likes: _stats.Floats, weights: _stats.Floats, rho: _stats.Estimate, scope: Scope
) -> Figure:
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import FuncFormatter

    from analyses import _style as look

    figure, (axes,) = look.figure(height=4.3)
    x, y = np.log10(1 + downloads), np.log10(1 + likes)
    bins = [_edges(downloads, 55), _edges(likes, 32)]
    counted, _, _ = np.histogram2d(x, y, bins=bins, weights=weights)
    field = np.ma.masked_equal(counted.T, 0)
    mesh = axes.pcolormesh(
        *bins, field, norm=LogNorm(1, max(counted.max(), 2)), cmap="cividis_r", linewidth=0, rasterized=True
    )
    for axis, most in ((axes.xaxis, downloads.max()), (axes.yaxis, likes.max())):
        marks = [0, *(10**power for power in range(int(np.log10(max(most, 1))) + 1))]
        axis.set_ticks(list(np.log10(1 + np.array(marks))), [look.si(mark) for mark in marks])
    bar = figure.colorbar(mesh, ax=axes, shrink=0.8, label="models")
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: look.si(value)))
    bar.outline.set_visible(False)
    axes.set(title=f"Models by downloads and likes: Spearman {rho.value:.3f}", xlabel="Downloads", ylabel="Likes")
    look.caption(
        figure, scope.caption(rho.n, hub=scope.hub) + f". Axes: log(1 + x); {count(len(weights))} distinct pairs."
    )
    return figure
