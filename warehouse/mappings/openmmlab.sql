-- OpenMMLab MMPretrain: facts records from metafiles.

-- [hub]
SELECT 'openmmlab' AS hub, 'OpenMMLab MMPretrain' AS title, 'https://mmpretrain.readthedocs.io/en/latest/' AS url_prefix;

-- [tasks]
SELECT * FROM (VALUES
    ('image caption', 'image-to-text'), ('image captioning', 'image-to-text'), ('visual grounding', 'zero-shot-object-detection'),
    ('visual question answering', 'visual-question-answering'), ('image-to-text retrieval', 'image-text-to-text'),
    ('text-to-image retrieval', 'image-text-to-text'), ('nlvr', 'visual-question-answering'),
    ('multi-label classification', 'image-classification'), ('image retrieval', 'image-feature-extraction'),
    ('science question answering', 'visual-question-answering')
) AS t(word, task);
