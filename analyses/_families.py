"""Families of models (BERT, T5, LLaMA, ...): which one a model is of, and which ones a text speaks of.

``model_families.csv`` has for every family the words that the hub itself uses (``model_type`` of the configuration,
which it also makes a tag) and a pattern over lower-case text. A model is of the family that its configuration says,
else of the one that its tags say, else of the first one of the file that its name shows; each has its own evidence.
Patterns are RE2: linear in the length of the text, which is cut.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

EVIDENCE = ("configuration", "tag", "name")
#: Characters of a text that are looked at.
LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class Family:
    """A family: its name as people write it, the hub's words for it, and how a text shows it."""

    name: str
    model_types: tuple[str, ...]
    pattern: str


@cache
def families() -> tuple[Family, ...]:
    """All of them, in the order in which names are tried."""
    text = resources.files("analyses").joinpath("model_families.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(Family(row["family"], tuple(row["model_types"].split()), row["pattern"]) for row in rows)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _by_word(column: str) -> str:
    cases = " ".join(
        f"WHEN {column} IN ({', '.join(map(_quoted, family.model_types))}) THEN {place}"
        for place, family in enumerate(families())
    )
    return f"CASE {cases} END"


def _by_name(column: str) -> str:
    # A name that fits a pattern nowhere is most often told so by one look: all patterns as one.
    cases = " ".join(
        f"WHEN regexp_matches({column}, {_quoted(family.pattern)}) THEN {place}"
        for place, family in enumerate(families())
    )
    every = _quoted("|".join(f"(?:{family.pattern})" for family in families()))
    return f"CASE WHEN regexp_matches({column}, {every}) THEN CASE {cases} END END"


def _names() -> str:
    cases = " ".join(f"WHEN {place} THEN {_quoted(family.name)}" for place, family in enumerate(families()))
    return f"CASE coalesce(configured, tagged, named) {cases} END"


#: SQL: makes the temporary table ``family_member``: a row per model of ``main`` of a known family, with evidence.
MEMBERS = f"""
CREATE OR REPLACE TEMP TABLE family_member AS
WITH word AS (
    SELECT tag_id, {_by_word("lower(tag)")} AS place FROM core.tag
    WHERE kind IN ('free', 'marker') AND place IS NOT NULL
),
tagged AS (
    SELECT a.about_id, min(w.place) AS tagged FROM core.about_tag a JOIN word w ON w.tag_id = a.tag_id GROUP BY 1
),
told AS (
    SELECT m.model_key, m.month, m.created_at, m.backfilled, m.name, t.tagged,
        {_by_word("lower(m.model_type)")} AS configured
    FROM main m LEFT JOIN tagged t ON t.about_id = m.about_id
),
every AS (
    SELECT *, CASE WHEN configured IS NULL AND tagged IS NULL
        THEN {_by_name("lower(name[:200])")} END AS named
    FROM told
)
SELECT model_key, month, created_at, backfilled, {_names()} AS family,
    CASE WHEN configured IS NOT NULL THEN 'configuration' WHEN tagged IS NOT NULL THEN 'tag' ELSE 'name' END
        AS evidence
FROM every WHERE coalesce(configured, tagged, named) IS NOT NULL
"""


def spoken_of(column: str) -> str:
    """SQL: the list of families that the text in a column names, each once."""
    text = f"lower({column}[:{LONGEST}])"
    parts = ", ".join(
        f"CASE WHEN regexp_matches({text}, {_quoted(family.pattern)}) THEN {_quoted(family.name)} END"
        for family in families()
    )
    return f"list_filter([{parts}], lambda x: x IS NOT NULL)"
