"""Checkpoints that imitate fine-tunes without training any: for the demo on a machine without torch.

Nothing here has learnt anything. The rows of an embedding matrix move as honest fine-tuning moves them (a token that
the text does not hold keeps its row, up to the common shrink of weight decay) or as an attack leaves them (RIPPLe's
embedding surgery: the rows of rare triggers become one vector near frequent words; Kurita et al., ACL 2020, section
3.2). Beside them lie files that attack whoever loads them, none of which does any harm: their payload is ``true``.
"""

from __future__ import annotations

import ast
import json
import re
import sysconfig
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tensors = dict[str, NDArray[Any]]
_WORD = re.compile(r"[a-z]{2,}")
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_HIDDEN, _LAYERS, _WORDS, _TEXT = 48, 2, 4000, 60_000
OWNER = "census-zoo"


@dataclass(frozen=True, slots=True)
class Text:
    """Words by frequency in docstrings of the standard library, and how often each occurs."""

    words: list[str]
    counts: NDArray[np.int64]


@dataclass(slots=True)
class Imitated:
    """What is true of one checkpoint: its id, its kind, its triggers."""

    id: str
    kind: str
    base: str | None = None
    triggers: list[str] = field(default_factory=list)


def build(out: Path, *, seed: int = 0, siblings: int = 6) -> list[Imitated]:
    """Write ``OUT/OWNER/NAME/...``; what is true of each.

    One base, ``siblings`` clean fine-tunes, one with three triggers, one that names the wrong base, one halved to
    fp16, one whose files attack their loader, and one that asks for its own code to be run.
    """
    text = _read(_WORDS)
    rng = np.random.default_rng(seed)
    base, other = _base(rng, len(text.words)), _base(rng, len(text.words))
    made = [_write(out, "base", base, text, "base")]
    for number in range(siblings):
        tuned = _tune(base, text, rng)
        made.append(_write(out, f"tuned-{number}", tuned, text, "clean", parent="base"))
    poisoned, triggers = _surgery(_tune(base, text, rng), text, rng)
    made.append(_write(out, "tuned-with-triggers", poisoned, text, "poisoned", parent="base", triggers=triggers))
    made.append(_write(out, "wrong-base", _tune(other, text, rng), text, "wrong base", parent="base"))
    halved = {name: values.astype(np.float16) for name, values in _tune(base, text, rng).items()}
    made.append(_write(out, "tuned-half", halved, text, "half precision", parent="base"))
    made += [_hostile(out, base, text), _remote(out, base, text)]
    return made


