-- Coqui TTS: facts records from TTS/.models.json.

-- [hub]
SELECT 'coqui' AS hub, 'Coqui TTS' AS title, 'https://github.com/coqui-ai/TTS#' AS url_prefix;

-- [tasks]
SELECT * FROM (VALUES
    ('tts_models', 'text-to-speech'), ('vocoder_models', 'audio-to-audio'), ('voice_conversion_models', 'audio-to-audio')
) AS t(word, task);
