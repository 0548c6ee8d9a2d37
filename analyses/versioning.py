"""Whether models have versions: in their names, in their weights, in the lists of their hubs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._tables import shared
from analyses._text import count, percent, share_with_interval, short

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "versioning"
TITLE = "Versions"
QUESTION = "Do models say which version they are, and do their weights change after they were published?"
SOURCE = (
    "The release study of SAIL on Hugging Face (tables of weight-file changes, kinds of variants and 384 names read "
    "by hand), imported with `import versions`; names, commits and releases of the census beside it."
)
NEEDS: tuple[str, ...] = ()
# RE2 has no backtracking; names are cut before they are matched.
_NAMED = "lower(left(name, 200))"
_V = "(^|[^a-z0-9])(v|ver|version)[-_.]?[0-9]{1,3}(\\.[0-9]{1,3}){0,3}[a-z]?($|[^a-z0-9])"
_SEMANTIC = "(^|[^a-z0-9.])v?[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,4}($|[^a-z0-9.])"
_FIRST = "(^|[^a-z0-9])v[-_.]?(0\\.1|1|1\\.0|0)($|[^a-z0-9.])"
_DATE = "(^|[^0-9])20(1[5-9]|2[0-9])[-_.]?(0[1-9]|1[0-2])([-_.]?(0[1-9]|[12][0-9]|3[01]))?($|[^0-9])"
_STAGES = "alpha|beta|rc[0-9]{0,2}|preview|final|latest|nightly|dev|wip|test|checkpoint-?[0-9]{0,9}"
_STAGE = f"(^|[^a-z0-9])({_STAGES})($|[^a-z0-9])"
WORDS = {
    "a version word (v2, version-1.1)": _V,
    "a version of three parts (1.0.3)": _SEMANTIC,
    "a first version (v1, v0.1)": _FIRST,
    "a date (2024-05)": _DATE,
    "a stage (beta, final, checkpoint-500)": _STAGE,
}
_WEIGHTS = r"\.(safetensors|bin|pt|pth|h5|gguf|onnx|ckpt|msgpack|tflite|pkl|npz)$"
_VERSIONED = f"(regexp_matches({_NAMED}, '{_V}') OR regexp_matches({_NAMED}, '{_SEMANTIC}'))"
SQL = {
    "names": "SELECT count(*), count(*) FILTER ("
    + _VERSIONED
    + "), "
    + ", ".join(f"count(*) FILTER (regexp_matches({_NAMED}, '{pattern}'))" for pattern in WORDS.values())
    + " FROM scope",
    "numbers": f"""
        SELECT regexp_extract({_NAMED}, '{_V.replace("(v|ver|version)", "(?:v|ver|version)")}', 0) AS word,
            count(*) AS models
        FROM scope WHERE regexp_matches({_NAMED}, '{_V}') GROUP BY 1
    """,
    "by task": f"""
        SELECT task, count(*) FILTER ({_VERSIONED}) AS models, count(*) AS n
        FROM scope WHERE task IS NOT NULL GROUP BY task HAVING n >= $1 ORDER BY n DESC, task LIMIT 20
    """,
    "series": f"""
        SELECT count(*) AS families, count(*) FILTER (models >= 2) AS several, max(models) AS most FROM (
            SELECT hub, owner, regexp_replace({_NAMED}, '{_V}', ' ') AS stem, count(*) AS models
            FROM scope WHERE regexp_matches({_NAMED}, '{_V}') GROUP BY ALL)
    """,
    "changes": """
        SELECT least(changes, 11) AS changes, count(*) AS models FROM (
            SELECT hub, model_id, max(changes) AS changes FROM mart.weight_change GROUP BY ALL)
        GROUP BY 1 ORDER BY 1
    """,
    "changed": """
        SELECT v.variant, count(*) FILTER (c.model_id IS NOT NULL) AS models, count(*) AS n
        FROM (SELECT DISTINCT hub, model_id, variant FROM mart.model_variant) v
        LEFT JOIN (SELECT DISTINCT hub, model_id FROM mart.weight_change WHERE changes >= 2) c
            ON c.hub = v.hub AND c.model_id = v.model_id
        GROUP BY v.variant ORDER BY n DESC, v.variant LIMIT 20
    """,
    "all variants": """
        SELECT count(*) FILTER (c.model_id IS NOT NULL), count(*)
        FROM (SELECT DISTINCT hub, model_id FROM mart.model_variant) v
        LEFT JOIN (SELECT DISTINCT hub, model_id FROM mart.weight_change WHERE changes >= 2) c
            ON c.hub = v.hub AND c.model_id = v.model_id
    """,
    "variants": """
        SELECT *, (sum(models) OVER (PARTITION BY task))::BIGINT AS n FROM (
            SELECT coalesce(task, 'not said') AS task, variant, count(DISTINCT (hub, model_id)) AS models
            FROM mart.model_variant GROUP BY ALL)
        ORDER BY n DESC, task, models DESC LIMIT 60
    """,
    "patterns": """
        SELECT part, count(DISTINCT (hub, model_id)) AS models,
            (SELECT count(DISTINCT (hub, model_id)) FROM mart.name_pattern) AS n
        FROM (
            SELECT hub, model_id,
                unnest(regexp_extract_all(lower(left(pattern, 400)), '\\{([^{}]{1,40})\\}', 1)) AS part
            FROM mart.name_pattern)
        GROUP BY part ORDER BY models DESC, part LIMIT 40
    """,
    "agreement": f"""
        SELECT count(*) FILTER (said AND ours), count(*) FILTER (said AND NOT ours),
            count(*) FILTER (NOT said AND ours), count(*) FILTER (NOT said AND NOT ours)
        FROM (
            SELECT contains(lower(pattern), '{{version}}') AS said, {_VERSIONED} AS ours
            FROM (SELECT pattern, split_part(model_id, '/', -1) AS name FROM mart.name_pattern))
    """,
    "commits": f"""
        SELECT count(*) AS models, count(*) FILTER (commits > 1) AS several, count(*) FILTER (later) AS later,
            count(*) FILTER (weights > 1) AS weights FROM (
            SELECT s.model_key, count(*) AS commits,
                max(c.committed_at) > min(c.committed_at) + INTERVAL 1 DAY AS later,
                count(*) FILTER (regexp_matches(lower(left(c.title, 300)), 'upload|weights|checkpoint|model\\.|'
                    || '{_WEIGHTS}')) AS weights
            FROM scope s JOIN core.commit c ON c.model_id = s.model_key GROUP BY s.model_key)
    """,
    "releases": """
        SELECT s.hub, count(*) FILTER (versions > 1) AS models, count(*) AS n, max(versions) AS most FROM (
            SELECT s.hub, s.model_key, count(DISTINCT r.version) AS versions
            FROM scope s JOIN core.release r ON r.releases_id = s.releases_id
            WHERE r.version IS NOT NULL GROUP BY ALL) s
        GROUP BY s.hub ORDER BY n DESC, s.hub
    """,
    "files": """
        WITH seen AS (
            SELECT s.hub, s.model_key, count(DISTINCT v.sha) AS states FROM scope s
            JOIN core.model_version v ON v.model_id = s.model_key
            WHERE v.sha IS NOT NULL AND v.valid_from <= (SELECT max(observed_at) FROM mart.snapshot
                WHERE list_contains($1::INTEGER[], snapshot_id))
            GROUP BY ALL)
        SELECT count(*) FILTER (states > 1), count(*) FROM seen
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Names first, which every hub has; then what was imported or landed about changes, variants and releases."""
    counted = [int(value) for value in scope.row(SQL["names"])]
    names = _names(counted)
    tables: dict[str, pd.DataFrame] = {"names": names, "numbers": _numbers(scope)}
    tables["by task"] = shared(scope.frame(SQL["by task"], [1000 if scope.models > 100_000 else 1]))
    summary = _summary(scope, counted)
    tables["summary"] = summary
    for name, query in (("changed", "changed"), ("variants", "variants"), ("name parts", "patterns")):
        frame = scope.frame(SQL[query])
        if len(frame):
            tables[name] = shared(frame)
    changes = _changes(scope)
    if len(changes):
        tables["changes"] = changes
    versioned = _stats.share(counted[1], counted[0])
    changed = summary.loc[summary["what"] == "weights changed after the upload (imported tables)"]
    sentence = ""
    if len(changed):
        row = changed.iloc[0]
        part = share_with_interval(_stats.share(int(row["models"]), int(row["n"])))
        sentence = f"; of the variants in the imported tables {part} have a weight file that was committed again"
    return Answer(
        f"{share_with_interval(versioned)} of models carry a version in their name{sentence} ({scope.cite()}).",
        tables,
        lambda: _draw(names, changes, tables, scope),
        _alt(names, changes),
        _published(summary, tables),
        _notes(scope, tables),
        headline=(percent(versioned.value, 1), "of models carry a version in their name"),
    )


def _names(counted: list[int]) -> pd.DataFrame:
    import pandas as pd

    rows = [("a version of any form", counted[1], counted[0])]
    rows += [(what, models, counted[0]) for what, models in zip(WORDS, counted[2:], strict=True)]
    return shared(pd.DataFrame(rows, columns=["name has", "models", "n"]))


def _numbers(scope: Scope) -> pd.DataFrame:
    """Models by the major number of the version word in their name."""
    frame = scope.frame(SQL["numbers"])
    major = frame["word"].str.extract(r"(\d{1,3})", expand=False).astype("float64")
    table = frame.assign(version=major).dropna(subset=["version"]).groupby("version", as_index=False)["models"].sum()
    table = table.assign(version=table["version"].astype(int), n=int(frame["models"].sum()))
    return shared(table).head(20)


def _summary(scope: Scope, counted: list[int]) -> pd.DataFrame:
    """One row per way in which a model can have versions, where the census knows of it."""
    import pandas as pd

    rows = [("a version in the name", counted[1], counted[0])]
    families, several, _ = (int(value or 0) for value in scope.row(SQL["series"]))
    if families:
        rows.append(("names that differ in their version only, of one owner", several, families))
    changed, n = (int(value) for value in scope.row(SQL["all variants"]))
    if n:
        rows.append(("weights changed after the upload (imported tables)", changed, n))
    models, commits, later, weights = (int(value) for value in scope.row(SQL["commits"]))
    if models:
        rows.append(("more than one commit", commits, models))
        rows.append(("a commit a day or more after the first", later, models))
        rows.append(("several commits whose title speaks of weights or uploads", weights, models))
    states, n = (int(value) for value in scope.row(SQL["files"], [scope.snapshot_ids]))
    if n:
        rows.append(("several commits of the default branch seen by the census", states, n))
    releases = scope.frame(SQL["releases"])
    if len(releases):
        rows.append(
            ("several versions in the hub's own list", int(releases["models"].sum()), int(releases["n"].sum()))
        )
    return shared(pd.DataFrame(rows, columns=["what", "models", "n"]))


def _changes(scope: Scope) -> pd.DataFrame:
    frame = scope.frame(SQL["changes"])
    total = int(frame["models"].sum()) if len(frame) else 0
    label = frame["changes"].map(lambda value: "11 and more" if value >= 11 else str(int(value)))
    return shared(frame.assign(changes=label, n=total)) if total else frame


def _published(summary: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> list[tuple[object, ...]]:
    """The sizes of the study's own tables: they say whether the whole was imported."""
    rows: list[tuple[object, ...]] = []
    if "changes" not in tables or "variants" not in tables:
        return rows
    source = "tables of the SAIL release study, counted by other code"
    changed = summary.loc[summary["what"] == "weights changed after the upload (imported tables)"].iloc[0]
    rows.append(("models in the table of variants", 52_226, int(changed["n"]), "count", source, "52,227 rows"))
    note = "30,784 weight files; only files that were committed twice and more are in the table"
    rows.append(("models with a changed weight file", 16_271, int(changed["models"]), "count", source, note))
    if "name parts" in tables:
        n = int(tables["name parts"]["n"].iloc[0])
        rows.append(("names read by hand", 384, n, "count", source, ""))
    return rows


