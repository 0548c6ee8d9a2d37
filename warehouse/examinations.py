"""Runs of the probe -> examinations: files judged, findings, scores, measurements, tokens, other scanners' verdicts.

Envelopes of two kinds are read: ``sample`` (a model that was drawn) and ``examination`` (one model, one stage). An
entry that lacks what it must have is quarantined; the rest of its examination counts.
"""

from __future__ import annotations

from pathlib import Path

from landing.manifest import Part
from warehouse import details
from warehouse.database import Connection

PREFIX = "probe-"

# Lists of an examination: the columns after examination_id as read from one entry, and what an entry must have.
_LISTS = {
    "downloads": (
        "core.fetched_file",
        """entry->>'$.path', entry->>'$.sha256', TRY_CAST(entry->>'$.bytes' AS BIGINT), TRY_CAST(entry->>'$.ranged' AS BOOLEAN),
        TRY_CAST(entry->>'$.verified' AS BOOLEAN)""",
        "(entry->>'$.path') IS NOT NULL",
    ),
    "files": (
        "core.examined_file",
        """entry->>'$.path', entry->>'$.sha256', TRY_CAST(entry->>'$.bytes' AS BIGINT),
        coalesce(TRY_CAST(entry->'$.formats' AS VARCHAR[]), []), entry->>'$.verdict'""",
        """(entry->>'$.path') IS NOT NULL
        AND coalesce((entry->>'$.verdict') IN ('clean', 'unlisted', 'error', 'suspicious', 'dangerous'), false)""",
    ),
    "scores": (
        "core.detector_score",
        """entry->>'$.detector', TRY_CAST(entry->>'$.score' AS DOUBLE), TRY_CAST(entry->>'$.threshold' AS DOUBLE),
        TRY_CAST(entry->>'$.fpr' AS DOUBLE), TRY_CAST(entry->>'$.flagged' AS BOOLEAN),
        coalesce(TRY_CAST(entry->'$.suspects' AS VARCHAR[]), []), entry->>'$.reason'""",
        "(entry->>'$.detector') IS NOT NULL",
    ),
    "measurements": (
        "core.measurement",
        """row_number() OVER (PARTITION BY record_id ORDER BY TRY_CAST(entry->>'$.ordinal' AS INTEGER), position), entry->>'$.task', entry->>'$.dataset', entry->>'$.config',
        entry->>'$.split', entry->>'$.metric', entry->>'$.value_raw', TRY_CAST(entry->>'$.claimed' AS DOUBLE),
        TRY_CAST(entry->>'$.measured' AS DOUBLE), TRY_CAST(entry->>'$.ci_low' AS DOUBLE), TRY_CAST(entry->>'$.ci_high' AS DOUBLE),
        TRY_CAST(entry->>'$.n' AS BIGINT), TRY_CAST(entry->>'$.gap' AS DOUBLE), TRY_CAST(entry->>'$.p_value' AS DOUBLE),
        entry->>'$.verdict', entry->>'$.reason', entry->>'$.protocol', NULL, NULL""",
        """coalesce((entry->>'$.verdict') IN ('VERIFIED', 'WITHIN_TOLERANCE', 'UNDECIDED', 'DISCREPANT_LOW', 'DISCREPANT_HIGH',
            'PROTOCOL_MISMATCH', 'CANNOT_VERIFY'), false)
        AND ((entry->>'$.p_value') IS NULL OR coalesce(TRY_CAST(entry->>'$.p_value' AS DOUBLE) BETWEEN 0 AND 1, false))""",
    ),
    "tokens": (
        "core.trigger_token",
        """entry->>'$.token', TRY_CAST(entry->>'$.token_id' AS INTEGER), TRY_CAST(entry->>'$.frequency' AS DOUBLE),
        TRY_CAST(entry->>'$.lfr' AS DOUBLE), TRY_CAST(entry->>'$.score' AS DOUBLE)""",
        "(entry->>'$.token') IS NOT NULL",
    ),
    "others": (
        "core.scanner_verdict",
        """entry->>'$.path', entry->>'$.sha256', entry->>'$.tool', entry->>'$.version', entry->>'$.verdict', entry->>'$.detail'""",
        "(entry->>'$.path') IS NOT NULL AND (entry->>'$.tool') IS NOT NULL AND (entry->>'$.verdict') IS NOT NULL",
    ),
}
_SEVERITIES = "('note', 'unlisted', 'error', 'suspicious', 'dangerous')"


