-- Qualcomm AI Hub Models: facts records from info.yaml and numerics.yaml.

-- [hub]
SELECT 'qualcomm' AS hub, 'Qualcomm AI Hub' AS title, 'https://aihub.qualcomm.com/models/' AS url_prefix;

-- [tasks]
SELECT * FROM (VALUES
    ('driver assistance', 'object-detection'), ('gaze estimation', 'keypoint-detection'),
    ('image editing', 'image-to-image'), ('image generation', 'text-to-image'), ('image to text', 'image-to-text'),
    ('super resolution', 'image-to-image'), ('video classification', 'video-classification'),
    ('video generation', 'text-to-video'), ('video object tracking', 'object-detection'),
    ('audio classification', 'audio-classification'), ('audio generation', 'text-to-audio'),
    ('translation', 'translation')
) AS t(word, task);
