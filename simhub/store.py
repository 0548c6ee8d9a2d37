"""The store: writes specs as rows that can be served without thinking, and keeps every version.

A model's identity is its ordinal (and `_id`); ids move. Adding and revising are the only writes: `add`
for a model that appears, `revise` for a new version of one, `remove` for one that goes.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from simhub import metadata, pieces
from simhub.claims import as_number, grams
from simhub.files import paths
from simhub.population import Counters, Generator
from simhub.schema import LOOKUPS, SCHEMA
from simhub.spec import Spec, dumps

BATCH = 2_000
INSERT_DOC = f"INSERT OR REPLACE INTO doc VALUES ({'?,' * (7 + len(pieces.RARE))}?)"


class Store:
    """One simulated hub on disk."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.db = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        # A page of the listing is about 2 MB of text: large database pages, fewer reads. 32 MB of cache
        # keep memory flat at any population.
        self.db.executescript("PRAGMA page_size=16384; PRAGMA synchronous=OFF;")
        self.db.executescript("PRAGMA cache_size=-32000; PRAGMA temp_store=FILE;" + SCHEMA)

        self.settle()

    def hurry(self) -> None:
        """No journal while a population is built: nothing would be worth recovering."""
        self.db.execute("PRAGMA journal_mode=OFF")

    def settle(self) -> None:
        """A write-ahead journal, so that the truth can be read while the hub writes."""
        self.db.execute("PRAGMA journal_mode=WAL")

    def get(self, key: str, default: str = "") -> str:
        """A setting of the population."""
        row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else default

    def put(self, key: str, value: object) -> None:
        """Remember a setting of the population."""
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, str(value)))

    @property
    def day(self) -> int:
        """The simulated day."""
        return int(self.get("day", "0"))

    @property
    def seed(self) -> int:
        """The population's seed."""
        return int(self.get("seed", "0"))

    def close(self) -> None:
        """Close the database."""
        self.db.close()

    def next_ordinal(self) -> int:
        """The ordinal of the next new model; those of deleted models are never used again."""
        top = self.db.execute("SELECT max(ordinal) FROM version").fetchone()[0]
        return int(top or 0) + 1

    def next_vid(self) -> int:
        """The number of the next version."""
        return int(self.db.execute("SELECT coalesce(max(vid), 0) + 1 FROM version").fetchone()[0])

    def add(self, models: Iterable[tuple[Spec, Counters]], day: int) -> int:
        """Write models that appear on a day, in batches; how many there were."""
        stream, count, vid = iter(models), 0, self.next_vid()
        while batch := list(islice(stream, BATCH)):
            self.db.execute("BEGIN")
            self._write(batch, vid, day)
            self.db.execute("COMMIT")
            count, vid = count + len(batch), vid + len(batch)
        return count

    def _write(self, batch: list[tuple[Spec, Counters]], vid: int, day: int) -> None:
        numbered = list(enumerate(batch, start=vid))
        self.write_versions([(n, spec) for n, (spec, _) in numbered], day)
        rows = [state_row(n, spec, counters) for n, (spec, counters) in numbered]
        self.db.executemany(f"INSERT INTO state VALUES ({'?,' * 16}?)", rows)
        metrics = [(day, spec.ordinal, c.downloads, c.likes) for spec, c in batch]
        self.db.executemany("INSERT INTO metric VALUES (?,?,?,?)", metrics)

    def write_versions(self, numbered: list[tuple[int, Spec]], day: int) -> None:
        """Write versions that hold from a day on, with their edges, claims and served pieces."""
        versions, docs = [], []
        for vid, spec in numbered:
            versions.append(version_row(vid, spec, day))
            docs.append(doc_row(spec))
            if spec.declares and (spec.parents or spec.results or spec.co2 is not None):
                self._write_facts(vid, spec)
        self.db.executemany(f"INSERT INTO version VALUES ({'?,' * 14}?)", versions)
        self.db.executemany(INSERT_DOC, docs)

    def _write_facts(self, vid: int, spec: Spec) -> None:
        relation = metadata.relation_tag(spec)
        edges = [(vid, parent, relation, parent == spec.id) for parent in spec.parents]
        self.db.executemany("INSERT INTO edge VALUES (?,?,?,?)", edges)
        self.db.executemany(f"INSERT INTO claim VALUES ({'?,' * 10}?)", claim_rows(vid, spec.results))
        if spec.co2 is not None:
            self.db.execute("INSERT INTO carbon VALUES (?,?,?)", (vid, dumps(spec.co2), grams(spec.co2)))

    def revise(self, spec: Spec, day: int) -> None:
        """Write a new version of a model; one that was written today is replaced."""
        old = "SELECT vid FROM version WHERE ordinal = ? AND valid_to IS NULL AND valid_from = ?"
        for (vid,) in self.db.execute(old, (spec.ordinal, day)).fetchall():
            for table in ("version", "edge", "claim", "carbon"):
                self.db.execute(f"DELETE FROM {table} WHERE vid = ?", (vid,))
        self._end_version(spec.ordinal, day)
        vid = self.next_vid()
        self.write_versions([(vid, spec)], day)
        row = state_row(vid, spec, Counters(0, 0, 0, 0))
        self.db.execute(
            "UPDATE state SET vid=?, head=?, id=?, owner=?, sha=?, last_modified=?, gated=?, private=?, disabled=?, "
            "task=?, library=? WHERE ordinal=?",
            (vid, row[2], row[3], row[4], row[5], row[7], *row[12:17], spec.ordinal),
        )

    def _end_version(self, ordinal: int, day: int) -> None:
        self.db.execute("UPDATE version SET valid_to=? WHERE ordinal=? AND valid_to IS NULL", (day, ordinal))

    def remove(self, ordinal: int, day: int) -> None:
        """Delete a model: it is gone from the hub, its truth remains."""
        self.db.execute("INSERT INTO removal SELECT ?, ordinal, id FROM state WHERE ordinal=?", (day, ordinal))
        self._end_version(ordinal, day)
        self.db.execute("DELETE FROM state WHERE ordinal=?", (ordinal,))
        self.db.execute("DELETE FROM doc WHERE ordinal=?", (ordinal,))

    def current(self, ordinal: int) -> Spec | None:
        """The spec of a model as it is now; None for replayed or missing models."""
        return self.spec_of("ordinal = ? AND valid_to IS NULL", (ordinal,))

    def spec_of(self, where: str, values: tuple[Any, ...]) -> Spec | None:
        """The spec of the newest version that fits."""
        query = f"SELECT facts FROM version WHERE {where} ORDER BY vid DESC LIMIT 1"
        row = self.db.execute(query, values).fetchone()
        return Spec.from_facts(row[0]) if row and row[0] else None

    def specs(self, where: str = "valid_to IS NULL", values: tuple[Any, ...] = ()) -> Iterator[Spec]:
        """The specs of all versions that fit, in order."""
        query = f"SELECT facts FROM version WHERE {where} ORDER BY ordinal"
        return (Spec.from_facts(row[0]) for row in self.db.execute(query, values) if row[0])

    def drop_lazy(self) -> None:
        """Forget the indexes that a changed day would make expensive to maintain."""
        made = "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'by\\_%' ESCAPE '\\'"
        for (name,) in self.db.execute(made).fetchall():
            self.db.execute(f"DROP INDEX {name}")
        self.db.execute("DROP TABLE IF EXISTS tag")


