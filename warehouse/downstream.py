"""Runs of the downstream stages -> repositories, what their files load and name, their issues.

Envelopes of four kinds are read: ``repository`` (what the forge says of one), ``mined`` (what came of fetching its files,
and what was read in them at a commit), ``issues`` and ``pulls``. ``licence-rules`` are rows of an imported table. The files themselves (``source``) and search pages stay in the landing zone; ``raw.record`` knows them.
"""

from __future__ import annotations

from pathlib import Path

from landing.manifest import Part
from warehouse import details, licences
from warehouse.database import Connection
from warehouse.literals import insert

PREFIX = "downstream-"

# Lists in the record of a reading: the table they go to, its columns after code_id as read from one entry, and what an
# entry must have.
_LISTS = {
    "licences": (
        "core.repository_licence",
        "entry->>'$.path', coalesce(entry->>'$.evidence', 'unknown'), entry->>'$.raw', entry->>'$.licence'",
        "(entry->>'$.raw') IS NOT NULL AND (entry->>'$.licence') IS NOT NULL",
    ),
    "usages": (
        "core.usage",
        """entry->>'$.path', TRY_CAST(entry->>'$.line' AS INTEGER), TRY_CAST(entry->>'$.cell' AS INTEGER), entry->>'$.library',
        entry->>'$.api', entry->>'$.id_as_written', entry->>'$.hub', entry->>'$.model_id', entry->>'$.revision',
        coalesce(TRY_CAST(entry->'$.flags' AS VARCHAR[]), []), entry->>'$.how', TRY_CAST(entry->>'$.confidence' AS FLOAT),
        NULL, NULL, NULL""",
        """(entry->>'$.id_as_written') IS NOT NULL AND (entry->>'$.how') IS NOT NULL
        AND coalesce(TRY_CAST(entry->>'$.confidence' AS FLOAT) BETWEEN 0 AND 1, false)
        AND ((entry->>'$.line') IS NULL OR coalesce(TRY_CAST(entry->>'$.line' AS INTEGER) >= 1, false))""",
    ),
    "dependencies": (
        "core.dependency",
        """entry->>'$.path', coalesce(entry->>'$.ecosystem', 'pypi'), entry->>'$.package', entry->>'$.specifier',
        entry->>'$.version', coalesce(TRY_CAST(entry->>'$.locked' AS BOOLEAN), false)""",
        "(entry->>'$.path') IS NOT NULL AND (entry->>'$.package') IS NOT NULL",
    ),
}


def load_part(connection: Connection, run_key: int, part_id: int, path: Path, part: Part) -> int:
    """Load one landed part in a transaction of its own; returns how many records it brought."""
    if part.format != "envelopes":
        return 0
    writer = _WRITERS.get(part.kind)
    connection.execute("BEGIN")
    if writer is None:
        details.note(connection, part_id, path, part.body_bytes)
    else:
        details.stage(connection, part_id, path, part.body_bytes)
        connection.execute(
            """
            CREATE OR REPLACE TEMP TABLE told AS
            SELECT record_id, key, revision, url, status, fetched_at, decoder, body, TRY_CAST(body AS JSON) AS json FROM envelope
            """
        )
        _quarantine(connection, run_key)
        writer(connection)
    connection.execute("COMMIT")
    return part.records


def _quarantine(connection: Connection, run_key: int) -> None:
    """A body that is no JSON object, or a key that names no repository, is noted and passed over."""
    bad = "json IS NULL OR json_type(json) <> 'OBJECT' OR NOT regexp_matches(key, '^[^/]+/[^/]+$')"
    connection.execute(
        f"""
        INSERT INTO raw.quarantine
        SELECT {run_key}, record_id, -1, key, 'not a JSON object about a repository', false, left(body, 200)
        FROM told WHERE {bad}
        """
    )
    connection.execute(f"DELETE FROM told WHERE {bad}")


