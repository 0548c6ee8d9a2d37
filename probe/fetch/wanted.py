"""Which files of a repository a stage needs, and which names are never written to this disk."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

STAGES = ("scan", "weights", "verify", "triggers")

#: Text that describes a model; every stage reads some of it.
_ABOUT = re.compile(
    r"README\.md|config\.json|adapter_config\.json|generation_config\.json|preprocessor_config\.json|"
    r"tokenizer\.json|tokenizer_config\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(txt|json)|"
    r"merges\.txt|spiece\.model|tokenizer\.model|sentencepiece\.bpe\.model|chat_template\.(json|jinja)|"
    r"modules\.json|config_sentence_transformers\.json|sentence_bert_config\.json|[0-9]_[A-Za-z]+/config\.json|"
    r"eval_results\.json|\.eval_results/[^/]+\.ya?ml|model_index\.json|"
    r"(model\.safetensors|pytorch_model\.bin|adapter_model\.safetensors)\.index\.json",
)
#: Formats that can carry code, which the scanner wants whole.
_CARRIES_CODE = re.compile(
    r".+\.(bin|pt|pth|ckpt|pkl|pickle|p|joblib|dill|npy|npz|h5|hdf5|keras|pb|onnx|gguf|zip|tar|tgz|gz|bz2|xz|7z|nemo|"
    r"mar|t7|jit|ptl|pte|tflite|mlmodel|skops|cloudpickle|dat|data|model|weights|py|ipynb|sh|so|dll|exe|jar)",
    re.IGNORECASE,
)
_WEIGHTS = (
    re.compile(r"(model|adapter_model)(-\d{5}-of-\d{5})?\.safetensors"),
    re.compile(r"(pytorch_model|adapter_model)(-\d{5}-of-\d{5})?\.bin"),
)
#: States of a training that is over: as large as the weights, twice, and no stage reads them.
_TRAINING = re.compile(
    r"(.*/)?(checkpoint-\d+|global_step\d+|runs|logs|wandb)/.*|(.*/)?(optimizer|rng_state.*)\.(pt|bin|pth)"
)
_ABOUT_CAP = 64 << 20
_NAME_CAP, _PART_CAP, _DEEPEST = 1_000, 240, 24
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM\d|LPT\d)(\..*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Remote:
    """A file as the hub lists it. ``sha256`` is that of LFS; ``blob_id`` git's sha1 of small files."""

    path: str
    size: int
    sha256: str | None = None
    blob_id: str | None = None


@dataclass(slots=True)
class Wanted:
    """Files to fetch whole, and weights of which only the embedding is read. ``left_out``: path, bytes and why."""

    whole: list[Remote] = field(default_factory=list)
    ranged: list[Remote] = field(default_factory=list)
    left_out: list[tuple[str, int, str]] = field(default_factory=list)
    unsafe: list[str] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """Bytes of the whole files."""
        return sum(file.size for file in self.whole)


def choose(files: Iterable[Remote], stages: Collection[str] = STAGES, largest: int = 2 * 10**9) -> Wanted:
    """What these stages need of a model's files.

    Weights (safetensors, or .bin where there are none) are fetched whole where together they have no more than
    ``largest`` bytes, else their embedding is read. The scanner gets the other files that may carry code, the small
    ones first, of at most ``largest`` bytes in all.
    """
    wanted = Wanted()
    good = []
    for file in files:
        if safe_name(file.path):
            good.append(file)
        else:
            wanted.unsafe.append(file.path[:200])
    weights = _weights(good) if set(stages) & {"weights", "verify", "triggers"} else []
    size = sum(file.size for file in weights)
    chosen = {file.path for file in weights}
    if size <= largest:
        wanted.whole += weights
    elif weights[0].path.endswith(".safetensors"):
        wanted.ranged += weights
        wanted.left_out += [(file.path, file.size, "only its embedding was read") for file in weights]
    else:
        wanted.left_out += [(file.path, file.size, "too large") for file in weights]
    room = largest
    for file in sorted(good, key=lambda one: (one.size, one.path)):
        if file.path in chosen:
            continue
        if wanted.ranged and file.path.endswith(".index.json"):
            wanted.left_out.append((file.path, file.size, "names shards that are not there"))
        elif _ABOUT.fullmatch(file.path) and file.size <= _ABOUT_CAP:
            wanted.whole.append(file)
        elif "scan" not in stages or not _CARRIES_CODE.fullmatch(file.path) or _TRAINING.fullmatch(file.path):
            wanted.left_out.append((file.path, file.size, "no stage needs it"))
        elif file.size <= room:
            wanted.whole.append(file)
            room -= file.size
        else:
            wanted.left_out.append((file.path, file.size, "too large"))
    wanted.whole.sort(key=lambda file: (file.size, file.path))
    return wanted


def _weights(files: list[Remote]) -> list[Remote]:
    """The weights in the first format that is there."""
    for form in _WEIGHTS:
        found = [file for file in files if form.fullmatch(file.path)]
        single = [file for file in found if "-of-" not in file.path]
        if found:
            return single or found
    others = [file for file in files if file.path.endswith(".safetensors") and "/" not in file.path]
    return others if len(others) == 1 else []


def safe_name(path: str) -> bool:
    """Whether a path stays below its folder on every file system and says what it means."""
    if not path or len(path) > _NAME_CAP or "\\" in path or ":" in path or not path.isprintable():
        return False
    parts = PurePosixPath(path).parts
    return (
        not path.startswith(("/", "~"))
        and len(parts) <= _DEEPEST
        and "/".join(parts) == path
        and all(part not in ("..", ".") and len(part.encode()) <= _PART_CAP for part in parts)
        and not any(_RESERVED.fullmatch(part) or part.endswith((" ", ".")) for part in parts)
    )
