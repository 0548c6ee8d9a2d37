"""How many models descend from a model, and whether downloads grow with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._history import renames
from analyses._scope import Scope
from analyses._stats import Floats
from analyses._text import count, number, number_with_interval, short

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "descendants"
TITLE = "Descendants"
QUESTION = "How many models descend directly from a model, and do more of them come with more downloads?"
SOURCE = (
    "Jones et al., ESEM 2024, fig. 7: log10 of direct children against log10 of their summed downloads, least "
    "squares over the distinct points; 1e-5 is added to both."
)
NEEDS = ("lineage", "downloads")
SQL = {
    "edges": """
        SELECT DISTINCT c.model_id AS child, e.parent, c.downloads AS child_downloads
        FROM main c JOIN core.lineage_edge e ON e.about_id = c.about_id
        WHERE c.model_id <> e.parent
    """,
    "downloads": "SELECT model_id, downloads FROM main WHERE model_id IN (SELECT unnest($1::VARCHAR[]))",
}
#: What the script of the study adds before it takes logarithms.
EPSILON = 1e-5
#: The study's own numbers, from its file of points.
SLOPE, INTERCEPT, POINTS, SPEARMAN, EDGES = 0.1479, -0.2062, 2_151, 0.419, 12_229
PARENTS = (
    ("runwayml/stable-diffusion-v1-5", 701),
    ("distilbert-base-uncased", 417),
    ("bert-base-uncased", 277),
    ("CompVis/stable-diffusion-v1-4", 216),
    ("xlm-roberta-base", 190),
    ("gpt2", 163),
    ("bert-base-cased", 148),
    ("roberta-base", 148),
    ("t5-small", 137),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A least-squares line in log10 with the 95 % interval of its slope, and Spearman's rank correlation."""

    slope: float
    low: float
    high: float
    intercept: float
    r2: float
    spearman: float
    n: int


@analysis
def run(scope: Scope) -> Answer:
    """The line as published and without what it does to the points, with and without renames followed."""
    edges = scope.frame(SQL["edges"])
    aliases = renames(scope)
    now = edges.assign(parent=edges["parent"].map(lambda name: aliases.get(name, name)))
    now = now.loc[now["child"] != now["parent"]].drop_duplicates(["child", "parent"])
    exact, followed = children(edges), children(now)
    lines = _lines({"exact": exact, "renames followed": followed}, scope)
    parents = _parents(exact, followed, aliases)
    ours, sturdy = (_slope(lines.iloc[place]) for place in (4, 6))
    top = followed.iloc[0] if len(followed) else None
    first = f", {count(top['children'])} of them from {short(top['parent'], 60)}" if top is not None else ""
    return Answer(
        f"{count(len(edges))} edges lead to {count(len(followed))} parents{first}; log10 children grows by "
        f"{number_with_interval(sturdy)} per log10 download of the children where there are any, and by "
        f"{number_with_interval(ours)} over the distinct points with those without downloads at 1e-5, as published "
        f"({scope.cite(scope.hub)}).",
        {"lines": lines, "parents": parents, "families": _sizes(followed), "points": followed.head(2000)},
        lambda: _draw(followed, lines, scope),
        "Direct children of each base model against the summed downloads of those children, both logarithmic, with "
        f"the published line (slope 0.148) and ours (slope {number(ours.value)}).",
        _published(lines, parents, len(edges)) if scope.hub == "huggingface" else [],
        _notes(lines, followed, scope),
        headline=(number(sturdy.value), "log10 children per log10 download of the children"),
    )


def children(edges: pd.DataFrame) -> pd.DataFrame:
    """Parents with the number of their children and the children's summed downloads, most children first."""
    grouped = edges.assign(child_downloads=edges["child_downloads"].astype("float64")).groupby("parent")
    frame = grouped.agg(children=("child", "size"), downloads=("child_downloads", "sum")).reset_index()
    return frame.sort_values(["children", "parent"], ascending=[False, True], ignore_index=True)


