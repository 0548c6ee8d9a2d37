"""Landed pages and dumps -> the temporary table ``page``: one row per model, uniform columns.

The quick way reads a batch of parts in one typed ``read_json``. Where a record does not have the types that the
hub documents, or a body is not JSON or not UTF-8, the parts concerned are read again element by
element: what is good is kept, what is not goes to ``raw.quarantine`` with its reason.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import zstandard

from landing.manifest import Format, Part
from warehouse.database import Connection
from warehouse.mapping import Mapping

# Fields whose odd types cost only the field, not the model.
_SOFT = frozenset(
    {
        *("config", "siblings", "cardData", "model-index", "safetensors", "gguf", "usedStorage", "trendingScore"),
        *("description", "licence", "licence_link", "datasets", "arxiv", "doi", "papers", "languages", "base_models"),
        *("parameters", "storage_bytes", "files", "releases", "claims", "links", "extra"),
    }
)
_SNIPPET = 200
# Types of a Parquet column that may hold JSON as text.
_TEXTS = ("VARCHAR", "JSON")
# Rows of a Parquet dump that are read at once, so that memory does not grow with the dump.
_ROWS = 100_000
# DuckDB sets aside twice the largest object for every thread, so it is told no more than is needed.
_OBJECT_BYTES = 16 << 20
# What DuckDB raises for a body that does not fit; its binding chokes on a message that quotes half a character.
_READ = (duckdb.InvalidInputException, duckdb.ConversionException, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class Batch:
    """Parts of one kind, format and set of fields, with their record ids.

    ``rows`` restricts a large Parquet part to some of its rows (from, to).
    """

    run_key: int
    kind: str
    format: Format
    fields: frozenset[str]
    parts: tuple[tuple[int, Path, Part], ...]
    rows: tuple[int, int] | None = None

    @property
    def record_ids(self) -> list[int]:
        """The record of every part."""
        return [record for record, _, _ in self.parts]


def batches(run_key: int, parts: list[tuple[int, Path, Part]], body_bytes: int) -> Iterator[Batch]:
    """Neighbouring parts that can be read together, up to ``body_bytes`` of bodies a batch."""
    group: list[tuple[int, Path, Part]] = []
    size = 0
    for entry in parts:
        part = entry[2]
        if part.format == "parquet":
            # Alone: another file of the same dump may spell its columns differently.
            for start in range(0, part.records, _ROWS):
                yield replace(_batch(run_key, [entry]), rows=(start, start + _ROWS))
            continue
        if group and (not _alike(group[0][2], part) or size + part.body_bytes > body_bytes):
            yield _batch(run_key, group)
            group, size = [], 0
        group.append(entry)
        size += part.body_bytes
    if group:
        yield _batch(run_key, group)


def _alike(one: Part, other: Part) -> bool:
    return (one.kind, one.format, one.fields) == (other.kind, other.format, other.fields)


def _batch(run_key: int, group: list[tuple[int, Path, Part]]) -> Batch:
    first = group[0][2]
    return Batch(run_key, first.kind, first.format, frozenset(first.fields), tuple(group))


def stage(connection: Connection, mapping: Mapping, batch: Batch) -> None:
    """Fill the temporary table ``page`` from ``batch``; quarantine what does not fit."""
    connection.execute("DROP TABLE IF EXISTS page")
    if batch.format == "json-object":
        _stage_objects(connection, mapping, batch)
        return
    good = replace(batch, parts=tuple(p for p in batch.parts if not p[2].suspect))
    bad = [p for p in batch.parts if p[2].suspect]
    try:
        _create(connection, mapping, batch, _relation(mapping, good))
    except _READ:
        odd = [p for p in good.parts if not _readable(connection, mapping, batch, p)]
        bad += odd
        sound = tuple(p for p in good.parts if p not in odd)
        _create(
            connection,
            mapping,
            batch,
            _relation(mapping, replace(batch, parts=sound)),
        )
    for entry in bad:
        _salvage(connection, mapping, batch, *entry)
    if batch.format == "parquet":
        _note_unread(connection, mapping, batch)
    _drop_nameless(connection, mapping, batch)


def _stage_objects(connection: Connection, mapping: Mapping, batch: Batch) -> None:
    """Pages that are objects: their records are taken out of the array that stands at ``part.at``."""
    _create(connection, mapping, batch, _relation(mapping, replace(batch, parts=())))
    good = [entry for entry in batch.parts if not entry[2].suspect]
    try:
        _take_out(connection, good)
        _judge(connection, mapping, batch)
    except _READ:
        connection.execute("DELETE FROM page")
        good = []
    for entry in batch.parts:
        if entry not in good:
            _salvage(connection, mapping, batch, *entry)
    _drop_nameless(connection, mapping, batch)


def _take_out(connection: Connection, parts: list[tuple[int, Path, Part]]) -> None:
    """The temporary table ``element``: every record of the parts, one row each."""
    paths = [str(path) for _, path, _ in parts]
    at = "$" + "".join(f'."{name}"' for name in parts[0][2].at.split(".")) + "[*]" if parts else "$"
    numbers = (
        f"(SELECT unnest({_quote(paths)}) AS filename, unnest({[record for record, _, _ in parts]}) AS record_id)"
    )
    largest = max([_OBJECT_BYTES, *(part.body_bytes + 1 for _, _, part in parts)])
    rows = (
        f"SELECT record_id, json_extract(json, {_text(at)}) AS rows FROM read_json_objects({_quote(paths)}, "
        f"format = 'unstructured', maximum_object_size = {largest}, filename = true) JOIN {numbers} USING (filename)"
        if paths
        else "SELECT NULL::INTEGER AS record_id, NULL::JSON[] AS rows WHERE false"
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE element AS
        SELECT record_id, ordinal, value::VARCHAR AS text, NULL::VARCHAR AS fault, value, NULL::VARCHAR AS key
        FROM (SELECT record_id, unnest(rows) AS value, generate_subscripts(rows, 1) - 1 AS ordinal FROM ({rows}))
        """
    )


