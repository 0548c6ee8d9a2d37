"""One model's licence explained: what is declared, what its bases and data sets ask for, what follows.

The rules are those of ``mart.licence_edge``; here they are asked for one model and everything above it, so that the
chain can be told as a tree. Nothing here judges by itself: every verdict is a row of ``core.licence_compat``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from landing.errors import UsageError
from warehouse.reader import Reader

DEEPEST = 8
#: Bases and data sets that are looked at, so that a merge of merges ends.
MOST = 400
NOTE = "This informs about what metadata and our tables say; it is no legal advice."

_MODEL = """
SELECT h.hub, m.name, m.model_id, coalesce(v.url, h.url_prefix || m.name), v.removed
FROM mart.version_as_of v JOIN core.model m ON m.model_id = v.model_id JOIN core.hub h ON h.hub_id = m.hub_id
WHERE m.name = $1 AND h.hub = coalesce($2, h.hub) ORDER BY h.hub
"""
_ALIAS = """
SELECT hub, canonical_id FROM mart.alias
WHERE model_id = $1 AND hub = coalesce($2, hub) ORDER BY confidence DESC, hub LIMIT 1
"""
_HELD = """
SELECT model_key, licence, family, licences, evidence FROM mart.licence_held
WHERE list_contains($1::INTEGER[], model_key)
"""
_DATA = """
WITH word AS (
    SELECT DISTINCT t.value FROM mart.version_as_of v JOIN core.about_tag a ON a.about_id = v.about_id
    JOIN core.tag t ON t.tag_id = a.tag_id AND t.kind = 'dataset' WHERE v.model_id = $1
)
SELECT w.value, d.dataset_id IS NOT NULL, len(d.licences_raw), coalesce(m.licence, l.licence), m.family,
    array_to_string(d.licences_raw, ', ')
