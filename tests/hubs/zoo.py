"""What the tests of hubs share: fixtures as trees, a crawl from a copy, a census of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from doors import hubcensus

from crawler import hubs
from landing import Run, Zone
from warehouse.reader import Reader

FIXTURES = Path(__file__).parent / "fixtures"


@dataclass(frozen=True)
class Fixture:
    """The synthetic copy of one hub's repository, and what is true of it."""

    name: str

    @cached_property
    def expected(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((FIXTURES / self.name / "expected.json").read_text(encoding="utf-8"))
        return found

    def copy(self, target: Path, *parts: str) -> Path:
        """The tree, or the parts named one over the other, in a folder of its own."""
        for part in parts or ("tree",):
            shutil.copytree(FIXTURES / self.name / part, target, dirs_exist_ok=True)
        return target


def repositories() -> list[str]:
    """The hubs that live in a repository."""
    return [name for name in hubs.names() if hasattr(hubs.load(name), "REPOSITORY")]


def census(home: Path) -> Reader:
    """Load what has landed, check it, and open it."""
    hubcensus(home, "load")
    hubcensus(home, "check")
    return Reader(home / "warehouse.duckdb")


def ids(reader: Reader, hub: str) -> list[str]:
    """The models of a hub that are there."""
    query = "SELECT model_id FROM mart.model WHERE hub = $1 AND NOT removed"
    return sorted(name for (name,) in reader.rows(query, [hub]))


def newest(home: Path, hub: str) -> Run:
    """The run of a hub that began last."""
    return max(Zone(home / "landing").runs(hub), key=lambda found: found.manifest.started_at)


def landed(run_: Run) -> list[tuple[str, int, str]]:
    """What a run holds, apart from when and under which numbers: kind, records and hash of its bodies."""
    return sorted((part.kind, part.records, _content(run_, part)) for part in run_.parts())


def _content(run_: Run, part: Any) -> str:
    if part.format != "envelopes":
        return str(part.body_sha256)
    import hashlib

    import zstandard

    body = zstandard.ZstdDecompressor().decompressobj().decompress(run_.verify(part).read_bytes())
    lines = [json.loads(line) for line in body.splitlines()]
    told = sorted(f"{line['kind']} {line['key']} {line['sha256']}" for line in lines)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
