-- PyTorch Hub: facts records from the pages.

-- [hub]
SELECT 'pytorch-hub' AS hub, 'PyTorch Hub' AS title, 'https://pytorch.org/hub/' AS url_prefix;

-- [tasks]
SELECT * FROM (VALUES
    ('voice activity detection', 'voice-activity-detection'), ('text enhancement', 'token-classification'),
    ('audio source separation', 'audio-to-audio'), ('audio embedding', 'feature-extraction'),
    ('language model', 'fill-mask'), ('image generation', 'unconditional-image-generation'),
    ('video classification', 'video-classification')
) AS t(word, task);
