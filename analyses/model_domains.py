"""For which domains models are, hub by hub and month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._domains import BY_TAGS, BY_TASK, DOMAINS
from analyses._scope import Scope
from analyses._tables import at, shared
from analyses._text import percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "model_domains"
TITLE = "Domains of models"
QUESTION = "For which domains are models, on which hub, and since when?"
SOURCE = "Jiang et al., MSR 2024 (PeaTMOSS), fig. 8 (domains of models by hub) and fig. 10 (by month)."
NEEDS = ("models",)

#: Until when the study's models were made, about; its notebook leaves later months out.
STUDIED = "2023-08-01"
#: Hubs whose models the study counted under PyTorch.
PYTORCH = ("pytorch-hub", "torchvision", "torchaudio", "torchtext")
_TASK = f"SELECT hub, model_key, created_at, month, backfilled, task_known, {BY_TASK} AS domain FROM scope"
_COUNTED = """
        SELECT hub, domain, count(*) AS models, sum(count(*)) OVER (PARTITION BY hub)::BIGINT AS n
        FROM ({source}) WHERE domain IS NOT NULL {more} GROUP BY hub, domain ORDER BY n DESC, hub, models DESC, domain
"""
SQL = {
    "by hub": _COUNTED.format(source=_TASK, more=""),
    "labels": f"CREATE OR REPLACE TEMP TABLE domain_label AS {BY_TAGS}",
    "study's rule": _COUNTED.format(source="SELECT * FROM domain_label", more=""),
    "study's rule, as of then": _COUNTED.format(
        source="SELECT * FROM domain_label", more=f"AND created_at < TIMESTAMP '{STUDIED}'"
    ),
    "coverage": f"""
        SELECT hub, count(*) AS n, count(domain) AS models, count(*) FILTER (task_known) AS known FROM ({_TASK})
        GROUP BY hub ORDER BY n DESC, hub
    """,
    "months": f"""
        SELECT month, domain, count(*) AS models, sum(count(*)) OVER (PARTITION BY month)::BIGINT AS n
        FROM ({_TASK}) WHERE hub = $1 AND month IS NOT NULL AND NOT backfilled AND domain IS NOT NULL
        GROUP BY month, domain ORDER BY month, domain
    """,
}
_FIG8 = {
    "huggingface": (("NLP", 0.6033), ("Other", 0.1685), ("Multimodal", 0.0927), ("Audio", 0.0892),
                    ("Computer vision", 0.0463)),
    "pytorch-hub": (("Computer vision", 0.5608), ("Audio", 0.2762), ("NLP", 0.1630)),
}  # fmt: skip


@analysis
def run(scope: Scope) -> Answer:
    """Shares by the model's one task, and by the study's rule over all tags."""
    hubs = shared(scope.frame(SQL["by hub"]))
    coverage = shared(scope.frame(SQL["coverage"]))
    scope.reader.execute(SQL["labels"])
    rule, then = (shared(scope.frame(SQL[name])) for name in ("study's rule", "study's rule, as of then"))
    months = shared(scope.frame(SQL["months"], [scope.hub]))
    ours = hubs.loc[hubs["hub"] == scope.hub]
    tables = {"domains": hubs, "study_rule": rule, "study_rule_then": then, "months": months, "coverage": coverage}
    stated = coverage.loc[coverage["hub"] == scope.hub].iloc[0]
    begun = f"{share_with_interval(_stats.share(int(stated['models']), int(stated['n'])))} of models of {scope.hub} "
    statement = f"{begun}have a task{_first(ours)} ({scope.cite(scope.hub)})."
    return Answer(
        statement,
        tables,
        (lambda: _draw(hubs, then if len(then) else rule, months, scope)) if len(hubs) else None,
        _alt(ours, months),
        _published(rule, then, months),
        [
            "By task: the hub's own grouping of tasks today, a model having one task; reinforcement learning and "
            "tabular are Other. By the study's rule: every tag counts, domains as of 2023 (text to image and feature "
            "extraction were Multimodal), several make Multimodal.",
            "Models without a task, or without a tag that names one, have no domain and are left out; the table "
            "coverage says how many.",
            "Months are those of creation, without the models that the hub stamped with its floor date. The study's "
            "fig. 10 counts a model once for every commit and task tag (its notebook joins commits), so its heights "
            "are not models.",
        ],
        headline=_headline(ours),
    )


def _first(ours: pd.DataFrame) -> str:
    if ours.empty:
        return ""
    row = ours.iloc[0]
    return f"; {share_with_interval(_stats.share(int(row['models']), int(row['n'])))} of these are {row['domain']}"


def _headline(ours: pd.DataFrame) -> tuple[str, str] | None:
    if ours.empty:
        return None
    return percent(float(ours["share"].iloc[0]), 1), f"of models with a task are {ours['domain'].iloc[0]}"


def _published(rule: pd.DataFrame, then: pd.DataFrame, months: pd.DataFrame) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    nan = float("nan")
    for hub, shares in _FIG8.items():
        now, early = rule.loc[rule["hub"] == hub], then.loc[then["hub"] == hub]
        if now.empty:
            continue
        other = "theirs: 362 entries, torchvision, torchaudio and torchtext among them; ours: the hub's own pages"
        grown = f"the study's rule on all models; theirs are 156,336 of the time before {STUDIED[:7]}"
        for domain, value in shares:
            note = other if hub == "pytorch-hub" else grown
            rows.append(
                (f"{hub}: {domain}", value, at(now, "domain", domain, "share"), "share", "MSR 2024, fig. 8", note)
            )
        for domain, value in shares if len(early) else ():
            note = f"the same on models of before {STUDIED[:7]} that are still there, with the tags they have now"
            rows.append(
                (f"{hub}, then: {domain}", value, at(early, "domain", domain, "share"), "share", "MSR 2024, fig. 8",
                 note)
            )  # fmt: skip
    if len(months):
        may = months.loc[(months["month"].astype(str).str.startswith("2023-05")) & (months["domain"] == "NLP")]
        ours = int(may["models"].iloc[0]) if len(may) else nan
        note = "theirs: pairs of a commit and a task tag in that month, read off the axis; ours: models created"
        rows.append(("NLP in 2023-05", 56_000, ours, "count", "MSR 2024, fig. 10", note))
    return rows


def _alt(ours: pd.DataFrame, months: pd.DataFrame) -> str:
    shares = ", ".join(f"{row['domain']} {percent(row['share'], 1)}" for _, row in ours.iterrows())
    span = f" from {months['month'].min():%Y-%m} to {months['month'].max():%Y-%m}" if len(months) else ""
    return f"Share of models with a task by domain: {shares or 'none'}. Lines of models created per month{span}."


def _draw(hubs: pd.DataFrame, rule: pd.DataFrame, months: pd.DataFrame, scope: Scope) -> Figure:
    from analyses import _style as look

    figure, (left, right) = look.figure(2, height=3.7, ratios=(1.05, 1))
    mine, theirs = (frame.loc[frame["hub"] == scope.hub] for frame in (hubs, rule))
    published = dict(_FIG8.get(scope.hub, ()))
    groups: list[tuple[str, str, dict[str, float]]] = [
        ("by task, ours", look.BLUE, dict(zip(mine["domain"], mine["share"], strict=True))),
        (f"study's rule, before {STUDIED[:7]}", look.SKY, dict(zip(theirs["domain"], theirs["share"], strict=True))),
    ]
    if published:
        groups.append(("study", look.GREY, published))
    height = 0.8 / len(groups)
    for place, (name, colour, shares) in enumerate(groups):
        places = [index + (place - (len(groups) - 1) / 2) * height for index in range(len(DOMAINS))]
        values = [shares.get(domain, 0.0) for domain in DOMAINS]
        left.barh(places, values, height=height * 0.92, color=colour, label=name)
        for spot, value in zip(places, values, strict=True):
            left.annotate(percent(value, 1), (value, spot), xytext=(3, 0), textcoords="offset points", va="center",
                          fontsize=7)  # fmt: skip
    left.set_yticks(range(len(DOMAINS)), list(DOMAINS))
    left.set_ylim(len(DOMAINS) - 0.5, -0.5)
    left.set_xlim(0, left.get_xlim()[1] * 1.15)
    left.tick_params(axis="y", length=0)
    left.legend(loc="center right", bbox_to_anchor=(1.04, 0.5), fontsize=8)
    left.set(title=f"Domains on {look.label(scope.hub, 18)}")
    look.as_percent(left.xaxis)
    _draw_months(right, months)
    n = int(mine["n"].iloc[0]) if len(mine) else 0
    look.caption(figure, scope.caption(n, "models with a task", scope.hub) + ". The last month is partial.")
    return figure


def _draw_months(axes: Axes, months: pd.DataFrame) -> None:
    from analyses import _style as look

    axes.set(title="Created per month, by task")
    for domain, colour in zip(DOMAINS, look.CYCLE, strict=False):
        part = months.loc[months["domain"] == domain]
        axes.plot(part["month"], part["models"], color=colour, label=domain, linewidth=1.4)
    axes.set_ylim(0, None)
    look.as_count(axes.yaxis)
    if len(months):
        look.dates(axes)
        axes.legend(loc="upper left", fontsize=8)
