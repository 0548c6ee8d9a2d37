"""Bundles of envelopes (one response per model) -> cards, files, commits, discussions, tensor headers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from warehouse import licence_evidence, owners, scans, sections
from warehouse.database import Connection
from warehouse.history import FACETS, SCALARS, close_versions, mask
from warehouse.snapshot import Snapshot

_ENVELOPE = {
    "kind": "VARCHAR",
    "key": "VARCHAR",
    "revision": "VARCHAR",
    "url": "VARCHAR",
    "status": "SMALLINT",
    "fetched_at": "TIMESTAMP",
    "etag": "VARCHAR",
    "sha256": "VARCHAR",
    "bytes": "BIGINT",
    "body": "VARCHAR",
    "body_base64": "VARCHAR",
    "decoded": "JSON",
    "decoder": "VARCHAR",
}


# DuckDB sets aside twice the largest object for every thread, so it is told no more than a bundle can hold.
_OBJECT_BYTES = 16 << 20


def stage(connection: Connection, part_id: int, path: Path, body_bytes: int) -> None:
    """Read one bundle into the temporary table ``envelope`` and note its records."""
    largest = max(_OBJECT_BYTES, body_bytes + 1)
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in _ENVELOPE.items())
    quoted = str(path).replace("'", "''")
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE envelope AS
        SELECT (SELECT coalesce(max(record_id), 0) FROM raw.record) + ordinality AS record_id, *
        FROM (
            SELECT row_number() OVER (ORDER BY file_row_number) AS ordinality, * EXCLUDE (file_row_number) FROM (
                SELECT row_number() OVER () AS file_row_number, * FROM read_json('{quoted}',
                    format = 'newline_delimited', columns = {{{columns}}}, maximum_object_size = {largest})
            )
        )
        """
    )
    connection.execute(
        f"""
        INSERT INTO raw.record
        SELECT record_id, {part_id}, ordinality - 1, kind, key, revision, url, status, fetched_at, etag, sha256, bytes,
            decoder
        FROM envelope
        """
    )


def note(connection: Connection, part_id: int, path: Path, body_bytes: int) -> None:
    """Note the records of a bundle whose bodies nobody reads here."""
    largest = max(_OBJECT_BYTES, body_bytes + 1)
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in _ENVELOPE.items() if "body" not in name)
    quoted = str(path).replace("'", "''")
    connection.execute(
        f"""
        INSERT INTO raw.record
        SELECT (SELECT coalesce(max(record_id), 0) FROM raw.record) + ordinality, {part_id}, ordinality - 1, kind, key, revision,
            url, status, fetched_at, etag, sha256, bytes, decoder
        FROM (
            SELECT row_number() OVER () AS ordinality, * FROM read_json('{quoted}', format = 'newline_delimited',
                columns = {{{columns}}}, maximum_object_size = {largest})
        )
        """
    )


def write(connection: Connection, snapshot: Snapshot, kind: str) -> None:
    """Write the staged envelopes of ``kind``; a kind that nobody knows stays in ``raw`` only."""
    if kind == "owner":  # about an owner, not about a model
        owners.write(connection, snapshot)
        return
    writer = _WRITERS.get(kind)
    if writer is None:
        return
    _identify(connection, snapshot)
    _quarantine(connection, kind)
    writer(connection, snapshot)


# What makes an answer of a kind unreadable.
_UNREADABLE = {
    "tree": ("TRY_CAST(body AS JSON[]) IS NULL", "not a JSON array"),
    "commits": ("TRY_CAST(body AS JSON[]) IS NULL", "not a JSON array"),
    "discussions": ("TRY_CAST(TRY_CAST(body AS JSON)->'discussions' AS JSON[]) IS NULL", "no list of discussions"),
    "header": ("decoded IS NULL OR (decoded->>'error') IS NOT NULL", "not a safetensors header"),
}


