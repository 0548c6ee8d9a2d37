-- OpenVINO Open Model Zoo: facts records from model.yml, accuracy-check.yml and READMEs.

-- [hub]
SELECT 'openvino' AS hub, 'OpenVINO Open Model Zoo' AS title, 'https://docs.openvino.ai/models/' AS url_prefix;

-- [tasks]
SELECT * FROM (VALUES
    ('detection', 'object-detection'), ('classification', 'image-classification'),
    ('object_attributes', 'image-classification'), ('action_recognition', 'video-classification'),
    ('text_to_speech', 'text-to-speech'), ('semantic_segmentation', 'image-segmentation'),
    ('instance_segmentation', 'image-segmentation'), ('optical_character_recognition', 'image-to-text'),
    ('question_answering', 'question-answering'), ('human_pose_estimation', 'keypoint-detection'),
    ('head_pose_estimation', 'keypoint-detection'), ('token_recognition', 'token-classification'),
    ('named_entity_recognition', 'token-classification'), ('feature_extraction', 'feature-extraction'),
    ('machine_translation', 'translation'), ('image_processing', 'image-to-image'),
    ('background_matting', 'image-segmentation'), ('speech_recognition', 'automatic-speech-recognition'),
    ('face_recognition', 'image-feature-extraction'), ('place_recognition', 'image-feature-extraction'),
    ('sound_classification', 'audio-classification'), ('noise_suppression', 'audio-to-audio'),
    ('monocular_depth_estimation', 'depth-estimation'), ('image_inpainting', 'image-to-image'),
    ('colorization', 'image-to-image'), ('style_transfer', 'image-to-image'), ('image_translation', 'image-to-image'),
    ('time_series', 'time-series-forecasting'), ('text_prediction', 'text-generation'),
    ('salient_object_detection', 'image-segmentation')
) AS t(word, task);
