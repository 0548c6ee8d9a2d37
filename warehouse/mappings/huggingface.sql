-- Hugging Face: records of the Hub API (list or info), and public dumps of them.
-- The Hub mirrors the front matter's licence, datasets, languages, papers and base models into tags,
-- so those are read from tags, which every form of the record has.

-- [hub]
SELECT 'huggingface' AS hub, 'Hugging Face' AS title, 'https://huggingface.co/' AS url_prefix;

-- [fields]
SELECT * FROM (VALUES
    -- A page scraped from HTML calls the id `name` and the immutable id `id`.
    ('id', 'name', 'VARCHAR', 'name', 'bases'),
    ('_id', 'id', 'VARCHAR', 'id', 'bases'),
    ('tags', 'licenses', 'VARCHAR[]', 'list_transform(coalesce(licenses, []), lambda x: ''license:'' || x)
        || list_transform(coalesce(datasets, []), lambda x: ''dataset:'' || x.declared)
        || list_transform(coalesce(bases, []), lambda x: ''base_model:'' || x.declared)', 'bases'),
    (NULL, 'datasets', 'STRUCT(declared VARCHAR)[]', NULL, 'bases'),
    (NULL, 'bases', 'STRUCT(declared VARCHAR)[]', NULL, 'bases'),

    ('id', 'id', 'VARCHAR', 'id', NULL),
    ('id', 'modelId', 'VARCHAR', '"modelId"', NULL),
    ('id', 'model', 'VARCHAR', 'model', NULL),
    ('id', 'model_id', 'VARCHAR', 'model_id', NULL),
    ('id', 'model_url', 'VARCHAR', 'regexp_replace(model_url, ''^https?://(huggingface\.co|hf\.co)/'', '''')', NULL),
    ('_id', '_id', 'VARCHAR', '_id', NULL),
    ('sha', 'sha', 'VARCHAR', 'sha', NULL),
    ('lastModified', 'lastModified', 'TIMESTAMP', '"lastModified"', NULL),
    ('lastModified', 'updated_at', 'TIMESTAMP', 'updated_at', NULL),
    ('createdAt', 'createdAt', 'TIMESTAMP', '"createdAt"', NULL),
    ('createdAt', 'created_at', 'TIMESTAMP', 'created_at', NULL),
    ('private', 'private', 'BOOLEAN', 'private', NULL),
    ('gated', 'gated', 'VARCHAR', 'lower(gated::VARCHAR)', NULL),
    ('disabled', 'disabled', 'BOOLEAN', 'disabled', NULL),
    ('removed', 'removed', 'BOOLEAN', 'removed', NULL),
    ('removed_at', 'removed_at', 'TIMESTAMP', 'removed_at', NULL),
    ('downloads', 'downloads', 'BIGINT', 'downloads', NULL),
    ('downloads', 'downloads_30d', 'BIGINT', 'downloads_30d', NULL),
    ('downloadsAllTime', 'downloadsAllTime', 'BIGINT', '"downloadsAllTime"', NULL),
    ('likes', 'likes', 'BIGINT', 'likes', NULL),
    ('trendingScore', 'trendingScore', 'DOUBLE', '"trendingScore"', NULL),
    ('trendingScore', 'trending_score', 'DOUBLE', 'trending_score', NULL),
    ('tags', 'tags', 'VARCHAR[]', 'tags', NULL),
    ('pipeline_tag', 'pipeline_tag', 'VARCHAR', 'pipeline_tag', NULL),
    ('pipeline_tag', 'task', 'VARCHAR', 'task', NULL),
    ('library_name', 'library_name', 'VARCHAR', 'library_name', NULL),
    ('library_name', 'library', 'VARCHAR', 'library', NULL),
    ('siblings', 'siblings', 'STRUCT(rfilename VARCHAR, size BIGINT, lfs STRUCT(sha256 VARCHAR))[]', 'siblings', NULL),
    ('config', 'config', 'STRUCT(architectures VARCHAR[], model_type VARCHAR)', 'config', NULL),
    ('cardData', 'cardData', 'JSON', '"cardData"', NULL),
    ('model_index', 'model-index', 'JSON', '"model-index"', NULL),
    ('parameters', 'safetensors', 'STRUCT(parameters JSON, total BIGINT)', 'safetensors.total', NULL),
    ('parameters', 'parameters', 'DOUBLE', 'parameters', NULL),
    ('parameters', 'numParameters', 'DOUBLE', '"numParameters"', NULL),
    ('tensor_types', 'safetensors', 'STRUCT(parameters JSON, total BIGINT)', 'safetensors.parameters', NULL),
    ('gguf', 'gguf', 'STRUCT(total BIGINT, architecture VARCHAR)', 'gguf', NULL),
    ('usedStorage', 'usedStorage', 'BIGINT', '"usedStorage"', NULL),
    ('usedStorage', 'storage_bytes', 'DOUBLE', 'storage_bytes', NULL)
) AS t(field, source, type, expression, needs);

-- [types]
SELECT * FROM (VALUES
    ('id', 'VARCHAR'), ('_id', 'VARCHAR'), ('sha', 'VARCHAR'), ('lastModified', 'TIMESTAMP'),
    ('createdAt', 'TIMESTAMP'), ('private', 'BOOLEAN'), ('gated', 'VARCHAR'), ('disabled', 'BOOLEAN'),
    ('removed', 'BOOLEAN'), ('removed_at', 'TIMESTAMP'), ('downloads', 'BIGINT'), ('downloadsAllTime', 'BIGINT'),
    ('likes', 'INTEGER'), ('trendingScore', 'FLOAT'), ('tags', 'VARCHAR[]'), ('pipeline_tag', 'VARCHAR'),
    ('library_name', 'VARCHAR'), ('siblings', 'STRUCT(rfilename VARCHAR, size BIGINT, lfs STRUCT(sha256 VARCHAR))[]'),
    ('config', 'STRUCT(architectures VARCHAR[], model_type VARCHAR)'), ('cardData', 'JSON'),
    ('model_index', 'JSON'), ('parameters', 'BIGINT'), ('tensor_types', 'JSON'),
    ('gguf', 'STRUCT(total BIGINT, architecture VARCHAR)'), ('usedStorage', 'BIGINT')
) AS t(field, type);

-- [states]
SELECT * FROM (VALUES
    ('sha', 'sha'), ('last_modified', 'lastModified'), ('private', 'private'), ('gated', 'gated'),
    ('disabled', 'disabled'), ('task', 'pipeline_tag'), ('library', 'library_name'), ('architecture', 'config'),
    ('model_type', 'config'), ('parameters', 'parameters'), ('parameters', 'gguf'), ('storage_bytes', 'usedStorage'),
    ('tensor_types', 'tensor_types'), ('has_card', 'siblings'), ('about', 'tags'), ('front', 'cardData'),
    ('files', 'siblings'), ('removed', 'removed'),
    -- What core.snapshot.fields lists beside: tags state all of these.
    ('licence', 'tags'), ('datasets', 'tags'), ('papers', 'tags'), ('languages', 'tags'), ('base_models', 'tags'),
    ('tags', 'tags'), ('claims', 'model_index'), ('claims', 'cardData'), ('card', 'siblings'),
    ('created_at', 'createdAt')
) AS t(name, field);

-- [models]
SELECT
    record_id,
    id AS name,
    CASE WHEN contains(id, '/') THEN split_part(id, '/', 1) ELSE '' END AS owner,
    _id AS native_id,
    "createdAt" AS created_at,
    downloads,
    "downloadsAllTime" AS downloads_all_time,
    likes,
    "trendingScore" AS trending_score,
    coalesce(removed, false) AS removed,
    removed_at,
    sha,
    "lastModified" AS last_modified,
    private,
    gated,
    disabled,
    nullif(pipeline_tag, '') AS task,
    nullif(library_name, '') AS library,
    config.architectures[1] AS architecture,
    coalesce(config.model_type, gguf.architecture) AS model_type,
    coalesce(parameters, gguf.total) AS parameters,
    "usedStorage" AS storage_bytes,
    tensor_types,
    paths IS NOT NULL AND list_contains(paths, 'README.md') AS has_card,
    tags,
    paths,
    -- Lists of files carry sizes only where they were asked for.
    CASE WHEN siblings[1].size IS NOT NULL THEN siblings END AS sized,
    "cardData" AS card,
    CASE WHEN model_index IS NOT NULL AND model_index::VARCHAR <> 'null' THEN model_index
        WHEN contains("cardData"::VARCHAR, '"model-index"') THEN "cardData"->'model-index' END AS model_index,
    hash(tags) AS about_hash,
    hash("cardData"::VARCHAR, model_index::VARCHAR) AS front_hash,
    hash(paths) AS files_hash
FROM (SELECT *, list_transform(siblings, lambda s: s.rfilename) AS paths FROM source);

-- [tags]
SELECT row_id, unnest(tags) AS tag FROM page;

-- [kinds]
SELECT
    tag,
    CASE
        WHEN starts_with(tag, 'license:') THEN 'licence'
        WHEN starts_with(tag, 'dataset:') THEN 'dataset'
        WHEN starts_with(tag, 'base_model:') THEN 'base_model'
        WHEN starts_with(lower(tag), 'arxiv:') THEN 'arxiv'
        WHEN starts_with(tag, 'doi:') THEN 'doi'
        WHEN starts_with(tag, 'region:') THEN 'region'
        WHEN starts_with(tag, 'language:') THEN 'language'
        WHEN starts_with(tag, 'library:') THEN 'library'
        WHEN starts_with(tag, 'deploy:') THEN 'marker'
        WHEN tag IN (
            'audio-classification', 'audio-text-to-text', 'audio-to-audio', 'any-to-any', 'automatic-speech-recognition',
            'conversational', 'depth-estimation', 'document-question-answering', 'feature-extraction', 'fill-mask',
            'graph-ml', 'image-classification', 'image-feature-extraction', 'image-segmentation', 'image-text-to-text',
            'image-to-3d', 'image-to-image', 'image-to-text', 'image-to-video', 'keypoint-detection', 'mask-generation',
            'multiple-choice', 'object-detection', 'question-answering', 'reinforcement-learning', 'robotics',
            'sentence-similarity', 'summarization', 'table-question-answering', 'tabular-classification',
            'tabular-regression', 'text-classification', 'text-generation', 'text-ranking', 'text-retrieval',
            'text-to-3d', 'text-to-audio', 'text-to-image', 'text-to-speech', 'text-to-video', 'text2text-generation',
            'time-series-forecasting', 'token-classification', 'translation', 'unconditional-image-generation',
            'video-classification', 'video-text-to-text', 'visual-document-retrieval', 'visual-question-answering',
            'voice-activity-detection', 'zero-shot-classification', 'zero-shot-image-classification',
            'zero-shot-object-detection'
        ) THEN 'task'
        WHEN tag IN (
            'safetensors', 'pytorch', 'tf', 'jax', 'onnx', 'gguf', 'ggml', 'coreml', 'rust', 'openvino', 'tflite',
            'tensorrt', 'joblib', 'pickle', 'keras', 'tf-keras', 'litert', 'mlx', 'nemo', 'paddle', 'tensorboard', 'ncnn', 'rknn'
        ) THEN 'format'
        WHEN tag IN (
            'transformers', 'diffusers', 'sentence-transformers', 'peft', 'timm', 'flair', 'spacy', 'stanza', 'fastai',
            'fasttext', 'adapter-transformers', 'adapters', 'allennlp', 'asteroid', 'bertopic', 'espnet', 'fairseq',
            'k2', 'keras-hub', 'mlagents', 'ml-agents', 'open_clip', 'paddlenlp', 'paddlepaddle', 'pyannote-audio',
            'pythae', 'sample-factory', 'setfit', 'sklearn', 'span-marker', 'speechbrain', 'stable-baselines3',
            'tensorflowtts', 'transformers.js', 'transformers_js', 'unity-sentis', 'ultralytics', 'gliner', 'trl', 'colbert',
            'mamba-ssm', 'bitsandbytes', 'llamafile', 'vllm', 'f5-tts', 'doctr', 'birefnet', 'cleanrl', 'deepforest',
            'elm', 'grok', 'hezar', 'htrflow', 'imstoucan', 'merlin', 'mindspore', 'model2vec', 'relik', 'saelens',
            'sentis', 'skops', 'supertonic', 'tensorflow', 'terratorch', 'tic-clip', 'yolov10', 'py-feat', 'lerobot', 'exbert'
        ) THEN 'library'
        WHEN tag IN (
            'endpoints_compatible', 'autotrain_compatible', 'text-generation-inference', 'text-embeddings-inference',
            'model-index', 'eval-results', 'co2_eq_emissions', 'custom_code', 'has_space', 'generated_from_trainer',
            'generated_from_keras_callback', 'not-for-all-audiences', 'merge', 'mergekit', 'lora', 'model_hub_mixin',
            'pytorch_model_hub_mixin', '4-bit', '8-bit', 'gptq', 'awq', 'imatrix', 'moe'
        ) THEN 'marker'
        WHEN tag IN (
            'aa', 'ab', 'ae', 'af', 'ak', 'am', 'an', 'ar', 'as', 'av', 'ay', 'az', 'ba', 'be', 'bg', 'bh', 'bi', 'bm',
            'bn', 'bo', 'br', 'bs', 'ca', 'ce', 'ch', 'co', 'cr', 'cs', 'cu', 'cv', 'cy', 'da', 'de', 'dv', 'dz', 'ee',
            'el', 'en', 'eo', 'es', 'et', 'eu', 'fa', 'ff', 'fi', 'fj', 'fo', 'fr', 'fy', 'ga', 'gd', 'gl', 'gn', 'gu',
            'gv', 'ha', 'he', 'hi', 'ho', 'hr', 'ht', 'hu', 'hy', 'hz', 'ia', 'id', 'ie', 'ig', 'ii', 'ik', 'io', 'is',
            'it', 'iu', 'ja', 'jv', 'ka', 'kg', 'ki', 'kj', 'kk', 'kl', 'km', 'kn', 'ko', 'kr', 'ks', 'ku', 'kv', 'kw',
            'ky', 'la', 'lb', 'lg', 'li', 'ln', 'lo', 'lt', 'lu', 'lv', 'mg', 'mh', 'mi', 'mk', 'ml', 'mn', 'mr', 'ms',
            'mt', 'my', 'na', 'nb', 'nd', 'ne', 'ng', 'nl', 'nn', 'no', 'nr', 'nv', 'ny', 'oc', 'oj', 'om', 'or', 'os',
            'pa', 'pi', 'pl', 'ps', 'pt', 'qu', 'rm', 'rn', 'ro', 'ru', 'rw', 'sa', 'sc', 'sd', 'se', 'sg', 'sh', 'si',
            'sk', 'sl', 'sm', 'sn', 'so', 'sq', 'sr', 'ss', 'st', 'su', 'sv', 'sw', 'ta', 'te', 'tg', 'th', 'ti', 'tk',
            'tl', 'tn', 'to', 'tr', 'ts', 'tt', 'tw', 'ty', 'ug', 'uk', 'ur', 'uz', 've', 'vi', 'vo', 'wa', 'wo', 'xh',
            'yi', 'yo', 'za', 'zh', 'zu', 'ceb', 'yue', 'fil', 'haw', 'hmn', 'ast', 'arz', 'nan', 'wuu', 'nds', 'kab',
            'sco', 'war', 'pms', 'lmo', 'scn', 'multilingual', 'zh-CN', 'zh-TW', 'zh-HK', 'pt-BR', 'pt-PT', 'en-US', 'sv-SE'
        ) THEN 'language'
        ELSE 'free'
    END AS kind,
    CASE
        WHEN regexp_matches(tag, '^base_model:(finetune|adapter|quantized|merge):')
            THEN regexp_replace(tag, '^base_model:[a-z]+:', '')
        WHEN kind IN ('licence', 'dataset', 'base_model', 'arxiv', 'doi', 'region')
            OR starts_with(tag, 'language:') OR starts_with(tag, 'library:') THEN tag[strpos(tag, ':') + 1:]
        ELSE tag
    END AS value,
    nullif(regexp_extract(tag, '^base_model:(finetune|adapter|quantized|merge):', 1), '') AS relation
FROM word;

-- [files]
SELECT row_id, unnest(paths) AS path, NULL::BIGINT AS size, NULL::VARCHAR AS sha256 FROM page WHERE sized IS NULL
UNION ALL
SELECT row_id, f.rfilename, f.size, f.lfs.sha256 FROM (SELECT row_id, unnest(sized) AS f FROM page WHERE sized IS NOT NULL);

-- [claims]
WITH results AS (
    SELECT row_id, unnest(from_json(model_index, '[{"results": ["JSON"]}]'), recursive := true) FROM page
    WHERE json_type(model_index) = 'ARRAY'
),
result AS (
    SELECT row_id, json_transform(unnest(results), '{
        "task": {"type": "VARCHAR", "name": "VARCHAR"},
        "dataset": {"type": "VARCHAR", "name": "VARCHAR", "config": "VARCHAR", "args": "JSON", "split": "VARCHAR"},
        "source": {"name": "VARCHAR", "url": "VARCHAR"},
        "metrics": ["JSON"]}') AS r
    FROM results
),
metric AS (
    SELECT row_id, r, json_transform(unnest(r.metrics), '{
        "type": "VARCHAR", "name": "VARCHAR", "value": "JSON", "args": "JSON", "verified": "BOOLEAN"}') AS m
    FROM result
)
SELECT
    row_id,
    r.task.type AS task,
    r.dataset.type AS dataset,
    r.dataset.name AS dataset_name,
    coalesce(r.dataset.config, CASE WHEN json_type(r.dataset.args) = 'VARCHAR' THEN r.dataset.args->>'$' ELSE r.dataset.args::VARCHAR END)
        AS config,
    r.dataset.split AS split,
    m.type AS metric,
    m.name AS metric_name,
    m.value->>'$' AS value_raw,
    m.verified,
    coalesce(r.source.url, r.source.name) AS source,
    'model-index' AS evidence
FROM metric
WHERE m.value IS NOT NULL AND json_type(m.value) <> 'NULL';

-- [carbon]
SELECT
    row_id,
    CASE json_type(c) WHEN 'OBJECT' THEN c->>'emissions' ELSE c->>'$' END AS value_raw,
    c->>'source' AS source,
    c->>'training_type' AS training_type,
    c->>'geographical_location' AS location,
    c->>'hardware_used' AS hardware
FROM (SELECT row_id, card->'co2_eq_emissions' AS c FROM page)
WHERE c IS NOT NULL AND json_type(c) <> 'NULL';