def load_part(connection: Connection, run_key: int, part_id: int, path: Path, part: Part) -> int:
    """Load one landed part in a transaction of its own; returns how many records it brought."""
    if part.format != "envelopes":
        return 0
    writer = {"examination": _examinations, "sample": _samples}.get(part.kind)
    connection.execute("BEGIN")
    if writer is None:
        details.note(connection, part_id, path, part.body_bytes)
    else:
        details.stage(connection, part_id, path, part.body_bytes)
        connection.execute(
            """
            CREATE OR REPLACE TEMP TABLE told AS
            SELECT record_id, key, revision, fetched_at, TRY_CAST(body AS JSON) AS json, body FROM envelope
            """
        )
        writer(connection, run_key)
    connection.execute("COMMIT")
    return part.records


def _reject(connection: Connection, run_key: int, bad: str, reason: str) -> None:
    """Quarantine and pass over what nobody can read."""
    bad = f"json IS NULL OR json_type(json) <> 'OBJECT' OR {bad}"
    connection.execute(
        f"""
        INSERT INTO raw.quarantine
        SELECT {run_key}, record_id, -1, key, '{reason}', false, left(body, 200) FROM told WHERE {bad}
        """
    )
    connection.execute(f"DELETE FROM told WHERE {bad}")


def _samples(connection: Connection, run_key: int) -> None:
    chance, role = "TRY_CAST(json->>'$.probability' AS DOUBLE)", "coalesce(json->>'$.role', 'drawn')"
    bad = f"""(json->>'$.hub') IS NULL OR {role} NOT IN ('drawn', 'certain', 'base', 'sibling')
        OR NOT coalesce({chance} > 0 AND {chance} <= 1, {role} <> 'drawn')"""
    _reject(connection, run_key, bad, "no model drawn with a probability")
    connection.execute(
        f"""
        INSERT INTO core.sample
        SELECT {run_key}, json->>'$.hub', key, revision, coalesce(json->>'$.stratum', ''), coalesce({chance}, 1),
            TRY_CAST(json->>'$.stratum_models' AS INTEGER), TRY_CAST(json->>'$.stratum_drawn' AS INTEGER), json->>'$.base',
            coalesce(TRY_CAST(json->'$.siblings' AS VARCHAR[]), []), {role}, fetched_at, NULL, record_id
        FROM told
        """
    )


