"""The same model on several hubs: pairs with their evidence and a confidence.

Computed anew after every load from what the hubs state now. Kinds of evidence, strongest first:

content       a weight file with the same sha256 lies on both hubs, and on few others
link          one model's record links to the other's page, and they have the same name
owner-name    the same publisher on both hubs, and the same name once separators and packaging words are taken away
repository    both link to the same source repository and have the same telling name (three words or more), and no
              other publisher's model does
paper         both cite the same paper (arXiv or DOI), else as repository
name          a distinctive name that occurs on each of the two hubs once; nothing else speaks for or against it
architecture  as repository or paper, but the name is short (vgg-16) or models of several publishers have it: the same
              network, perhaps with other weights
reference     one model's record links to the other's page, but the names differ: often another size of a family

Confidences are the precisions measured on pairs that were checked by hand (docs/identity.md), rounded down.
"""

from __future__ import annotations

from warehouse.database import Connection
from warehouse.literals import value

# Words of packaging: they say how a model was wrapped, not which one it is.
_PACKAGING = (
    "onnx|pytorch|torch|tf|tf2|tflite|tfjs|tensorflow|keras|openvino|coreml|gguf|ggml|hf|pretrained|model|"
    "fp32|fp16|bf16|int8|int4|qdq|quantized|quant|opset[0-9]+|v1"
)
# Entry points that prepare data or settings for a model; as names they say nothing.
_ROLES = "('config', 'tokenizer', 'processor', 'model', 'utils', 'transforms')"
# A file on more models than this says nothing about identity (a shared tokenizer, an empty file).
_COMMON_FILE = 20
_SMALL_FILE = 4096
# resnet-50 is any training of a network, swin-tiny-patch4-window7-224 is one.
_TELLING_WORDS = 3
# Rounded down to a twentieth from docs/identity.csv; content and repository were too rare in it to be measured.
CONFIDENCE = {
    "content": 0.99,
    "link": 0.95,
    "owner-name": 0.95,
    "paper": 0.9,
    "repository": 0.9,
    "name": 0.5,
    "architecture": 0.25,
    "reference": 0.15,
}


def find(connection: Connection) -> None:
    """Compute ``core.model_match`` anew; nothing to do while there is one hub."""
    connection.execute("DELETE FROM core.model_match")
    if value(connection, "SELECT count(*) FROM core.hub") < 2:
        return
    for statement in (_MACROS, _PRESENT, _NAMES, _LINKED, _OWNED, _CITED, _SOURCE, _SINGLE, _FOUND):
        connection.execute(statement)
    for evidence, query in _EVIDENCE.items():
        connection.execute(f"INSERT INTO found SELECT one, other, '{evidence}', detail FROM ({query})")
    connection.execute(_STORE)


