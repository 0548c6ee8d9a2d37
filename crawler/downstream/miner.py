"""The models that a source file loads: calls that fit a signature, with the ids that their argument may stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from crawler.downstream import ids, signatures
from crawler.downstream.calls import Site
from crawler.downstream.interpreter import Interpreter, Others
from crawler.downstream.signatures import Signature
from crawler.downstream.source import Piece, pieces
from crawler.downstream.texts import commands as texts_of_commands
from crawler.downstream.values import NOTHING, Items, Number, Table, Text, Values, texts, through, union, weakest

#: How often a usage found this way is one: of the usages judged in docs/usages.csv the share of right ones, shrunk to
#: that of its group of ways and that to the share of all, (right + 10 group) / (judged + 10) each time, cut to two
#: digits (tests/downstream/test_confidence.py).
CONFIDENCE = {
    "literal": 0.99,
    "variable": 0.99,
    "other_cell": 0.99,
    "class_constant": 0.99,
    "argument": 0.99,
    "default_argument": 0.99,
    "field_default": 0.99,
    "command_line_default": 0.99,
    "environment_default": 0.99,
    "dictionary": 0.98,
    "conditional": 0.98,
    "enumerated": 0.99,
    "format": 0.89,
    "other_file": 0.99,
    "handed_over": 0.98,
    "attribute": 0.99,
}
_RUNS = frozenset(
    {
        *("os.system", "os.popen", "subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.Popen"),
        *("subprocess.check_output", "subprocess.getoutput"),
    }
)
# Keywords for a second model beside the first: its tokenizer, its decoder.
_BESIDE = frozenset(
    {
        *("tokenizer", "tokenizer_name", "feature_extractor", "image_processor", "reward_funcs", "reward_model"),
        *("teacher_model", "encoder_name", "decoder_name"),
    }
)
_SAVES = (
    "save_pretrained",
    "save",
    "save_model",
    "save_to_disk",
    "merge_and_save",
    "makedirs",
    "mkdir",
    "save_pretrained_merged",
)
_SAVED_TO = (
    "output_dir",
    "save_dir",
    "output_path",
    "logging_dir",
    "model_save_path",
    "save_directory",
    "dirpath",
    "local_dir",
)


@dataclass(frozen=True, slots=True)
class Usage:
    """A place that loads a model."""

    line: int
    cell: int | None
    library: str
    api: str
    id_as_written: str
    model_id: str
    hub: str
    revision: str | None
    how: str
    confidence: float
    flags: tuple[str, ...] = ()


def mine(name: str, data: bytes, others: Others | None = None) -> list[Usage]:
    """The usages in a Python file or a notebook, in order; empty where there are none or nothing can be read."""
    return read_all(name, data, others) if signatures.may_match(data) else []


def read_all(name: str, data: bytes, others: Others | None = None, *, local: bool = False) -> list[Usage]:
    """As :func:`mine`, whatever the file's bytes look like.

    With ``local`` also what is loaded from the machine, without an id and a hub: by a call of the table that is
    given a path, or by ``torch.load``.
    """
    return list(_Mine(others, local).read(pieces(name, data)))


class _Mine:
    """One file."""

    def __init__(self, others: Others | None, local: bool = False) -> None:
        self._local = local
        self._found: dict[tuple[int | None, int, int, str, str], Usage] = {}
        self._later: list[tuple[Site, Signature, str]] = []
        self._saved: set[str] = set()
        self._interpreter = Interpreter(self._meet, others)

    def read(self, listed: list[Piece]) -> Iterator[Usage]:
        self._interpreter.run(listed)
        for site, signature, attribute in self._later:
            known = self._interpreter.attributes.get(attribute, NOTHING)
            self._use(site, signature, through(known, "attribute"))
        usages = [usage for usage in self._found.values() if usage.id_as_written not in self._saved]
        yield from sorted(usages, key=lambda usage: (usage.cell or 0, usage.line, usage.model_id))

    def _meet(self, site: Site) -> None:
        last = site.callee.rpartition(".")[2]
        if last in _SAVES:
            self._saved |= {text.text for values in site.given[:1] for text in texts(values)}
        for name in _SAVED_TO:
            if name in site.named and not (name == "local_dir" and last in ("snapshot_download", "hf_hub_download")):
                self._saved |= {text.text for text in texts(site.named[name])}
        if site.callee in _RUNS:
            self._run(site)
        if site.callee == "torch.load":
            self._unpickle(site)
        signature = signatures.match(site.callee)
        if signature is None or not _asked(signature, site):
            return
        for values, node in _arguments(signature, site):
            if not texts(values) and isinstance(node, ast.Attribute):
                self._later.append((site, signature, node.attr))
            self._use(site, signature, values)

    def _unpickle(self, site: Site) -> None:
        """``torch.load``, which runs what a file says unless it is told to load weights only."""
        said = [word.value for word in site.node.keywords if word.arg == "weights_only"]
        if said and not (isinstance(said[0], ast.Constant) and said[0].value is False):
            return
        flag = "not_weights_only" if said else "weights_only_unset"
        first = site.node.args[0] if site.node.args else None
        if isinstance(first, ast.Call):
            place = (site.cell, first.lineno, first.col_offset)
            inside = [key for key in self._found if key[:3] == place]
            for key in inside:
                usage = self._found[key]
                self._found[key] = replace(usage, flags=tuple(dict.fromkeys((*usage.flags, flag))))
            if inside:
                return
        if self._local and first is not None and not site.abroad:
            text = next(iter(texts(site.given[0])), Text(ast.unparse(first)[:200]))
            usage = Usage(
                line=site.line,
                cell=site.cell,
                library="torch",
                api="torch.load",
                id_as_written=text.text[:300],
                model_id="",
                hub="",
                revision=None,
                how=text.how,
                confidence=CONFIDENCE[text.how],
                flags=(flag,),
            )
            self._found.setdefault((site.cell, site.line, site.column, usage.api, usage.id_as_written), usage)

    def _run(self, site: Site) -> None:
        """A program that is run: one text, or a list of its words."""
        for value in site.given[0] if site.given else ():
            words = [texts(place)[:1] for place in value.places] if isinstance(value, Items) else [texts((value,))]
            known = [word for found in words for word in found]
            if not known or len(known) < len(words):
                # What nobody knows stands between the words.
                known = known if isinstance(value, Items) else []
            for mention in texts_of_commands(" ".join(word.text for word in known)):
                how = weakest(*(word.how for word in known)) if len(known) > 1 else known[0].how
                usage = Usage(
                    line=site.line,
                    cell=site.cell,
                    library=mention.library,
                    api=site.callee,
                    id_as_written=mention.model_id,
                    model_id=mention.model_id,
                    hub=mention.hub,
                    revision=None,
                    how=how,
                    confidence=CONFIDENCE[how],
                )
                self._found.setdefault((site.cell, site.line, site.column, usage.api, usage.model_id), usage)

    def _use(self, site: Site, signature: Signature, values: Values) -> None:
        for text, written in _all_written(signature, site, values):
            if site.abroad and text.how != "handed_over":
                # Written in the other file, and a usage of that file.
                continue
            model_id = ids.resolve(signature.form, written)
            if model_id is None and not (self._local and written and ids.is_local(written)):
                continue
            usage = _usage(site, signature, text, written, model_id or "")
            key = (site.cell, site.line, site.column, usage.api, model_id or written)
            before = self._found.get(key)
            if before is None or before.confidence < usage.confidence:
                self._found[key] = usage


def _usage(site: Site, signature: Signature, text: Text, written: str, model_id: str) -> Usage:
    callee = site.callee.lstrip("?.")
    root = callee.partition(".")[0]
    known = not site.callee.startswith(("?", "."))
    hub = (
        ""
        if not model_id
        else "huggingface"
        if model_id != written and "/" in model_id and signature.hub in ("timm", "open_clip")
        else signature.hub
    )
    how = weakest(text.how)
    confidence = CONFIDENCE[how] * (0.95 if site.mended else 1.0)
    revision = next((value.text for value in texts(site.named.get("revision", NOTHING))), None)
    if signature.form == "repo:entry" and written.count(":") == 2:
        # torch.hub: owner/repo:branch or tag:entry
        revision = written.split(":")[1]
    return Usage(
        line=site.line,
        cell=site.cell,
        library=root if known else "unknown",
        api=".".join(callee.split(".")[-2:]),
        id_as_written=written,
        model_id=model_id,
        hub=hub,
        revision=revision,
        how=how,
        confidence=round(confidence, 3),
        flags=tuple(_flags(site)),
    )


def _flags(site: Site) -> Iterator[str]:
    """What makes a load unsafe, or pins it."""
    for keyword in site.node.keywords:
        said = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
        if keyword.arg in ("trust_remote_code", "trust_repo") and said is True:
            yield keyword.arg
        if keyword.arg == "weights_only" and said is False:
            yield "not_weights_only"


def _arguments(signature: Signature, site: Site) -> Iterator[tuple[Values, ast.expr | None]]:
    """The arguments in which the id stands: by keyword, else by position; else the call itself."""
    if signature.form in ("call", "module", "owner"):
        yield (Text(site.callee),), None
        return
    named = [name for name in signature.keywords if name in site.named]
    several = bool(set(named) & _BESIDE)
    for name in named if several else named[:1]:
        values = _with_settings(signature, site.named[name])
        yield values, next((k.value for k in site.node.keywords if k.arg == name), None)
    for place in signature.positions if not set(named) - _BESIDE else ():
        if place < len(site.given):
            values = _with_settings(signature, site.given[place])
            yield values, site.node.args[place] if place < len(site.node.args) else None


def _with_settings(signature: Signature, values: Values) -> Values:
    """What an argument stands for, and what a dictionary that is one holds under the names of the call's keywords."""
    tables = [value for value in values if isinstance(value, Table)]
    settings = [table.entries[name] for table in tables for name in signature.keywords if name in table.entries]
    return (*values, *through(union(*settings), "dictionary")) if settings else values


