"""What a section of a card is about, told by its heading and those above it: one ordered vocabulary, read by SQL alone.

``sections.csv`` has a row per pattern (RE2, on the heading in lower case without what leads it in): the category of the
section, after Jones et al. (ESEM 2024), the Hub's own card template and the labelled READMEs of hf-readme; and the
aspect of documentation that it serves (what, how, why, when, who, reference, other), after hn5318's study of model
cards. The first that fits wins. How often it is right is in ``docs/card-sections.md``.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from importlib import resources

import duckdb

from warehouse.literals import literal

LEVELS = 6


@cache
def macros() -> str:
    """The SQL functions ``section_category(title)`` and ``section_aspect(title)``; null where no word is known."""
    text = resources.files("warehouse").joinpath("sections.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    bare = r"regexp_replace(lower(title), '^[^\p{L}\p{N}]*([0-9]{1,2}([.][0-9]{1,2})*[.):]?\s+)?', '')"
    cases = " ".join(
        f"WHEN regexp_matches({bare}, {literal(row['pattern'])}) THEN {place}" for place, row in enumerate(rows, 1)
    )
    made = f"CREATE OR REPLACE TEMP MACRO section_place(title) AS (CASE {cases} END);\n"
    for name in ("category", "aspect"):
        words = ", ".join(literal(row[name] or None) for row in rows)
        made += f"CREATE OR REPLACE TEMP MACRO section_{name}(title) AS ([{words}][section_place(title)]);\n"
    return made


def resolved(relation: str) -> str:
    """SELECT of ``card_id, ordinal, category, part, aspect`` for the sections in ``relation`` (those two, level, title).

    ``category`` is what the heading itself says. ``part`` and ``aspect`` also look up: a heading without a known word
    belongs to the section that it stands in, the card's first heading opens its description, and what has no sign at
    all says what the model is.
    """
    above = ", ".join(
        f"max(CASE WHEN level = {level} THEN ordinal END) OVER before AS above{level}" for level in range(1, LEVELS)
    )
    parent = (
        f"greatest({', '.join(f'CASE WHEN level > {level} THEN above{level} END' for level in range(1, LEVELS))})"
    )
    return f"""
        WITH heading AS MATERIALIZED (
            SELECT title, section_category(title) AS category, section_aspect(title) AS own_aspect
            FROM (SELECT DISTINCT title FROM {relation})
        ), told AS (
            SELECT s.*, h.category, h.own_aspect, {parent} AS parent FROM (
                SELECT card_id, ordinal, level, title, {above} FROM {relation}
                WINDOW before AS (PARTITION BY card_id ORDER BY ordinal ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
            ) s JOIN heading h ON h.title = s.title
        ), up AS (
            SELECT a.*, b.category AS category1, b.own_aspect AS aspect1, b.parent AS parent1
            FROM told a LEFT JOIN told b ON b.card_id = a.card_id AND b.ordinal = a.parent
        ), above AS (
            SELECT a.*, coalesce(a.category1, CASE WHEN a.aspect1 IS NULL THEN b.category END) AS over,
                coalesce(a.aspect1, b.own_aspect) AS over_aspect
            FROM up a LEFT JOIN told b ON b.card_id = a.card_id AND b.ordinal = a.parent1
        )
        SELECT card_id, ordinal, category,
            CASE WHEN own_aspect IS NOT NULL THEN category ELSE coalesce(over, CASE WHEN ordinal = 1 THEN 'description' END) END
                AS part,
            coalesce(own_aspect, CASE WHEN over_aspect = 'how' THEN 'how' END, 'what') AS aspect
        FROM above
    """


def classify(sections: Sequence[tuple[int, str]]) -> list[tuple[str | None, str | None, str]]:
    """Category, part and aspect of a card's headings ``(level, title)``, in their order, without a warehouse."""
    if not sections:
        return []
    levels, titles = [level for level, _ in sections], [title for _, title in sections]
    rows = "SELECT 1 AS card_id, unnest($1) AS level, unnest($2) AS title, generate_subscripts($1, 1) AS ordinal"
    query = f"SELECT category, part, aspect FROM ({resolved(f'({rows})')}) ORDER BY ordinal"
    return _alone().execute(query, [levels, titles]).fetchall()


@cache
def _alone() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(macros())
    return connection
