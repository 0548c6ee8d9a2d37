"""May a repository under its licence load, and ship, the models that it uses under theirs?

Three files of the warehouse are the whole of our reasoning; docs/licences.md explains them. ``licence_families.csv``
says which family of obligations a licence belongs to and which words mean it (``core.licence_word``),
``licence_matrix.csv`` what a repository of one family may do with a model of another, ``licence_exceptions.csv``
which pairs of single licences are a case of their own (both in ``core.licence_matrix``).
The procedure of Jiang et al. runs beside it on the rows that ``hubcensus import peatmoss-licences`` brought.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _stats
from analyses._base import Answer, absent, analysis
from analyses._downstream import NOTE, Mined, enter
from analyses._scope import Scope
from analyses._tables import at, shared
from analyses._text import count, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "repository_licence"
TITLE = "Licence of repository against licence of model"
QUESTION = "Can what a model's licence asks for be kept by the repositories that use it, under the licence they have?"
SOURCE = (
    "Jiang et al., MSR 2024 (PeaTMOSS), section 7: share of identical, compatible, incompatible and unknown pairs of "
    "licences; families of obligations and matrix: docs/licences.md."
)
NEEDS = ("usages",)
VERDICTS = ("identical", "compatible", "conditional", "incompatible", "unknown")
CAUSES = (
    "repository states no licence",
    "several licences in the repository",
    "repository licence not understood",
    "model not in the census",
    "model states no licence",
    "model licence not understood",
    "pair not in the matrix",
)
#: Words of the study that mean the same licence, and those it counts as none or as another (Jiang et al., artifact).
_ALIASES = {
    **{"bsd-new": "bsd-3-clause", "bsd-modified": "bsd-3-clause", "bsd-simplified": "bsd-2-clause"},
    **{"openrail++": "openrail", "unlicense": "no license"},
    **{"gpl-2.0": "gpl-2.0-only", "gpl-3.0": "gpl-3.0-only", "gpl-3.0-plus": "gpl-3.0-or-later"},
    **{"agpl-3.0": "agpl-3.0-only", "lgpl-2.1": "lgpl-2.1-only"},
    **{"lgpl-3.0": "lgpl-3.0-only", "lgpl-3.0-plus": "lgpl-3.0-or-later"},
    **dict.fromkeys(("unknown", "unknown-license-reference", "warranty-disclaimer", "generic-cla"), "other"),
    **dict.fromkeys(("commercial-license", "other-permissive", "other-copyleft"), "other"),
}
# What a file at the top says counts before what a package's manifest says, and that before what lies deeper.
_STATED = """
    SELECT l.code_id, l.licence, l.raw, l.evidence,
        CASE WHEN contains(l.path, '/') THEN 2 WHEN l.evidence = 'manifest' THEN 1 ELSE 0 END AS place
    FROM core.repository_licence l
"""
# What a repository of each reading has: how many licences, the one where there is one, who says so.
_OFFERED = f"""
    SELECT c.code_id, count(DISTINCT coalesce(w.licence, lower(s.licence))) AS licences,
        any_value(coalesce(w.licence, s.licence)) AS licence, any_value(w.family) AS family,
        CASE WHEN bool_or(s.evidence = 'import') THEN 'import' ELSE 'files' END AS source
    FROM core.repository_code c
    JOIN (FROM ({_STATED}) QUALIFY place = min(place) OVER (PARTITION BY code_id)) s ON s.code_id = c.code_id
    LEFT JOIN licence_word w ON w.word = CASE WHEN lower(s.licence) IN (SELECT word FROM licence_word)
        THEN lower(s.licence) ELSE lower(s.raw) END
    GROUP BY c.code_id