def _quarantine(connection: Connection, kind: str) -> None:
    """Note answers that cannot be read; the writers pass over them."""
    if kind in _UNREADABLE:
        condition, reason = _UNREADABLE[kind]
        connection.execute(
            f"""
            INSERT INTO raw.quarantine
            SELECT p.run_key, a.record_id, -1, a.key, '{reason}', true, left(a.body, 200)
            FROM about_model a
            JOIN raw.record r ON r.record_id = a.record_id
            JOIN raw.part p ON p.part_id = r.part_id
            WHERE {condition}
            """
        )


def _identify(connection: Connection, snapshot: Snapshot) -> None:
    """Give every envelope its model; a model that no listing has shown is created by name alone."""
    hub = snapshot.hub_id
    owner = "CASE WHEN contains(key, '/') THEN split_part(key, '/', 1) ELSE '' END"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE fresh AS
        SELECT DISTINCT key AS name, {owner} AS owner FROM envelope
        WHERE status = 200 AND key NOT IN (SELECT name FROM core.model WHERE hub_id = {hub})
        """
    )
    connection.execute(
        f"""
        INSERT INTO core.owner
        SELECT (SELECT coalesce(max(owner_id), 0) FROM core.owner) + row_number() OVER (ORDER BY owner), {hub}, owner
        FROM (SELECT DISTINCT owner FROM fresh WHERE owner NOT IN (SELECT owner FROM core.owner WHERE hub_id = {hub}))
        """
    )
    connection.execute(
        f"""
        INSERT INTO core.model
        SELECT (SELECT coalesce(max(model_id), 0) FROM core.model) + row_number() OVER (ORDER BY name),
            {hub}, name, owner_id, NULL, NULL, {snapshot.moment}, {snapshot.moment}, NULL
        FROM fresh JOIN core.owner o ON o.hub_id = {hub} AND o.owner = fresh.owner
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE about_model AS
        SELECT DISTINCT ON (e.key, e.kind, coalesce(e.url, '')) m.model_id, e.*
        FROM envelope e JOIN core.model m ON m.hub_id = {hub} AND m.name = e.key
        WHERE e.status IN (200, 206)
        ORDER BY e.key, e.kind, coalesce(e.url, ''), e.record_id
        """
    )


def _cards(connection: Connection, snapshot: Snapshot) -> None:
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE new_card AS
        SELECT (SELECT coalesce(max(card_id), 0) FROM core.card) + row_number() OVER (ORDER BY sha256) AS card_id, *
        FROM (
            SELECT DISTINCT ON (sha256) sha256, record_id, decoded, decoder,
                coalesce(body, try(decode(from_base64(body_base64)))) AS text
            FROM about_model WHERE sha256 NOT IN (SELECT sha256 FROM core.card)
            ORDER BY sha256, record_id
        )
        """
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE new_section AS
        SELECT card_id, ordinal, (s->>'level')::INTEGER AS level, s->>'title' AS title, (s->>'words')::INTEGER AS words,
            (s->>'words')::INTEGER + coalesce((s->>'code_blocks')::INTEGER, 0) > 0 AS filled
        FROM (
            SELECT card_id, unnest(l) AS s, generate_subscripts(l, 1) AS ordinal
            FROM (SELECT card_id, (decoded->'sections')::JSON[] AS l FROM new_card)
        )
        """
    )
    connection.execute(
        f"""
        INSERT INTO core.card_section
        SELECT card_id, ordinal, s.level, s.title, s.words, CASE WHEN s.filled THEN r.category END,
            CASE WHEN s.filled THEN r.part END, CASE WHEN s.filled THEN r.aspect END
        FROM new_section s JOIN ({sections.resolved("new_section")}) r USING (card_id, ordinal)
        """
    )
    connection.execute(
        """
        INSERT INTO core.card BY NAME
        SELECT n.card_id, n.sha256, n.text,
            (decoded->'text'->>'characters')::INTEGER AS characters, (decoded->'text'->>'words')::INTEGER AS words,
            CASE WHEN json_type(decoded, '$.front_matter') = 'OBJECT' THEN decoded->'front_matter' END AS front_matter,
            (decoded->>'has_front_matter')::BOOLEAN AS has_front_matter,
            (decoded->>'front_matter_valid')::BOOLEAN AS front_matter_valid,
            (decoded->'text'->>'code_blocks')::INTEGER AS code_blocks, (decoded->'text'->>'tables')::INTEGER AS tables,
            (decoded->'text'->>'links')::INTEGER AS links, (decoded->'text'->>'images')::INTEGER AS images,
            coalesce(c.categories, []) AS categories,
            len(list_intersect(coalesce(c.categories, []),
                ['description', 'usage', 'limitations', 'training', 'evaluation'])) / 5.0 AS section_score,
            (((decoded->'text'->>'code_blocks')::INTEGER > 0)::INTEGER + coalesce(c.useful, 0)) / 3.0 AS quality,
            coalesce((decoded->>'cut')::BOOLEAN, false) AS truncated, n.decoder, n.record_id
        FROM new_card n
        LEFT JOIN (
            SELECT card_id, coalesce(list_sort(list(DISTINCT category) FILTER (category IS NOT NULL)), []) AS categories,
                count(DISTINCT part) FILTER (part IN ('usage', 'description')) AS useful
            FROM core.card_section GROUP BY 1
        ) c ON c.card_id = n.card_id
        """
    )
    licence_evidence.cards(connection)
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE revision AS
        SELECT a.model_id, max(a.record_id) AS record_id, true AS has_card, arg_max(c.card_id, a.record_id) AS card_id
        FROM about_model a JOIN core.card c ON c.sha256 = a.sha256
        GROUP BY a.model_id
        """
    )
    revise(connection, snapshot, ("has_card", "card_id"), frozenset({"has_card", "card"}))


