"""What the crawler's tests share: a quick crawl, and what a run landed, read back as a loader would."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import zstandard

from crawler.crawl import Options, crawl
from crawler.session import Patience
from landing import Manifest, Run, Zone

PATIENT = Patience(attempts=8, base=0.01, longest=0.05, connect=2, silence=0.6, deadline=20)


def go(zone: Zone, endpoint: str, **asked: Any) -> Manifest:
    """Crawl with little waiting."""
    asked = {"patience": PATIENT, **asked}
    return crawl(zone, "huggingface", Options(endpoint=endpoint, **asked), program="test 1")


def run_of(zone: Zone, manifest: Manifest) -> Run:
    """The run a manifest belongs to."""
    return Run.read(zone.root / manifest.source / manifest.run_id)


def bodies(run: Run, kind: str) -> list[bytes]:
    """The unpacked parts of one kind, after checking their hashes."""
    found = [run.verify(part) for part in run.parts() if part.kind == kind]
    return [zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes()) for path in found]


def records(run: Run, kind: str = "models") -> list[dict[str, Any]]:
    """The records of a listing that can be read."""
    rows: list[Any] = []
    for body in bodies(run, kind):
        try:
            rows += json.loads(body.decode("utf-8", "replace"))
        except ValueError:
            continue
    return [row for row in rows if isinstance(row, dict)]


def ids(run: Run, kind: str = "models") -> list[str]:
    """The ids in the order they were landed."""
    return [row["id"] for row in records(run, kind) if "id" in row]


def envelopes(run: Run, kind: str) -> list[dict[str, Any]]:
    """The envelopes of one kind."""
    return [json.loads(line) for body in bodies(run, kind) for line in body.splitlines()]


def everything(folder: Path) -> bytes:
    """All bytes under a folder, packed parts unpacked: what a secret must not be in."""
    found = b""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            found += zstandard.ZstdDecompressor().decompressobj().decompress(data) if path.suffix == ".zst" else data
    return found


#: The real dumps, where they are at hand.
SHARED = Path(os.environ.get("HUBCENSUS_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
