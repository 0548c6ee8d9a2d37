"""The same model on several hubs: pairs with their evidence and a confidence.

Computed anew after every load from what the hubs state now. Kinds of evidence, strongest first:

content      a weight file with the same sha256 lies on both hubs, and on few others
link         one model's record links to the other's page
owner-name   the same publisher on both hubs, and the same name once separators and packaging words are taken away
repository   both link to the same source repository, and have the same name
paper        both cite the same paper (arXiv or DOI), and have the same name
name         a distinctive name that occurs on each of the two hubs once; nothing else speaks for or against it

Confidences are the precisions measured on pairs that were checked by hand (docs/identity.md), rounded down.
"""

from __future__ import annotations

from warehouse.database import Connection
from warehouse.literals import value

# Words of packaging: they say how a model was wrapped, not which one it is.
_PACKAGING = (
    "onnx|pytorch|torch|tf|tf2|tflite|tfjs|tensorflow|keras|openvino|coreml|gguf|ggml|hf|pretrained|pre-trained|model|"
    "fp32|fp16|bf16|int8|int4|qdq|quantized|quant|opset[0-9]+|v[0-9]+"
)
# A file on more models than this says nothing about identity (a shared tokenizer, an empty file).
_COMMON_FILE = 20
_SMALL_FILE = 4096
CONFIDENCE = {"content": 0.99, "link": 0.95, "owner-name": 0.9, "repository": 0.8, "paper": 0.8, "name": 0.5}


def find(connection: Connection) -> None:
    """Compute ``core.model_match`` anew; nothing to do while there is one hub."""
    connection.execute("DELETE FROM core.model_match")
    if value(connection, "SELECT count(*) FROM core.hub") < 2:
        return
    connection.execute(_MACROS)
    connection.execute(_PRESENT)
    connection.execute(_NAMES)
    connection.execute(_FOUND)
    for evidence, query in (("content", _CONTENT), ("link", _LINK), *_BY_NAME.items()):
        connection.execute(f"INSERT INTO found SELECT one, other, '{evidence}', detail FROM ({query})")
    connection.execute(_STORE)


_MACROS = f"""
CREATE OR REPLACE TEMP MACRO name_key(name) AS (
    regexp_replace(regexp_replace(lower(name), '(^|[^a-z0-9])({_PACKAGING})($|[^a-z0-9])', '-', 'g'), '[^a-z0-9]+', '', 'g')
);
"""

_PRESENT = """
CREATE OR REPLACE TEMP TABLE present AS
SELECT m.model_id, m.hub_id, m.name, v.about_id, v.files_id, v.releases_id, v.url,
    lower(regexp_replace(o.owner, '[^A-Za-z0-9]', '', 'g')) AS owner,
    CASE WHEN o.owner <> '' AND starts_with(m.name, o.owner || '/') THEN m.name[length(o.owner) + 2:] ELSE m.name END AS bare
FROM core.model_version v
JOIN core.model m ON m.model_id = v.model_id
JOIN core.owner o ON o.owner_id = m.owner_id
WHERE v.valid_to IS NULL AND NOT v.removed
"""

# A model goes by its name and by the names of its variants (entry points, files of a zoo).
_NAMES = """
CREATE OR REPLACE TEMP TABLE naming AS
SELECT DISTINCT model_id, hub_id, owner, key, shown, key = name_key(bare) AS own
FROM (
    SELECT model_id, hub_id, owner, bare, name_key(bare) AS key, bare AS shown FROM present
    UNION ALL
    SELECT p.model_id, p.hub_id, p.owner, p.bare, name_key(regexp_extract(r.variant, '([^/:]+)$', 1)), r.variant
    FROM present p JOIN core.release r ON r.releases_id = p.releases_id
    WHERE contains(r.variant, ':')
)
WHERE length(key) >= 3
"""

_FOUND = "CREATE OR REPLACE TEMP TABLE found (one INTEGER, other INTEGER, evidence VARCHAR, detail VARCHAR)"

