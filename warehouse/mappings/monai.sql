-- MONAI Model Zoo: facts records from model_info.json and metadata.json.

-- [hub]
SELECT 'monai' AS hub, 'MONAI Model Zoo' AS title, 'https://monai.io/model-zoo.html#/model/' AS url_prefix;

-- [tasks]
SELECT * FROM (VALUES
    ('segmentation', 'image-segmentation'), ('detection', 'object-detection'), ('classification', 'image-classification'),
    ('registration', 'image-to-image'), ('generation', 'unconditional-image-generation'),
    ('generative', 'unconditional-image-generation'), ('synthesis', 'unconditional-image-generation'),
    ('segment', 'image-segmentation'), ('generate', 'unconditional-image-generation')
) AS t(word, task);