def _identify(connection: Connection, name: str = "key", native: str = "NULL::BIGINT") -> None:
    """The temporary table ``known``: every record of ``told`` with its repository, which is made where it is new.

    A repository is known by the forge's own number, else by its name in any capitals; one that comes under another
    name has been renamed.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE named AS
        SELECT record_id, {name} AS name, {native} AS native_id, fetched_at FROM told
        """
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE fresh AS
        SELECT arg_min(name, record_id) AS name, max(native_id) AS native_id, min(fetched_at) AS first_seen, min(record_id) AS record_id
        FROM named
        WHERE (native_id IS NULL OR native_id NOT IN (SELECT native_id FROM core.repository WHERE native_id IS NOT NULL))
            AND lower(name) NOT IN (SELECT lower(owner || '/' || name) FROM core.repository)
        GROUP BY lower(name)
        """
    )
    connection.execute(
        """
        INSERT INTO core.repository
        SELECT (SELECT coalesce(max(repository_id), 0) FROM core.repository) + row_number() OVER (ORDER BY record_id), 'github',
            native_id, 'https://github.com/' || name, split_part(name, '/', 1), split_part(name, '/', 2), first_seen, first_seen,
            record_id
        FROM fresh
        """
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE known AS
        SELECT n.record_id, n.name, n.native_id, n.fetched_at, coalesce(b.repository_id, a.repository_id) AS repository_id
        FROM named n
        LEFT JOIN core.repository a ON lower(a.owner || '/' || a.name) = lower(n.name)
        LEFT JOIN core.repository b ON b.native_id = n.native_id
        QUALIFY row_number() OVER (PARTITION BY n.record_id ORDER BY a.last_seen DESC) = 1
        """
    )
    connection.execute(
        """
        UPDATE core.repository AS r
        SET last_seen = greatest(r.last_seen, k.fetched_at), native_id = coalesce(k.native_id, r.native_id),
            owner = split_part(k.name, '/', 1), name = split_part(k.name, '/', 2), url = 'https://github.com/' || k.name
        FROM (SELECT repository_id, max(native_id) AS native_id, max(fetched_at) AS fetched_at, arg_max(name, fetched_at) AS name
              FROM known GROUP BY repository_id) k
        WHERE r.repository_id = k.repository_id
        """
    )


def _repositories(connection: Connection) -> None:
    _identify(connection, "coalesce(json->>'$.nameWithOwner', key)", "(json->>'$.databaseId')::BIGINT")
    connection.execute(
        """
        INSERT INTO core.repository_state
        SELECT k.repository_id, t.fetched_at,
            CASE WHEN t.status = 451 THEN 'blocked' WHEN t.status <> 200 THEN 'gone'
                WHEN (json->>'$.defaultBranchRef.target.oid') IS NULL THEN 'empty' ELSE 'found' END,
            t.key, json->>'$.defaultBranchRef.target.oid',
            TRY_CAST(json->>'$.defaultBranchRef.target.committedDate' AS TIMESTAMP), json->>'$.defaultBranchRef.name',
            TRY_CAST(json->>'$.stargazerCount' AS INTEGER), TRY_CAST(json->>'$.forkCount' AS INTEGER),
            TRY_CAST(json->>'$.watchers.totalCount' AS INTEGER), TRY_CAST(json->>'$.isArchived' AS BOOLEAN),
            TRY_CAST(json->>'$.isFork' AS BOOLEAN), TRY_CAST(json->>'$.createdAt' AS TIMESTAMP),
            TRY_CAST(json->>'$.pushedAt' AS TIMESTAMP), json->>'$.primaryLanguage.name',
            TRY_CAST(json->>'$.diskUsage' AS BIGINT), json->>'$.licenseInfo.spdxId', json->>'$.description',
            nullif(json->>'$.homepageUrl', ''),
            CASE WHEN t.status = 200 THEN coalesce(json_extract_string(json, '$.repositoryTopics.nodes[*].topic.name'), []) END,
            t.record_id
        FROM told t JOIN known k ON k.record_id = t.record_id
        """
    )


def _findings(connection: Connection) -> None:
    connection.execute(
        """
        INSERT INTO core.repository_finding
        SELECT repository_id, revision, fetched_at, finding.rule, coalesce(finding.severity, 'low'), finding.message,
            finding.place, record_id
        FROM (
            SELECT k.repository_id, t.revision, t.fetched_at, t.record_id, unnest(from_json(json->'$.findings',
                '[{"rule": "VARCHAR", "severity": "VARCHAR", "message": "VARCHAR", "place": "VARCHAR"}]')) AS finding
            FROM told t JOIN known k ON k.record_id = t.record_id
        )
        WHERE finding.rule IS NOT NULL
        """
    )