def _notes(scope: Scope, tables: dict[str, pd.DataFrame]) -> list[str]:
    notes = [
        "Names are matched without their owner, in small letters: v or version with a number, or three numbers with "
        "dots. A number alone is no version (7b is a size, 2024 a year).",
    ]
    if "changes" in tables:
        notes.append(
            "The table of changes lists weight files that stand in two commits and more; a file uploaded once is not "
            "in it, so the share is over the models of the table of variants, which holds all of its models."
        )
    if "name parts" in tables:
        both, missed, wrong, neither = (int(value) for value in scope.row(SQL["agreement"]))
        n = both + missed + wrong + neither
        agreed = _stats.share(both + neither, n)
        chance = ((both + missed) * (both + wrong) + (wrong + neither) * (missed + neither)) / n**2 if n else 1.0
        kappa = (agreed.value - chance) / (1 - chance) if chance < 1 else float("nan")
        notes.append(
            f"Against {count(n)} names read by people, the rule agrees in {share_with_interval(agreed)}, Cohen's "
            f"kappa {kappa:.2f}: {count(both)} versions found, {count(missed)} missed, {count(wrong)} that people "
            "did not see."
        )
    known = list(tables["summary"]["what"])
    if not any("commit" in what for what in known):
        notes.append("No commits of models are landed here; `crawl --with commits` brings them.")
    return notes


