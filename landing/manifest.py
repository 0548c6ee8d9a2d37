"""What a run says about itself: the manifest (how it began and ended) and its parts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

Format = Literal["json-array", "json-object", "jsonl", "parquet", "csv", "envelopes"]
State = Literal["running", "complete", "partial", "abandoned"]


class Part(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One landed file.

    ``path`` is relative to the run's folder. ``sha256`` and ``stored_bytes`` are those of the
    file on disk; ``body_sha256`` and ``body_bytes`` those of what was received. ``fields`` names what the
    records state, in the hub's own field names: a field that is not listed is unknown, which
    is not the same as empty. ``suspect`` is set where the body could not be read as what it should be;
    ``at`` is the dotted path to the records of a page that is an object.
    """

    path: str
    format: Format
    kind: str
    key: str
    records: int
    sha256: str
    stored_bytes: int
    body_sha256: str
    body_bytes: int
    fetched_at: str
    url: str
    status: int = 200
    etag: str | None = None
    fields: list[str] = []
    walk: str = ""
    suspect: str | None = None
    at: str = ""


class Manifest(msgspec.Struct, kw_only=True):
    """How a run began and, once ``state`` is not ``running``, how it ended.

    ``kind`` is what was asked (``listing``, ``incremental``, ``counters``, ``details``,
    ``import``). ``complete`` means that the run saw every public model of the source, so that
    absence is evidence of removal. ``state='partial'`` means that something asked for is missing
    (see ``failures``), ``'abandoned'`` that the run was given up unfinished: it is never loaded.
    ``observed_at`` is the moment the snapshot stands for. ``requests`` is the budget spent: calls
    per rate-limit class, retries, refusals, seconds waited.
    """

    run_id: str
    source: str
    kind: str
    program: str
    parser: str
    started_at: str
    config: dict[str, Any]
    state: State = "running"
    complete: bool = False
    observed_at: str | None = None
    finished_at: str | None = None
    counts: dict[str, int] = {}
    requests: dict[str, float] = {}
    failures: list[dict[str, Any]] = []
    journal_sha256: str | None = None
    watermark: str | None = None
    format_version: int = 1


class Line(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A line of the journal: a part that counts from now on, and where its walk stands after it.

    A ``failure`` with ``during`` counts once that walk has moved on: before, what failed will be asked for again.
    ``resumed`` marks where a run was taken up after it had been cut off: failures that waited then are void.
    """

    at: str
    part: Part | None = None
    walk: str | None = None
    cursor: Any = None
    done: bool = False
    failure: dict[str, Any] | None = None
    during: str | None = None
    resumed: bool = False


def observed(manifest: Manifest) -> datetime:
    """The moment a finished run's snapshot stands for."""
    from landing.clock import from_iso

    return from_iso(manifest.observed_at or manifest.finished_at or manifest.started_at)
