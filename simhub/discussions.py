"""What people write under simulated models, with the topics of each title as planted truth.

The topics are those that a person would see in the title; the words of most titles are not those of any list of cues,
some hold a word of another topic on purpose, and some are about nothing, in other scripts, or empty.
"""

from __future__ import annotations

from simhub.clock import digest
from simhub.spec import Spec

#: Title and the topics it has. ``{arch}`` is the model's own family.
TITLES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("I am new to all this, where do I start?", ("Guidance for beginners",)),
    ("Getting started with {arch}, step by step", ("Guidance for beginners",)),
    ("Total beginner here", ("Guidance for beginners",)),
    ("How do I use this {arch} model?", ("Model usage and understanding",)),
    ("What is the context length?", ("Model usage and understanding",)),
    ("Prompt format for chat", ("Model usage and understanding",)),
    ("What is the difference between v1 and v2?", ("Model usage and understanding",)),
    ("Which languages does it know", ("Model usage and understanding",)),
    ("The output is gibberish", ("Output comprehensibility",)),
    ("Wrong predictions for short sentences", ("Output comprehensibility",)),
    ("It repeats the same sentence forever", ("Output comprehensibility",)),
    ("Only black images", ("Output comprehensibility",)),
    ("Why does it answer in Chinese?", ("Output comprehensibility",)),
    ("Fine-tuning {arch} on my own labels", ("Training pipeline",)),
    ("Which learning rate did you use?", ("Training pipeline",)),
    ("Loss goes to nan after one epoch", ("Training pipeline", "Output comprehensibility")),
    ("LoRA training crashes on two GPUs", ("Training pipeline", "Memory and performance")),
    ("CUDA out of memory on 24 GB", ("Memory and performance",)),
    ("Inference is very slow on CPU", ("Memory and performance",)),
    ("How much VRAM do I need?", ("Memory and performance",)),
    ("GGUF please", ("Other platforms and libraries",)),
    ("Does it run in llama.cpp?", ("Other platforms and libraries",)),
    ("ONNX export of {arch}", ("Other platforms and libraries",)),
    ("Running on Apple silicon", ("Other platforms and libraries",)),
    ("Which dataset was used?", ("Dataset acquisition and use",)),
    ("Where is the corpus", ("Dataset acquisition and use",)),
    ("Please add a model card", ("Documentation and tutorials", "Features of the hub's libraries")),
    ("Broken link to the paper", ("Documentation and tutorials",)),
    ("Example code, anybody?", ("Documentation and tutorials",)),
    ("Is there a model that does this for Finnish?", ("Request for a solution",)),
    ("Can somebody help", ("Request for a solution",)),
    ("Support for AutoModel", ("Features of the hub's libraries",)),
    ("Feature request: the widget should take files", ("Features of the hub's libraries",)),
    ("Error loading the checkpoint", ("Loading and saving",)),
    ("OSError: no file named pytorch_model.bin", ("Loading and saving",)),
    ("size mismatch for classifier.weight", ("Loading and saving",)),
    ("ModuleNotFoundError after pip install", ("Environment and versions",)),
    ("Incompatible with the newest transformers", ("Environment and versions",)),
    ("401 when I download it", ("Access and download",)),
    ("Requesting access", ("Access and download",)),
    ("Tokenizer adds a space", ("Tokenisation and input",)),
    ("pad token is missing", ("Tokenisation and input",)),
    ("Deploying it behind an endpoint", ("Deployment and serving",)),
    ("Question about the licence", ("Licence and permitted use",)),
    ("May I sell what it makes?", ("Licence and permitted use",)),
    ("Commercial use of {arch}", ("Licence and permitted use",)),
    ("Is the pickle safe?", ("Safety and trust",)),
    ("Solved: set use_cache to false", ("Solution from an expert",)),
    ("Here is how I got it to run", ("Solution from an expert",)),
    ("I have converted it to MLX", ("Collaboration", "Other platforms and libraries")),
    ("Looking for testers, join us", ("Call for collaboration",)),
    ("New version released", ("Announcement",)),
    ("Thank you, great work!", ("Acknowledgement",)),
    ("Best model ever", ("Acknowledgement",)),
    ("Using it on radiology reports", ("Across disciplines",)),
    ("Protein sequences with {arch}", ("Across disciplines",)),
    ("Hi", ()),
    ("???", ()),
    ("模型加载失败", ("Loading and saving",)),
    ("Trainer Joe's is my favourite shop", ()),
    ("{arch} vs gpt2 vs t5", ("Model usage and understanding",)),
    ("خطأ", ()),
)
#: A bot's pull request, by far the most frequent title on the hub.
CONVERTED = "Adding `safetensors` variant of this model"


def title(spec: Spec, number: int, pull: bool) -> tuple[str, tuple[str, ...]]:
    """The title of one discussion of a model, and its topics."""
    if pull:
        return CONVERTED, ("Collaboration",)
    drawn = int(digest("talk", spec.oid, number, length=8), 16)
    words, topics = TITLES[drawn % len(TITLES)]
    return words.replace("{arch}", spec.arch or "this"), topics
