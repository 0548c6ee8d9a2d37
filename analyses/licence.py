"""Which licences models declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._tables import LISTING, at, shared
from analyses._text import count, number, p_value, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "licence"
TITLE = "Licences"
QUESTION = "Which share of models declares a licence, and which licences and families are they?"
SOURCE = "Jiang et al., MSR 2024 (PeaTMOSS), fig. 7 and licence study; Taraghi et al., SANER 2024 (over time)."
NEEDS = ("tags",)
SQL = {
    "coverage": """
        SELECT count(licences) AS n, count(*) FILTER (licences > 0) AS declared,
            count(*) FILTER (licences > 1) AS several,
            count(*) FILTER (licence IS NOT NULL AND NOT starts_with(licence, 'LicenseRef-')) AS spdx,
            count(*) FILTER (lower(licence_raw) = 'other') AS other,
                count(*) FILTER (lower(licence_raw) = 'unknown') AS unknown
        FROM scope
    """,
    "licences": """
        SELECT lower(t.value) AS licence_raw, any_value(l.licence) AS licence, any_value(l.family) AS family,
            count(DISTINCT s.model_key) AS models
        FROM scope s JOIN core.about_tag a ON a.about_id = s.about_id JOIN core.tag t ON t.tag_id = a.tag_id
        LEFT JOIN core.licence l ON l.raw = lower(t.value)
        WHERE t.kind = 'licence' GROUP BY 1 ORDER BY models DESC, 1
    """,
    "families": """
        SELECT coalesce(licence_family, 'unknown') AS family, count(*) AS models FROM scope WHERE licences > 0
        GROUP BY 1 ORDER BY models DESC, 1
    """,
    "by band": """
        SELECT band, count(*) FILTER (licences > 0) AS models, count(licences) AS n FROM scope
        WHERE band IS NOT NULL GROUP BY band HAVING n > 0 ORDER BY min(downloads)
    """,
    "by month": """
        SELECT month, count(*) FILTER (licences > 0) AS models, count(licences) AS n FROM scope
        WHERE month IS NOT NULL AND NOT backfilled GROUP BY month HAVING n > 0 ORDER BY month
    """,
    "by hub": """
        SELECT hub, count(*) FILTER (licences > 0) AS models, count(licences) AS n FROM scope
        GROUP BY hub HAVING n > 0 ORDER BY n DESC, hub
    """,
}
_TOP = (
    ("apache-2.0", 119_537),
    ("mit", 51_208),
    ("openrail", 30_097),
    ("creativeml-openrail-m", 20_369),
    ("other", 16_447),
    ("cc-by-nc-4.0", 8_366),
    ("llama2", 6_176),
)


@analysis
def run(scope: Scope) -> Answer:
    """Shares of models whose tags are known; families as shares of models that declare one."""
    n, declared, several, spdx, other, unknown = (int(value) for value in scope.row(SQL["coverage"]))
    licences = shared(scope.frame(SQL["licences"]).assign(n=n))
    families = shared(scope.frame(SQL["families"]).assign(n=declared))
    months, bands = shared(scope.frame(SQL["by month"])), shared(scope.frame(SQL["by band"]))
    summary = _summary(n, declared, several, spdx, other, unknown)
    statement = (
        f"{share_with_interval(_stats.share(declared, n))} of models declare a licence, "
        f"{percent(spdx / n)} one that SPDX lists ({scope.cite()})."
    )
    tables = {
        "summary": summary,
        "licences": licences,
        "families": families,
        "bands": bands,
        "months": months,
        "hubs": shared(scope.frame(SQL["by hub"])),
    }
    return Answer(
        statement,
        tables,
        lambda: _draw(licences, families, bands, months, scope, n),
        _alt(licences, bands),
        _published(summary, licences, bands),
        _notes(several, other, bands, months),
        headline=(percent(declared / n, 1), "of models declare a licence"),
    )


def _summary(n: int, declared: int, several: int, spdx: int, other: int, unknown: int) -> pd.DataFrame:
    import pandas as pd

    rows = [
        ("declares a licence", declared),
        ("of the SPDX list", spdx),
        ("called other", other),
        ("called unknown", unknown),
        ("several licences", several),
    ]
    return shared(pd.DataFrame(rows, columns=["what", "models"]).assign(n=n))


def _published(summary: pd.DataFrame, licences: pd.DataFrame, bands: pd.DataFrame) -> list[tuple[object, ...]]:
    ours = at(summary, "what", "declares a licence", "share")
    rows: list[tuple[object, ...]] = [
        (
            "declares a licence",
            0.7801,
            ours,
            "share",
            "MSR 2024 (PeaTMOSS), fig. 7",
            "theirs: 11,693 cards of models with more than 50 monthly downloads; compare the bands",
        ),
        ("declares a licence", 0.3776, ours, "share", LISTING, ""),
        (
            "models with a licence tag",
            286_978,
            at(summary, "what", "declares a licence", "models"),
            "count",
            LISTING,
            "",
        ),
        ("several licences", 188, at(summary, "what", "several licences", "models"), "count", LISTING, ""),
    ]
    rows += [
        (f"models under {name}", value, at(licences, "licence_raw", name, "models"), "count", LISTING, "")
        for name, value in _TOP
    ]
    return rows


def _notes(several: int, other: int, bands: pd.DataFrame, months: pd.DataFrame) -> list[str]:
    tau, p, slope = _stats.trend(months.loc[months["n"] >= 100, "share"].to_numpy())
    v, chance = (
        _stats.cramer_v(np.column_stack([bands["models"], bands["n"] - bands["models"]]))
        if len(bands) > 1
        else (0.0, 1.0)
    )
    notes = [
        f"{count(several)} models name several licences; families and drift use the first, the list of licences all.",
        f"{count(other)} models say 'other': the name then stands in the card (licence_name), where one was read.",
    ]
    if len(bands) > 1:
        low, high = bands["share"].iloc[0], bands["share"].iloc[-1]
        notes.append(
            f"Against downloads: Cramér's V {number(v)} ({p_value(chance)}); Cohen's h between the most and the "
            "least "
            f"downloaded band {number(_stats.cohen_h(high, low), 2)}."
        )
    if tau == tau:
        notes.append(
            f"By creation month: Kendall's tau {number(tau, 2)} ({p_value(p)}), Theil-Sen slope "
            f"{100 * slope.value:.2f} "
            f"points a month (95 % CI {100 * slope.low:.2f} to {100 * slope.high:.2f})."
        )
    return notes


def _alt(licences: pd.DataFrame, bands: pd.DataFrame) -> str:
    best = ", ".join(f"{row['licence_raw']} {count(row['models'])}" for _, row in licences.head(5).iterrows())
    steps = ", ".join(f"{row['band']} downloads {percent(row['share'], 1)}" for _, row in bands.iterrows())
    return f"Licences by models: {best}. Share with a licence by band: {steps or 'unknown'}; and by creation month."


def _draw(
    licences: pd.DataFrame, families: pd.DataFrame, bands: pd.DataFrame, months: pd.DataFrame, scope: Scope, n: int
) -> Figure:
    from analyses import _style as look

    figure, (left, right, below, last) = look.figure(2, rows=2, height=6.6)
    for axes, frame, key, title, colour in (
        (left, licences, "licence_raw", "Models by licence", look.BLUE),
        (right, families, "family", "... by family", look.GREEN),
    ):
        shown = frame.head(10)
        look.bars(
            axes,
            list(shown[key]),
            list(shown["models"]),
            [look.si(value) for value in shown["models"]],
            colour=colour,
        )
        look.as_count(axes.xaxis)
        axes.set(title=title)
    look.bars(
        below,
        [f"{band} downloads" for band in bands["band"]],
        list(bands["share"]),
        [percent(value, 1) for value in bands["share"]],
        intervals=(list(bands["low"]), list(bands["high"])),
    )
    below.set(title="Share with a licence, by popularity")
    look.as_percent(below.xaxis)
    usable = months.loc[months["n"] >= 100] if (months["n"] >= 100).any() else months
    last.plot(usable["month"], usable["share"], color=look.BLUE)
    last.fill_between(usable["month"], usable["low"], usable["high"], color=look.BLUE, alpha=0.2, linewidth=0)
    last.set(title="... by creation month", ylim=(0, 1))
    look.as_percent(last.yaxis)
    if len(usable):
        look.dates(last)
    look.caption(figure, scope.caption(n) + ". Whiskers and bands: 95 % Wilson intervals.")
    return figure