def published_line(downloads: Floats, number_of_children: Floats, *, distinct: bool = True) -> Line:
    """The line of the study: log10(children + 1e-5) on log10(downloads + 1e-5), over the distinct points.

    A parent whose children have no downloads stands at x = -5, five decades left of one download. The interval is
    Student's for a least-squares slope; Spearman's correlation is that of all points, distinct or not.
    """
    points = np.column_stack((downloads, number_of_children))
    ranks = _spearman(points[:, 0], points[:, 1])
    if distinct:
        points = np.unique(points, axis=0)
    return _fit(np.log10(points[:, 0] + EPSILON), np.log10(points[:, 1] + EPSILON), ranks)


def plain_line(downloads: Floats, number_of_children: Floats) -> Line:
    """The same without points at zero downloads, without anything added, and with every parent counted."""
    some = downloads > 0
    ranks = _spearman(downloads[some], number_of_children[some])
    return _fit(np.log10(downloads[some]), np.log10(number_of_children[some]), ranks)


def _fit(x: Floats, y: Floats, ranks: float) -> Line:
    if len(x) < 3 or np.all(x == x[0]):
        unknown = float("nan")
        return Line(unknown, unknown, unknown, unknown, unknown, ranks, len(x))
    found = stats.linregress(x, y)
    half = float(stats.t.ppf(0.975, len(x) - 2)) * float(found.stderr)
    slope = float(found.slope)
    return Line(slope, slope - half, slope + half, float(found.intercept), float(found.rvalue) ** 2, ranks, len(x))


def _spearman(x: Floats, y: Floats) -> float:
    if len(x) < 3 or np.all(x == x[0]) or np.all(y == y[0]):
        return float("nan")
    return float(stats.spearmanr(x, y).statistic)


def _slope(line: pd.Series[Any]) -> _stats.Estimate:
    return _stats.Estimate(float(line["slope"]), float(line["low"]), float(line["high"]), int(line["n"]))


def _lines(tables: dict[str, pd.DataFrame], scope: Scope) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for ids, frame in tables.items():
        x, y = (frame[name].to_numpy(dtype=np.float64) for name in ("downloads", "children"))
        names = list(frame["parent"])
        own = dict(scope.reader.rows(SQL["downloads"], [names]))
        z = np.array([float(own.get(name) or np.nan) for name in names], dtype=np.float64)
        for what, line in (
            ("as published: distinct points", published_line(x, y)),
            ("every parent, zeros at 1e-5", published_line(x, y, distinct=False)),
            ("every parent, zeros left out", plain_line(x, y)),
            ("children on the parent's own downloads", plain_line(z[z == z], y[z == z])),
        ):
            rows.append((what, ids, line.slope, line.low, line.high, line.intercept, line.r2, line.spearman, line.n))
    columns = ["line", "parents by", "slope", "low", "high", "intercept", "r2", "spearman", "n"]
    return pd.DataFrame(rows, columns=columns)


def _parents(exact: pd.DataFrame, followed: pd.DataFrame, aliases: dict[str, str]) -> pd.DataFrame:
    """The top parents: published beside ours, by exact name and after renames."""
    import pandas as pd

    by_name = dict(zip(exact["parent"], exact["children"], strict=True))
    by_model = dict(zip(followed["parent"], followed["children"], strict=True))
    theirs = dict(PARENTS)
    ids = [*theirs, *[name for name in followed["parent"].head(50) if name not in theirs]]
    rows = [
        (
            name,
            aliases.get(name, name),
            theirs.get(name),
            int(by_name.get(name, 0)),
            int(by_model.get(aliases.get(name, name), 0)),
        )
        for name in ids
    ]
    columns = ["parent", "goes by now", "published", "children, exact name", "children, renames followed"]
    return pd.DataFrame(rows, columns=columns).astype({"published": "Int64"})


def _sizes(followed: pd.DataFrame) -> pd.DataFrame:
    """How many parents have how many children."""
    import pandas as pd

    bands = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 100), (101, 1000), (1001, 10**9))
    n = followed["children"]
    names = ("1", "2", "3-5", "6-10", "11-100", "101-1,000", "> 1,000")
    rows = [
        (name, int(n.between(low, high).sum()), int(n[n.between(low, high)].sum()))
        for name, (low, high) in zip(names, bands, strict=True)
    ]
    return pd.DataFrame(rows, columns=["children", "parents", "edges"])