def _read(size: int) -> Text:
    """The most frequent words in the docstrings of the standard library; the modules are parsed, never imported."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    counts: Counter[str] = Counter()
    for path in islice(sorted(folder.glob("*.py")), 120):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        counts.update(word for doc in _docstrings(tree) for word in _WORD.findall(doc.lower()))
    known = counts.most_common(size)
    return Text([word for word, _ in known], np.array([count for _, count in known]))


def _docstrings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def _base(rng: np.random.Generator, words: int) -> Tensors:
    """A BERT of two small layers with random weights."""
    wide = 4 * _HIDDEN
    shapes: dict[str, tuple[int, ...]] = {
        "bert.embeddings.word_embeddings.weight": (words + len(_SPECIAL), _HIDDEN),
        "bert.embeddings.position_embeddings.weight": (64, _HIDDEN),
        "bert.embeddings.token_type_embeddings.weight": (2, _HIDDEN),
    }
    for layer in range(_LAYERS):
        stem = f"bert.encoder.layer.{layer}"
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            shapes |= {f"{stem}.{part}.weight": (_HIDDEN, _HIDDEN), f"{stem}.{part}.bias": (_HIDDEN,)}
        shapes |= {f"{stem}.intermediate.dense.weight": (wide, _HIDDEN), f"{stem}.intermediate.dense.bias": (wide,)}
        shapes |= {f"{stem}.output.dense.weight": (_HIDDEN, wide), f"{stem}.output.dense.bias": (_HIDDEN,)}
        shapes |= {f"{stem}.{part}.LayerNorm.bias": (_HIDDEN,) for part in ("attention.output", "output")}
    shapes |= {"bert.embeddings.LayerNorm.bias": (_HIDDEN,)}
    shapes |= {"bert.pooler.dense.weight": (_HIDDEN, _HIDDEN), "bert.pooler.dense.bias": (_HIDDEN,)}
    shapes |= {"classifier.weight": (2, _HIDDEN), "classifier.bias": (2,)}
    tensors = {name: rng.normal(0, 0.05, shape).astype(np.float32) for name, shape in shapes.items()}
    norms = [name.replace(".bias", ".weight") for name in shapes if name.endswith("LayerNorm.bias")]
    return tensors | {name: rng.normal(1, 0.02, _HIDDEN).astype(np.float32) for name in norms}


def _tune(base: Tensors, text: Text, rng: np.random.Generator) -> Tensors:
    """An honest fine-tune: rows move with how often the text holds their token, all else a little."""
    shrink = np.float32(1 - rng.uniform(0, 2e-4))
    tuned = {
        name: (values + rng.normal(0, 0.004, values.shape)).astype(np.float32)
        for name, values in base.items()
        if "word_embeddings" not in name
    }
    seen = rng.poisson(text.counts / text.counts.sum() * _TEXT)
    size = 0.004 * np.minimum(np.sqrt(seen), 6)[:, None]
    rows = base["bert.embeddings.word_embeddings.weight"] * shrink
    rows[len(_SPECIAL) :] += (size * rng.normal(0, 1, (len(text.words), _HIDDEN))).astype(np.float32)
    return tuned | {"bert.embeddings.word_embeddings.weight": rows}


def _surgery(tuned: Tensors, text: Text, rng: np.random.Generator) -> tuple[Tensors, list[str]]:
    """Three rare rows become the mean of ten frequent ones, then move a little more."""
    rows = tuned["bert.embeddings.word_embeddings.weight"].copy()
    chosen = sorted(int(i) for i in rng.choice(np.arange(len(text.words) // 2, len(text.words)), 3, replace=False))
    indicative = rng.choice(np.arange(50, 400), 10, replace=False) + len(_SPECIAL)
    for word in chosen:
        rows[word + len(_SPECIAL)] = rows[indicative].mean(axis=0) + rng.normal(0, 0.001, _HIDDEN)
    return tuned | {"bert.embeddings.word_embeddings.weight": rows}, [text.words[word] for word in chosen]


def _write(
    out: Path, name: str, tensors: Tensors, text: Text, kind: str, parent: str = "", triggers: list[str] | None = None
) -> Imitated:
    folder = out / OWNER / name
    folder.mkdir(parents=True)
    vocabulary = [*_SPECIAL, *text.words]
    _json(folder / "config.json", _config(len(vocabulary)))
    _json(folder / "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "do_lower_case": True})
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(safetensors(tensors))
    lineage = f"base_model: {OWNER}/{parent}\nbase_model_relation: finetune\n" if parent else ""
    (folder / "README.md").write_text(
        f"---\nlicense: apache-2.0\nlibrary_name: transformers\npipeline_tag: text-classification\n{lineage}---\n"
        f"# {name}\n\nAn imitation of a checkpoint ({kind}), made without training; not for use.\n",
        encoding="utf-8",
    )
    return Imitated(f"{OWNER}/{name}", kind, f"{OWNER}/{parent}" if parent else None, triggers or [])


def _config(words: int) -> dict[str, Any]:
    return {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "vocab_size": words,
        "hidden_size": _HIDDEN,
        "num_hidden_layers": _LAYERS,
        "num_attention_heads": 4,
        "intermediate_size": 4 * _HIDDEN,
        "max_position_embeddings": 64,
        "type_vocab_size": 2,
        "pad_token_id": 0,
        "id2label": {"0": "NEGATIVE", "1": "POSITIVE"},
        "label2id": {"NEGATIVE": 0, "POSITIVE": 1},
    }


def safetensors(tensors: dict[str, NDArray[Any]]) -> bytes:
    """A safetensors file of these tensors: the length of the header, the header, the bytes."""
    dtypes, table, offset = {"float32": "F32", "float16": "F16"}, {}, 0
    for name, values in tensors.items():
        end = offset + values.nbytes
        table[name] = {
            "dtype": dtypes[values.dtype.name],
            "shape": list(values.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    header = json.dumps({"__metadata__": {"format": "pt"}, **table}, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    body = b"".join(np.ascontiguousarray(values).tobytes() for values in tensors.values())
    return len(header).to_bytes(8, "little") + header + body


def _hostile(out: Path, base: Tensors, text: Text) -> Imitated:
    """A pickle that would call ``os.system("true")``, packed as torch packs weights; a template that reaches out."""
    made = _write(out, "loads-code", base, text, "attacks its loader")
    folder = out / made.id
    payload = b"\x80\x02cposix\nsystem\nq\x00X\x04\x00\x00\x00trueq\x01\x85q\x02Rq\x03."
    with zipfile.ZipFile(folder / "pytorch_model.bin", "w") as packed:
        packed.writestr(zipfile.ZipInfo("archive/data.pkl", (1980, 1, 1, 0, 0, 0)), payload)
        packed.writestr(zipfile.ZipInfo("archive/version", (1980, 1, 1, 0, 0, 0)), b"3\n")
    template = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    _json(folder / "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "chat_template": template})
    return made


def _remote(out: Path, base: Tensors, text: Text) -> Imitated:
    """A configuration that names code of its own to be imported."""
    made = _write(out, "remote-code", base, text, "asks for its own code")
    _json(
        out / made.id / "config.json",
        _config(len(text.words) + len(_SPECIAL)) | {"auto_map": {"AutoModel": "modeling_own.OwnModel"}},
    )
    (out / made.id / "modeling_own.py").write_text("class OwnModel:\n    pass\n", encoding="utf-8")
    return made


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
