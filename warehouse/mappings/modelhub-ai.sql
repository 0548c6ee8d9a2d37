-- ModelHub.ai: facts records from models.json and the models' own config.json.

-- [hub]
SELECT 'modelhub-ai' AS hub, 'ModelHub.ai' AS title, 'http://app.modelhub.ai/#/model/' AS url_prefix;

-- [tasks]
SELECT * FROM (VALUES
    ('recognition', 'image-classification'), ('face recognition', 'image-feature-extraction'),
    ('emotion recognition', 'image-classification'), ('regression', 'image-classification'),
    ('registration', 'image-to-image'), ('prognosis', 'image-classification'), ('risk prediction', 'image-classification'),
    ('segment', 'image-segmentation'), ('pose & depth estimation', 'depth-estimation'), ('depth prediction', 'depth-estimation'), ('pose prediction', 'keypoint-detection')
) AS t(word, task);
