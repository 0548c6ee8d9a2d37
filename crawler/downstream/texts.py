"""Model ids in files that are no Python: configuration, containers, shell scripts, JavaScript, addresses of models.

Each kind has its own ``how``, because each is right in its own share of cases: a key called ``model_id`` in YAML
means what it says; an address in a README does not load anything and is not looked at.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import yaml

from crawler.downstream import ids, source

LONGEST = 2 << 20
#: How often a usage found in such a file is one, by the judged usages, as in crawler.downstream.miner.
CONFIDENCE = {
    "yaml": 0.96,
    "toml": 0.88,
    "json": 0.64,
    "dockerfile": 0.98,
    "shell": 0.99,
    "javascript": 0.99,
    "address": 0.93,
}
_KEY = re.compile(
    r"(?:^|_)(?:pretrained_)?(?:model|tokenizer|checkpoint|encoder|decoder|llm|backbone|embedder|reranker|processor|adapter|lora|vae|unet)"
    r"(?:_?(?:id|name|path|base|name_or_path|repo|repo_id|dir|checkpoint))?$|(?:^|_)(?:name_or_path|repo_id|hf_(?:id|repo|path|model)|"
    r"pretrained|base_model|hub_model|model_name_or_path|pretrained_weights?|tower|hub)$",
    re.IGNORECASE,
)
# What a setting below one that names a model may be called.
_NAME = ("name", "id", "repo_id", "hf_id")
_COMMANDS = frozenset({"args", "command", "entrypoint"})
# Scripts of continuous integration; and the settings of clients of companies with models of their own.
_SCRIPTS = frozenset({"run", "script", "before_script", "after_script"})
_SERVED = frozenset({"litellm_params"})
# Keys whose value is handed to from_pretrained as it is, so that a bare id of before 2024 is one.
_PLAIN = re.compile(r"name_or_path$|^pretrained(_model)?$")
_NO_KEY = re.compile(
    r"hub_model_id|push|output|save|dataset|upload|target_repo|docker|github|^_?name_or_path$", re.IGNORECASE
)
_ADDRESS = re.compile(
    r"\bhf://(?!datasets/|spaces/)(?:models/)?(?P<hf>[\w.-]+/[\w.-]+)"
    r"|https?://(?:huggingface\.co|hf\.co)/(?!datasets/|spaces/|api/)(?P<file>[\w.-]+/[\w.-]+)/resolve/"
)
_OF_DATA = re.compile(r"data|corpus|split", re.IGNORECASE)
# Files that tell what was measured or written, not what is loaded.
_TOLD = re.compile(
    r"(?:^|[/_.-])(?:results?|expected|benchmarks?|leaderboards?|scores?|outputs?|logs?)(?=[/_.-]|$)", re.I
)
_WORD = r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*"
_SHELL = re.compile(
    # Part of an id that goes on with a variable tells nothing.
    r"(?:"
    r"(?:huggingface-cli|hf)\s+download\s+(?!.*--repo-type[ =](?:dataset|space))(?P<download>" + _WORD + r")"
    r"|vllm\s+serve\s+(?P<vllm>" + _WORD + r")"
    r"|(?:--|-)(?:model|model[_-]name[_-]or[_-]path|model[_-]id|model[_-]name|model[_-]path|pretrained[_-]model[_-]name[_-]or[_-]path|"
    r"tokenizer|tokenizer[_-]name|base[_-]model|hf[_-]repo|hf[_-]model|repo[_-]id|lora[_-]model|served[_-]model|teacher[_-]model|draft[_-]model|"
    r"speculative[_-]model|embedding[_-]model|vision[_-]tower|"
    r"(?:query[_-]|doc[_-])?encoder|(?:embedder|reranker|model)[_-](?:name[_-]or[_-]path|base))"
    r"[ =]+[\"']?(?:\$\{\w+:-)?(?P<option>" + _WORD + r")"
    r"|\b(?:export\s+|ENV\s+|ARG\s+)?(?:[A-Z][A-Z0-9_]*_)?(?:MODEL|MODEL_ID|MODEL_NAME|MODEL_PATH|HF_MODEL|BASE_MODEL|MODEL_NAME_OR_PATH|TOKENIZER)"
    r"[ =][\"']?(?:\$\{\w+:-)?(?P<variable>" + _WORD + r")"
    r"|\b(?:[a-z]\w*_)?(?:model|model_id|model_name|model_path|model_base|base_model|model_name_or_path|tokenizer)"
    r"=[\"']?(?P<setting>" + _WORD + r")"
    r"|git\s+(?:lfs\s+)?clone\s+(?:-\S+\s+)*https?://(?:huggingface\.co|hf\.co)/(?!datasets/|spaces/)(?P<clone>"
    + _WORD
    + r")"
    r"|https?://(?:huggingface\.co|hf\.co)/(?!datasets/|spaces/)(?P<file>" + _WORD + r")/(?:resolve|blob|raw)/"
    r"|spacy\s+download\s+(?P<spacy>[a-z]{2,3}_[a-z]\w+_\w+)"
    r"|ollama\s+(?:run|pull)\s+(?P<ollama>[\w./-]+(?::[\w.-]+)?)"
    r")"
)
_SCRIPT = re.compile(
    r"(?:from_pretrained\s*\(\s*|pipeline\s*(?:<[^>]*>)?\(\s*[\"'`][\w-]+[\"'`]\s*,\s*|snapshotDownload\s*\(\s*|"
    r"\b(?:\w*[mM]odel\w*|\w*MODEL\w*|repo)\s*(?::\s*\w+\s*=|[:=])\s*)"
    r"[\"'`](?P<id>" + _WORD + r")[\"'`]"
)
_COMMENT = {"shell": "#", "dockerfile": "#", "javascript": "//"}
_LIBRARIES = ("@huggingface/transformers", "@xenova/transformers", "@huggingface/inference", "@huggingface/hub")


@dataclass(frozen=True, slots=True)
class Mention:
    """A place that names a model."""

    line: int
    library: str
    api: str
    model_id: str
    hub: str
    how: str
    cell: int | None = None


def kind_of(name: str) -> str | None:
    """Which kind of file a path is; None for those in which nothing is looked for."""
    last = name.rpartition("/")[2].lower()
    if last.startswith(("dockerfile", "containerfile")) or last.endswith(".dockerfile"):
        return "dockerfile"
    if last in ("makefile", "gnumakefile", ".env") or last.startswith(".env."):
        return "shell"
    if last in (
        "package.json",
        "package-lock.json",
        "tsconfig.json",
        "tokenizer.json",
        "vocab.json",
        "composer.json",
    ):
        return None
    return _KINDS.get(last.rpartition(".")[2])


_KINDS = {
    "yaml": "yaml",
    "yml": "yaml",
    "toml": "toml",
    "json": "json",
    "sh": "shell",
    "bash": "shell",
    "zsh": "shell",
    "slurm": "shell",
    "sbatch": "shell",
    "mk": "shell",
    "env": "shell",
    "js": "javascript",
    "mjs": "javascript",
    "cjs": "javascript",
    "ts": "javascript",
    "tsx": "javascript",
    "jsx": "javascript",
}


def mentions(name: str, data: bytes) -> list[Mention]:
    """The models that a file names, in order; a file that cannot be read has none."""
    kind = kind_of(name)
    if kind is None or len(data) > LONGEST or b"\0" in data[:4096]:
        return []
    text = data.decode("utf-8", "replace")
    if kind == "json" and _TOLD.search(name):
        return []
    found = [*_READERS[kind](text)]
    named = {(mention.line, mention.model_id) for mention in found}
    found += [mention for mention in _addresses(text, kind) if (mention.line, mention.model_id) not in named]
    return sorted(dict.fromkeys(found), key=lambda mention: (mention.line, mention.model_id))


def _addresses(text: str, kind: str) -> Iterator[Mention]:
    for number, line in _lines(text, kind):
        for match in _ADDRESS.finditer(line):
            if not _OF_DATA.search(line, 0, match.start()):
                written = match["hf"] or match["file"]
                yield Mention(number, "huggingface_hub", "hf://", written, "huggingface", "address")


def _lines(text: str, kind: str) -> Iterator[tuple[int, str]]:
    mark = _COMMENT.get(kind, "#")
    for number, line in enumerate(text.split("\n"), 1):
        if not line.lstrip().startswith(mark):
            yield number, line


def _shell(text: str, kind: str = "shell") -> Iterator[Mention]:
    for number, line in _lines(text, kind):
        for match in _SHELL.finditer(line):
            way, written = next((name, value) for name, value in match.groupdict().items() if value)
            if line[match.end() : match.end() + 1] in ("$", "{"):
                continue
            if way in ("ollama", "spacy"):
                yield Mention(number, way, f"{way} {'run' if way == 'ollama' else 'download'}", written, way, kind)
            elif (model := ids.resolve("slashed", written.rstrip("."))) is not None:
                yield Mention(number, _TOOLS.get(way, "shell"), way, model, "huggingface", kind)


_TOOLS = {"download": "huggingface_hub", "vllm": "vllm", "clone": "git", "file": "huggingface_hub"}


def commands(line: str) -> list[Mention]:
    """The models that a command line names."""
    return list(_shell(line))


def notebook(data: bytes) -> list[Mention]:
    """The models that the shell lines of a notebook name (``!`` before them, or a cell of ``%%bash``)."""
    if (
        len(data) > source.LONGEST
        or not (b"!" in data or b"%%" in data)
        or not any(word in data for word in _FETCHES)
    ):
        return []
    found: list[Mention] = []
    for number, text in source.code_cells(data):
        lines = text.split("\n")
        if not _SHELL_CELL.match(lines[0]):
            lines = [_SHELL_LINE.sub("", line) if _SHELL_LINE.match(line) else "" for line in lines]
        found += [replace(mention, cell=number) for mention in _shell("\n".join(lines))]
    return list(dict.fromkeys(found))


_FETCHES = (b"download", b"vllm", b"ollama", b"clone", b"--model", b"resolve", b"MODEL")
_SHELL_LINE, _SHELL_CELL = re.compile(r"^\s*[!%]+(?:sh\s)?\s*"), re.compile(r"^\s*%%(?:bash|sh|shell|script bash)\b")


def _dockerfile(text: str) -> Iterator[Mention]:
    return _shell(text, "dockerfile")


def _javascript(text: str) -> Iterator[Mention]:
    """Ids given to Transformers.js and its like; only in files that speak of such a library."""
    library = next((name for name in _LIBRARIES if name in text), None)
    if library is None:
        return
    kept = dict(_lines(text, "javascript"))
    text = "\n".join(kept.get(number, "") for number in range(1, text.count("\n") + 2))
    for match in _SCRIPT.finditer(text):
        if (model := ids.resolve("slashed", match["id"])) is not None:
            api = re.split(r"[^\w]", match[0], maxsplit=1)[0]
            line = text.count("\n", 0, match.start("id")) + 1
            yield Mention(line, library, api, model, "huggingface", "javascript")


def _yaml(text: str) -> Iterator[Mention]:
    """Keys that name a model; the loader knows no tags, so nothing can be made by a file."""
    try:
        for event in _composed(text):
            yield from event
    except (yaml.YAMLError, RecursionError, ValueError):
        return


def _composed(text: str) -> Iterator[Iterator[Mention]]:
    for node in yaml.compose_all(text, yaml.SafeLoader):
        yield _walk_yaml(node, "", 0)


def _walk_yaml(node: Any, key: str, depth: int) -> Iterator[Mention]:
    if depth > 40 or node is None:
        return
    if isinstance(node, yaml.MappingNode):
        plain = {str(name.value): value for name, value in node.value if isinstance(name, yaml.ScalarNode)}
        for name in _COMMANDS & plain.keys():
            yield from _command(plain[name])
        for name in _SCRIPTS & plain.keys():
            listed = plain[name].value if isinstance(plain[name], yaml.SequenceNode) else [plain[name]]
            for script in listed:
                yield from _command(script)
        for name, value in plain.items():
            if name in _SERVED:
                continue
            variable = plain["name"].value if name == "value" and "name" in plain else name
            yield from _walk_yaml(value, _below(key, str(variable)), depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _walk_yaml(value, key, depth + 1)
    elif (model := _named(key, str(node.value))) is not None:
        yield Mention(node.start_mark.line + 1, "configuration", key, model, "huggingface", "yaml")


def _command(node: Any) -> Iterator[Mention]:
    """What a container is started with: one text, or its words."""
    words = node.value if isinstance(node, yaml.SequenceNode) else [node]
    line = " ".join(str(word.value) for word in words if isinstance(word, yaml.ScalarNode))
    # Of a block (| or >) the text begins on the line after.
    first = node.start_mark.line + (getattr(node, "style", None) in ("|", ">"))
    for mention in _shell(line):
        yield replace(mention, line=first + mention.line, how="yaml")


def _toml(text: str) -> Iterator[Mention]:
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    yield from _walk(tree, "", _Places(text), "toml")


def _json(text: str) -> Iterator[Mention]:
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return
    yield from _walk(tree, "", _Places(text), "json")


class _Places:
    """Where the texts of a tree stand: of equal texts the first one met stands first in the file."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._met: Counter[str] = Counter()

    def met(self, value: str) -> None:
        """A text of the tree, in the order of the file."""
        self._met[value] += 1

    def line(self, value: str) -> int:
        """The line of the text that was met last."""
        quoted = re.compile(rf"([\"']){re.escape(value)}\1")
        places = [found.start() for found in islice(quoted.finditer(self._text), self._met[value])]
        return self._text.count("\n", 0, places[-1] if places else 0) + 1


