"""Which attributes the models of a hub do not state, by attribute and by task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyses import _stats
from analyses._base import Answer, absent, analysis
from analyses._scope import Scope
from analyses._tables import shared
from analyses._text import number, p_value, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "missing_attributes"
TITLE = "Missing attributes"
QUESTION = "Which attributes do models not state, and does that depend on their task?"
SOURCE = (
    "Jiang et al., ICSE 2023, table III (missing attributes: 10 of 12 participants), section VIII and X.A (model "
    "documentation is missing or inadequate for 80 % of models); Cramér 1946, Holm 1979."
)
NEEDS = ("tags", "tasks")
#: The attribute: when a model states it, and when it is known whether it does.
FIELDS = {
    "licence": ("licences > 0", "licences IS NOT NULL"),
    "library": ("library IS NOT NULL", "library_known"),
    "language": ("languages > 0", "about_id IS NOT NULL"),
    "dataset": ("datasets > 0", "about_id IS NOT NULL"),
    "base model": ("base_models > 0", "about_id IS NOT NULL"),
    "paper": ("papers > 0", "about_id IS NOT NULL"),
    "evaluation claim": ("claims", "about_id IS NOT NULL"),
    "carbon": ("carbon", "about_id IS NOT NULL"),
    "architecture": ("coalesce(model_type, architecture) IS NOT NULL", "architecture_known"),
    "parameters": ("parameters IS NOT NULL", "parameters_known"),
    "card": ("has_card", "has_card IS NOT NULL"),
    "usage section": ("list_contains(card_sections, 'usage')", "card_id IS NOT NULL"),
    "training section": ("list_contains(card_sections, 'training')", "card_id IS NOT NULL"),
    "limitations section": ("list_contains(card_sections, 'limitations')", "card_id IS NOT NULL"),
}
# What a person needs to choose a model, of what every listing of the hub states.
_CORE = {
    "task": "task IS NOT NULL",
    "licence": "licences > 0",
    "dataset": "datasets > 0",
    "evaluation claim": "claims",
}
_TASK = "CASE WHEN task IS NOT NULL THEN task WHEN task_known THEN '(no task)' ELSE '(unknown)' END"
_COUNTS = ",\n            ".join(
    f'count(*) FILTER ({known} AND NOT coalesce({test}, false)) AS "missing {name}", '
    f'count(*) FILTER ({known}) AS "known {name}"'
    for name, (test, known) in FIELDS.items()
)
_LACKS = " + ".join(f"(NOT coalesce({test}, false))::INTEGER" for test in _CORE.values())
SQL = {
    "by task": f"""
        SELECT {_TASK} AS task, count(*) AS models,
            {_COUNTS}
        FROM main GROUP BY 1 ORDER BY models DESC, 1
    """,
    "how many": f"""
        SELECT lacks AS missing, count(*) AS models, sum(count(*)) OVER () AS n
        FROM (SELECT {_LACKS} AS lacks FROM main WHERE about_id IS NOT NULL AND task_known AND licences IS NOT NULL)
        GROUP BY lacks ORDER BY lacks
    """,
}
#: Cells of fewer models are not drawn, tasks of fewer are not tested.
_LEAST = 30
_SHOWN = 15
_WHY = (
    "theirs is a sentence of the discussion without a numerator: the figures it refers to give 82.1 % without a "
    "dataset (a share of model-dataset pairs) and 95.8 % without a claim; ours counts models that lack "
    "the attribute by tags and listing"
)


@analysis
def run(scope: Scope) -> Answer:
    """Missing counts by attribute and task; Cramér's V of each attribute against the task, Holm-adjusted."""
    wide = scope.frame(SQL["by task"])
    cells = _long(wide)
    if cells.empty:
        return absent("nothing says which attributes the models state")
    fields = _fields(cells)
    lacks = shared(scope.frame(SQL["how many"]))
    worst = fields.iloc[0]
    several = _at_least(lacks, 1)
    spoken = [
        f"{share_with_interval(_estimate(fields, field))} of models state no {words}"
        for field, words in (
            ("licence", "licence"),
            ("dataset", "dataset"),
            ("evaluation claim", "evaluation result"),
        )
        if field in set(fields["field"])
    ]
    if several.n:
        spoken.append(f"{share_with_interval(several)} lack at least one of {', '.join(_CORE)}")
    if not spoken:
        spoken = [
            f"{share_with_interval(_estimate(fields, str(worst['field'])))} of models state no {worst['field']}"
        ]
    statement = f"{'; '.join(spoken)} ({scope.cite(scope.hub)})."
    return Answer(
        statement,
        {"fields": fields, "cells": cells.sort_values(["models", "task"], ascending=[False, True]), "missing": lacks},
        lambda: _draw(cells, fields, scope, int(wide["models"].sum())),
        _alt(fields, worst),
        _published(fields, lacks),
        [
            "An attribute counts for the models of which it is known whether they state it: a listing without "
            "configuration says nothing of architectures, and card sections are of models whose card was read.",
            f"Of {scope.hub} alone. Cells of fewer than {_LEAST} models are blank in the figure; the tables have "
            "all. The test of an attribute against the task leaves out tasks of fewer models, and models without a "
            "task; among so many models any difference is significant, so Cramér's V (0.1 small, 0.5 large) is "
            "what says something.",
            "A model that names no base model may have none: that attribute is missing by right for models that were "
            "trained from nothing.",
        ],
        headline=(percent(several.value, 1), f"lack one of {', '.join(_CORE)}") if several.n else None,
    )


