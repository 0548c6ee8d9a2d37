"""The daily Parquet dump of the Hugging Face Hub that is known as hub-stats, and dumps made like it.

Its ``models.parquet`` and ``datasets.parquet`` hold what the Hub's API says of every public repository on that
day; the files are overwritten every day and older states lie in the history of their repository. The dump grows
columns and changes their types (text with JSON in one year, nested columns in another), so nothing about them
is assumed: the columns are read from the file, the file lands byte for byte, and the warehouse takes every
column that it knows in whichever spelling it finds. What it does not know stays in the landing zone.

``PATH`` is a file, or a folder whose Parquet files are shards of one table (``models/train/0000.parquet``,
...). The dump does not say when it was taken: unless the caller does, that is the newest time stamp in it.
Tables of other things (Spaces, posts, papers) are refused by name of their columns.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from crawler.imports._dump import Dump
from crawler.imports._runs import OnLanded, Runs
from landing import Manifest, RunWriter, UsageError, Zone
from landing.files import sha256_file

TITLE = "Parquet dumps of the Hugging Face Hub, one row per model or data set (hub-stats)"
VERSION = "hub-stats/1"
SOURCE = "huggingface"

_IDS = ("id", "modelId", "model_id")
# Columns that only Spaces have.
_SPACES = frozenset({"sdk", "runtime", "subdomain"})
# At least one of these: a table of posts or papers has none.
_REPOSITORY = frozenset({"tags", "likes", "downloads", "lastModified", "cardData"})


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

    Raises :class:`UsageError` where the files are no table of models or data sets, or do not say when
    they were taken.
    """
    dumps = [Dump(file) for file in _files(path)]
    kind = _kind(dumps)
    moment = observed_at or max((found for dump in dumps if (found := dump.newest())), default=None)
    if moment is None:
        raise UsageError(f"{path.name} does not say when it was taken; add --observed-at TIME.")
    digests = [sha256_file(dump.path) for dump in dumps]
    digest = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()

    def fill(writer: RunWriter) -> None:
        for dump in dumps[writer.landed :]:
            columns, name = dump.columns, dump.path.name
            writer.adopt(dump.path, format="parquet", kind=kind, records=dump.count, fields=columns, url=name)

    with zone.lock(SOURCE):
        runs = Runs(zone, SOURCE, program=program, parser=VERSION, complete=complete, on_landed=on_landed)
        return [runs.run(digest, path.name, moment, fill)]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        if not path.name.lower().endswith(".parquet"):
            raise UsageError(f"{path.name} is no .parquet file; 'import hf-list' takes JSON and CSV.")
        return [path]
    if not path.is_dir():
        raise UsageError(f"There is no file or folder {path}.")
    found = sorted(file for file in path.rglob("*.parquet") if file.is_file())
    if not found:
        raise UsageError(f"There is no .parquet file in {path}.")
    return found


def _kind(dumps: list[Dump]) -> str:
    """What the table is of; all files must be of the same."""
    kinds = {dump.path.name: _kind_of(dump) for dump in dumps}
    if len(set(kinds.values())) > 1:
        listed = ", ".join(f"{name}: {kind}" for name, kind in kinds.items())
        raise UsageError(f"The files hold different things ({listed}); import each by its own name.")
    return next(iter(kinds.values()))


def _kind_of(dump: Dump) -> str:
    columns = set(dump.columns)
    if not columns.intersection(_IDS) or not columns & _REPOSITORY or columns & _SPACES:
        shown = ", ".join(dump.columns[:12])
        raise UsageError(f"{dump.path.name} is no table of models or data sets; its columns are {shown}.")
    return "datasets" if dump.holds_datasets() else "models"
