"""Are the models that are downloaded those that repositories load?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyses import _downstream, _stats
from analyses._base import Answer, absent, analysis
from analyses._downstream import Mined
from analyses._scope import BANDS, Scope
from analyses._tables import shared
from analyses._text import count, number, number_with_interval, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "reuse_downloads"
TITLE = "Reuse against downloads"
QUESTION = "Do repositories load the models that are downloaded most?"
SOURCE = (
    "Spearman 1904 with mean ranks; the question is that of Jiang et al., MSR 2024 (PeaTMOSS), table of questions."
)
NEEDS = ("downloads", "usages")
_USED = "SELECT model_key, count(DISTINCT repository_id) AS repositories FROM uses GROUP BY model_key"
_MODELS = f"""
        SELECT m.model_id, m.downloads, m.band, coalesce(u.repositories, 0) AS repositories
        FROM main m LEFT JOIN ({_USED}) u ON u.model_key = m.model_key WHERE m.downloads IS NOT NULL
"""
SQL = {
    "pairs": f"SELECT downloads, repositories, count(*) AS weight FROM ({_MODELS}) GROUP BY ALL ORDER BY ALL",
    "top": f"""
        WITH ranked AS (
            SELECT *, row_number() OVER (ORDER BY downloads DESC, model_id) AS place, count(*) OVER () AS n
            FROM ({_MODELS})
        )
        SELECT k AS top, count(*) FILTER (repositories = 0) AS models, count(*) AS n
        FROM ranked, (VALUES (10), (100), (1000)) AS t(k)
        WHERE place <= k AND (k <= n OR k = 10) GROUP BY k ORDER BY k
    """,
    "never seen": f"""
        SELECT row_number() OVER (ORDER BY downloads DESC, model_id) AS rank, *
        FROM (SELECT model_id, downloads, repositories FROM ({_MODELS}))
        QUALIFY repositories = 0 AND rank <= 1000 ORDER BY rank LIMIT 100
    """,
    "bands": f"""
        SELECT band, count(*) FILTER (repositories > 0) AS models, count(*) AS n FROM ({_MODELS}) GROUP BY band
        ORDER BY list_position({list(BANDS)}, band)
    """,
    "reused": f"""
        SELECT model_id, downloads, repositories, rank() OVER (ORDER BY downloads DESC) AS "rank by downloads",
            rank() OVER (ORDER BY repositories DESC) AS "rank by repositories"
        FROM ({_MODELS}) WHERE repositories > 0 ORDER BY repositories DESC, downloads DESC, model_id LIMIT 20000
    """,
    "elsewhere": """
        SELECT count(DISTINCT (hub, model_id)) FROM uses WHERE hub = $1
            AND (model_key IS NULL OR model_key NOT IN (SELECT model_key FROM main WHERE downloads IS NOT NULL))
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Rank correlation over the loaded models and over all; the most downloaded that no repository loads."""
    mined = _downstream.enter(scope)
    pairs, reused = scope.frame(SQL["pairs"]), scope.frame(SQL["reused"])
    if reused.empty:
        return absent(f"the repositories that were read load no model of {scope.hub} whose downloads are known")
    downloads, repositories, weights = (
        pairs[name].to_numpy(dtype=np.float64) for name in ("downloads", "repositories", "weight")
    )
    loaded = repositories > 0
    some = _spearman(downloads[loaded], repositories[loaded], weights[loaded])
    every = _spearman(downloads, repositories, weights)
    logs = _stats.bootstrap(
        weights[loaded], lambda w: _stats.pearson(np.log1p(downloads[loaded]), np.log1p(repositories[loaded]), w)
    )
    top = shared(scope.frame(SQL["top"]))
    at = top.iloc[min(1, len(top) - 1)]
    never = _stats.share(int(at["models"]), int(at["n"]))
    elsewhere = int(scope.row(SQL["elsewhere"], [scope.hub])[0])
    statement = (
        f"Spearman's correlation of downloads and repositories is {number_with_interval(some)} over the models of "
        f"{scope.hub} that a repository loads and {number_with_interval(every)} over all; "
        f"{share_with_interval(never)} of "
        f"the {count(never.n)} most downloaded are in no repository ({mined.cite(scope, scope.hub)})."
    )
    return Answer(
        statement,
        {
            "correlations": _table(some, every, logs),
            "top": top,
            "never seen": scope.frame(SQL["never seen"]),
            "bands": shared(scope.frame(SQL["bands"])),
            "reused": reused.head(1000),
        },
        lambda: _draw(reused, some, scope, mined),
        "Models that a repository loads, by rank of downloads and rank of repositories, both logarithmic; "
        f"Spearman's correlation is {number(some.value)}.",
        _published(some),
        [
            _downstream.NOTE,
            "Intervals: percentile bootstrap over models, 200 draws, fixed seed; ties have the mean rank. Over all "
            "models the correlation is mostly that of being loaded at all.",
            f"{count(elsewhere)} ids of {scope.hub} that repositories load are left out: the census does not know "
            "them or not their downloads.",
            "No repository here is not no use: private code, notebooks elsewhere and services download too.",
        ],
        headline=(number(some.value), "Spearman, downloads and repositories"),
    )


def _spearman(x: _stats.Floats, y: _stats.Floats, weights: _stats.Floats) -> _stats.Estimate:
    return _stats.bootstrap(weights, lambda w: _stats.spearman(x, y, w))


def _table(some: _stats.Estimate, every: _stats.Estimate, logs: _stats.Estimate) -> pd.DataFrame:
    import pandas as pd

    rows = (
        ("Spearman", "loaded by a repository", some),
        ("Spearman", "all", every),
        ("Pearson of log(1 + x)", "loaded by a repository", logs),
    )
    return pd.DataFrame(
        [(name, models, e.value, e.low, e.high, e.n) for name, models, e in rows],
        columns=["coefficient", "models", "value", "low", "high", "n"],
    )


def _published(some: _stats.Estimate) -> list[tuple[object, ...]]:
    theirs = "MSR 2024, artifact mapping.csv with the listing of 2024-07-11, counted by other code"
    note = "theirs: models that a repository loads, joined by exact id"
    return [
        ("Spearman, downloads and repositories", 0.384, some.value, "number", theirs, note),
        ("models loaded and in the listing", 1_483, some.n, "count", theirs, note),
    ]


def _draw(reused: pd.DataFrame, some: _stats.Estimate, scope: Scope, mined: Mined) -> Figure:
    from analyses import _style as look

    figure, (axes,) = look.figure(height=4.6)
    x, y = reused["rank by downloads"], reused["rank by repositories"]
    few = len(reused) < 100
    axes.loglog(x, y, ".", markersize=8 if few else 4, color=look.BLUE, alpha=1 if few else 0.45, markeredgewidth=0)
    axes.set(
        title=f"Models by rank: Spearman {number(some.value)}",
        xlabel="Rank by downloads (1: most)",
        ylabel="Rank by repositories (1: most)",
    )
    _downstream.logarithmic(axes)
    axes.invert_yaxis()
    _name(axes, reused)
    off = percent((y / x >= 10).mean() + (x / y >= 10).mean(), 1)
    look.caption(
        figure,
        mined.caption(scope, some.n, "models that a repository loads", scope.hub)
        + f". {off} stand ten times higher by one rank than by the other.",
    )
    return figure


def _name(axes: Axes, reused: pd.DataFrame) -> None:
    """Write the names of the three most loaded models beside their points."""
    from analyses import _style as look

    for place, (_, row) in enumerate(reused.head(3).iterrows()):
        axes.annotate(
            look.label(row["model_id"], 32),
            (row["rank by downloads"], row["rank by repositories"]),
            xytext=(6, 4 if place < 2 else -10),
            textcoords="offset points",
            fontsize=8,
        )
