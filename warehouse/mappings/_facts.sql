-- The sections that a hub's mapping need not write: how a facts record (docs/add-a-hub.md) becomes the uniform schema.
-- A hub whose pages are already facts records has [hub] and [tasks] of its own; a hub with an API writes [fields],
-- [types], [states] over its own columns and [facts], a SELECT of record_id and the columns of [types] below from `source`.

-- [tasks]
SELECT NULL::VARCHAR AS word, NULL::VARCHAR AS task WHERE false;

-- [fields]
SELECT * FROM (VALUES
    ('id', 'id', 'VARCHAR', 'id', NULL),
    ('owner', 'owner', 'VARCHAR', 'owner', NULL),
    ('url', 'url', 'VARCHAR', 'url', NULL),
    ('description', 'description', 'VARCHAR', 'description', NULL),
    ('task', 'task', 'VARCHAR', 'task', NULL),
    ('library', 'library', 'VARCHAR', 'library', NULL),
    ('architecture', 'architecture', 'VARCHAR', 'architecture', NULL),
    ('licence', 'licence', 'VARCHAR[]', 'licence', NULL),
    ('licence_link', 'licence_link', 'VARCHAR', 'licence_link', NULL),
    ('datasets', 'datasets', 'VARCHAR[]', 'datasets', NULL),
    ('arxiv', 'arxiv', 'VARCHAR[]', 'arxiv', NULL),
    ('doi', 'doi', 'VARCHAR[]', 'doi', NULL),
    ('papers', 'papers', 'VARCHAR[]', 'papers', NULL),
    ('languages', 'languages', 'VARCHAR[]', 'languages', NULL),
    ('base_models', 'base_models', 'STRUCT(id VARCHAR, relation VARCHAR)[]', 'base_models', NULL),
    ('tags', 'tags', 'VARCHAR[]', 'tags', NULL),
    ('parameters', 'parameters', 'DOUBLE', 'parameters', NULL),
    ('storage_bytes', 'storage_bytes', 'DOUBLE', 'storage_bytes', NULL),
    ('created_at', 'created_at', 'VARCHAR', 'created_at', NULL),
    ('last_modified', 'last_modified', 'VARCHAR', 'last_modified', NULL),
    ('sha', 'sha', 'VARCHAR', 'sha', NULL),
    ('downloads', 'downloads', 'DOUBLE', 'downloads', NULL),
    ('likes', 'likes', 'DOUBLE', 'likes', NULL),
    ('files', 'files', 'STRUCT(path VARCHAR, size BIGINT, sha256 VARCHAR, checksum VARCHAR, url VARCHAR)[]', 'files', NULL),
    ('releases', 'releases', 'STRUCT(variant VARCHAR, version VARCHAR, released_at VARCHAR, url VARCHAR, size BIGINT, sha256 VARCHAR, checksum VARCHAR, licence VARCHAR, notes VARCHAR)[]', 'releases', NULL),
    ('claims', 'claims', 'STRUCT(task VARCHAR, dataset VARCHAR, config VARCHAR, split VARCHAR, metric VARCHAR, value VARCHAR, version VARCHAR)[]', 'claims', NULL),
    ('links', 'links', 'STRUCT(kind VARCHAR, url VARCHAR)[]', 'links', NULL),
    ('card', 'card', 'VARCHAR', 'card', NULL),
    ('extra', 'extra', 'JSON', 'extra', NULL),
    ('_unit', '_unit', 'VARCHAR', '_unit', NULL),
    ('_fault', '_fault', 'VARCHAR', '_fault', NULL)
) AS t(field, source, type, expression, needs);