def _mined(connection: Connection) -> None:
    _identify(connection)
    _findings(connection)
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE reading AS
        SELECT (SELECT coalesce(max(code_id), 0) FROM core.repository_code) + row_number() OVER (ORDER BY t.record_id) AS code_id,
            k.repository_id, t.*
        FROM told t JOIN known k ON k.record_id = t.record_id
        -- What was refused was not read: no usage there does not mean that there is none.
        WHERE NOT coalesce(TRY_CAST(json->>'$.refused' AS BOOLEAN), false)
        """
    )
    connection.execute(
        """
        INSERT INTO core.repository_code
        SELECT code_id, repository_id, revision, fetched_at, coalesce(decoder, 'unknown'), TRY_CAST(json->>'$.files' AS INTEGER),
            TRY_CAST(json->>'$.parsed' AS INTEGER), json_array_length(json, '$.unread'), record_id
        FROM reading
        """
    )
    for name, (table, columns, needed) in _LISTS.items():
        _entries(connection, name, table, columns, needed)
    _understand(connection)


def _understand(connection: Connection) -> None:
    """Licences of repositories in the spelling of those of models, as far as their words are understood."""
    words = connection.execute(
        """
        SELECT DISTINCT lower(licence) FROM core.repository_licence
        WHERE code_id IN (SELECT code_id FROM reading) AND licence <> 'NOASSERTION'
        """
    ).fetchall()
    connection.execute("CREATE OR REPLACE TEMP TABLE meant (word VARCHAR, licence VARCHAR)")
    insert(connection, "meant", [(word, licences.understand(word)[0]) for (word,) in words])
    connection.execute(
        """
        UPDATE core.repository_licence AS l SET licence = m.licence
        FROM meant m WHERE lower(l.licence) = m.word AND l.code_id IN (SELECT code_id FROM reading)
        """
    )


def _entries(connection: Connection, name: str, table: str, columns: str, needed: str) -> None:
    """The entries of one list of every reading; one that lacks what it must have is quarantined."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE piece AS
        SELECT code_id, key, record_id, unnest(entries) AS entry, generate_subscripts(entries, 1) - 1 AS ordinal
        FROM (SELECT code_id, key, record_id, TRY_CAST(json->'$.{name}' AS JSON[]) AS entries FROM reading)
        """
    )
    connection.execute(f"INSERT INTO {table} SELECT code_id, {columns} FROM piece WHERE {needed}")
    connection.execute(
        f"""
        INSERT INTO raw.quarantine
        SELECT p.run_key, b.record_id, b.ordinal, b.key, b.reason, true, b.snippet
        FROM (
            SELECT record_id, ordinal, key, 'an entry of {name} lacks what it must have' AS reason, left(entry::VARCHAR, 200) AS snippet
            FROM piece WHERE NOT ({needed})
            UNION ALL
            SELECT record_id, -1, key, '{name} is no list', left((json->'$.{name}')::VARCHAR, 200) FROM reading
            WHERE (json->'$.{name}') IS NOT NULL AND TRY_CAST(json->'$.{name}' AS JSON[]) IS NULL
        ) b
        JOIN raw.record r ON r.record_id = b.record_id
        JOIN raw.part p ON p.part_id = r.part_id
        """
    )


def _issues(connection: Connection) -> None:
    _threads(connection, "issue", "issues")


def _pulls(connection: Connection) -> None:
    _threads(connection, "pull", "pullRequests")


def _threads(connection: Connection, kind: str, name: str) -> None:
    """Issues or pull requests; one that was seen before is replaced."""
    _identify(connection)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE thread AS
        SELECT * FROM (
            SELECT k.repository_id, t.fetched_at, t.record_id, unnest((json->'$.{name}.nodes')::JSON[]) AS node
            FROM told t JOIN known k ON k.record_id = t.record_id
        )
        WHERE TRY_CAST(node->>'$.number' AS INTEGER) IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY repository_id, node->>'$.number' ORDER BY record_id DESC) = 1
        """
    )
    connection.execute(
        f"""
        DELETE FROM core.repository_issue
        WHERE kind = '{kind}' AND (repository_id, number) IN (SELECT (repository_id, (node->>'$.number')::INTEGER) FROM thread)
        """
    )
    connection.execute(
        f"""
        INSERT INTO core.repository_issue
        SELECT repository_id, '{kind}', (node->>'$.number')::INTEGER, node->>'$.title', node->>'$.state',
            node->>'$.author.login', TRY_CAST(node->>'$.createdAt' AS TIMESTAMP), TRY_CAST(node->>'$.updatedAt' AS TIMESTAMP),
            TRY_CAST(node->>'$.closedAt' AS TIMESTAMP), TRY_CAST(node->>'$.mergedAt' AS TIMESTAMP),
            coalesce(TRY_CAST(node->>'$.comments.totalCount' AS INTEGER), json_array_length(node, '$.comments.nodes')),
            coalesce(json_extract_string(node, '$.labels.nodes[*].name'), []), node, fetched_at, record_id
        FROM thread
        """
    )


def _rules(connection: Connection) -> None:
    connection.execute(
        """
        INSERT INTO core.licence_rule
        SELECT r.matrix, r.derivative, r.original, r.verdict, record_id
        FROM (SELECT record_id, unnest(from_json(json->'$.rules',
            '[{"matrix": "VARCHAR", "derivative": "VARCHAR", "original": "VARCHAR", "verdict": "VARCHAR"}]')) AS r FROM told)
        WHERE r.matrix IS NOT NULL AND r.derivative IS NOT NULL AND r.original IS NOT NULL AND r.verdict IS NOT NULL
        """
    )


_WRITERS = {
    "repository": _repositories,
    "mined": _mined,
    "issues": _issues,
    "pulls": _pulls,
    "licence-rules": _rules,
}


