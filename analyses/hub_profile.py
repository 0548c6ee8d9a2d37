"""The hubs side by side: size, tasks, licences, documentation, freshness, claimed metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._stats import wilson
from analyses._text import count, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "hub_profile"
TITLE = "The hubs side by side"
QUESTION = "How do the hubs differ in size, tasks, licences, documentation, freshness and claimed results?"
SOURCE = (
    "Jiang et al., MSR 2023 (PTMTorrent), sizes of five hubs in 2022-2023; licence families and the documentation "
    "score are those of the licence and documentation analyses."
)
NEEDS = ("models",)
SQL = {
    "hubs": """
        SELECT hub, count(*) AS models, count(DISTINCT nullif(owner, '')) AS owners,
            count(DISTINCT task) AS tasks,
            count(licences) AS licence_n, count(*) FILTER (licences > 0) AS licensed,
            count(*) FILTER (licence_family IN ('permissive', 'public-domain')) AS permissive,
            count(has_card) AS card_n, count(*) FILTER (has_card) AS with_card,
            avg(card_score) AS card_score, median(card_words) AS card_words,
            count(*) FILTER (claims) AS claiming, median(parameters) AS median_parameters
        FROM scope GROUP BY hub ORDER BY models DESC, hub
    """,
    "claims": """
        SELECT hub, count(*) AS claims, count(DISTINCT dataset) AS datasets, count(DISTINCT metric) AS metrics
        FROM scope JOIN core.eval_claim USING (front_id) GROUP BY hub
    """,
    "freshness": """
        WITH latest AS (SELECT releases_id, max(released_at) AS released_at FROM core.release GROUP BY releases_id),
        changed AS (
            SELECT s.hub, coalesce(s.last_modified, r.released_at, s.created_at) AS moment
            FROM scope s LEFT JOIN latest r USING (releases_id)
        ),
        seen AS (SELECT hub, max(observed_at) AS observed_at FROM mart.snapshot GROUP BY hub)
        SELECT hub, count(moment) AS dated, max(moment)::DATE AS newest, median(moment)::DATE AS median_change,
            count(*) FILTER (moment > observed_at - INTERVAL 1 YEAR) AS within_a_year
        FROM changed JOIN seen USING (hub) GROUP BY hub
    """,
    "tasks": """
        WITH counted AS (SELECT hub, task, count(*) AS models FROM scope WHERE task IS NOT NULL GROUP BY ALL)
        SELECT hub, task, models, models / sum(models) OVER (PARTITION BY hub) AS share
        FROM counted QUALIFY row_number() OVER (PARTITION BY hub ORDER BY models DESC, task) <= 10
        ORDER BY hub, models DESC, task
    """,
    "words without a task": """
        SELECT hub, task_raw, count(*) AS models FROM scope WHERE task IS NULL AND task_raw IS NOT NULL
        GROUP BY ALL ORDER BY models DESC, hub, task_raw
    """,
}
# One row per hub has too many columns for one table.
_COLUMNS = {
    "hubs": ["owners", "tasks", "median_parameters", "dated", "newest", "median_change", "within_a_year"],
    "licences": ["licence_n", "licensed", "licensed_share", "licensed_low", "licensed_high", "permissive"],
    "documentation": [
        *("card_n", "with_card", "with_card_share", "with_card_low", "with_card_high", "card_score", "card_words"),
    ],
    "claimed metrics": [
        "claiming",
        "claiming_share",
        "claiming_low",
        "claiming_high",
        "claims",
        "datasets",
        "metrics",
    ],
}
# PTMTorrent's packages by hub: they sum to its published 15,913; the split is recalled, not checked.
_THEIRS = {"huggingface": 12_401, "modelzoo-co": 3_245, "onnx-zoo": 185, "pytorch-hub": 49, "modelhub-ai": 33}


@analysis
def run(scope: Scope) -> Answer:
    """One row per hub; shares are of the models for which the hub can state the fact."""
    hubs = scope.frame(SQL["hubs"])
    for name in ("claims", "freshness"):
        hubs = hubs.merge(scope.frame(SQL[name]), on="hub", how="left")
    hubs = _shares(hubs)
    tasks, unknown = scope.frame(SQL["tasks"]), scope.frame(SQL["words without a task"])
    total, largest = int(hubs["models"].sum()), hubs.iloc[0]
    spread = _spread(hubs[hubs["licence_n"] > 0].sort_values("licensed_share"))
    return Answer(
        f"{count(total)} models on {count(len(hubs))} hubs, {percent(largest['models'] / total, 1)} of them on "
        f"{largest['hub']}{spread} ({scope.cite()}).",
        {
            **{title: hubs[["hub", "models", *columns]] for title, columns in _COLUMNS.items()},
            "tasks": tasks,
            "words without a task": unknown,
        },
        lambda: _draw(hubs, scope),
        "Models by hub: " + ", ".join(f"{row['hub']} {count(row['models'])}" for _, row in hubs.iterrows()) + ".",
        [
            (f"{hub}: models", theirs, float(hubs.loc[hubs["hub"] == hub, "models"].iloc[0]), "count",
             "MSR 2023 (PTMTorrent)", "theirs: packages cloned; the tenth most downloaded of Hugging Face")
            for hub, theirs in _THEIRS.items() if hub in set(hubs["hub"])
        ],
        ["Downloads are not compared: every hub counts them in its own way."],
    )  # fmt: skip


def _spread(said: pd.DataFrame) -> str:
    """Between which hubs the share of declared licences lies."""
    if len(said) < 2:
        return ""
    least, most = (
        f"{percent(row['licensed_share'], 1)} of models on {row['hub']}" for _, row in said.iloc[[0, -1]].iterrows()
    )
    return f"; a licence is declared by {least} and {most}"


def _shares(hubs: pd.DataFrame) -> pd.DataFrame:
    for part, whole in (("licensed", "licence_n"), ("with_card", "card_n"), ("claiming", "models")):
        share, low, high = wilson(hubs[part].to_numpy(dtype=float), hubs[whole].to_numpy(dtype=float))
        hubs[f"{part}_share"], hubs[f"{part}_low"], hubs[f"{part}_high"] = share, low, high
    return hubs


def _draw(hubs: pd.DataFrame, scope: Scope) -> Figure:
    from analyses import _style as look

    figure, axes = look.figure(4, height=1.7 + 0.27 * len(hubs), ratios=[1.6, 1, 1, 1])
    names = list(hubs["hub"])
    sizes = hubs["models"].to_numpy(dtype=float)
    look.bars(axes[0], names, list(sizes), [look.si(value) for value in sizes], room=1)
    axes[0].set_xscale("log")
    axes[0].set_xlim(0.8, sizes.max() * 30)
    axes[0].set(title="Models")
    panels = (
        ("Licence", "licensed", "licence_n"),
        ("Model card", "with_card", "card_n"),
        ("Claims", "claiming", "models"),
    )
    for place, (title, part, whole) in enumerate(panels, 1):
        there = hubs[whole].to_numpy(dtype=float) > 0
        shares = [value if ok else 0.0 for value, ok in zip(hubs[f"{part}_share"], there, strict=True)]
        written = [percent(value, 0) if ok else "–" for value, ok in zip(shares, there, strict=True)]
        look.bars(axes[place], [""] * len(hubs), shares, written, colour=look.CYCLE[place], room=1.45)
        axes[place].set_xticks([])
        axes[place].set(title=title)
    for panel in axes:
        panel.spines["bottom"].set_visible(False)
        panel.set_xticks([])
        panel.minorticks_off()
    look.caption(figure, scope.caption(scope.models) + ". – : the hub's records have no such field.")
    return figure
