"""Imported tables about versions -> core.weight_change, core.model_variant, core.name_pattern.

A part's kind says which table it is; its rows are text. A row without a model or without its value is quarantined,
and of rows that say the same the first counts.
"""

from __future__ import annotations

from pathlib import Path

from landing.manifest import Part
from warehouse.database import Connection
from warehouse.literals import literal, value

PREFIX = "versions"

# Kind of part: its table, the columns after hub and model_id as SQL, and which of them a row must have.
_TABLES: dict[str, tuple[str, dict[str, str], str]] = {
    "weight-changes": (
        "core.weight_change",
        {"path": "nullif(path, '')", "changes": "TRY_CAST(changes AS INTEGER)"},
        "path IS NOT NULL AND coalesce(changes, 0) > 0",
    ),
    "variants": (
        "core.model_variant",
        {"task": "nullif(trim(task), '')", "variant": "nullif(lower(trim(variant)), '')"},
        "variant IS NOT NULL",
    ),
    "name-patterns": ("core.name_pattern", {"pattern": "nullif(trim(pattern), '')"}, "pattern IS NOT NULL"),
}


def load_part(connection: Connection, run_key: int, part_id: int, path: Path, part: Part) -> int:
    """Load one landed part in a transaction of its own; returns how many rows it brought."""
    if part.kind not in _TABLES:
        return 0
    table, columns, needed = _TABLES[part.kind]
    record = value(connection, f"SELECT record_id FROM raw.record WHERE part_id = {part_id}")
    picked = ", ".join(f"{source} AS {name}" for name, source in columns.items())
    names = ", ".join(columns)
    connection.execute("BEGIN")
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE told AS
        WITH read AS (
            SELECT hub, nullif(trim(model_id), '') AS model_id, {picked}, ordinal FROM read_parquet({literal(str(path))})
        )
        SELECT *, CASE WHEN model_id IS NULL THEN 'a row without a model'
            WHEN NOT coalesce({needed}, false) THEN 'a row without its value' END AS fault
        FROM read
        """
    )
    connection.execute(
        f"""
        INSERT INTO raw.quarantine
        SELECT {run_key}, {record}, ordinal - 1, model_id, fault, false, left(concat_ws(',', model_id, {names}), 200)
        FROM told WHERE fault IS NOT NULL
        """
    )
    connection.execute(
        f"""
        INSERT INTO {table} BY NAME
        SELECT hub, model_id, {names}, (SELECT observed_at FROM raw.run WHERE run_key = {run_key}) AS observed_at,
            {record} AS record_id
        FROM told WHERE fault IS NULL
        QUALIFY row_number() OVER (PARTITION BY hub, model_id, {names} ORDER BY ordinal) = 1
        ORDER BY ordinal
        """
    )
    connection.execute("COMMIT")
    return part.records
