"""Listings of data sets: which there are, and under which licences. They make no models and no snapshot rows."""

from __future__ import annotations

from pathlib import Path

from landing.manifest import Part
from warehouse.database import Connection
from warehouse.licences import understand
from warehouse.literals import insert, literal
from warehouse.snapshot import Snapshot

_OBJECT_BYTES = 16 << 20
_LONGEST = 500


def store(connection: Connection, snapshot: Snapshot, record_id: int, path: Path, part: Part) -> None:
    """Write the data sets of one part to ``core.dataset``; one without tags is known without a licence."""
    if not {"id", "tags"} <= set(part.fields):
        return
    connection.execute(
        f"""
        INSERT INTO core.dataset
        SELECT {snapshot.hub_id}, trim(id), list_sort(list_distinct(list_transform(
                list_filter(coalesce(tags, []), lambda t: starts_with(t, 'license:') AND len(t) BETWEEN 9 AND {_LONGEST}),
                lambda t: lower(t[9:])))), {snapshot.snapshot_id}, {record_id}
        FROM {_relation(path, part)}
        WHERE trim(id) <> '' AND len(id) <= {_LONGEST}
        QUALIFY row_number() OVER (PARTITION BY trim(id) ORDER BY len(tags) DESC) = 1
        """
    )


def _relation(path: Path, part: Part) -> str:
    name = literal(str(path))
    if part.format == "parquet":
        return f"(SELECT id::VARCHAR AS id, tags::VARCHAR[] AS tags FROM read_parquet({name}))"
    form = "newline_delimited" if part.format == "jsonl" else "array"
    return (
        f"read_json({name}, format = '{form}', columns = {{id: 'VARCHAR', tags: 'VARCHAR[]'}}, ignore_errors = true, "
        f"maximum_object_size = {_OBJECT_BYTES})"
    )


def learn(connection: Connection) -> None:
    """Add to ``core.licence`` the words that only data sets use."""
    words = connection.execute(
        "SELECT word FROM (SELECT DISTINCT unnest(licences) AS word FROM core.dataset) WHERE word NOT IN (SELECT raw FROM core.licence) ORDER BY 1"
    ).fetchall()
    insert(connection, "core.licence", [(word, *understand(word)) for (word,) in words])
