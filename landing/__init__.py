"""The landing zone: the corridor between the rooms of HubCensus.

Plain, append-only files. The crawler and the probe write here, the warehouse reads, and
nothing that was landed is ever rewritten, so the warehouse can be rebuilt from it at any time.

    landing/<source>/<run_id>/manifest.json    configuration, counts, how the run ended
                              journal.jsonl    one line per part, cursor, failure; append-only
                              parts/...        what was seen, compressed, each written whole

A *part* is one file: either one response as it came (a page of the list API, a public dump)
or a bundle of *envelopes*, one JSON line per response (cards, file trees, commits, ...).
A part counts once its line stands in the journal; the line also carries the cursor that
follows it, so a cursor can never be ahead of the data. A part without a line is debris of a
kill: the next run overwrites it.

This package imports nothing of ours.
"""

from landing.errors import (
    BusyError,
    CorruptError,
    HubCensusError,
    OperationalError,
    TransientError,
    UsageError,
)
from landing.manifest import Manifest, Part
from landing.record import Record
from landing.run import Run
from landing.writer import RunWriter
from landing.zone import Zone

__all__ = [
    "BusyError",
    "CorruptError",
    "HubCensusError",
    "Manifest",
    "OperationalError",
    "Part",
    "Record",
    "Run",
    "RunWriter",
    "TransientError",
    "UsageError",
    "Zone",
]