def _all_written(signature: Signature, site: Site, values: Values) -> Iterator[tuple[Text, str]]:
    """Everything that may stand in the program for the model: of ``torch.hub`` a repository with each entry."""
    for text in texts(values):
        if signature.form != "repo:entry":
            yield text, _written(signature, site, text)
            continue
        entries = site.given[1] if len(site.given) > 1 else site.named.get("model", NOTHING)
        yield from ((text, f"{text.text}:{entry.text}") for entry in texts(entries) if entry.text != "custom")


def _written(signature: Signature, site: Site, text: Text) -> str:
    """What stands in the program for the model."""
    names = site.callee.split(".")
    if signature.form == "call":
        return names[-1]
    if signature.form == "owner":
        return names[-2]
    if signature.form == "module":
        return names[0]
    return text.text


def _asked(signature: Signature, site: Site) -> bool:
    """Whether the call asks for what the signature needs."""
    if signature.needs == "pretrained":
        # torchvision took ``resnet50(True)``; of a call that the table does not name, only the keyword tells.
        place = 1 if signature.form == "timm" else None if "*" in signature.call else 0
        return _given(site, "pretrained", place) or _given(site, "weights", None)
    if signature.needs == "tag":
        names = [
            text.text for values in (*site.given[:1], site.named.get("model_name", NOTHING)) for text in texts(values)
        ]
        return _given(site, "pretrained", 1) or any(name.startswith(("hf-hub:", "hf_hub:")) for name in names)
    if signature.needs == "weights":
        weights = next((k.value for k in site.node.keywords if k.arg == "weights"), None)
        own = any(ids.is_local(text.text) for text in texts(site.named.get("weights", NOTHING)))
        return not own and not (isinstance(weights, ast.Constant) and weights.value is None)
    if signature.needs == "repository":
        kind = {text.text for text in texts(site.named.get("repo_type", NOTHING))}
        return not kind & {"dataset", "space"}
    if signature.form == "repo:entry":
        local = {text.text for text in texts(site.named.get("source", NOTHING))}
        return "local" not in local and not _denied(site, "pretrained") and "path" not in site.named
    return True


def _given(site: Site, name: str, position: int | None) -> bool:
    """Whether an argument is there and neither false nor none."""
    value = next((keyword.value for keyword in site.node.keywords if keyword.arg == name), None)
    known = site.named.get(name, NOTHING)
    if value is None and position is not None and position < len(site.node.args):
        value, known = site.node.args[position], site.given[position] if position < len(site.given) else NOTHING
    if value is None or (isinstance(value, ast.Constant) and value.value in (False, None)):
        return False
    return not known or any(truth != Number("False") for truth in known)


def _denied(site: Site, name: str) -> bool:
    value = next((keyword.value for keyword in site.node.keywords if keyword.arg == name), None)
    return isinstance(value, ast.Constant) and value.value is False
