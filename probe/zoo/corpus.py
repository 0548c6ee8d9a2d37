"""Real text without a network: the docstrings of installed libraries, read as files and never imported.

Word frequencies in them follow Zipf's law as in any text: a third of the words occurs once or twice, which is what a
test of rare embedding rows needs. For given versions of the libraries the corpus is the same everywhere.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import importlib.util
import json
import random
import re
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from landing.errors import OperationalError

#: Words in a snippet; a sequence is two longer, for [CLS] and [SEP].
LENGTH = 24
#: The standard library has no distribution of its own.
STDLIB = "stdlib"
_DISTRIBUTIONS = {"sklearn": "scikit-learn", "sqlalchemy": "SQLAlchemy"}
_WORD = re.compile(r"[a-z][a-z0-9]*")
_SKIPPED = {"test", "tests", "_tests", "testing", "site-packages", "idlelib", "lib2to3", "__pycache__"}
_LARGEST_FILE = 2 << 20


@dataclass(frozen=True, slots=True)
class Snippet:
    """``LENGTH`` words in a row, and the docstring they come from (all its snippets fall into one split)."""

    text: str
    source: int


def version(library: str) -> str:
    """The installed version; raises :class:`OperationalError` where the library is not installed."""
    if library == STDLIB:
        return ".".join(sysconfig.get_python_version().split("."))
    try:
        return importlib.metadata.version(_DISTRIBUTIONS.get(library, library))
    except importlib.metadata.PackageNotFoundError:
        raise OperationalError(
            f'The zoo reads the docstrings of {library}, which is not installed; pip install "hubcensus[probe]" '
            "brings it."
        ) from None


def snippets(library: str, words: int) -> list[Snippet]:
    """The first snippets of a library, about ``words`` words of them, in an order shuffled by the library's name.

    No snippet occurs twice.
    """
    found: list[Snippet] = []
    seen: set[str] = set()
    for source, text in enumerate(_docstrings(_root(library), library)):
        tokens = _WORD.findall(text.lower())
        for start in range(0, len(tokens) - LENGTH + 1, LENGTH):
            cut = " ".join(tokens[start : start + LENGTH])
            if cut not in seen:
                seen.add(cut)
                found.append(Snippet(cut, source))
        if len(found) * LENGTH >= words:
            break
    return found


def read(libraries: tuple[str, ...], words: int, cache: Path) -> dict[str, list[Snippet]]:
    """The snippets of each library, from ``cache`` where an earlier run left them for the same versions."""
    corpus = {}
    for library in libraries:
        key = hashlib.sha256(f"{library}/{version(library)}/{words}/{LENGTH}".encode()).hexdigest()[:12]
        path = cache / f"{library}-{key}.json"
        if path.exists():
            corpus[library] = [Snippet(text, source) for text, source in json.loads(path.read_bytes())]
            continue
        corpus[library] = snippets(library, words)
        cache.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{random.SystemRandom().getrandbits(32):x}.part")
        part.write_text(json.dumps([(snippet.text, snippet.source) for snippet in corpus[library]]), encoding="utf-8")
        part.replace(path)
    return corpus


def _root(library: str) -> Path:
    if library == STDLIB:
        return Path(sysconfig.get_path("stdlib"))
    version(library)
    found = importlib.util.find_spec(library)
    if found is None or not found.submodule_search_locations:
        raise OperationalError(f"The zoo reads the docstrings of {library}, which has no folder of modules here.")
    return Path(next(iter(found.submodule_search_locations)))


def _docstrings(root: Path, library: str) -> Iterator[str]:
    """The docstrings of modules, classes and functions; files in a shuffled but fixed order."""
    paths = sorted(
        (path.relative_to(root).as_posix(), path)
        for path in root.rglob("*.py")
        if not _SKIPPED & set(path.relative_to(root).parts[:-1])
    )
    random.Random(library).shuffle(paths)
    for _, path in paths:
        if path.stat().st_size > _LARGEST_FILE:
            continue
        body = path.read_bytes()
        if b'"""' not in body:
            continue
        try:
            tree = ast.parse(body)
        except (SyntaxError, ValueError):
            continue
        waiting: list[ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef] = [tree]
        while waiting:
            node = waiting.pop()
            waiting += [
                inner
                for inner in node.body
                if isinstance(inner, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            ]
            if text := ast.get_docstring(node, clean=False):
                yield text
