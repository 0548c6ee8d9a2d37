"""Which models a statistic of "the hub" is about: one rule, for all analyses.

A census holds whole listings of a hub beside partial ones (a curated subset, a run with
``--limit``). Mixing them would be silent nonsense: models known from 2024 with counters of 2026
for a hand-picked few. So, for each hub and as of the reader's moment,

1. the *anchor* is the newest snapshot that covers the hub: one marked complete, or one with at
   least nine tenths of the records of the hub's largest snapshot (public dumps are whole listings
   but seldom marked). An analysis of counters takes the newest that states them;
2. the *moment* is the anchor's time, moved on by our own incremental, counter and detail runs, and by
   dumps of details such as cards, that follow it before another listing or import of models does:
   those continue it by construction;
3. the *scope* is the models that the anchor or those runs saw and that were not removed, in the
   state they had at that moment. Facts that older snapshots stated are carried along; later
   ones are left out, and so are models known from other snapshots only.

The scope is a temporary table, made once per reader and set of anchors. ``scope`` holds all hubs;
``main`` the hub with most models, for statistics that cannot be pooled (downloads of two hubs are
counted in different ways).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from warehouse.reader import Reader

if TYPE_CHECKING:
    import pandas as pd

BANDS = ("0", "1-50", "51-1,000", "> 1,000")

# Hugging Face stamps everything older than its creation dates with this moment.
FLOOR = "created_at >= TIMESTAMP '2022-03-02 23:29:00' AND created_at < TIMESTAMP '2022-03-02 23:30:00'"

# A snapshot states a counter when at least half of its records have it.
ANCHORS = """
WITH stated AS (
    SELECT snapshot_id, count(downloads) AS downloads, count(likes) AS likes FROM core.metric GROUP BY snapshot_id
),
listing AS (
    SELECT s.*, max(s.records) OVER (PARTITION BY s.hub{running}) AS most
    FROM mart.snapshot s LEFT JOIN stated x ON x.snapshot_id = s.snapshot_id
    WHERE s.records > 0 AND s.kind IN ('listing', 'counters', 'import') AND {stated}
)
SELECT * FROM listing WHERE complete OR records >= 0.9 * most
"""

FOLLOWERS = """
WITH later AS (
    SELECT snapshot_id, observed_at,
        bool_and(kind IN ('incremental', 'counters', 'details') OR records = 0)
            OVER (ORDER BY observed_at, snapshot_id ROWS UNBOUNDED PRECEDING) AS unbroken
    FROM mart.snapshot
    WHERE hub = $1 AND (observed_at, snapshot_id) > (
        SELECT (observed_at, snapshot_id) FROM mart.snapshot WHERE snapshot_id = $2)
)
SELECT snapshot_id FROM later WHERE unbroken ORDER BY observed_at, snapshot_id
"""

FILL = f"""
SELECT
    hub, model_id, owner, name, created_at, task, library, architecture, model_type, licence_raw, licence,
    licence_family, downloads, likes, has_card, card_score, metadata_score, documentation_score, gated,
    first_seen, last_modified, parameters, storage_bytes, description, task_raw, releases_id,
    CASE WHEN about_id IS NOT NULL AND list_contains($3::VARCHAR[], 'licence') THEN licences END AS licences,
    languages, datasets, papers, base_models, tags, claims, carbon, front_matter_fields, card_words,
    card_sections, model_key, about_id, front_id, files_id, card_id,
    coalesce(list_has_any(known_fields, ['task', 'pipeline_tag']), task IS NOT NULL) AS task_known,
    coalesce(list_has_any(known_fields, ['library', 'library_name']), library IS NOT NULL) AS library_known,
    coalesce(list_contains(known_fields, 'architecture'), false) OR coalesce(model_type, architecture) IS NOT NULL
        AS architecture_known,
    coalesce(list_contains(known_fields, 'parameters'), false) OR parameters IS NOT NULL AS parameters_known,
    sha IS NOT NULL AS commit_known,
    coalesce({FLOOR}, false) AS backfilled,
    date_trunc('month', created_at)::DATE AS month,
    CASE WHEN downloads = 0 THEN '0' WHEN downloads <= 50 THEN '1-50' WHEN downloads <= 1000 THEN '51-1,000'
        WHEN downloads > 1000 THEN '> 1,000' END AS band