def stage_envelopes(connection: Connection, mapping: Mapping, run_key: int, part: Part) -> Batch:
    """The staged envelopes (:func:`warehouse.details.stage`) of kind ``detail`` as records of their models."""
    batch = Batch(run_key, part.kind, part.format, frozenset(part.fields), ())
    connection.execute("DROP TABLE IF EXISTS page")
    _create(connection, mapping, batch, _relation(mapping, batch))
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE element AS
        SELECT record_id, 0 AS ordinal, coalesce(body, '') AS text,
            CASE WHEN body IS NULL AND decoded IS NULL THEN 'not UTF-8' END AS fault,
            coalesce(decoded, TRY(body::JSON)) AS value, key
        FROM envelope WHERE status = 200
        """
    )
    _judge(connection, mapping, batch)
    _drop_nameless(connection, mapping, batch)
    return batch


def _create(connection: Connection, mapping: Mapping, batch: Batch, relation: str) -> None:
    connection.execute(f"CREATE TEMP TABLE page AS {_select(mapping, batch, relation, batch.format)}")


def _select(mapping: Mapping, batch: Batch, relation: str, format: Format, first: str = "0") -> str:
    source = mapping.source(relation, batch.fields, format)
    facts = f", facts AS ({mapping.facts()})" if mapping.by_facts else ""
    return (
        f"WITH source AS ({source}){facts}, mapped AS ({mapping.sections['models']}) "
        f"SELECT {first} + row_number() OVER () AS row_id, * FROM mapped"
    )


def _relation(mapping: Mapping, batch: Batch) -> str:
    paths = [str(path) for _, path, _ in batch.parts]
    if not paths:
        columns = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in mapping.json_columns(batch.fields).items())
        return f"(SELECT NULL::INTEGER AS record_id, {columns} WHERE false)"
    if len(paths) == 1:
        numbered = f"SELECT {batch.parts[0][0]} AS record_id, * FROM {_read(mapping, batch, paths, filename=False)}"
        return f"({numbered})"
    numbers = f"(SELECT unnest({_quote(paths)}) AS filename, unnest({batch.record_ids}) AS record_id)"
    return f"(SELECT record_id, r.* FROM {_read(mapping, batch, paths, filename=True)} r JOIN {numbers} USING (filename))"


def _read(mapping: Mapping, batch: Batch, paths: list[str], *, filename: bool) -> str:
    option = ", filename = true" if filename else ""
    if batch.format == "parquet":
        return _read_parquet(mapping, batch, paths[0])
    if batch.format == "csv":
        return f"read_csv({_quote(paths)}, all_varchar = true, header = true{option})"
    columns = mapping.json_columns(batch.fields)
    shape = "array" if batch.format == "json-array" else "newline_delimited"
    listed = ", ".join(f'"{name}": {_text(kind)}' for name, kind in columns.items())
    return (
        f"read_json({_quote(paths)}, format = '{shape}', columns = {{{listed}}}, "
        f"maximum_object_size = {_largest(batch)}{option})"
    )


def _read_parquet(mapping: Mapping, batch: Batch, path: str) -> str:
    """The rows asked for, nested columns in the shape that the mapping reads, however the dump spells them."""
    spelled = _spelled(mapping, batch, path)
    reshaped = ", ".join(f'{_reshaped(name, held, kind)} AS "{name}"' for name, (held, kind) in spelled.items())
    replacing = f" REPLACE ({reshaped})" if reshaped else ""
    first, end = batch.rows or (0, 0)
    return (
        f"(SELECT * EXCLUDE (file_row_number){replacing} FROM read_parquet({_text(path)}, file_row_number = true) "
        f"WHERE file_row_number >= {first} AND file_row_number < {end})"
    )


def _spelled(mapping: Mapping, batch: Batch, path: str) -> dict[str, tuple[str, str]]:
    """The nested columns of a Parquet file that are not of the type the mapping reads: that they have, that it reads."""
    with duckdb.connect() as connection:
        described = connection.execute(f"DESCRIBE FROM read_parquet({_text(path)})").fetchall()
    held = {name: kind for name, kind, *_ in described}
    return {
        name: (held[name], kind)
        for name, kind in mapping.json_columns(batch.fields).items()
        if name in held and (kind == "JSON" or kind.endswith(("]", ")"))) and held[name] != kind
    }


def _reshaped(name: str, held: str, kind: str) -> str:
    """SQL: a column of type ``held`` as ``kind``; text is taken for JSON, and what does not fit is null."""
    value = f'TRY_CAST("{name}" AS JSON)' if held in _TEXTS else f'to_json("{name}")'
    return value if kind == "JSON" else f"json_transform({value}, {_text(json.dumps(_shape(kind)))})"


def _note_unread(connection: Connection, mapping: Mapping, batch: Batch) -> None:
    """Quarantine (kept) the rows of a Parquet dump whose text in a nested column is no JSON."""
    record, path, _ = batch.parts[0]
    names = [name for name, (held, _) in _spelled(mapping, batch, str(path)).items() if held in _TEXTS]
    first, end = batch.rows or (0, 0)
    for name in names:
        connection.execute(
            f"""
            INSERT INTO raw.quarantine
            SELECT {batch.run_key}, {record}, file_row_number, NULL, 'wrong type: {name}', true, "{name}"[:{_SNIPPET}]
            FROM read_parquet({_text(str(path))}, file_row_number = true)
            WHERE file_row_number >= {first} AND file_row_number < {end}
                AND "{name}" <> '' AND TRY_CAST("{name}" AS JSON) IS NULL
            """
        )


def _largest(batch: Batch) -> int:
    """An upper bound for one record of the batch; a gzipped dump is taken to pack at most forty times."""
    return max(
        [
            _OBJECT_BYTES,
            *(min(part.body_bytes, 256 << 20) + 1 for _, _, part in batch.parts if not part.path.endswith(".gz")),
        ]
    )


def _readable(connection: Connection, mapping: Mapping, batch: Batch, entry: tuple[int, Path, Part]) -> bool:
    alone = replace(batch, parts=(entry,))
    try:
        columns = ", ".join(f'count("{name}")' for name in mapping.json_columns(batch.fields))
        connection.execute(f"SELECT {columns} FROM {_relation(mapping, alone)}")
    except _READ:
        return False
    return True


def _salvage(connection: Connection, mapping: Mapping, batch: Batch, record: int, path: Path, part: Part) -> None:
    """Read one odd part element by element."""
    longest = _OBJECT_BYTES
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8", delete=False) as handle:
        for ordinal, text, fault in _elements(path, part):
            line = json.dumps({"ordinal": ordinal, "text": text, "fault": fault})
            longest = max(longest, len(line) + 1)
            handle.write(line + "\n")
    try:
        connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE element AS
            SELECT {record} AS record_id, ordinal, text, fault, TRY(text::JSON) AS value, NULL::VARCHAR AS key
            FROM read_json({_text(handle.name)}, format = 'newline_delimited', maximum_object_size = {longest},
                columns = {{ordinal: 'INTEGER', text: 'VARCHAR', fault: 'VARCHAR'}})
            """
        )
        _judge(connection, mapping, batch)
    finally:
        Path(handle.name).unlink()


