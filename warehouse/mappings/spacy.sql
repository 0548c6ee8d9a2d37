-- spaCy models: facts records from the metas of explosion/spacy-models.

-- [hub]
SELECT 'spacy' AS hub, 'spaCy models' AS title, 'https://spacy.io/models/' AS url_prefix;

-- [tasks]
-- A pipeline tags, parses and recognises: token classification in the common vocabulary.
SELECT * FROM (VALUES
    ('linguistic analysis', 'token-classification'), ('named entity recognition', 'token-classification'),
    ('sentence segmentation', 'token-classification'), ('word vectors', 'feature-extraction')
) AS t(word, task);
