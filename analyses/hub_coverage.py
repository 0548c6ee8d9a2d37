"""What the hubs say about their models: how much of the uniform schema each fills."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._tables import shared
from analyses._text import count, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "hub_coverage"
TITLE = "What the hubs fill"
QUESTION = "Which facts of the uniform schema does each hub state, and for which share of its models?"
SOURCE = (
    "Jiang et al., MSR 2023 (PTMTorrent), uniform schema of five hubs: datasets were filled for none, tasks and "
    "architectures for Hugging Face and ONNX (see uniform_schema)."
)
NEEDS = ("models",)
#: What is counted, and the fact (core.snapshot.fields) that a hub must be able to state for it to count.
FIELDS = {
    "task": ("task IS NOT NULL", "task"),
    "task, own word": ("task_raw IS NOT NULL", "task"),
    "library": ("library IS NOT NULL", "library"),
    "architecture": ("architecture IS NOT NULL", "architecture"),
    "architecture family": ("model_type IS NOT NULL", "architecture"),
    "licence": ("licences > 0", "licence"),
    "datasets": ("datasets > 0", "datasets"),
    "papers": ("papers > 0", "papers"),
    "languages": ("languages > 0", "languages"),
    "base models": ("base_models > 0", "base_models"),
    "parameters": ("parameters IS NOT NULL", "parameters"),
    "files": ("files_id IN (SELECT files_id FROM core.file)", "files"),
    "file hashes": (
        "files_id IN (SELECT files_id FROM core.file WHERE sha256 IS NOT NULL OR checksum IS NOT NULL)",
        "files",
    ),
    "releases": ("releases_id IN (SELECT releases_id FROM core.release)", "releases"),
    "claims": ("claims", "claims"),
    "links": (
        "about_id IN (SELECT about_id FROM core.about_tag JOIN core.tag USING (tag_id) WHERE kind IN "
        "('repository', 'homepage', 'demo', 'model', 'download', 'link'))",
        "links",
    ),
    "description": ("description IS NOT NULL", "description"),
    "card": ("has_card", "card"),
    "created": ("created_at IS NOT NULL", "created_at"),
    "last modified": ("last_modified IS NOT NULL", "last_modified"),
    "downloads": ("downloads IS NOT NULL", "downloads"),
    "likes": ("likes IS NOT NULL", "likes"),
}
_COUNTS = ", ".join(f'count(*) FILTER ({test}) AS "{name}"' for name, (test, _) in FIELDS.items())
SQL = {
    "fill": f"""
        UNPIVOT (SELECT hub, count(*) AS n, {_COUNTS} FROM scope GROUP BY hub)
        ON COLUMNS(* EXCLUDE (hub, n)) INTO NAME field VALUE models
    """,
}
# Hubs of PTMTorrent, and what stayed empty there.
_EMPTY = ("datasets", "task", "architecture")
_BEFORE = {"pytorch-hub": _EMPTY, "onnx-zoo": ("datasets",), "modelhub-ai": _EMPTY, "modelzoo-co": _EMPTY}


@analysis
def run(scope: Scope) -> Answer:
    """Shares of the models in scope; a fact that a hub's records cannot state is marked so, and not counted as 0."""
    fill = scope.frame(SQL["fill"])
    fill["stated"] = [
        FIELDS[field][1] in scope.stated.get(hub, set())
        for hub, field in zip(fill["hub"], fill["field"], strict=True)
    ]
    order = {name: place for place, name in enumerate(FIELDS)}
    fill = fill.sort_values(
        ["n", "hub", "field"], ascending=[False, True, True], key=lambda c: c.map(order) if c.name == "field" else c
    )
    fill = shared(fill.reset_index(drop=True))
    said = fill[fill["stated"]]
    wide = _wide(fill)
    best = said.groupby("hub")["share"].mean().idxmax() if len(said) else ""
    per_hub = said.groupby("hub")["field"].count()
    return Answer(
        f"{count(len(wide))} hubs state between {count(per_hub.min())} and {count(per_hub.max())} of {len(FIELDS)} "
        f"facts; of what it states, {best} fills most ({scope.cite()}).",
        {"fill": fill, "by hub": wide},
        lambda: _draw(fill, scope),
        "Share of models with each fact, by hub: " + _alt(said),
        _published(fill),
        [
            "A blank means that the hub's records have no room for the fact: unknown, not absent.",
            "The normalised task is empty where the hub's own word has no entry in the vocabulary.",
        ],
        headline=(count(len(wide)), "hubs in one schema"),
    )


def _wide(fill: pd.DataFrame) -> pd.DataFrame:
    """One row per hub, one column per fact."""
    shares = fill.assign(share=fill["share"].where(fill["stated"]))
    table = shares.pivot(index="hub", columns="field", values="share")[list(FIELDS)]
    sizes = fill.groupby("hub")["n"].first()
    table.insert(0, "models", sizes)
    return table.sort_values("models", ascending=False).reset_index()


def _published(fill: pd.DataFrame) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for hub, fields in _BEFORE.items():
        for field in fields:
            ours = fill[(fill["hub"] == hub) & (fill["field"] == field)]
            if len(ours):
                rows.append((f"{hub}: {field}", 0.0, float(ours["share"].iloc[0]), "share", SOURCE.split(",")[0], ""))
    return rows


def _alt(said: pd.DataFrame) -> str:
    parts = [
        f"{hub}: " + ", ".join(f"{row['field']} {percent(row['share'], 0)}" for _, row in group.iterrows())
        for hub, group in said.groupby("hub", sort=False)
    ]
    return "; ".join(parts[:4]) + ("." if len(parts) <= 4 else f"; and {len(parts) - 4} more hubs.")


def _draw(fill: pd.DataFrame, scope: Scope) -> Figure:
    from analyses import _style as look

    wide = _wide(fill)
    fields = list(FIELDS)
    figure, (axes,) = look.figure(height=2.2 + 0.24 * len(wide))
    shares = wide[fields].to_numpy(dtype=float)
    axes.imshow(shares, aspect="auto", cmap="Blues", vmin=0, vmax=1.25, interpolation="none")
    for (row, column), share in _cells(shares):
        axes.text(
            column,
            row,
            f"{100 * share:.0f}",
            ha="center",
            va="center",
            fontsize=7,
            color="white" if share > 0.7 else look.INK,
        )
    names = [f"{look.label(hub)}  {look.si(size)}" for hub, size in zip(wide["hub"], wide["models"], strict=True)]
    axes.set_yticks(range(len(wide)), names)
    axes.set_xticks(range(len(fields)), fields, rotation=55, ha="left", fontsize=8)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    look.caption(figure, scope.caption(scope.models) + ". Per cent of models; blank: the hub has no such field.")
    return figure


def _cells(shares: object) -> list[tuple[tuple[int, int], float]]:
    import numpy as np

    values = np.asarray(shares, dtype=float)
    return [((row, column), value) for (row, column), value in np.ndenumerate(values) if value == value]
