"""Tables of counters over time -> core.series and core.series_metric.

A part of kind ``series`` holds rows of ``model_id, observed_at, downloads, likes, rank`` as text. A row without a
model, without a day or without any counter is quarantined; of two rows of a model at one moment the first counts.
"""

from __future__ import annotations

from pathlib import Path

from landing.manifest import Part
from warehouse.database import Connection
from warehouse.literals import literal, value

PREFIX = "series"
_COUNTERS = {"downloads": "BIGINT", "likes": "INTEGER", "rank": "INTEGER"}


def load_part(connection: Connection, run_key: int, part_id: int, path: Path, part: Part) -> int:
    """Load one landed part in a transaction of its own; returns how many rows it brought."""
    if part.kind != "series":
        return 0
    record = value(connection, f"SELECT record_id FROM raw.record WHERE part_id = {part_id}")
    connection.execute("BEGIN")
    _stage(connection, path, part)
    _judge(connection, run_key, record)
    connection.execute(
        f"""
        INSERT INTO core.series_metric BY NAME
        SELECT {run_key} AS series_id, hub, model_id, observed_at, downloads, likes, rank, {record} AS record_id
        FROM told WHERE fault IS NULL ORDER BY observed_at, ordinal
        """
    )
    connection.execute(
        f"""
        INSERT INTO core.series BY NAME
        SELECT {run_key} AS series_id, {literal(part.url)} AS name, hub, count(DISTINCT observed_at) AS moments,
            count(DISTINCT model_id) AS models, count(*) AS observations,
            min(observed_at) AS first_at, max(observed_at) AS last_at
        FROM core.series_metric WHERE series_id = {run_key} GROUP BY hub
        """
    )
    connection.execute("COMMIT")
    return part.records


def _stage(connection: Connection, path: Path, part: Part) -> None:
    """The rows as ``told``, each with what is wrong with it."""
    counters = ", ".join(
        f"TRY_CAST({name} AS {kind}) AS {name}" if name in part.fields else f"NULL::{kind} AS {name}"
        for name, kind in _COUNTERS.items()
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE told AS
        WITH read AS (
            SELECT nullif(trim(model_id), '') AS model_id, TRY_CAST(observed_at AS TIMESTAMP) AS observed_at,
                {counters}, coalesce(nullif(hub, ''), 'huggingface') AS hub, ordinal
            FROM read_parquet({literal(str(path))})
        )
        SELECT * REPLACE (CASE WHEN isfinite(observed_at) THEN observed_at END AS observed_at),
            CASE WHEN model_id IS NULL THEN 'a row without a model'
                WHEN observed_at IS NULL OR NOT isfinite(observed_at) THEN 'a row without a day'
                WHEN coalesce(downloads, likes) IS NULL THEN 'a row without a counter'
                WHEN coalesce(downloads, 0) < 0 OR coalesce(likes, 0) < 0 THEN 'a counter below zero'
                WHEN row_number() OVER (PARTITION BY hub, model_id, observed_at ORDER BY ordinal) > 1
                    THEN 'a second row of this model and day'
            END AS fault
        FROM read
        """
    )


def _judge(connection: Connection, run_key: int, record: int) -> None:
    connection.execute(
        f"""
        INSERT INTO raw.quarantine
        SELECT {run_key}, {record}, ordinal - 1, model_id, fault, false,
            left(concat_ws(',', model_id, observed_at::VARCHAR, downloads::VARCHAR, likes::VARCHAR), 200)
        FROM told WHERE fault IS NOT NULL
        """
    )
