"""What changed of a model's description: tags, front matter with its claims, file lists.

Each reads the temporary tables ``page`` (what the hub sent) and ``delta`` (which versions change) that
:mod:`warehouse.history` made, and stores what changed under the number of the new version.
"""

from __future__ import annotations

from warehouse.database import Connection
from warehouse.literals import value
from warehouse.mapping import Mapping
from warehouse.snapshot import Snapshot


def store_about(connection: Connection, mapping: Mapping, snapshot: Snapshot) -> None:
    """Tags, through the dictionary; their counts per description."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE said AS
        SELECT d.version_id AS about_id, left(t.tag, 1024) AS tag
        FROM ({mapping.sections["tags"]}) t JOIN delta d USING (row_id)
        WHERE d.about_changed AND t.tag IS NOT NULL
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE word AS
        SELECT tag FROM (SELECT DISTINCT tag FROM said)
        ANTI JOIN (SELECT tag FROM core.tag WHERE hub_id = {snapshot.hub_id}) USING (tag)
        """
    )
    connection.execute(
        f"""
        INSERT INTO core.tag
        SELECT (SELECT coalesce(max(tag_id), 0) FROM core.tag) + row_number() OVER (ORDER BY tag),
            {snapshot.hub_id}, tag, kind, value, relation
        FROM ({mapping.sections["kinds"]})
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE told AS
        SELECT DISTINCT s.about_id, t.tag_id
        FROM said s JOIN core.tag t ON t.hub_id = {snapshot.hub_id} AND t.tag = s.tag
        """
    )
    evidence = "registry" if mapping.by_facts else "tag"
    connection.execute(f"INSERT INTO core.about_tag SELECT about_id, tag_id, '{evidence}' FROM told")
    _describe(connection, snapshot, *(("p.licence", "w.value") if mapping.by_facts else ("p.tags", "w.tag")))


def _describe(connection: Connection, snapshot: Snapshot, order: str, word: str) -> None:
    """The counts of every new description."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE telling AS
        SELECT s.about_id, t.kind, t.value
        FROM told s JOIN core.tag t ON t.tag_id = s.tag_id
            AND t.kind IN ('licence', 'language', 'dataset', 'arxiv', 'doi', 'paper', 'base_model', 'marker')
        """
    )
    connection.execute(
        f"""
        INSERT INTO core.about
        SELECT d.version_id, d.model_id, {snapshot.snapshot_id}, d.record_id, t.licence_raw,
            coalesce(t.licences, 0), coalesce(t.languages, 0), coalesce(t.datasets, 0), coalesce(t.papers, 0),
            coalesce(b.base_models, 0), coalesce(n.tags, 0), coalesce(t.claims, false), coalesce(t.carbon, false)
        FROM delta d
        LEFT JOIN (SELECT about_id, count(*) AS tags FROM told GROUP BY about_id) n ON n.about_id = d.version_id
        LEFT JOIN (
            SELECT about_id, count(DISTINCT value) AS base_models FROM telling WHERE kind = 'base_model' GROUP BY about_id
        ) b ON b.about_id = d.version_id
        LEFT JOIN (
            SELECT about_id,
                min(CASE WHEN kind = 'licence' THEN value END) AS licence_raw,
                count(CASE WHEN kind = 'licence' THEN 1 END) AS licences,
                count(CASE WHEN kind = 'language' THEN 1 END) AS languages,
                count(CASE WHEN kind = 'dataset' THEN 1 END) AS datasets,
                count(CASE WHEN kind IN ('arxiv', 'doi', 'paper') THEN 1 END) AS papers,
                bool_or(kind = 'marker' AND value IN ('model-index', 'eval-results')) AS claims,
                bool_or(kind = 'marker' AND value = 'co2_eq_emissions') AS carbon
            FROM telling GROUP BY about_id
        ) t ON t.about_id = d.version_id
        WHERE d.about_changed
        """
    )
    several = "SELECT about_id FROM telling WHERE kind = 'licence' GROUP BY 1 HAVING count(*) > 1"
    if not value(connection, f"SELECT count(*) FROM ({several})"):
        return
    # Of several licences the first in the order written counts.
    connection.execute(
        f"""
        UPDATE core.about AS a SET licence_raw = f.value
        FROM (
            SELECT s.about_id, arg_min(w.value, list_position({order}, {word})) AS value
            FROM told s
            JOIN core.tag w ON w.tag_id = s.tag_id AND w.kind = 'licence'
            JOIN delta d ON d.version_id = s.about_id
            JOIN page p ON p.row_id = d.row_id
            WHERE s.about_id IN ({several})
            GROUP BY 1
        ) f
        WHERE f.about_id = a.about_id
        """
    )


def store_front(connection: Connection, mapping: Mapping, snapshot: Snapshot) -> None:
    """Front matter: its fields, evaluation claims and carbon claims."""
    front_changed = "SELECT row_id, version_id, model_id, record_id FROM delta WHERE front_changed"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE fronted AS {front_changed}")
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE claimed AS
        SELECT d.version_id AS front_id, c.* EXCLUDE (row_id)
        FROM ({mapping.sections["claims"]}) c JOIN fronted d USING (row_id)
        """
    )
    connection.execute(
        """
        INSERT INTO core.eval_claim BY NAME
        SELECT * REPLACE (left(value_raw, 1024) AS value_raw), number(value_raw) AS value,
            row_number() OVER (PARTITION BY front_id ORDER BY dataset, config, split, metric, value_raw, task) AS ordinal
        FROM claimed
        """
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE emitted AS
        SELECT d.version_id AS front_id, c.* EXCLUDE (row_id)
        FROM ({mapping.sections["carbon"]}) c JOIN fronted d USING (row_id)
        """
    )
    connection.execute(
        "INSERT INTO core.carbon_claim BY NAME SELECT *, number(value_raw) AS emissions_g FROM emitted"
    )
    connection.execute(
        f"""
        INSERT INTO core.front
        SELECT d.version_id, d.model_id, {snapshot.snapshot_id}, d.record_id,
            coalesce(CASE WHEN json_type(p.card) = 'OBJECT' THEN json_keys(p.card) END, []),
            p.card->>'license_name', p.card->>'license_link', p.card->>'new_version',
            coalesce(c.claims, 0), e.front_id IS NOT NULL
        FROM fronted d
        JOIN page p USING (row_id)
        LEFT JOIN (SELECT front_id, count(*) AS claims FROM claimed GROUP BY 1) c ON c.front_id = d.version_id
        LEFT JOIN (SELECT DISTINCT front_id FROM emitted) e ON e.front_id = d.version_id
        """
    )


def store_files(connection: Connection, mapping: Mapping) -> None:
    """The lists of files that changed."""
    connection.execute(
        f"""
        INSERT INTO core.file BY NAME
        SELECT d.version_id AS files_id, f.* EXCLUDE (row_id), file_kind(f.path) AS kind
        FROM ({mapping.sections["files"]}) f JOIN delta d USING (row_id)
        WHERE d.files_changed AND f.path IS NOT NULL
        """
    )


def store_releases(connection: Connection, mapping: Mapping) -> None:
    """The lists of versions and variants that changed."""
    connection.execute(
        f"""
        INSERT INTO core.release BY NAME
        SELECT d.version_id AS releases_id, r.* EXCLUDE (row_id)
        FROM ({mapping.sections["releases"]}) r JOIN delta d USING (row_id)
        WHERE d.releases_changed
        """
    )
