"""Verdicts of the hub's own scanners, as its file listings state them -> core.hub_scan."""

from __future__ import annotations

from warehouse.database import Connection
from warehouse.snapshot import Snapshot

# The hub's words, in the words of core.scanner_verdict; another word is kept and counts as an error.
_VERDICT = """CASE lower(said)
    WHEN 'safe' THEN 'clean' WHEN 'innocuous' THEN 'clean' WHEN 'caution' THEN 'unlisted'
    WHEN 'suspicious' THEN 'suspicious' WHEN 'unsafe' THEN 'dangerous' WHEN 'dangerous' THEN 'dangerous'
    WHEN 'infected' THEN 'dangerous' WHEN 'queued' THEN 'skipped' WHEN 'unscanned' THEN 'skipped'
    WHEN 'no-scan' THEN 'skipped' WHEN 'scanning' THEN 'skipped' WHEN '' THEN 'skipped' ELSE 'error' END"""
# A block says "status", or as it did in 2022 "safe" or "virusFound".
_SAID = """left(coalesce({0}->>'status',
    CASE WHEN TRY_CAST({0}->>'safe' AS BOOLEAN) THEN 'safe' WHEN TRY_CAST({0}->>'safe' AS BOOLEAN) = false THEN 'unsafe'
        WHEN TRY_CAST({0}->>'virusFound' AS BOOLEAN) THEN 'infected'
        WHEN TRY_CAST({0}->>'virusFound' AS BOOLEAN) = false THEN 'safe' ELSE '' END), 40)"""


def write(connection: Connection, snapshot: Snapshot) -> None:
    """The verdicts in the staged trees (``about_model``): one of the hub as a whole, one of each of its scanners."""
    connection.execute(
        f"""
        INSERT INTO core.hub_scan
        WITH file AS (
            SELECT model_id, record_id, revision, e->>'path' AS path,
                coalesce(e->'securityFileStatus', e->'security') AS block
            FROM (SELECT model_id, record_id, revision, unnest(TRY_CAST(body AS JSON[])) AS e FROM about_model)
            WHERE (e->>'type') = 'file' AND (e->>'path') IS NOT NULL
        ), whole AS (
            SELECT * FROM file WHERE json_type(block) = 'OBJECT'
        ), part AS (
            SELECT model_id, record_id, revision, path, 'hub' AS scanner, {_SAID.format("block")} AS said FROM whole
            UNION ALL
            SELECT model_id, record_id, revision, path, left(entry.key, 40), {_SAID.format("entry.value")}
            FROM (SELECT * EXCLUDE (block), unnest(map_entries(CAST(block AS MAP(VARCHAR, JSON)))) AS entry FROM whole)
            WHERE json_type(entry.value) = 'OBJECT'
        )
        SELECT DISTINCT ON (model_id, path, scanner) model_id, revision, path, scanner, {_VERDICT}, said,
            {snapshot.moment}, record_id
        FROM part ORDER BY model_id, path, scanner, record_id
        """
    )
