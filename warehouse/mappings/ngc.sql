-- NVIDIA NGC: records of the catalogue's search, and lists of versions. Labels and attributes are lists of keys with
-- values; "Other" and the like say nothing. Versions are read from their lists only: the search names the newest alone,
-- and what two sources state in turn would change with every crawl.

-- [hub]
SELECT 'ngc' AS hub, 'NVIDIA NGC' AS title, 'https://catalog.ngc.nvidia.com/orgs/' AS url_prefix;

-- [tasks]
SELECT * FROM (VALUES
    ('classification', 'image-classification'),
    ('segmentation', 'image-segmentation'),
    ('speech recognition', 'automatic-speech-recognition'),
    ('speech to text', 'automatic-speech-recognition'),
    ('text to speech', 'text-to-speech'),
    ('language modeling', 'text-generation')
) AS t(word, task);

-- [fields]
WITH t(name, type) AS (VALUES
    ('labels', 'STRUCT("key" VARCHAR, "values" VARCHAR[])[]'),
    ('attributes', 'STRUCT("key" VARCHAR, "value" VARCHAR)[]'),
    ('model', 'STRUCT(description VARCHAR)'),
    ('modelVersions', 'STRUCT(versionId VARCHAR, createdDate VARCHAR, totalSizeInBytes BIGINT, description VARCHAR)[]')
),
f(field, source, expression, needs) AS (VALUES
    ('id', 'resourceId', 'CASE WHEN regexp_matches("resourceId", ''^[^/\s]+(/[^/\s]+){1,2}$'') THEN "resourceId" END', NULL),
    ('id', '_key', '_key', NULL),
    ('owner', 'orgName', '"orgName"', NULL),
    -- A listing whose record names no organisation is not an address.
    ('url', 'name', '''https://catalog.ngc.nvidia.com/orgs/'' || "orgName"
        || coalesce(''/teams/'' || nullif("teamName", ''''), '''') || ''/models/'' || name', 'teamName'),
    (NULL, 'teamName', NULL, NULL),
    ('description', 'description', 'description', NULL),
    ('created_at', 'dateCreated', '"dateCreated"', NULL),
    ('last_modified', 'dateModified', '"dateModified"', NULL),
    ('private', 'isPublic', 'NOT TRY_CAST("isPublic" AS BOOLEAN)', NULL),
    ('task', 'attributes', 'list_filter(attributes, lambda a: a.key = ''application''
        AND lower(a.value) NOT IN (''other'', ''''))[1].value', NULL),
    ('library', 'labels', 'list_filter(flatten(list_transform(list_filter(coalesce(labels, []), lambda l: l.key = ''framework''),
        lambda l: l.values)), lambda v: lower(v) NOT IN (''other'', ''n/a'', ''-'', ''''))[1]', NULL),
    ('tags', 'labels', 'list_distinct(flatten(list_transform(coalesce(labels, []), lambda l: l.values)))', NULL),
    ('storage_bytes', 'attributes', 'list_filter(attributes, lambda a: a.key = ''latestVersionSizeInBytes'')[1].value', NULL),
    ('releases', 'modelVersions', 'list_transform(coalesce("modelVersions", []), lambda v: {
        ''variant'': NULL::VARCHAR, ''version'': v."versionId", ''released_at'': v."createdDate", ''url'': NULL::VARCHAR,
        ''size'': v."totalSizeInBytes", ''sha256'': NULL::VARCHAR, ''checksum'': NULL::VARCHAR, ''licence'': NULL::VARCHAR,
        ''notes'': nullif(v.description, '''')})', NULL),
    ('card', 'model', 'nullif(model.description, '''')', NULL)
)
SELECT f.field, f.source, coalesce(t.type, 'VARCHAR') AS type, f.expression, f.needs
FROM f LEFT JOIN t ON t.name = f.source;
