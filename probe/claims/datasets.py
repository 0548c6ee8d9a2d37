"""The data that a claim is about, from a local folder: ``ROOT/OWNER/NAME[/CONFIG]/SPLIT.{parquet,jsonl,json,csv}``.

Ids come out of cards and are hostile: an id that is no plain ``owner/name`` is not looked for. Files are read under
caps, by the standard library or (Parquet) by DuckDB, never by code that comes with a dataset. Shards are read as
``SPLIT-00000-of-00002.ext``, and a folder ``data`` inside is looked through as the hub lays it out.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from probe.claims.normalise import Unclear, split
from probe.claims.yamlish import Unreadable, read

MAX_BYTES = 4 << 30
MAX_ROWS = 2_000_000
MAX_LINE = 64 << 20
FORMATS = (".parquet", ".jsonl", ".ndjson", ".json", ".csv", ".tsv")

_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?\Z", re.ASCII)
_CONFIG = re.compile(r"[\w][\w.+-]{0,95}\Z", re.ASCII)
_SHARD = re.compile(r"(?P<split>.+?)(?:-\d{5}-of-\d{5}(?:-[0-9a-f]+)?|\.\d+)?\Z")

Row = dict[str, Any]


@dataclass(slots=True)
class Table:
    """Rows of one split. ``total`` is how many the split has; ``labels`` are class names by column, where known.

    ``positions`` are the rows' places in the split; ``folder`` is where relative paths of images lead.
    """

    rows: list[Row]
    total: int
    name: str
    config: str | None
    split: str
    folder: Path
    labels: dict[str, list[str]] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """Names of the columns, of the first row first."""
        return list(dict.fromkeys(key for row in self.rows[:100] for key in row))


def safe(name: str, config: str | None = None) -> bool:
    """Whether an id from a card may be used as a path."""
    return bool(_ID.match(name)) and ".." not in name and (config is None or bool(_CONFIG.match(config)))


def find(root: Path, ids: list[tuple[str, str | None]]) -> tuple[str, str | None, dict[str, list[Path]]]:
    """The first of the ids that is there: its name, its configuration, and its files by split.

    Raises :class:`~probe.claims.normalise.Unclear` with ``NO_DATASET``.
    """
    known = [(name, config) for name, config in ids if safe(name)]
    for name, config in known:
        folder = root / name
        if not folder.is_dir():
            continue
        inner = [config] if config and safe(name, config) else []
        for part in (*inner, "default", ""):
            splits = _splits(folder / part)
            if splits and folder.resolve().is_relative_to(root.resolve()):
                return name, config if part == config else None, splits
        nested = [
            p.name for p in sorted(folder.iterdir()) if p.is_dir() and not p.name.startswith(".") and _splits(p)
        ]
        if len(nested) == 1 and not config:
            return name, nested[0], _splits(folder / nested[0])
        if nested:
            said = f"configuration {config!r} is not among" if config else "the claim names none of"
            raise Unclear("NO_DATASET", f"{name}: {said} {', '.join(nested[:10])}")
    asked = ", ".join(f"{n}{f' ({c})' if c else ''}" for n, c in ids[:4]) or "no dataset is named"
    raise Unclear("NO_DATASET", asked)


def _splits(folder: Path) -> dict[str, list[Path]]:
    """Files by split; the split's own name where it is not one of the usual three."""
    found: dict[str, list[Path]] = {}
    for place in (folder, folder / "data"):
        if not place.is_dir():
            continue
        for path in sorted(place.iterdir()):
            match = _SHARD.match(path.stem)
            if path.suffix.lower() in FORMATS and path.is_file() and match and path.stem not in _FEATURES:
                found.setdefault(split(match["split"]) or match["split"], []).append(path)
        if found:
            break
    # One format per split: the first of the list above.
    for name, paths in found.items():
        best = min((FORMATS.index(p.suffix.lower()) for p in paths), default=0)
        found[name] = [p for p in paths if p.suffix.lower() == FORMATS[best]]
    return found


