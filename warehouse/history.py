"""The staged table ``page`` -> identity, versions, counters, descriptions, files.

One snapshot at a time, in the order of observation. A version is opened when a model is first seen
or when something that this source states differs from what was last known; what the source
does not state is carried over. Descriptions, front matter and file lists are stored when they
change and versions point to them, so a change of one does not copy the others.
"""

from __future__ import annotations

from warehouse import descriptions
from warehouse.database import Connection
from warehouse.literals import value
from warehouse.mapping import Mapping
from warehouse.snapshot import Snapshot

# The columns of core.model_version that a source states one by one, in the order of the schema.
SCALARS = (
    "sha",
    "last_modified",
    "private",
    "gated",
    "disabled",
    "task",
    "task_raw",
    "library",
    "architecture",
    "model_type",
    "parameters",
    "storage_bytes",
    "tensor_types",
    "has_card",
    "description",
    "url",
)
FACETS = ("about", "front", "files", "releases")
# Positions are part of stored data (core.model_version.known): only append.
FIELDS = (*SCALARS, *FACETS, "removed", "card")


def mask(fields: frozenset[str]) -> int:
    """The bit mask of the fields."""
    return sum(1 << position for position, name in enumerate(FIELDS) if name in fields)


def begin(connection: Connection) -> None:
    """Forget what the last snapshot has seen."""
    connection.execute("CREATE OR REPLACE TEMP TABLE seen (model_id INTEGER, kind VARCHAR)")


def write(connection: Connection, mapping: Mapping, snapshot: Snapshot, kind: str, known: frozenset[str]) -> int:
    """Write the staged ``page``; returns how many rows repeated a model of the same kind."""
    _identify(connection, snapshot)
    repeated = _drop_repeated(connection, kind)
    _count(connection, snapshot)
    _merge(connection, mapping, snapshot, known)
    return repeated


def _identify(connection: Connection, snapshot: Snapshot) -> None:
    """Give every row of ``page`` its model, creating owners and models that are new."""
    hub = snapshot.hub_id
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE fresh AS
        SELECT name, any_value(owner) AS owner, min(native_id) AS native_id, min(created_at) AS created_at
        FROM page ANTI JOIN (SELECT name FROM core.model WHERE hub_id = {hub}) USING (name)
        GROUP BY name
        """
    )
    connection.execute(
        f"""
        INSERT INTO core.owner
        SELECT (SELECT coalesce(max(owner_id), 0) FROM core.owner) + row_number() OVER (ORDER BY owner), {hub}, owner
        FROM (SELECT DISTINCT owner FROM fresh ANTI JOIN (SELECT owner FROM core.owner WHERE hub_id = {hub}) USING (owner))
        """
    )
    connection.execute(
        f"""
        INSERT INTO core.model
        SELECT (SELECT coalesce(max(model_id), 0) FROM core.model) + row_number() OVER (ORDER BY f.name),
            {hub}, f.name, o.owner_id, f.native_id, f.created_at, {snapshot.moment}, {snapshot.moment}, NULL
        FROM fresh f JOIN core.owner o ON o.hub_id = {hub} AND o.owner = f.owner
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE sighting AS
        SELECT p.row_id, m.model_id
        FROM page p JOIN core.model m ON m.hub_id = {hub} AND m.name = p.name
        """
    )


def _drop_repeated(connection: Connection, kind: str) -> int:
    """Leave one row per model: none where this kind has seen the model in this snapshot, else the first record's."""
    before = value(connection, "SELECT count(*) FROM sighting")
    connection.execute(
        f"DELETE FROM sighting WHERE model_id IN (SELECT model_id FROM seen WHERE kind = {_text(kind)})"
    )
    connection.execute(
        """
        DELETE FROM sighting WHERE row_id IN (
            SELECT row_id FROM (
                SELECT s.row_id, row_number() OVER (
                    PARTITION BY s.model_id
                    ORDER BY p.record_id, p.about_hash, p.files_hash, p.downloads, p.likes, p.row_id
                ) AS place
                FROM sighting s JOIN page p USING (row_id)
                WHERE s.model_id IN (SELECT model_id FROM sighting GROUP BY 1 HAVING count(*) > 1)
            ) WHERE place > 1
        )
        """
    )
    return before - value(connection, "SELECT count(*) FROM sighting")


def _count(connection: Connection, snapshot: Snapshot) -> None:
    """Write the counters, once per model and snapshot."""
    connection.execute(
        f"""
        INSERT INTO core.metric
        SELECT {snapshot.snapshot_id}, s.model_id, p.downloads, p.downloads_all_time, p.likes, p.trending_score, p.record_id
        FROM sighting s JOIN page p USING (row_id)
        WHERE NOT p.removed AND s.model_id NOT IN (SELECT model_id FROM seen)
        """
    )


