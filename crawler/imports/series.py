"""Counters of models day by day, or month by month, that somebody kept in one table.

A row says which model, on which day, and downloads, likes or both (CSV, Parquet, JSON lines; also ``.gz``). A
column may be called as the table's author liked: ``id``, ``modelId`` or an address of the hub's page, else an owner
and a name; ``mined_date``, ``date`` or ``month``; ``downloads``, ``likes``; ``rank`` or ``trending`` for the place on
a list that somebody else ordered.

The whole table is **one run**: it holds no listing of a hub, so it becomes neither a snapshot nor a version of a
model, and hundreds of days cost one insert instead of hundreds of snapshots. (``import hf-list`` makes a snapshot of
every day of a table like this; that is right for few days, or where tags and tasks over time matter.) Its counters
stand in ``mart.model_metric`` beside those of the snapshots. The file lands as it was, and beside it the rows in one
form.

The run stands for the newest day of the table unless the caller says otherwise.
"""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from crawler.imports._dump import Dump
from crawler.imports._runs import OnLanded, Runs
from landing import Manifest, RunWriter, UsageError, Zone
from landing.clock import from_iso
from landing.errors import storage
from landing.files import sha256_file

TITLE = "counters of models over time in one table (CSV, Parquet, JSONL of model, day, downloads, likes)"
VERSION = "series/1"
SOURCE = "series"
HUB = "huggingface"

#: Columns by what they hold; of several that fit the first counts.
IDS = ("id", "modelId", "model_id", "repo_id", "model")
ADDRESSES = ("model_url", "url")
OWNERS = ("owner", "organization", "organisation", "author")
NAMES = ("model_name", "name")
DAYS = ("mined_date", "date", "day", "month", "observed_at", "snapshot", "_fetched_on")
COUNTERS = {
    "downloads": ("downloads", "downloads_last_month", "downloads_30d"),
    "likes": ("likes",),
    "rank": ("rank", "trending"),
}
#: Longer ids, and days written with more characters, are none.
LONGEST = 512
_ADDRESS = r"^https?://(www\.)?huggingface\.co/"


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

    Raises :class:`UsageError` where the file has no column of models, of days or of counters.
    """
    if complete:
        raise UsageError(f"{path.name} holds counters over time, not a listing; leave out --complete.")
    if not path.is_file():
        raise UsageError(f"There is no file {path}.")
    dump = Dump(path)
    columns = _columns(dump)
    moment = observed_at or _newest(dump, columns["observed_at"])

    def fill(writer: RunWriter) -> None:
        for step in (_original, _rows)[writer.landed :]:
            step(writer, dump, columns)

    with zone.lock(SOURCE):
        runs = Runs(zone, SOURCE, program=program, parser=VERSION, complete=False, on_landed=on_landed)
        return [runs.run(sha256_file(path), path.name, moment, fill)]


def _columns(dump: Dump) -> dict[str, str]:
    """SQL of every column of the common form that the table has."""
    held = set(dump.columns)

    def first(names: tuple[str, ...]) -> str | None:
        return next((dump.column(name) for name in names if name in held), None)

    name, address = first(IDS), first(ADDRESSES)
    owner, rest = first(OWNERS), first(NAMES)
    if name is None and address is not None:
        name = f"regexp_replace({address}, '{_ADDRESS}', '')"
    if name is None and owner is not None and rest is not None:
        name = f"{owner} || '/' || {rest}"
    day = first(DAYS)
    counters = {key: found for key, names in COUNTERS.items() if (found := first(names)) is not None}
    if name is None or day is None or not {"downloads", "likes"} & set(counters):
        raise UsageError(
            f"{dump.path.name} needs a column of model ids, one of days and one of downloads or likes; it has "
            f"{', '.join(dump.columns[:12])}."
        )
    return {"model_id": name, "observed_at": day, **counters}


def _newest(dump: Dump, day: str) -> datetime:
    text = dump.rows(f"SELECT max(try_cast({_moment(day)} AS TIMESTAMP))::VARCHAR FROM {dump.relation}")[0][0]
    if text is None:
        raise UsageError(f"{dump.path.name} names no day in its column of days.")
    return from_iso(str(text))


def _moment(day: str) -> str:
    """SQL: a month alone (``2024-05``) is its first day."""
    return f"CASE WHEN length({day}) = 7 THEN {day} || '-01' ELSE {day} END"


def _original(writer: RunWriter, dump: Dump, columns: dict[str, str]) -> None:
    writer.adopt(dump.path, format=dump.format, kind="original", records=1, fields=[], url=dump.path.name)


def _rows(writer: RunWriter, dump: Dump, columns: dict[str, str]) -> None:
    """The table in one form: every value as text, cut at a bound; the load judges it."""
    written = {**columns, "observed_at": _moment(columns["observed_at"])}
    picked = ", ".join(f"left({source}, {LONGEST}) AS {name}" for name, source in written.items())
    query = f"SELECT {picked}, '{HUB}' AS hub, row_number() OVER () AS ordinal FROM {dump.relation}"
    with storage(writer.folder, "write to"), tempfile.TemporaryDirectory(dir=writer.folder) as folder:
        path = Path(folder) / "series.parquet"
        target = str(path).replace("'", "''")
        with dump.connect() as connection:
            connection.execute("SET preserve_insertion_order = true")
            connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
        writer.adopt(
            path, format="parquet", kind="series", records=dump.count, fields=list(columns), url=dump.path.name
        )