def _trees(connection: Connection, snapshot: Snapshot) -> None:
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE entry AS
        SELECT model_id, record_id, e->>'path' AS path, TRY_CAST(e->>'size' AS BIGINT) AS size, e->'lfs'->>'oid' AS sha256
        FROM (SELECT model_id, record_id, unnest(TRY_CAST(body AS JSON[])) AS e FROM about_model)
        WHERE (e->>'type') = 'file'
        """
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE revision AS
        SELECT model_id, max(record_id) AS record_id, true AS files_sized,
            (SELECT coalesce(max(version_id), 0) FROM core.model_version) + row_number() OVER (ORDER BY model_id) AS files_id
        FROM entry GROUP BY model_id
        """
    )
    connection.execute(
        """
        DELETE FROM revision USING core.model_version v
        WHERE v.model_id = revision.model_id AND v.valid_to IS NULL AND v.files_sized
            AND (SELECT list_sort(list(f.path || coalesce(f.sha256, '') || coalesce(f.size, 0))) FROM core.file f
                WHERE f.files_id = v.files_id)
            = (SELECT list_sort(list(e.path || coalesce(e.sha256, '') || coalesce(e.size, 0))) FROM entry e
                WHERE e.model_id = v.model_id)
        """
    )
    revise(connection, snapshot, ("files_id", "files_sized"), frozenset({"files"}), renumber="files_id")
    connection.execute(
        """
        INSERT INTO core.file BY NAME
        SELECT DISTINCT v.files_id, e.path, file_kind(e.path) AS kind, e.size, e.sha256
        FROM entry e JOIN revised v USING (model_id)
        """
    )
    scans.write(connection, snapshot)


def _commits(connection: Connection, snapshot: Snapshot) -> None:
    connection.execute(
        """
        INSERT INTO core.commit
        SELECT DISTINCT ON (model_id, sha) *
        FROM (
            SELECT model_id, c->>'id' AS sha, TRY_CAST(c->>'date' AS TIMESTAMP), c->>'title', c->>'message',
                list_transform(TRY_CAST(c->'authors' AS JSON[]), lambda a: coalesce(a->>'user', a->>'$')), record_id
            FROM (SELECT model_id, record_id, unnest(TRY_CAST(body AS JSON[])) AS c FROM about_model)
        )
        WHERE sha IS NOT NULL AND (model_id, sha) NOT IN (SELECT (model_id, sha) FROM core.commit)
        ORDER BY model_id, sha, record_id
        """
    )