def _walk(tree: Any, key: str, text: _Places, how: str, depth: int = 0) -> Iterator[Mention]:
    if depth > 40:
        return
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield from _walk(value, _below(key, str(name)), text, how, depth + 1)
    elif isinstance(tree, list):
        for value in tree:
            yield from _walk(value, key, text, how, depth + 1)
    elif isinstance(tree, str) and "\n" not in tree and len(tree) < 300:
        text.met(tree)
        if (model := _named(key, tree)) is not None:
            yield Mention(text.line(tree), "configuration", key, model, "huggingface", how)


def _below(above: str, name: str) -> str:
    """The key by which a setting is known: of ``model: {name: ...}`` that of the model."""
    return above if name in _NAME and _names_model(above) else name


def _names_model(key: str) -> bool:
    plain = key.replace("-", "_")
    return bool(_KEY.search(plain)) and not _NO_KEY.search(plain)


def _named(key: str, value: str) -> str | None:
    """The model that a setting names, where its key says that it names one."""
    if not _names_model(key):
        return None
    return ids.resolve("id" if _PLAIN.search(key.lower()) else "slashed", value)


_READERS: dict[str, Callable[[str], Iterator[Mention]]] = {
    "yaml": _yaml,
    "toml": _toml,
    "json": _json,
    "shell": _shell,
    "dockerfile": _dockerfile,
    "javascript": _javascript,
}
