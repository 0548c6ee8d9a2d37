"""Answers about owners -> core.owner_state: user or organisation, verified, paid plan, followers, members, models.

An owner is asked for as a user and as an organisation, whichever comes first; the answer that found it counts. What
an account says of a person (name, picture) stays in the landing zone.
"""

from __future__ import annotations

from warehouse.database import Connection
from warehouse.snapshot import Snapshot

# ``told`` is null where the owner was not found: an error body says nothing of an owner.
_FACTS = """
    CASE WHEN told IS NULL THEN NULL
        WHEN told->>'type' IN ('org', 'organization', 'organisation') OR contains(url, '/api/organizations/')
        THEN 'organisation' ELSE 'user' END AS kind,
    CASE WHEN kind = 'organisation' THEN TRY_CAST(told->>'isVerified' AS BOOLEAN) END AS verified,
    coalesce(left(told->>'plan', 40), CASE WHEN TRY_CAST(told->>'isEnterprise' AS BOOLEAN) THEN 'enterprise'
        WHEN TRY_CAST(told->>'isPro' AS BOOLEAN) THEN 'pro' END) AS plan,
    TRY_CAST(told->>'numFollowers' AS BIGINT) AS followers, TRY_CAST(told->>'numUsers' AS BIGINT) AS members,
    TRY_CAST(told->>'numModels' AS BIGINT) AS models, TRY_CAST(told->>'createdAt' AS TIMESTAMP) AS created_at
"""


def write(connection: Connection, snapshot: Snapshot) -> None:
    """Write the staged envelopes of kind ``owner``; an answer that is no JSON object is quarantined."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE owner_told AS
        SELECT record_id, key AS owner, url, status, body, CASE WHEN status = 200 THEN TRY_CAST(body AS JSON) END AS told
        FROM envelope WHERE kind = 'owner' AND key <> '' AND NOT contains(key, '/')
        """
    )
    bad = "t.status = 200 AND (t.told IS NULL OR json_type(t.told) <> 'OBJECT')"
    connection.execute(
        f"""
        INSERT INTO raw.quarantine
        SELECT p.run_key, t.record_id, -1, t.owner, 'not a JSON object about an owner', false, left(t.body, 200)
        FROM owner_told t
        JOIN raw.record r ON r.record_id = t.record_id
        JOIN raw.part p ON p.part_id = r.part_id
        WHERE {bad}
        """
    )
    connection.execute(f"DELETE FROM owner_told AS t WHERE {bad}")
    hub = snapshot.hub_id
    connection.execute(
        f"""
        INSERT INTO core.owner
        SELECT (SELECT coalesce(max(owner_id), 0) FROM core.owner) + row_number() OVER (ORDER BY owner), {hub}, owner
        FROM (SELECT DISTINCT owner FROM owner_told)
        WHERE owner NOT IN (SELECT owner FROM core.owner WHERE hub_id = {hub})
        """
    )
    # Of several answers the one that found it counts, then one that is no 404.
    connection.execute(
        f"""
        INSERT INTO core.owner_state
        SELECT owner_id, {snapshot.moment}, state, kind, verified, plan, followers, members, models, created_at,
            {snapshot.snapshot_id}, record_id
        FROM (
            SELECT o.owner_id, t.record_id,
                CASE t.status WHEN 200 THEN 'found' WHEN 404 THEN 'gone' ELSE 'refused' END AS state, {_FACTS}
            FROM owner_told t JOIN core.owner o ON o.hub_id = {hub} AND o.owner = t.owner
            QUALIFY row_number() OVER (PARTITION BY o.owner_id
                ORDER BY t.status <> 200, t.status = 404, t.record_id DESC) = 1
        )
        """
    )
