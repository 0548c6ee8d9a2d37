"""From what is written in a program to the id of a model on its hub; or to nothing, with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable

_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")
_FILE = re.compile(
    r"\.(pt|pth|ckpt|bin|onnx|h5|hdf5|pkl|pickle|gguf|ggml|json|ya?ml|txt|zip|tar|gz|tflite|pb|npz|model|py|safetensors|"
    r"csv|md|ipynb|engine|joblib|keras|mlmodel|wav|mp3|png|jpg)$",
    re.IGNORECASE,
)
# Ids of Hugging Face that have no owner, as they were written before 2024.
_LEGACY = re.compile(
    r"albert-(base|large|xlarge|xxlarge)-v[12]|bart-(base|large)(-cnn|-mnli|-xsum)?|bert-(base|large)-(un)?cased|"
    r"bert-base-(chinese|multilingual-(un)?cased|german-(cased|dbmdz-(un)?cased)|cased-finetuned-mrpc)|"
    r"bert-large-(un)?cased-whole-word-masking(-finetuned-squad)?|camembert-base|ctrl|distilbert-base-(un)?cased"
    r"(-distilled-squad)?|distilbert-base-(german-cased|multilingual-cased|uncased-finetuned-sst-2-english)|distilgpt2|"
    r"distilroberta-base|flaubert-(small|base|large)-(un)?cased|gpt2(-(medium|large|xl))?|openai-gpt|"
    r"roberta-(base|large)(-openai-detector)?|roberta-large-mnli|t5-(small|base|large|3b|11b)|transfo-xl-wt103|"
    r"xlm-(mlm|clm)-[a-z0-9-]+|xlm-roberta-(base|large)(-finetuned-conll0[23]-(dutch|english|german|spanish))?|"
    r"xlnet-(base|large)-cased"
)
# Names of Sentence Transformers that may be written without their owner.
_SENTENCE = re.compile(
    r"(all|paraphrase|multi-qa|msmarco|stsb|nli|nq|quora|facebook-dpr|xlm-r|gtr-t5|sentence-t5|clip-ViT|static|distiluse|"
    r"average_word_embeddings|multilingual)[-_][\w.-]+|(bert|roberta|distilbert|distilroberta|xlm|albert)-[\w.-]*"
    r"(nli|stsb|sts|quora|msmarco|tas-b|wikipedia-sections|paraphrase)[\w.-]*|LaBSE|allenai-specter|"
    r"use-cmlm-multilingual|ms-marco-[\w-]+|stsb-[\w-]+|qnli-[\w-]+|quora-[\w-]+|nli-[\w-]+"
)
# First halves of what looks like an id and is a folder.
_FOLDERS = re.compile(
    r"\.+|~|models?|outputs?|out|results?|ckpts?|data|datasets?|weights|save|logs?|runs?|tmp|temp|exps?|experiments?|"
    r"paths?|artifacts?|assets|cache|src|home|root|mnt|content|workspace|opt|usr|var|work|tests?|resources?|files?|"
    r"lightning_logs|training|local|username|user|org|organization|owner|namespace|hf[-_]username|repo|xxx+|"
    r"checkpoints?\w*|saved[\w-]*|trained[\w-]*|finetuned[\w-]*|fine[-_]tuned[\w-]*|pretrained[\w-]*|my[-_]\w+|"
    r"your[\w-]*|\w*placeholder\w*|\w+_(models?|results?|outputs?|checkpoints?|ckpts?|weights)",
    re.IGNORECASE,
)
# First halves that are no owner of the hub: a class whose weights lie in a folder of its name; companies with models
# of their own behind an interface, as client libraries write them.
_NO_OWNERS = re.compile(
    r"[A-Z]\w*(For(\w*LM|\w+Classification|\w+Answering|\w*Generation|MultipleChoice)|LMHeadModel)|"
    r"anthropic|azure|bedrock|cohere|deepseek|fireworks_ai|gemini|groq|litellm|mistral|ollama|ollama_chat|openrouter|"
    r"replicate|sagemaker|together_ai|vertex_ai|watsonx|xai"
)
# What OpenAI serves and does not publish stands beside what it does (whisper, clip, gpt-oss).
_SERVED = re.compile(r"openai/(gpt-[345]|chatgpt|o[1345](-|$)|text-|davinci|dall-e|tts-)", re.IGNORECASE)
_CHECKPOINT = re.compile(r"(checkpoint|ckpt|step|epoch|iter|version|global_step)[-_]?\d+", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"[<>{}$\s*?\"'|]|your[-_]|^\.|path[-_/]to|xxxx|\.\.", re.IGNORECASE)
_PAGE = re.compile(
    r"^(?:https?://(?:www\.)?(?:huggingface\.co|hf\.co)/|hf://(?:models/)?)(?!datasets/|spaces/)([\w.-]+/[\w.-]+)"
)
_TFHUB = re.compile(r"^https?://(?:www\.)?(?:tfhub\.dev|kaggle\.com/models)/([\w./-]+?)(?:\?.*)?$")
# Models of OpenAI's Whisper that faster-whisper knows by their size.
_WHISPER = re.compile(r"(distil-)?(tiny|base|small|medium|large)(\.en|-v[123](?:\.5)?)?(-turbo)?|turbo")


def resolve(form: str, written: str) -> str | None:
    """The id on the hub for what is written; None where that is no id (a path, a placeholder)."""
    written = written.strip()
    maker = _FORMS.get(form)
    if maker is None or not written or len(written) > 300:
        return None
    return maker(written)


def is_local(written: str) -> bool:
    """Whether what is written is rather a path of the machine than an id."""
    if _PLACEHOLDER.search(written) or "\\" in written or written.startswith(("/", "~", "./", "../")):
        return True
    first, slash, rest = written.partition("/")
    folder = (
        "/" in rest
        or not rest
        or _FOLDERS.fullmatch(first)
        or _NO_OWNERS.fullmatch(first)
        or _CHECKPOINT.fullmatch(rest)
    )
    return bool(_FILE.search(written)) or bool(slash and folder)


def _huggingface(written: str) -> str | None:
    if page := _PAGE.match(written):
        return page[1]
    if is_local(written) or not _ID.fullmatch(written) or "--" in written or written.endswith(".git"):
        return None
    if ("/" not in written and not _LEGACY.fullmatch(written)) or _SERVED.match(written):
        return None
    if written.partition("/")[2].isdecimal():
        # A size of a network (``ViT-B/32``).
        return None
    return written


def _slashed(written: str) -> str | None:
    return _huggingface(written) if "/" in written else None


def _sentence_transformers(written: str) -> str | None:
    if "/" in written:
        return _huggingface(written)
    if _LEGACY.fullmatch(written):
        return written
    if written.startswith("universal-sentence-encoder") or not _SENTENCE.fullmatch(written):
        return None
    return f"sentence-transformers/{written}"


def _cross_encoder(written: str) -> str | None:
    return written if _LEGACY.fullmatch(written) else None


def _page_only(written: str) -> str | None:
    page = _PAGE.match(written)
    return page[1] if page else _slashed(written)


def _plain(written: str) -> str | None:
    return None if _PLACEHOLDER.search(written) or written.startswith(("/", "./", "~")) else written


def _named(written: str) -> str | None:
    """A name of a catalogue: of letters, digits and a few signs, and no path."""
    return (
        written if re.fullmatch(r"[\w.@:+-]+(/[\w.@:+-]+)*", written) and not is_local(written) else _slashed(written)
    )


def _timm(written: str) -> str | None:
    written = written.removeprefix("timm/") if written.startswith("timm/") else written
    if written.startswith(("hf-hub:", "hf_hub:")):
        return _huggingface(written.partition(":")[2])
    return written if re.fullmatch(r"[a-z][\w.-]*", written) and not is_local(written) else None


def _open_clip(written: str) -> str | None:
    return _hub_uri(written) or (written if re.fullmatch(r"[\w.+-]+", written) else None)


def _hub_uri(written: str) -> str | None:
    return _huggingface(written.partition(":")[2]) if written.startswith(("hf-hub:", "hf_hub:")) else None


def _repository(written: str) -> str | None:
    """``owner/repo:entry`` of ``torch.hub.load``, without the branch or tag that may stand between them."""
    match = re.fullmatch(r"(\w[\w.-]*/[\w.-]+)(?::[\w./-]+)?:(\w+)", written)
    return f"{match[1]}:{match[2]}" if match else None


def _spacy(written: str) -> str | None:
    return written if re.fullmatch(r"[a-z]{2,3}_[a-z]\w+_\w+", written) else None


def _whisper(written: str) -> str | None:
    return f"Systran/faster-whisper-{written}" if _WHISPER.fullmatch(written) else _slashed(written)


def _tfhub(written: str) -> str | None:
    page = _TFHUB.match(written)
    return re.sub(r"/\d+$", "", page[1]) if page else None


def _gradio(written: str) -> str | None:
    kind, _, name = written.partition("/")
    return _slashed(name) if kind in ("models", "huggingface") else None


def _preset(written: str) -> str | None:
    if written.startswith("hf://"):
        return _slashed(written.removeprefix("hf://"))
    return written if re.fullmatch(r"[a-z][\w.]*|kaggle://[\w./-]+", written) and not is_local(written) else None


def _weights(written: str) -> str | None:
    return (
        written.rpartition("/")[2]
        if re.fullmatch(r"[\w./-]*(yolo|rtdetr|sam|FastSAM|mobile_sam)[\w.-]*\.pt", written)
        else None
    )


_FORMS: dict[str, Callable[[str], str | None]] = {
    "id": _huggingface,
    "slashed": _slashed,
    "sentence-transformers": _sentence_transformers,
    "cross-encoder": lambda written: _slashed(written) or _cross_encoder(written),
    "top2vec": lambda written: (
        f"google/{written}" if written.startswith("universal-sentence-encoder") else _sentence_transformers(written)
    ),
    "flair": lambda written: (
        _slashed(written) or (f"flair/{written}" if re.fullmatch(r"[a-z]+-[a-z-]+", written) else None)
    ),
    "url": _page_only,
    "address": lambda written: _page_only(written) if written.startswith("hf://") else None,
    "owned": _named,
    "owner": _plain,
    "call": _plain,
    "module": _plain,
    "timm": _timm,
    "open-clip": _open_clip,
    "hub-uri": _hub_uri,
    "repo:entry": _repository,
    "spacy": _spacy,
    "ollama": lambda written: written if re.fullmatch(r"[\w.-]+(/[\w.-]+)?(:[\w.-]+)?", written) else None,
    "faster-whisper": _whisper,
    "coqui": lambda written: written if written.count("/") == 3 else _slashed(written),
    "weights": _weights,
    "smp": lambda written: written if re.fullmatch(r"[a-z][\w-]*", written) else None,
    "gradio": _gradio,
    "preset": _preset,
    "tfhub": _tfhub,
    "kaggle": lambda written: written if written.count("/") in (3, 4) else None,
}
