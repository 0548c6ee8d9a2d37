"""What a sample is drawn from: the models of a hub that are there and open, and the relatives of those drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from warehouse.reader import Reader

# One format a model, the one its loader takes first; by its files where they are known, else by the hub's tags.
_FORMATS = """
    WITH found AS (
        SELECT m.model_key, f.kind::VARCHAR AS format
        FROM frame m JOIN core.file f ON f.files_id = m.files_id
        UNION ALL
        SELECT m.model_key, t.value FROM frame m
        JOIN core.about_tag a ON a.about_id = m.about_id
        JOIN core.tag t ON t.tag_id = a.tag_id WHERE t.kind = 'format'
    )
    SELECT model_key, CASE
        WHEN bool_or(format = 'safetensors') THEN 'safetensors'
        WHEN bool_or(format = 'gguf') THEN 'gguf'
        WHEN bool_or(format IN ('pytorch', 'pickle', 'joblib')) THEN 'pickled'
        WHEN bool_or(format = 'onnx') THEN 'onnx'
        ELSE 'other' END AS format
    FROM found GROUP BY model_key
"""
_COLUMNS = ("hub", "model_id", "revision", "downloads", "task", "library", "format", "bytes")
_BATCH = 10_000


def rows(reader: Reader, hub: str) -> Iterator[dict[str, Any]]:
    """Every model of the hub that can be fetched, in the order of their ids; streamed.

    Removed, private, disabled and gated models are no part of the frame, nor are those whose commit is not known.
    """
    reader.execute(
        """
        CREATE OR REPLACE TEMP TABLE frame AS
        SELECT hub, model_id, sha AS revision, downloads, task, library, storage_bytes AS bytes,
            model_key, files_id, about_id
        FROM mart.model
        WHERE hub = ? AND NOT removed AND NOT coalesce(private, false) AND NOT coalesce(disabled, false)
            AND coalesce(gated, 'false') = 'false' AND sha IS NOT NULL
        """,
        [hub],
    )
    cursor = reader.execute(
        f"""
        SELECT hub, model_id, revision, downloads, task, library, coalesce(f.format, 'other') AS format, bytes
        FROM frame m LEFT JOIN ({_FORMATS}) f ON f.model_key = m.model_key ORDER BY model_id
        """
    )
    while batch := cursor.fetchmany(_BATCH):
        for row in batch:
            yield dict(zip(_COLUMNS, row, strict=True))


def relatives(reader: Reader, hub: str, drawn: Sequence[str], siblings: int) -> dict[str, tuple[str, list[str]]]:
    """For every drawn model that declares one base: the base, and up to so many other fine-tunes of it.

    Siblings are the most downloaded; a base that is gone is given all the same, it may be in a cache.
    """
    found = reader.rows(
        """
        WITH edge AS (
            SELECT child_id, coalesce(resolved_id, parent_id) AS parent_id FROM mart.lineage_edge
            WHERE hub = $hub AND relation = 'finetune' AND NOT self_loop
        ), child AS (
            SELECT e.child_id, e.parent_id,
                row_number() OVER (PARTITION BY e.parent_id ORDER BY m.downloads DESC, e.child_id) AS rank
            FROM edge e JOIN mart.model m ON m.model_id = e.child_id AND m.hub = $hub
            WHERE coalesce(m.gated, 'false') = 'false'
                AND e.parent_id IN (SELECT parent_id FROM edge WHERE child_id IN (SELECT unnest($drawn)))
        ), single AS (
            SELECT child_id, any_value(parent_id) AS parent_id FROM edge
            WHERE child_id IN (SELECT unnest($drawn)) GROUP BY child_id HAVING count(DISTINCT parent_id) = 1
        )
        SELECT s.child_id, s.parent_id,
            coalesce(list(c.child_id ORDER BY c.rank) FILTER (c.child_id <> s.child_id), [])
        FROM single s LEFT JOIN child c ON c.parent_id = s.parent_id AND c.rank <= $siblings + 1
        GROUP BY s.child_id, s.parent_id
        """,
        {"hub": hub, "drawn": list(drawn), "siblings": siblings},
    )
    return {child: (parent, list(others)[:siblings]) for child, parent, others in found}


def revisions(reader: Reader, hub: str, wanted: Sequence[str]) -> dict[str, str]:
    """The commit of each of these models, of those that are there."""
    found = reader.rows(
        "SELECT model_id, sha FROM mart.model WHERE hub = ? AND sha IS NOT NULL AND list_contains(?, model_id)",
        [hub, list(wanted)],
    )
    return dict(found)


def listed(reader: Reader, hub: str, words: Sequence[str]) -> list[tuple[str, str]]:
    """The models named, by id or by owner, with their commits."""
    return reader.rows(
        """
        SELECT model_id, sha FROM mart.model
        WHERE hub = ? AND sha IS NOT NULL AND NOT removed
            AND (list_contains(?, model_id) OR list_contains(?, owner))
        ORDER BY model_id
        """,
        [hub, list(words), list(words)],
    )