-- [types]
SELECT * FROM (VALUES
    ('id', 'VARCHAR'), ('owner', 'VARCHAR'), ('native_id', 'VARCHAR'), ('url', 'VARCHAR'), ('description', 'VARCHAR'),
    ('task', 'VARCHAR'), ('library', 'VARCHAR'), ('architecture', 'VARCHAR'), ('licence', 'VARCHAR[]'),
    ('licence_link', 'VARCHAR'), ('datasets', 'VARCHAR[]'), ('arxiv', 'VARCHAR[]'), ('doi', 'VARCHAR[]'),
    ('papers', 'VARCHAR[]'), ('languages', 'VARCHAR[]'), ('base_models', 'STRUCT(id VARCHAR, relation VARCHAR)[]'),
    ('tags', 'VARCHAR[]'), ('parameters', 'BIGINT'), ('storage_bytes', 'BIGINT'), ('created_at', 'TIMESTAMP'),
    ('last_modified', 'TIMESTAMP'), ('sha', 'VARCHAR'), ('gated', 'VARCHAR'), ('private', 'BOOLEAN'),
    ('disabled', 'BOOLEAN'), ('removed', 'BOOLEAN'), ('removed_at', 'TIMESTAMP'),
    ('downloads', 'BIGINT'), ('downloads_all_time', 'BIGINT'), ('likes', 'INTEGER'), ('trending_score', 'FLOAT'),
    ('files', 'STRUCT(path VARCHAR, size BIGINT, sha256 VARCHAR, checksum VARCHAR, url VARCHAR)[]'),
    ('releases', 'STRUCT(variant VARCHAR, version VARCHAR, released_at VARCHAR, url VARCHAR, size BIGINT, sha256 VARCHAR, checksum VARCHAR, licence VARCHAR, notes VARCHAR)[]'),
    ('claims', 'STRUCT(task VARCHAR, dataset VARCHAR, config VARCHAR, split VARCHAR, metric VARCHAR, value VARCHAR, version VARCHAR)[]'),
    ('links', 'STRUCT(kind VARCHAR, url VARCHAR)[]'), ('card', 'VARCHAR'), ('extra', 'JSON'),
    ('_unit', 'VARCHAR'), ('_fault', 'VARCHAR')
) AS t(field, type);

-- [states]
-- The first name is a column or facet of core.model_version, or a fact that core.snapshot.fields lists.
SELECT * FROM (VALUES
    ('sha', 'sha'), ('last_modified', 'last_modified'), ('private', 'private'), ('gated', 'gated'),
    ('disabled', 'disabled'), ('task', 'task'), ('task_raw', 'task'), ('library', 'library'),
    ('architecture', 'architecture'), ('model_type', 'architecture'), ('parameters', 'parameters'),
    ('storage_bytes', 'storage_bytes'), ('has_card', 'card'), ('description', 'description'), ('url', 'url'),
    ('about', 'licence'), ('about', 'datasets'), ('about', 'arxiv'), ('about', 'doi'), ('about', 'papers'),
    ('about', 'languages'), ('about', 'base_models'), ('about', 'links'), ('about', 'tags'),
    ('front', 'claims'), ('front', 'licence_link'), ('files', 'files'), ('releases', 'releases'), ('removed', 'removed'),
    ('licence', 'licence'), ('datasets', 'datasets'), ('papers', 'arxiv'), ('papers', 'doi'), ('papers', 'papers'),
    ('languages', 'languages'), ('base_models', 'base_models'), ('links', 'links'), ('tags', 'tags'),
    ('claims', 'claims'), ('card', 'card'), ('created_at', 'created_at'), ('downloads', 'downloads'), ('likes', 'likes')
) AS t(name, field);

-- [facts]
SELECT * FROM source;

-- [models]
SELECT
    record_id,
    id AS name,
    coalesce(owner, CASE WHEN contains(id, '/') THEN split_part(id, '/', 1) ELSE '' END) AS owner,
    native_id,
    created_at,
    downloads,
    downloads_all_time,
    likes,
    trending_score,
    coalesce(removed, false) AS removed,
    removed_at,
    sha,
    last_modified,
    private,
    gated,
    disabled,
    w.task,
    nullif(f.task, '') AS task_raw,
    nullif(library, '') AS library,
    nullif(left(architecture, 200), '') AS architecture,
    architecture_family(lower(architecture)) AS model_type,
    parameters,
    storage_bytes,
    NULL::JSON AS tensor_types,
    card IS NOT NULL AS has_card,
    nullif(left(description, 4000), '') AS description,
    url,
    licence, datasets, arxiv, doi, papers, languages, base_models, links, tags, files, releases, claims,
    CASE WHEN licence_link IS NOT NULL THEN json_object('license_link', licence_link) END AS card,
    hash(licence, datasets, arxiv, doi, papers, languages, base_models::VARCHAR, links::VARCHAR, tags) AS about_hash,
    hash(claims::VARCHAR, licence_link) AS front_hash,
    hash(files::VARCHAR) AS files_hash,
    hash(releases::VARCHAR) AS releases_hash,
    _unit AS unit,
    _fault AS fault
