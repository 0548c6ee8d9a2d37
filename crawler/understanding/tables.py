"""Claimed results in tables: which way a table runs, and which row or column is this model's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from crawler.understanding._base import Value
from crawler.understanding._document import Cell, Document, Table
from crawler.understanding._vocabulary import aliases
from crawler.understanding.numbers import NUMBER, number

MAX_TABLES, MAX_ROWS, MAX_VALUES = 60, 120, 1_500
Name = Callable[[str], "str | None"]
_NUMERIC = re.compile(
    rf"[\s*_`~≈]*(?P<n>{NUMBER}|\.\d{{1,6}}) ?%?\s?(?:(?:±|\+/-|\\pm|\(|/|-|–|\[).{{0,30}})?[\s*_`]*"
)
_DATA_HEAD = re.compile(
    r"(?:data ?sets?|tasks?|benchmarks?|test ?sets?|testset|evaluation set|corpus|languages?|lang|eval|category"
    r"|subset|domain|name|type|label|class|entity)(?: name)?s?"
)
_MODEL_HEAD = re.compile(
    r"(?:models?|methods?|systems?|names?|checkpoints?|architecture|variant|version|approach|backbone"
    r"|config)(?: name| size)?"
)
_VALUE_HEAD = re.compile(r"(?:values?|scores?|results?|performance|this model|ours|our model)")
_SCORE_WORDS = (
    "wer",
    "cer",
    "bleu",
    "accuracy",
    "f1",
    "map",
    "ndcg@10",
    "mrr",
    "rouge",
    "spearman",
    "perplexity",
    "miou",
    "exact match",
)
_COUNTS = re.compile(
    r"number|\bsize|#|tuples|samples|pairs|tokens|weight|count|version|year|hours|examples"
    r"|rows|epoch|length|link|n-shot|stderr"
)
_SECOND = re.compile(rf"\d ?/ ?({NUMBER})\s*$")
_FLAT = re.compile(r"[\W_]+")


def find(document: Document, metric_name: Name) -> Iterator[Value]:
    """The numbers of all tables that speak of metrics or of known benchmarks."""
    left = MAX_VALUES
    title = _title(document)
    for table in document.tables[:MAX_TABLES]:
        if len(table.rows) < 2 or len(table.rows[0]) < 2:
            continue
        for value in _Reader(document, table, metric_name, title).read():
            yield value
            left -= 1
            if left <= 0:
                return


def _title(document: Document) -> str:
    return document.sections[0].titles[0] if document.sections and document.sections[0].titles else ""


def _flat(text: str) -> str:
    return _FLAT.sub("", text.lower())


class _Reader:
    """One table."""

    def __init__(self, document: Document, table: Table, metric_name: Name, title: str) -> None:
        self.document, self.table, self.metric_name = document, table, metric_name
        parts = (title, title.rpartition("/")[2], *re.split(r": | - |, |\(", title)[:1])
        self.titles = list(dict.fromkeys(_flat(part) for part in parts))
        self.head = table.rows[0]
        self.rows = [row for row in table.rows[1 : MAX_ROWS + 1] if len(row) > 1]
        if len(self.rows) > 1 and sum(not cell.text for cell in self.head) * 2 >= len(self.head) > 3:
            self.head, self.rows = _grouped(self.head, self.rows[0]), self.rows[1:]
        self.words = [cell.text.lower().strip(" :*#") for cell in self.head]
        self.metrics = [metric_name(cell.text) for cell in self.head]

    def read(self) -> Iterator[Value]:
        """The shape decides: metric and value columns, a log, metrics across or down, benchmarks across or down."""
        words = self.words
        if "metric" in words and any(word in ("value", "score") for word in words) and len(words) > 2:
            yield from self._long()
        elif {"epoch", "step"} <= set(words) or "training loss" in words:
            yield from self._log()
        elif any(self.metrics[1:]) or (self.metrics[0] and len(self.rows) == 1):
            yield from self._across()
        elif sum(bool(self.metric_name(row[0].text)) for row in self.rows) >= max(1, len(self.rows) / 3):
            yield from self._down()
        elif sum(_benchmark(cell.text) for cell in self.head[1:]) >= max(2, len(self.head) / 3):
            yield from self._benchmarks_across()
        elif sum(_benchmark(row[0].text) for row in self.rows) >= max(2, len(self.rows) / 3):
            yield from self._benchmarks_down()

    def _long(self) -> Iterator[Value]:
        metric = self.words.index("metric")
        value = next(number for number, word in enumerate(self.words) if word in ("value", "score"))
        data = next(
            (number for number, word in enumerate(self.words) if number != metric and _DATA_HEAD.fullmatch(word)), 0
        )
        label = ""
        for row in self.rows:
            if len(row) > max(metric, value, data):
                label = row[data].text.strip(" -|") or label
                name = self.metric_name(row[metric].text) or row[metric].text.lower()[:40]
                if name and data != metric:
                    yield from self._one(row[value], name, label or None, "metric.table_long", 0.8)

    def _log(self) -> Iterator[Value]:
        """A log of training: the last row is the model as it was left."""
        for number_, cell in enumerate(self.rows[-1] if self.rows else []):
            name = self.metrics[number_] if number_ < len(self.metrics) else None
            if name and self.words[number_] != "training loss":
                yield from self._one(cell, name, None, "metric.training_log", 0.5)

    def _across(self) -> Iterator[Value]:
        """Metrics are columns, a row is a data set or a model."""
        models = bool(_MODEL_HEAD.fullmatch(self.words[0])) or self._like_models([row[0].text for row in self.rows])
        data = next(
            (
                n
                for n, word in enumerate(self.words)
                if not self.metrics[n] and _DATA_HEAD.fullmatch(word) and not (models and n == 0)
            ),
            None,
        )
        own = self._own([row[0].text for row in self.rows]) if models else None
        for position, row in enumerate(self.rows):
            dataset = (
                row[data].text
                if data is not None and len(row) > data
                else None
                if models or self.metrics[0]
                else row[0].text
            )
            rule, sure = self._sure("across", models, own, position)
            for cell, name in zip(row, self.metrics, strict=False):
                if name:
                    yield from self._one(cell, name, dataset, rule, sure, row[0].text if models else None)

    def _down(self) -> Iterator[Value]:
        """Metrics are rows; a column is a data set, a model, or the one with the values."""
        heads = [cell.text for cell in self.head[1:]]
        models = len(heads) > 1 and self._like_models(heads)
        own = self._own(heads) if models else None
        # A table whose header is a metric too (``Loss | 0.2``) has no header.
        rows = [self.head, *self.rows] if self.metrics[0] and _NUMERIC.fullmatch(heads[0]) else self.rows
        for row in rows:
            name = self.metric_name(row[0].text)
            for position, cell in enumerate(row[1:] if name else []):
                head = heads[position] if position < len(heads) else ""
                plain = len(row) == 2 or bool(_VALUE_HEAD.fullmatch(head.lower())) or rows is not self.rows
                rule, sure = self._sure("down", models, own, position)
                yield from self._one(
                    cell, name or "", None if plain or models else head, rule, sure, head if models else None
                )

    def _benchmarks_across(self) -> Iterator[Value]:
        labels = [row[0].text for row in self.rows]
        models = len(labels) > 1
        own = self._own(labels)
        start = 0 if _benchmark(self.head[0].text) else 1
        for position, row in enumerate(self.rows):
            rule, sure = self._sure("benchmarks_across", models, own, position)
            for cell, head in zip(row[start:], self.head[start:], strict=False):
                if not _benchmark(head.text):
                    continue
                name = (
                    self.metric_name(head.text.strip(" ↑↓").rpartition(" ")[2])
                    or self.metric_name(row[0].text)
                    or self._metric()
                )
                yield from self._one(cell, name, head.text, rule, sure - 0.05, row[0].text if models else None)

    def _benchmarks_down(self) -> Iterator[Value]:
        heads = [cell.text for cell in self.head]
        columns = [
            n
            for n in range(1, len(heads))
            if any(len(row) > n and _NUMERIC.fullmatch(row[n].text) for row in self.rows)
        ]
        columns = [n for n in columns if not _COUNTS.search(heads[n].lower())]
        own = self._own(heads[1:])
        for row in self.rows:
            for column in columns:
                if len(row) > column and row[0].text:
                    rule, sure = self._sure("benchmarks_down", len(columns) > 1, own, column - 1)
                    name = self.metric_name(heads[column]) or self._metric()
                    yield from self._one(
                        row[column], name, row[0].text, rule, sure - 0.05, heads[column] if len(columns) > 1 else None
                    )

    def _one(
        self, cell: Cell, name: str, dataset: str | None, rule: str, sure: float, model: str | None = None
    ) -> Iterator[Value]:
        match = _NUMERIC.fullmatch(cell.text) if len(cell.text) < 60 else None
        value = number(match["n"]) if match else None
        if value is None:
            return
        second = _SECOND.search(cell.text)
        if second:
            again = Cell(second[1], cell.start, cell.end, ())
            yield from self._one(again, name, dataset, rule, sure, model)
        said: dict[str, str | float] = {"name": name, "value": value}
        if dataset and not _NUMERIC.fullmatch(dataset):
            said["dataset"] = dataset[:120]
        if model and rule.endswith("_other"):
            said["model"] = model[:120]
        yield self.document.at("metric", said, cell.start, cell.end, rule, sure, "table")

    def _sure(self, shape: str, models: bool, own: int | None, position: int) -> tuple[str, float]:
        if not models:
            return f"metric.table_{shape}", 0.8
        if own is not None and own == position:
            return f"metric.table_{shape}_own", 0.75
        return f"metric.table_{shape}_other", 0.2

    def _own(self, labels: list[str]) -> int | None:
        """The row or column whose label is the card's title, or says so."""
        if len(labels) == 1:
            return 0
        best, found = 0.0, None
        for position, label in enumerate(labels):
            flat = _flat(label.rpartition("/")[2])
            if re.search(r"\b(?:this model|ours|our model|this)\b", label.lower()):
                return position
            for title in self.titles:
                if min(len(flat), len(title)) >= 4 and (flat in title or title in flat):
                    score = min(len(flat), len(title)) / max(len(flat), len(title))
                    if score > best:
                        best, found = score, position
        return found

    def _like_models(self, labels: list[str]) -> bool:
        """Whether labels look like names of models rather than of data sets."""
        some = [label for label in labels if label]
        like = sum(
            bool(
                re.search(
                    r"(?i)bert|gpt|llama|t5|bart|\d ?[bm]\b|base\b|large|small|ours|mistral|qwen|resnet|wav2vec"
                    r"|whisper|model",
                    label,
                )
            )
            for label in some
        )
        return like * 2 > len(some)

    def _metric(self) -> str:
        """The metric that the words before the table name."""
        at = self.table.at
        before = self.document.lower[max(0, at - 250) : at] + " ".join(self.document.titles(at)[:1])
        return next((self.metric_name(word) or "score" for word in _SCORE_WORDS if word in before), "score")


def _grouped(groups: list[Cell], names: list[Cell]) -> list[Cell]:
    """A header of two rows: each name under the last group that begins at or before it."""
    group, head = "", []
    for position, cell in enumerate(names):
        group = (groups[position].text if position < len(groups) else "") or group
        head.append(Cell(f"{cell.text} {group}".strip() if cell.text else group, cell.start, cell.end, cell.links))
    return head


def _benchmark(text: str) -> bool:
    known = aliases("datasets", "aliases")
    plain = re.sub(r"\s?[(\[].*", "", text.lower()).strip(" *:-_")
    return plain in known or plain.split(" ")[0].rstrip(",:") in known