def join(connection: Connection) -> None:
    """Say of every usage which model it loads, or why none is known; anew at every load, since both sides grow.

    What is written may be a model's id today (``exact``), with other capitals (``case``), an id that it had before
    (``rename``), or a bare id of Hugging Face's first years (``legacy``): those moved under an organisation and keep
    the stamp of the migration, so the most downloaded model of that stamp and base name is meant.
    """
    connection.execute("CREATE OR REPLACE TEMP TABLE wanted AS " + _WANTED)
    connection.execute("CREATE OR REPLACE TEMP TABLE met AS " + _MET)
    connection.execute("CREATE OR REPLACE TEMP TABLE judged AS " + _JUDGED)
    connection.execute(
        """
        UPDATE core.usage AS u SET model_id = j.model_id, evidence = j.evidence, why = j.why
        FROM judged j WHERE j.place = struct_pack(h := coalesce(u.hub, ''), n := coalesce(u.named, ''))
        """
    )


# A model of Ollama has tags behind a colon; an entry of PyTorch Hub is a release of a page.
_WANTED = """
SELECT DISTINCT struct_pack(h := coalesce(u.hub, ''), n := coalesce(u.named, '')) AS place, u.hub, u.named, h.hub_id,
    CASE WHEN u.hub = 'ollama' THEN split_part(u.named, ':', 1) ELSE u.named END AS spelled
FROM core.usage u LEFT JOIN core.hub h ON h.hub = u.hub
"""

_MET = """
WITH model AS (
    SELECT m.model_id, m.hub_id, m.name, m.created_at, a.canonical_id, coalesce(v.removed, false) AS removed,
        coalesce(x.downloads, 0) AS downloads
    FROM core.model m
    LEFT JOIN core.model_version v ON v.model_id = m.model_id AND v.valid_to IS NULL
    LEFT JOIN (
        SELECT model_id, arg_max(canonical_id, confidence) AS canonical_id FROM core.model_alias GROUP BY model_id
    ) a ON a.model_id = m.model_id
    LEFT JOIN core.metric x ON x.model_id = m.model_id AND x.snapshot_id = m.last_metric
    WHERE lower(m.name) IN (SELECT lower(spelled) FROM wanted)
        OR (m.created_at < TIMESTAMP '2022-03-03' AND split_part(m.name, '/', 2) IN (
            SELECT spelled FROM wanted WHERE hub = 'huggingface' AND NOT contains(spelled, '/')))
),
alike AS (
    SELECT w.place, coalesce(m.canonical_id, m.model_id) AS model_id,
        CASE WHEN m.canonical_id IS NOT NULL THEN 'rename' WHEN m.name = w.spelled THEN 'exact' ELSE 'case' END AS evidence,
        CASE WHEN m.name = w.spelled THEN 0 ELSE 1 END + CASE WHEN m.removed AND m.canonical_id IS NULL THEN 4 ELSE 0 END AS rank,
        m.downloads
    FROM wanted w
    JOIN model m ON struct_pack(h := m.hub_id, n := lower(m.name)) = struct_pack(h := w.hub_id, n := lower(w.spelled))
    UNION ALL
    SELECT w.place, m.model_id, 'legacy', 3, m.downloads
    FROM wanted w
    JOIN model m ON struct_pack(h := m.hub_id, n := split_part(m.name, '/', 2)) = struct_pack(h := w.hub_id, n := w.spelled)
    WHERE w.hub = 'huggingface' AND NOT contains(w.spelled, '/') AND NOT m.removed AND m.created_at < TIMESTAMP '2022-03-03'
    UNION ALL
    SELECT w.place, v.model_id, 'exact', 2, 0
    FROM wanted w
    JOIN core.release e ON w.hub = 'pytorch-hub' AND regexp_replace(e.variant, ':[^:]+:', ':') = w.named
    JOIN core.model_version v ON v.releases_id = e.releases_id AND v.valid_to IS NULL
    JOIN core.model m ON m.model_id = v.model_id AND m.hub_id = w.hub_id
)
SELECT place, model_id, evidence FROM alike
QUALIFY row_number() OVER (PARTITION BY place ORDER BY rank, downloads DESC, model_id) = 1
"""

_JUDGED = """
WITH listed AS (SELECT hub_id, bool_or(complete) AS whole FROM core.snapshot GROUP BY hub_id)
SELECT w.place, m.model_id, m.evidence,
    CASE WHEN m.model_id IS NOT NULL THEN NULL
        WHEN w.hub IS NULL OR w.named IS NULL THEN 'local path'
        WHEN l.hub_id IS NULL THEN 'other hub'
        WHEN l.whole THEN 'unknown'
        ELSE 'not crawled' END AS why
FROM wanted w
LEFT JOIN met m ON m.place = w.place
LEFT JOIN listed l ON l.hub_id = w.hub_id
"""
