"""When an extracted value and a label by people are the same: the rules of the score in ``docs/understanding.md``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from crawler.understanding import Value
from crawler.understanding._vocabulary import aliases
from crawler.understanding.answers import key, name_key
from crawler.understanding.hyper_parameters import canonical
from crawler.understanding.numbers import number

#: Fields of the labels under our names; frameworks of the labels are frameworks and libraries of ours.
FIELDS = (
    "domain", "task", "framework", "dataset", "licence", "github", "paper", "base_model", "parameter_count", "hyper_parameter",
    "metric", "hardware", "limitation", "demo", "input_format", "output_format",
)  # fmt: skip
_KEYS = {
    "domain": "model_type", "task": "model_tasks", "framework": "frameworks", "dataset": "datasets", "licence": "license",
    "github": "github", "paper": "paper", "base_model": "upstream_model", "parameter_count": "parameter_count", "metric": "evaluation",
    "hyper_parameter": "hyper_parameters", "hardware": "hardware", "limitation": "limitation_and_bias", "demo": "code_demo",
    "input_format": "input_format", "output_format": "output_format",
}  # fmt: skip
#: Availability of PeaTMOSS's metadata, MSR'24, figure 7, N = 11,693 (%).
PUBLISHED = {
    "library": 98.85, "domain": 98.74, "task": 98.73, "framework": 83.58, "licence": 78.01, "dataset": 74.41, "base_model": 73.48,
    "demo": 70.56, "github": 58.69, "metric": 58.60, "language": 52.77, "paper": 48.03, "hyper_parameter": 33.24,
    "parameter_count": 30.11, "hardware": 29.39, "input_format": 22.67, "limitation": 18.16, "output_format": 18.10, "grant": 7.81,
    "carbon": 4.80,
}  # fmt: skip
_EMPTY = re.compile(r"\s*(?:complicated.*|ocmplicated|n/?a)?\s*", re.IGNORECASE)
_FLAT = re.compile(r"[\W_]+")
_STOP = frozenset(
    ("the", "a", "an", "of", "and", "or", "to", "in", "on", "for", "is", "are", "was", "with", "this", "that", "it", "as", "by", "be")
)  # fmt: skip


def flat(text: str) -> str:
    """Letters and digits alone, lower case."""
    return _FLAT.sub("", text.lower())


def close(first: float, second: float) -> bool:
    """The same number, written with fewer digits or as a share for a percentage."""
    for factor in (1.0, 100.0, 0.01):
        other = second * factor
        if first == other or abs(first - other) <= 0.5 * 10 ** -max(1, min(_digits(first), _digits(other))) * 1.001:
            return True
    return False


def _digits(value: float) -> int:
    return len(f"{value:.6f}".rstrip("0").partition(".")[2])


def wanted(field: str, label: dict[str, Any]) -> list[Any]:
    """The items of a label; what people left empty is no item."""
    said = label.get(_KEYS[field])
    if field == "hyper_parameter":
        pairs = dict(said or {}) | {name: label.get(name) for name in ("max_length", "vocabulary_size")}
        return [
            (canonical(name) or name, str(value))
            for name, value in pairs.items()
            if not _EMPTY.fullmatch(str(value or ""))
        ]
    if field == "metric":
        return list(_numbers(said))
    items = said if isinstance(said, list) else [said]
    return [str(item) for item in items if item and not _EMPTY.fullmatch(str(item))]


def _numbers(said: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """(what people called it, number) of every number of a nested label."""
    if isinstance(said, dict):
        if "test" in said and "result" in said:
            said = {said["test"]: said["result"]}
        for key_, value in said.items():
            yield from _numbers(value, f"{name} {key_}".strip())
    elif isinstance(said, list):
        for value in said:
            yield from _numbers(value, name)
    elif said not in (None, "") and not str(said).startswith("http"):
        for part in str(said).split("/"):
            value = number(part)
            if value is not None:
                yield name, value


def given(field: str, found: dict[str, list[Value]]) -> list[Any]:
    """Our items of a field of the labels."""
    values = [value.value for value in found.get(field, [])]
    if field == "framework":
        return sorted({*values, *(value.value for value in found.get("library", []))})
    if field == "dataset":
        # People were asked for the data that the model is made from.
        return [value for value in values if value.get("role") != "eval"]
    if field == "demo":
        return [value for value in values if value["kind"] != "widget"]
    if field == "metric":
        return [(f"{value['name']} {value.get('dataset', '')}", value["value"]) for value in values]
    if field == "hyper_parameter":
        return [(value["name"], str(value["value"])) for value in values]
    if field in ("limitation", "input_format", "output_format") and values:
        return [" ".join(map(str, values))]
    return values


def same(field: str, label: Any, ours: Any) -> bool:
    """Whether a label's item and one of ours say the same."""
    return _SAME.get(field, lambda one, other: flat(one) == flat(str(other)))(label, ours)


