"""How far a hub's own safeguards reach: verified organisations, signed commits, scans, permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._tables import shared
from analyses._text import count, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "security_practice"
TITLE = "Safeguards of the hub"
QUESTION = "How many owners are verified, how many models are gated, signed or flagged by the hub's scanners?"
SOURCE = (
    "Jiang et al., ICSE 2023, section VIII: verified organisations 199 of 6,243, repositories with a signed commit "
    "132 of 63,182, packages flagged by ClamAV 0; Wilson 1927."
)
NEEDS = ("models",)
# Verdicts on whole models: the worst of its files. Skipped means that the scanner has not answered.
_WORST = """
        SELECT scanner, model_key, CASE WHEN bool_or(verdict = 'dangerous') THEN 'dangerous'
            WHEN bool_or(verdict = 'suspicious') THEN 'suspicious'
            WHEN bool_and(verdict IN ('skipped', 'error')) THEN 'not scanned' ELSE 'no finding' END AS verdict
        FROM mart.hub_scan WHERE model_key IN (SELECT model_key FROM main) GROUP BY ALL
"""
SQL = {
    "owners": """
        WITH owned AS (
            SELECT owner, count(*) AS models, sum(downloads)::DOUBLE AS downloads FROM main WHERE owner <> ''
            GROUP BY owner
        ), told AS (SELECT * FROM mart.owner WHERE hub = (SELECT any_value(hub) FROM main))
        SELECT coalesce(t.kind, t.state, 'not asked') AS kind, t.verified, count(*) AS owners,
            sum(o.models)::BIGINT AS models, coalesce(sum(o.downloads), 0) AS downloads,
            median(t.followers) AS "median followers", count(t.plan) AS "with a paid plan"
        FROM owned o LEFT JOIN told t ON t.owner = o.owner GROUP BY ALL ORDER BY owners DESC, kind, verified
    """,
    "gated": """
        SELECT coalesce(gated, 'unknown') AS gated, count(*) AS models, sum(downloads)::BIGINT AS downloads
        FROM main GROUP BY 1 ORDER BY models DESC, 1
    """,
    "scanners": f"""
        SELECT scanner, count(*) FILTER (verdict <> 'not scanned') AS n,
            count(*) FILTER (verdict = 'dangerous') AS models, count(*) FILTER (verdict = 'suspicious') AS suspicious,
            count(*) AS listed
        FROM ({_WORST}) GROUP BY scanner ORDER BY scanner <> 'hub', scanner
    """,
    "commits": """
        SELECT count(DISTINCT model_id) AS repositories, count(*) AS commits FROM core.commit
        WHERE model_id IN (SELECT model_key FROM main)
    """,
}
#: What the paper counted: parts, wholes.
VERIFIED, SIGNED, CLAMAV = (199, 6_243), (132, 63_182), (0, 63_182)
PAPER = "ICSE 2023, section VIII (2022-08)"
UNSIGNED = (
    "the hub's API lists commits without their signatures; git itself says it (%GK of a clone), and no git-based "
    "source has landed commits here"
)
_NO_OWNERS = "no owner was asked about; 'crawl huggingface --with owners' asks the hub"
_NO_SCANS = "no listing of files with the hub's verdicts; 'crawl huggingface --with files' brings them"
_NO_ANSWER = "the hub lists this scanner and no answer of it yet"
_NO_GATES = "no source says whether models are gated"


@analysis
def run(scope: Scope) -> Answer:
    """Each safeguard as a share with its Wilson interval, or the reason why it is not measured."""
    owners, gated, scanners = practice_tables(scope)
    table = practices(scope, owners, gated, scanners)
    tables = {"practices": table, "owners": owners}
    if len(scanners):
        tables["scanners"] = scanners
    if set(gated["gated"]) != {"unknown"}:
        tables["gated"] = gated
    measured = table.loc[table["n"] > 0]
    spoken = [
        f"{row['practice']}: {share_with_interval(_stats.share(int(row['models']), int(row['n'])))}"
        for _, row in measured.iterrows()
    ]
    statement = "; ".join(spoken) if spoken else "None of the safeguards can be measured on what was crawled"
    return Answer(
        f"{statement} ({scope.cite(scope.hub)}).",
        tables,
        lambda: _draw(table, scanners, scope),
        _alt(table),
        _published(table),
        [
            "An organisation is what the hub answers for under that name; users cannot be verified. Owners are those "
            f"of models of the scope: {_coverage(owners)}.",
            "A model is flagged where the hub's scanner calls one of its files dangerous, of the models for which it "
            "has answered at all. avScan is ClamAV; the paper looked at it alone, on web pages.",
            f"Signed commits are not measured: {UNSIGNED}.",
            f"Whether a model is gated is known for {count(_known(gated))} of {count(gated['models'].sum())} models. "
            "A dump of details by others may lack those that refused, which are the gated ones: then it is too low.",
        ],
        headline=_headline(table),
    )


def practice_tables(scope: Scope) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Owners by kind, models by gate, models by scanner."""
    scanners = scope.frame(SQL["scanners"])
    return scope.frame(SQL["owners"]), scope.frame(SQL["gated"]), shared(scanners) if len(scanners) else scanners


