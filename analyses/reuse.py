"""On how few models the repositories rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from analyses import _downstream, _stats
from analyses._base import Answer, absent, analysis
from analyses._downstream import Mined
from analyses._scope import Scope
from analyses._tables import at, shared
from analyses._text import count, number, number_with_interval, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "reuse"
TITLE = "Concentration of reuse"
QUESTION = "How many repositories load each model, and on how few models do they rest?"
SOURCE = (
    "Jiang et al., MSR 2024 (PeaTMOSS), repositories to models; Gini 1912; rank-size as in Gabaix & Ibragimov, "
    "JBES 2011."
)
NEEDS = ("usages",)
_MODELS = """
        SELECT hub, model_id, bool_or(joined) AS joined, count(DISTINCT repository_id) AS repositories,
            count(DISTINCT repository_owner) AS owners, count(*) AS usages,
            array_to_string(list_sort(list(DISTINCT library)), ', ') AS libraries
        FROM uses GROUP BY hub, model_id
"""
SQL = {
    "models": f"""
        SELECT row_number() OVER (ORDER BY repositories DESC, owners DESC, hub, model_id) AS rank, *
        FROM ({_MODELS}) ORDER BY rank LIMIT 1000
    """,
    "spread": f"SELECT repositories AS value, count(*) AS weight FROM ({_MODELS}) GROUP BY 1 ORDER BY 1",
    "census": """
        SELECT repositories AS value, count(*) AS weight FROM (
            SELECT s.model_key, count(DISTINCT u.repository_id) AS repositories
            FROM scope s LEFT JOIN uses u ON u.model_key = s.model_key GROUP BY s.model_key
        ) GROUP BY 1 ORDER BY 1
    """,
    "hubs": f"""
        WITH ranked AS (
            SELECT *, row_number() OVER (PARTITION BY hub ORDER BY repositories DESC, model_id) AS place
                FROM ({_MODELS})
        )
        SELECT hub, sum(repositories)::BIGINT AS links, count(*) AS models, count(*) FILTER (joined) AS joined,
            median(repositories) AS "median", max(repositories) AS most,
            sum(repositories) FILTER (place <= 10) / sum(repositories) AS "share of the top 10"
        FROM ranked GROUP BY hub ORDER BY links DESC, hub
    """,
    "libraries": """
        SELECT library, count(DISTINCT repository_id) AS repositories, count(*) AS usages,
            count(DISTINCT (hub, model_id)) AS models
        FROM uses GROUP BY library ORDER BY repositories DESC, usages DESC, library
    """,
    "joined": """
        SELECT CASE WHEN joined THEN 'in the census' ELSE why END AS what, count(DISTINCT (hub, model_id)) AS models,
            count(DISTINCT (repository_id, hub, model_id)) AS links
        FROM uses GROUP BY 1 ORDER BY links DESC, what
    """,
    "named": f"SELECT lower(split_part(model_id, '/', -1)) AS name, max(repositories) FROM ({_MODELS}) GROUP BY 1",
}
_THEIRS = "MSR 2024, artifact mapping.csv (links of models that declare a licence), counted by other code"
_TOPS = (10, 100)


@analysis
def run(scope: Scope) -> Answer:
    """Repositories per model: inequality with bootstrap intervals, the tail, and the top."""
    mined = _downstream.enter(scope)
    if mined.using == 0:
        return absent("the repositories that were read load nothing from a hub")
    models, spread = scope.frame(SQL["models"]), scope.frame(SQL["spread"])
    measures = _measures(spread, scope.frame(SQL["census"]))
    tail = _stats.tail_exponent(models["repositories"].head(max(10, _size(spread) // 10)))
    libraries = shared(scope.frame(SQL["libraries"]).assign(n=mined.using), "repositories")
    links = int((spread["value"] * spread["weight"]).sum())
    using = share_with_interval(_stats.share(mined.using, mined.repositories)) if mined.repositories else ""
    begun = f"{using} of repositories load a model of a hub; the top 10" if using else "The top 10"
    statement = (
        f"{begun} of {count(_size(spread))} "
        f"models hold {_interval(measures, 'share of the top 10', percent)} of {count(links)} links, the Gini "
        f"coefficient of repositories per model is {_interval(measures, 'Gini coefficient', number)}, the median "
        f"{at(measures, 'measure', 'median', 'value'):g} ({mined.cite(scope)})."
    )
    return Answer(
        statement,
        {
            "measures": measures,
            "models": models,
            "hubs": scope.frame(SQL["hubs"]),
            "libraries": libraries,
            "joined": scope.frame(SQL["joined"]),
        },
        lambda: _draw(models, spread, tail, scope, mined, links),
        _alt(models, measures),
        _published(measures, spread, mined, dict(scope.reader.rows(SQL["named"]))),
        [
            _downstream.NOTE + f" {count(mined.forks)} of the repositories are forks.",
            "A link is a repository and a model that it loads, however often. Intervals of measures: percentile "
            "bootstrap over models (200 draws, fixed seed).",
            f"Rank-size over the top tenth of the models: Pareto exponent {number_with_interval(tail)}.",
        ],
        headline=(percent(at(measures, "measure", "share of the top 10", "value"), 1), "of reuse is of ten models"),
    )


def _size(spread: pd.DataFrame) -> int:
    return int(spread["weight"].sum())


def _median(values: _stats.Floats, weights: _stats.Floats) -> float:
    """Median of grouped values that stand in order."""
    upto, n = np.cumsum(weights), weights.sum()
    low, high = (values[np.searchsorted(upto, place, side="right")] for place in ((n - 1) // 2, n // 2))
    return float(low + high) / 2


def _measures(spread: pd.DataFrame, census: pd.DataFrame) -> pd.DataFrame:
    """Of the models that are loaded at all; one more Gini coefficient over all models of the census."""
    import pandas as pd

    def of(grouped: pd.DataFrame, statistic: Callable[[_stats.Floats, _stats.Floats], float]) -> _stats.Estimate:
        values, weights = (grouped[name].to_numpy(dtype=np.float64) for name in ("value", "weight"))
        return _stats.bootstrap(weights, lambda w: statistic(values, w))

    n = _size(spread)
    found = [("Gini coefficient", of(spread, _stats.gini))]
    found += [
        (f"share of the top {k}", of(spread, lambda v, w, k=k: _stats.top_share(v, w, k)))  # type: ignore[misc]
        for k in _TOPS
        if k < n or k == _TOPS[0]
    ]
    found.append(("median", of(spread, _median)))
    found.append(("mean", of(spread, lambda v, w: float(np.average(v, weights=w)))))
    once = spread.loc[spread["value"] == 1, "weight"].sum()
    found.append(("share loaded by one repository", _stats.share(int(once), n)))
    if len(census) and census["value"].max() > 0:
        none = census.loc[census["value"] == 0, "weight"].sum()
        found.append(("Gini coefficient, all models of the census", of(census, _stats.gini)))
        found.append(("share of the census loaded by none", _stats.share(int(none), _size(census))))
    return pd.DataFrame(
        [(name, e.value, e.low, e.high, e.n) for name, e in found], columns=["measure", "value", "low", "high", "n"]
    )


def _interval(measures: pd.DataFrame, measure: str, written: Callable[[float], str]) -> str:
    value, low, high = (at(measures, "measure", measure, column) for column in ("value", "low", "high"))
    return f"{written(value)} (95 % CI {written(low).removesuffix(' %')} to {written(high)})"


def _published(
    measures: pd.DataFrame, spread: pd.DataFrame, mined: Mined, named: dict[str, int]
) -> list[tuple[object, ...]]:
    nan = float("nan")
    links = int((spread["value"] * spread["weight"]).sum())
    rows: list[tuple[object, ...]] = [
        (
            "share of the top 10",
            0.326,
            at(measures, "measure", "share of the top 10", "value", nan),
            "share",
            _THEIRS,
            "",
        ),
        ("links of a repository and a model", 22_861, links, "count", _THEIRS, ""),
        ("repositories that load a model", 7_956, mined.using, "count", _THEIRS, ""),
        ("models that are loaded", 1_512, _size(spread), "count", _THEIRS, ""),
        ("median repositories per model", 2, at(measures, "measure", "median", "value", nan), "number", _THEIRS, ""),
    ]
    note = "under whichever owner it stands today"
    for name, value in (("en_core_web_sm", 2_014), ("bert-base-uncased", 1_704), ("gpt2", 910)):
        rows.append((f"repositories that load {name}", value, named.get(name, 0), "count", _THEIRS, note))
    theirs, all_of = "MSR 2024, abstract", "all models, of Hugging Face and PyTorch Hub"
    rows.append(("repositories that load a model", 15_129, mined.using, "count", theirs, all_of))
    rows.append(("models that are loaded", 2_530, _size(spread), "count", theirs, all_of))
    rows.append(("links of a repository and a model", 44_337, links, "count", theirs, all_of))
    return rows


def _alt(models: pd.DataFrame, measures: pd.DataFrame) -> str:
    first = ", ".join(f"{row['model_id']} {count(row['repositories'])}" for _, row in models.head(4).iterrows())
    top = percent(at(measures, "measure", "share of the top 10", "value"), 1)
    return f"Models by repositories: {first}. Rank-size plot; the top 10 hold {top} of the links."


def _draw(
    models: pd.DataFrame, spread: pd.DataFrame, tail: _stats.Estimate, scope: Scope, mined: Mined, links: int
) -> Figure:
    from analyses import _style as look

    figure, (left, right) = look.figure(2, height=4.4, ratios=(1.25, 1))
    shown = models.head(14)
    look.bars(
        left,
        [look.label(name, 30) for name in shown["model_id"]],
        list(shown["repositories"]),
        [f"{count(value)} ({percent(value / links, 1)})" for value in shown["repositories"]],
        room=1.65,
    )
    look.as_count(left.xaxis)
    left.set_title("Models by repositories", fontsize=10)
    right.loglog(models["rank"], models["repositories"], ".", markersize=4, color=look.BLUE)
    if tail.value == tail.value:
        fitted = models.head(tail.n)
        rank, size = (np.log(fitted[name].to_numpy(dtype=np.float64)) for name in ("rank", "repositories"))
        right.loglog(
            fitted["rank"], np.exp(size.mean() - (rank - rank.mean()) / tail.value), color=look.RED, linewidth=1.2
        )
        right.annotate(
            f"slope {-1 / tail.value:.2f}",
            (0.97, 0.9),
            xycoords="axes fraction",
            ha="right",
            color=look.RED,
            fontsize=9.5,
        )
    right.set_title("Repositories by rank", fontsize=10)
    right.set(xlabel="Rank")
    _downstream.logarithmic(right)
    look.caption(figure, mined.caption(scope, links, f"links of {count(_size(spread))} models"))
    return figure