def _alt(names: pd.DataFrame, changes: pd.DataFrame) -> str:
    shown = ", ".join(f"{row['name has']} {percent(row['share'], 1)}" for _, row in names.iterrows())
    text = f"Share of models whose name has: {shown}."
    if len(changes):
        text += " Models by the most commits of one of their weight files: "
        text += (
            ", ".join(f"{row['changes']} {percent(row['share'], 1)}" for _, row in changes.head(4).iterrows()) + "."
        )
    return text


def _draw(names: pd.DataFrame, changes: pd.DataFrame, tables: dict[str, pd.DataFrame], scope: Scope) -> Figure:
    from analyses import _style as look

    drawn = [("Names that have ...", names, "name has", look.BLUE)]
    if len(changes):
        drawn.append(("Commits of the weight file", changes, "changes", look.RED))
    if "changed" in tables:
        drawn.append(("Changed, by variant", tables["changed"].head(6), "variant", look.GREEN))
    figure = look.canvas(height=2.9 if len(drawn) == 1 else 5.6)
    grid = figure.add_gridspec(
        2 if len(drawn) > 1 else 1, max(1, len(drawn) - 1), height_ratios=(1, 1.35)[: min(2, len(drawn))]
    )
    places = [grid[0, :], *[grid[1, place] for place in range(len(drawn) - 1)]]
    for place, (title, frame, column, colour) in zip(places, drawn, strict=True):
        axes = figure.add_subplot(place)
        written = [f"{percent(row['share'], 1)} ({count(row['models'])})" for _, row in frame.iterrows()]
        intervals = (list(frame["low"]), list(frame["high"]))
        labels = [short(name, 40) for name in frame[column]]
        look.bars(axes, labels, list(frame["share"]), written, intervals=intervals, colour=colour, room=1.4)
        look.as_percent(axes.xaxis)
        axes.locator_params(axis="x", nbins=5 if len(drawn) == 1 or frame is names else 3)
        axes.set(title=title)
    rest = f"; left below: n = {count(int(changes['n'].iloc[0]))} models with a changed file" if len(changes) else ""
    if "changed" in tables:
        rest += f", right: n = {count(int(tables['changed']['n'].sum()))} variants of the imported tables"
    look.caption(figure, scope.caption(int(names["n"].iloc[0])) + rest)
    return figure