def _merge(connection: Connection, mapping: Mapping, snapshot: Snapshot, known: frozenset[str]) -> None:
    """Open, close and carry over versions."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE delta AS {_delta(known)}")
    _store_versions(connection, snapshot)
    if "about" in known:
        descriptions.store_about(connection, mapping, snapshot)
    if "front" in known:
        descriptions.store_front(connection, mapping, snapshot)
    if "files" in known:
        descriptions.store_files(connection, mapping)
    if "releases" in known:
        descriptions.store_releases(connection, mapping)


def _delta(known: frozenset[str]) -> str:
    """SQL: the rows whose version changes, with the merged columns."""
    scalars = [f"p.{name}" if name in known else f"v.{name}" for name in SCALARS]
    merged = ", ".join(f"{source} AS {name}" for source, name in zip(scalars, SCALARS, strict=True))
    changed = {name: f"p.{name} IS DISTINCT FROM v.{name}" for name in SCALARS if name in known}
    facets = []
    for name in FACETS:
        differs = f"v.{name}_id IS NULL OR p.{name}_hash IS DISTINCT FROM v.{name}_hash"
        stated = f"p.{name}_hash" if name in known else f"v.{name}_hash"
        facets += [
            f"{stated} AS {name}_hash",
            f"v.{name}_id AS old_{name}_id",
            f"({differs if name in known else 'false'}) AS {name}_changed",
        ]
        if name in known:
            changed[name] = f"({differs})"
    changed["removed"] = "p.removed IS DISTINCT FROM v.removed"
    return f"""
        SELECT (SELECT coalesce(max(version_id), 0) FROM core.model_version) + row_number() OVER (ORDER BY model_id)
            AS version_id, *
        FROM (
            SELECT p.row_id, s.model_id, p.record_id, v.version_id AS old, v.valid_from AS old_from,
                coalesce(v.known, 0) | {mask(known)} AS known, p.removed, p.removed_at, {merged}, {", ".join(facets)},
                v.files_sized, v.card_id
            FROM sighting s
            JOIN page p USING (row_id)
            LEFT JOIN core.model_version v ON v.model_id = s.model_id AND v.valid_to IS NULL
            WHERE v.version_id IS NULL OR {" OR ".join(changed.values())}
        )
        """


def _store_versions(connection: Connection, snapshot: Snapshot) -> None:
    close_versions(connection, snapshot, "SELECT old, old_from FROM delta WHERE old IS NOT NULL")
    facets = ", ".join(
        f"CASE WHEN {name}_changed THEN version_id ELSE old_{name}_id END AS {name}_id, {name}_hash"
        for name in FACETS
    )
    connection.execute(
        f"""
        INSERT INTO core.model_version BY NAME
        SELECT version_id, model_id, {snapshot.moment} AS valid_from, NULL AS valid_to,
            {snapshot.snapshot_id} AS snapshot_id, record_id, known, removed,
            CASE WHEN removed THEN coalesce(removed_at, {snapshot.moment}) END AS removed_at,
            {", ".join(SCALARS)}, {facets},
            CASE WHEN files_changed THEN false ELSE files_sized END AS files_sized, card_id
        FROM delta
        """
    )


def close_versions(connection: Connection, snapshot: Snapshot, versions: str) -> None:
    """Close the versions that ``versions`` selects (id, valid_from); one that this very moment opened is replaced."""
    connection.execute(
        f"""
        DELETE FROM core.model_version
        WHERE version_id IN (SELECT old FROM ({versions}) WHERE old_from = {snapshot.moment})
        """
    )
    connection.execute(
        f"""
        UPDATE core.model_version SET valid_to = {snapshot.moment}
        WHERE valid_to IS NULL AND version_id IN (SELECT old FROM ({versions}) WHERE old_from < {snapshot.moment})
        """
    )


def note_seen(connection: Connection, kind: str) -> None:
    """Remember the models of this batch."""
    connection.execute(
        f"INSERT INTO seen SELECT s.model_id, {_text(kind)} FROM sighting s JOIN page p USING (row_id) WHERE NOT p.removed"
    )


def end(connection: Connection, snapshot: Snapshot, *, complete: bool) -> int:
    """Close the snapshot: when models were last seen, and which are gone. Returns how many models were seen."""
    connection.execute(
        f"UPDATE core.model SET last_seen = {snapshot.moment} WHERE model_id IN (SELECT model_id FROM seen)"
    )
    connection.execute(
        f"""
        UPDATE core.model SET last_metric = {snapshot.snapshot_id}
        WHERE model_id IN (
            SELECT model_id FROM core.metric
            WHERE snapshot_id = {snapshot.snapshot_id} AND (downloads IS NOT NULL OR likes IS NOT NULL)
        )
        """
    )
    if complete:
        _remove_absent(connection, snapshot)
    return value(connection, "SELECT count(DISTINCT model_id) FROM seen")


def _remove_absent(connection: Connection, snapshot: Snapshot) -> None:
    """A complete snapshot without a model is evidence that it is gone."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE gone AS
        SELECT v.* FROM core.model_version v
        JOIN core.model m ON m.model_id = v.model_id AND m.hub_id = {snapshot.hub_id}
        WHERE v.valid_to IS NULL AND NOT v.removed AND v.model_id NOT IN (SELECT model_id FROM seen)
        """
    )
    close_versions(connection, snapshot, "SELECT version_id AS old, valid_from AS old_from FROM gone")
    record = "(SELECT max(record_id) FROM raw.record)"
    connection.execute(
        f"""
        INSERT INTO core.model_version BY NAME
        SELECT * REPLACE (
            (SELECT coalesce(max(version_id), 0) FROM core.model_version) + row_number() OVER (ORDER BY model_id)
                AS version_id,
            {snapshot.moment} AS valid_from, {snapshot.snapshot_id} AS snapshot_id, {record} AS record_id,
            true AS removed, {snapshot.moment} AS removed_at)
        FROM gone
        """
    )


def learn_identity(connection: Connection) -> None:
    """Fill in immutable ids and creation dates that earlier snapshots did not state."""
    connection.execute(
        """
        UPDATE core.model AS m
        SET native_id = coalesce(m.native_id, f.native_id), created_at = coalesce(m.created_at, f.created_at)
        FROM (
            SELECT s.model_id, p.native_id, p.created_at FROM sighting s JOIN page p USING (row_id)
            WHERE p.native_id IS NOT NULL OR p.created_at IS NOT NULL
        ) f
        WHERE f.model_id = m.model_id
            AND ((m.native_id IS NULL AND f.native_id IS NOT NULL) OR (m.created_at IS NULL AND f.created_at IS NOT NULL))
        """
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
