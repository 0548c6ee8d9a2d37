"""What is true of a simulated hub, day by day: what tests hold a census against.

Every method takes a day (0 is the first; the default is today) and also answers for earlier days.
A model is identified by its ordinal and `_id` (`oid`); ids move.

Tables of the SQLite file, for those who prefer SQL (`valid_to` is exclusive and null while it holds):

* `version(vid, ordinal, valid_from, valid_to, id, sha, last_modified, private, gated, disabled, task,
  library, licence, card_kind, facts)`: every version of every model. `licence` is a JSON list of what the
  card declares, null for nothing; `gated` is JSON (`false`, `"auto"`, `"manual"`); `facts` is the
  `simhub.spec.Spec` as JSON (null for replayed dumps).
* `edge(vid, parent, relation, self_loop)`, `claim(vid, task, dataset, dataset_name, config, split, metric,
  metric_name, value_raw, value, verified)`, `carbon(vid, raw, grams)`: what a version's card claims.
* `metric(day, ordinal, downloads, likes)`: one row per day on which they may have changed.
* `alias(old_id, ordinal, day, new_id)`: renames, `new_id` being where the old id leads now.
* `removal(day, ordinal, id)`, `commit_made(ordinal, number, day, date, title)`, `moved(day, ordinal, sort)`
  (models a fault moved under a listing), `bad(number, kind, anchor, body)` (broken records).
* `state` and `doc`: the hub as served now.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simhub import metadata
from simhub.cards import card_text
from simhub.files import File, files
from simhub.licences import LicenceFile, licence_file
from simhub.naming import followers, is_organisation, is_verified
from simhub.spec import Spec

_ON = "v.valid_from <= :day AND (v.valid_to IS NULL OR v.valid_to > :day)"
_PUBLIC = f"{_ON} AND v.private = 0"


@dataclass(frozen=True, slots=True)
class ModelTruth:
    """A public model on a day. `licences` are raw, as declared; `tags` as the Hub derives them."""

    ordinal: int
    oid: str
    id: str
    sha: str
    created_at: str
    last_modified: str
    gated: str
    disabled: bool
    task: str | None
    library: str | None
    licences: tuple[str, ...]
    tags: tuple[str, ...]
    datasets: tuple[str, ...]
    languages: tuple[str, ...]
    card_kind: str

    @property
    def has_card(self) -> bool:
        """Whether there is a README."""
        return self.card_kind != "none"

    @property
    def front_matter(self) -> str:
        """`valid`, `invalid` or `none`."""
        if self.card_kind == "invalid":
            return "invalid"
        return "none" if self.card_kind in ("none", "empty", "plain") else "valid"


@dataclass(frozen=True, slots=True)
class CardTruth:
    """A README on a day."""

    id: str
    sha256: str
    size: int
    front_matter: str


@dataclass(frozen=True, slots=True)
class OwnerTruth:
    """An owner of public models on a day."""

    owner: str
    organisation: bool
    verified: bool
    followers: int
    models: int


@dataclass(frozen=True, slots=True)
class EdgeTruth:
    """A declared edge. `resolved`: the parent's id, as written, is in that day's public listing."""

    child: str
    parent: str
    relation: str
    resolved: bool
    self_loop: bool


@dataclass(frozen=True, slots=True)
class ClaimTruth:
    """One metric of a model-index. `value_raw` as written (JSON for numbers), `value` its first number."""

    id: str
    task: str
    dataset: str
    dataset_name: str
    config: str | None
    split: str | None
    metric: str
    metric_name: str
    value_raw: str
    value: float | None
    verified: bool | None


class Truth:
    """A reader of the truth in a store; it only reads."""

    def __init__(self, path: str | Path) -> None:
        self.db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    @property
    def today(self) -> int:
        """The latest day."""
        row = self.db.execute("SELECT value FROM meta WHERE key = 'day'").fetchone()
        return int(row[0]) if row else 0

    def _bound(self, day: int | None) -> dict[str, int]:
        return {"day": self.today if day is None else day}

    def count(self, day: int | None = None) -> int:
        """How many public models there are."""
        query = f"SELECT count(*) FROM version v WHERE {_PUBLIC}"
        return int(self.db.execute(query, self._bound(day)).fetchone()[0])

    def ids(self, day: int | None = None) -> dict[str, int]:
        """Public id -> ordinal."""
        query = f"SELECT id, ordinal FROM version v WHERE {_PUBLIC}"
        return dict(self.db.execute(query, self._bound(day)))

    def specs(self, day: int | None = None) -> Iterator[Spec]:
        """The specs of the public models, in order of creation."""
        query = f"SELECT facts FROM version v WHERE {_PUBLIC} AND facts IS NOT NULL ORDER BY ordinal"
        return (Spec.from_facts(row[0]) for row in self.db.execute(query, self._bound(day)))

    def models(self, day: int | None = None) -> dict[str, ModelTruth]:
        """The public models by id."""
        return {spec.id: _model(spec) for spec in self.specs(day)}

    def model(self, model_id: str, day: int | None = None) -> ModelTruth | None:
        """One public model."""
        spec = self.spec(model_id, day)
        return _model(spec) if spec and not spec.private else None

    def spec(self, model_id: str, day: int | None = None) -> Spec | None:
        """The spec of a model, private ones included."""
        query = f"SELECT facts FROM version v WHERE {_ON} AND id = :id"
        row = self.db.execute(query, {**self._bound(day), "id": model_id}).fetchone()
        return Spec.from_facts(row[0]) if row and row[0] else None

    def metrics(self, day: int | None = None) -> dict[str, tuple[int, int]]:
        """Downloads and likes of the public models by id."""
        query = f"""
            SELECT v.id, m.downloads, m.likes FROM version v JOIN metric m ON m.ordinal = v.ordinal
            JOIN (SELECT ordinal, max(day) AS day FROM metric WHERE day <= :day GROUP BY ordinal) last
              ON last.ordinal = m.ordinal AND last.day = m.day
            WHERE {_PUBLIC}"""
        return {row[0]: (row[1], row[2]) for row in self.db.execute(query, self._bound(day))}

    def owners(self, day: int | None = None) -> dict[str, OwnerTruth]:
        """The owners of the public models by name; an id without an owner belongs to nobody."""
        models = Counter(name.partition("/")[0] for name in self.ids(day) if "/" in name)
        return {
            name: OwnerTruth(name, is_organisation(name), is_verified(name), followers(name), count)
            for name, count in models.items()
        }

    def cards(self, day: int | None = None) -> Iterator[CardTruth]:
        """The READMEs of the public models."""
        for spec in self.specs(day):
            text = card_text(spec)
            if text is not None:
                yield CardTruth(spec.id, hashlib.sha256(text).hexdigest(), len(text), _model(spec).front_matter)

    def edges(self, day: int | None = None) -> list[EdgeTruth]:
        """The declared lineage edges of the public models."""
        query = f"""
            SELECT v.id, e.parent, e.relation, e.self_loop,
              EXISTS (SELECT 1 FROM public p WHERE p.id = e.parent)
            FROM version v JOIN edge e ON e.vid = v.vid WHERE {_PUBLIC} ORDER BY v.ordinal, e.rowid"""
        public = f"WITH public AS MATERIALIZED (SELECT id FROM version v WHERE {_PUBLIC}) "
        rows = self.db.execute(public + query, self._bound(day))
        return [EdgeTruth(c, p, r, bool(found), c == p) for c, p, r, _, found in rows]

    def claims(self, day: int | None = None) -> list[ClaimTruth]:
        """The evaluation claims of the public models."""
        query = f"""
            SELECT v.id, c.task, c.dataset, c.dataset_name, c.config, c.split, c.metric, c.metric_name,
              c.value_raw, c.value, c.verified
            FROM version v JOIN claim c ON c.vid = v.vid WHERE {_PUBLIC} ORDER BY v.ordinal, c.rowid"""
        rows = self.db.execute(query, self._bound(day))
        return [_claim(list(row)) for row in rows]

    def carbon(self, day: int | None = None) -> dict[str, tuple[str, float | None]]:
        """Carbon claims by id: as written (JSON), and in grams."""
        query = f"SELECT v.id, c.raw, c.grams FROM version v JOIN carbon c ON c.vid = v.vid WHERE {_PUBLIC}"
        return {row[0]: (row[1], row[2]) for row in self.db.execute(query, self._bound(day))}

    def files(self, model_id: str, day: int | None = None) -> list[File]:
        """The files of a model: path, size, git oid, sha256 of large ones."""
        spec = self.spec(model_id, day)
        return files(spec) if spec else []

    def licence_files(self, day: int | None = None) -> dict[str, LicenceFile]:
        """The licence files of the public models by id, with what their texts are."""
        found = ((spec.id, licence_file(spec)) for spec in self.specs(day))
        return {name: file for name, file in found if file is not None}

    def safetensors(self, day: int | None = None) -> dict[str, dict[str, int]]:
        """Parameters by dtype, by id, where there is a safetensors file."""
        found = ((spec.id, metadata.safetensors(spec)) for spec in self.specs(day))
        return {name: facts["parameters"] for name, facts in found if facts}

    def renames(self, day: int | None = None) -> list[tuple[int, str, str]]:
        """Renames up to a day: (day, old id, id on that day)."""
        query = f"""
            SELECT a.day, a.old_id, v.id FROM alias a JOIN version v ON v.ordinal = a.ordinal
            WHERE a.day <= :day AND {_PUBLIC} ORDER BY a.day, a.ordinal"""
        return [tuple(row) for row in self.db.execute(query, self._bound(day))]

    def removals(self, day: int | None = None) -> list[tuple[int, str]]:
        """Deletions of public models up to a day: (day, id). Models that went private are not deleted."""
        query = """
            SELECT r.day, r.id FROM removal r
            JOIN version v ON v.ordinal = r.ordinal AND v.valid_to = r.day AND v.private = 0
            WHERE r.day <= :day ORDER BY r.day, r.ordinal"""
        return [tuple(row) for row in self.db.execute(query, self._bound(day))]

    def vanished(self, day: int) -> dict[str, str]:
        """Ids listed on the day before and not on this day: `deleted`, `private` or `renamed`."""
        before, now = self.ids(day - 1), self.ids(day)
        deleted = {name for when, name in self.removals(day) if when == day}
        left = {name: ordinal for name, ordinal in before.items() if name not in now}
        renamed = set(now.values())
        return {
            name: "deleted" if name in deleted else "renamed" if ordinal in renamed else "private"
            for name, ordinal in left.items()
        }

    def appeared(self, day: int) -> dict[str, str]:
        """Ids listed on this day and not on the day before: `new`, `public` (again) or `renamed`."""
        before, now = self.ids(day - 1), self.ids(day)
        known = set(before.values())
        first = dict(self.db.execute("SELECT ordinal, min(valid_from) FROM version GROUP BY ordinal"))
        return {
            name: "renamed" if ordinal in known else "new" if first[ordinal] == day else "public"
            for name, ordinal in now.items()
            if name not in before
        }

    def commits(self, day: int) -> list[tuple[str, str, str]]:
        """The commits made on a day: (id now, date, title); the id is empty where the model is gone."""
        query = """SELECT coalesce(s.id, ''), c.date, c.title FROM commit_made c
            LEFT JOIN state s ON s.ordinal = c.ordinal WHERE c.day = ? ORDER BY c.date"""
        return [tuple(row) for row in self.db.execute(query, (day,))]

    def moved(self) -> list[tuple[int, str]]:
        """Models that a fault moved under a listing: (day, id now)."""
        query = "SELECT m.day, s.id FROM moved m JOIN state s ON s.ordinal = m.ordinal"
        return [tuple(row) for row in self.db.execute(query)]

    def bad_records(self) -> dict[str, int]:
        """Persistent bad records by kind: each is met exactly once in a full listing."""
        return dict(self.db.execute("SELECT kind, count(*) FROM bad GROUP BY kind"))


def _model(spec: Spec) -> ModelTruth:
    declared = spec.declares
    return ModelTruth(
        *(spec.ordinal, spec.oid, spec.id, spec.sha, spec.created, spec.modified, spec.gated, spec.disabled),
        *(spec.task, spec.library, tuple(spec.licences) if declared else (), tuple(metadata.tags(spec))),
        *(tuple(spec.datasets) if declared else (), tuple(spec.languages) if declared else (), spec.card),
    )


def _claim(row: list[Any]) -> ClaimTruth:
    row[-1] = None if row[-1] is None else bool(row[-1])
    return ClaimTruth(*row)


def parse_value(raw: str) -> object:
    """A claim's raw value as the API sends it: a number or a string."""
    try:
        return json.loads(raw)
    except ValueError:
        return raw
