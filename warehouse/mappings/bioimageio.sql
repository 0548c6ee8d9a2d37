-- BioImage Model Zoo: facts records from collection.json.

-- [hub]
SELECT 'bioimageio' AS hub, 'BioImage Model Zoo' AS title, 'https://bioimage.io/#/?id=' AS url_prefix;

-- [tasks]
SELECT * FROM (VALUES
    ('instance-segmentation', 'image-segmentation'), ('semantic-segmentation', 'image-segmentation'),
    ('segmentation', 'image-segmentation'), ('affinity-prediction', 'image-segmentation'),
    ('detection', 'object-detection'), ('cell-counting', 'object-detection'), ('tracking', 'object-detection'),
    ('classification', 'image-classification'), ('denoising', 'image-to-image'), ('restoration', 'image-to-image'),
    ('image-restoration', 'image-to-image'), ('super-resolution', 'image-to-image'),
    ('in-silico-labeling', 'image-to-image'), ('virtual staining', 'image-to-image')
) AS t(word, task);
