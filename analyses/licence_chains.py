"""Along how many edges and chains can what a licence asks for no longer be kept?

The rules are the warehouse's (``core.licence_compat``, docs/licence-reasoner.md): the demand of an upstream licence
is held against the licence that the downstream states, by what is done with the weights. Every step is judged alone
(``mart.licence_edge``), and every model against all that it descends from (``mart.licence_chain``), since a demand
does not end where somebody in between forgot it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _stats
from analyses._base import Answer, absent, analysis
from analyses._scope import Scope, _at
from analyses._tables import LISTING, at, shared
from analyses._text import count, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "licence_chains"
TITLE = "Demands of licences along lineage"
QUESTION = "Along how many edges and chains is what the upstream licence asks for broken, by which clause?"
SOURCE = (
    "Rules: docs/licence-reasoner.md. Beside: Stalnaker et al., arXiv 2502.04484 (licences along chains); the "
    "study of licence drift from models to applications (LicenseRec); the audit of permissive licences, "
    "arXiv 2602.08816."
)
NEEDS = ("lineage",)
VERDICTS = ("identical", "compatible", "conditional", "incompatible", "unknown")
SILENT = "downstream states no licence"
_FREE = "('public-domain', 'permissive', 'attribution')"
SQL = {
    "edges": """
        SELECT relation, act, downstream_licence, upstream_licence, verdict, clauses, conditions, source, cause,
            upstream_family, downstream_family, downstream_key, upstream_key
        FROM mart.licence_edge WHERE downstream_kind = 'model' AND hub = $1
            AND downstream_key IN (SELECT model_key FROM scope WHERE hub = $1)
    """,
    "chains": """
        SELECT model_key, depth, licence, ancestor_licence, verdict, clauses, conditions, cause, ancestor_family,
            family, naming
        FROM mart.licence_chain WHERE hub = $1 AND model_key IN (SELECT model_key FROM scope WHERE hub = $1)
    """,
    "summary": """
        SELECT verdict, count(*) AS edges FROM licence_edges WHERE relation <> 'dataset' GROUP BY verdict
    """,
    "relations": f"""
        WITH counted AS (
            SELECT relation, CASE WHEN verdict <> 'unknown' THEN verdict
                WHEN cause = '{SILENT}' THEN 'silent' ELSE 'unknown' END AS outcome, count(*) AS edges
            FROM licence_edges GROUP BY ALL
        )
        SELECT *, (sum(edges) OVER (PARTITION BY relation))::BIGINT AS n FROM counted
        ORDER BY n DESC, relation, outcome
    """,
    "causes": """
        WITH counted AS (
            SELECT relation = 'dataset' AS from_data, cause, count(*) AS edges FROM licence_edges GROUP BY ALL
        )
        SELECT * FROM (SELECT *, (sum(edges) OVER (PARTITION BY from_data))::BIGINT AS n FROM counted)
        WHERE cause IS NOT NULL ORDER BY from_data, edges DESC, cause
    """,
    "clauses": """
        WITH named AS (
            SELECT e.verdict, unnest(e.clauses) AS clause, e.downstream_key FROM licence_edges e
            WHERE e.relation <> 'dataset' AND e.verdict IN ('incompatible', 'conditional')
        )
        SELECT n.verdict, n.clause, any_value(t.demand) AS demand, count(*) AS edges,
            count(DISTINCT n.downstream_key) AS models, any_value(t.text) AS text
        FROM named n LEFT JOIN core.licence_term t ON t.clause = n.clause
        GROUP BY n.verdict, n.clause ORDER BY n.verdict DESC, edges DESC, n.clause
    """,
    "families": f"""
        WITH counted AS (
            SELECT upstream_family AS family, CASE WHEN verdict <> 'unknown' THEN verdict
                WHEN cause = '{SILENT}' THEN 'silent' ELSE 'unknown' END AS outcome, count(*) AS edges
            FROM licence_edges WHERE relation <> 'dataset' AND upstream_family IS NOT NULL GROUP BY ALL
        )
        SELECT *, (sum(edges) OVER (PARTITION BY family))::BIGINT AS n FROM counted ORDER BY n DESC, family, outcome
    """,
    "pairs": """
        WITH counted AS (
            SELECT verdict, relation, upstream_licence, downstream_licence,
                array_to_string(conditions, ', ') AS conditions, array_to_string(clauses, ', ') AS clauses, source,
                count(*) AS edges
            FROM licence_edges WHERE verdict IN ('incompatible', 'conditional') AND relation <> 'dataset' GROUP BY ALL
        )
        SELECT * FROM counted QUALIFY row_number() OVER (
            PARTITION BY verdict ORDER BY edges DESC, upstream_licence, downstream_licence, relation) <= 40
        ORDER BY verdict DESC, edges DESC, upstream_licence, downstream_licence, relation
    """,
    "silent": f"""
        SELECT upstream_licence, upstream_family, count(*) AS edges
        FROM licence_edges WHERE relation <> 'dataset' AND cause = '{SILENT}' AND upstream_licence IS NOT NULL
        GROUP BY ALL ORDER BY edges DESC, upstream_licence LIMIT 40
    """,
    "by distance": """
        WITH counted AS (
            SELECT least(depth, 5) AS distance, verdict, count(*) AS pairs FROM licence_chains GROUP BY ALL
        )
        SELECT *, (sum(pairs) OVER (PARTITION BY distance))::BIGINT AS n FROM counted ORDER BY distance, verdict
    """,
    "models": """
        WITH worst AS (
            SELECT model_key, bool_or(verdict = 'incompatible') AS broken,
                bool_or(verdict = 'incompatible' AND depth = 1) AS broken_at_hand,
                bool_or(verdict IN ('incompatible', 'conditional')) AS demanded,
                bool_or(verdict IN ('incompatible', 'conditional') AND depth = 1) AS demanded_at_hand,
                bool_or(verdict <> 'unknown') AS decided
            FROM licence_chains GROUP BY model_key
        )
        SELECT count(*) FILTER (decided) AS decided, count(*) FILTER (broken) AS broken,
            count(*) FILTER (broken AND NOT broken_at_hand) AS only_above, count(*) FILTER (demanded) AS demanded,
            count(*) FILTER (demanded AND NOT demanded_at_hand) AS demanded_only_above
        FROM worst
    """,
    "naming": """
        WITH counted AS (
            SELECT ancestor_licence AS licence, naming AS name, count(DISTINCT model_key) AS models
            FROM licence_chains WHERE naming IS NOT NULL GROUP BY ALL
        )
        SELECT *, (sum(models) OVER (PARTITION BY licence))::BIGINT AS n FROM counted ORDER BY n DESC, licence, name
    """,
    "restrictive": f"""
        SELECT count(*) FILTER (upstream_family NOT IN {_FREE} AND upstream_family IS NOT NULL),
            count(*) FILTER (upstream_family NOT IN {_FREE} AND downstream_family IN {_FREE}),
            count(*) FILTER (upstream_family NOT IN {_FREE} AND cause = '{SILENT}'),
            count(*) FILTER (verdict IN ('identical', 'compatible', 'conditional', 'incompatible')),
            count(*) FILTER (upstream_licence = 'LicenseRef-Llama-2' AND downstream_licence = 'Apache-2.0'
                AND verdict IN ('conditional', 'incompatible')),
            count(*) FILTER (upstream_licence = 'LicenseRef-Llama-2' AND cause = '{SILENT}')
        FROM licence_edges WHERE relation <> 'dataset'
    """,
    "texts": f"""
        SELECT count(*), count(*) FILTER (NOT has_text)
        FROM (
            SELECT s.model_key, bool_or(f.kind = 'licence') AS has_text
            FROM scope s JOIN core.licence_word w ON w.word = lower(s.licence) AND w.family IN {_FREE}
            JOIN core.file f ON f.files_id = s.files_id GROUP BY s.model_key
        )
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Steps between models first, data sets beside; then every model against all its ancestors."""
    _gather(scope)
    found = scope.frame(SQL["summary"])
    n = int(found["edges"].sum())
    if n == 0:
        return absent("no model that is listed names a base other than itself")
    summary = found.set_index("verdict").reindex(list(VERDICTS)).fillna(0).astype("int64").rename_axis("verdict")
    tables = _tables(scope, shared(summary.reset_index().assign(n=n), "edges"))
    decided = n - int(at(tables["edges"], "verdict", "unknown", "edges"))
    bad = _stats.share(int(at(tables["edges"], "verdict", "incompatible", "edges")), decided)
    owing = _stats.share(int(at(tables["edges"], "verdict", "conditional", "edges")), decided)
    chain = tables["models and all their ancestors"].set_index("quantity")["models"]
    above = int(chain["broken, and by no direct base"])
    statement = (
        f"Of {count(n)} steps from a base to a model, {percent(decided / n, 1)} can be decided; of those "
        f"{share_with_interval(bad)} take away what the base asks for, and {share_with_interval(owing)} are in order "
        f"on a condition only. Against all their ancestors {count(chain['broken'])} models break a demand, "
        f"{count(above)} of them one that no direct base shows ({scope.cite()})."
    )
    return Answer(
        statement,
        tables,
        lambda: _draw(tables, scope, n),
        _alt(tables),
        _published(scope, tables),
        _notes(tables),
        headline=(percent(bad.value, 1), "of the decided steps break what the base asks for"),
    )


def _gather(scope: Scope) -> None:
    """Edges and chains of every hub of the scope that has lineage, as of the moment that its scope stands for."""
    reader = scope.reader
    hubs = reader.rows("SELECT hub FROM scope GROUP BY hub HAVING sum(base_models) > 0 ORDER BY hub")
    for table, query in (("licence_edges", SQL["edges"]), ("licence_chains", SQL["chains"])):
        reader.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {query} LIMIT 0", [""])
    for (hub,) in hubs:
        _at(reader, max(seen.observed_at for seen in scope.seen if seen.hub == hub))
        try:
            reader.execute(f"INSERT INTO licence_edges {SQL['edges']}", [hub])
            reader.execute(f"INSERT INTO licence_chains {SQL['chains']}", [hub])
        finally:
            _at(reader, reader.as_of)


def _tables(scope: Scope, summary: pd.DataFrame) -> dict[str, pd.DataFrame]:
    import pandas as pd

    decided, broken, above, demanded, demanded_above = (int(value) for value in scope.row(SQL["models"]))
    models = pd.DataFrame(
        {
            "quantity": (
                *("broken", "broken, and by no direct base"),
                *("broken or on a condition", "broken or on a condition, and by no direct base"),
            ),
            "models": (broken, above, demanded, demanded_above),
            "n": [decided] * 4,
        }
    )
    return {
        "edges": summary,
        "by relation": shared(scope.frame(SQL["relations"]), "edges"),
        "by family of the base": shared(scope.frame(SQL["families"]), "edges"),
        "clauses": scope.frame(SQL["clauses"]),
        "pairs": scope.frame(SQL["pairs"]),
        "causes": shared(scope.frame(SQL["causes"]), "edges"),
        "licences that a child passes over in silence": scope.frame(SQL["silent"]),
        "by distance": shared(scope.frame(SQL["by distance"]), "pairs"),
        "models and all their ancestors": shared(models, "models"),
        "naming clause": shared(scope.frame(SQL["naming"]), "models"),
    }


def _published(scope: Scope, tables: dict[str, pd.DataFrame]) -> list[tuple[object, ...]]:
    restrictive, freed, silent, decided, llama, llama_silent = (int(v) for v in scope.row(SQL["restrictive"]))
    read, bare = (int(value) for value in scope.row(SQL["texts"]))
    drift = "theirs: from models to applications on GitHub; ours: from base to model; silence is not counted as free"
    washing = (
        "theirs: text and copyright notice are both read; ours: models under a free licence whose file list is known "
        f"and has no licence file (n = {count(read)})"
    )
    tags = "theirs: 1,463 chains picked for a problem; ours: every model with every ancestor, so no count compares"
    same = int(at(tables["edges"], "verdict", "identical", "edges"))
    rows: list[tuple[object, ...]] = [
        (
            "edges llama2 to apache-2.0, judged",
            2_429,
            llama,
            "count",
            LISTING,
            "conditional: sections 1.b and 2",
        ),
        ("edges llama2 to none", 3_001, llama_silent, "count", LISTING, "unknown: the child states no licence"),
        (
            *(
                "restrictive terms dropped for free ones",
                0.355,
                freed / restrictive if restrictive else None,
                "share",
            ),
            *("LicenseRec", f"{drift}; with silence {percent((freed + silent) / max(restrictive, 1), 1)}"),
        ),
        ("no licence text", 0.958, bare / read if read else None, "share", "arXiv 2602.08816", washing),
        ("chains with a problem", 1_463, None, "count", "arXiv 2502.04484, artifact", tags),
        (
            *("identical licences", 0.2561, same / decided if decided else None, "share", "MSR 2024 licence study"),
            "theirs: of all relations of models and repositories; ours: of the decided steps between models",
        ),
    ]
    return rows


def _notes(tables: dict[str, pd.DataFrame]) -> list[str]:
    families, naming = tables["by family of the base"], tables["naming clause"]
    demanding = families.loc[~families["family"].isin(("public-domain", "permissive", "attribution"))]
    quiet = int(demanding.loc[demanding["outcome"] == "silent", "edges"].sum())
    total = int(demanding["edges"].sum())
    notes = [
        "A research classification of what metadata states, no legal advice; docs/licence-reasoner.md has the rules "
        "and the clauses. A condition is not a breach: whether it is met, a listing does not show.",
        "A model that states no licence is unknown, not broken; of the edges whose base asks for more than notices "
        f"and credit, {count(quiet)} of {count(total)} ({percent(quiet / max(total, 1), 1)}) end in a model that "
        "says nothing.",
        "What a child is to its base is taken from its tags and name; where they say nothing it is a fine-tune.",
        "Data sets are judged where a listing of them is loaded; they are left out of the first table.",
    ]
    if len(naming):
        lacks, asked = int(naming.loc[naming["name"] == "lacks", "models"].sum()), int(naming["models"].sum())
        notes.append(
            f"Of models made from Llama 3 or later, {share_with_interval(_stats.share(lacks, asked))} have no Llama "
            "in their name at all; the licence wants it at the beginning."
        )
    return notes


def _alt(tables: dict[str, pd.DataFrame]) -> str:
    parts = ", ".join(f"{row['verdict']} {percent(row['share'], 1)}" for _, row in tables["edges"].iterrows())
    top = tables["clauses"]
    top = top.loc[top["verdict"] == "incompatible"].head(4)
    clauses = ", ".join(f"{row['clause']} {count(row['edges'])}" for _, row in top.iterrows())
    return f"Steps from base to model by verdict: {parts}. Clauses that are broken most often: {clauses or 'none'}."


_OUTCOMES = ("identical", "compatible", "conditional", "incompatible", "silent", "unknown")


def _draw(tables: dict[str, pd.DataFrame], scope: Scope, n: int) -> Figure:
    from analyses import _style as look

    figure, (top, middle, below) = look.figure(1, rows=3, height=8.6)
    _stack(top, tables["by relation"], "relation")
    top.set(title="By relation (edges)")
    families = tables["by family of the base"]
    shown = families.loc[families["family"].isin(list(dict.fromkeys(families["family"]))[:9])]
    _stack(middle, shown, "family")
    middle.set(title="By the family of the base's licence")
    handles, labels = middle.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=6, fontsize=9, columnspacing=1.2)
    clauses = tables["clauses"]
    broken = clauses.loc[clauses["verdict"] == "incompatible"].head(8)
    names = [f"{str(row['clause']).removeprefix('LicenseRef-')} ({row['demand']})" for _, row in broken.iterrows()]
    look.bars(
        below,
        names,
        list(broken["edges"]),
        [count(value) for value in broken["edges"]],
        colour=look.RED,
    )
    look.as_count(below.xaxis)
    below.set(title="Clauses that are broken (edges)")
    look.caption(figure, scope.caption(n, "steps from a base to a model"))
    return figure


def _stack(axes: Axes, frame: pd.DataFrame, key: str) -> None:
    """Stacked bars of shares by outcome, one per value of ``key``, with what is wide enough written in."""
    from analyses import _style as look

    colours = dict(zip(_OUTCOMES, (look.BLUE, look.SKY, look.ORANGE, look.RED, look.GREY, look.PALE), strict=True))
    names = list(dict.fromkeys(frame[key]))
    sizes = {name: int(frame.loc[frame[key] == name, "n"].iloc[0]) for name in names}
    left = [0.0] * len(names)
    for verdict in _OUTCOMES:
        part = frame.loc[frame["outcome"] == verdict].set_index(key)["share"]
        values = [float(part.get(name, 0.0)) for name in names]
        axes.barh(range(len(names)), values, left=left, color=colours[verdict], height=0.7, label=verdict)
        for place, (value, start) in enumerate(zip(values, left, strict=True)):
            if value >= 0.075:
                ink = "white" if verdict in ("identical", "incompatible", "silent") else look.INK
                axes.text(
                    start + value / 2, place, percent(value, 0), ha="center", va="center", fontsize=8, color=ink
                )
        left = [start + value for start, value in zip(left, values, strict=True)]
    axes.set_yticks(range(len(names)), [look.label(f"{name}  ({count(sizes[name])})", 40) for name in names])
    axes.set(xlim=(0, 1), ylim=(len(names) - 0.4, -0.6))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    look.as_percent(axes.xaxis)