def _discussions(connection: Connection, snapshot: Snapshot) -> None:
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE talk AS
        SELECT DISTINCT ON (model_id, number) *
        FROM (
            SELECT model_id, TRY_CAST(d->>'num' AS INTEGER) AS number, d->>'title' AS title, d->>'status' AS status,
                TRY_CAST(d->>'isPullRequest' AS BOOLEAN) AS pull_request, d->'author'->>'name' AS author,
                TRY_CAST(d->>'createdAt' AS TIMESTAMP) AS created_at, TRY_CAST(d->>'numComments' AS INTEGER) AS comments,
                {snapshot.snapshot_id} AS snapshot_id, record_id
            FROM (SELECT model_id, record_id, unnest(TRY_CAST(TRY_CAST(body AS JSON)->'discussions' AS JSON[])) AS d FROM about_model)
        )
        WHERE number IS NOT NULL
        ORDER BY model_id, number, record_id
        """
    )
    connection.execute(
        "DELETE FROM core.discussion WHERE (model_id, number) IN (SELECT (model_id, number) FROM talk)"
    )
    connection.execute("INSERT INTO core.discussion BY NAME SELECT * FROM talk")


def _headers(connection: Connection, snapshot: Snapshot) -> None:
    connection.execute(
        """
        INSERT INTO core.tensor_file
        SELECT model_id, revision, coalesce(decoded->>'path', url), TRY_CAST(decoded->>'tensors' AS INTEGER),
            TRY_CAST(decoded->>'total' AS BIGINT), decoded->'parameters', decoded->'metadata', bytes, record_id
        FROM about_model WHERE decoded IS NOT NULL AND (decoded->>'error') IS NULL
        """
    )


def revise(
    connection: Connection,
    snapshot: Snapshot,
    columns: tuple[str, ...],
    known: frozenset[str],
    renumber: str | None = None,
) -> None:
    """Open versions with other values in ``columns``, taken from the temporary table ``revision``.

    Where ``renumber`` names a facet's id, that id becomes the number of the new version. Leaves
    the temporary table ``revised`` (model_id and that id).
    """
    compared = [name for name in columns if name != renumber] or list(columns)
    differs = " OR ".join(f"r.{name} IS DISTINCT FROM v.{name}" for name in compared)
    if renumber:
        differs = "true"
    kept = [name for name in (*SCALARS, "files_sized", "card_id") if name not in columns]
    facets = [column for facet in FACETS for column in (f"{facet}_id", f"{facet}_hash") if column not in columns]
    given = ", ".join("version_id AS " + name if name == renumber else f"r_{name} AS {name}" for name in columns)
    carried = ", ".join([*kept, *facets])
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE revised AS
        SELECT {carried}, {given}, * EXCLUDE ({carried}, {", ".join("r_" + name for name in columns)})
        FROM (
            SELECT (SELECT coalesce(max(version_id), 0) FROM core.model_version) + row_number() OVER (ORDER BY r.model_id)
                    AS version_id,
                r.model_id, r.record_id, v.version_id AS old, v.valid_from AS old_from,
                coalesce(v.known, 0) | {mask(known)} AS known, coalesce(v.removed, false) AS removed, v.removed_at,
                {", ".join(f"v.{name}" for name in [*kept, *facets])},
                {", ".join(f"r.{name} AS r_{name}" for name in columns)}
            FROM revision r
            LEFT JOIN core.model_version v ON v.model_id = r.model_id AND v.valid_to IS NULL
            WHERE v.version_id IS NULL OR {differs}
        )
        """
    )
    close_versions(connection, snapshot, "SELECT old, old_from FROM revised WHERE old IS NOT NULL")
    connection.execute(
        f"""
        INSERT INTO core.model_version BY NAME
        SELECT * EXCLUDE (old, old_from), {snapshot.moment} AS valid_from, {snapshot.snapshot_id} AS snapshot_id
        FROM revised
        """
    )


_WRITERS: dict[str, Callable[[Connection, Snapshot], None]] = {
    "card": _cards,
    "tree": _trees,
    "commits": _commits,
    "discussions": _discussions,
    "header": _headers,
    "licence-text": licence_evidence.texts,
}
