"""Word lists and published skews: what a simulated model can be.

Shares follow the public crawl of July 2024 (760,000 models): 53 % with a task, 61 % with a library,
38 % with a licence, apache-2.0 far ahead, text generation far ahead.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Arch:
    """An architecture family: how its config, tensors and names look."""

    model_type: str
    cls: str
    vocab: int
    sizes: tuple[tuple[str, int, int], ...]
    position_ids: bool = False


ARCHS: dict[str, Arch] = {
    a.model_type: a
    for a in (
        Arch("bert", "Bert", 30_522, (("tiny", 2, 128), ("base", 12, 768), ("large", 24, 1024)), True),
        Arch("roberta", "Roberta", 50_265, (("base", 12, 768), ("large", 24, 1024)), True),
        Arch("distilbert", "DistilBert", 30_522, (("base", 6, 768),)),
        Arch("gpt2", "GPT2", 50_257, (("small", 12, 768), ("medium", 24, 1024), ("xl", 48, 1600))),
        Arch("llama", "Llama", 32_000, (("1b", 16, 2048), ("7b", 32, 4096), ("13b", 40, 5120))),
        Arch("mistral", "Mistral", 32_000, (("7b", 32, 4096),)),
        Arch("qwen2", "Qwen2", 151_936, (("0.5b", 24, 896), ("7b", 28, 3584))),
        Arch("gemma", "Gemma", 256_000, (("2b", 18, 2048),)),
        Arch("t5", "T5", 32_128, (("small", 12, 512), ("base", 24, 768))),
        Arch("whisper", "Whisper", 51_865, (("tiny", 8, 384), ("small", 24, 768))),
        Arch("wav2vec2", "Wav2Vec2", 32, (("base", 12, 768), ("xlsr", 24, 1024))),
        Arch("vit", "ViT", 1_000, (("base", 12, 768), ("large", 24, 1024))),
        Arch("unet", "UNet2DCondition", 49_408, (("v1-5", 12, 1024), ("xl", 24, 1280))),
        Arch("ppo", "PPO", 64, (("mlp", 2, 64),)),
        Arch("resnet", "ResNet", 1_000, (("50", 16, 256),)),
    )
}

TEXT_GEN = ("llama", "llama", "mistral", "qwen2", "gpt2", "gemma")
ENCODERS = ("bert", "distilbert", "roberta", "bert")


@dataclass(frozen=True)
class Profile:
    """A kind of repository: share of the hub, library, task, architectures, head class, lineage."""

    share: float
    library: str | None
    task: str | None
    archs: tuple[str, ...] = ()
    head: str = "Model"
    lineage: float = 0.15
    claims: float = 0.02


PROFILES: tuple[Profile, ...] = (
    Profile(35.4, None, None, (), lineage=0.02),
    Profile(2.6, None, "text-generation", TEXT_GEN, "ForCausalLM", 0.55),
    Profile(15.2, "transformers", "text-generation", TEXT_GEN, "ForCausalLM", 0.6),
    Profile(8.7, "transformers", "text-classification", ENCODERS, "ForSequenceClassification", 0.45, 0.12),
    Profile(2.6, "transformers", "token-classification", ENCODERS, "ForTokenClassification", 0.45, 0.2),
    Profile(2.0, "transformers", "fill-mask", ENCODERS, "ForMaskedLM", 0.25),
    Profile(4.1, "transformers", "text2text-generation", ("t5",), "ForConditionalGeneration", 0.4, 0.08),
    Profile(1.2, "transformers", "question-answering", ENCODERS, "ForQuestionAnswering", 0.4, 0.1),
    Profile(2.3, "transformers", "automatic-speech-recognition", ("whisper", "wav2vec2"), "ForCTC", 0.4, 0.3),
    Profile(2.0, "transformers", "image-classification", ("vit",), "ForImageClassification", 0.4, 0.3),
    Profile(0.8, "transformers", "feature-extraction", ENCODERS, "Model", 0.2),
    Profile(4.6, "transformers", None, TEXT_GEN, "ForCausalLM", 0.3),
    Profile(5.2, "peft", None, ("llama", "mistral", "qwen2"), "ForCausalLM", 0.95),
    Profile(0.4, "peft", "text-generation", ("llama", "mistral"), "ForCausalLM", 0.95),
    Profile(3.6, "diffusers", "text-to-image", ("unet",), "Model", 0.3),
    Profile(0.4, "diffusers", None, ("unet",), "Model", 0.2),
    Profile(4.6, "stable-baselines3", "reinforcement-learning", ("ppo",), "Model", 0.0, 0.97),
    Profile(1.0, "ml-agents", "reinforcement-learning", ("ppo",), "Model", 0.0, 0.1),
    Profile(1.5, "sentence-transformers", "sentence-similarity", ENCODERS, "Model", 0.3, 0.05),
    Profile(0.6, "timm", "image-classification", ("resnet", "vit"), "Model", 0.2),
    Profile(0.7, "keras", None, ()),
    Profile(0.3, "spacy", "token-classification", (), "Model", 0.0, 0.9),
    Profile(0.2, "nemo", "automatic-speech-recognition", (), "Model", 0.1, 0.5),
)

LICENCES: tuple[tuple[str, float], ...] = (
    ("apache-2.0", 41.6),
    ("mit", 17.8),
    ("openrail", 10.5),
    ("creativeml-openrail-m", 7.1),
    ("other", 5.7),
    ("cc-by-nc-4.0", 2.9),
    ("llama2", 2.2),
    ("unknown", 1.5),
    ("cc-by-4.0", 1.5),
    ("llama3", 1.2),
    ("cc-by-sa-4.0", 1.0),
    ("afl-3.0", 0.9),
    ("gpl-3.0", 0.8),
    ("bigscience-bloom-rail-1.0", 0.6),
    ("bsd-3-clause", 0.5),
    ("cc-by-nc-sa-4.0", 0.5),
    ("gemma", 0.5),
    ("agpl-3.0", 0.3),
    ("openrail++", 0.3),
    ("cc0-1.0", 0.3),
)
#: What children write when they do not repeat their parent's licence.
DRIFTS = {"llama2": "apache-2.0", "openrail++": "creativeml-openrail-m", "mit": "apache-2.0"}

LANGUAGES = ("en", "en", "en", "en", "zh", "fr", "de", "es", "ja", "ko", "ru", "ar", "hi", "pt", "sw", "eo")
DATASETS = (
    "imdb",
    "squad",
    "squad_v2",
    "glue",
    "conll2003",
    "common_voice",
    "wikipedia",
    "bookcorpus",
    "mozilla-foundation/common_voice_11_0",
    "tatsu-lab/alpaca",
    "OpenAssistant/oasst1",
    "beans",
    "cifar10",
)
ARXIV = ("1810.04805", "1907.11692", "2307.09288", "2302.13971", "1910.10683", "2212.04356", "2010.11929")
TASK_NAMES = {
    "text-classification": "Text Classification",
    "token-classification": "Token Classification",
    "text2text-generation": "Text2Text Generation",
    "question-answering": "Question Answering",
    "automatic-speech-recognition": "Automatic Speech Recognition",
    "image-classification": "Image Classification",
    "text-generation": "Text Generation",
    "sentence-similarity": "Sentence Similarity",
    "reinforcement-learning": "reinforcement-learning",
}
METRICS = {
    "text-classification": (("accuracy", "Accuracy"), ("f1", "F1")),
    "token-classification": (("precision", "Precision"), ("recall", "Recall"), ("f1", "F1")),
    "text2text-generation": (("rouge", "Rouge1"), ("bleu", "Bleu")),
    "question-answering": (("exact_match", "Exact Match"), ("f1", "F1")),
    "automatic-speech-recognition": (("wer", "Wer"), ("cer", "Cer")),
    "image-classification": (("accuracy", "Accuracy"),),
    "reinforcement-learning": (("mean_reward", "mean_reward"),),
}
EVAL_SETS = (
    ("imdb", "imdb", "plain_text", "test"),
    ("glue", "glue", "mrpc", "validation"),
    ("SQuAD 2.0", "squad_v2", "squad_v2", "validation"),
    ("conll2003", "conll2003", "conll2003", "validation"),
    ("Common Voice 11.0", "mozilla-foundation/common_voice_11_0", "hi", "test"),
    ("beans", "beans", None, None),
    ("My private set", "private/unnamed", None, "test"),
)
GAMES = ("LunarLander-v2", "CartPole-v1", "PixelCopter", "SpaceInvadersNoFrameskip-v4", "Huggy", "AntBulletEnv-v0")
SYLLABLES = ("nor", "lyra", "teo", "kai", "mira", "sol", "vega", "rune", "ivo", "zen", "oma", "pax", "quill", "bo")
ORG_WORDS = ("labs", "ai", "research", "nlp", "institute", "group", "cloud", "university", "systems", "foundation")
SUFFIXES = ("finetuned", "instruct", "chat", "v2", "sft", "dpo", "uncased", "multilingual", "qa", "ner", "emotion")
FUN = ("mirror", "ember", "atlas", "falcon", "willow", "comet", "raven", "harbor", "cobalt", "saffron", "drift")