"""
# Where our table of words has no entry, the census's own family stands in; the two differ in grain only.
_JUDGE = """
    WITH named AS (
        SELECT l.*, coalesce(w.licence, l.model_word) AS model_licence,
            coalesce(w.family, CASE WHEN l.model_family IN (SELECT model FROM licence_cell) THEN l.model_family END)
                AS asked
        FROM ({links}) l LEFT JOIN licence_word w ON w.word = lower(l.model_word)
    ),
    ruled AS (
        SELECT n.*, coalesce(e.verdict, c.verdict, 'unknown') AS rule, coalesce(r.verdict, 'unknown') AS rule_reserved
        FROM named n
        LEFT JOIN licence_exception e
            ON struct_pack(r := e.repository, m := e.model)
                = struct_pack(r := n.repository_licence, m := n.model_licence)
        LEFT JOIN licence_cell c
            ON struct_pack(r := c.repository, m := c.model) = struct_pack(r := n.repository_family, m := n.asked)
        LEFT JOIN licence_cell r
            ON struct_pack(r := r.repository, m := r.model) = struct_pack(r := 'unlicensed', m := n.asked)
    )
    SELECT * EXCLUDE (rule, rule_reserved),
        CASE WHEN repository_licences = 0 THEN 'repository states no licence'
            WHEN repository_licences > 1 THEN 'several licences in the repository'
            WHEN repository_family IS NULL THEN 'repository licence not understood'
            WHEN NOT model_known THEN 'model not in the census'
            WHEN model_word IS NULL THEN 'model states no licence'
            WHEN asked IS NULL THEN 'model licence not understood'
            WHEN repository_licence = model_licence THEN NULL
            WHEN rule = 'unknown' THEN 'pair not in the matrix' END AS cause,
        CASE WHEN cause IS NOT NULL THEN 'unknown' WHEN repository_licence = model_licence THEN 'identical'
            ELSE split_part(rule, ':', 1) END AS verdict,
        CASE WHEN verdict = 'conditional' THEN split_part(rule, ':', 2) END AS condition,
        CASE WHEN repository_licences = 0 THEN split_part(rule_reserved, ':', 1) ELSE verdict END AS reserved
    FROM ruled
"""
_NOW = f"""
    SELECT u.repository_id, u.hub, u.model_id, m.model_key IS NOT NULL AS model_known, m.licence AS model_word,
        m.licence_family AS model_family,
        coalesce(o.licences, (p.licence IS NOT NULL)::INTEGER) AS repository_licences,
        CASE WHEN o.code_id IS NULL THEN coalesce(f.licence, p.licence) ELSE o.licence END AS repository_licence,
        CASE WHEN o.code_id IS NULL THEN f.family ELSE o.family END AS repository_family,
        CASE WHEN o.code_id IS NOT NULL THEN o.source WHEN p.licence IS NOT NULL THEN 'forge' ELSE 'nobody' END
            AS source
    FROM (SELECT repository_id, hub, model_id, any_value(model_key) AS model_key FROM uses GROUP BY ALL) u
    JOIN mart.repository p ON p.repository_id = u.repository_id
    JOIN mart.code_as_of a ON a.repository_id = u.repository_id
    LEFT JOIN ({_OFFERED}) o ON o.code_id = a.code_id
    LEFT JOIN licence_word f ON f.word = lower(p.licence)
    LEFT JOIN mart.model m ON m.model_key = u.model_key
"""
# The imported rows as the study had them: every licence of the model at that moment makes a relation.
_IMPORTED = f"""
    WITH reading AS (
        SELECT * FROM core.repository_code
        WHERE starts_with(miner, 'peatmoss-licences/')
            AND observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity')
        QUALIFY row_number() OVER (PARTITION BY repository_id ORDER BY observed_at DESC, code_id DESC) = 1
    ),
    loaded AS MATERIALIZED (
        SELECT c.code_id, c.observed_at, u.named FROM reading c
        JOIN core.usage u ON u.code_id = c.code_id AND u.how = 'import'
    ),
    held AS MATERIALIZED (
        SELECT m.name, v.version_id, v.about_id, v.valid_from, coalesce(v.valid_to, TIMESTAMP 'infinity') AS valid_to
        FROM core.model m
        JOIN core.hub h ON h.hub_id = m.hub_id AND h.hub = 'huggingface'
        JOIN core.model_version v ON v.model_id = m.model_id
        WHERE m.name IN (SELECT named FROM loaded)
    ),
    claimed AS MATERIALIZED (
        SELECT * FROM core.licence_claim WHERE about_id IN (SELECT about_id FROM held)
    ),
    scanned AS (
        SELECT code_id, count(*) AS licences, any_value(raw) AS word FROM core.repository_licence GROUP BY code_id
    )
    SELECT c.code_id, c.named AS model_id, k.raw AS original_word, s.word AS derivative_word,
        coalesce(s.licences, 0) AS scanned, v.version_id IS NOT NULL AS model_known, k.licence AS model_word,
        k.family AS model_family, coalesce(o.licences, 0) AS repository_licences, o.licence AS repository_licence,
        o.family AS repository_family
    FROM loaded c
    LEFT JOIN held v ON v.name = c.named AND v.valid_from <= c.observed_at AND v.valid_to > c.observed_at
    LEFT JOIN claimed k ON k.about_id = v.about_id
    LEFT JOIN scanned s ON s.code_id = c.code_id
    LEFT JOIN ({_OFFERED}) o ON o.code_id = c.code_id