FROM facts f
LEFT JOIN task_word w ON w.word = lower(trim(f.task));

-- [tags]
-- Everything is marked by what it states, so that no publisher's free tag can pass for a licence or a paper.
SELECT DISTINCT row_id, unnest(
    list_transform(coalesce(licence, []), lambda x: 'license:' || trim(x))
    || list_transform(coalesce(datasets, []), lambda x: 'dataset:' || trim(x))
    || list_transform(coalesce(arxiv, []), lambda x: 'arxiv:' || trim(x))
    || list_transform(coalesce(doi, []), lambda x: 'doi:' || lower(trim(x)))
    || list_transform(coalesce(papers, []), lambda x: 'paper:' || trim(x))
    || list_transform(coalesce(languages, []), lambda x: 'language:' || trim(x))
    || list_transform(coalesce(base_models, []), lambda x: 'base_model:' || coalesce(x.relation || ':', '') || x.id)
    || list_transform(coalesce(links, []), lambda x: x.kind || ':' || x.url)
    || list_transform(coalesce(tags, []), lambda x: 'tag:' || trim(x))
) AS tag
FROM page;

-- [kinds]
SELECT
    tag,
    CASE split_part(tag, ':', 1)
        WHEN 'license' THEN 'licence' WHEN 'dataset' THEN 'dataset' WHEN 'arxiv' THEN 'arxiv' WHEN 'doi' THEN 'doi'
        WHEN 'paper' THEN 'paper' WHEN 'language' THEN 'language' WHEN 'base_model' THEN 'base_model'
        WHEN 'repository' THEN 'repository' WHEN 'homepage' THEN 'homepage' WHEN 'demo' THEN 'demo'
        WHEN 'model' THEN 'model' WHEN 'download' THEN 'download' WHEN 'other' THEN 'link'
        ELSE 'free'
    END AS kind,
    CASE
        WHEN regexp_matches(tag, '^base_model:(finetune|adapter|quantized|merge):')
            THEN regexp_replace(tag, '^base_model:[a-z]+:', '')
        ELSE tag[strpos(tag, ':') + 1:]
    END AS value,
    nullif(regexp_extract(tag, '^base_model:(finetune|adapter|quantized|merge):', 1), '') AS relation
FROM word;

-- [files]
SELECT row_id, f.path, f.size, lower(f.sha256) AS sha256, f.checksum, f.url
FROM (SELECT row_id, unnest(files) AS f FROM page);

-- [releases]
SELECT
    row_id, ordinal, r.variant, r.version, TRY_CAST(r.released_at AS TIMESTAMP) AS released_at, r.url, r.size,
    lower(r.sha256) AS sha256, r.checksum, r.licence AS licence_raw, left(r.notes, 2000) AS notes
FROM (SELECT row_id, unnest(releases) AS r, generate_subscripts(releases, 1) AS ordinal FROM page);

-- [claims]
SELECT
    row_id, c.task, c.dataset, c.dataset AS dataset_name, c.config, c.split, c.metric, c.metric AS metric_name,
    c.value AS value_raw, NULL::BOOLEAN AS verified, NULL::VARCHAR AS source, c.version, 'registry' AS evidence
FROM (SELECT row_id, unnest(claims) AS c FROM page)
WHERE c.value IS NOT NULL;

-- [carbon]
SELECT NULL::BIGINT AS row_id, NULL::VARCHAR AS value_raw, NULL::VARCHAR AS source, NULL::VARCHAR AS training_type,
    NULL::VARCHAR AS location, NULL::VARCHAR AS hardware
WHERE false;
