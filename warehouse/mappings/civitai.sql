-- Civitai: records of the listing. A model is known by its number; its name stands at the head of the description,
-- its kind is its task's word, and the permission flags are one licence word. What is said of the base model is said
-- by the newest version. A tag "nsfw" is the creator's or the hub's.

-- [hub]
SELECT 'civitai' AS hub, 'Civitai' AS title, 'https://civitai.com/models/' AS url_prefix;

-- [tasks]
-- What such models are for, as far as the kind tells; those that make videos are told apart by the base model only.
SELECT * FROM (VALUES
    ('checkpoint', 'text-to-image'), ('lora', 'text-to-image'), ('locon', 'text-to-image'), ('dora', 'text-to-image'),
    ('textualinversion', 'text-to-image'), ('hypernetwork', 'text-to-image'), ('controlnet', 'text-to-image'),
    ('aestheticgradient', 'text-to-image'), ('motionmodule', 'text-to-video'), ('upscaler', 'image-to-image'),
    ('detection', 'object-detection'), ('video', 'text-to-video')
) AS t(word, task);

-- [fields]
WITH t(name, type) AS (VALUES
    ('allowNoCredit', 'BOOLEAN'), ('allowDerivatives', 'BOOLEAN'), ('allowDifferentLicense', 'BOOLEAN'),
    ('allowCommercialUse', 'JSON'), ('nsfw', 'BOOLEAN'), ('tags', 'VARCHAR[]'),
    ('creator', 'STRUCT(username VARCHAR)'),
    ('stats', 'STRUCT(downloadCount BIGINT, thumbsUpCount BIGINT, favoriteCount BIGINT)'),
    ('modelVersions', 'STRUCT(id VARCHAR, "name" VARCHAR, baseModel VARCHAR, createdAt VARCHAR, updatedAt VARCHAR, '
        || 'publishedAt VARCHAR, availability VARCHAR, trainedWords VARCHAR[], '
        || 'files STRUCT("name" VARCHAR, "type" VARCHAR, sizeKB DOUBLE, pickleScanResult VARCHAR, '
        || 'virusScanResult VARCHAR, metadata STRUCT("format" VARCHAR, fp VARCHAR), '
        || 'hashes STRUCT(SHA256 VARCHAR, BLAKE3 VARCHAR, AutoV2 VARCHAR), downloadUrl VARCHAR, "primary" BOOLEAN)[])[]')
),
f(field, source, expression, needs) AS (VALUES
    ('id', 'id', 'CASE WHEN TRY_CAST(id AS BIGINT) > 0 THEN id END', NULL),
    ('native_id', 'id', 'id', NULL),
    ('owner', 'creator', 'coalesce(creator.username, '''')', NULL),
    ('description', 'description', 'concat_ws('': '', nullif("name", ''''), nullif(trim(regexp_replace(
        regexp_replace(coalesce(description, ''''), ''<[^>]*>'', '' '', ''g''), ''\s+'', '' '', ''g'')), ''''))', 'name'),
    (NULL, 'name', NULL, NULL),
    ('card', 'description', 'nullif(description, '''')', NULL),
    ('task', 'type', '"type"', NULL),
    ('architecture', 'modelVersions', '"modelVersions"[1]."baseModel"', NULL),
    ('base_models', 'modelVersions', 'list_distinct(list_transform(list_filter(coalesce("modelVersions", []),
        lambda v: v."baseModel" <> '''' AND lower(v."baseModel") <> ''other''), lambda v: {''id'': v."baseModel",
        ''relation'': CASE WHEN lower("type") IN (''lora'', ''locon'', ''dora'', ''textualinversion'', ''hypernetwork'',
            ''controlnet'', ''motionmodule'') THEN ''adapter'' END}))', 'type'),
    (NULL, 'allowDerivatives', NULL, NULL),
    (NULL, 'allowDifferentLicense', NULL, NULL),
    (NULL, 'allowCommercialUse', NULL, NULL),
    ('licence', 'allowNoCredit', 'CASE WHEN "allowNoCredit" IS NOT NULL THEN [''civitai:'' || concat_ws('','',
        CASE WHEN "allowNoCredit" THEN ''no-credit'' ELSE ''credit'' END,
        -- An array, an array as PostgreSQL writes it, or one word: the words in it.
        ''commercial='' || coalesce(nullif(array_to_string(list_sort(
            regexp_extract_all(lower("allowCommercialUse"::VARCHAR), ''[a-z]+'')), ''+''), ''''), ''none''),
        CASE WHEN "allowDerivatives" THEN ''derivatives'' ELSE ''no-derivatives'' END,
        CASE WHEN "allowDifferentLicense" THEN ''other-licence'' ELSE ''same-licence'' END)] END', NULL),
    ('tags', 'tags', 'coalesce(tags, []) || CASE WHEN nsfw THEN [''nsfw''] ELSE [] END', 'nsfw'),
    (NULL, 'nsfw', NULL, NULL),
    ('downloads', 'stats', 'stats."downloadCount"', NULL),
    ('likes', 'stats', 'coalesce(stats."thumbsUpCount", stats."favoriteCount")', NULL),
    ('disabled', 'mode', '"mode" IS NOT NULL', NULL),
    ('gated', 'modelVersions', 'CASE WHEN "modelVersions"[1].availability = ''EarlyAccess'' THEN ''early-access''
        ELSE ''false'' END', NULL),
    ('created_at', 'modelVersions', 'list_min(list_transform("modelVersions", lambda v: v."createdAt"))', NULL),
    ('last_modified', 'modelVersions', 'list_max(list_transform("modelVersions",
        lambda v: coalesce(v."updatedAt", v."publishedAt", v."createdAt")))', NULL),
    ('storage_bytes', 'modelVersions', 'list_sum(flatten(list_transform(coalesce("modelVersions", []),
        lambda v: list_transform(coalesce(v.files, []), lambda f: round(f."sizeKB" * 1024)::BIGINT))))', NULL),
    ('files', 'modelVersions', 'flatten(list_transform(coalesce("modelVersions", []),
        lambda v: list_transform(coalesce(v.files, []), lambda f: {
            ''path'': v.id || ''/'' || f.name, ''size'': round(f."sizeKB" * 1024)::BIGINT, ''sha256'': f.hashes."SHA256",
            ''checksum'': CASE WHEN f.hashes."SHA256" IS NULL THEN ''blake3:'' || lower(f.hashes."BLAKE3") END,
            ''url'': f."downloadUrl"})))', NULL),
    -- Size and hash are those of the file that the version is downloaded as.
    ('releases', 'modelVersions', 'list_transform(coalesce("modelVersions", []), lambda v: {
        ''variant'': v."baseModel", ''version'': v.name, ''released_at'': coalesce(v."publishedAt", v."createdAt"),
        ''url'': ''https://civitai.com/models/'' || id || ''?modelVersionId='' || v.id,
        ''size'': round(list_filter(coalesce(v.files, []), lambda f: f."primary")[1]."sizeKB" * 1024)::BIGINT,
        ''sha256'': list_filter(coalesce(v.files, []), lambda f: f."primary")[1].hashes."SHA256",
        ''checksum'': NULL::VARCHAR, ''licence'': NULL::VARCHAR,
        ''notes'': nullif(concat_ws(''; '',
            ''trained words: '' || nullif(array_to_string(v."trainedWords", '', ''), ''''),
            ''pickle scan: '' || list_filter(coalesce(v.files, []), lambda f: f."primary")[1]."pickleScanResult",
            ''virus scan: '' || list_filter(coalesce(v.files, []), lambda f: f."primary")[1]."virusScanResult",
            ''format: '' || list_filter(coalesce(v.files, []), lambda f: f."primary")[1].metadata.format), '''')})', NULL),
    ('arxiv', 'description', 'list_distinct(regexp_extract_all(coalesce(description, ''''),
        ''arxiv\.org/(?:abs|pdf)/([0-9]{4}\.[0-9]{4,5})'', 1))', NULL),
    ('links', 'description', 'list_transform(list_distinct(regexp_extract_all(coalesce(description, ''''),
        ''https?://(?:huggingface\.co|github\.com)/[\w.-]+/[\w.-]+'')), lambda u: {
        ''kind'': CASE WHEN contains(u, ''github.com/'') THEN ''repository'' ELSE ''model'' END, ''url'': rtrim(u, ''.'')})', NULL)
)
SELECT f.field, f.source, coalesce(t.type, 'VARCHAR') AS type, f.expression, f.needs
FROM f LEFT JOIN t ON t.name = f.source;
