"""What the static scan says of files, of models, and of the hub that the models were drawn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyses import _downstream, _probe, _stats
from analyses._base import Answer, analysis
from analyses._probe import Design, Probed
from analyses._scope import Scope
from analyses._tables import at, shared
from analyses._text import count, number, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "scanned_files"
TITLE = "Scanned files"
QUESTION = "How many models hold a file that may run code when it is loaded, by verdict, format and rule?"
SOURCE = "Horvitz and Thompson 1952; Hájek 1971; Korn and Graubard, Survey Methodology 24, 1998; Cochran 1977, 3.12."
NEEDS = ("scans",)

_RANK = "list_position(['clean', 'unlisted', 'error', 'suspicious', 'dangerous'], {0})"
_FILES = f"""
        SELECT hub, model_id, path, sha256, bytes, formats, verdict, {_RANK.format("verdict")} AS rank
        FROM mart.examined_file
"""
_MODELS = f"""
        SELECT hub, model_id, arg_max(verdict, rank) AS verdict, count(*) AS files, sum(bytes) AS bytes,
            bool_or(list_contains(formats, 'pickle')) AS pickled
        FROM ({_FILES}) GROUP BY hub, model_id
"""
_SEEN = "SELECT hub, model_id FROM mart.examination WHERE stage = 'scan' AND state = 'done'"
SQL = {
    "models": f"""
        SELECT verdict, count(*) AS models, (sum(count(*)) OVER ())::BIGINT AS n, sum(files)::BIGINT AS files
        FROM ({_MODELS}) GROUP BY verdict ORDER BY any_value({_RANK.format("verdict")}) DESC
    """,
    "pickled": f"SELECT count(*) FILTER (pickled) AS models, count(*) AS n FROM ({_MODELS})",
    "files": f"""
        WITH per AS (
            SELECT v.verdict, f.hub, f.model_id, count(*) FILTER (f.verdict = v.verdict) AS k, count(*) AS m,
                sum(f.bytes) FILTER (f.verdict = v.verdict) AS bytes
            FROM ({_FILES}) f, (SELECT DISTINCT verdict FROM mart.examined_file) v GROUP BY ALL
        ), blob AS (
            SELECT verdict, count(DISTINCT sha256) AS blobs FROM mart.examined_file GROUP BY verdict
        )
        SELECT verdict, any_value(blobs) AS blobs, sum(bytes)::DOUBLE AS bytes, {_probe.SUMS}
        FROM per JOIN blob USING (verdict) GROUP BY verdict ORDER BY {_RANK.format("verdict")} DESC
    """,
    "formats": f"""
        WITH kind AS (
            SELECT hub, model_id,
                unnest(CASE WHEN len(formats) = 0 THEN ['(no model format)'] ELSE list_distinct(formats) END)
                    AS format, verdict IN ('suspicious', 'dangerous') AS bad FROM ({_FILES})
        ), per AS (SELECT format, hub, model_id, count(*) FILTER (bad) AS k, count(*) AS m FROM kind GROUP BY ALL)
        SELECT format, {_probe.SUMS} FROM per GROUP BY format ORDER BY m DESC, format
    """,
    "rules": f"""
        SELECT rule, severity, count(*) AS findings, count(DISTINCT (hub, model_id, path)) AS files,
            count(DISTINCT (hub, model_id)) AS models, (SELECT count(*) FROM ({_MODELS})) AS n
        FROM mart.finding WHERE stage = 'scan' AND severity <> 'note'
        GROUP BY rule, severity ORDER BY {_RANK.format("severity").replace("clean", "note")} DESC, models DESC, rule
    """,
    "flagged": f"""
        SELECT f.hub, f.model_id, f.path, f.verdict, f.sha256, f.bytes::DOUBLE AS bytes,
            string_agg(DISTINCT d.rule, ', ' ORDER BY d.rule)
                FILTER (d.severity IN ('suspicious', 'dangerous')) AS rules
        FROM ({_FILES}) f
        LEFT JOIN mart.finding d ON d.stage = 'scan' AND (d.hub, d.model_id, d.path) = (f.hub, f.model_id, f.path)
        WHERE f.verdict IN ('suspicious', 'dangerous')
        GROUP BY ALL ORDER BY f.verdict, f.hub, f.model_id, f.path LIMIT 500
    """,
    "strata": f"""
        WITH model AS (SELECT hub, model_id, verdict, pickled FROM ({_MODELS})), seen AS ({_SEEN})
        SELECT s.hub, s.stratum, s.probability, max(s.stratum_models) AS models, count(*) AS drawn,
            count(e.model_id) AS seen, count(e.model_id) FILTER (m.verdict IN ('suspicious', 'dangerous')) AS flagged,
            count(e.model_id) FILTER (m.verdict = 'dangerous') AS dangerous,
            count(e.model_id) FILTER (m.verdict = 'error') AS unjudged,
            count(e.model_id) FILTER (m.pickled) AS pickled
        FROM mart.sample s
        LEFT JOIN seen e ON (e.hub, e.model_id) = (s.hub, s.model_id)
        LEFT JOIN model m ON (m.hub, m.model_id) = (s.hub, s.model_id)
        WHERE s.role = 'drawn' GROUP BY s.hub, s.stratum, s.probability ORDER BY ALL
    """,
    "cost": """
        SELECT stage, count(*) AS models, count(*) FILTER (state = 'done') AS done, sum(cpu_seconds) AS cpu_seconds,
            median(cpu_seconds) AS median_cpu_seconds, max(cpu_seconds) AS most_cpu_seconds,
            sum(wall_seconds) AS wall_seconds, sum(read_bytes)::DOUBLE AS read_bytes,
            max(peak_bytes)::DOUBLE AS peak_bytes,
            sum(read_bytes) FILTER (cpu_seconds > 0) / nullif(sum(cpu_seconds) FILTER (read_bytes >= 0), 0)
                AS bytes_per_cpu_second
        FROM mart.examination GROUP BY stage
        ORDER BY list_position(['fetch', 'scan', 'weights', 'verify', 'triggers'], stage)
    """,
}
_EVENTS = {
    "pickled": "pickled",
    "flagged": "suspicious or worse",
    "dangerous": "dangerous",
    "unjudged": "not judged",
}


@analysis
def run(scope: Scope) -> Answer:
    """Verdicts of files and models; shares of the hub by the weights of the draw."""
    mined = _probe.probed(scope, "scan")
    models, rules = shared(scope.frame(SQL["models"])), shared(scope.frame(SQL["rules"]))
    files, formats = (_counts(scope.frame(SQL[name])) for name in ("files", "formats"))
    pickled = shared(scope.frame(SQL["pickled"]).assign(what="ship pickled files")[["what", "models", "n"]])
    n = int(models["n"].iloc[0])
    bad = int(models.loc[models["verdict"].isin(["suspicious", "dangerous"]), "models"].sum())
    estimates, first = _estimates(scope.frame(SQL["strata"]))
    tables = {"models": models, "files": files, "formats": formats, "rules": rules, "pickled": pickled}
    if first:
        tables = {"estimates": estimates, **tables}
    tables |= {"flagged": scope.frame(SQL["flagged"]), "cost": scope.frame(SQL["cost"])}
    raw = _stats.share(bad, n)
    statement = (
        f"{_estimated(estimates, first)}{share_with_interval(raw)} of the models scanned hold a suspicious or "
        f"dangerous file ({count(files['files'].sum())} files; {mined.cite(scope)})."
    )
    headline = first["flagged"].value if first else raw.value
    return Answer(
        statement,
        tables,
        lambda: _draw(models, estimates, rules, formats, scope, mined),
        _alt(models, estimates, rules),
        _published(
            first, at(pickled, "what", "ship pickled files", "share"), at(models, "verdict", "dangerous", "share")
        ),
        _notes(estimates),
        headline=(percent(headline, 1), "of models hold a suspicious or dangerous file"),
    )


def _counts(frame: pd.DataFrame) -> pd.DataFrame:
    """Shares over the models that hold the files, under names for readers."""
    made = _probe.clustered(frame)
    names = {"k": "files", "m": "n"} if "verdict" in frame else {"k": "flagged", "m": "files"}
    return made.drop(columns=["kk", "km", "mm"]).rename(columns=names)


def _estimates(strata: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Design]]:
    """One row per hub and event, and the designs of the hub with most models seen."""
    import pandas as pd

    if strata.empty or not strata["seen"].sum():
        return pd.DataFrame(), {}
    order = strata.groupby("hub")["seen"].sum().sort_values(ascending=False, kind="stable")
    made = {(hub, event): _probe.stratified(strata[strata["hub"] == hub], event) for hub in order.index if order[hub]
            for event in _EVENTS}  # fmt: skip
    rows = [
        (hub, _EVENTS[event], d.value, d.low, d.high, d.seen, d.raw, d.drawn, d.effective, d.degrees,
         d.population, d.covered / d.population)
        for (hub, event), d in made.items()
    ]  # fmt: skip
    columns = ["hub", "what", "share", "low", "high", "n", "raw share", "drawn", "effective n", "degrees",
               "models stood for", "covered"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns), {event: made[order.index[0], event] for event in _EVENTS}


def _estimated(estimates: pd.DataFrame, first: dict[str, Design]) -> str:
    """The estimates as the beginning of a sentence."""
    if not first:
        return ""
    return (
        f"{share_with_interval(first['flagged'].estimate)} of the models of {estimates['hub'].iloc[0]} are estimated "
        f"to hold a suspicious or dangerous file and {share_with_interval(first['pickled'].estimate)} a pickled one; "
    )


def _published(first: dict[str, Design], pickled: float, dangerous: float) -> list[tuple[Any, ...]]:
    if first:
        pickled, dangerous = first["pickled"].value, first["dangerous"].value
    return [
        ("models that ship pickled files", 0.449, pickled, "share", "PickleBall, CCS 2025 (arXiv 2508.15987)",
         "theirs: popular models of Hugging Face; ours: any file that holds a pickle, over all that could be drawn"),
        ("models with a malicious file", 91 / 705_000, dangerous, "share", "MalHug, ASE 2024 (91 of 705,000 models)",
         "theirs were confirmed by people; ours is the scan's verdict 'dangerous', which nobody has confirmed"),
    ]  # fmt: skip


def _notes(estimates: pd.DataFrame) -> list[str]:
    told = [
        "A file is judged by its content and is as bad as its worst finding, a model as its worst file: dangerous "
        "(imports or does what runs code), suspicious, error (not judged), unlisted (a name on no list), clean.",
        "Files of a model are alike: shares of files have Wilson intervals at the effective number of files of a "
        "sample of clusters. Shares of rules are over models.",
    ]
    if estimates.empty:
        return [*told, "No draw lies beside these scans: the shares are those of the models scanned, not of a hub."]
    one = estimates.iloc[0]
    return [
        *told,
        f"Estimates for a hub weigh each model drawn by its inverse inclusion probability: {count(one['n'])} of "
        f"{count(one['drawn'])} drawn were scanned and stand for {count(one['models stood for'])} models that could "
        f"be drawn (open, with a known commit), {percent(one['covered'], 1)} of them in strata with a model scanned; "
        "whether a model could be scanned is taken to be chance within its stratum.",
        "Intervals: Clopper-Pearson's at the effective sample size (Korn and Graubard), here "
        + ", ".join(f"{number(row['effective n'], 1)} for '{row['what']}'" for _, row in _first(estimates).iterrows())
        + f", with {count(one['degrees'])} degrees of freedom; with no event at all Kish's size.",
    ]


def _first(estimates: pd.DataFrame) -> pd.DataFrame:
    """The rows of the hub with most models seen."""
    return estimates.groupby("hub", sort=False).get_group(estimates["hub"].iloc[0])


def _alt(models: pd.DataFrame, estimates: pd.DataFrame, rules: pd.DataFrame) -> str:
    verdicts = ", ".join(f"{row['verdict']} {percent(row['share'], 1)}" for _, row in models.iterrows())
    hub = "; ".join(f"{row['what']} {percent(row['share'], 1)}" for _, row in estimates.iterrows())
    found = ", ".join(f"{row['rule']} {count(row['models'])}" for _, row in rules.head(6).iterrows())
    found, hub = found or "none", hub or "none"
    return f"Models by worst verdict: {verdicts}. Estimates for the hub: {hub}. Rules by models: {found}."


def _draw(
    models: pd.DataFrame,
    estimates: pd.DataFrame,
    rules: pd.DataFrame,
    formats: pd.DataFrame,
    scope: Scope,
    mined: Probed,
) -> Figure:
    from analyses import _style as look

    shown = rules.head(8)
    figure = look.canvas(height=3.9 + 0.24 * max(len(shown), 3))
    grid = figure.add_gridspec(2, 2, height_ratios=(1.0, 0.35 + 0.16 * max(len(shown), 3)))
    places = [figure.add_subplot(place) for place in (grid[0, 0], grid[0, 1], grid[1, :])]
    n = int(models["n"].iloc[0])
    beside = [count(k) for k in models["models"]]
    title = "Models scanned, by worst file"
    _downstream.bars(places[0], models, "verdict", title, look.BLUE, beside=beside, room=1.7)
    if len(estimates):
        first = _first(estimates)
        beside = [f"raw {percent(raw, 1)}" for raw in first["raw share"]]
        title = f"Estimated for {look.label(first['hub'].iloc[0], 24)}"
        _downstream.bars(places[1], first, "what", title, look.GREEN, beside=beside, room=2.3)
        places[1].plot(first["raw share"], range(len(first)), "|", color=look.INK, markersize=9, markeredgewidth=1.6)
    else:
        kinds = formats.head(5)
        beside = [f"{count(k)} of {count(m)}" for k, m in zip(kinds["flagged"], kinds["files"], strict=True)]
        title = "Suspicious or dangerous, by format"
        _downstream.bars(places[1], kinds, "format", title, look.GREEN, beside=beside, room=2.2)
    if len(shown):
        beside = [f"{row['severity']}, {count(row['models'])} of {count(row['n'])}" for _, row in shown.iterrows()]
        _downstream.bars(places[2], shown, "rule", "Models by rule", look.RED, beside=beside, room=1.6)
    else:
        places[2].axis("off")
        places[2].text(0.5, 0.5, "no finding above a note", ha="center", va="center", color=look.GREY)
    look.caption(
        figure, mined.caption(scope, n, "models scanned") + ". Whiskers: 95 %; black marks: unweighted sample."
    )
    return figure
