"""Claims from a card's ``model-index`` and from ``.eval_results/*.yaml``: odd ones kept, with what is wrong.

Numbering. The warehouse numbers the claims of a card's front matter from 1 (``core.eval_claim.ordinal``) in the order
of dataset, configuration, split, metric, value, task: text compared by its UTF-8 bytes, what is absent last. The same
order is taken here over the same claims: those whose metric has a value, in a ``model-index`` that is a list. What
the warehouse does not count (no value, a ``model-index`` that is no list, ``.eval_results``) is numbered after them,
in the order met.

``value_raw`` is the value as it was written, ``0.90`` with its last zero: its decimals say how far it was rounded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from probe.claims.yamlish import MAX_TEXT, Unreadable, read

MAX_CLAIMS = 5_000
MAX_FIELD = 1_024
MAX_RESULT_FILES = 200

Evidence = Literal["model-index", "eval-results"]

_FRONT = re.compile(r"\A\ufeff?\s*---[ \t]*\r?\n(.*?)(?:\r?\n)?^---[ \t\r]*$", re.S | re.M)


@dataclass(frozen=True, slots=True)
class Claim:
    """A result that a publisher claims in a machine-readable form, as written; None is what was not said.

    ``config`` is the dataset's configuration or, without one, its ``args``; ``args`` are those of the metric.
    ``problems`` says what was odd or missing. ``counted``: whether the warehouse has a row for it.
    """

    ordinal: int
    task: str | None = None
    dataset: str | None = None
    dataset_name: str | None = None
    config: str | None = None
    split: str | None = None
    revision: str | None = None
    metric: str | None = None
    metric_name: str | None = None
    args: Any = None
    value_raw: str | None = None
    evidence: Evidence = "model-index"
    verified: bool | None = None
    source: str | None = None
    problems: tuple[str, ...] = ()
    counted: bool = True


@dataclass(slots=True)
class Found:
    """The claims of one model, and what could not be read at all."""

    claims: list[Claim] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def from_folder(folder: Path) -> Found:
    """Claims of a checkpoint's folder: its ``README.md`` and its ``.eval_results``."""
    found, card = Found(), folder / "README.md"
    if card.is_file():
        text, problem = _text(card)
        found.problems.extend(problem)
        found = _join(found, from_card(text))
    results = folder / ".eval_results"
    listed = sorted(p for p in results.iterdir() if p.suffix in (".yaml", ".yml")) if results.is_dir() else []
    if len(listed) > MAX_RESULT_FILES:
        found.problems.append(f".eval_results: only {MAX_RESULT_FILES} of {len(listed)} files were read")
    for path in listed[:MAX_RESULT_FILES]:
        text, problem = _text(path)
        found.problems.extend(problem)
        found = _join(found, from_eval_results(text, path.name))
    return found


def from_card(text: str) -> Found:
    """Claims of a card, which is Markdown with YAML front matter. Never raises over what a card holds."""
    match = _FRONT.match(text[: MAX_TEXT + 1])
    if match is None:
        return Found()
    try:
        front, odd = read(match[1])
    except Unreadable as error:
        return Found(problems=[f"front matter: {error}"])
    if not isinstance(front, dict):
        return Found(problems=["front matter: no mapping"] if front is not None else [])
    if "model-index" not in front:
        return Found(problems=[f"front matter: {word}" for word in odd])
    found = from_index(front["model-index"])
    found.problems[:0] = [f"front matter: {word}" for word in odd]
    return found


def from_index(index: Any) -> Found:
    """Claims of a ``model-index``, as YAML or as the hub's API gives it."""
    claims = []
    for claim in _of_index(index):
        claims.append(claim)
        if len(claims) >= MAX_CLAIMS:
            return Found(_number(claims), [f"model-index: only {MAX_CLAIMS} claims were read"])
    unread = [] if claims or not index else ["model-index: it holds no result"]
    return Found(_number(claims), unread)


def from_eval_results(text: str, name: str) -> Found:
    """Claims of one file of ``.eval_results``: a list of a dataset, its task and a value, without a metric's name."""
    try:
        value, odd = read(text)
    except Unreadable as error:
        return Found(problems=[f"{name}: {error}"])
    problems = [f"{name}: {word}" for word in odd]
    if not isinstance(value, list):
        value, problems = [value] if isinstance(value, dict) else [], [*problems, f"{name}: no list"]
    claims = []
    for entry in value[:MAX_CLAIMS]:
        if not isinstance(entry, dict):
            problems.append(f"{name}: an entry is no mapping")
            continue
        claims.append(_of_result(entry))
    return Found(_number(claims), problems)


def _text(path: Path) -> tuple[str, list[str]]:
    try:
        with path.open("rb") as handle:
            data = handle.read(MAX_TEXT + 1)
    except OSError as error:
        return "", [f"{path.name}: {error.strerror or error}"]
    return data.decode("utf-8", "replace"), [f"{path.name}: longer than is read"] if len(data) > MAX_TEXT else []


def _join(left: Found, right: Found) -> Found:
    begun = len(left.claims)
    later = [replace(claim, ordinal=claim.ordinal + begun) for claim in right.claims]
    return Found([*left.claims, *later], [*left.problems, *right.problems])


