"""Evidence for licences beside the tags: what front matters, prose of cards, names, links and licence files say.

The crawler has identified the texts of licence files already (its records carry that); words, links and prose are read
here, so that cards of any age count without being fetched again.
"""

from __future__ import annotations

import json
from functools import cache

from warehouse.database import Connection
from warehouse.licence_names import of_link, of_name
from warehouse.licence_prose import mentions
from warehouse.licences import parts, understand
from warehouse.literals import Value, insert
from warehouse.snapshot import Snapshot

_RAW = 300
_BATCH = 500
# Cards without any of these state no licence in prose.
_TELLING = r"(?i)licen[cs]|licesed|lizenz|licenza|许可|协议|協議|ライセンス|라이선스|creativecommons\.org|shields\.io"


def texts(connection: Connection, snapshot: Snapshot) -> None:
    """Write the staged records of kind ``licence-text`` to ``core.licence_text``."""
    connection.execute(
        f"""
        INSERT INTO core.licence_text
        SELECT model_id, revision, decoded->>'path', sha256, bytes, ordinal, left(f->>'licence', 200),
            coalesce(TRY_CAST(f->>'score' AS FLOAT), 0),
            coalesce(f->>'evidence', CASE decoded->>'form' WHEN 'text' THEN 'unknown' ELSE decoded->>'form' END, 'unknown'),
            nullif(left(decoded->>'title', 200), ''), decoder, {snapshot.snapshot_id}, record_id
        FROM (
            SELECT *, unnest(CASE WHEN len(found) = 0 THEN [NULL] ELSE found END) AS f,
                unnest(range(1, greatest(len(found), 1) + 1)) AS ordinal
            FROM (SELECT *, coalesce(TRY_CAST(decoded->'licences' AS JSON[]), []) AS found FROM about_model)
        )
        WHERE (decoded->>'path') IS NOT NULL
        """
    )


def cards(connection: Connection) -> None:
    """Read the licences that the cards of the temporary table ``new_card`` state."""
    found = connection.execute(
        f"""
        SELECT card_id, json_extract(decoded, '$.front_matter.license')::VARCHAR,
            json_extract_string(decoded, '$.front_matter.license_name'), json_extract_string(decoded, '$.front_matter.license_link'),
            CASE WHEN regexp_matches(text, '{_TELLING}') THEN text ELSE '' END
        FROM new_card ORDER BY card_id
        """
    )
    rows: list[tuple[Value, ...]] = []
    while batch := found.fetchmany(_BATCH):
        for card, licence, name, link, text in batch:
            said = [*_front(licence, name, link), *_prose(text or "")]
            rows += [(card, number, *row) for number, row in enumerate(said, start=1)]
    insert(connection, "core.licence_mention", rows)


def _front(licence: str | None, name: str | None, link: str | None) -> list[tuple[Value, ...]]:
    """Rows (kind, how, raw, licence, confidence, line) of a front matter."""
    rows: list[tuple[Value, ...]] = []
    value = json.loads(licence) if licence else None
    for word in value if isinstance(value, list) else [value]:
        if isinstance(word, str) and 0 < len(word) <= _RAW:
            meant = understand(word.lower())
            rows.append(("front matter", "field", word, meant[0], 0.5 if meant[3] == "none" else 1.0, None))
    for kind, said in (("license_name", name), ("license_link", link)):
        if said and said != "null":
            meaning = _hint(kind, said[:_RAW])
            rows.append((kind, "field", said[:_RAW], *meaning, None))
    return rows


def _prose(text: str) -> list[tuple[Value, ...]]:
    return [("card prose", one.how, one.raw[:_RAW], one.licence, one.confidence, one.line) for one in mentions(text)]


@cache
def _hint(kind: str, raw: str) -> tuple[str | None, float]:
    return of_name(raw) if kind == "license_name" else of_link(raw)


def learn(connection: Connection) -> None:
    """Add what is new: names and links of front matters, licences that only texts or prose have, expressions taken apart."""
    hints = connection.execute(
        """
        SELECT kind, raw FROM (
            SELECT DISTINCT 'license_name' AS kind, licence_name AS raw FROM core.front WHERE licence_name <> ''
            UNION ALL SELECT DISTINCT 'license_link', licence_link FROM core.front WHERE licence_link <> ''
        ) WHERE NOT EXISTS (SELECT 1 FROM core.licence_hint h WHERE h.kind = kind AND h.raw = raw) ORDER BY ALL
        """
    ).fetchall()
    insert(connection, "core.licence_hint", [(kind, raw, *_hint(kind, raw[:_RAW])) for kind, raw in hints])
    words = connection.execute(
        """
        SELECT DISTINCT lower(licence) FROM (
            SELECT licence FROM core.licence_text UNION ALL SELECT licence FROM core.licence_mention
            UNION ALL SELECT licence FROM core.licence_hint UNION ALL SELECT licence FROM core.licence
        ) WHERE licence IS NOT NULL AND lower(licence) NOT IN (SELECT raw FROM core.licence) ORDER BY 1
        """
    ).fetchall()
    insert(connection, "core.licence", [(word, *understand(word)) for (word,) in words])
    _take_apart(connection)


def _take_apart(connection: Connection) -> None:
    expressions = connection.execute(
        """
        SELECT DISTINCT licence FROM core.licence
        WHERE regexp_matches(licence, ' (OR|AND) ') AND licence NOT IN (SELECT expression FROM core.licence_part) ORDER BY 1
        """
    ).fetchall()
    rows: list[tuple[Value, ...]] = []
    fresh: dict[str, None] = {}
    for (expression,) in expressions:
        operator, licences = parts(expression)
        rows += [(expression, number, licence, operator) for number, licence in enumerate(licences, start=1)]
        fresh |= dict.fromkeys(licence.lower() for licence in licences)
    insert(connection, "core.licence_part", rows)
    known = {word for (word,) in connection.execute("SELECT raw FROM core.licence").fetchall()} if fresh else set()
    insert(connection, "core.licence", [(word, *understand(word)) for word in fresh if word not in known])
