"""Opening the warehouse file: one builder at a time, any number of readers, atomic publishing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from landing.errors import BusyError, CorruptError, OperationalError, UsageError, storage
from landing.files import sync_folder

Connection = duckdb.DuckDBPyConnection

SCHEMA_VERSION = 6


@dataclass(frozen=True, slots=True)
class Limits:
    """What DuckDB may use: ``memory`` such as ``1GB``, ``threads`` (0: half of the cores to load, all to read)."""

    memory: str = "1GB"
    threads: int = 0


def schema() -> str:
    """The text of ``schema.sql``: from the wheel, else from the source tree."""
    packed = resources.files("warehouse").joinpath("schema.sql")
    if packed.is_file():
        return packed.read_text(encoding="utf-8")
    return (Path(__file__).parent.parent / "schema.sql").read_text(encoding="utf-8")


@contextmanager
def building(published: Path, limits: Limits, *, fresh: bool) -> Iterator[Connection]:
    """A writable copy of the published file (or an empty one); published when the block ends well.

    Raises :class:`BusyError` where another process builds, :class:`OperationalError` where the disk or
    its permissions do not allow it, :class:`CorruptError` where the published file is not a warehouse.
    """
    folder = published.parent
    with storage(folder, "write to"):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".warehouse.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise BusyError(f"Another load is building {published}; wait for it to end.") from None
    work = folder / ".warehouse-build"
    try:
        with storage(work, "write"):
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            target = work / "build.duckdb"
            if published.exists() and not fresh:
                shutil.copyfile(published, target)
        yield from _build(published, target, limits)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        lock.release()


def _build(published: Path, target: Path, limits: Limits) -> Iterator[Connection]:
    existed = target.exists()
    try:
        connection = _open_builder(target, limits)
        try:
            if not existed:
                connection.execute(schema())
                connection.execute(f"CREATE TABLE raw.meta AS SELECT {SCHEMA_VERSION} AS schema_version")
                connection.execute(
                    "COMMENT ON TABLE raw.meta IS 'Version of this schema; a warehouse of another version is rebuilt.'"
                )
            yield connection
            connection.execute("CHECKPOINT build")
        finally:
            connection.close()
    except duckdb.IOException as error:
        raise OperationalError(f"DuckDB could not write {target}: {_sentence(error)}") from error
    except duckdb.OutOfMemoryException as error:
        raise OperationalError(
            f"Loading needs more than the {limits.memory} it may use; set HUBCENSUS_MEMORY_LIMIT higher. "
            f"({_sentence(error)})"
        ) from error
    except (duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException) as error:
        raise CorruptError(
            f"The warehouse {published} is damaged ({_sentence(error)}); run 'hubcensus rebuild'.", published
        ) from error
    except duckdb.Error as error:
        raise OperationalError(
            f"The warehouse could not be built ({_sentence(error)}); {published} is as it was."
        ) from error
    with storage(published, "publish"):
        with target.open("rb") as handle:
            os.fsync(handle.fileno())
        target.replace(published)
        sync_folder(published.parent)


def _open_builder(target: Path, limits: Limits) -> Connection:
    connection = duckdb.connect(":memory:")
    settings = [
        f"SET memory_limit = {_text(limits.memory)}",
        f"SET temp_directory = {_text(str(target.parent / 'spill'))}",
        "SET preserve_insertion_order = false",
        "SET autoinstall_known_extensions = false",
        "SET TimeZone = 'UTC'",
    ]
    # A load is many small statements: threads beyond half of the cores cost more CPU than they save time.
    settings.append(f"SET threads = {limits.threads or max(1, (os.cpu_count() or 2) // 2)}")
    for setting in settings:
        connection.execute(setting)
    # Storage version v1.0.0 can be opened by every DuckDB that users have. A build that is cut off is
    # thrown away, so it needs no write-ahead log.
    connection.execute(
        f"ATTACH {_text(str(target))} AS build (STORAGE_VERSION 'v1.0.0', RECOVERY_MODE no_wal_writes)"
    )
    connection.execute("USE build")
    return connection


def open_reader(
    published: Path, *, as_of: datetime | None = None, limits: Limits | None = None, files: bool = False
) -> Connection:
    """A locked, read-only connection: no files, no network, no settings, one moment in time.

    ``files=True`` lets our own statements write files (exports); never hand such a connection to a user's SQL.

    Raises :class:`UsageError` where there is no warehouse yet, :class:`CorruptError` where it is damaged.
    """
    if not published.is_file():
        raise UsageError(f"There is no warehouse at {published}; crawl or import something and run 'hubcensus load'.")
    limits = limits or Limits("4GB")
    # An instance of its own: connections to one file in one process would share, and lock, one configuration.
    connection = duckdb.connect(":memory:")
    settings = [
        "SET autoinstall_known_extensions = false",
        f"SET memory_limit = {_text(limits.memory)}",
        # A query that explodes ends with an error, not with a full disk.
        "SET max_temp_directory_size = '20GB'",
        f"SET temp_directory = {_text(tempfile.gettempdir() + '/hubcensus-spill')}",
        "SET TimeZone = 'UTC'",
        *([f"SET threads = {limits.threads}"] if limits.threads else []),
        f"ATTACH {_text(str(published))} AS census (READ_ONLY)",
        "USE census",
    ]
    try:
        for setting in settings:
            connection.execute(setting)
        if as_of is not None:
            moment = as_of.astimezone(UTC).replace(tzinfo=None)
            connection.execute("SET VARIABLE as_of = $1::TIMESTAMP", [moment])
        connection.execute("SELECT 1 FROM raw.run LIMIT 1")
        if not files:
            connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
    except duckdb.Error as error:
        raise CorruptError(
            f"{published} cannot be read as a warehouse ({_sentence(error)}); run 'hubcensus rebuild'.", published
        ) from error
    return connection


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _sentence(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
