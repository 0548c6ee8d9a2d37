"""Tables of packages of other registries -> core.package_metric: what popularity on a hub is held against.

Rows come as JSON lines: registry, name, downloads as written. A row whose downloads are no whole number (a
thousands separator is understood) or that names no registry is quarantined.
"""

from __future__ import annotations

from pathlib import Path

from landing.manifest import Part
from warehouse.database import Connection
from warehouse.literals import literal, value

PREFIX = "packages"

_OBJECT_BYTES = 1 << 20


def load_part(connection: Connection, run_key: int, part_id: int, path: Path, part: Part) -> int:
    """Load one landed part in a transaction of its own; returns how many rows it brought."""
    if part.kind != "packages":
        return 0
    record = value(connection, f"SELECT record_id FROM raw.record WHERE part_id = {part_id}")
    connection.execute("BEGIN")
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE told AS
        SELECT lower(trim(registry)) AS registry, nullif(name, '') AS name, downloads AS written,
            TRY_CAST(CASE WHEN regexp_full_match(downloads, '[0-9]{{1,3}}(,[0-9]{{3}})*|[0-9]{{1,18}}')
                THEN replace(downloads, ',', '') END AS BIGINT) AS downloads, ordinal
        FROM read_json({literal(str(path))}, format = 'newline_delimited', maximum_object_size = {_OBJECT_BYTES},
            columns = {{registry: 'VARCHAR', name: 'VARCHAR', downloads: 'VARCHAR', ordinal: 'INTEGER'}})
        """
    )
    bad = "downloads IS NULL OR coalesce(registry, '') = ''"
    connection.execute(
        f"""
        INSERT INTO raw.quarantine
        SELECT {run_key}, {record}, ordinal - 1, name, 'no registry with a whole number of downloads', false,
            left(concat_ws(',', registry, name, written), 200)
        FROM told WHERE {bad}
        """
    )
    connection.execute(
        f"""
        INSERT INTO core.package_metric
        SELECT registry, name, downloads, (SELECT observed_at FROM raw.run WHERE run_key = {run_key}), ordinal, {record}
        FROM told WHERE NOT ({bad})
        """
    )
    connection.execute("COMMIT")
    return part.records
