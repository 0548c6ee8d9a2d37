"""Tables of an imported database, kept row by row as they were (``raw.kept``).

A part of kind ``<database>.<table>`` holds them as JSON lines. Nothing reads them but the export that writes the
database again.
"""

from __future__ import annotations

from pathlib import Path

from landing.manifest import Part
from warehouse.database import Connection
from warehouse.literals import literal

_OBJECT_BYTES = 16 << 20


def is_kept(part: Part) -> bool:
    """Whether a part holds rows of another database."""
    return "." in part.kind and part.format == "jsonl"


def store(connection: Connection, run_key: int, record_id: int, path: Path, part: Part) -> None:
    """Write the rows of one part to ``raw.kept``."""
    largest = max(_OBJECT_BYTES, min(part.body_bytes, 256 << 20) + 1)
    connection.execute(
        f"""
        INSERT INTO raw.kept
        SELECT {run_key}, {record_id}, row_number() OVER () - 1, {literal(part.kind)}, json
        FROM read_json_objects({literal(str(path))}, format = 'newline_delimited', maximum_object_size = {largest})
        """
    )
