"""The files of a model: names, sizes, hashes, bytes. Nothing is stored; weights are zeros behind a header.

Small files are real: their `oid` is the git blob sha1 of the bytes served. Large ones follow git LFS: a
sha256 (the true one up to 1 MiB, else a stable name, since hashing gigabytes of zeros per request would
be waste), a size, and a pointer file whose git oid is real.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from simhub.cards import card_text
from simhub.clock import digest
from simhub.licences import licence_file
from simhub.metadata import config
from simhub.spec import Spec
from simhub.vocab import ARCHS
from simhub.weights import header, shard_count, shards, weight_bytes

LFS_SUFFIXES = (
    ".bin", ".safetensors", ".gguf", ".onnx", ".pt", ".pth", ".h5", ".msgpack", ".zip", ".nemo", ".ckpt", ".pkl",
)  # fmt: skip
_GIT_ATTRIBUTES = "".join(f"*{s} filter=lfs diff=lfs merge=lfs -text\n" for s in LFS_SUFFIXES).encode()
HASHED_BYTES = 1 << 20
_SMALL_LFS = ("training_args.bin", "rng_state.pth", "scheduler.pt")
_TOKENIZER = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json")
_CHECKPOINT = (
    "config.json",
    "optimizer.pt",
    "rng_state.pth",
    "scheduler.pt",
    "trainer_state.json",
    "training_args.bin",
)


@dataclass(frozen=True, slots=True)
class File:
    """One file: its first bytes, and how long it is; the rest is zeros."""

    path: str
    size: int
    head: bytes
    oid: str
    sha256: str | None = None
    pointer_size: int = 0

    def entry(self) -> dict[str, object]:
        """The file as the tree and paths-info endpoints describe it."""
        found: dict[str, object] = {"type": "file", "oid": self.oid, "size": self.size, "path": self.path}
        if self.sha256:
            found["lfs"] = {"oid": self.sha256, "size": self.size, "pointerSize": self.pointer_size}
        return found

    def sibling(self) -> dict[str, object]:
        """The file as `siblings` of model info with `blobs=true` describes it."""
        found: dict[str, object] = {"rfilename": self.path, "size": self.size, "blobId": self.oid}
        if self.sha256:
            found["lfs"] = {"sha256": self.sha256, "size": self.size, "pointerSize": self.pointer_size}
        return found


def paths(spec: Spec) -> list[str]:
    """The file names of a model, sorted as git sorts them."""
    if spec.folder:
        root = Path(spec.folder)
        return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())
    found = [".gitattributes"]
    if spec.card != "none":
        found.append("README.md")
    if (terms := licence_file(spec)) is not None:
        found.append(terms.path)
    found += _library_files(spec)
    for kind in spec.formats:
        found += _weight_files(spec, kind)
    return sorted(set(found))


def _library_files(spec: Spec) -> list[str]:
    if spec.library == "peft":
        return ["adapter_config.json"]
    if spec.library == "diffusers":
        return ["model_index.json", "unet/config.json", "vae/config.json", "scheduler/scheduler_config.json"]
    if spec.library == "stable-baselines3":
        return ["config.json", "results.json"]
    if spec.library in ("transformers", "sentence-transformers") and "gguf" not in spec.formats:
        return [*_TOKENIZER, *_more_files(spec)]
    return ["config.json"] if spec.library in ("timm", "keras") else []


def _more_files(spec: Spec) -> list[str]:
    """What trainers leave behind: few files for most models, dozens for some."""
    found = ["modules.json", "1_Pooling/config.json"] if spec.library == "sentence-transformers" else []
    found += ["generation_config.json"] if spec.task == "text-generation" else []
    if spec.card == "auto":
        found += ["training_args.bin", f"runs/Jan{1 + spec.seed % 28:02d}_host/events.out.tfevents.{spec.seed}.0"]
    if spec.seed % 7 == 0:
        steps = [500 * n for n in range(1, 2 + spec.seed % 5)]
        found += [f"checkpoint-{step}/{name}" for step in steps for name in _CHECKPOINT]
    return found


def _weight_files(spec: Spec, kind: str) -> list[str]:
    stems = {"safetensors": ("model", "safetensors"), "pytorch": ("pytorch_model", "bin")}
    if spec.library == "peft":
        stems = {"safetensors": ("adapter_model", "safetensors"), "pytorch": ("adapter_model", "bin")}
    if spec.library == "diffusers":
        stems = {k: ("unet/diffusion_pytorch_model", v[1]) for k, v in stems.items()}
    if kind in stems:
        stem, suffix = stems[kind]
        count = shard_count(spec) if spec.size else 1
        if count == 1:
            return [f"{stem}.{suffix}"]
        names = [f"{stem}-{n:05d}-of-{count:05d}.{suffix}" for n in range(1, count + 1)]
        return [*names, f"{stem}.{suffix}.index.json"]
    if kind == "gguf":
        return [f"{spec.label}.{quant}.gguf" for quant in ("Q4_K_M", "Q8_0")]
    return {"onnx": ["model.onnx"], "zip": [f"{spec.label}.zip"], "nemo": [f"{spec.label}.nemo"]}.get(kind, [])


def files(spec: Spec) -> list[File]:
    """Every file with its facts."""
    return [_file(spec, path) for path in paths(spec)]


def find(spec: Spec, path: str) -> File | None:
    """One file, None where the model has no such path."""
    return _file(spec, path) if path in paths(spec) else None


def _file(spec: Spec, path: str) -> File:
    if path.endswith(LFS_SUFFIXES):
        return _lfs_file(spec, path)
    body = _small(spec, path)
    return File(path, len(body), body, _git_oid(body))


def _lfs_file(spec: Spec, path: str) -> File:
    head, size = _large(spec, path)
    if size <= HASHED_BYTES or len(head) == size:
        sha = hashlib.sha256(head + bytes(size - len(head))).hexdigest()
    else:
        sha = digest(spec.oid, path, spec.weights_rev, length=64)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha}\nsize {size}\n".encode()
    return File(path, size, head, _git_oid(pointer), sha, len(pointer))


def _git_oid(body: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()


def _large(spec: Spec, path: str) -> tuple[bytes, int]:
    """First bytes and size of a large file; revisions of the weights differ in their metadata only."""
    if spec.folder:
        body = (Path(spec.folder) / path).read_bytes()
        return body, len(body)
    if not spec.size or path.endswith(_SMALL_LFS):
        return b"", 5_000 + spec.seed % 60_000 + spec.seed % 60_000
    if path.endswith(".safetensors"):
        parts = shards(spec)
        number = int(path.split("-of-")[0][-5:]) if "-of-" in path else 1
        head, tail = header(parts[number - 1])
        return head, len(head) + tail
    if path.endswith(".gguf"):
        return b"GGUF\x03\x00\x00\x00", 8 + weight_bytes(spec) // (2 if "Q8" in path else 4)
    share = shard_count(spec) if "-of-" in path else 1
    return b"PK\x03\x04", 4 + weight_bytes(spec) // share


def _small(spec: Spec, path: str) -> bytes:
    if spec.folder:
        return (Path(spec.folder) / path).read_bytes()
    if path == ".gitattributes":
        return _GIT_ATTRIBUTES
    if path == "README.md":
        return card_text(spec) or b""
    if path.startswith("LICENSE") and (terms := licence_file(spec)) is not None:
        return terms.body
    return json.dumps(_json_file(spec, path), indent=2).encode()


def _json_file(spec: Spec, path: str) -> dict[str, object]:
    if path.endswith(".index.json"):
        return _shard_index(spec, path)
    if path == "adapter_config.json":
        base = spec.parents[0] if spec.parents else None
        return {"base_model_name_or_path": base, "peft_type": "LORA", "r": 16, "revision": spec.weights_rev}
    if path == "model_index.json":
        return {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]}
    if path != "config.json" or not spec.size:
        return {"file": path, "model": spec.label}
    layers, hidden = spec.size
    size = {"num_hidden_layers": layers, "hidden_size": hidden, "vocab_size": ARCHS[spec.arch].vocab}
    return {**config(spec), **size, "torch_dtype": spec.dtype, "weights_revision": spec.weights_rev}


def _shard_index(spec: Spec, path: str) -> dict[str, object]:
    stem, _, suffix = path.removesuffix(".index.json").rpartition(".")
    parts = shards(spec)
    names = {
        tensor[0]: f"{stem}-{n:05d}-of-{len(parts):05d}.{suffix}"
        for n, part in enumerate(parts, start=1)
        for tensor in part
    }
    return {"metadata": {"total_size": weight_bytes(spec)}, "weight_map": names}
