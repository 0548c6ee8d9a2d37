"""From what is written in a program to the id of a model on its hub; or to nothing, with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable

_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")
_FILE = re.compile(
    r"\.(pt|pth|ckpt|bin|onnx|h5|hdf5|pkl|pickle|gguf|ggml|json|ya?ml|txt|zip|tar|gz|tflite|pb|npz|model|py|"
    r"safetensors|csv|md|ipynb|engine|joblib|keras|mlmodel|wav|mp3|png|jpg)$",
    re.IGNORECASE,
)
# Ids of Hugging Face that have no owner, as they were written before 2024.
_LEGACY = re.compile(
    r"(albert-(base|large|xlarge|xxlarge)-v[12]|bert-(base|large)-.*|camembert-base|ctrl|distilbert-base-.*|distilgpt2|"
    r"distilroberta-base|gpt2(-(medium|large|xl))?|openai-gpt|roberta-(base|large).*|t5-(small|base|large|3b|11b)|"
    r"transfo-xl-wt103|xlm-(mlm|clm|roberta)-.*|xlnet-(base|large)-cased|DialoGPT-.*|electra-.*-discriminator)"
)
# First halves of what looks like an id and is a folder.
_FOLDERS = re.compile(
    r"(\.+|~|models?|outputs?|out|results?|checkpoints?|ckpts?|data|datasets?|weights|saved[\w-]*|save|logs?|runs?|tmp|temp|"
    r"exp|exps|experiments?|trained[\w-]*|finetuned[\w-]*|fine[-_]tuned[\w-]*|pretrained[\w-]*|path|paths|artifacts?|assets|"
    r"cache|src|home|root|mnt|content|workspace|opt|usr|var|work|test|tests|resources?|files?|lightning_logs|local|my[-_]\w+|"
    r"your[\w-]*|username|user|org|organization|owner|namespace|hf[-_]username|repo|\w*placeholder\w*|xxx+)",
    re.IGNORECASE,
)
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
    return bool(_FILE.search(written)) or (
        bool(slash) and (bool(_FOLDERS.fullmatch(first)) or "/" in rest or not rest)
    )


def _huggingface(written: str) -> str | None:
    if page := _PAGE.match(written):
        return page[1]
    if is_local(written) or not _ID.fullmatch(written) or "--" in written or written.endswith(".git"):
        return None
    if "/" not in written and not _LEGACY.fullmatch(written):
        return None
    return written


def _slashed(written: str) -> str | None:
    return _huggingface(written) if "/" in written else None


def _sentence_transformers(written: str) -> str | None:
    if "/" in written:
        return _huggingface(written)
    if is_local(written) or not _ID.fullmatch(written) or not re.search(r"[-_]|^[A-Z][A-Za-z]+$", written):
        return None
    if _LEGACY.fullmatch(written) and not re.search(r"nli|stsb|tokens|msmarco|quora", written):
        return written
    return f"sentence-transformers/{written}"


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
    """``owner/repo[:ref]:entry`` of ``torch.hub.load``."""
    return written if re.fullmatch(r"[\w.-]+/[\w.-]+(:[\w./-]+)+", written) and not written.startswith(".") else None


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
    "cross-encoder": lambda written: _slashed(written) or _sentence_transformers(written),
    "flair": lambda written: (
        _slashed(written) or (f"flair/{written}" if re.fullmatch(r"[a-z]+-[a-z-]+", written) else None)
    ),
    "url": _page_only,
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
    "gradio": _gradio,
    "preset": _preset,
    "tfhub": _tfhub,
    "kaggle": lambda written: written if written.count("/") in (3, 4) else None,
}
