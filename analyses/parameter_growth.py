"""How large models are, half-year by half-year."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._domains import BY_TASK, DOMAINS
from analyses._scope import Scope
from analyses._sizes import BY_NAME, HALF, medians
from analyses._tables import shared
from analyses._text import count, number, number_with_interval, share_with_interval
from analyses._trends import holm

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "parameter_growth"
TITLE = "Growth of parameters"
QUESTION = "How many parameters do models have, and how fast does their median grow, domain by domain?"
SOURCE = (
    "Jiang et al., MSR 2024 (PeaTMOSS), fig. 11: median parameter count per half-year and domain, outliers outside "
    "1.5 interquartile ranges removed."
)
NEEDS = ("models",)

STATED, NAMED = "stated", "name only"
#: Halves with fewer models show no median.
LEAST = 20
_MODELS = f"""
        SELECT model_key, parameters, said, CASE WHEN parameters > 0 THEN '{STATED}' WHEN said IS NOT NULL
            THEN '{NAMED}' END AS source, coalesce(domain, 'No task') AS domain, created_at, backfilled
        FROM (SELECT *, {BY_TASK} AS domain, {BY_NAME} AS said FROM main)
"""
SQL = {
    "sizes": f"CREATE OR REPLACE TEMP TABLE sized AS {_MODELS}",
    "sources": """
        SELECT coalesce(source, 'unknown') AS source, count(*) AS models, sum(count(*)) OVER ()::BIGINT AS n,
            median(CASE source WHEN 'stated' THEN parameters ELSE said END) AS "median", count(*) FILTER (backfilled)
                AS "of unknown age"
        FROM sized GROUP BY sized.source ORDER BY sized.source IS NULL, sized.source DESC
    """,
    "stated how": """
        SELECT CASE WHEN v.tensor_types IS NOT NULL THEN 'safetensors header'
            ELSE 'gguf header or the count of an import' END AS "how", count(*) AS models
        FROM sized s JOIN mart.version_as_of v ON v.model_id = s.model_key WHERE s.parameters > 0
        GROUP BY 1 ORDER BY models DESC, 1
    """,
    "values": f"""
        SELECT source, domain, {HALF} AS half, CASE source WHEN 'stated' THEN parameters ELSE said END AS value,
            count(*) AS weight
        FROM sized WHERE source IS NOT NULL AND NOT backfilled AND created_at IS NOT NULL GROUP BY ALL ORDER BY ALL
    """,
    "name against stated": """
        SELECT count(*) AS n, count(*) FILTER (said / parameters BETWEEN 0.75 AND 1.33) AS models,
            median(said / parameters) AS ratio
        FROM sized WHERE parameters > 0 AND said IS NOT NULL
    """,
}
_FIG11 = (
    ("NLP", "2022-11", 0.41e9), ("NLP", "2023-05", 2.7e9), ("NLP", "2023-11", 13e9),
    ("Multimodal", "2023-11", 2.35e9), ("Audio", "2023-11", 0.68e9), ("Computer vision", "2023-11", 0.03e9),
)  # fmt: skip


@analysis
def run(scope: Scope) -> Answer:
    """Medians under three rules for outliers, of stated numbers and apart of those in names."""
    scope.reader.execute(SQL["sizes"])
    sources, values = shared(scope.frame(SQL["sources"])), scope.frame(SQL["values"])
    halves = _halves(values)
    growth = _growth(values, halves)
    n, agree, ratio = scope.row(SQL["name against stated"])
    known = int(sources.loc[sources["source"] == STATED, "models"].sum())
    total = int(sources["n"].iloc[0])
    return Answer(
        f"{share_with_interval(_stats.share(known, total))} of models state their parameters{_newest(halves)}"
        f"{_steepest(growth)} ({scope.cite(scope.hub)}).",
        {
            "sources": sources,
            "halves": halves,
            "growth": growth,
            "stated_how": scope.frame(SQL["stated how"]),
        },
        (lambda: _draw(halves, scope, known)) if len(halves) else None,
        _alt(halves),
        _published(halves),
        _notes(int(n), int(agree), ratio, sources),
    )


def _halves(values: pd.DataFrame) -> pd.DataFrame:
    """A row per source, domain, half-year and rule."""
    import pandas as pd

    rows = []
    for (source, domain, half), part in values.groupby(["source", "domain", "half"], sort=True):
        n = int(part["weight"].sum())
        if n < LEAST:
            continue
        for found in medians(part["value"].to_numpy(dtype=np.float64), part["weight"].to_numpy(dtype=np.int64)):
            one = found.estimate
            rows.append((source, domain, half, found.rule, n, found.removed, one.value, one.low, one.high))
    columns = ["source", "domain", "half", "rule", "n", "removed", "median", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _growth(values: pd.DataFrame, halves: pd.DataFrame) -> pd.DataFrame:
    """Whether younger models are larger: Spearman over models; Mann-Kendall of the medians with Holm over all."""
    import pandas as pd

    rows = []
    for (source, domain), part in values.groupby(["source", "domain"], sort=True):
        weights = part["weight"].to_numpy(dtype=np.float64)
        if weights.sum() < 2 * LEAST or part["half"].nunique() < 2:
            continue
        time = pd.to_datetime(part["half"]).to_numpy().astype("int64").astype(np.float64)
        rho = _stats.bootstrap(weights, partial(_stats.spearman, time, part["value"].to_numpy(dtype=np.float64)))
        medians_of = halves.loc[
            (halves["rule"] == "all") & (halves["source"] == source) & (halves["domain"] == domain)
        ].sort_values("half")["median"]
        tau, p, slope = _stats.trend(np.log2(medians_of.to_numpy(dtype=np.float64)))
        factors = [float(2 ** (2 * value)) for value in (slope.value, slope.low, slope.high)]
        rows.append((source, domain, rho.n, rho.value, rho.low, rho.high, slope.n, tau, p, *factors))
    columns = ["source", "domain", "n", "spearman", "low", "high", "halves", "tau", "p", "factor a year",
               "factor low", "factor high"]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(**{"p holm": holm(frame["p"])})


def _newest(halves: pd.DataFrame) -> str:
    """The newest medians of language models, stated and by name."""
    parts = []
    for source, words in ((STATED, "stated"), (NAMED, "in names alone")):
        part = halves.loc[(halves["source"] == source) & (halves["domain"] == "NLP") & (halves["rule"] == "all")]
        if len(part):
            row = part.sort_values("half").iloc[-1]
            one = _stats.Estimate(row["median"] / 1e9, row["low"] / 1e9, row["high"] / 1e9, int(row["n"]))
            parts.append(f"{number_with_interval(one, 2)} billion {words} in the half-year to {row['half']:%Y-%m}")
    return f"; the median language model has {' and '.join(parts)}" if parts else ""


def _steepest(growth: pd.DataFrame) -> str:
    if growth.empty:
        return ""
    stated = growth.loc[growth["source"] == STATED]
    tried = stated if len(stated) else growth
    sure = tried.loc[(tried["low"] > 0) & (tried["domain"] != "No task")]
    if sure.empty:
        return "; in no domain are younger models surely larger"
    row = sure.sort_values("spearman").iloc[-1]
    rho = _stats.Estimate(row["spearman"], row["low"], row["high"], int(row["n"]))
    return (
        f"; younger models are larger most clearly in {row['domain']} ({row['source']}), Spearman's rho of size and "
        f"half-year {number_with_interval(rho, 2)}"
    )


def _published(halves: pd.DataFrame) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for domain, half, value in _FIG11:
        for source in (STATED, NAMED):
            for rule in ("as published", "all"):
                part = halves.loc[
                    (halves["source"] == source) & (halves["domain"] == domain) & (halves["rule"] == rule)
                    & (halves["half"].astype(str).str[:7] == half)
                ]  # fmt: skip
                ours = float(part["median"].iloc[0]) if len(part) else float("nan")
                note = (
                    "theirs: sizes that a language model read in cards, by the date of a commit; ours: sizes "
                    f"{'stated' if source == STATED else 'in names'}, by creation, "
                    f"{'outliers removed' if rule == 'as published' else 'none removed'}. Their notebook defines the "
                    "removal and draws without it"
                )
                if len(part):
                    rows.append(
                        (f"{domain} to {half} ({source}, {rule})", value, ours, "count", "MSR 2024, fig. 11", note)
                    )
    return rows


def _notes(n: int, agree: int, ratio: float | None, sources: pd.DataFrame) -> list[str]:
    notes = [
        "Half-years end with May and November, as in the study's figure; models are dated by creation, and those "
        "that the hub stamped with its floor date are left out "
        f"({count(sources.loc[sources['source'] != 'unknown', 'of unknown age'].sum())} of known size).",
        "Rules: as published removes what lies outside 1.5 interquartile ranges within a domain and half-year; log "
        "scale does so to the logarithms; all removes nothing. Intervals: bootstrap (200 draws, fixed seed), the "
        "rule applied to every draw.",
        f"A median is shown for {LEAST} models and more. Counts in headers of quantised files are of packed numbers "
        "where the format packs them, so they are below the size that the name tells.",
    ]
    if n:
        notes.append(
            "Names are a fallback and stay apart. Of models of which both are known, "
            f"{share_with_interval(_stats.share(agree, n))} name a size within a quarter of the stated one (median "
            f"ratio {number(float(ratio or float('nan')), 2)})."
        )
    return notes


def _alt(halves: pd.DataFrame) -> str:
    parts = []
    for (source, domain), part in halves.loc[halves["rule"] == "all"].groupby(["source", "domain"], sort=True):
        row = part.sort_values("half").iloc[-1]
        parts.append(f"{domain}, {source}: {row['median'] / 1e9:.3g} billion by {row['half']:%Y-%m}")
    return f"Median parameters per half-year on a logarithmic axis. {'; '.join(parts) or 'No size is known'}."


def _draw(halves: pd.DataFrame, scope: Scope, known: int) -> Figure:
    import pandas as pd

    from analyses import _style as look

    figure, panels = look.figure(2, height=3.7)
    bounds = halves.loc[halves["rule"] == "all"]
    low, high = float(bounds["low"].min()), float(bounds["high"].max())
    room = pd.Timedelta(days=60)
    span = (bounds["half"].min() - room, bounds["half"].max() + room)
    for axes, source, title in zip(
        panels, (STATED, NAMED), ("Parameters stated", "Size in the name only"), strict=True
    ):
        _panel(axes, halves.loc[halves["source"] == source])
        axes.set(title=title, ylim=(low / 1.5, high * 1.5), xlim=span)
    look.caption(
        figure,
        scope.caption(known, "models that state parameters", scope.hub)
        + ". Medians without removal; bands: 95 % bootstrap intervals; dotted: outliers removed as published.",
    )
    return figure


def _panel(axes: Axes, halves: pd.DataFrame) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    from analyses import _style as look

    axes.set_yscale("log")
    for domain, colour in zip(DOMAINS, look.CYCLE, strict=False):
        part = halves.loc[halves["domain"] == domain].sort_values("half")
        whole, cut = (part.loc[part["rule"] == rule] for rule in ("all", "as published"))
        if whole.empty:
            continue
        axes.plot(whole["half"], whole["median"], color=colour, marker="o", markersize=3.5, label=domain)
        axes.fill_between(whole["half"], whole["low"], whole["high"], color=colour, alpha=0.15, linewidth=0)
        axes.plot(cut["half"], cut["median"], color=colour, linestyle=":", linewidth=1.2)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: look.si(value).replace("G", "B")))
    axes.yaxis.set_minor_formatter(NullFormatter())
    if len(halves):
        look.dates(axes)
        axes.legend(loc="best", fontsize=7.5)
    else:
        axes.text(0.5, 0.5, "none known", transform=axes.transAxes, ha="center", color=look.GREY)
