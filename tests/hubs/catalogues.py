"""What the tests of hubs with an API share: verbs through the command line's own door, and what a census holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import zstandard
from doors import hubcensus as verb

from landing import Run, Zone
from warehouse.reader import Reader

#: Everything that goes away on retry, often.
STORM = "429=0.1,5xx=0.1,cut=0.1,malformed=0.1,retry=0"


def crawl(home: Path, hub: str, endpoint: str, *words: str, code: int = 0) -> Any:
    """Crawl a simulated hub; the facts of the run."""
    document = verb(home, "crawl", hub, "--endpoint", endpoint, *words, code=code)
    return document["runs"][0] if isinstance(document, dict) else document


def load(home: Path) -> Reader:
    """Load what has landed, check it and open it."""
    verb(home, "load")
    verb(home, "check")
    return Reader(home / "warehouse.duckdb")


def by_model(reader: Reader, query: str) -> dict[str, Any]:
    """A query whose rows begin with the model's id: the rest of its row, or the one column that is left."""
    return {row[0]: row[1] if len(row) == 2 else row[1:] for row in reader.rows(query)}


def lists(reader: Reader, query: str) -> dict[str, list[Any]]:
    """A query with rows (model, value): the values of every model, in order."""
    found: dict[str, list[Any]] = {}
    for name, *rest in reader.rows(query):
        found.setdefault(name, []).append(rest[0] if len(rest) == 1 else tuple(rest))
    return {name: sorted(values) for name, values in found.items()}


def bodies(home: Path, hub: str, kind: str) -> list[bytes]:
    """The unpacked parts of one kind of the newest run."""
    newest: Run = max(Zone(home / "landing").runs(hub), key=lambda found: found.manifest.started_at)
    paths = [newest.verify(part) for part in newest.parts() if part.kind == kind]
    return [zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes()) for path in paths]


def everything(home: Path) -> bytes:
    """All bytes under a home, packed ones unpacked: what a secret must not be in."""
    found = b""
    for path in sorted(home.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            found += zstandard.ZstdDecompressor().decompressobj().decompress(data) if path.suffix == ".zst" else data
    return found
