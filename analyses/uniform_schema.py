"""PTMTorrent's uniform schema, hub by hub: what its code filled, and what the census fills."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._tables import shared
from analyses._text import count, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "uniform_schema"
TITLE = "One schema for all hubs"
QUESTION = "Which fields of PTMTorrent's uniform schema are filled for the packages of each hub, before and now?"
SOURCE = (
    "Jiang et al., MSR 2023 (PTMTorrent), uniform schema; what its code filled is read off that code: datasets for "
    "no hub, paper DOIs from tags that begin with doi: alone, task and architecture for Hugging Face and ONNX."
)
NEEDS = ("models",)
_PAPERS = "about_id IN (SELECT about_id FROM core.about_tag JOIN core.tag USING (tag_id) WHERE kind IN ({kinds}))"
_REPOSITORIES = """SELECT s.hub FROM mart.snapshot s JOIN raw.run r ON r.run_id = s.run_id
                WHERE json_extract_string(r.config, '$.repository.commit') IS NOT NULL"""
#: The schema's fields in its order: when ours is filled. Required by the schema are the first six.
FIELDS = {
    "ModelHub": "hub IS NOT NULL",
    "ModelName": "model_id <> ''",
    "ModelOwner": "coalesce(owner, '') <> ''",
    "ModelURL": "url IS NOT NULL",
    "ModelOwnerURL": "coalesce(owner, '') <> '' AND starts_with(model_id, owner || '/')",
    "LatestGitCommitSHA": f"commit_known OR hub IN ({_REPOSITORIES})",
    "Datasets": "datasets > 0",
    "ModelPaperDOIs": _PAPERS.format(kinds="'doi', 'arxiv'"),
    "ModelTask": "coalesce(task, task_raw) IS NOT NULL",
    "ModelArchitecture": "coalesce(architecture, model_type) IS NOT NULL",
}
#: What the schema has no room for, and the census fills.
BEYOND = {
    "licence": "licences > 0",
    "files": "files_id IN (SELECT files_id FROM core.file)",
    "versions": "releases_id IN (SELECT releases_id FROM core.release)",
    "downloads": "downloads IS NOT NULL",
    "time": "coalesce(created_at, last_modified) IS NOT NULL",
}
_ALL = {**FIELDS, **BEYOND}
_COUNTS = ",\n            ".join(f'count(*) FILTER ({test}) AS "{name}"' for name, test in _ALL.items())
_DOI_TAG = _PAPERS.format(kinds="'doi'")
SQL = {
    "fill": f"""
        SELECT hub, count(*) AS n,
            count(*) FILTER ({_DOI_TAG}) AS doi,
            {_COUNTS}
        FROM (SELECT s.*, m.url FROM scope s JOIN mart.model m ON m.model_key = s.model_key)
        GROUP BY hub ORDER BY n DESC, hub
    """,
    "packages": """
        SELECT s.hub, count(DISTINCT s.model_key) AS models, count(r.releases_id) AS releases
        FROM scope s LEFT JOIN core.release r ON r.releases_id = s.releases_id GROUP BY 1 ORDER BY models DESC, 1
    """,
}
#: Packages of the paper by hub (they sum to its 15,913), and rows of each hub's own list as counted by other code.
PACKAGES = {"huggingface": 12_401, "modelzoo-co": 3_245, "onnx-zoo": 185, "pytorch-hub": 49, "modelhub-ai": 33}
_ROWS = {"huggingface": 760_000, "onnx-zoo": 184, "pytorch-hub": 52}
#: Fields that PTMTorrent's code filled as far as the hub states them, by hub; DOI is "some": doi: tags only.
_FILLED = ("ModelHub", "ModelName", "ModelOwner", "ModelURL", "ModelOwnerURL", "LatestGitCommitSHA")
_THEIRS = {hub: set(_FILLED) for hub in PACKAGES}
_THEIRS["huggingface"] |= {"ModelTask", "ModelArchitecture"}
_THEIRS["onnx-zoo"] |= {"ModelTask", "ModelArchitecture"}
_EMPTY = ("Datasets", "ModelPaperDOIs", "ModelTask", "ModelArchitecture")


@analysis
def run(scope: Scope) -> Answer:
    """Fill of every field by hub, ours and theirs, and packages by hub."""
    wide = scope.frame(SQL["fill"])
    packages = _packages(scope.frame(SQL["packages"]))
    fill = _fill(wide)
    gained = fill.loc[
        fill["before"].notna() & (fill["before"] == 0) & (fill["models"] > 0) & fill["field"].isin(FIELDS)
    ]
    words = ", ".join(
        f"{row['field']} of {row['hub']} {percent(row['share'], 1)}"
        for _, row in gained.sort_values("share", ascending=False).head(6).iterrows()
    )
    statement = (
        f"{count(packages['models'].sum())} models of {count(len(packages))} hubs stand in one schema; fields that "
        f"PTMTorrent left empty and that are filled now: {words or 'none of its hubs is here'} ({scope.cite()})."
    )
    return Answer(
        statement,
        {"fill": fill, "packages": packages},
        lambda: _draw(fill, packages, scope),
        _alt(fill),
        _published(fill, packages),
        [
            "'Before' is what PTMTorrent's code wrote, on our models: 0 where it wrote nothing for a hub, for DOIs "
            "the share with a doi: tag, for task and architecture of Hugging Face and ONNX what the hub states; "
            "unknown for hubs that it did not read. Its LatestGitCommitSHA came from a clone of each repository, "
            "which the census does not make: a commit is the model's, else that of the hub's repository, if it is "
            "known.",
            "A package of the census is a model; the ONNX manifest has an entry for every opset and precision, which "
            "are releases of a model here. The split of the paper's 15,913 packages by hub is recalled, not checked.",
            "ModelOwnerURL is counted where the owner begins the model's id, so that its page follows; "
            "ModelPaperDOIs holds DOIs and arXiv numbers.",
        ],
        headline=(count(len(packages)), "hubs in PTMTorrent's schema"),
    )


def _fill(wide: pd.DataFrame) -> pd.DataFrame:
    """One row per hub and field: ours with its interval, theirs beside."""
    import pandas as pd

    rows = []
    for _, row in wide.iterrows():
        hub, n = str(row["hub"]), int(row["n"])
        for name in _ALL:
            rows.append((hub, name, name in FIELDS, int(row[name]), n, _before(hub, name, row)))
    frame = pd.DataFrame(rows, columns=["hub", "field", "of the schema", "models", "n", "before"])
    return shared(frame)


def _before(hub: str, field: str, row: pd.Series) -> float:
    """The share that PTMTorrent's code would fill on the same models; NaN where it says nothing of the hub."""
    if hub not in PACKAGES:
        return float("nan")
    if field in BEYOND:
        return 0.0
    if field in _THEIRS[hub]:
        return 1.0 if field in _FILLED else float(row[field]) / int(row["n"])
    if field == "ModelPaperDOIs" and hub == "huggingface":
        return float(row["doi"]) / int(row["n"])
    return 0.0


