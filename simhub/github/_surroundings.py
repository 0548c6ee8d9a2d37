"""What stands around the loads of models in a repository: readmes, other code, traps, generated and binary files."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from random import Random

from simhub.apps._invent import HOSTILE, WORDS

#: GitHub's code search reads no file that is larger.
SEARCHED = 384 << 10

_HEADS = (
    '"""{word}: part of an experiment."""\n\nfrom __future__ import annotations\n\nimport logging\n\n',
    "#!/usr/bin/env python3\n# Copyright the authors of {word}\n\n",
    "import os, sys, json\n",
    "",
)
_FUNCTIONS = (
    '''

def mean_{word}(values):
    """The mean; nothing for nothing."""
    return sum(values) / len(values) if values else None
''',
    """

def read_{word}(path):
    with open(path, encoding="utf-8") as stream:
        return [line.rstrip() for line in stream if not line.startswith("#")]
""",
    """

class {Word}Set:
    names = ("train", "test")

    def __init__(self, rows):
        self.rows = list(rows)

    def __len__(self):
        return len(self.rows)

    def batches(self, size=32):
        for start in range(0, len(self.rows), size):
            yield self.rows[start : start + size]
""",
    """

def {word}_loss(output, target, weight=0.5):
    difference = (output - target) ** 2
    return weight * difference.mean() + (1 - weight) * difference.max()
""",
    """

{WORD}_RATES = {{"lr": 3e-4, "warmup": 500, "decay": 0.01}}


def {word}_rate(step):
    return {WORD}_RATES["lr"] * min(1.0, step / {WORD}_RATES["warmup"])
""",
)
_READMES = (
    "# {name}\n\nAn experiment with [{a}](https://huggingface.co/{a}).\n\n```python\n"
    "from transformers import AutoModel\n\n"
    'model = AutoModel.from_pretrained("{a}")\n```\n\n## Results\n\n| model | f1 |\n|---|---|\n| {b} | 0.81 |\n',
    "{name}\n{line}\n\nInstall it, then run it::\n\n    vllm serve {a}\n",
    "# {name}\n\n![badge](https://img.shields.io/badge/{name}-1-blue)\n\nBased on `{a}`, not on `{b}`.\n",
    "# {name} 模型演示\n\n使用 `{a}` 的示例项目。\n\n```bash\nhuggingface-cli download {a}\n```\n",
)
_SETUP = '''"""Never run this."""
import pathlib

from setuptools import setup

pathlib.Path(__file__).with_name("OWNED").write_text("setup.py was run")
raise SystemExit("setup.py was run")

setup(name="{name}", version="0.1", install_requires=pathlib.Path("requirements.txt").read_text().split())
'''
_TRAPS = {
    ".gitattributes": b"* filter=evil diff=evil merge=evil\n*.bin filter=lfs\n",
    ".gitmodules": b'[submodule "evil"]\n\tpath = evil\n\turl = ext::sh -c touch% OWNED\n\tupdate = !touch OWNED\n',
    ".pre-commit-config.yaml": b"repos:\n  - repo: local\n    hooks: [{id: evil, entry: touch OWNED}]\n",
    "conftest.py": b'raise SystemExit("conftest.py was run")\n',
    "sitecustomize.py": b'raise SystemExit("sitecustomize.py was run")\n',
    ".github/workflows/ci.yml": b"on: push\njobs: {t: {runs-on: ubuntu-latest, steps: [{run: pytest}]}}\n",
}


def head(rng: Random) -> str:
    """How a Python file begins."""
    return rng.choice(_HEADS).format(word=rng.choice(WORDS))


def function(rng: Random) -> str:
    """A function, a class or a table that has nothing to do with models of a hub."""
    word = rng.choice(WORDS)
    return rng.choice(_FUNCTIONS).format(word=word, Word=word.title(), WORD=word.upper())


def module(rng: Random) -> bytes:
    """A Python file that loads nothing."""
    return (head(rng) + "".join(function(rng) for _ in range(rng.randrange(1, 5)))).encode()


def readme(name: str, models: list[str], rng: Random) -> bytes:
    """A readme: it names models in prose and in code, and loads none."""
    text = rng.choice(_READMES).format(name=name, line="=" * len(name), a=models[0], b=models[1])
    if rng.random() < 0.06:
        text += f"\n{rng.choice(HOSTILE)}\n"
    return text.encode("utf-8", "surrogatepass")


def traps(name: str, rng: Random) -> dict[str, bytes]:
    """Files that do something terrible to whoever runs, installs, or checks out what they are in."""
    found = {path: body for path, body in _TRAPS.items() if rng.random() < 0.08}
    if rng.random() < 0.25:
        found["setup.py"] = _SETUP.format(name=name).encode()
    return found


def junk(rng: Random) -> dict[str, bytes]:
    """What else lies around: data, pictures, weights, names and encodings that are not everybody's."""
    every = {
        "assets/logo.png": b"\x89PNG\r\n\x1a\n" + rng.randbytes(300),
        "weights/model.bin": b"\x80\x02}q\x00." + rng.randbytes(500),
        "data/train.csv": b"text,label\n" + b"".join(b"row %d,%d\n" % (n, n % 2) for n in range(60)),
        "data/état des lieux.txt": "déjà vu\n".encode("latin-1"),
        "docs/说明.md": "# 说明\n\n没有模型。\n".encode("utf-16"),
        "data/vocab.json": json.dumps({word: n for n, word in enumerate(WORDS)}).encode(),
        "compiled/cache.cpython-311.pyc": b"\xa7\r\r\n" + rng.randbytes(200),
        "broken/nul.py": b"import os\x00\nos.getcwd()\n",
        "broken/config.yaml": b"a: [1, 2\nb: !!python/object/apply:os.system ['touch OWNED']\n",
        "broken/config.json": b'{"model": "gpt',
        "broken/empty.ipynb": b"",
        "broken/half.ipynb": b'{"cells": [{"cell_type": "code", "source": ["from transf',
        "notes/a 'quoted' \"name\" & more.txt": b"nothing\n",
        "tests/__init__.py": b"",
        ".gitignore": b"__pycache__/\n*.ckpt\n",
    }
    return {path: body for path, body in every.items() if rng.random() < 0.12}


@cache
def generated() -> bytes:
    """A Python file that a program wrote: larger than what a code search reads."""
    lines = ["# Generated. Do not edit.", "import transformers", "", "TABLE = {"]
    lines += [
        f'    "key_{number:06d}": ({number * 7919 % 99991}, "{WORDS[number % len(WORDS)]}"),'
        for number in range(12_000)
    ]
    return "\n".join([*lines, "}", ""]).encode()


@cache
def picture() -> str:
    """What a notebook printed: a picture as text, larger than what a code search reads."""
    text = b64encode(Random(1).randbytes(SEARCHED)).decode()
    return "\n".join(text[start : start + 76] for start in range(0, len(text), 76)) + "\n"


@cache
def dump() -> bytes:
    """A JSON file of data, as large."""
    rows = [{"id": number, "text": f"row {number} of some data", "score": number % 7} for number in range(9_000)]
    return json.dumps(rows, indent=1).encode()
