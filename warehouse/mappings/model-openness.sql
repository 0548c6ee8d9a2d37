-- Model Openness Tool: facts records from one YAML file per model.

-- [hub]
SELECT 'model-openness' AS hub, 'Model Openness Tool' AS title, 'https://mot.isitopen.ai/model/' AS url_prefix;

-- [tasks]
SELECT * FROM (VALUES ('language', 'text-generation'), ('code', 'text-generation'), ('multimodal', 'any-to-any'),
    ('vision', 'image-classification'), ('image', 'text-to-image'), ('audio', 'text-to-audio')) AS t(word, task);
