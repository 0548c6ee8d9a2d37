"""SQL that turns the census into the rows of PeaTMOSS' tables, beside those kept from an imported database.

Everything is prepared in temporary tables: ``kept`` (rows of the newest imported database), ``pm`` (every model with the
id it goes by, and whether the census knows more than the import did), and a dictionary of names for each kind of link.
"""

from __future__ import annotations

# What frameworks are called among the libraries and tags of hubs.
_FRAMEWORKS = (
    "['pytorch', 'tensorflow', 'tf', 'keras', 'jax', 'flax', 'onnx', 'mxnet', 'caffe', 'caffe2', 'paddle', "
    "'paddlepaddle', 'chainer', 'coreml', 'tflite', 'openvino', 'rust']"
)

#: For each dictionary of names: the rows (about_id or model, name) that the census knows.
NAMES = {
    "architecture": "SELECT model_key, architecture AS name FROM stated",
    "author": "SELECT model_key, nullif(owner, '') AS name FROM stated",
    "dataset": "SELECT model_key, value AS name FROM worded WHERE kind = 'dataset'",
    "license": "SELECT model_key, value AS name FROM worded WHERE kind = 'licence'",
    "language": "SELECT model_key, value AS name FROM worded WHERE kind = 'language'",
    "paper": "SELECT model_key, kind || ':' || value AS name FROM worded WHERE kind IN ('arxiv', 'doi')",
    "tag": "SELECT model_key, tag AS name FROM worded",
    "library": """
        SELECT model_key, library AS name FROM stated
        UNION SELECT model_key, value FROM worded WHERE kind = 'library'
    """,
    "framework": f"""
        SELECT model_key, lower(library) AS name FROM stated WHERE list_contains({_FRAMEWORKS}, lower(library))
        UNION SELECT model_key, lower(value) FROM worded WHERE list_contains({_FRAMEWORKS}, lower(value))
    """,
}

# The database that was imported last, before the moment that is asked for; its tables lie in one run, its hubs in several.
KEPT = """
CREATE TEMP TABLE kept AS
SELECT k.relation[10:] AS relation, k.row, k.record_id, k.ordinal
FROM raw.kept k
WHERE k.run_key = (
    SELECT arg_max(run_key, (observed_at, run_key)) FROM raw.run
    WHERE starts_with(parser, 'peatmoss/') AND run_key IN (SELECT run_key FROM raw.kept)
        AND observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity')
) AND starts_with(k.relation, 'peatmoss.')
"""

# The hubs of the imported database are recognised by the snapshot that its models were loaded as.
HUBS = """
CREATE TEMP TABLE hub AS
WITH theirs AS (
    SELECT (row->>'$.id')::INTEGER AS id, row->>'$.name' AS name, row->>'$.url' AS url,
        regexp_replace(lower(row->>'$.name'), '[^a-z]', '', 'g') AS word
    FROM kept WHERE relation = 'model_hub' AND regexp_matches(row->>'$.name', '[A-Za-z]')
),
ours AS (
    SELECT h.hub_id, h.hub, h.title, h.url_prefix, regexp_replace(lower(h.hub), '[^a-z]', '', 'g') AS word,
        (SELECT max(s.snapshot_id) FROM core.snapshot s JOIN raw.run r ON r.run_key = s.run_key
         WHERE s.hub_id = h.hub_id AND starts_with(r.parser, 'peatmoss/')
            AND s.observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity')) AS imported
    FROM core.hub h
    WHERE h.hub_id IN (SELECT hub_id FROM core.model)
)
SELECT o.hub_id, o.title, o.url_prefix, coalesce(o.imported, 0) AS imported, t.id IS NOT NULL AS known,
    coalesce(t.id, (SELECT coalesce(max(id), 0) FROM theirs)
        + row_number() OVER (PARTITION BY t.id IS NULL ORDER BY o.hub_id)) AS id
FROM ours o
LEFT JOIN (
    SELECT o.hub_id, min(t.id) AS id FROM ours o
    JOIN theirs t ON t.url = o.url_prefix OR t.name = o.title OR starts_with(o.word, t.word) OR starts_with(t.word, o.word)
    GROUP BY o.hub_id
) t ON t.hub_id = o.hub_id
"""

