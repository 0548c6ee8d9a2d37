"""Landing zone -> warehouse: the runs it does not have yet, or all of them from nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from landing.manifest import Part, observed
from landing.run import Run
from landing.zone import Zone
from warehouse import (
    aliases,
    datasets,
    details,
    downstream,
    examinations,
    history,
    kept,
    licence_evidence,
    licence_terms,
    licences,
    matches,
    packages,
    pages,
    series,
    understood,
    versions,
    vocabulary,
)
from warehouse.database import SCHEMA_VERSION, Connection, Limits, building, open_reader
from warehouse.literals import insert, literal, value
from warehouse.mapping import Mapping, hubs, macros
from warehouse.snapshot import Snapshot

# Bodies read at once: large enough to keep the cores busy, small enough that memory stays flat.
BATCH_BYTES = 128_000_000
# Kinds of parts whose records are models of a hub; facts are in the uniform form, whatever the hub's own is.
MODEL_KINDS = ("models", "counters", "facts")

Progress = Callable[[str, int, int], None]
LoadPart = Callable[[Connection, int, int, Path, Part], int]


@dataclass(slots=True)
class Loaded:
    """What a load did."""

    runs: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    rebuilt: str | None = None
    records: int = 0
    quarantined: int = 0
    duplicates: int = 0


def load(
    zone: Zone, published: Path, limits: Limits, *, rebuild: bool = False, progress: Progress | None = None
) -> Loaded:
    """Bring the warehouse up to the landing zone and publish it.

    A run that was observed before one that is already in the warehouse changes history, so then
    the whole is built again. Raises :class:`CorruptError` for a part whose bytes have changed.
    """
    runs = sorted(zone.finished(), key=_order)
    have = {} if rebuild or not published.is_file() else _loaded(published)
    outcome = Loaded()
    todo = [run for run in runs if have.get(run.run_id) != run.manifest.journal_sha256]
    if have and not todo and not _other_schema(published):
        return outcome
    if have and (reason := _other_schema(published) or _late(runs, todo, have)):
        outcome.rebuilt, todo, rebuild = reason, runs, True
    with building(published, limits, fresh=rebuild) as connection:
        connection.execute(macros())
        for number, run in enumerate(todo):
            if progress:
                progress(run.run_id, number, len(todo))
            _load_run(connection, zone, run, outcome)
        _finish(connection)
    return outcome


def _order(run: Run) -> tuple[datetime, str]:
    return observed(run.manifest), run.run_id


def _loaded(published: Path) -> dict[str, str]:
    connection = open_reader(published)
    try:
        return dict(connection.execute("SELECT run_id, journal_sha256 FROM raw.run").fetchall())
    finally:
        connection.close()


def _other_schema(published: Path) -> str | None:
    """Why a warehouse of another version of the schema is built anew."""
    connection = open_reader(published)
    try:
        version = value(connection, "SELECT schema_version FROM raw.meta")
    finally:
        connection.close()
    return None if version == SCHEMA_VERSION else f"the warehouse has schema {version}, this release {SCHEMA_VERSION}"


def _late(runs: list[Run], todo: list[Run], have: dict[str, str]) -> str | None:
    """Why the warehouse cannot simply be added to, if it cannot."""
    newest = max((_order(run) for run in runs if run.run_id in have), default=None)
    missing = set(have) - {run.run_id for run in runs}
    if missing:
        return f"{len(missing)} run(s) of the warehouse are no longer in the landing zone"
    if newest is not None and any(_order(run) < newest for run in todo):
        return "a run was observed before one that had been loaded"
    return None


def _load_run(connection: Connection, zone: Zone, run: Run, outcome: Loaded) -> None:
    hub = run.manifest.source
    for stage in (downstream, examinations, packages, series, understood, versions):
        if hub.startswith(stage.PREFIX):
            _load_stage(connection, zone, run, outcome, stage.load_part)
            return
    if hub not in hubs():
        outcome.skipped.append(run.run_id)
        return
    mapping = Mapping.load(hub, connection)
    facts = Mapping.load(hub, connection, facts=True)
    vocabulary.learn_tasks(connection, mapping.sections["tasks"])
    connection.execute("BEGIN")
    run_key = _note_run(connection, run)
    snapshot = _open_snapshot(connection, mapping, run)
    entries = _note_parts(connection, zone, run, run_key)
    history.begin(connection)
    known: set[str] = set()
    duplicates = 0
    connection.execute("COMMIT")
    listed = [(record, path, part) for _, record, path, part in entries if part.kind in MODEL_KINDS]
    for batch in pages.batches(run_key, listed, BATCH_BYTES):
        reading = facts if batch.kind == "facts" else mapping
        # Outside the transaction: a body that DuckDB cannot read would abort it.
        pages.stage(connection, reading, batch)
        duplicates += _write(connection, reading, snapshot, batch, known)
    for part_id, record_id, path, part in entries:
        if kept.is_kept(part):
            kept.store(connection, run_key, record_id, path, part)
        if part.kind == "datasets":
            datasets.store(connection, snapshot, record_id, path, part)
        if part.format == "envelopes":
            connection.execute("BEGIN")
            details.stage(connection, part_id, path, part.body_bytes)
            if part.kind != "detail":
                details.write(connection, snapshot, part.kind)
            connection.execute("COMMIT")
            if part.kind == "detail":
                batch = pages.stage_envelopes(connection, mapping, run_key, part)
                _write(connection, mapping, snapshot, batch, known)
    connection.execute("BEGIN")
    # A dump of data sets alone may be whole and still says nothing about which models are gone.
    complete = run.manifest.complete and {part.kind for _, _, _, part in entries} != {"datasets"}
    records = history.end(connection, snapshot, complete=complete)
    licences.learn(connection)
    licence_evidence.learn(connection)
    _close_snapshot(connection, snapshot, run, run_key, complete, sorted(known), records, duplicates)
    connection.execute("COMMIT")
    outcome.runs.append(run.run_id)
    outcome.records += records
    outcome.duplicates += duplicates
    outcome.quarantined += value(
        connection, f"SELECT count(*) FROM raw.quarantine WHERE run_key = {run_key} AND NOT kept"
    )


def _load_stage(connection: Connection, zone: Zone, run: Run, outcome: Loaded, load_part: LoadPart) -> None:
    """A run about repositories, of the probe, or of reading cards: it makes no snapshot of a hub."""
    connection.execute("BEGIN")
    run_key = _note_run(connection, run)
    entries = _note_parts(connection, zone, run, run_key)
    connection.execute("COMMIT")
    for part_id, _, path, part in entries:
        outcome.records += load_part(connection, run_key, part_id, path, part)
    outcome.runs.append(run.run_id)
    outcome.quarantined += value(
        connection, f"SELECT count(*) FROM raw.quarantine WHERE run_key = {run_key} AND NOT kept"
    )


def _write(connection: Connection, mapping: Mapping, snapshot: Snapshot, batch: pages.Batch, known: set[str]) -> int:
    """Write the staged ``page`` and note in ``known`` what it states; returns how many rows repeated a model."""
    connection.execute("BEGIN")
    stated = mapping.known(batch.fields) | {"removed"}
    repeated = history.write(connection, mapping, snapshot, batch.kind, stated)
    history.learn_identity(connection)
    history.note_seen(connection, batch.kind)
    known |= stated | (set(mapping.chosen(batch.fields)) & {"downloads", "likes"})
    connection.execute("COMMIT")
    return repeated


def _note_run(connection: Connection, run: Run) -> int:
    manifest = run.manifest
    key = _next(connection, "run_key", "raw.run")
    insert(
        connection,
        "raw.run",
        [
            (
                key,
                manifest.run_id,
                manifest.source,
                manifest.kind,
                manifest.state,
                manifest.complete,
                _naive(manifest.observed_at or manifest.started_at),
                _naive(manifest.started_at),
                _naive(manifest.finished_at or manifest.started_at),
                manifest.program,
                manifest.parser,
                json.dumps(manifest.config, sort_keys=True),
                json.dumps(manifest.requests, sort_keys=True),
                len(manifest.failures),
                manifest.journal_sha256,
            )
        ],
    )
    return key


def _note_parts(connection: Connection, zone: Zone, run: Run, run_key: int) -> list[tuple[int, int, Path, Part]]:
    """Check every part's hash and number it; a page or a dump is also one record."""
    parts = [(run.verify(part), part) for part in run.parts()]
    part_id = _next(connection, "part_id", "raw.part")
    record_id = _next(connection, "record_id", "raw.record")
    entries: list[tuple[int, int, Path, Part]] = []
    for offset, (path, part) in enumerate(parts):
        entries.append((part_id + offset, record_id, path, part))
        record_id += part.format != "envelopes"
    root = zone.root.resolve()
    insert(
        connection,
        "raw.part",
        [
            (
                number,
                run_key,
                str(path.relative_to(root)),
                part.format,
                part.kind,
                part.fields,
                part.records,
                part.sha256,
                part.stored_bytes,
                part.body_bytes,
            )
            for number, _, path, part in entries
        ],
    )
    _note_records(connection, [entry for entry in entries if entry[3].format != "envelopes"])
    return entries