def state_row(vid: int, spec: Spec, counters: Counters) -> tuple[Any, ...]:
    """A row of `state`. `gated` is the JSON the Hub writes."""
    gated = f'"{spec.gated}"' if spec.gated else "false"
    names = (
        spec.ordinal,
        vid,
        pieces.head(spec.oid, spec.id),
        spec.id,
        spec.owner,
        spec.sha,
        spec.created,
        spec.modified,
    )
    return (*names, *counters, gated, spec.private, spec.disabled, spec.task, spec.library)


def version_row(vid: int, spec: Spec, day: int) -> tuple[Any, ...]:
    """A row of `version`."""
    gated = f'"{spec.gated}"' if spec.gated else "false"
    licence = dumps(spec.licences) if spec.declares and spec.licences else None
    head = (vid, spec.ordinal, day, None, spec.id, spec.sha, spec.modified, spec.private, gated, spec.disabled)
    return (*head, spec.task, spec.library, licence, spec.card, spec.facts())


def doc_row(spec: Spec) -> tuple[Any, ...]:
    """A row of `doc`: pieces of JSON, ready to be joined."""
    card = metadata.card_data(spec) if spec.declares else None
    return (
        spec.ordinal,
        pieces.base(spec.id, spec.private, spec.task, spec.library, spec.created),
        pieces.piece("tags", metadata.tags(spec)),
        pieces.whole(spec.owner, spec.sha, spec.modified, spec.gated or False, spec.disabled),
        pieces.siblings(paths(spec)),
        pieces.piece("cardData", card),
        pieces.piece("config", metadata.config(spec)),
        *pieces.rare(metadata.rare_fields(spec)),
    )


def claim_rows(vid: int, results: list[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """Rows of `claim`, one per metric."""
    for result in results:
        data = result["dataset"]
        for metric in result["metrics"]:
            about = (vid, result["task"]["type"], data["type"], data["name"], data.get("config"), data.get("split"))
            raw = metric["value"] if isinstance(metric["value"], str) else json.dumps(metric["value"])
            verified = metric.get("verified")
            yield (*about, metric["type"], metric["name"], raw, as_number(metric["value"]), verified)


def fresh_path() -> Path:
    """A place for a store nobody named."""
    return Path(tempfile.mkdtemp(prefix="simhub-")) / "hub.sqlite"


def build_synthetic(models: int = 1_000, seed: int = 0, path: str | Path | None = None) -> Store:
    """Make a synthetic hub from a seed. Equal arguments give equal hubs."""
    target = Path(path) if path else fresh_path()
    for suffix in ("", "-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    store = Store(target)
    store.hurry()
    generator = Generator(seed, models)
    store.add(generator.all(), day=0)
    store.db.executescript(LOOKUPS)
    store.settle()
    for key, value in (("seed", seed), ("models", models), ("day", 0), ("kind", "synthetic")):
        store.put(key, value)
    return store