def load(
    root: Path,
    found: tuple[str, str | None, dict[str, list[Path]]],
    wanted: str,
    *,
    limit: int | None = None,
    seed: int = 0,
) -> Table:
    """One split: all its rows, or ``limit`` of them drawn without replacement, in their order.

    Raises :class:`~probe.claims.normalise.Unclear`: ``NO_DATASET`` (the split is not there, or it cannot be read),
    ``TOO_LARGE``.
    """
    name, config, splits = found
    if wanted not in splits:
        raise Unclear("NO_DATASET", f"{name} has no split {wanted!r} here, but {', '.join(sorted(splits))}")
    paths = splits[wanted]
    if any(path.suffix == ".json" and path.stat().st_size > MAX_LINE * 4 for path in paths):
        raise Unclear("TOO_LARGE", f"{name} {wanted}: a JSON file of that size is not read whole")
    if sum(path.stat().st_size for path in paths) > MAX_BYTES:
        raise Unclear("TOO_LARGE", f"{name} {wanted}: more than {MAX_BYTES} bytes")
    rng = np.random.default_rng([seed, 0xDA7A])
    kept: list[tuple[int, Row]] = []
    total = 0
    try:
        for path in paths:
            for row in rows(path):
                if total >= MAX_ROWS:
                    raise Unclear("TOO_LARGE", f"{name} {wanted}: more than {MAX_ROWS} rows")
                if limit is None or len(kept) < limit:
                    kept.append((total, row))
                elif (place := int(rng.integers(0, total + 1))) < limit:
                    # Reservoir sampling (Vitter 1985, algorithm R).
                    kept[place] = (total, row)
                total += 1
    except (OSError, ValueError, csv.Error, RecursionError) as error:
        if isinstance(error, Unclear):
            raise
        raise Unclear("NO_DATASET", f"{name} {wanted}: {path.name} cannot be read: {str(error)[:200]}") from error
    if not kept:
        raise Unclear("NO_DATASET", f"{name} {wanted} has no rows")
    kept.sort(key=lambda pair: pair[0])
    folder = root / name
    return Table([row for _, row in kept], total, name, config, wanted, folder, label_names(folder, config))


def rows(path: Path) -> Iterator[Row]:
    """The rows of one file. Raises ValueError or OSError for a damaged one."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        yield from _parquet(path)
    elif suffix in (".csv", ".tsv"):
        yield from _separated(path, "\t" if suffix == ".tsv" else ",")
    elif suffix == ".json":
        value = json.loads(path.read_text("utf-8"))
        listed = value.get("data", value.get("rows")) if isinstance(value, dict) else value
        if not isinstance(listed, list):
            raise ValueError("no list of rows")
        yield from (row for row in listed if isinstance(row, dict))
    else:
        with path.open("rb") as handle:
            while line := handle.readline(MAX_LINE + 1):
                if len(line) > MAX_LINE:
                    raise ValueError(f"a line of more than {MAX_LINE} bytes")
                if not line.strip():
                    continue
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise ValueError("a line is no object")
                yield row


def _separated(path: Path, delimiter: str) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        for row in csv.DictReader(handle, delimiter=delimiter):
            yield {key: value for key, value in row.items() if key is not None}


def _parquet(path: Path) -> Iterator[Row]:
    import duckdb

    try:
        with duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": False}) as connection:
            cursor = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
            columns = [column[0] for column in cursor.description]
            while batch := cursor.fetchmany(1_000):
                for values in batch:
                    yield dict(zip(columns, values, strict=True))
    except duckdb.Error as error:
        raise ValueError(str(error).splitlines()[0]) from error


_FEATURES = {"features", "dataset_info", "dataset_infos", "state"}


def label_names(folder: Path, config: str | None = None) -> dict[str, list[str]]:
    """Class names by column: from ``features.json``, ``dataset_info(s).json`` or ``dataset_info`` in the README."""
    for place in [folder / config, folder] if config else [folder]:
        for stem in ("features", "dataset_info", "dataset_infos"):
            path = place / f"{stem}.json"
            if path.is_file() and path.stat().st_size < 8 << 20:
                try:
                    found = _named(json.loads(path.read_text("utf-8")), config)
                except (ValueError, OSError, RecursionError):
                    continue
                if found:
                    return found
        card = place / "README.md"
        if card.is_file() and card.stat().st_size < 8 << 20:
            match = re.match(r"\s*---[ \t]*\r?\n(.*?)^---", card.read_text("utf-8", "replace"), re.S | re.M)
            try:
                front = read(match[1])[0] if match else None
            except Unreadable:
                front = None
            if isinstance(front, dict) and (found := _named(front.get("dataset_info"), config)):
                return found
    return {}


def _named(info: Any, config: str | None) -> dict[str, list[str]]:
    """Class names in any of the forms that features are written in."""
    if isinstance(info, list):
        by_name = {str(part.get("config_name")): part for part in info if isinstance(part, dict)}
        chosen = by_name.get(str(config)) or next(iter(by_name.values()), None)
        return _named(chosen, config) if chosen else {}
    if not isinstance(info, dict):
        return {}
    if config and isinstance(info.get(config), dict):
        info = info[config]
    features = info.get("features", info)
    if isinstance(features, list):
        features = {str(part.get("name")): part for part in features if isinstance(part, dict)}
    found = {str(column): _names(part) for column, part in features.items()} if isinstance(features, dict) else {}
    return {column: words for column, words in found.items() if words}


def _names(part: Any, depth: int = 0) -> list[str]:
    if isinstance(part, list) and part and all(isinstance(word, str) for word in part):
        return part
    if not isinstance(part, dict) or depth > 6:
        return []
    names = part.get("names")
    if isinstance(names, dict):
        order = sorted(names, key=lambda key: int(key) if str(key).isdecimal() else 1 << 30)
        return [str(names[key]) for key in order]
    if isinstance(names, list):
        return [str(word) for word in names]
    inner = (part.get(key) for key in ("class_label", "feature", "dtype", "sequence", "list", "ClassLabel"))
    return next((found for value in inner if (found := _names(value, depth + 1))), [])