def _names(field: str, label: str, ours: dict[str, str]) -> bool:
    """Equal names without owner and synonyms; or one within the other, from four characters on."""
    mine = name_key(field, ours["name"])
    for part in {label, *re.split(r"[\[\]() /]+| or |,", label)}:
        theirs = name_key(field, re.sub(r"(?i) (?:data ?set|corpus|model)$", "", part.strip()))
        if theirs and (
            theirs == mine
            or (len(min(theirs, mine, key=len)) >= 4 and (theirs in mine or mine in theirs) and part == label)
        ):
            return True
        if part != label and len(theirs) >= 4 and theirs == mine:
            return True
    return len(mine) >= 4 and mine in flat(label)


def _repository(label: str, ours: str) -> bool:
    return [part.lower() for part in label.split("/")[3:5]] == [part.lower() for part in ours.split("/")[3:5]]


def _paper(label: str, ours: dict[str, str]) -> bool:
    if "arxiv" in ours and ours["arxiv"] in label:
        return True
    if ours.get("doi") and ours["doi"].lower() in label.lower():
        return True
    if "url" in ours and flat(ours["url"]).removesuffix("pdf") == flat(label).removesuffix("pdf"):
        return True
    return "title" in ours and overlap(label, ours["title"]) >= 0.6


def overlap(label: str, ours: str) -> float:
    """The share of the label's words that are in ours; words such as "the" do not count."""
    one = {word for word in _FLAT.split(label.lower()) if word and word not in _STOP}
    other = {word for word in _FLAT.split(ours.lower()) if word}
    return len(one & other) / len(one) if one else 0.0


def _size(label: str, ours: float) -> bool:
    digits, unit = re.match(r"\s*([\d.]+)\s*([KMBT]?)", label, re.IGNORECASE).groups()  # type: ignore[union-attr]
    theirs = float(digits) * {"": 1, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}[unit.lower()]
    return abs(theirs - float(ours)) <= 0.05 * theirs


def _pair(label: tuple[str, str], ours: tuple[str, str]) -> bool:
    """The same hyper-parameter (any name of rate, warm-up, schedule counts as its kind) and the same value."""
    alike = label[0] == ours[0] or any(
        part in flat(label[0]) and part in flat(ours[0]) for part in ("learningrate", "warmup", "batchsize", "loss")
    )
    one, other = number(label[1]), number(ours[1])
    words = flat(label[1]) in flat(ours[1]) or flat(ours[1]) in flat(label[1])
    return alike and ((one is not None and one == other) or (one is None and words))


def _measure(label: tuple[str, float], ours: tuple[str, float]) -> bool:
    return close(label[1], float(ours[1]))


def _hardware(label: str, ours: dict[str, Any]) -> bool:
    return (
        flat(ours["name"]) in flat(label) or flat(label) in flat(ours["name"]) or overlap(label, ours["name"]) >= 0.5
    )


def _demo(label: str, ours: dict[str, str]) -> bool:
    if label.startswith("http"):
        return flat(ours.get("url", "")) == flat(label)
    return ours["kind"] == "code" or bool(ours.get("url") and ours["url"] in label)


def _text(label: str, ours: str) -> bool:
    return overlap(label, ours) >= 0.5 or flat(label) in flat(ours)


def _task(label: str, ours: str) -> bool:
    return flat(label) == flat(ours)


_SAME: dict[str, Any] = {
    "dataset": lambda one, other: _names("dataset", one, other), "base_model": lambda one, other: _names("base_model", one, other),
    "github": _repository, "paper": _paper, "parameter_count": _size, "hyper_parameter": _pair, "metric": _measure, "hardware": _hardware,
    "demo": _demo, "limitation": _text, "input_format": _text, "output_format": _text, "task": _task,
}  # fmt: skip


def shown(field: str, label: Any, text: str) -> bool:
    """Whether the label's value, or a synonym of it, is in the card at all: an upper bound of recall."""
    if field == "metric":
        return any(
            close(label[1], value)
            for match in re.finditer(r"\d+(?:\.\d+)?", text)
            if (value := number(match[0])) is not None
        )
    if field == "hyper_parameter":
        return label[1].lower() in text.lower() or any(
            number(match[0]) == number(label[1])
            for match in re.finditer(r"[\d.,]+(?:e-?\d+)?", text, re.IGNORECASE)
            if number(label[1]) is not None
        )
    plain = flat(text)
    if field in ("limitation", "input_format", "output_format", "hardware"):
        return overlap(label, text) >= 0.6
    if field == "domain":
        return any(flat(row) in plain for row, said in aliases("tasks", "phrases").items() if said)
    words = flat(label)
    last = flat(str(label).rstrip("/").rpartition("/")[2])
    known = name_key(field, str(label)) if field in ("dataset", "base_model") else last
    arxiv = re.search(r"\d{4}\.\d{4,5}", str(label))
    return (
        words in plain
        or (len(last) >= 4 and last in plain)
        or (len(known) >= 3 and known in plain)
        or bool(arxiv and arxiv[0] in text)
    )


__all__ = ["FIELDS", "PUBLISHED", "close", "given", "key", "same", "shown", "wanted"]
