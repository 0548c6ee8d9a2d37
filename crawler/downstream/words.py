"""What to search code for: the words of the signature table, as questions to GitHub's code search."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from crawler.downstream.signatures import Signature, table
from landing import UsageError

LANGUAGES = ("Python", '"Jupyter Notebook"')
#: Files that are no programs of Python: words that tell by themselves, and where they stand.
TEXTS = (
    *("huggingface transformers language:JavaScript", "huggingface transformers language:TypeScript"),
    *("xenova transformers language:JavaScript", "xenova transformers language:TypeScript"),
    *("huggingface inference language:JavaScript", "huggingface inference language:TypeScript"),
    *(
        "huggingface-cli download language:Python",
        "huggingface-cli download language:Shell",
        "huggingface-cli download language:Dockerfile",
    ),
    *("hf download language:Shell", "hf download language:Dockerfile", "huggingface-cli download language:Makefile"),
    *("snapshot_download language:Dockerfile", "from_pretrained language:Dockerfile", "ollama pull language:Shell"),
    *("ollama pull language:Dockerfile", "vllm serve language:Shell", "vllm model language:Dockerfile"),
    *("vllm model language:YAML", "model_name_or_path language:YAML", "model_name_or_path language:JSON"),
    *("model_name_or_path language:TOML", "model_name_or_path language:Shell", "MODEL_ID language:YAML"),
    *("pretrained_model_name_or_path language:YAML", "base_model language:YAML", "model_id language:YAML"),
    *("spacy download language:Dockerfile", "spacy download language:Shell", "hf-hub language:YAML"),
)
# A name of so many letters tells without its library; one that is shorter needs what stands before it.
_TELLING, _SHORT = 12, 6
_SIMPLE = re.compile(r"[\w.-]+")


def questions(libraries: Iterable[str] = (), languages: Iterable[str] = LANGUAGES) -> list[str]:
    """The questions that together find every file with a call of the table, or with one of ``libraries``.

    A question is the words that such a file must contain: the library and the last name of the call. A row that any
    library may have (``from_pretrained``) is asked for by that name alone. Raises :class:`UsageError` for a library
    that the table does not have.
    """
    wanted = frozenset(libraries)
    known = {_root(row) for row in table()} - {"*"}
    if unknown := sorted(wanted - known):
        raise UsageError(
            f"The table of calls has no library {', '.join(unknown)}; it has {', '.join(sorted(known))}."
        )
    chosen = [row for row in table() if not wanted or _root(row) in wanted]
    words = {_words(row) for row in chosen} - {frozenset()}
    # What any library may have, this one may have.
    words |= {_words(row) | {library} for library in wanted for row in table() if row.module == "*"}
    # A question with more words finds nothing that one with some of them does not find.
    least = [found for found in words if not any(other < found for other in words)]
    texts = sorted(" ".join(sorted(found)) for found in least)
    found = [f"{text} language:{language}" for text in texts for language in languages]
    return found if wanted else [*found, *TEXTS]


def _root(row: Signature) -> str:
    return row.module.partition(".")[0]


@cache
def _words(row: Signature) -> frozenset[str]:
    """What stands in a file with such a call."""
    root, module = _root(row), {word for word in row.module.split(".") if _SIMPLE.fullmatch(word)}
    parts = [text for part in row.call.split(".") if _SIMPLE.fullmatch(text := part.strip("*"))]
    if row.form == "module":
        return frozenset({root})
    if not parts:
        return frozenset(module)
    if (row.anywhere or root == "*") and len(parts[-1]) >= _TELLING:
        return frozenset({parts[-1]})
    return frozenset({*module, parts[-1], parts[0] if len(parts[-1]) < _SHORT else parts[-1]})