FROM mart.model
WHERE hub = $1 AND NOT removed
    AND model_key IN (SELECT model_id FROM core.metric WHERE list_contains($2::INTEGER[], snapshot_id))
"""

# What an analysis may need: the test on a model of the scope, and what to say where none passes.
NEEDS = {
    "models": ("true", "no whole listing of a hub"),
    "created_at": ("created_at IS NOT NULL", "no creation dates"),
    "downloads": ("downloads IS NOT NULL", "no download counters"),
    "likes": ("likes IS NOT NULL", "no likes"),
    "tags": ("about_id IS NOT NULL", "no tags"),
    "tasks": ("task_known", "no tasks"),
    "libraries": ("library_known", "no libraries"),
    "lineage": ("base_models > 0", "no model that names a base model"),
}

# Needs that are about repositories, other registries or the probe: what there must be some of. Alone they ask for
# no listing of a hub.
DOWNSTREAM = {
    "threads": (
        "(SELECT 1 FROM core.discussion UNION ALL SELECT 1 FROM core.repository_issue)",
        "no discussion of a model and no issue of a repository ('hubcensus crawl huggingface --with discussions', "
        "'hubcensus downstream fetch')",
    ),
    "card values": ("(FROM mart.card_reading LIMIT 1)", "no card that was read ('hubcensus cards understand')"),
    "usages": ("mart.usage WHERE confidence >= 0.5", "no place in a repository that loads a model"),
    "scans": ("mart.examined_file", "no file that the probe scanned"),
    "scanners": ("mart.scanner_verdict WHERE scanner <> 'hubcensus'", "no verdict of another scanner on a file"),
    "scores": ("mart.detector_score", "no model whose weights or behaviour the probe scored"),
    "tokens": ("mart.trigger_token", "no model whose vocabulary was tried for triggers"),
    "measurements": ("mart.measurement", "no claim that the probe looked at"),
    "counters": ("(FROM mart.model_metric LIMIT 1)", "no dated counters of models"),
    "packages": ("mart.package", "no downloads of packages of other registries"),
}

# Needs that choose the anchor: a counter belongs to the snapshot that states it.
_STATED = ("downloads", "likes")


@dataclass(frozen=True, slots=True)
class Seen:
    """A snapshot that the scope rests on."""

    snapshot_id: int
    hub: str
    observed_at: datetime
    kind: str
    records: int
    complete: bool
    fields: Sequence[str] = ()

    def __str__(self) -> str:
        whole = f"a complete {self.kind}" if self.complete else f"{self.kind} not marked complete"
        if self.records == 0:
            whole = "details only"
        return f"{self.hub} snapshot {self.snapshot_id} of {self.observed_at:%Y-%m-%d}, {whole}"


class Scope:
    """The models that whole-hub statistics are about, and the snapshots they come from."""

    def __init__(self, reader: Reader, table: str, seen: Sequence[Seen], anchors: dict[str, int]) -> None:
        self.reader = reader
        self.table = table
        self.seen = list(seen)
        self.anchors = anchors
        sizes = reader.rows(f"SELECT hub, count(*) FROM {table} GROUP BY hub ORDER BY 2 DESC, 1")
        #: What the snapshots of each hub can state: what is not among it is unknown there, not absent.
        self.stated: dict[str, set[str]] = {}
        for entry in seen:
            self.stated.setdefault(entry.hub, set()).update(entry.fields)
        self.sizes: dict[str, int] = dict(sizes)
        self.hub: str = sizes[0][0] if sizes else ""

    @property
    def models(self) -> int:
        """Models in the scope."""
        return sum(self.sizes.values())

    @property
    def snapshot_ids(self) -> list[int]:
        """Ids of the snapshots it rests on."""
        return [seen.snapshot_id for seen in self.seen]

    def enter(self) -> None:
        """Let the names ``scope`` and ``main`` stand for this scope."""
        self.reader.execute(f"CREATE OR REPLACE TEMP VIEW scope AS SELECT * FROM {self.table}")
        quoted = self.hub.replace("'", "''")
        self.reader.execute(f"CREATE OR REPLACE TEMP VIEW main AS SELECT * FROM {self.table} WHERE hub = '{quoted}'")

    def frame(self, query: str, parameters: Any = None) -> pd.DataFrame:
        """Rows of a query over ``scope``."""
        return self.reader.frame(query, parameters)

    def row(self, query: str, parameters: Any = None) -> tuple[Any, ...]:
        """First row of a query over ``scope``."""
        return self.reader.row(query, parameters)

    def missing(self, needs: Iterable[str]) -> list[str]:
        """What the needs lack, as words for a sentence."""
        wanted = [need for need in needs if need not in DOWNSTREAM]
        outside = [DOWNSTREAM[need] for need in needs if need in DOWNSTREAM]
        lacking = [words for place, words in outside if not self.row(f"SELECT count(*) FROM {place}")[0]]
        if outside and not wanted:
            return lacking
        wanted = ["models", *wanted]
        tests = ", ".join(f"count(*) FILTER ({NEEDS[need][0]})" for need in wanted)
        found = self.row(f"SELECT {tests} FROM {self.table}")
        return [NEEDS[need][1] for need, number in zip(wanted, found, strict=True) if number == 0] + lacking

    def cite(self, hub: str | None = None) -> str:
        """The snapshots for the end of a sentence."""
        parts = [seen for seen in self.seen if hub is None or seen.hub == hub]
        if len(parts) < 4:
            return "; ".join(map(str, parts))
        days = sorted(f"{seen.observed_at:%Y-%m-%d}" for seen in parts)
        when = f"of {days[0]}" if days[0] == days[-1] else f"from {days[0]} to {days[-1]}"
        return f"the newest snapshots of {len(parts)} hubs, {when}"

    def caption(self, n: int, what: str = "models", hub: str | None = None) -> str:
        """The line under a figure."""
        return f"n = {n:,} {what}; {self.cite(hub)}"


def covering(needs: Iterable[str] = (), *, running: bool = False) -> str:
    """The query for the snapshots that cover a hub and state the counters needed; columns as mart.snapshot.

    ``running``: covered it when they were taken, not only as far as is known now.
    """
    tests = [f"2 * x.{need} >= s.records" for need in needs if need in _STATED]
    order = " ORDER BY s.observed_at, s.snapshot_id" if running else ""
    return ANCHORS.format(stated=" AND ".join(tests) or "true", running=order)


_made: WeakKeyDictionary[Reader, dict[tuple[int, ...], Scope]] = WeakKeyDictionary()


def scope(reader: Reader, needs: Iterable[str] = ()) -> Scope:
    """The scope for an analysis with these needs; ``scope`` and ``main`` name it in SQL from now on."""
    newest = f"SELECT hub, arg_max(snapshot_id, (observed_at, snapshot_id)) FROM ({covering(needs)}) GROUP BY hub"
    anchors: dict[str, int] = dict(reader.rows(newest))
    key = tuple(sorted(anchors.values()))
    known = _made.setdefault(reader, {})
    if key not in known:
        known[key] = _make(reader, f"scope_{len(known) + 1}", anchors)
    known[key].enter()
    return known[key]


def _make(reader: Reader, table: str, anchors: dict[str, int]) -> Scope:
    reader.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {FILL} LIMIT 0", ["", [], []])
    seen: list[Seen] = []
    for hub, anchor in sorted(anchors.items()):
        ids = [anchor, *(row[0] for row in reader.rows(FOLLOWERS, [hub, anchor]))]
        used = [_seen(reader, snapshot) for snapshot in ids]
        _at(reader, max(snapshot.observed_at for snapshot in used))
        try:
            fields = sorted({name for snapshot in used for name in snapshot.fields})
            reader.execute(f"INSERT INTO {table} {FILL}", [hub, ids, fields])
        finally:
            _at(reader, reader.as_of)
        seen += used
    return Scope(reader, table, seen, anchors)


def _seen(reader: Reader, snapshot: int) -> Seen:
    columns = "snapshot_id, hub, observed_at, kind, records, complete, fields"
    return Seen(*reader.row(f"SELECT {columns} FROM mart.snapshot WHERE snapshot_id = $1", [snapshot]))


def _at(reader: Reader, moment: datetime | None) -> None:
    """Let the mart answer as of a moment."""
    if moment is not None and moment.tzinfo is not None:
        from datetime import UTC

        moment = moment.astimezone(UTC).replace(tzinfo=None)
    literal = "NULL::TIMESTAMP" if moment is None else f"TIMESTAMP '{moment.isoformat(sep=' ')}'"
    reader.execute(f"SET VARIABLE as_of = {literal}")