def _of_index(index: Any) -> Iterator[Claim]:
    counted = isinstance(index, list)
    problems: tuple[str, ...] = ()
    if isinstance(index, dict):
        index, problems = [index], ("model-index is no list",)
    for model in index if isinstance(index, list) else []:
        results = model.get("results") if isinstance(model, dict) else None
        if isinstance(results, dict):
            yield from _of_entry(results, False, (*problems, "results is no list"))
        for result in results if isinstance(results, list) else []:
            if isinstance(result, dict):
                yield from _of_entry(result, counted, problems)


def _of_entry(result: dict[str, Any], counted: bool, problems: tuple[str, ...]) -> Iterator[Claim]:
    """The claims of one result: a task, a dataset, and a list of metrics."""
    task, odd_task = _part(result, "task")
    dataset, odd_dataset = _part(result, "dataset")
    source, _ = _part(result, "source")
    metrics = result.get("metrics")
    problems = (*problems, *odd_task, *odd_dataset)
    if not isinstance(metrics, list):
        counted, problems = False, (*problems, "metrics is no list")
        metrics = [metrics] if isinstance(metrics, dict) else []
    config = _word(dataset.get("config"))
    about = Claim(
        0,
        task=_word(task.get("type")) or (None if counted else _word(task.get("name"))),
        dataset=_word(dataset.get("type")),
        dataset_name=_word(dataset.get("name")),
        config=config if config is not None else _word(dataset.get("args")),
        split=_word(dataset.get("split")),
        revision=_word(dataset.get("revision")),
        source=_word(source.get("url")) or _word(source.get("name")),
    )
    for metric in metrics:
        if isinstance(metric, dict):
            yield _of_metric(about, metric, counted, problems)


def _of_metric(about: Claim, metric: dict[str, Any], counted: bool, problems: tuple[str, ...]) -> Claim:
    value, verified = metric.get("value"), metric.get("verified")
    kind, name = _word(metric.get("type")), _word(metric.get("name"))
    wrong = list(problems)
    if value is None:
        wrong.append("no value")
    elif isinstance(value, dict | list | bool):
        wrong.append("the value is no number")
    wrong.extend(f"no {word}" for word, there in (("metric", kind or name), ("task", about.task)) if not there)
    if not (about.dataset or about.dataset_name):
        wrong.append("no dataset")
    return replace(
        about,
        metric=kind,
        metric_name=name,
        args=metric.get("args"),
        value_raw=_word(value),
        verified=verified if isinstance(verified, bool) else None,
        problems=tuple(wrong),
        counted=counted and value is not None,
    )


def _of_result(entry: dict[str, Any]) -> Claim:
    dataset, odd = _part(entry, "dataset")
    source, _ = _part(entry, "source")
    value, token = entry.get("value"), entry.get("verifyToken")
    wrong = [*odd, "no metric: the benchmark's own is meant"]
    if value is None:
        wrong.append("no value")
    return Claim(
        0,
        dataset=_word(dataset.get("id")),
        config=_word(dataset.get("task_id")),
        revision=_word(dataset.get("revision")),
        value_raw=_word(value),
        evidence="eval-results",
        # A token is the hub's signature over the result; we carry it along, we do not check it.
        verified=True if isinstance(token, str) and token else None,
        source=_word(source.get("url")) or _word(source.get("name")),
        problems=tuple(wrong),
        counted=False,
    )


def _part(result: dict[str, Any], name: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A mapping inside a result; a bare word counts as its type."""
    part = result.get(name)
    if isinstance(part, dict):
        return part, ()
    if isinstance(part, str) and part:
        return {"name": part}, (f"{name} is a bare word",)
    return {}, () if part is None else (f"{name} is no mapping",)


def _word(value: Any) -> str | None:
    """A value as text: as it was written where we know that, JSON for lists and mappings."""
    if value is None:
        return None
    written = getattr(value, "text", None)
    if isinstance(written, str):
        return written[:MAX_FIELD]
    if isinstance(value, str):
        return value[:MAX_FIELD]
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)[:MAX_FIELD]


def _number(claims: list[Claim]) -> list[Claim]:
    """Give ordinals as the warehouse does, see above."""
    ordered = sorted((c for c in claims if c.counted), key=_place) + [c for c in claims if not c.counted]
    return [replace(claim, ordinal=ordinal) for ordinal, claim in enumerate(ordered, 1)]


def _place(claim: Claim) -> list[tuple[bool, bytes]]:
    value = claim.value_raw
    words = (claim.dataset, claim.config, claim.split, claim.metric, value and _as_json(value), claim.task)
    return [(word is None, (word or "").encode("utf-8", "replace")) for word in words]


def _as_json(written: str) -> str:
    """A number in JSON's shortest form, which is what the hub's API gives: ``0.90`` is ``0.9`` there."""
    try:
        number = float(written)
    except ValueError:
        return written
    if number != number or number in (float("inf"), float("-inf")):
        return written
    return str(int(number)) if number.is_integer() and abs(number) < 1e16 else repr(number)