def _note_records(connection: Connection, entries: list[tuple[int, int, Path, Part]]) -> None:
    insert(
        connection,
        "raw.record",
        [
            (
                record_id,
                part_id,
                0,
                part.kind,
                part.key,
                None,
                part.url,
                part.status,
                _naive(part.fetched_at),
                part.etag,
                part.body_sha256,
                part.body_bytes,
                None,
            )
            for part_id, record_id, _, part in entries
        ],
    )


def _open_snapshot(connection: Connection, mapping: Mapping, run: Run) -> Snapshot:
    found = connection.execute(f"SELECT hub_id FROM core.hub WHERE hub = {literal(mapping.hub)}").fetchone()
    if found is None:
        hub_id = _next(connection, "hub_id", "core.hub")
        connection.execute(f"INSERT INTO core.hub SELECT {hub_id}, * FROM ({mapping.sections['hub']})")
    else:
        hub_id = int(found[0])
    moment = _naive(run.manifest.observed_at or run.manifest.started_at).isoformat(sep=" ")
    return Snapshot(_next(connection, "snapshot_id", "core.snapshot"), hub_id, moment)


def _close_snapshot(
    connection: Connection,
    snapshot: Snapshot,
    run: Run,
    run_key: int,
    complete: bool,
    fields: list[str],
    records: int,
    duplicates: int,
) -> None:
    insert(
        connection,
        "core.snapshot",
        [
            (
                snapshot.snapshot_id,
                snapshot.hub_id,
                run_key,
                run.manifest.kind,
                _naive(run.manifest.observed_at or run.manifest.started_at),
                complete,
                fields,
                records,
                duplicates,
                value(connection, f"SELECT count(*) FROM raw.quarantine WHERE run_key = {run_key} AND NOT kept"),
            )
        ],
    )


def _finish(connection: Connection) -> None:
    """What depends on the whole: renames, and the names of the field masks."""
    connection.execute("BEGIN")
    aliases.find(connection)
    matches.find(connection)
    downstream.join(connection)
    examinations.join(connection)
    understood.join(connection)
    licence_terms.learn(connection)
    connection.execute("DELETE FROM core.known_fields")
    for (known,) in connection.execute("SELECT DISTINCT known FROM core.model_version ORDER BY 1").fetchall():
        names = [name for position, name in enumerate(history.FIELDS) if known >> position & 1]
        insert(connection, "core.known_fields", [(known, names)])
    connection.execute("COMMIT")


def _next(connection: Connection, column: str, table: str) -> int:
    return value(connection, f"SELECT coalesce(max({column}), 0) + 1 FROM {table}")


def _naive(text: str) -> datetime:
    from landing.clock import from_iso

    return from_iso(text).replace(tzinfo=None)