def _examinations(connection: Connection, run_key: int) -> None:
    bad = "(json->>'$.hub') IS NULL OR (json->>'$.stage') IS NULL OR (json->>'$.tool') IS NULL"
    _reject(connection, run_key, bad, "no examination of a model")
    connection.execute(
        """
        INSERT INTO core.examination
        SELECT record_id, json->>'$.hub', key, revision, json->>'$.stage', json->>'$.tool', coalesce(json->>'$.state', 'done'),
            json->>'$.code', nullif(json->>'$.reason', ''), json->>'$.environment.device', TRY_CAST(json->>'$.environment.seed' AS BIGINT),
            json->'$.environment', TRY_CAST(json->>'$.cost.cpu_seconds' AS DOUBLE), TRY_CAST(json->>'$.cost.wall_seconds' AS DOUBLE),
            TRY_CAST(TRY_CAST(json->>'$.cost.peak_bytes' AS DOUBLE) AS BIGINT), TRY_CAST(TRY_CAST(json->>'$.cost.read_bytes' AS DOUBLE) AS BIGINT),
            fetched_at, NULL
        FROM told
        """
    )
    for name, (table, columns, needed) in _LISTS.items():
        _entries(connection, run_key, name, "json", table, columns, needed)
    finding = """entry->>'$.rule', entry->>'$.severity', left(entry->>'$.message', 4096), entry->>'$.where',
        TRY_CAST(entry->>'$.score' AS DOUBLE), TRY_CAST(entry->>'$.threshold' AS DOUBLE)"""
    needed = f"(entry->>'$.rule') IS NOT NULL AND coalesce((entry->>'$.severity') IN {_SEVERITIES}, false)"
    own = f"entry->>'$.path', entry->>'$.sha256', {finding}"
    _entries(connection, run_key, "findings", "json", "core.finding", own, needed)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE judged AS
        SELECT record_id, key, entry->>'$.path' AS path, entry->>'$.sha256' AS sha256, entry AS json
        FROM (SELECT record_id, key, unnest(TRY_CAST(json->'$.files' AS JSON[])) AS entry FROM told)
        WHERE {_LISTS["files"][2]}
        """
    )
    _entries(
        connection, run_key, "findings", "json", "core.finding", f"path, sha256, {finding}", needed, source="judged"
    )


def _entries(
    connection: Connection,
    run_key: int,
    name: str,
    column: str,
    table: str,
    columns: str,
    needed: str,
    source: str = "told",
) -> None:
    """The entries of one list of every record; one that lacks what it must have is quarantined."""
    inherited = "path, sha256" if source == "judged" else "NULL AS path, NULL AS sha256"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE piece AS
        SELECT record_id, key, path, sha256, unnest(entries) AS entry, generate_subscripts(entries, 1) AS position
        FROM (SELECT record_id, key, {inherited}, TRY_CAST({column}->'$.{name}' AS JSON[]) AS entries FROM {source})
        """
    )
    connection.execute(f"INSERT INTO {table} SELECT record_id, {columns} FROM piece WHERE {needed}")
    connection.execute(
        f"""
        INSERT INTO raw.quarantine
        SELECT {run_key}, record_id, position - 1, key, 'an entry of {name} lacks what it must have', true, left(entry::VARCHAR, 200)
        FROM piece WHERE NOT ({needed})
        UNION ALL
        SELECT {run_key}, record_id, -1, key, '{name} is no list', true, left(({column}->'$.{name}')::VARCHAR, 200)
        FROM {source} WHERE json_type({column}->'$.{name}') NOT IN ('ARRAY', 'NULL')
        """
    )


def join(connection: Connection) -> None:
    """Say of every examination which model it is about, and of every measurement which claim; anew at every load.

    A claim is known by what it says (dataset, configuration, split, metric, value) in the front matter that held when
    the model was examined; of equal ones each measurement takes the next.
    """
    for table in ("core.examination", "core.sample"):
        connection.execute(
            f"""
            UPDATE {table} AS x SET model_id = m.model_id
            FROM core.model m JOIN core.hub h ON h.hub_id = m.hub_id
            WHERE h.hub = x.hub AND m.name = x.named
            """
        )
    connection.execute("CREATE OR REPLACE TEMP TABLE met AS " + _MET)
    connection.execute(
        """
        UPDATE core.measurement AS x SET front_id = j.front_id, ordinal = j.ordinal
        FROM met j WHERE j.examination_id = x.examination_id AND j.position = x.position
        """
    )


# What a claim says, alike for a claim in front matter and one that the probe read itself.
_SAID = """struct_pack(d := lower(coalesce({0}.dataset, '')), c := coalesce({0}.config, ''), s := coalesce({0}.split, ''),
    m := lower(coalesce({0}.metric, '')), v := coalesce(number({0}.value_raw)::VARCHAR, {0}.value_raw, ''))"""

_MET = f"""
WITH held AS (
    SELECT e.examination_id, arg_max(v.front_id, v.valid_from) AS front_id
    FROM core.examination e
    JOIN core.model_version v ON v.model_id = e.model_id AND v.valid_from <= e.examined_at
    WHERE e.stage = 'verify' AND v.front_id IS NOT NULL
    GROUP BY e.examination_id
), read AS (
    SELECT x.examination_id, x.position, h.front_id, {_SAID.format("x")} AS said,
        row_number() OVER (PARTITION BY x.examination_id, said ORDER BY x.position) AS turn
    FROM core.measurement x JOIN held h ON h.examination_id = x.examination_id
), claimed AS (
    SELECT c.front_id, c.ordinal, {_SAID.format("c")} AS said,
        row_number() OVER (PARTITION BY c.front_id, said ORDER BY c.ordinal) AS turn
    FROM core.eval_claim c WHERE c.front_id IN (SELECT front_id FROM held)
)
SELECT r.examination_id, r.position, r.front_id, c.ordinal
FROM read r JOIN claimed c ON c.front_id = r.front_id AND c.said = r.said AND c.turn = r.turn
"""
