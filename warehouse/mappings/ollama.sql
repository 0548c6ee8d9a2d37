-- Ollama: the pages are read into facts records while they are crawled, so there is little left to say.

-- [hub]
SELECT 'ollama' AS hub, 'Ollama library' AS title, 'https://ollama.com/library/' AS url_prefix;

-- [tasks]
SELECT * FROM (VALUES
    ('embedding', 'feature-extraction'),
    ('vision', 'image-text-to-text'),
    ('audio', 'audio-text-to-text'),
    ('image', 'text-to-image')
) AS t(word, task);
