-- Small functions that the loader uses on every hub's data; temporary, they do not end up in the warehouse.

-- What the name of a file says it is (core.file_kind). The commonest endings stand first: this runs for every file.
CREATE OR REPLACE TEMP MACRO file_kind(path) AS (
    CASE
        WHEN ends_with(path, '.safetensors') THEN CASE WHEN contains(path, 'adapter_') THEN 'adapter' ELSE 'safetensors' END
        WHEN ends_with(path, '.json') THEN CASE
            WHEN contains(path, 'adapter_') THEN 'adapter'
            WHEN contains(path, 'token') OR contains(path, 'vocab') THEN 'tokenizer'
            ELSE 'config' END
        WHEN ends_with(path, '.md') THEN CASE
            WHEN lower(path) = 'readme.md' THEN 'card'
            WHEN lower(path) IN ('license.md', 'licence.md', 'use_policy.md') THEN 'licence'
            ELSE 'text' END
        WHEN ends_with(path, '.gitattributes') OR ends_with(path, '.gitignore') THEN 'git'
        WHEN ends_with(path, '.bin') THEN CASE WHEN contains(path, 'adapter_') THEN 'adapter' ELSE 'pytorch' END
        WHEN ends_with(path, '.gguf') THEN 'gguf'
        WHEN ends_with(path, '.txt') THEN CASE
            WHEN ends_with(path, 'vocab.txt') OR ends_with(path, 'merges.txt') THEN 'tokenizer'
            WHEN lower(path) IN ('license.txt', 'licence.txt', 'notice.txt') THEN 'licence'
            ELSE 'text' END
        WHEN lower(path) IN ('license', 'licence', 'copying', 'notice') THEN 'licence'
        ELSE CASE lower(split_part(path, '.', -1))
            WHEN 'pt' THEN 'pytorch' WHEN 'pth' THEN 'pytorch' WHEN 'ckpt' THEN 'pytorch' WHEN 'bin' THEN 'pytorch'
            WHEN 'model' THEN CASE WHEN contains(path, 'token') OR contains(path, 'spiece') OR contains(path, 'sentencepiece')
                THEN 'tokenizer' ELSE 'other' END
            WHEN 'spm' THEN 'tokenizer'
            WHEN 'yaml' THEN 'config' WHEN 'yml' THEN 'config' WHEN 'toml' THEN 'config'
            WHEN 'onnx' THEN 'onnx' WHEN 'onnx_data' THEN 'onnx' WHEN 'ggml' THEN 'ggml'
            WHEN 'h5' THEN 'keras' WHEN 'keras' THEN 'keras' WHEN 'hdf5' THEN 'keras'
            WHEN 'pb' THEN 'tensorflow' WHEN 'index' THEN 'tensorflow' WHEN 'tflite' THEN 'tflite'
            WHEN 'msgpack' THEN 'flax' WHEN 'mlmodel' THEN 'coreml' WHEN 'mlpackage' THEN 'coreml' WHEN 'xml' THEN 'openvino'
            WHEN 'pkl' THEN 'pickle' WHEN 'pickle' THEN 'pickle' WHEN 'joblib' THEN 'pickle' WHEN 'dill' THEN 'pickle'
            WHEN 'npy' THEN 'numpy' WHEN 'npz' THEN 'numpy'
            WHEN 'zip' THEN 'archive' WHEN 'tar' THEN 'archive' WHEN 'gz' THEN 'archive' WHEN '7z' THEN 'archive' WHEN 'nemo' THEN 'archive'
            WHEN 'py' THEN 'code' WHEN 'sh' THEN 'code' WHEN 'js' THEN 'code' WHEN 'cpp' THEN 'code' WHEN 'ipynb' THEN 'notebook'
            WHEN 'csv' THEN 'data' WHEN 'parquet' THEN 'data' WHEN 'jsonl' THEN 'data' WHEN 'tsv' THEN 'data' WHEN 'arrow' THEN 'data'
            WHEN 'png' THEN 'media' WHEN 'jpg' THEN 'media' WHEN 'jpeg' THEN 'media' WHEN 'gif' THEN 'media' WHEN 'mp4' THEN 'media'
            WHEN 'wav' THEN 'media' WHEN 'webp' THEN 'media' WHEN 'svg' THEN 'media' WHEN 'mp3' THEN 'media' WHEN 'flac' THEN 'media'
            WHEN 'md' THEN 'text' WHEN 'txt' THEN 'text' WHEN 'pdf' THEN 'text' WHEN 'html' THEN 'text' WHEN 'log' THEN 'text'
            ELSE 'other'
        END
    END
);

-- A number as people write it: "81.3%", "1,234.5", "256.2 +/- 28.1"; null where it is none. A percent sign is
-- dropped, and of a value with its spread the value is taken.
CREATE OR REPLACE TEMP MACRO number(written) AS
    CASE WHEN isfinite(TRY_CAST(written AS DOUBLE)) THEN TRY_CAST(written AS DOUBLE)
        ELSE TRY_CAST(replace(regexp_extract(written,
            '^\s*([-+]?(\d[\d,]*\.?\d*|\.\d+)([eE][-+]?\d+)?)\s*%?\s*((\+/-|±).*)?$', 1), ',', '') AS DOUBLE) END;
