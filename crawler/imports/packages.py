"""Tables of packages of other registries with their downloads: what a hub's popularity is held against.

A row says registry, name and downloads, as CSV with a header or without one. A header names its columns
(``registry``, ``ecosystem``; ``name``, ``package``; ``downloads``, ``count``, ...). Without one the columns are told
by what they hold, as in the table of Jiang et al., ICSE 2023 (figure 1): downloads, registry, and an empty column
where names could be. A number may have thousands separators; a row without a whole number is quarantined by the load.

The file lands as it was, and beside it every row as a JSON line. It does not say when it was made, so
``--observed-at`` is needed, nor over which window the downloads were counted: that is the table's own affair.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import IO

from crawler.imports._runs import OnLanded, Runs
from landing import Manifest, RunWriter, UsageError, Zone
from landing.errors import storage
from landing.files import sha256_file

TITLE = "downloads of packages of other registries (CSV of registry, name, downloads)"
VERSION = "packages/1"
SOURCE = "packages"

#: A table of every package of the largest registry has some ten million rows.
MOST_ROWS, LONGEST_FIELD = 20_000_000, 512
_NAMES = {
    "registry": ("registry", "ecosystem", "platform", "source", "hub"),
    "name": ("name", "package", "project", "model", "repo"),
    "downloads": ("downloads", "count", "monthly_downloads", "weekly_downloads", "download_count"),
}
_NUMBER = re.compile(r"\d{1,18}|\d{1,3}(?:,\d{3}){1,5}")


def land(
    zone: Zone,
    path: Path,
    *,
    observed_at: datetime | None = None,
    program: str,
    complete: bool = False,
    on_landed: OnLanded | None = None,
) -> list[Manifest]:
    """Land one table as one run; returns that run.

    Raises :class:`UsageError` where the file is no such table or nobody says when it was made.
    """
    if observed_at is None:
        raise UsageError(f"{path.name} does not say when it was made; add --observed-at TIME.")
    if not path.is_file():
        raise UsageError(f"There is no file {path}.")
    places = _columns(path)

    def fill(writer: RunWriter) -> None:
        steps = (_original, _rows)
        for step in steps[writer.landed :]:
            step(writer, path, places)

    with zone.lock(SOURCE):
        runs = Runs(zone, SOURCE, program=program, parser=VERSION, complete=complete, on_landed=on_landed)
        return [runs.run(sha256_file(path), path.name, observed_at, fill)]


def _original(writer: RunWriter, path: Path, places: dict[str, int]) -> None:
    writer.adopt(path, format="csv", kind="original", records=1, fields=[], url=path.name)


def _rows(writer: RunWriter, path: Path, places: dict[str, int]) -> None:
    with storage(writer.folder, "write to"), tempfile.TemporaryDirectory(dir=writer.folder) as folder:
        file = Path(folder) / "packages.jsonl"
        count = 0
        with file.open("w", encoding="utf-8") as lines, _table(path) as table:
            for count, row in enumerate(_body(path, table, places), 1):
                said = {
                    name: row[place].strip()[:LONGEST_FIELD] for name, place in places.items() if place < len(row)
                }
                lines.write(json.dumps({**said, "ordinal": count}) + "\n")
        writer.adopt(file, format="jsonl", kind="packages", records=count, fields=sorted(places), url=path.name)


def _body(path: Path, table: Iterator[list[str]], places: dict[str, int]) -> Iterator[list[str]]:
    """The rows below the header, where there is one."""
    first = next(table)
    rows = table if _is_header(first) else chain([first], table)
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS:
            raise UsageError(f"{path.name} has more than {MOST_ROWS:,} rows.")
        if row:
            yield row


def _bytes(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")  # type: ignore[return-value]


@contextmanager
def _table(path: Path) -> Iterator[Iterator[list[str]]]:
    """The rows of a CSV file, packed or not."""
    try:
        with _bytes(path) as stream, io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
            yield csv.reader(text, strict=True)
    except (csv.Error, UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UsageError(f"{path.name} cannot be read as CSV: {error}.") from error


def _columns(path: Path) -> dict[str, int]:
    """Which column holds what: by the header's words, else by what the first rows hold."""
    with _table(path) as table:
        head = [row for _, row in zip(range(100), table, strict=False) if row]
    if not head:
        raise UsageError(f"{path.name} holds no row.")
    found = _named(head[0]) if _is_header(head[0]) else _guessed(head)
    if not {"registry", "downloads"} <= set(found):
        raise UsageError(
            f"{path.name} needs a column of registries and one of downloads; its first row is "
            f"{','.join(head[0])[:80]!r}."
        )
    return found


def _is_header(row: list[str]) -> bool:
    """A header holds words only; a row of the table holds a number."""
    return not any(_NUMBER.fullmatch(field.strip()) for field in row)


def _named(header: list[str]) -> dict[str, int]:
    words = [field.strip().lower().replace(" ", "_") for field in header]
    return {name: words.index(word) for name, known in _NAMES.items() for word in known[::-1] if word in words}


def _guessed(rows: list[list[str]]) -> dict[str, int]:
    """Downloads are the numbers, the registry is the column of words with fewest values, a name is any other."""
    width = min(len(row) for row in rows)
    columns = [[row[place].strip() for row in rows] for place in range(width)]
    numbers = [place for place in range(width) if all(_NUMBER.fullmatch(value) for value in columns[place])]
    words = [place for place in range(width) if all(columns[place]) and place not in numbers]
    if len(numbers) != 1 or not words:
        return {}
    registry = min(words, key=lambda place: len(set(columns[place])))
    found = {"downloads": numbers[0], "registry": registry}
    names = [place for place in words if place != registry]
    return {**found, "name": names[0]} if names else found
