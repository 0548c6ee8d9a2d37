"""Taking the warehouse elsewhere: every table as Parquet or CSV with hashes and a description, or a format of others."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb

from landing.errors import UsageError, storage
from landing.files import sha256_file, write_atomic
from warehouse import exports
from warehouse.database import SCHEMA_VERSION

FORMATS = {
    "parquet": "FORMAT parquet, COMPRESSION zstd",
    "csv": "FORMAT csv, HEADER",
}


def formats() -> list[str]:
    """The formats there are: tables of our own, and those of others (:mod:`warehouse.exports`)."""
    return sorted([*FORMATS, *exports.names()])


def export(
    published: Path,
    format: str,
    out: Path,
    *,
    schemas: tuple[str, ...] = ("mart", "core", "raw"),
    as_of: datetime | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[Path]:
    """Write one file per table and view of ``schemas`` into ``out``; returns the files.

    Beside them stand ``SHA256SUMS`` and ``datapackage.json`` with the meaning of every column.
    Raises :class:`UsageError` for a format that there is not or a folder that holds something else.
    """
    if format not in formats():
        raise UsageError(f"There is no export format {format!r}; there are {', '.join(formats())}.")
    with storage(out, "write to"):
        out.mkdir(parents=True, exist_ok=True)
    connection = _open(published, as_of)
    try:
        if format not in FORMATS:
            written: list[Path] = exports.load(format).write(connection, out, as_of=as_of, progress=progress)
            return written
        names = _relations(connection, schemas)
        files = []
        for schema, name in names:
            if progress:
                progress(f"{schema}.{name}")
            target = out / f"{schema}.{name}.{format}"
            with storage(target, "write"):
                _copy(connection, f'"{schema}"."{name}"', target, format)
            files.append(target)
        _describe(connection, out, names, files, as_of)
    finally:
        connection.close()
    return files


def _open(published: Path, as_of: datetime | None) -> duckdb.DuckDBPyConnection:
    """A read-only connection that may write files; it runs our own statements only, never a user's."""
    from warehouse.database import open_reader

    return open_reader(published, as_of=as_of, files=True)


def _relations(connection: duckdb.DuckDBPyConnection, schemas: tuple[str, ...]) -> list[tuple[str, str]]:
    return connection.execute(
        """
        SELECT table_schema, table_name FROM information_schema.tables
        WHERE table_catalog = 'census' AND list_contains($1::VARCHAR[], table_schema)
        ORDER BY 1, 2
        """,
        [list(schemas)],
    ).fetchall()


def _copy(connection: duckdb.DuckDBPyConnection, relation: str, target: Path, format: str) -> None:
    temporary = target.with_name(f".{target.name}.tmp")
    quoted = str(temporary).replace("'", "''")
    metadata = f", KV_METADATA {{hubcensus_schema: '{SCHEMA_VERSION}'}}" if format == "parquet" else ""
    try:
        connection.execute(f"COPY (SELECT * FROM {relation}) TO '{quoted}' ({FORMATS[format]}{metadata})")
        temporary.replace(target)
    except duckdb.IOException as error:
        raise OSError(28, str(error).split("\n", 1)[0]) from error
    finally:
        temporary.unlink(missing_ok=True)


def _describe(
    connection: duckdb.DuckDBPyConnection,
    out: Path,
    names: list[tuple[str, str]],
    files: list[Path],
    as_of: datetime | None,
) -> None:
    sums = "".join(f"{sha256_file(path)}  {path.name}\n" for path in files)
    resources = [
        {
            "name": f"{schema}-{name}".lower().replace("_", "-"),
            "path": path.name,
            "bytes": path.stat().st_size,
            "hash": f"sha256:{sha256_file(path)}",
            "schema": {"fields": _fields(connection, schema, name)},
        }
        for (schema, name), path in zip(names, files, strict=True)
    ]
    package = {
        "profile": "tabular-data-package",
        "name": "hubcensus",
        "title": "HubCensus warehouse",
        "as_of": as_of.isoformat() if as_of else None,
        "schema_version": SCHEMA_VERSION,
        "resources": resources,
    }
    with storage(out, "write to"):
        write_atomic(out / "SHA256SUMS", sums.encode())
        write_atomic(out / "datapackage.json", json.dumps(package, indent=2).encode() + b"\n")


def _fields(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> list[dict[str, str]]:
    rows = connection.execute(
        """
        SELECT column_name, data_type, coalesce(comment, '') FROM duckdb_columns()
        WHERE database_name = 'census' AND schema_name = $1 AND table_name = $2 ORDER BY column_index
        """,
        [schema, name],
    ).fetchall()
    return [{"name": column, "type": kind, "description": comment} for column, kind, comment in rows]
