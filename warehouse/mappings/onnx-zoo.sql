-- ONNX Model Zoo: facts records from the manifest and the READMEs.

-- [hub]
SELECT 'onnx-zoo' AS hub, 'ONNX Model Zoo' AS title, 'https://github.com/onnx/models#' AS url_prefix;

-- [tasks]
SELECT * FROM (VALUES
    ('object detection segmentation', 'object-detection'), ('machine comprehension', 'question-answering'),
    ('body analysis', 'image-classification'), ('style transfer', 'image-to-image'), ('super resolution', 'image-to-image')
) AS t(word, task);