_CONTENT = f"""
WITH hashed AS (
    SELECT DISTINCT p.model_id, p.hub_id, f.sha256
    FROM present p JOIN (
        SELECT files_id AS id, sha256, size, 'files' AS way FROM core.file WHERE sha256 IS NOT NULL
            AND kind NOT IN ('card', 'licence', 'config', 'tokenizer', 'code', 'notebook', 'data', 'media', 'text', 'git')
        UNION ALL SELECT releases_id, sha256, size, 'releases' FROM core.release WHERE sha256 IS NOT NULL
    ) f ON f.id = CASE f.way WHEN 'files' THEN p.files_id ELSE p.releases_id END
    WHERE coalesce(f.size, {_SMALL_FILE}) >= {_SMALL_FILE}
),
telling AS (
    SELECT sha256 FROM hashed GROUP BY sha256 HAVING count(DISTINCT hub_id) > 1 AND count(*) <= {_COMMON_FILE}
)
SELECT a.model_id AS one, b.model_id AS other, min(a.sha256) AS detail
FROM hashed a JOIN telling USING (sha256) JOIN hashed b USING (sha256)
WHERE a.hub_id < b.hub_id
GROUP BY ALL
"""

_LINK = """
WITH link AS (
    SELECT p.model_id, p.hub_id, regexp_replace(lower(t.value), '[/?#]+$', '') AS url
    FROM present p
    JOIN core.about_tag a ON a.about_id = p.about_id
    JOIN core.tag t ON t.tag_id = a.tag_id AND t.kind IN ('model', 'homepage', 'repository')
    WHERE t.value LIKE 'http%'
),
page AS (
    SELECT p.model_id, p.hub_id, lower(regexp_replace(coalesce(p.url, h.url_prefix || p.name), '[/?#]+$', '')) AS url
    FROM present p JOIN core.hub h ON h.hub_id = p.hub_id
    WHERE coalesce(p.url, h.url_prefix || p.name) LIKE 'http%'
)
SELECT least(l.model_id, p.model_id) AS one, greatest(l.model_id, p.model_id) AS other, min(l.url) AS detail
FROM link l JOIN page p USING (url)
WHERE l.hub_id <> p.hub_id
GROUP BY ALL
"""

# Pairs of the same name on two hubs; each kind of evidence asks for something more.
_PAIRS = """
SELECT least(a.model_id, b.model_id) AS one, greatest(a.model_id, b.model_id) AS other, a.shown || ' = ' || b.shown AS detail
FROM naming a JOIN naming b USING (key)
"""
_CITED = """
SELECT DISTINCT p.model_id, CASE t.kind WHEN 'doi' THEN replace(lower(t.value), '10.48550/arxiv.', '') ELSE t.value END AS paper
FROM present p JOIN core.about_tag a ON a.about_id = p.about_id
JOIN core.tag t ON t.tag_id = a.tag_id AND t.kind IN ('arxiv', 'doi')
"""
_SOURCE = """
SELECT DISTINCT p.model_id, regexp_extract(lower(t.value), 'github\\.com/([^/]+/[^/#?]+)', 1) AS repository
FROM present p JOIN core.about_tag a ON a.about_id = p.about_id
JOIN core.tag t ON t.tag_id = a.tag_id AND t.kind IN ('repository', 'homepage')
WHERE contains(lower(t.value), 'github.com/')
"""
_BY_NAME = {
    "owner-name": f"{_PAIRS} WHERE a.hub_id < b.hub_id AND a.owner = b.owner AND a.owner <> ''",
    "repository": f"""
        WITH source AS ({_SOURCE}) {_PAIRS}
        JOIN source s ON s.model_id = a.model_id JOIN source r ON r.model_id = b.model_id AND r.repository = s.repository
        WHERE a.hub_id < b.hub_id AND s.repository <> ''
    """,
    "paper": f"""
        WITH cited AS ({_CITED}) {_PAIRS}
        JOIN cited c ON c.model_id = a.model_id JOIN cited d ON d.model_id = b.model_id AND d.paper = c.paper
        WHERE a.hub_id < b.hub_id
    """,
    "name": """
        WITH single AS (
            SELECT hub_id, key, any_value(model_id) AS model_id, any_value(shown) AS shown
            FROM naming WHERE own GROUP BY hub_id, key HAVING count(*) = 1
        )
        SELECT least(a.model_id, b.model_id) AS one, greatest(a.model_id, b.model_id) AS other,
            a.shown || ' = ' || b.shown AS detail
        FROM single a JOIN single b USING (key)
        WHERE a.hub_id < b.hub_id AND length(key) >= 10 AND regexp_matches(key, '[0-9]') AND regexp_matches(key, '[a-z]{3}')
    """,
}

_STORE = f"""
INSERT INTO core.model_match
SELECT one, other, list_sort(list(DISTINCT evidence)), max(CASE evidence
        {" ".join(f"WHEN '{name}' THEN {confidence}" for name, confidence in CONFIDENCE.items())} END), min(detail)
FROM found WHERE one <> other
GROUP BY one, other
"""
