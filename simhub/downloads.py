"""Which files count as a download when touched, as the Hub documents it, library by library."""

from __future__ import annotations

from fnmatch import fnmatchcase

DEFAULT = ("config.json", "config.yaml", "hyperparams.yaml", "params.json", "meta.yaml")
#: Library -> patterns of paths; a pattern without a wildcard is a top-level file.
BY_LIBRARY: dict[str, tuple[str, ...]] = {
    "adapter-transformers": ("adapter_config.json",),
    "asteroid": ("pytorch_model.bin",),
    "fasttext": ("*.bin",),
    "flair": ("pytorch_model.bin",),
    "keras": ("config.json", "*.keras"),
    "ml-agents": ("*.onnx",),
    "mlx-image": ("model.safetensors",),
    "nemo": ("*.nemo", "model_config.yaml"),
    "open_clip": ("*pytorch_model.bin",),
    "paddlenlp": ("model_config.json",),
    "peft": ("adapter_config.json",),
    "sample-factory": ("cfg.json",),
    "spacy": ("*.whl",),
    "stable-baselines3": ("*.zip",),
    "tf-keras": ("saved_model.pb",),
    "timm": ("pytorch_model.bin", "model.safetensors"),
}
_WEIGHTS = (".safetensors", ".bin", ".ckpt", ".pt")


def is_query_file(library: str | None, path: str) -> bool:
    """Whether a request for this file counts as a download of the model."""
    if path.endswith(".gguf"):
        return True
    if library == "diffusers":
        return path == "model_index.json" or ("/" not in path and path.endswith(_WEIGHTS))
    return any(fnmatchcase(path, pattern) for pattern in BY_LIBRARY.get(library or "", DEFAULT))
