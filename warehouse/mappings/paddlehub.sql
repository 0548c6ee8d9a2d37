-- PaddleHub: facts records from READMEs; the task word is the folder.

-- [hub]
SELECT 'paddlehub' AS hub, 'PaddleHub' AS title, 'https://github.com/PaddlePaddle/PaddleHub#' AS url_prefix;

-- [tasks]
SELECT * FROM (VALUES
    ('text/text_generation', 'text-generation'), ('text/machine_translation', 'translation'),
    ('text/punctuation_restoration', 'token-classification'), ('text/text_review', 'text-classification'),
    ('text/text_correction', 'text2text-generation'), ('text/embedding', 'feature-extraction'),
    ('text/sentiment_analysis', 'text-classification'), ('text/syntactic_analysis', 'token-classification'),
    ('text/lexical_analysis', 'token-classification'), ('text/text_to_knowledge', 'token-classification'),
    ('text/language_model', 'fill-mask'), ('text/simultaneous_translation', 'translation'),
    ('audio/audio_classification', 'audio-classification'), ('audio/speaker_recognition', 'audio-classification'),
    ('audio/asr', 'automatic-speech-recognition'), ('audio/tts', 'text-to-speech'),
    ('audio/language_identification', 'audio-classification'), ('audio/svs', 'text-to-audio'),
    ('audio/voice_cloning', 'text-to-speech'), ('audio/keyword_spotting', 'audio-classification'),
    ('image/semantic_segmentation', 'image-segmentation'), ('image/object_detection', 'object-detection'),
    ('image/depth_estimation', 'depth-estimation'), ('image/image_gan', 'image-to-image'),
    ('image/matting', 'image-segmentation'), ('image/industrial_application', 'image-classification'),
    ('image/instance_segmentation', 'image-segmentation'), ('image/image_processing', 'image-to-image'),
    ('image/keypoint_detection', 'keypoint-detection'), ('image/image_editing', 'image-to-image'),
    ('image/text_to_image', 'text-to-image'), ('image/face_detection', 'object-detection'),
    ('image/text_recognition', 'image-to-text'), ('image/classification', 'image-classification'),
    ('video/video_editing', 'video-classification'), ('video/multiple_object_tracking', 'object-detection'),
    ('video/classification', 'video-classification')
) AS t(word, task);
