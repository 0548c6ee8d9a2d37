"""The cards in the landing zone, each once by the sha256 of its bytes, whatever run or hub brought it.

Crawls, repositories and imported dumps all land cards as envelopes of kind ``card``, so one loop reads them all: a
part at a time, a line at a time. Which cards are done stands on disk in a throw-away SQLite file: a hub has millions,
and memory has to stay flat.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import zstandard

from landing import Run, Zone

KIND = "understood"
# Of a source's own stages nothing is a card; looking into their parts would only cost time.
_STAGES = ("cards", "downstream-", "probe-")


class _Card(msgspec.Struct):
    sha256: str
    status: int = 200
    body: str | None = None
    body_base64: bytes | None = None


class _Key(msgspec.Struct):
    key: str


_card = msgspec.json.Decoder(_Card)
_key = msgspec.json.Decoder(_Key)


@dataclass(frozen=True, slots=True)
class Card:
    """One card: the hash of its bytes, and its text as the warehouse has it."""

    sha256: str
    text: str


class Seen:
    """The hashes that are done: exact, on disk, gone when closed."""

    def __init__(self) -> None:
        """Begin with none."""
        self._base = sqlite3.connect("", isolation_level=None)
        for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -16000"):
            self._base.execute(f"PRAGMA {setting}")
        self._base.execute("CREATE TABLE seen (hash BLOB PRIMARY KEY) WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._base.close()

    def add(self, sha256: str) -> bool:
        """Note a hash; whether it is new."""
        found = self._base.execute("INSERT OR IGNORE INTO seen VALUES (?)", (sha256.encode(),))
        return found.rowcount > 0


def with_cards(zone: Zone) -> list[Run]:
    """The finished runs that may hold cards, oldest observation first."""
    return [run for run in zone.finished() if not run.manifest.source.startswith(_STAGES)]


def done(runs: list[Run], seen: Seen) -> int:
    """Note every card that these runs of ours have read; how many records they hold."""
    count = 0
    for run in runs:
        for part in run.parts():
            if part.kind == KIND:
                for line in lines(run.path(part)):
                    seen.add(_key.decode(line).key)
                    count += 1
    return count


def cards(runs: list[Run], seen: Seen) -> Iterator[Card]:
    """The cards of ``runs`` that are not among ``seen``, which from then on they are."""
    for run in runs:
        for part in run.parts():
            if part.kind != "card" or part.format != "envelopes":
                continue
            for line in lines(run.path(part)):
                envelope = _card.decode(line)
                if envelope.status in (200, 206) and seen.add(envelope.sha256):
                    yield Card(envelope.sha256, _text(envelope))


def _text(envelope: _Card) -> str:
    if envelope.body is not None:
        return envelope.body
    return (envelope.body_base64 or b"").decode("utf-8", "replace")


def lines(path: Path) -> Iterator[bytes]:
    """The lines of a landed bundle, one by one."""
    with _unpacked(path) as stream:
        rest = b""
        while block := stream.read(1 << 20):
            *whole, rest = (rest + block).split(b"\n")
            yield from whole
        if rest:
            yield rest


@contextmanager
def _unpacked(path: Path) -> Iterator[Any]:
    with path.open("rb") as handle, zstandard.ZstdDecompressor().stream_reader(handle) as stream:
        yield stream
