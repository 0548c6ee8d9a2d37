-- TensorFlow Hub: facts records from the pages.

-- [hub]
SELECT 'tensorflow-hub' AS hub, 'TensorFlow Hub' AS title, 'https://tfhub.dev/' AS url_prefix;

-- [tasks]
SELECT * FROM (VALUES
    ('image-feature-vector', 'image-feature-extraction'), ('text-embedding', 'sentence-similarity'),
    ('image-object-detection', 'object-detection'), ('text-language-model', 'fill-mask'),
    ('image-pose-detection', 'keypoint-detection'), ('image-generator', 'unconditional-image-generation'),
    ('text-preprocessing', 'feature-extraction'), ('audio-embedding', 'feature-extraction'),
    ('audio-event-classification', 'audio-classification'), ('audio-command-detection', 'audio-classification'),
    ('audio-paralinguistics', 'feature-extraction'), ('image-rnn-agent', 'reinforcement-learning'),
    ('audio-stt', 'automatic-speech-recognition'), ('video-feature-extraction', 'feature-extraction'),
    ('image-style-transfer', 'image-to-image'), ('image-augmentation', 'image-to-image'),
    ('image-aesthetic-quality', 'image-classification'), ('audio-speech-synthesis', 'text-to-speech'),
    ('video-generation', 'text-to-video'), ('text-retrieval-question-answering', 'question-answering'),
    ('text-question-answering', 'question-answering'), ('image-depth-estimation', 'depth-estimation'),
    ('image-deblurring', 'image-to-image'), ('image-classifier', 'image-classification'),
    ('image-super-resolution', 'image-to-image'), ('video-audio-text', 'feature-extraction'),
    ('text-sequence-alignment', 'feature-extraction'), ('image-text-recognition', 'image-to-text'),
    ('image-extrapolation', 'image-to-image'), ('image-enhancement', 'image-to-image'),
    ('image-deraining', 'image-to-image'), ('image-dehazing', 'image-to-image'), ('video-text', 'feature-extraction'),
    ('image-denoising', 'image-to-image'), ('audio-synthesis', 'text-to-audio'),
    ('audio-pitch-extraction', 'audio-classification'), ('text-to-mel', 'text-to-speech'),
    ('text-segmentation', 'token-classification'), ('image-text-detection', 'object-detection'),
    ('image-frame-interpolation', 'image-to-image'), ('image-classification-logits', 'image-classification')
) AS t(word, task);