FROM word w
LEFT JOIN mart.dataset d ON d.hub = $2 AND d.dataset_id = w.value
LEFT JOIN core.licence l ON l.raw = d.licences_raw[1]
LEFT JOIN core.licence_word m ON m.word = lower(l.licence)
ORDER BY 1 LIMIT 400
"""
_RULE = """
SELECT verdict, conditions, clauses, source, reason FROM core.licence_compat
WHERE act = $1 AND upstream = $2 AND downstream IN ($3, 'family:' || $4)
ORDER BY starts_with(downstream, 'family:') LIMIT 1
"""
_WORDS = (
    "SELECT licence, family FROM core.licence_word WHERE word = lower($1)",
    """SELECT w.licence, w.family FROM core.licence l JOIN core.licence_word w ON w.word = lower(l.licence)
    WHERE l.raw = lower($1)""",
)
_TERMS = """
SELECT clause, demand, applies, text, certain, version FROM core.licence_term WHERE licence = $1
UNION ALL
SELECT clause, demand, applies, text, certain, version FROM core.licence_term t
WHERE licence = 'family:' || $2 AND NOT EXISTS (SELECT 1 FROM core.licence_term WHERE licence = $1)
"""


@dataclass(slots=True)
class Ruling:
    """A verdict of the tables on one pair of licences, with what decides it or why nothing does."""

    verdict: str
    conditions: list[str] = field(default_factory=list)
    clauses: list[str] = field(default_factory=list)
    source: str | None = None
    reason: str | None = None
    cause: str | None = None


@dataclass(slots=True)
class Work:
    """A model or a data set, as far as its licence goes; ``up`` is what it is made from."""

    kind: str
    id: str
    licence: str | None = None
    family: str | None = None
    licences: int = 0
    evidence: str | None = None
    known: bool = True
    key: int | None = None
    relation: str = ""
    act: str = ""
    to_child: Ruling | None = None
    to_model: Ruling | None = None
    naming: str | None = None
    repeated: bool = False
    up: list[Work] = field(default_factory=list)

    def everything(self) -> list[Work]:
        """This one and all above it, each once."""
        return [self, *(work for above in self.up for work in above.everything() if not work.repeated)]


class Reasoner:
    """Asks a warehouse about the licences of single models."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._made = False
        self._left = MOST

    def find(self, name: str, hub: str | None) -> tuple[str, str, int, str, bool, str | None]:
        """(hub, id, key, address, removed, the name asked for where it is another one).

        Renames are followed. Raises :class:`UsageError` for a model that the census does not have, with the ids that
        are most like it, and for one that is on several hubs.
        """
        found = self.reader.rows(_MODEL, [name, hub])
        alias = self.reader.rows(_ALIAS, [name, hub]) if not found or all(row[4] for row in found) else []
        if alias and (moved := self.reader.rows(_MODEL, [alias[0][1], alias[0][0]])):
            return (*moved[0], name)
        if not found:
            near = self._near(name, hub)
            more = f" The nearest ids: {', '.join(near)}." if near else ""
            raise UsageError(f"This census knows no model {name!r} at that moment.{more}")
        if len(found) > 1:
            hubs = ", ".join(str(row[0]) for row in found)
            raise UsageError(f"{name!r} is on several hubs: {hubs}; name one with --hub.")
        return (*found[0], None)

    def _near(self, name: str, hub: str | None) -> list[str]:
        from rapidfuzz import fuzz, process

        rows = self.reader.rows(
            "SELECT DISTINCT m.name FROM core.model m JOIN core.hub h ON h.hub_id = m.hub_id "
            "WHERE h.hub = coalesce($1, h.hub) AND len(m.name) BETWEEN $2 AND $3",
            [hub, len(name) // 2, 2 * len(name) + 8],
        )
        names = [str(row[0]) for row in rows]
        near = process.extract(name[:200], names, scorer=fuzz.QRatio, processor=str.lower, limit=3, score_cutoff=60)
        return [choice for choice, _, _ in near]

    def chain(self, hub: str, name: str, key: int) -> Work:
        """The model with everything above it, each step and each ancestor judged."""
        self._left = MOST
        model = Work("model", name, key=key, act="", relation="")
        self._climb(model, {key}, 0)
        works = model.everything()
        held = {row[0]: row[1:] for row in self.reader.rows(_HELD, [[w.key for w in works if w.key is not None]])}
        self._label(model, held)
        model.up += [self._data(row) for row in self.reader.rows(_DATA, [key, hub])]
        self._judge(model, model, beside=False)
        return model

    def _climb(self, work: Work, seen: set[int], depth: int) -> None:
        if depth >= DEEPEST or work.key is None or self._left <= 0:
            return
        if not self._made:
            self.reader.execute("CREATE OR REPLACE TEMP TABLE licence_steps AS SELECT * FROM mart.licence_step")
            self._made = True
        query = (
            "SELECT base_id, base_key, relation, relation_by, act FROM licence_steps WHERE model_key = $1 ORDER BY 1"
        )
        for base, base_key, relation, by, act in self.reader.rows(query, [work.key]):
            self._left -= 1
            words = relation if by == "stated" else f"{relation}, {'assumed' if by == 'assumed' else 'by its ' + by}"
            above = Work("model", base, key=base_key, known=base_key is not None, relation=words, act=act)
            above.repeated = base_key in seen
            work.up.append(above)
            if base_key is not None and not above.repeated:
                seen.add(base_key)
                self._climb(above, seen, depth + 1)

    def _label(self, work: Work, held: dict[int, tuple[Any, ...]]) -> None:
        if work.key in held:
            work.licence, work.family, work.licences, work.evidence = held[work.key]
        for above in work.up:
            self._label(above, held)

    def _data(self, row: tuple[Any, ...]) -> Work:
        name, known, licences, licence, family, raw = row
        words = f"data set listing: {raw}" if raw else None
        return Work(
            "dataset", name, licence, family, licences or 0, words, bool(known), relation="data set", act="train"
        )

    def _judge(self, work: Work, model: Work, *, beside: bool) -> None:
        for above in work.up:
            above.to_child = self.ruling(above.act, above, work)
            held_off = beside or above.act == "beside"
            whole = above.act if work is model else "beside" if held_off else "adapt"
            above.to_model = self.ruling(whole, above, model)
            above.naming = naming(above.licence, model.id) if above.act != "train" else None
            self._judge(above, model, beside=held_off)

    def ruling(self, act: str, above: Work, below: Work) -> Ruling:
        """What the tables say of ``above`` under the licence of ``below``; causes as in mart.licence_edge."""
        causes = (
            (below.licences == 0, "downstream states no licence"),
            (below.licences > 1, "downstream states several licences"),
            (below.family is None, "downstream licence not understood"),
            (not above.known, "upstream not in the census"),
            (above.licences == 0, "upstream states no licence"),
            (above.licences > 1, "upstream states several licences"),
            (above.family is None, "upstream licence not understood"),
        )
        for holds, cause in causes:
            if holds:
                return Ruling("unknown", cause=cause)
        if above.licence == below.licence:
            return Ruling("identical", source="identical")
        return self.rule(act, above.licence, below.licence, below.family)

    def rule(self, act: str, upstream: str | None, downstream: str | None, family: str | None) -> Ruling:
        """The row of the tables for a pair of licences."""
        found = self.reader.rows(_RULE, [act, upstream, downstream, family])
        if not found or found[0][0] == "unknown":
            return Ruling("unknown", cause="pair in no table")
        return Ruling(*found[0])

    def word(self, text: str) -> tuple[str, str]:
        """(licence, family) of a word on the command line; raises :class:`UsageError` for one nobody understands."""
        for query in _WORDS:
            if rows := self.reader.rows(query, [text.strip()]):
                return rows[0][0], rows[0][1]
        raise UsageError(f"No table here knows the licence {text!r}; give an SPDX id or the hub's word.")

    def terms(self, licence: str | None, family: str | None) -> list[dict[str, Any]]:
        """The clauses of a licence, or those of its family where none were written down for it."""
        if licence is None or family is None:
            return []
        columns = ("clause", "demand", "applies", "text", "certain", "version")
        return [dict(zip(columns, row, strict=True)) for row in self.reader.rows(_TERMS, [licence, family])]

    def words(self, conditions: Sequence[str]) -> list[str]:
        """What has to be done for these conditions."""
        query = "SELECT words FROM core.licence_condition WHERE list_contains($1::VARCHAR[], condition)"
        return [row[0] for row in self.reader.rows(query, [list(conditions)])]


def naming(licence: str | None, model_id: str) -> str | None:
    """Whether a name keeps the naming clause of Llama 3 and later: begins, contains, lacks; None where none asks."""
    if licence is None or not re.match(r"LicenseRef-Llama-(?:3|4)", licence):
        return None
    name = model_id.rsplit("/", 1)[-1].lower()
    first = r"(?:meta[-_ ]?)?llama[-_ .]?3" if licence == "LicenseRef-Llama-3" else r"(?:meta[-_ ]?)?llama"
    return "begins" if re.match(first, name) else "contains" if "llama" in name else "lacks"