def _judge(connection: Connection, mapping: Mapping, batch: Batch) -> None:
    """Rows of ``element`` into ``page``, field by field; what does not have its type is quarantined."""
    columns = mapping.json_columns(batch.fields)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE judged AS
        SELECT record_id, ordinal, text, value, key,
            CASE WHEN fault IS NOT NULL THEN fault
                WHEN value IS NULL THEN 'not JSON'
                WHEN json_type(value) <> 'OBJECT' THEN 'not an object'
                ELSE 'wrong type: ' || {_culprit(columns, soft=False)}
            END AS fault,
            -- Without a soft field this is a bare null, which would be stored as an integer.
            ('wrong type: ' || {_culprit(columns, soft=True)})::VARCHAR AS soft_fault
        FROM element
        """
    )
    connection.execute(
        f"""
        INSERT INTO raw.quarantine
        SELECT {batch.run_key}, record_id, ordinal, coalesce(key, TRY(value->>'id')), coalesce(fault, soft_fault),
            fault IS NULL, text[:{_SNIPPET}]
        FROM judged WHERE fault IS NOT NULL OR soft_fault IS NOT NULL
        """
    )
    full = json.dumps({name: _shape(kind) for name, kind in columns.items()})
    picked = ", ".join(f'r."{name}" AS "{name}"' if name != "_key" else 'key AS "_key"' for name in columns)
    relation = (
        f"(SELECT record_id, {picked} FROM "
        f"(SELECT record_id, key, json_transform(value, {_text(full)}) AS r FROM judged WHERE fault IS NULL))"
    )
    first = "(SELECT coalesce(max(row_id), 0) FROM page)"
    connection.execute(f"INSERT INTO page BY NAME {_select(mapping, batch, relation, batch.format, first)}")


def _culprit(columns: dict[str, str], *, soft: bool) -> str:
    """SQL: the first field (of the soft ones, or of the others) whose value cannot have the documented type."""
    cases = []
    for name, kind in columns.items():
        if (name in _SOFT) is soft:
            faults = _faults(f'$."{name}"', _shape(kind))
            cases.append(f"WHEN {' OR '.join(faults)} THEN {_text(name)}" if faults else "")
    return f"(CASE {' '.join(cases)} ELSE NULL::VARCHAR END)" if any(cases) else "NULL::VARCHAR"


def _faults(path: str, shape: Any) -> list[str]:
    """SQL conditions under which the value at ``path`` does not have ``shape``; absence and null are no fault."""
    there = f"json_type(value, {_text(path)}) NOT IN ('NULL'"
    if isinstance(shape, dict):
        inner = [fault for name, kind in shape.items() for fault in _faults(f'{path}."{name}"', kind)]
        return [f"{there}, 'OBJECT')", *inner]
    if isinstance(shape, list) and shape != ["VARCHAR"]:
        return [f"{there}, 'ARRAY')"]
    if shape in ("JSON", "VARCHAR"):
        return []
    kind = "VARCHAR[]" if isinstance(shape, list) else shape
    return [f"({there}) AND TRY(CAST((value->{_text(path)}) AS {kind})) IS NULL)"]


def _shape(kind: str) -> Any:
    if kind.endswith("[]"):
        return [_shape(kind[:-2])]
    if not kind.startswith("STRUCT("):
        return kind
    members: dict[str, Any] = {}
    depth, start, text = 0, 0, kind[len("STRUCT(") : -1]
    for position, char in enumerate(text + ","):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            name, _, inner = text[start:position].strip().partition(" ")
            members[name.strip('"')] = _shape(inner.strip())
            start = position + 1
    return members


def _elements(path: Path, part: Part) -> Iterator[tuple[int, str, str | None]]:
    """Ordinal, text and fault of every element of an odd part, as far as it can be taken apart."""
    body = _body(path)
    try:
        text, fault = body.decode("utf-8"), None
    except UnicodeDecodeError:
        text, fault = body.decode("utf-8", errors="replace"), "not UTF-8"
    if part.format == "jsonl":
        for ordinal, line in enumerate(text.splitlines()):
            yield ordinal, line, fault if "�" in line else None
        return
    if part.format == "json-object":
        yield from _inside(text, part.at, fault)
        return
    decoder = json.JSONDecoder()
    position, ordinal = text.find("[") + 1, 0
    while position:
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        if position >= len(text) or text[position] == "]":
            return
        try:
            _, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            yield -1, text[position : position + _SNIPPET], "the rest of the page is not JSON"
            return
        element = text[position:end]
        yield ordinal, element, fault if fault and "\N{REPLACEMENT CHARACTER}" in element else None
        position, ordinal = end, ordinal + 1
    yield -1, text[:_SNIPPET], "not a JSON array"


def _inside(text: str, at: str, fault: str | None) -> Iterator[tuple[int, str, str | None]]:
    """The records of an odd page that is an object; a page that is no JSON is one fault."""
    try:
        value = json.loads(text)
        for name in at.split("."):
            value = value[name]
    except (ValueError, KeyError, TypeError, RecursionError):
        yield -1, text[:_SNIPPET], f"no list at {at!r}"
        return
    for ordinal, record in enumerate(value if isinstance(value, list) else [value]):
        element = json.dumps(record, ensure_ascii=False)
        yield ordinal, element, fault if fault and "\N{REPLACEMENT CHARACTER}" in element else None


def _body(path: Path) -> bytes:
    if path.suffix == ".zst":
        with path.open("rb") as handle, zstandard.ZstdDecompressor().stream_reader(handle) as stream:
            return stream.read()
    if path.suffix == ".gz":
        import gzip

        return gzip.decompress(path.read_bytes())
    return path.read_bytes()


def _drop_nameless(connection: Connection, mapping: Mapping, batch: Batch) -> None:
    if mapping.by_facts:
        connection.execute(
            f"""
            INSERT INTO raw.quarantine
            SELECT {batch.run_key}, record_id, -1, unit, fault, false, NULL FROM page WHERE fault IS NOT NULL
            """
        )
        connection.execute("DELETE FROM page WHERE fault IS NOT NULL")
    connection.execute(
        f"""
        INSERT INTO raw.quarantine
        SELECT {batch.run_key}, record_id, -1, NULL, 'a record without an id', false, NULL
        FROM page WHERE name IS NULL OR name = ''
        """
    )
    connection.execute("DELETE FROM page WHERE name IS NULL OR name = ''")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _quote(values: list[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"
