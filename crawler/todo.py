"""Which models, or owners, need a detail fetched: decided by SQL over the landing zone, never by a list in memory.

What this run's pages say (id, commit, files) is held against what earlier runs fetched for the
same commit. A page that cannot be read as it is gives what can be saved from it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import msgspec
import zstandard

from crawler.licence_text import NAME as LICENCE_NAME
from landing import Part, Run, RunWriter, Zone

# Discussions and owners move without a commit: they are asked for again after this many days.
_STALE_DAYS = 30
_BATCH = 1000
_LARGEST_LINE = 64 << 20
#: In the place of a library: an owner that an earlier run found to be an organisation.
ORGANISATION = "organisation"

_NAMES = ("id", "sha", "lastModified", "library_name", "siblings", "gated", "cardData")
_MARKS = ", ".join("?" for _ in _NAMES)
_COLUMNS = "{" + ", ".join(f"{name}: 'JSON'" for name in _NAMES) + "}"
_MODELS = """
    CREATE TABLE model AS
    SELECT id, arg_max(sha, stamp) AS sha, arg_max(library, stamp) AS library, arg_max(files, stamp) AS files,
           arg_max(gated, stamp) AS gated, arg_max(link, stamp) AS link
    FROM (
        SELECT id ->> '$' AS id, sha ->> '$' AS sha, coalesce(lastModified ->> '$', '') AS stamp,
               coalesce(library_name ->> '$', '') AS library,
               coalesce(siblings ->> '$[*].rfilename', []) AS files,
               coalesce(gated ->> '$', 'false') <> 'false' AS gated,
               coalesce(cardData ->> '$.license_link', '') AS link
        FROM page
    )
    WHERE id IS NOT NULL AND sha IS NOT NULL
    GROUP BY id
"""
# The file that a license_link names: by its name alone, or by its address in the same repository.
_LINKED = r"""
    CASE WHEN NOT contains(link, '://') OR contains(link, '/' || id || '/')
        THEN regexp_extract(link, '^(?:https?://[^/]+/[^/]+/[^/]+/(?:blob|resolve|raw)/[^/]+/|\./)?([^/?#]+)$', 1)
        ELSE '' END
