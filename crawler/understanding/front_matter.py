"""What the front matter states: each scalar of the YAML with its own characters in the card."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from crawler.frontmatter import read_nodes
from crawler.understanding._base import Value
from crawler.understanding._document import Document
from crawler.understanding._vocabulary import aliases, table
from crawler.understanding.numbers import number

MAX_STEPS = 20_000
MAX_DEPTH = 12
PLACE = "front matter"
_ARXIV = re.compile(r"arxiv:(\d{4}\.\d{4,5})", re.IGNORECASE)
_DOI = re.compile(r"doi:(10\.\d{4,9}/\S{1,200})", re.IGNORECASE)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{2,8})?")
_GENERIC = {"other", "unknown", "none", "null", "n/a", ""}
Scalar = yaml.ScalarNode


class _Walk:
    """A walk over YAML nodes that counts its steps: an alias may name the same node again and again."""

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def items(self, node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
        if isinstance(node, yaml.MappingNode):
            for key, item in node.value:
                self.left -= 1
                if self.left < 0:
                    return
                if isinstance(key, Scalar):
                    yield key.value, item

    def scalars(self, node: yaml.Node | None, depth: int = 0) -> Iterator[Scalar]:
        """A scalar, or the scalars of a list."""
        if isinstance(node, Scalar):
            if node.tag != "tag:yaml.org,2002:null" and node.value.strip():
                yield node
        elif isinstance(node, yaml.SequenceNode) and depth < 3:
            for item in node.value:
                self.left -= 1
                if self.left < 0:
                    return
                yield from self.scalars(item, depth + 1)

    def mapping(self, node: yaml.Node | None) -> dict[str, yaml.Node]:
        return dict(self.items(node))

    def sequence(self, node: yaml.Node | None) -> Iterator[yaml.Node]:
        """The items of a list; a mapping or scalar stands for itself."""
        if isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self.left -= 1
                if self.left < 0:
                    return
                yield item
        elif node is not None:
            yield node


def find(document: Document) -> Iterator[Value]:
    """Every value that the front matter states."""
    if document.matter is None:
        return
    start, end = document.matter
    source = document.text[start:end]
    root = read_nodes(source)
    walk = _Walk()
    keys = walk.mapping(root)
    reader = _Reader(document, start, walk)
    for key, node in keys.items():
        method = _KEYS.get(key)
        if method is not None:
            yield from method(reader, node)
    if "base_model" in keys:
        yield from reader.bases(keys["base_model"], keys.get("base_model_relation"))


class _Reader:
    """Turns nodes into values of one card."""

    def __init__(self, document: Document, offset: int, walk: _Walk) -> None:
        self.document, self.offset, self.walk = document, offset, walk

    def value(self, field: str, value: object, node: yaml.Node, rule: str, confidence: float = 0.99) -> Value:
        start, end = self.offset + node.start_mark.index, self.offset + node.end_mark.index
        return self.document.at(field, value, start, end, f"front.{rule}", confidence, PLACE)

    def licences(self, node: yaml.Node) -> Iterator[Value]:
        for scalar in self.walk.scalars(node):
            if scalar.value.lower() not in _GENERIC:
                yield self.value("licence", scalar.value.strip().lower(), scalar, "license")

    def licence_name(self, node: yaml.Node) -> Iterator[Value]:
        for scalar in self.walk.scalars(node):
            yield self.value("licence", scalar.value.strip().lower(), scalar, "license_name")

    def languages(self, node: yaml.Node) -> Iterator[Value]:
        names = aliases("languages", "names")
        for scalar in self.walk.scalars(node):
            written = scalar.value.strip().lower()
            code = names.get(written) or (written if _LANGUAGE.fullmatch(written) else None)
            if code:
                yield self.value("language", code, scalar, "language")

    def datasets(self, node: yaml.Node) -> Iterator[Value]:
        for scalar in self.walk.scalars(node):
            yield self.value("dataset", {"name": scalar.value.strip()}, scalar, "datasets")

    def bases(self, node: yaml.Node, relation: yaml.Node | None) -> Iterator[Value]:
        said = next((scalar.value for scalar in self.walk.scalars(relation)), None)
        for scalar in self.walk.scalars(node):
            value = {"name": scalar.value.strip()} | ({"relation": said} if said else {})
            yield self.value("base_model", value, scalar, "base_model")

    def tasks(self, node: yaml.Node) -> Iterator[Value]:
        domains = {row["task"]: row["domain"] for row in table("tasks")}
        for scalar in self.walk.scalars(node):
            task = scalar.value.strip().lower().replace(" ", "-").replace("_", "-")
            if task in domains:
                yield self.value("task", task, scalar, "pipeline_tag")
                yield self.value("domain", domains[task], scalar, "pipeline_tag", 0.95)

    def libraries(self, node: yaml.Node, rule: str = "library_name") -> Iterator[Value]:
        known, kinds = aliases("libraries", "tags"), {row["name"]: row["kind"] for row in table("libraries")}
        for scalar in self.walk.scalars(node):
            name = known.get(scalar.value.strip().lower())
            if name is None and rule == "library_name":
                name = scalar.value.strip().lower()
            if name:
                yield self.value(kinds.get(name, "library"), name, scalar, rule)

    def tags(self, node: yaml.Node) -> Iterator[Value]:
        domains = {row["task"]: row["domain"] for row in table("tasks")}
        for scalar in self.walk.scalars(node):
            written = scalar.value.strip()
            tag = written.lower()
            yield from self.libraries(scalar, "tag")
            if tag in domains:
                yield self.value("task", tag, scalar, "tag", 0.9)
                yield self.value("domain", domains[tag], scalar, "tag", 0.85)
            head, _, rest = tag.partition(":")
            if head == "license" and rest:
                yield self.value("licence", rest, scalar, "tag")
            elif head == "dataset" and rest:
                yield self.value("dataset", {"name": written.partition(":")[2]}, scalar, "tag")
            elif head == "base_model" and rest:
                yield self.value("base_model", {"name": written.partition(":")[2]}, scalar, "tag")
            if match := _ARXIV.search(tag):
                yield self.value("paper", {"arxiv": match[1]}, scalar, "tag", 0.9)
            elif match := _DOI.search(tag):
                yield self.value("paper", {"doi": match[1]}, scalar, "tag", 0.7)

    def metrics(self, node: yaml.Node) -> Iterator[Value]:
        """``model-index``: each result of each task."""
        for model in self.walk.sequence(node):
            for result in self.walk.sequence(self.walk.mapping(model).get("results")):
                parts = self.walk.mapping(result)
                yield from self._task_of(parts.get("task"))
                data = self.walk.mapping(parts.get("dataset"))
                written = {key: self._text(data.get(key)) for key in ("name", "type", "split", "config")}
                name = written["type"] or written["name"]
                if name and (shown := data.get("type") or data.get("name")) is not None:
                    yield self.value("dataset", {"name": name, "role": "eval"}, shown, "model_index", 0.95)
                for metric in self.walk.sequence(parts.get("metrics")):
                    yield from self._metric(self.walk.mapping(metric), written)

    def _task_of(self, node: yaml.Node | None) -> Iterator[Value]:
        kind = self.walk.mapping(node).get("type")
        if kind is not None:
            for value in self.tasks(kind):
                yield self.value(value.field, value.value, kind, "model_index", 0.8)

    def _text(self, node: yaml.Node | None) -> str | None:
        return node.value.strip()[:200] if isinstance(node, Scalar) and node.value.strip() else None

    def _metric(self, parts: dict[str, yaml.Node], data: dict[str, str | None]) -> Iterator[Value]:
        shown, name = parts.get("value"), self._text(parts.get("type")) or self._text(parts.get("name"))
        value = number(shown.value) if isinstance(shown, Scalar) else None
        if shown is None or value is None or name is None:
            return
        said = {"name": name.lower(), "value": value}
        if data["type"] or data["name"]:
            said["dataset"] = data["type"] or data["name"] or ""
        if data["split"]:
            said["split"] = data["split"]
        label = self._text(parts.get("name"))
        if label and label.lower() != name.lower():
            said["label"] = label
        yield self.value("metric", said, shown, "model_index", 0.98)

    def carbon(self, node: yaml.Node) -> Iterator[Value]:
        parts = self.walk.mapping(node)
        shown = parts.get("emissions", parts.get("value")) if parts else node
        grams = number(shown.value) if isinstance(shown, Scalar) else None
        if grams is not None and shown is not None:
            names = {"source": "source", "training_type": "training_type", "geographical_location": "location"}
            said = {to: text for key, to in names.items() if (text := self._text(parts.get(key)))}
            yield self.value("carbon", {"grams": grams, **said}, shown, "co2_eq_emissions", 0.95)
        hardware = parts.get("hardware_used")
        if (name := self._text(hardware)) and hardware is not None:
            hours = self._text(parts.get("hours_used"))
            said_hours = {"hours": amount} if hours and (amount := number(hours)) is not None else {}
            place = self._text(parts.get("geographical_location"))
            yield self.value(
                "hardware",
                {"name": name, **said_hours, **({"region": place} if place else {})},
                hardware,
                "co2_eq_emissions",
            )

    def widget(self, node: yaml.Node) -> Iterator[Value]:
        if isinstance(node, (yaml.SequenceNode, yaml.MappingNode)) and node.value:
            yield self.value("demo", {"kind": "widget"}, node, "widget", 0.9)

    def papers(self, node: yaml.Node) -> Iterator[Value]:
        for scalar in self.walk.scalars(node):
            if match := re.search(r"(\d{4}\.\d{4,5})", scalar.value[:300]):
                yield self.value("paper", {"arxiv": match[1]}, scalar, "paper")

    def repositories(self, node: yaml.Node) -> Iterator[Value]:
        for scalar in self.walk.scalars(node):
            if "github.com/" in scalar.value:
                yield self.value("github", scalar.value.strip()[:500], scalar, "github")

    def framework_key(self, node: yaml.Node) -> Iterator[Value]:
        yield from self.libraries(node, "framework")

    def inference_input(self, node: yaml.Node) -> Iterator[Value]:
        for scalar in self.walk.scalars(node):
            yield self.value("input_format", scalar.value.strip()[:300], scalar, "instance_prompt", 0.8)


_KEYS = {
    "license": _Reader.licences, "licence": _Reader.licences, "license_name": _Reader.licence_name,
    "language": _Reader.languages, "languages": _Reader.languages, "lang": _Reader.languages,
    "datasets": _Reader.datasets, "dataset": _Reader.datasets,
    "pipeline_tag": _Reader.tasks, "task": _Reader.tasks,
    "library_name": _Reader.libraries, "library": _Reader.libraries,
    "framework": _Reader.framework_key, "frameworks": _Reader.framework_key,
    "tags": _Reader.tags, "tag": _Reader.tags, "model-index": _Reader.metrics,
    "co2_eq_emissions": _Reader.carbon, "widget": _Reader.widget,
    "arxiv": _Reader.papers, "paper": _Reader.papers, "papers": _Reader.papers,
    "github": _Reader.repositories, "repo": _Reader.repositories, "instance_prompt": _Reader.inference_input,
}  # fmt: skip
