-- ModelScope: records of the listing, and lists of files. Tags are "kind:value" or free; the kinds library, license,
-- language, dataset and base_model are facts, and a model's first task and library stand for it.

-- [hub]
SELECT 'modelscope' AS hub, 'ModelScope' AS title, 'https://modelscope.cn/models/' AS url_prefix;

-- [tasks]
-- The hub's own words where they are not the common ones.
SELECT * FROM (VALUES
    ('text-to-image-synthesis', 'text-to-image'), ('text-to-video-synthesis', 'text-to-video'),
    ('auto-speech-recognition', 'automatic-speech-recognition'), ('image-portrait-enhancement', 'image-to-image'),
    ('sentence-embedding', 'sentence-similarity'), ('nli', 'text-classification'),
    ('sentiment-classification', 'text-classification'), ('named-entity-recognition', 'token-classification'),
    ('word-segmentation', 'token-classification'), ('ocr-recognition', 'image-to-text'),
    ('image-captioning', 'image-to-text'), ('text-summarization', 'summarization'), ('chat', 'text-generation')
) AS t(word, task);

-- [fields]
WITH t(name, type) AS (VALUES
    ('tasks', 'VARCHAR[]'), ('tags', 'VARCHAR[]'), ('private', 'BOOLEAN'),
    ('Data', 'STRUCT(Files STRUCT("Path" VARCHAR, "Size" BIGINT, Sha256 VARCHAR, "Type" VARCHAR)[])')
),
f(field, source, expression, needs) AS (VALUES
    ('id', 'id', 'CASE WHEN contains(id, ''/'') THEN id END', NULL),
    ('id', '_key', '_key', NULL),
    ('description', 'description', 'coalesce(nullif(trim(description), ''''), nullif(trim(display_name), ''''))', 'display_name'),
    (NULL, 'display_name', NULL, NULL),
    ('task', 'tasks', 'tasks[1]', NULL),
    ('library', 'tags', 'list_filter(tags, lambda t: starts_with(lower(t), ''library:''))[1][9:]', NULL),
    ('licence', 'license', 'list_filter([trim(license)], lambda l: l <> '''')', NULL),
    ('languages', 'tags', 'list_transform(list_filter(coalesce(tags, []), lambda t: starts_with(lower(t), ''language:'')),
        lambda t: t[10:])', NULL),
    ('datasets', 'tags', 'list_transform(list_filter(coalesce(tags, []), lambda t: starts_with(lower(t), ''dataset:'')),
        lambda t: t[9:])', NULL),
    ('base_models', 'tags', 'list_transform(list_filter(coalesce(tags, []),
        lambda t: regexp_matches(lower(t), ''^base[_-]model:'')), lambda t: {''id'': t[12:], ''relation'': NULL::VARCHAR})', NULL),
    ('arxiv', 'tags', 'list_transform(list_filter(coalesce(tags, []), lambda t: starts_with(lower(t), ''arxiv:'')),
        lambda t: t[7:])', NULL),
    ('tags', 'tags', 'list_filter(coalesce(tags, []), lambda t: NOT regexp_matches(lower(t),
        ''^(library|license|language|dataset|base[_-]model|arxiv|task):''))', NULL),
    ('parameters', 'params', 'CASE WHEN TRY_CAST(params AS DOUBLE) > 0 THEN params END', NULL),
    ('storage_bytes', 'file_size', 'CASE WHEN TRY_CAST(file_size AS DOUBLE) > 0 THEN file_size END', NULL),
    ('created_at', 'created_at', 'created_at', NULL),
    ('last_modified', 'last_modified', 'last_modified', NULL),
    ('downloads', 'downloads', 'downloads', NULL),
    ('likes', 'likes', 'likes', NULL),
    ('private', 'private', 'private', NULL),
    ('gated', 'gated', 'lower(gated)', NULL),
    ('files', 'Data', 'list_transform(list_filter(coalesce("Data"."Files", []), lambda f: coalesce(f."Type", '''') <> ''tree''),
        lambda f: {''path'': f."Path", ''size'': f."Size", ''sha256'': nullif(f."Sha256", ''''),
            ''checksum'': NULL::VARCHAR, ''url'': NULL::VARCHAR})', NULL)
)
SELECT f.field, f.source, coalesce(t.type, 'VARCHAR') AS type, f.expression, f.needs
FROM f LEFT JOIN t ON t.name = f.source;