# A model of the import keeps its id. Where two hubs have the same id for a model, the later one is prefixed by its hub:
# PeaTMOSS knows a model by its name alone.
MODELS = """
CREATE TEMP TABLE pm AS
WITH theirs AS (
    SELECT (row->>'$.id')::INTEGER AS id, row->>'$.context_id' AS context_id, (row->>'$.model_hub_id')::INTEGER AS hub
    FROM kept WHERE relation = 'model'
),
ours AS (
    SELECT m.model_key, m.model_id AS name, h.id AS hub, h.imported, m.snapshot_id, x.snapshot_id AS counted, m.removed,
        g.hub AS hub_name
    FROM mart.model m
    JOIN core.hub g ON g.hub = m.hub
    JOIN hub h ON h.hub_id = g.hub_id
    LEFT JOIN mart.metric_as_of x ON x.model_id = m.model_key
),
matched AS (
    SELECT o.*, t.id AS old_id FROM ours o
    LEFT JOIN theirs t ON struct_pack(c := t.context_id, h := t.hub) = struct_pack(c := o.name, h := o.hub)
    WHERE t.id IS NOT NULL OR NOT o.removed
),
named AS (
    SELECT *, CASE WHEN old_id IS NULL AND (
        row_number() OVER (PARTITION BY name ORDER BY old_id IS NULL, hub, model_key) > 1
        OR name IN (SELECT context_id FROM theirs)
    ) THEN hub_name || ':' || name ELSE name END AS context_id
    FROM matched
)
SELECT model_key, hub, context_id, old_id IS NOT NULL AS known,
    old_id IS NULL OR snapshot_id > imported AS fresh, old_id IS NULL OR coalesce(counted, 0) > imported AS counted,
    coalesce(old_id, (SELECT coalesce(max(id), 0) FROM theirs)
        + row_number() OVER (PARTITION BY old_id IS NULL ORDER BY hub, context_id)) AS id
FROM named
"""

STATED = """
CREATE TEMP TABLE stated AS
SELECT m.model_key, p.id, m.owner, m.architecture, m.library, m.about_id
FROM mart.model m JOIN pm p ON p.model_key = m.model_key WHERE p.fresh
"""
WORDED = """
CREATE TEMP TABLE worded AS
SELECT s.model_key, t.kind::VARCHAR AS kind, t.value, t.tag
FROM stated s JOIN core.about_tag a ON a.about_id = s.about_id JOIN core.tag t ON t.tag_id = a.tag_id
"""

#: Names by kind: (kind, name) with the id they have or get; kept ones keep theirs.
NAMED = """
CREATE TEMP TABLE named_{kind} AS
WITH theirs AS (
    SELECT (row->>'$.id')::INTEGER AS id, {spelled} AS name FROM kept WHERE relation = '{kind}'
),
needed AS (SELECT DISTINCT name FROM linked_{kind} WHERE name NOT IN (SELECT name FROM theirs WHERE name IS NOT NULL))
SELECT name, id, true AS known FROM theirs
UNION ALL
SELECT name, (SELECT coalesce(max(id), 0) FROM theirs) + row_number() OVER (ORDER BY name), false FROM needed
"""

#: Rows of a table that the census adds: columns by name.
ADDED = {
    "model_hub": "SELECT id, title AS name, url_prefix AS url FROM hub WHERE NOT known ORDER BY id",
    "model": """
        SELECT p.id, p.context_id, p.hub AS model_hub_id, m.sha, m.url AS repo_url, m.downloads, m.likes, 0 AS has_snapshot
        FROM pm p JOIN mart.model m ON m.model_key = p.model_key WHERE NOT p.known ORDER BY p.id
    """,
    "hf_commit": """
        SELECT id, sha AS commit_id, strftime(committed_at, '%Y-%m-%d %H:%M:%S+00:00') AS created_at, title, message, model_id
        FROM new_commit ORDER BY id
    """,
    "hf_commit_to_author": """
        SELECT DISTINCT c.id AS hf_commit_id, a.id AS author_id
        FROM (SELECT id, unnest(authors) AS name FROM new_commit) c JOIN named_author a ON a.name = c.name ORDER BY ALL
    """,
    "discussion": """
        SELECT id, title, status, number AS num, context_id AS repo_id, 'model' AS repo_type,
            pull_request::INTEGER AS is_pull_request, strftime(created_at, '%Y-%m-%d %H:%M:%S+00:00') AS created_at, model_id
        FROM new_discussion ORDER BY id
    """,
    "discussion_to_author": """
        SELECT d.id AS discussion_id, a.id AS author_id
        FROM new_discussion d JOIN named_author a ON a.name = d.author ORDER BY ALL
    """,
    "reuse_repository": "SELECT id, owner, name, url FROM reuse WHERE NOT known ORDER BY id",
    "model_to_reuse_repository": "SELECT DISTINCT model_id, repository AS reuse_repository_id FROM new_reuse ORDER BY ALL",
    "reuse_file": """
        SELECT (SELECT coalesce(max((row->>'$.id')::INTEGER), 0) FROM kept WHERE relation = 'reuse_file')
            + row_number() OVER (ORDER BY path, model_id) AS id, path, model_id, any_value(repository) AS reuse_repository_id
        FROM new_reuse GROUP BY path, model_id ORDER BY id
    """,
}

