"""How many models report the carbon emissions of their training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._tables import LISTING, shared
from analyses._text import count, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "carbon"
TITLE = "Carbon reporting"
QUESTION = "Which share of models reports the carbon emissions of its training, and does it grow?"
SOURCE = "Castaño et al., ESEM 2023 (carbon footprint of Hugging Face models); Jiang et al., MSR 2024, fig. 7."
NEEDS = ("tags",)
SQL = {
    "share": "SELECT count(*) FILTER (carbon) AS models, count(*) AS n FROM scope WHERE about_id IS NOT NULL",
    "by month": """
        SELECT month, count(*) FILTER (carbon) AS models, count(*) AS n FROM scope
        WHERE about_id IS NOT NULL AND month IS NOT NULL AND NOT backfilled GROUP BY month ORDER BY month
    """,
    "by band": """
        SELECT band, count(*) FILTER (carbon) AS models, count(*) AS n FROM scope
        WHERE about_id IS NOT NULL AND band IS NOT NULL GROUP BY band ORDER BY min(downloads)
    """,
    "by year": """
        SELECT year(created_at) AS year, count(*) FILTER (carbon) AS models, count(*) AS n FROM scope
        WHERE about_id IS NOT NULL AND created_at IS NOT NULL AND NOT backfilled GROUP BY year ORDER BY year
    """,
    "by task": """
        SELECT coalesce(task, 'no task') AS task, count(*) FILTER (carbon) AS models, count(*) AS n FROM scope
        WHERE about_id IS NOT NULL GROUP BY ALL ORDER BY models DESC, n DESC, task LIMIT 60
    """,
    "reported": """
        SELECT coalesce(s.task, 'no task') AS task, count(*) AS reports, count(e.emissions_g) AS numbers,
            median(e.emissions_g) AS median_g, quantile_cont(e.emissions_g, 0.25) AS lower_quartile_g,
            quantile_cont(e.emissions_g, 0.75) AS upper_quartile_g, sum(e.emissions_g) / 1e6 AS tonnes,
            count(e.hardware) AS with_hardware, count(e.location) AS with_location, count(e.source) AS with_source
        FROM scope s JOIN core.carbon_claim e ON e.front_id = s.front_id GROUP BY ALL ORDER BY reports DESC, task
    """,
    "emissions": """
        SELECT coalesce(e.training_type, 'not said') AS training, count(*) AS reports,
            count(e.emissions_g) AS numbers,
            median(e.emissions_g) AS median_g, quantile_cont(e.emissions_g, 0.9) AS p90_g, max(e.emissions_g) AS max_g
        FROM scope s JOIN core.carbon_claim e ON e.front_id = s.front_id GROUP BY 1 ORDER BY reports DESC, 1
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """The share by tag or front matter; the emissions themselves where front matter was read."""
    reported, n = (int(value) for value in scope.row(SQL["share"]))
    months, bands = shared(scope.frame(SQL["by month"])), shared(scope.frame(SQL["by band"]))
    emissions = scope.frame(SQL["emissions"])
    main = shared(_one(reported, n))
    tables = {
        "share": main,
        "bands": bands,
        "months": months,
        "years": shared(scope.frame(SQL["by year"])),
        "tasks": shared(scope.frame(SQL["by task"])),
    }
    if len(emissions):
        tables |= {"emissions": emissions, "reported by task": scope.frame(SQL["reported"])}
    return Answer(
        f"{share_with_interval(_stats.share(reported, n))} of models report carbon emissions ({scope.cite()}).",
        tables,
        lambda: _draw(bands, months, scope, n),
        f"{count(reported)} of {count(n)} models report emissions; share by band of downloads and by creation month.",
        [
            (
                "models that report emissions",
                2_110,
                reported,
                "count",
                LISTING,
                "",
            ),
            (
                "models that report emissions",
                0.0480,
                reported / n,
                "share",
                "MSR 2024 (PeaTMOSS), fig. 7",
                "theirs: 11,693 cards of models with more than 50 monthly downloads, free text included",
            ),
            (
                "models that report emissions",
                1_417,
                reported,
                "count",
                "Castaño et al., ESEM 2023",
                "theirs: the hub of 2023-03; ours: every model whose tags or card name co2_eq_emissions",
            ),
        ],
        _notes(months),
    )


def _one(models: int, n: int) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"what": ["reports emissions"], "models": [models], "n": [n]})


def _notes(months: pd.DataFrame) -> list[str]:
    tau, p, slope = _stats.trend(months.loc[months["n"] >= 100, "share"].to_numpy())
    if tau != tau:
        return []
    direction = "grows" if tau > 0 else "falls"
    return [f"By creation month the share {direction}: Kendall's tau {tau:.2f} (p = {p:.3g}, {slope.n} months)."]


def _draw(bands: pd.DataFrame, months: pd.DataFrame, scope: Scope, n: int) -> Figure:
    from analyses import _style as look

    figure, (left, right) = look.figure(2, height=3.1)
    look.bars(
        left,
        [f"{band} downloads" for band in bands["band"]],
        list(bands["share"]),
        [percent(v) for v in bands["share"]],
        intervals=(list(bands["low"]), list(bands["high"])),
    )
    look.as_percent(left.xaxis)
    left.set(title="Reporting emissions, by popularity")
    right.plot(months["month"], months["share"], color=look.GREEN)
    right.fill_between(months["month"], months["low"], months["high"], color=look.GREEN, alpha=0.2, linewidth=0)
    right.set(title="... by creation month", ylim=(0, None))
    look.as_percent(right.yaxis)
    if len(months):
        look.dates(right)
    look.caption(figure, scope.caption(n) + ". Whiskers and band: 95 % Wilson intervals.")
    return figure
