"""Runs that read cards -> readings and values: what rules and language models found in each card.

Envelopes of the kind ``understood`` are read; their key is the sha256 of a card. A value that lacks what it must have
is quarantined, the rest of its card counts. A reading is a function of the card's content alone, so it holds for every
model that has that card, whenever it was made; of several by one method the newest counts.
"""

from __future__ import annotations

from pathlib import Path

from landing.manifest import Part
from warehouse import details
from warehouse.database import Connection

PREFIX = "cards"

# A number, or an object around one.
_NUMBER = """coalesce(CASE WHEN json_type(entry, '$.value') IN ('BIGINT', 'UBIGINT', 'DOUBLE')
    THEN TRY_CAST(entry->>'$.value' AS DOUBLE) END, TRY_CAST(entry->>'$.value.value' AS DOUBLE),
    TRY_CAST(entry->>'$.value.grams' AS DOUBLE))"""
# Objects have a name, or something that stands for one.
_TEXT = """CASE WHEN json_type(entry, '$.value') = 'OBJECT' THEN coalesce(entry->>'$.value.name', entry->>'$.value.arxiv',
    entry->>'$.value.title', entry->>'$.value.url', entry->>'$.value.kind', entry->>'$.value') ELSE entry->>'$.value' END"""
_UNIT = "coalesce(entry->>'$.value.unit', CASE WHEN json_exists(entry, '$.value.grams') THEN 'g CO2e' END)"
_NEEDED = """(entry->>'$.field') IS NOT NULL AND json_exists(entry, '$.value')
    AND coalesce(TRY_CAST(entry->>'$.confidence' AS DOUBLE) BETWEEN 0 AND 1, false)
    AND ((entry->>'$.start') IS NULL
        OR coalesce(TRY_CAST(entry->>'$.start' AS INTEGER) BETWEEN 0 AND TRY_CAST(entry->>'$.end' AS INTEGER), false))"""


def load_part(connection: Connection, run_key: int, part_id: int, path: Path, part: Part) -> int:
    """Load one landed part in a transaction of its own; returns how many records it brought."""
    if part.format != "envelopes":
        return 0
    connection.execute("BEGIN")
    if part.kind != "understood":
        details.note(connection, part_id, path, part.body_bytes)
    else:
        details.stage(connection, part_id, path, part.body_bytes)
        _read(connection, run_key)
    connection.execute("COMMIT")
    return part.records


def _read(connection: Connection, run_key: int) -> None:
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE told AS
        SELECT record_id, key, fetched_at, decoder, body, TRY_CAST(body AS JSON) AS json FROM envelope
        """
    )
    bad = """json IS NULL OR json_type(json) <> 'OBJECT' OR decoder IS NULL
        OR NOT coalesce((json->>'$.method') IN ('rules', 'language model'), false)"""
    connection.execute(
        f"""
        INSERT INTO raw.quarantine
        SELECT {run_key}, record_id, -1, key, 'no reading of a card', false, left(body, 200) FROM told WHERE {bad}
        """
    )
    connection.execute(f"DELETE FROM told WHERE {bad}")
    connection.execute(
        """
        INSERT INTO core.card_reading
        SELECT record_id, key, NULL, json->>'$.method', decoder, fetched_at, false,
            coalesce(json_array_length(json, '$.rejected'), 0), TRY_CAST(json->>'$.usage.prompt_tokens' AS INTEGER),
            TRY_CAST(json->>'$.usage.completion_tokens' AS INTEGER), json->>'$.error'
        FROM told
        """
    )
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE piece AS
        SELECT record_id, key, unnest(entries) AS entry, generate_subscripts(entries, 1) AS position
        FROM (SELECT record_id, key, TRY_CAST(json->'$.values' AS JSON[]) AS entries FROM told)
        """
    )
    connection.execute(
        f"""
        INSERT INTO core.card_value
        SELECT record_id, position, entry->>'$.field', {_TEXT}, entry->'$.value',
            CASE WHEN isfinite({_NUMBER}) THEN {_NUMBER} END, {_UNIT}, left(entry->>'$.raw', 400),
            TRY_CAST(entry->>'$.start' AS INTEGER), TRY_CAST(entry->>'$.end' AS INTEGER), entry->>'$.place',
            TRY_CAST(entry->>'$.confidence' AS FLOAT), entry->>'$.rule'
        FROM piece WHERE {_NEEDED}
        """
    )
    connection.execute(
        f"""
        INSERT INTO raw.quarantine
        SELECT {run_key}, record_id, position - 1, key, 'a value lacks what it must have', true, left(entry::VARCHAR, 200)
        FROM piece WHERE NOT ({_NEEDED})
        UNION ALL
        SELECT {run_key}, record_id, -1, key, 'values is no list', true, left((json->'$.values')::VARCHAR, 200)
        FROM told WHERE json_type(json->'$.values') IS DISTINCT FROM 'ARRAY'
        """
    )


def join(connection: Connection) -> None:
    """Say of every reading which card it is of, and which one of each card and method counts; anew at every load."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE reading AS
        SELECT r.reading_id, c.card_id,
            row_number() OVER (PARTITION BY r.sha256, r.method ORDER BY r.read_at DESC, r.reading_id DESC) = 1 AS newest
        FROM core.card_reading r LEFT JOIN core.card c ON c.sha256 = r.sha256
        """
    )
    connection.execute(
        """
        UPDATE core.card_reading AS r SET card_id = x.card_id, newest = x.newest
        FROM reading x
        WHERE x.reading_id = r.reading_id AND (x.card_id, x.newest) IS DISTINCT FROM (r.card_id, r.newest)
        """
    )