"""
_PROCEDURE = """
    WITH word AS (
        SELECT i.*, coalesce(a.meant, i.original_word, 'no license') AS original,
            coalesce(b.meant, i.derivative_word, 'no license') AS derivative
        FROM judged_import i
        LEFT JOIN study_alias a ON a.word = i.original_word
        LEFT JOIN study_alias b ON b.word = i.derivative_word
    )
    SELECT w.*,
        CASE WHEN w.scanned > 1 THEN 'skipped'
            WHEN w.original NOT IN (SELECT original FROM sheet) THEN 'unknown'
            WHEN w.derivative NOT IN (SELECT derivative FROM sheet) THEN 'unknown'
            WHEN w.original = w.derivative OR s.verdict = 'yes' THEN 'compatible'
            WHEN s.verdict = 'no' THEN 'incompatible' ELSE 'unknown' END AS theirs
    FROM word w
    LEFT JOIN sheet s
        ON struct_pack(d := s.derivative, o := s.original) = struct_pack(d := w.derivative, o := w.original)
"""
SQL = {
    "judged": _JUDGE.replace("{links}", _NOW),
    "judged import": _JUDGE.replace("{links}", _IMPORTED),
    "procedure": _PROCEDURE,
    "sheet": "SELECT DISTINCT derivative, original, verdict FROM core.licence_rule WHERE matrix = 'peatmoss'",
    "summary": "SELECT verdict, count(*) AS relations FROM judged GROUP BY verdict",
    "causes": """
        SELECT cause, count(*) AS relations, count(DISTINCT repository_id) AS repositories
        FROM judged WHERE cause IS NOT NULL GROUP BY cause
    """,
    "sources": """
        SELECT source, count(*) AS relations, count(DISTINCT repository_id) AS repositories FROM judged
        GROUP BY source ORDER BY relations DESC, source
    """,
    "pairs": """
        SELECT verdict, condition, repository_licence, model_licence, count(*) AS relations,
            count(DISTINCT repository_id) AS repositories
        FROM judged WHERE verdict IN ('incompatible', 'conditional')
        GROUP BY verdict, condition, repository_licence, model_licence
        QUALIFY row_number()
            OVER (PARTITION BY verdict ORDER BY relations DESC, repository_licence, model_licence) <= 50
        ORDER BY verdict DESC, relations DESC, repository_licence, model_licence
    """,
    "families": """
        WITH counted AS (
            SELECT coalesce(asked, CASE WHEN model_word IS NULL THEN 'none stated' ELSE 'not understood' END)
                    AS family, verdict, count(*) AS relations
            FROM judged WHERE model_known GROUP BY ALL
        )
        SELECT *, (sum(relations) OVER (PARTITION BY family))::BIGINT AS n FROM counted
        ORDER BY n DESC, family, verdict
    """,
    "reserved": "SELECT reserved AS verdict, count(*) AS relations FROM judged GROUP BY reserved",
    "relations of the procedure": """
        SELECT count(*) FILTER (theirs <> 'skipped'), count(*) FILTER (theirs = 'skipped'),
            count(*) FILTER (theirs <> 'skipped' AND original = derivative), count(*) FILTER (theirs = 'compatible'),
            count(*) FILTER (theirs = 'incompatible'), count(*) FILTER (theirs = 'unknown'),
            count(*) FILTER (theirs = 'unknown' AND derivative = 'no license'),
            count(*) FILTER (theirs = 'unknown' AND derivative_word IS NULL),
            count(*) FILTER (theirs = 'unknown' AND original = derivative)
        FROM study
    """,
    "compared": """
        WITH counted AS (
            SELECT theirs, verdict AS ours, count(*) AS relations,
                count(*) FILTER (reserved <> 'unknown') AS decided_if_reserved
            FROM study GROUP BY ALL
        )
        SELECT *, (sum(relations) OVER (PARTITION BY theirs))::BIGINT AS n FROM counted
        ORDER BY n DESC, theirs, relations DESC, ours
    """,
}
_RULES = {
    "licence_word": "SELECT word, licence, family FROM core.licence_word",
    "licence_cell": """
        SELECT downstream[8:] AS repository, upstream[8:] AS model, concat_ws(':', verdict, condition) AS verdict
        FROM core.licence_matrix WHERE act = 'ship' AND source = 'family'
    """,
    "licence_exception": """
        SELECT downstream AS repository, upstream AS model, concat_ws(':', verdict, condition) AS verdict
        FROM core.licence_matrix WHERE act = 'ship' AND source = 'pair'
    """,
}
_QUANTITIES = ("covered", "skipped", "identical", "compatible", "incompatible", "unknown")
_THEIRS = (22_474, 387, 5_756, 11_782, 54, 10_638)


@analysis
def run(scope: Scope) -> Answer:
    """Verdicts over links: a repository and a model that it loads, however often."""
    mined = enter(scope)
    _learn(scope)
    scope.reader.execute(f"CREATE OR REPLACE TEMP TABLE judged AS {SQL['judged']}")
    found = scope.frame(SQL["summary"])
    n = int(found["relations"].sum())
    if n == 0:
        return absent("no repository of this census loads a model of a hub")
    summary, causes = (
        _ordered(found, "verdict", VERDICTS, n),
        _ordered(scope.frame(SQL["causes"]), "cause", CAUSES, n),
    )
    reserved = _ordered(scope.frame(SQL["reserved"]), "verdict", VERDICTS, n)
    pairs, families = shared(scope.frame(SQL["pairs"]).assign(n=n), "relations"), scope.frame(SQL["families"])
    tables = {
        "summary": summary,
        "causes": causes,
        "pairs": pairs,
        "families": shared(families, "relations"),
        "sources": shared(scope.frame(SQL["sources"]).assign(n=n), "relations"),
        "if no licence means all rights reserved": reserved,
    }
    study = _study(scope)
    if study is not None:
        tables |= study
    tables["matrix"] = scope.frame("SELECT repository, model, verdict FROM licence_cell ORDER BY ALL")
    unknown = int(at(summary, "verdict", "unknown", "relations"))
    bad = _stats.share(int(at(summary, "verdict", "incompatible", "relations")), n - unknown)
    statement = (
        f"Of the {count(n)} links of repository and model, {percent((n - unknown) / n, 1)} can be decided; "
        f"{share_with_interval(bad)} of those are incompatible, "
        f"{percent(at(summary, 'verdict', 'conditional', 'relations') / max(n - unknown, 1))} compatible on a "
        f"condition ({mined.cite(scope)})."
    )
    return Answer(
        statement,
        tables,
        lambda: _draw(tables, mined, scope, n),
        _alt(summary, causes),
        _published(study),
        _notes(tables, study),
        headline=(percent(bad.value, 1), "of the decidable links are incompatible"),
    )


def _ordered(frame: pd.DataFrame, key: str, order: tuple[str, ...], n: int) -> pd.DataFrame:
    """Every value of ``order``, those that did not come with zero, and shares of ``n``."""
    whole = frame.set_index(key).reindex(list(order)).fillna(0).astype("int64").rename_axis(key).reset_index()
    return shared(whole.assign(n=n), "relations")


def _learn(scope: Scope) -> None:
    """The rules of the warehouse for a model that is shipped, and the words of the study, as temporary tables."""
    for table, query in _RULES.items():
        scope.reader.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {query}")
    listed = ", ".join("(" + ", ".join(_quoted(value) for value in row) + ")" for row in _ALIASES.items())
    query = f"SELECT * FROM (VALUES {listed}) AS t(word, meant)"
    scope.reader.execute(f"CREATE OR REPLACE TEMP TABLE study_alias AS {query}")


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _study(scope: Scope) -> dict[str, pd.DataFrame] | None:
    """The procedure of the study on the imported rows; None where none were imported, or the sheet was not."""
    import pandas as pd

    scope.reader.execute(f"CREATE OR REPLACE TEMP TABLE sheet AS {SQL['sheet']}")
    if not scope.row("SELECT count(*) FROM sheet")[0]:
        return None
    scope.reader.execute(f"CREATE OR REPLACE TEMP TABLE judged_import AS {SQL['judged import']}")
    scope.reader.execute(f"CREATE OR REPLACE TEMP TABLE study AS {SQL['procedure']}")
    numbers = [int(value) for value in scope.row(SQL["relations of the procedure"])]
    if not numbers[0]:
        return None
    more = ("unknown: repository without a licence", "unknown: nothing found", "unknown although identical")
    names = (*_QUANTITIES, *more)
    table = pd.DataFrame({"quantity": names, "relations": numbers, "n": [sum(numbers[:2])] * 2 + [numbers[0]] * 7})
    compared = shared(scope.frame(SQL["compared"]), "relations")
    return {"procedure of the study": shared(table, "relations"), "study against matrix": compared}


def _published(study: dict[str, pd.DataFrame] | None) -> list[tuple[object, ...]]:
    source = "MSR 2024 (PeaTMOSS), section 7; artifact, licence study"
    if study is None:
        note = "needs 'hubcensus import peatmoss-licences' with the sheet"
        return [
            (f"relations: {name}", value, None, "count", source, note)
            for name, value in zip(_QUANTITIES, _THEIRS, strict=True)
        ]
    table = study["procedure of the study"]
    rows: list[tuple[object, ...]] = []
    for name, value in zip(_QUANTITIES, _THEIRS, strict=True):
        rows.append((f"relations: {name}", value, at(table, "quantity", name, "relations"), "count", source, ""))
        if name not in ("covered", "skipped"):
            ours = at(table, "quantity", name, "share")
            rows.append((f"share: {name}", round(value / _THEIRS[0], 4), ours, "share", source, "of those covered"))
    return rows


def _notes(tables: dict[str, pd.DataFrame], study: dict[str, pd.DataFrame] | None) -> list[str]:
    reserved, n = tables["if no licence means all rights reserved"], int(tables["summary"]["n"].iloc[0])
    left = int(at(reserved, "verdict", "unknown", "relations"))
    notes = [
        "A research classification by families of obligations, no legal advice: docs/licences.md has the reasons. "
        "It asks what may be shipped; a repository that only names a model, and loads it at run time, passes "
        "nothing on.",
        "Incompatible among all links is a floor, for an unknown link may be incompatible too; among the decided "
        "ones it is neither floor nor ceiling, for what is unknown is not drawn by chance.",
        "Of a repository, a licence file at the top counts before a manifest, that before files deeper down, and "
        "all of them before what the forge detects (table 'sources'). Of several licences of a model the "
        "first counts.",
        f"Read as all rights reserved, repositories without a licence leave {percent(left / n, 1)} of the links "
        f"unknown and make {percent(at(reserved, 'verdict', 'incompatible', 'share'))} incompatible.",
        "An unknown link counts for the first cause that holds, in the order of the table.",
        NOTE,
    ]
    if study is None:
        return [*notes, "This census has no imported sheet, so the procedure of the study was not run."]
    return notes + _notes_of_study(study)


def _notes_of_study(study: dict[str, pd.DataFrame]) -> list[str]:
    table, compared = study["procedure of the study"], study["study against matrix"]
    unknown, bad, good, bare, silent, same = (
        int(at(table, "quantity", name, "relations"))
        for name in (
            *("unknown", "incompatible", "compatible"),
            *("unknown: repository without a licence", "unknown: nothing found", "unknown although identical"),
        )
    )
    theirs = compared.loc[compared["theirs"] == "unknown"]
    decided = int(theirs.loc[theirs["ours"] != "unknown", "relations"].sum())
    return [
        f"The study's {percent(bad / max(int(table['n'].iloc[-1]), 1))} incompatible is a floor: its sheet has no "
        f"licence made for models. Among the {count(good + bad)} relations that it decides it is "
        f"{percent(bad / max(good + bad, 1))}.",
        f"Of the {count(unknown)} relations unknown to it, {count(bare)} are repositories without a licence as it "
        "counts them (Unlicense included). The matrix "
        f"decides {count(decided)}: {percent(decided / max(unknown, 1), 1)} of all, "
        f"{percent(decided / max(unknown - silent, 1), 1)} of those where the scanner found one; "
        f"{percent(theirs['decided_if_reserved'].sum() / max(unknown, 1), 1)} where no licence is read as all rights "
        "reserved.",
        f"{count(same)} relations are identical and still unknown to it, since the sheet lacks the licence.",
    ]


def _alt(summary: pd.DataFrame, causes: pd.DataFrame) -> str:
    parts = ", ".join(f"{row['verdict']} {percent(row['share'], 1)}" for _, row in summary.iterrows())
    why = ", ".join(f"{row['cause']} {count(row['relations'])}" for _, row in causes.iterrows() if row["relations"])
    return f"Links of repository and model by verdict: {parts}. Unknown because: {why or 'nothing is unknown'}."


def _draw(tables: dict[str, pd.DataFrame], mined: Mined, scope: Scope, n: int) -> Figure:
    from analyses import _style as look

    figure, (top, below) = look.figure(1, rows=2, height=6.4)
    readings = [
        ("this matrix", _shares(tables["summary"])),
        ("... no licence = all rights reserved", _shares(tables["if no licence means all rights reserved"])),
    ]
    if "procedure of the study" in tables:
        table = tables["procedure of the study"]
        given = {name: at(table, "quantity", name, "share") for name in _QUANTITIES[2:]}
        known = given["identical"] - at(table, "quantity", "unknown although identical", "share")
        given |= {"identical": known, "compatible": given["compatible"] - known}
        readings.append(("procedure of PeaTMOSS, on its rows", given))
    _stack(top, readings)
    top.set(title="Links of repository and model, by verdict")
    families = tables["families"]
    shown = families.drop_duplicates("family").head(9)
    _stack(
        below,
        [
            (f"{row['family']}  ({count(row['n'])})", _shares(families.loc[families["family"] == row["family"]]))
            for _, row in shown.iterrows()
        ],
    )
    below.set(title="... by what the model's licence asks for (links)")
    handles, labels = top.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=5, fontsize=9, columnspacing=1.2)
    look.caption(figure, mined.caption(scope, n, "links of repository and model"))
    return figure


def _shares(frame: pd.DataFrame) -> dict[str, float]:
    return {str(row["verdict"]): float(row["share"]) for _, row in frame.iterrows()}


def _stack(axes: object, readings: list[tuple[str, dict[str, float]]]) -> None:
    """Stacked bars, the first on top, with what is wide enough written in."""
    from matplotlib.axes import Axes

    from analyses import _style as look

    assert isinstance(axes, Axes)
    colours = dict(zip(VERDICTS, (look.BLUE, look.SKY, look.ORANGE, look.RED, look.PALE), strict=True))
    left = [0.0] * len(readings)
    for verdict in VERDICTS:
        values = [shares.get(verdict, 0.0) for _, shares in readings]
        axes.barh(range(len(readings)), values, left=left, color=colours[verdict], height=0.68, label=verdict)
        for place, (value, start) in enumerate(zip(values, left, strict=True)):
            if value >= 0.075:
                ink = "white" if verdict in ("identical", "incompatible") else look.INK
                middle = start + value / 2
                axes.text(middle, place, percent(value, 1), ha="center", va="center", fontsize=8, color=ink)
        left = [start + value for start, value in zip(left, values, strict=True)]
    axes.set_yticks(range(len(readings)), [look.label(name, 56) for name, _ in readings])
    axes.set(xlim=(0, 1), ylim=(len(readings) - 0.4, -0.6))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    look.as_percent(axes.xaxis)
