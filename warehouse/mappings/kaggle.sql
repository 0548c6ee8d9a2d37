-- Kaggle: a model has variations (a framework and a slug), a variation has versions. A page holds models with their
-- variations, each with its newest version; the detail of a model adds `versions`, all versions of all variations.
-- Where these are asked for, the list does not state releases (`newest` is not among its fields): the two would differ.
-- Releases are variations by versions; the licence is that of a variation.

-- [hub]
SELECT 'kaggle' AS hub, 'Kaggle Models' AS title, 'https://www.kaggle.com/models/' AS url_prefix;

-- [fields]
WITH t(name, type) AS (VALUES
    ('instances', 'STRUCT(slug VARCHAR, framework VARCHAR, versionNumber BIGINT, licenseName VARCHAR, url VARCHAR, '
        || 'trainingData VARCHAR[], externalBaseModelUrl VARCHAR, totalUncompressedBytes BIGINT, '
        || 'baseModelInstanceInformation STRUCT("owner" STRUCT(slug VARCHAR), modelSlug VARCHAR))[]'),
    ('versions', 'STRUCT(variationSlug VARCHAR, framework VARCHAR, versionNumber BIGINT, url VARCHAR)[]'),
    ('tags', 'STRUCT("name" VARCHAR, fullPath VARCHAR)[]')
),
f(field, source, expression, needs) AS (VALUES
    ('id', 'ref', 'CASE WHEN regexp_matches(ref, ''^[^/\s]+/[^/\s]+$'') THEN ref END', NULL),
    ('native_id', 'id', 'id', NULL),
    ('url', 'url', 'url', NULL),
    ('private', 'isPrivate', 'TRY_CAST("isPrivate" AS BOOLEAN)', NULL),
    ('description', 'subtitle', 'coalesce(nullif(subtitle, ''''), nullif(description, ''''))', 'description'),
    ('card', 'description', 'nullif(description, '''')', NULL),
    ('created_at', 'publishTime', '"publishTime"', NULL),
    ('last_modified', 'updateTime', '"updateTime"', NULL),
    ('likes', 'voteCount', '"voteCount"', NULL),
    ('task', 'tags', 'list_filter(tags, lambda t: starts_with(lower(t."fullPath"), ''task >''))[1].name', NULL),
    ('languages', 'tags', 'list_transform(list_filter(coalesce(tags, []),
        lambda t: starts_with(lower(t."fullPath"), ''language >'')), lambda t: t.name)', NULL),
    ('tags', 'tags', 'list_transform(coalesce(tags, []), lambda t: t.name)', NULL),
    ('library', 'instances', 'instances[1].framework', NULL),
    ('licence', 'instances', 'list_distinct(list_filter(list_transform(coalesce(instances, []),
        lambda i: i."licenseName"), lambda l: l <> ''''))', NULL),
    ('datasets', 'instances', 'list_distinct(flatten(list_transform(coalesce(instances, []),
        lambda i: i."trainingData")))', NULL),
    ('base_models', 'instances', 'list_distinct(list_filter(list_transform(coalesce(instances, []), lambda i: {''id'':
        coalesce(i."baseModelInstanceInformation".owner.slug || ''/'' || i."baseModelInstanceInformation"."modelSlug",
            nullif(i."externalBaseModelUrl", '''')), ''relation'': NULL::VARCHAR}), lambda b: b.id IS NOT NULL))', NULL),
    ('storage_bytes', 'instances', 'list_sum(list_transform(instances, lambda i: i."totalUncompressedBytes"))', NULL),
    -- A version list names versions only: size and licence are known of the newest.
    ('releases', 'versions', 'list_transform(coalesce(versions, []), lambda v: {
        ''variant'': v.framework || ''/'' || v."variationSlug", ''version'': v."versionNumber"::VARCHAR,
        ''released_at'': NULL::VARCHAR, ''url'': ''https://www.kaggle.com'' || v.url,
        ''size'': list_filter(coalesce(instances, []), lambda i: i.slug = v."variationSlug"
            AND i.framework = v.framework AND i."versionNumber" = v."versionNumber")[1]."totalUncompressedBytes",
        ''sha256'': NULL::VARCHAR, ''checksum'': NULL::VARCHAR,
        ''licence'': nullif(list_filter(coalesce(instances, []), lambda i: i.slug = v."variationSlug"
            AND i.framework = v.framework)[1]."licenseName", ''''),
        ''notes'': NULL::VARCHAR})', 'instances'),
    ('releases', 'instances', 'list_transform(coalesce(instances, []), lambda i: {
        ''variant'': i.framework || ''/'' || i.slug, ''version'': i."versionNumber"::VARCHAR,
        ''released_at'': NULL::VARCHAR, ''url'': i.url, ''size'': i."totalUncompressedBytes",
        ''sha256'': NULL::VARCHAR, ''checksum'': NULL::VARCHAR, ''licence'': nullif(i."licenseName", ''''),
        ''notes'': NULL::VARCHAR})', 'newest'),
    ('arxiv', 'provenanceSources', 'list_distinct(regexp_extract_all(coalesce("provenanceSources", ''''),
        ''arxiv\.org/(?:abs|pdf)/([0-9]{4}\.[0-9]{4,5})'', 1))', NULL),
    ('doi', 'provenanceSources', 'list_distinct(list_transform(regexp_extract_all(coalesce("provenanceSources", ''''),
        ''doi\.org/(10\.[0-9]{4,9}/[^\s,;)\]]+)'', 1), lambda d: lower(d)))', NULL),
    ('links', 'provenanceSources', 'list_transform(list_distinct(list_filter(regexp_extract_all(
        coalesce("provenanceSources", ''''), ''https?://[^\s,;<>")\]]+''), lambda u: NOT regexp_matches(u, ''arxiv\.org/|doi\.org/''))),
        lambda u: {''kind'': CASE WHEN contains(u, ''github.com/'') THEN ''repository'' ELSE ''other'' END, ''url'': u})', NULL)
)
SELECT f.field, f.source, coalesce(t.type, 'VARCHAR') AS type, f.expression, f.needs
FROM f LEFT JOIN t ON t.name = f.source;
