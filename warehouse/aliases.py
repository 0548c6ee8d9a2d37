"""Renames: which old id is which model today, with evidence and confidence.

Two kinds of evidence. *native-id*: a hub that sends an immutable id shows the same one under another name;
that is certain. *namesake*: an id is gone from a complete snapshot, and the same snapshot shows for the
first time a model of the same base name that was created before; that is how the owner-less ids of 2022
(``bert-base-uncased``) moved under an organisation in dumps that carry no immutable id.
"""

from __future__ import annotations

from warehouse.database import Connection


def find(connection: Connection) -> None:
    """Compute ``core.model_alias`` anew from the whole history."""
    connection.execute("DELETE FROM core.model_alias")
    connection.execute(_NATIVE)
    connection.execute(_NAMESAKE)


_NATIVE = """
INSERT INTO core.model_alias
WITH named AS (
    SELECT model_id, hub_id, native_id, first_seen, last_seen,
        first_value(model_id) OVER (
            PARTITION BY hub_id, native_id ORDER BY last_seen DESC, first_seen DESC, model_id DESC
        ) AS canonical_id,
        max(first_seen) OVER (PARTITION BY hub_id, native_id) AS noticed_at
    FROM core.model
    WHERE native_id IS NOT NULL
        AND (hub_id, native_id) IN (
            SELECT (hub_id, native_id) FROM core.model WHERE native_id IS NOT NULL GROUP BY hub_id, native_id HAVING count(*) > 1
        )
)
SELECT model_id, canonical_id, 'native-id', 1.0, noticed_at FROM named WHERE model_id <> canonical_id
"""

# The Hub stamps everything older than its migration with 2022-03-02, so a model of that stamp may be
# older than any snapshot. One candidate is good evidence; several are weak unless one is far ahead.
_NAMESAKE = """
INSERT INTO core.model_alias
WITH gone AS (
    SELECT m.model_id, m.hub_id, m.first_seen, v.valid_from AS noticed_at,
        lower(CASE WHEN contains(m.name, '/') THEN split_part(m.name, '/', 2) ELSE m.name END) AS base,
        NOT contains(m.name, '/') AS bare, m.name
    FROM core.model_version v JOIN core.model m ON m.model_id = v.model_id
    WHERE v.removed AND v.valid_from > m.first_seen
        AND v.model_id NOT IN (SELECT model_id FROM core.model_alias)
),
came AS (
    SELECT m.model_id, m.hub_id, m.first_seen, m.created_at, x.downloads,
        lower(CASE WHEN contains(m.name, '/') THEN split_part(m.name, '/', 2) ELSE m.name END) AS base
    FROM core.model m
    JOIN core.snapshot s ON s.hub_id = m.hub_id AND s.observed_at = m.first_seen
    JOIN core.metric x ON x.model_id = m.model_id AND x.snapshot_id = s.snapshot_id
    WHERE m.created_at IS NOT NULL
),
pair AS (
    SELECT g.model_id, c.model_id AS canonical_id, g.noticed_at, g.bare, coalesce(c.downloads, 0) AS downloads,
        count(*) OVER (PARTITION BY g.model_id) AS candidates,
        row_number() OVER (PARTITION BY g.model_id ORDER BY coalesce(c.downloads, 0) DESC, c.model_id) AS place,
        lead(coalesce(c.downloads, 0)) OVER (
            PARTITION BY g.model_id ORDER BY coalesce(c.downloads, 0) DESC, c.model_id
        ) AS next_downloads
    FROM gone g
    JOIN came c ON c.hub_id = g.hub_id AND c.base = g.base AND c.first_seen = g.noticed_at
        AND (c.created_at <= g.first_seen OR c.created_at < TIMESTAMP '2022-03-03')
)
SELECT model_id, canonical_id, 'namesake', CASE WHEN candidates = 1 THEN 0.9 ELSE 0.6 END, noticed_at
FROM pair
WHERE place = 1 AND (candidates = 1 OR downloads > 10 * coalesce(next_downloads, 0))
"""
