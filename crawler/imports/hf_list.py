"""Records of the Hugging Face Hub's API as others saved them.

Takes what people publish: a JSON array or JSON lines of ``/api/models`` records (plain, ``.gz``
or ``.zst``), the same as Parquet, tables of ids and downloads as CSV, README files as JSON lines
of ``{modelId, readme}``, and series that hold many days in one file (a column ``mined_date``,
``date`` or ``_fetched_on``). Columns keep the file's own names: a column that the dump lacks is
unknown in the census, which is not the same as empty.

A dump becomes one run of source ``huggingface`` per moment of observation. That moment is what
the caller says, else the day of each row, else the date in the file's name, else the newest time
stamp within. A dump counts as a part of the hub unless the caller knows that it is all of it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from crawler import cards
from crawler.imports._dump import Dump
from crawler.imports._runs import OnLanded, Runs
from landing import Manifest, Record, RunWriter, UsageError, Zone
from landing.clock import from_iso
from landing.errors import storage
from landing.files import sha256_file

TITLE = "Hub API records, ids, downloads or cards of Hugging Face as JSON, JSONL, Parquet or CSV"
VERSION = "hf-list/1"
SOURCE = "huggingface"

BUNDLE_RECORDS, BUNDLE_BYTES = 200, 8 << 20


class _Card(msgspec.Struct):
    readme: str | None = None
    modelId: str | None = None
    id: str | None = None


def land(
    zone: Zone,
    path: Path,
    *,
    observed_at: datetime | None = None,
    program: str,
    complete: bool = False,
    on_landed: OnLanded | None = None,
) -> list[Manifest]:
    """Land one file and return its runs, oldest observation first.

    Landing the same file for the same moment again lands nothing and returns the run that has it;
    ``on_landed`` is told each run and whether it is new.
    """
    if not path.is_file():
        raise UsageError(f"There is no file {path}.")
    dump = Dump(path)
    with zone.lock(SOURCE):
        landing = _Landing(zone, dump, program, complete, on_landed)
        if "readme" in dump.columns and dump.format == "jsonl":
            return [landing.cards(_moment(dump, observed_at))]
        column = dump.date_column()
        days = dump.dates(column) if column and not (observed_at and column == "_fetched_on") else []
        if column and len(days) > 1:
            if observed_at:
                raise UsageError(f"{path.name} holds {len(days)} days (column {column}); leave out --observed-at.")
            return landing.series(column, days)
        if days and not observed_at:
            return [landing.whole(from_iso(days[0]))]
        return [landing.whole(_moment(dump, observed_at))]


def _moment(dump: Dump, observed_at: datetime | None) -> datetime:
    moment = observed_at or dump.newest()
    if moment is None:
        raise UsageError(f"{dump.path.name} does not say when it was observed; add --observed-at TIME.")
    return moment


class _Landing:
    """One file on its way into the zone."""

    def __init__(self, zone: Zone, dump: Dump, program: str, complete: bool, on_landed: OnLanded | None) -> None:
        self.zone, self.dump, self.complete = zone, dump, complete
        self.runs = Runs(zone, SOURCE, program=program, parser=VERSION, complete=complete, on_landed=on_landed)
        self.digest = sha256_file(dump.path)
        self.kind = "datasets" if dump.holds_datasets() else "models"

    def whole(self, moment: datetime) -> Manifest:
        """The file as it is, as one part of one run."""

        def fill(writer: RunWriter) -> None:
            self._adopt(writer, self.dump.path, self.dump.count)

        return self._run(moment, fill)

    def series(self, column: str, days: list[str]) -> list[Manifest]:
        """One run per day; rows keep all columns and values."""
        for day in days:
            from_iso(day)
        write = self._write_lines if self.dump.is_json else self._write_parquet
        with storage(self.zone.root, "write to"), tempfile.TemporaryDirectory(dir=self.zone.root) as folder:
            counts = write(Path(folder), column, days)
            return [self._day(Path(folder), day, counts) for day in days]

    def _day(self, folder: Path, day: str, counts: dict[str, int]) -> Manifest:
        def fill(writer: RunWriter) -> None:
            self._adopt(writer, next(folder.glob(f"{day}.*")), counts[day])

        return self._run(from_iso(day), fill)

    def _write_parquet(self, folder: Path, column: str, days: list[str]) -> dict[str, int]:
        day = f"left({self.dump.column(column)}, 10)"
        with self.dump.connect() as connection:
            connection.execute("SET preserve_insertion_order = true")
            connection.execute(f'CREATE TEMP TABLE rows AS SELECT *, {day} AS "_day" FROM {self.dump.relation}')
            for name in days:
                target = str(folder / f"{name}.parquet").replace("'", "''")
                query = f'SELECT * EXCLUDE ("_day") FROM rows WHERE "_day" = \'{name}\''
                connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
            return dict(connection.execute('SELECT "_day", count(*) FROM rows GROUP BY ALL').fetchall())

    def _write_lines(self, folder: Path, column: str, days: list[str]) -> dict[str, int]:
        if self.dump.format != "jsonl":
            raise UsageError(f"{self.dump.path.name} holds {len(days)} days in one array; add --observed-at TIME.")
        counts = dict.fromkeys(days, 0)
        for line in self.dump.lines():
            day = str(msgspec.json.decode(line)[column])[:10]
            counts[day] += 1
            with (folder / f"{day}.jsonl").open("ab") as stream:
                stream.write(line.rstrip(b"\r\n") + b"\n")
        return counts

    def cards(self, moment: datetime) -> Manifest:
        """README files become envelopes of kind ``card``, as a crawl would have landed them."""
        if self.complete:
            raise UsageError(f"{self.dump.path.name} holds cards, not a listing; leave out --complete.")

        def fill(writer: RunWriter) -> None:
            for bundle in _bundles(self._records(moment), skip=writer.records):
                writer.write_records(bundle, walk="import")

        return self._run(moment, fill)

    def _records(self, moment: datetime) -> Iterator[Record]:
        decoder = msgspec.json.Decoder(_Card)
        for number, line in enumerate(self.dump.lines(), 1):
            row = decoder.decode(line)
            name = row.modelId or row.id
            if name is None or row.readme is None:
                continue
            body = row.readme.encode("utf-8", "replace")
            yield Record(
                kind="card",
                key=name,
                url=f"{self.dump.path.name}#L{number}",
                status=200,
                fetched_at=moment,
                body=body,
                decoded=cards.decode(body),
                decoder=cards.VERSION,
            )

    def _adopt(self, writer: RunWriter, path: Path, count: int) -> None:
        if writer.landed:
            return
        format = "parquet" if path.suffix == ".parquet" else self.dump.format
        columns, name = self.dump.columns, self.dump.path.name
        writer.adopt(path, format=format, kind=self.kind, records=count, fields=columns, url=name)

    def _run(self, moment: datetime, fill: Callable[[RunWriter], None]) -> Manifest:
        return self.runs.run(self.digest, self.dump.path.name, moment, fill)


def _bundles(records: Iterable[Record], *, skip: int) -> Iterator[list[Record]]:
    """Group records by number and size, leaving out those a cut-off run has already landed."""
    bundle: list[Record] = []
    size = 0
    for number, record in enumerate(records):
        if number < skip:
            continue
        bundle.append(record)
        size += len(record.body)
        if len(bundle) >= BUNDLE_RECORDS or size >= BUNDLE_BYTES:
            yield bundle
            bundle, size = [], 0
    if bundle:
        yield bundle
