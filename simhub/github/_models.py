"""Ids of models to load where a population is given none: well-known ones, the most used first, and invented ones."""

from __future__ import annotations

from itertools import product

KNOWN = (
    *("bert-base-uncased", "sentence-transformers/all-MiniLM-L6-v2", "gpt2", "google-bert/bert-base-uncased"),
    *("openai/clip-vit-base-patch32", "meta-llama/Llama-2-7b-hf", "distilbert-base-uncased", "t5-small"),
    *("mistralai/Mistral-7B-Instruct-v0.2", "facebook/bart-large-cnn", "openai/whisper-small", "roberta-base"),
    *("stabilityai/stable-diffusion-xl-base-1.0", "Qwen/Qwen2.5-7B-Instruct", "BAAI/bge-small-en-v1.5"),
    *("runwayml/stable-diffusion-v1-5", "microsoft/deberta-v3-base", "google/flan-t5-base", "xlm-roberta-base"),
    *("cross-encoder/ms-marco-MiniLM-L-6-v2", "meta-llama/Meta-Llama-3-8B-Instruct", "google/vit-base-patch16-224"),
    *("facebook/wav2vec2-base-960h", "Helsinki-NLP/opus-mt-en-de", "sentence-transformers/all-mpnet-base-v2"),
    *("dslim/bert-base-NER", "ProsusAI/finbert", "TheBloke/Llama-2-7B-Chat-GGUF", "microsoft/phi-2", "gpt2-medium"),
    *("TinyLlama/TinyLlama-1.1B-Chat-v1.0", "HuggingFaceH4/zephyr-7b-beta", "facebook/opt-125m", "bert-base-cased"),
    *("google/gemma-2b-it", "EleutherAI/gpt-neo-1.3B", "bigscience/bloom-560m", "intfloat/multilingual-e5-large"),
    *("hf-internal-testing/tiny-random-bert", "Salesforce/blip-image-captioning-base"),
)
_OWNERS = ("nova-lab", "Quill-AI", "u-tokai", "deepfield", "mira.ml", "harbor_nlp")
_BASES = ("bert-base", "llama-7b", "t5-small", "whisper-tiny", "vit-large", "lora-v1.5")

#: 42 known ids and 108 invented ones.
MODELS: tuple[str, ...] = (
    *KNOWN,
    *(f"{owner}/{base}-{12 * turn}" for turn, base, owner in product((1, 2, 3), _BASES, _OWNERS)),
)