_MACROS = f"""
CREATE OR REPLACE TEMP MACRO unpacked(name) AS (
    regexp_replace('-' || regexp_replace(lower(name), '[^a-z0-9]+', '--', 'g') || '-', '-({_PACKAGING})-', '-', 'g')
);
CREATE OR REPLACE TEMP MACRO name_key(name) AS regexp_replace(unpacked(name), '[^a-z0-9]+', '', 'g');
CREATE OR REPLACE TEMP MACRO word_count(name) AS len(regexp_extract_all(unpacked(name), '[a-z0-9]+'));
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
_NAMES = f"""
CREATE OR REPLACE TEMP TABLE naming AS
SELECT DISTINCT model_id, hub_id, owner, key, shown, key = name_key(bare) AS own, word_count(shown) AS words
FROM (
    SELECT model_id, hub_id, owner, bare, name_key(bare) AS key, bare AS shown FROM present
    UNION ALL
    SELECT p.model_id, p.hub_id, p.owner, p.bare, name_key(regexp_extract(r.variant, '([^/:]+)$', 1)), regexp_extract(r.variant, '([^/:]+)$', 1)
    FROM present p JOIN core.release r ON r.releases_id = p.releases_id
    WHERE contains(r.variant, ':') AND lower(regexp_extract(r.variant, '([^/:]+)$', 1)) NOT IN {_ROLES}
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

_LINKED = """
CREATE OR REPLACE TEMP TABLE linked AS
WITH link AS (
    SELECT p.model_id, p.hub_id, name_key(p.bare) AS key, regexp_replace(lower(t.value), '[/?#]+$', '') AS url
    FROM present p
    JOIN core.about_tag a ON a.about_id = p.about_id
    JOIN core.tag t ON t.tag_id = a.tag_id AND t.kind IN ('model', 'homepage', 'repository')
    WHERE t.value LIKE 'http%'
),
page AS (
    SELECT p.model_id, p.hub_id, name_key(p.bare) AS key,
        regexp_replace(lower(coalesce(p.url, h.url_prefix || p.name)), '[/?#]+$', '') AS url
    FROM present p JOIN core.hub h ON h.hub_id = p.hub_id
    WHERE coalesce(p.url, h.url_prefix || p.name) LIKE 'http%'
)
SELECT least(l.model_id, p.model_id) AS one, greatest(l.model_id, p.model_id) AS other, min(l.url) AS detail,
    any_value(l.key = p.key) AS same
FROM link l JOIN page p USING (url)
WHERE l.hub_id <> p.hub_id
GROUP BY ALL
"""

# What a model cites and where its source lies: as tables, because inside a larger query the planner
# may start from all pairs that share a paper, of which there are hundreds of millions.
_CITED = """
CREATE OR REPLACE TEMP TABLE cited AS
SELECT DISTINCT n.model_id, n.hub_id, n.owner, n.shown, n.words,
    struct_pack(key := n.key, said := CASE t.kind WHEN 'doi' THEN replace(lower(t.value), '10.48550/arxiv.', '') ELSE t.value END)
        AS said
FROM naming n
JOIN core.model_version v ON v.model_id = n.model_id AND v.valid_to IS NULL
JOIN core.about_tag a ON a.about_id = v.about_id
JOIN core.tag t ON t.tag_id = a.tag_id AND t.kind IN ('arxiv', 'doi')
"""
_SOURCE = """
CREATE OR REPLACE TEMP TABLE source AS
SELECT DISTINCT n.model_id, n.hub_id, n.owner, n.shown, n.words, struct_pack(
    key := n.key, said := regexp_extract(lower(t.value), 'github\\.com/([^/]+/[^/#?]+)', 1)) AS said
FROM naming n
JOIN core.model_version v ON v.model_id = n.model_id AND v.valid_to IS NULL
JOIN core.about_tag a ON a.about_id = v.about_id
JOIN core.tag t ON t.tag_id = a.tag_id AND t.kind IN ('repository', 'homepage')
WHERE regexp_matches(lower(t.value), 'github\\.com/[^/]+/[^/#?]')
"""


# On a hub of one publisher models have no owner; the hub is it (spaCy's account on Hugging Face is `spacy`).
_OWNED = """
CREATE OR REPLACE TEMP TABLE owned AS
SELECT DISTINCT n.model_id, n.hub_id, n.shown, struct_pack(
    key := n.key, said := CASE n.owner WHEN '' THEN regexp_replace(h.hub, '[^a-z0-9]', '', 'g') ELSE n.owner END) AS said
FROM naming n JOIN core.hub h ON h.hub_id = n.hub_id
"""
_SINGLE = """
CREATE OR REPLACE TEMP TABLE single AS
SELECT hub_id, key, any_value(model_id) AS model_id, any_value(shown) AS shown
FROM naming WHERE own GROUP BY hub_id, key
HAVING count(*) = 1 AND length(key) >= 10 AND regexp_matches(key, '[0-9]') AND regexp_matches(key, '[a-z]{3}')
"""


def _pairs(table: str, key: str = "said") -> str:
    """Pairs of models of two hubs that say the same; one join key, or the planner crosses the hubs."""
    return f"""
        SELECT a.model_id AS one, b.model_id AS other, min(a.shown || ' = ' || b.shown) AS detail
        FROM {table} a JOIN {table} b ON a.{key} = b.{key}
        WHERE a.hub_id < b.hub_id GROUP BY ALL
    """


def _telling(table: str, wanted: bool) -> str:
    """Those of the pairs whose name tells a model from its like, or the others."""
    alone = f"SELECT struct_pack(hub := hub_id, said := said) AS place FROM {table} GROUP BY ALL HAVING count(DISTINCT owner) = 1"
    return f"""
        WITH placed AS (
            SELECT t.*, l.place IS NOT NULL AS alone FROM {table} t
            LEFT JOIN ({alone}) l ON l.place = struct_pack(hub := t.hub_id, said := t.said)
        )
        SELECT a.model_id AS one, b.model_id AS other, min(a.shown || ' = ' || b.shown) AS detail
        FROM placed a JOIN placed b ON a.said = b.said
        WHERE a.hub_id < b.hub_id GROUP BY ALL
        HAVING bool_or(a.alone AND b.alone AND greatest(a.words, b.words) >= {_TELLING_WORDS}) = {wanted}
    """


_EVIDENCE = {
    "content": _CONTENT,
    "link": "SELECT * FROM linked WHERE same",
    "owner-name": _pairs("owned"),
    "repository": _telling("source", True),
    "paper": _telling("cited", True),
    "name": _pairs("single", "key"),
    "reference": "SELECT * FROM linked WHERE NOT same",
    "architecture": f"({_telling('source', False)}) UNION ALL ({_telling('cited', False)})",
}

_STORE = f"""
INSERT INTO core.model_match
SELECT one, other, list_sort(list(DISTINCT evidence)), max(CASE evidence
        {" ".join(f"WHEN '{name}' THEN {confidence}" for name, confidence in CONFIDENCE.items())} END), min(detail)
FROM found WHERE one <> other
GROUP BY one, other
"""