def practices(scope: Scope, owners: pd.DataFrame, gated: pd.DataFrame, scanners: pd.DataFrame) -> pd.DataFrame:
    """One row per safeguard: parts, whole, share, interval, or why not."""
    import pandas as pd

    known = owners.loc[(owners["kind"] == "organisation") & owners["verified"].notna()]
    verified = known.loc[known["verified"].astype(bool)]
    found = owners.loc[owners["kind"].isin(["organisation", "user"])]
    gates = gated.loc[gated["gated"] != "unknown"]
    closed = gates.loc[~gates["gated"].isin(["false", "False"])]
    repositories, commits = (int(value) for value in scope.row(SQL["commits"]))
    rows = [
        ("verified organisations", "organisations", verified["owners"].sum(), known["owners"].sum(), _NO_OWNERS),
        (
            "owners that are verified organisations",
            "owners",
            verified["owners"].sum(),
            found["owners"].sum(),
            _NO_OWNERS,
        ),
        ("models of verified organisations", "models", verified["models"].sum(), found["models"].sum(), _NO_OWNERS),
        ("gated models", "models", closed["models"].sum(), gates["models"].sum(), _NO_GATES),
        *(
            (f"models flagged by {_title(row['scanner'])}", "models", row["models"], row["n"], _NO_ANSWER)
            for _, row in scanners.iterrows()
        ),
    ]
    if scanners.empty:
        rows.append(("models flagged by ClamAV (avScan)", "models", 0, 0, _NO_SCANS))
    why = UNSIGNED
    if commits:
        why = f"{count(commits)} commits of {count(repositories)} repositories are known, and " + UNSIGNED
    rows.append(("repositories with a signed commit", "models", 0, 0, why))
    frame = pd.DataFrame(rows, columns=["practice", "unit", "models", "n", "why"])
    frame[["models", "n"]] = frame[["models", "n"]].fillna(0).astype(np.int64)
    frame = shared(frame)
    frame["not measured"] = frame.pop("why").where(frame["n"] == 0, "")
    return frame


def _title(scanner: str) -> str:
    return {"avScan": "ClamAV (avScan)", "hub": "the hub as a whole"}.get(scanner, scanner)


def _coverage(owners: pd.DataFrame) -> str:
    asked = owners.loc[owners["kind"] != "not asked", "owners"].sum()
    return f"{count(asked)} of {count(owners['owners'].sum())} were asked about"


def _known(gated: pd.DataFrame) -> float:
    return float(gated.loc[gated["gated"] != "unknown", "models"].sum())


def _headline(table: pd.DataFrame) -> tuple[str, str] | None:
    first = table.iloc[0]
    return (percent(first["share"], 1), "of organisations are verified") if first["n"] else None


def _published(table: pd.DataFrame) -> list[tuple[object, ...]]:
    ours = {row["practice"]: float(row["share"]) for _, row in table.iterrows() if row["n"]}
    return [
        (name, part / whole, ours.get(name, float("nan")), "share", PAPER, note)
        for name, (part, whole), note in (
            (
                "verified organisations",
                VERIFIED,
                "199 of 6,243; theirs of all organisation pages, also of those without a model",
            ),
            ("repositories with a signed commit", SIGNED, f"132 of 63,182 cloned repositories; ours: {UNSIGNED}"),
            (
                "models flagged by ClamAV (avScan)",
                CLAMAV,
                "0 of 63,182, read off web pages; the hub has added scanners of pickles since, which do flag",
            ),
        )
    ]


def _alt(table: pd.DataFrame) -> str:
    parts = [
        f"{row['practice']} " + (f"{percent(row['share'])} of {count(row['n'])}" if row["n"] else "not measured")
        for _, row in table.iterrows()
    ]
    return "Shares of the safeguards: " + "; ".join(parts) + "."


def _draw(table: pd.DataFrame, scanners: pd.DataFrame, scope: Scope) -> Figure:
    from analyses import _style as look

    figure, (axes,) = look.figure(height=1.9 + 0.33 * len(table))
    theirs = {str(row[0]): float(str(row[1])) for row in _published(table)}
    shares = table["share"].fillna(0.0)
    written = [
        f"{percent(row['share'])}  ({count(row['models'])} of {count(row['n'])})"
        if row["n"]
        else "not measured" + (f"; published {percent(theirs[row['practice']])}" if row["practice"] in theirs else "")
        for _, row in table.iterrows()
    ]
    intervals = (list(table["low"].fillna(0.0)), list(table["high"].fillna(0.0)))
    look.bars(axes, list(table["practice"]), list(shares), written, intervals=intervals, room=1.45)
    measured = table["n"].to_numpy() > 0
    look.marks(
        axes, {at: theirs[name] for at, name in enumerate(table["practice"]) if name in theirs and measured[at]}
    )
    look.as_percent(axes.xaxis)
    look.headline(figure, "Safeguards of the hub, and how far they reach")
    look.caption(
        figure,
        scope.caption(scope.sizes[scope.hub], hub=scope.hub)
        + f". Red marks: {PAPER}. Whiskers: 95 % Wilson intervals.",
    )
    return figure
