"""A simulated GitHub for the tests of the downstream stages, and what landed of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import zstandard
from doors import hubcensus

from crawler.downstream import discover, fetch, mine
from hubcensus.verbs import downstream as verb
from landing import Zone
from simhub.api import SimApi
from simhub.github.app import GitHub
from simhub.github.limits import Limits
from simhub.github.repository import Repository

STAGES = ("discover", "fetch", "mine")


@contextmanager
def serving(
    repositories: list[Repository],
    monkeypatch: pytest.MonkeyPatch,
    *,
    faults: str = "",
    limits: Limits | None = None,
    incomplete: float = 0.0,
) -> Iterator[SimApi]:
    """A simulated GitHub that the verbs of this process talk to."""
    with SimApi(GitHub(repositories, limits=limits, incomplete=incomplete), faults=faults) as hub:
        monkeypatch.setenv("HUBCENSUS_ENDPOINT_GITHUB", hub.endpoint)
        monkeypatch.setenv("GITHUB_TOKEN", "simulated")
        yield hub


def discovered(home: Path, *words: str, code: int = 0) -> Any:
    """The stage discover."""
    return hubcensus(home, "downstream", "discover", *words, code=code)


def fetched(home: Path, *words: str, code: int = 0) -> Any:
    """The stage fetch."""
    return hubcensus(home, "downstream", "fetch", *words, code=code)


def mined(home: Path, *words: str, code: int = 0) -> Any:
    """The stage mine."""
    return hubcensus(home, "downstream", "mine", *words, code=code)


def listed(home: Path, names: list[str]) -> Any:
    """Names of repositories, discovered from a list."""
    path = home / "names.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(names))
    return discovered(home, "--from", str(path))


def rows(home: Path, query: str) -> list[dict[str, Any]]:
    """The rows of a query on the loaded warehouse."""
    hubcensus(home, "load")
    return hubcensus(home, "sql", query)


def landed(home: Path, stage: str) -> Counter[tuple[str, str, str]]:
    """What a stage landed, whatever the moment: kind, key and body of every record that counts."""
    found: Counter[tuple[str, str, str]] = Counter()
    for run in Zone(home / "landing").finished(f"downstream-{stage}"):
        for part in run.parts():
            body = zstandard.ZstdDecompressor().decompressobj().decompress(run.verify(part).read_bytes())
            if part.format != "envelopes":
                found[(part.kind, part.key if part.kind != "commits" else "", "")] += part.records
                continue
            for line in body.splitlines():
                envelope = json.loads(line)
                text = envelope.get("body") or envelope.get("body_base64") or ""
                found[(envelope["kind"], envelope["key"], text)] += 1
    return found


def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages, chunks and bundles, so that a small forge has many of them, and no long waits."""
    from crawler.session import Patience

    monkeypatch.setattr(discover, "PAGE", 5)
    monkeypatch.setattr(fetch, "CHUNK", 7)
    monkeypatch.setattr(fetch, "BUNDLE_RECORDS", 9)
    monkeypatch.setattr(mine, "_BUNDLE", 3)
    patient = Patience(base=0.01, longest=0.05)
    session = verb._session

    def quick(*asked: Any) -> Any:
        made = session(*asked)
        made.patience = patient
        return made

    monkeypatch.setattr(verb, "_session", quick)