def _packages(frame: pd.DataFrame) -> pd.DataFrame:
    frame["PTMTorrent"] = frame["hub"].map(PACKAGES)
    frame["rows of the hub's list"] = frame["hub"].map(_ROWS)
    return frame


def _published(fill: pd.DataFrame, packages: pd.DataFrame) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for _, row in packages.iterrows():
        hub = str(row["hub"])
        if hub in PACKAGES:
            note = "theirs: packages cloned, of Hugging Face the tenth most downloaded; ours: models"
            rows.append(
                (f"{hub}: packages", PACKAGES[hub], int(row["models"]), "count", "MSR 2023 (PTMTorrent)", note)
            )
        if hub in _ROWS:
            ours = int(row["releases"]) if hub == "onnx-zoo" else int(row["models"])
            note = "entries of the manifest are releases here" if hub == "onnx-zoo" else ""
            rows.append((f"{hub}: rows of its list", _ROWS[hub], ours, "count", "counted by other code", note))
    known = fill.loc[fill["hub"].isin(PACKAGES) & fill["field"].isin(_EMPTY)]
    for _, row in known.iterrows():
        rows.append(
            (
                f"{row['hub']}: {row['field']}",
                float(row["before"]),
                float(row["share"]),
                "share",
                "MSR 2023 (PTMTorrent), its code",
                "theirs on our models",
            )
        )
    return rows


def _alt(fill: pd.DataFrame) -> str:
    parts = []
    for hub, group in fill.loc[fill["field"].isin(_EMPTY)].groupby("hub", sort=False):
        said = ", ".join(f"{row['field']} {percent(row['share'], 0)}" for _, row in group.iterrows())
        parts.append(f"{hub}: {said}")
    return "Share of models whose fields of the uniform schema are filled. " + "; ".join(parts[:6]) + "."


def _draw(fill: pd.DataFrame, packages: pd.DataFrame, scope: Scope) -> Figure:
    import numpy as np

    from analyses import _style as look

    hubs = list(packages["hub"].head(24))
    names = list(_ALL)
    now = fill.pivot(index="hub", columns="field", values="share").loc[hubs, names].to_numpy(dtype=float)
    before = fill.pivot(index="hub", columns="field", values="before").loc[hubs, names].to_numpy(dtype=float)
    figure, (axes,) = look.figure(height=2.4 + 0.34 * len(hubs))
    axes.imshow(now, aspect="auto", cmap="Blues", vmin=0, vmax=1.25, interpolation="none")
    for (row, column), share in np.ndenumerate(now):
        was = before[row, column]
        new = was == 0 and share > 0
        colour = "white" if share > 0.7 else look.INK
        weight = "bold" if new else "normal"
        axes.text(
            column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=8, color=colour, weight=weight
        )
    sizes = dict(zip(packages["hub"], packages["models"], strict=True))
    axes.set_yticks(range(len(hubs)), [f"{look.label(hub)}  {look.si(sizes[hub])}" for hub in hubs])
    axes.set_xticks(range(len(names)), names, rotation=45, ha="left", fontsize=8.5)
    axes.xaxis.tick_top()
    axes.axvline(len(FIELDS) - 0.5, color="white", linewidth=3)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    look.caption(
        figure,
        scope.caption(scope.models)
        + ". Per cent of models; bold: PTMTorrent filled none; right of the line: what its "
        "schema has no room for.",
    )
    return figure