def _published(lines: pd.DataFrame, parents: pd.DataFrame, edges: int) -> list[tuple[object, ...]]:
    why = "theirs: librarian-bots links among the models of PeaTMOSS, 2023; ours: all base-model tags"
    source = "ESEM 2024, fig. 7, from its file of points"
    first, followed, raw = lines.iloc[0], lines.iloc[4], lines.iloc[2]
    rows: list[tuple[object, ...]] = [
        ("slope, exact names", SLOPE, float(first["slope"]), "number", source, why),
        ("intercept, exact names", INTERCEPT, float(first["intercept"]), "number", source, why),
        ("slope, renames followed", SLOPE, float(followed["slope"]), "number", source, why),
        ("distinct points", POINTS, int(first["n"]), "count", source, why),
        ("Spearman, every parent", SPEARMAN, float(lines.iloc[1]["spearman"]), "number", source, why),
        (
            "slope, every parent, zeros left out",
            0.1509,
            float(raw["slope"]),
            "number",
            "its points, fitted here",
            why,
        ),
        ("edges", EDGES, edges, "count", source, why),
    ]
    by_name = parents.set_index("parent")
    for name, value in PARENTS:
        now = int(by_name["children, renames followed"][name])
        rows.append((f"children of {name}", value, now, "count", "ESEM 2024", "ours: renames followed"))
    return rows


def _notes(lines: pd.DataFrame, followed: pd.DataFrame, scope: Scope) -> list[str]:
    first, every, plain = lines.iloc[0], lines.iloc[1], lines.iloc[2]
    zeros = int((followed["downloads"] == 0).sum())
    return [
        "A child of two parents counts for both; self-loops are left out. A model is a parent by the name that its "
        "children give, whether it is listed or not.",
        "Distinct points throw away parents that share children and downloads, most of them small: the published way "
        f"keeps {count(first['n'])} of {count(every['n'])} parents. With every parent the slope is "
        f"{number(float(every['slope']))} (95 % CI {number(float(every['low']))} to {number(float(every['high']))}); "
        f"without the {count(zeros)} parents whose children have no downloads, which stand at 1e-5, "
        f"{number(float(plain['slope']))} (95 % CI {number(float(plain['low']))} to {number(float(plain['high']))}).",
        "The downloads are those of the children, so a parent with more children has more of them by construction; "
        "the last lines of the table set children against the parent's own downloads.",
        f"n counts parents or points of {scope.hub}; the fit treats them as independent.",
    ]


def _draw(followed: pd.DataFrame, lines: pd.DataFrame, scope: Scope) -> Figure:
    from analyses import _style as look

    figure, (left, right) = look.figure(2, height=4.0, ratios=(1.25, 1))
    shown = followed.loc[followed["downloads"] > 0]
    left.loglog(shown["downloads"], shown["children"], ".", markersize=3, color=look.BLUE, alpha=0.35)
    top = max(float(shown["downloads"].max()) if len(shown) else 10.0, 10.0)
    x = np.array([1.0, top])
    ours, plain = ((float(lines.iloc[place]["slope"]), float(lines.iloc[place]["intercept"])) for place in (4, 6))
    for (slope, intercept), colour, where, name in (
        ((SLOPE, INTERCEPT), look.ORANGE, 0.94, "published"),
        (ours, look.RED, 0.87, "ours, the same way"),
        (plain, look.GREEN, 0.80, "zeros left out"),
    ):
        if slope != slope:
            continue
        left.plot(x, 10 ** (slope * np.log10(x) + intercept), color=colour, linewidth=2)
        text = f"{name}: y = {slope:.2f} x {'-' if intercept < 0 else '+'} {abs(intercept):.2f}"
        left.annotate(text, (0.03, where), xycoords="axes fraction", color=colour, fontsize=9)
    left.set(
        title="Children and their downloads", xlabel="Summed downloads of the children", ylabel="Direct children"
    )
    left.set_ylim(0.8, max(20.0, 40 * float(shown["children"].max())) if len(shown) else 20.0)
    look.as_count(left.xaxis)
    look.as_count(left.yaxis)
    best = followed.head(10)
    names = [look.label(name.split("/")[-1], 26) for name in best["parent"]]
    look.bars(right, names, list(best["children"]), [count(value) for value in best["children"]], room=1.35)
    look.as_count(right.xaxis)
    right.set(title="Most children")
    look.caption(figure, scope.caption(len(followed), "parents", scope.hub))
    return figure
