"""The PeaTMOSS database (Jiang et al., MSR 2024): one SQLite file with models, their usages, and issues of both.

Every table lands row by row as it is (parts of kind ``peatmoss.<table>``), those that the published 56 do not have
included, so that the export can write the database again. What the census has a place for lands a second time in the
form in which a crawl of the hub lands it: models with counters and descriptions, commits, discussions. PeaTMOSS holds
models of Hugging Face and of PyTorch Hub; each hub becomes a run of its own, and the first run holds the tables.

The file is read through SQLAlchemy, read-only, with what the schema may bring along switched off. Values that are no
text or number (blobs) land as base64; bytes in a text that are not UTF-8 land as replacement characters. Where nobody
says when the database was made, the newest commit, discussion, issue or pull request in it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from crawler.imports import _peatmoss_models as models
from crawler.imports._peatmoss_file import Database
from crawler.imports._runs import OnLanded, Runs
from landing import Manifest, RunWriter, UsageError, Zone
from landing.clock import from_iso
from landing.files import sha256_file

TITLE = "the SQLite database of PeaTMOSS, with all its tables"
VERSION = "peatmoss/1"

ROWS = 100_000
_STAMPS = (
    ("hf_commit", "created_at"),
    ("discussion", "created_at"),
    ("discussion_event", "created_at"),
    ("github_issue", "updated_at"),
    ("github_pull_request", "updated_at"),
)
Step = Callable[[RunWriter], None]


def land(
    zone: Zone,
    path: Path,
    *,
    observed_at: datetime | None = None,
    program: str,
    complete: bool = False,
    on_landed: OnLanded | None = None,
) -> list[Manifest]:
    """Land the database, one run per hub in it; returns the runs.

    Raises :class:`UsageError` where the file is no such database, holds models of no known hub, or does not say when
    it was made.
    """
    if not path.is_file():
        raise UsageError(f"There is no file {path}.")
    landed = []
    with Database(path) as database:
        hubs = models.hubs(database)
        moment = observed_at or _newest(database)
        if moment is None:
            raise UsageError(f"{path.name} does not say when it was made; add --observed-at TIME.")
        digest = sha256_file(path)
        for number, (hub, ids) in enumerate(hubs.known.items()):

            def fill(writer: RunWriter, number: int = number, hub: str = hub, ids: list[int] = ids) -> None:
                _fill(writer, _steps(database, hub, ids, moment, tables=number == 0))
                if number == 0:
                    for name, count in hubs.unknown.items():
                        writer.fail(
                            f"model_hub:{name}", f"no such hub in the census; {count:,} models are kept, not counted"
                        )

            with zone.lock(hub):
                runs = Runs(zone, hub, program=program, parser=VERSION, complete=complete, on_landed=on_landed)
                landed.append(runs.run(digest, path.name, moment, fill))
    return landed


def _fill(writer: RunWriter, steps: Iterable[Step]) -> None:
    """Land what is missing; every step is one part, in the same order whenever it is done."""
    done = writer.landed
    for number, step in enumerate(steps):
        if number >= done:
            step(writer)


def _steps(database: Database, hub: str, ids: list[int], moment: datetime, *, tables: bool) -> Iterable[Step]:
    if tables:
        for table in database.tables:
            for first in range(0, database.count(table), ROWS):
                yield lambda writer, table=table, first=first: database.adopt(writer, table, first, ROWS)  # type: ignore[misc]
    yield from models.steps(database, hub, ids, moment)


def _newest(database: Database) -> datetime | None:
    found = []
    for table, column in _STAMPS:
        stamp = database.newest(table, column)
        try:
            found += [from_iso(stamp)] if stamp else []
        except ValueError:
            continue
    return max(found, default=None)