"""
_LICENCES = f"list_filter(files, lambda file: file = {_LINKED} OR regexp_matches(file, '{LICENCE_NAME}', 'i'))"
# The files of a model as its detail fetch needs them.
_FILES = {"licences": _LICENCES}
_WANTED = {
    "cards": "list_contains(files, 'README.md')",
    "commits": "true",
    "discussions": "true",
    "files": "true",
    "headers": "len(list_filter(files, lambda file: file LIKE '%.safetensors')) > 0",
    "licences": f"len({_LICENCES}) > 0",
}


@dataclass(frozen=True, slots=True)
class Model:
    """A model as a detail fetch needs it."""

    id: str
    sha: str
    library: str
    files: tuple[str, ...]


class Todo:
    """The models of one run, in a scratch database that is gone afterwards."""

    def __init__(self, zone: Zone, writer: RunWriter) -> None:
        """Read this run's pages."""
        self._zone, self._writer = zone, writer
        self._scratch = tempfile.TemporaryDirectory(prefix=".scratch-", dir=writer.folder)
        self._db = duckdb.connect(f"{self._scratch.name}/todo.duckdb", config={"memory_limit": "512MB", "threads": 2})
        self._run = Run(writer.folder, writer.manifest)

    def __enter__(self) -> Self:
        self._load()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        self._scratch.cleanup()

    def _load(self) -> None:
        parts = [part for part in self._run.parts() if part.kind == "models"]
        sound = [str(self._run.path(part)) for part in parts if part.suspect is None]
        self._db.execute(f"CREATE TABLE page AS {_read(sound, 'array', _COLUMNS)}")
        for part in parts:
            if part.suspect is not None:
                self._db.executemany(f"INSERT INTO page VALUES ({_MARKS})", _rescued(self._run.path(part)))
        self._db.execute(_MODELS)
        self._db.execute("DROP TABLE page")

    def choose(self, detail: str, kind: str) -> int:
        """Work out the models that lack ``detail`` (landed as ``kind``), or the owners; returns how many."""
        if detail == "owners":
            return self._choose_owners(kind)
        landed = [(run is self._run, str(run.path(part))) for run, part in self._landed(kind)]
        earlier = [path for own, path in landed if not own]
        here = [path for own, path in landed if own]
        columns = "{key: 'VARCHAR', revision: 'VARCHAR', fetched_at: 'TIMESTAMP', status: 'SMALLINT'}"
        recent = f"fetched_at > now()::TIMESTAMP - INTERVAL {_STALE_DAYS} DAY" if detail == "discussions" else "true"
        # A model that refused an earlier run is asked again when it is not gated now, though its commit is the same.
        self._db.execute(f"""
            CREATE OR REPLACE TABLE todo AS
            WITH known AS (
                SELECT *, false AS here FROM ({_read(earlier, "newline_delimited", columns)})
                UNION ALL SELECT *, true FROM ({_read(here, "newline_delimited", columns)})
            )
            SELECT id, sha, library, {_FILES.get(detail, "files")} AS files FROM model
            WHERE {_WANTED[detail]}
              AND NOT EXISTS (
                  SELECT 1 FROM known
                  WHERE key = id AND revision = sha AND {recent} AND (here OR gated OR status NOT IN (401, 403))
              )
        """)
        row = self._db.execute("SELECT count(*) FROM todo").fetchone()
        return int(row[0]) if row else 0

    def _choose_owners(self, kind: str) -> int:
        """The owners of this run's models that nobody has been asked about lately."""
        landed = [(run is self._run, str(run.path(part))) for run, part in self._landed(kind)]
        columns = "{key: 'VARCHAR', url: 'VARCHAR', fetched_at: 'TIMESTAMP', status: 'SMALLINT'}"
        earlier = _read([path for own, path in landed if not own], "newline_delimited", columns)
        here = _read([path for own, path in landed if own], "newline_delimited", columns)
        self._db.execute(f"""
            CREATE OR REPLACE TABLE todo AS
            WITH known AS (
                SELECT *, false AS here FROM ({earlier}) UNION ALL SELECT *, true FROM ({here})
            ),
            answered AS (
                SELECT key, bool_or(here OR fetched_at > now()::TIMESTAMP - INTERVAL {_STALE_DAYS} DAY) AS lately,
                    bool_or(status = 200 AND contains(url, '/api/organizations/')) AS organisation
                FROM known GROUP BY key
            )
            SELECT owner AS id, '' AS sha, CASE WHEN organisation THEN '{ORGANISATION}' ELSE '' END AS library,
                []::VARCHAR[] AS files
            FROM (SELECT DISTINCT split_part(id, '/', 1) AS owner FROM model WHERE contains(id, '/'))
            LEFT JOIN answered ON key = owner
            WHERE owner <> '' AND NOT coalesce(lately, false) ORDER BY owner
        """)
        row = self._db.execute("SELECT count(*) FROM todo").fetchone()
        return int(row[0]) if row else 0

    def models(self) -> Iterator[Model]:
        """The chosen models, a batch at a time."""
        start = 0
        while True:
            query = "SELECT id, sha, library, files FROM todo WHERE rowid >= ? AND rowid < ? ORDER BY rowid"
            rows = self._db.execute(query, [start, start + _BATCH]).fetchall()
            if not rows:
                return
            for name, sha, library, files in rows:
                yield Model(name, sha, library, tuple(file for file in files if file))
            start += _BATCH

    def _landed(self, kind: str) -> Iterator[tuple[Run, Part]]:
        """Parts with this kind of detail: of earlier runs over the same endpoint, and of this one."""
        endpoint = self._run.manifest.config["endpoint"]
        for run in [*self._zone.finished(self._run.manifest.source), self._run]:
            if run.manifest.config.get("endpoint") == endpoint:
                yield from ((run, part) for part in run.parts() if part.kind == kind)


def _read(paths: list[str], layout: str, columns: str) -> str:
    """A query over landed files, also when there are none."""
    if not paths:
        names = [item.split(":") for item in columns.strip("{}").split(", ")]
        nulls = (f"CAST(NULL AS {kind.strip().strip(chr(39))}) AS {name}" for name, kind in names)
        return f"SELECT {', '.join(nulls)} WHERE false"
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    options = f"format = '{layout}', columns = {columns}, maximum_object_size = {_LARGEST_LINE}"
    return f"SELECT * FROM read_json([{listed}], {options})"


def _rescued(path: Path) -> list[list[str | None]]:
    """What can be read in a page that is not quite JSON; an empty row stands for nothing."""
    empty: list[str | None] = [None] * len(_NAMES)
    text = zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())
    try:
        rows = msgspec.json.decode(text.decode("utf-8", "replace"))
    except msgspec.MsgspecError:
        return [empty]
    objects = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [empty, *([_json(row.get(name)) for name in _NAMES] for row in objects)]


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