def _long(wide: pd.DataFrame) -> pd.DataFrame:
    """One row per task and attribute, with what is missing of what is known."""
    import pandas as pd

    parts = [
        pd.DataFrame({
            "task": wide["task"],
            "field": name,
            "models": wide["models"],
            "missing": wide[f"missing {name}"].astype(int),
            "n": wide[f"known {name}"].astype(int),
        })
        for name in FIELDS
    ]  # fmt: skip
    cells = pd.concat(parts, ignore_index=True)
    return shared(cells.loc[cells["n"] > 0], "missing").reset_index(drop=True)


def _fields(cells: pd.DataFrame) -> pd.DataFrame:
    """Every attribute over all tasks, the one most often missing first, and how it depends on the task."""
    from statsmodels.stats.multitest import multipletests

    fields = shared(cells.groupby("field", sort=False)[["missing", "n"]].sum().reset_index(), "missing")
    tasks = [_association(cells.loc[cells["field"] == name]) for name in fields["field"]]
    fields["tasks"], fields["cramer_v"], fields["p"] = zip(*tasks, strict=True)
    tested = fields["p"].notna().to_numpy()
    fields["p_holm"] = np.nan
    if tested.any():
        fields.loc[tested, "p_holm"] = multipletests(fields.loc[tested, "p"], method="holm")[1]
    return fields.sort_values("share", ascending=False, kind="stable", ignore_index=True)


def _association(part: pd.DataFrame) -> tuple[int, float, float]:
    """Tasks compared, Cramér's V and p value of stating an attribute against the task."""
    usable = part.loc[(part["n"] >= _LEAST) & ~part["task"].str.startswith("(")]
    if len(usable) < 2 or usable["missing"].sum() in (0, usable["n"].sum()):
        return len(usable), float("nan"), float("nan")
    v, p = _stats.cramer_v(np.stack([usable["missing"], usable["n"] - usable["missing"]]))
    return len(usable), v, p


def _estimate(fields: pd.DataFrame, field: str) -> _stats.Estimate:
    found = fields.loc[fields["field"] == field]
    return _stats.share(int(found["missing"].sum()), int(found["n"].sum()))


def _at_least(lacks: pd.DataFrame, least: int) -> _stats.Estimate:
    """The share of models that lack so many of the core attributes, or more."""
    return _stats.share(int(lacks.loc[lacks["missing"] >= least, "models"].sum()), int(lacks["models"].sum()))


def _published(fields: pd.DataFrame, lacks: pd.DataFrame) -> list[tuple[object, ...]]:
    paper = "ICSE 2023"
    rows: list[tuple[object, ...]] = [
        (
            f"documentation missing or inadequate (ours: lack {words})",
            0.80,
            _at_least(lacks, least).value,
            "share",
            f"{paper}, section X.A",
            _WHY,
        )
        for words, least in (("one of four", 1), ("two of four", 2), ("three of four", 3))
    ]
    card = fields.loc[fields["field"] == "card", "share"]
    rows.append(
        (
            "participants for whom missing attributes are a challenge (ours: models without a card)",
            10 / 12,
            float(card.iloc[0]) if len(card) else float("nan"),
            "share",
            f"{paper}, table III",
            "theirs counts 12 interviewed people (95 % CI 55 to 95 %), ours models: they cannot agree or disagree",
        )
    )
    for field, value, what in (("evaluation claim", 1 - 2_594 / 62_467, "fig. 7"), ("dataset", 0.821, "fig. 6")):
        ours = _estimate(fields, field).value
        note = "theirs of model-dataset pairs" if field == "dataset" else "theirs by model-index with a result"
        rows.append((f"{field} missing", value, ours, "share", f"{paper}, {what} (2022-08)", note))
    return rows


def _alt(fields: pd.DataFrame, worst: pd.Series) -> str:
    shares = ", ".join(f"{row['field']} {percent(row['share'], 1)}" for _, row in fields.iterrows())
    tested = fields.loc[fields["p_holm"].notna()].sort_values("cramer_v", ascending=False)
    most = tested.iloc[0] if len(tested) else worst
    tail = ""
    if len(tested):
        tail = (
            f" Most dependent on the task: {most['field']} (Cramér's V {number(most['cramer_v'], 2)}, "
            f"{p_value(most['p_holm'])} after Holm)."
        )
    return f"Heat map of the share of models that do not state an attribute, by task. Over all tasks: {shares}.{tail}"


def _draw(cells: pd.DataFrame, fields: pd.DataFrame, scope: Scope, n: int) -> Figure:
    from analyses import _style as look

    names = [name for name in FIELDS if name in set(fields["field"])]
    sizes = cells.groupby("task")["models"].max()
    tasks = list(sizes.sort_values(ascending=False, kind="stable").head(_SHOWN).index)
    drawn = cells.loc[cells["n"] >= _LEAST]
    table = drawn.pivot_table(index="task", columns="field", values="share").reindex(index=tasks, columns=names)
    overall = fields.set_index("field")["share"].reindex(names)
    values = np.vstack([overall.to_numpy(dtype=float), table.to_numpy(dtype=float)])
    figure, (axes,) = look.figure(height=2.2 + 0.25 * len(values))
    axes.imshow(values, aspect="auto", cmap="OrRd", vmin=0, vmax=1.15, interpolation="none")
    for (row, column), share in np.ndenumerate(values):
        if share == share:
            colour = "white" if share > 0.75 else look.INK
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=7.5, color=colour)
    rows = [f"all models  {look.si(n)}", *(f"{look.label(task, 30)}  {look.si(sizes[task])}" for task in tasks)]
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="left", fontsize=8.5)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.axhline(0.5, color="white", linewidth=3)
    look.caption(
        figure,
        scope.caption(n, hub=scope.hub) + f". Per cent of models without it; blank: known for fewer than {_LEAST}.",
    )
    return figure