COMMITS = """
CREATE TEMP TABLE new_commit AS
SELECT c.sha, c.committed_at, c.title, c.message, c.authors, p.id AS model_id,
    (SELECT coalesce(max((row->>'$.id')::INTEGER), 0) FROM kept WHERE relation = 'hf_commit')
        + row_number() OVER (ORDER BY p.id, c.committed_at, c.sha) AS id
FROM core.commit c
JOIN pm p ON p.model_key = c.model_id
ANTI JOIN (
    SELECT struct_pack(m := (row->>'$.model_id')::INTEGER, c := row->>'$.commit_id') AS place FROM kept WHERE relation = 'hf_commit'
) k ON k.place = struct_pack(m := p.id, c := c.sha)
"""
DISCUSSIONS = """
CREATE TEMP TABLE new_discussion AS
SELECT d.number, d.title, d.status, d.pull_request, d.author, d.created_at, p.id AS model_id, p.context_id,
    (SELECT coalesce(max((row->>'$.id')::INTEGER), 0) FROM kept WHERE relation = 'discussion')
        + row_number() OVER (ORDER BY p.id, d.number) AS id
FROM core.discussion d
JOIN pm p ON p.model_key = d.model_id
ANTI JOIN (
    SELECT struct_pack(m := (row->>'$.model_id')::INTEGER, n := (row->>'$.num')::INTEGER) AS place
    FROM kept WHERE relation = 'discussion'
) k ON k.place = struct_pack(m := p.id, n := d.number)
"""
REUSE = """
CREATE TEMP TABLE reuse AS
WITH theirs AS (
    SELECT (row->>'$.id')::INTEGER AS id, lower((row->>'$.owner') || '/' || (row->>'$.name')) AS word
    FROM kept WHERE relation = 'reuse_repository'
),
ours AS (
    SELECT any_value(r.owner) AS owner, any_value(r.name) AS name, any_value(r.url) AS url, list(r.repository_id) AS ours,
        lower(coalesce(r.owner, '') || '/' || coalesce(r.name, r.url)) AS word
    FROM core.repository r
    WHERE r.repository_id IN (
        SELECT c.repository_id FROM mart.code_as_of c JOIN core.usage u ON u.code_id = c.code_id WHERE u.model_id IS NOT NULL
    )
    GROUP BY word
)
SELECT o.owner, o.name, o.url, o.ours, t.id IS NOT NULL AS known,
    coalesce(t.id, (SELECT coalesce(max(id), 0) FROM theirs)
        + row_number() OVER (PARTITION BY t.id IS NULL ORDER BY o.word)) AS id
FROM ours o LEFT JOIN theirs t ON t.word = o.word
"""
NEW_REUSE = """
CREATE TEMP TABLE new_reuse AS
SELECT DISTINCT p.id AS model_id, r.id AS repository, coalesce(u.path, '') AS path
FROM core.usage u
JOIN mart.code_as_of c ON c.code_id = u.code_id
JOIN pm p ON p.model_key = u.model_id
JOIN (SELECT id, unnest(ours) AS repository_id FROM reuse) r ON r.repository_id = c.repository_id
ANTI JOIN (
    SELECT struct_pack(p := row->>'$.path', m := (row->>'$.model_id')::INTEGER) AS place
    FROM kept WHERE relation = 'reuse_file'
) k ON k.place = struct_pack(p := u.path, m := p.id)
"""
