"""One vocabulary for tasks and architectures: the hubs' words, and what they mean.

``tasks.csv`` has the words (lower case) with the pipeline tags of Hugging Face; a hub's mapping adds words of its own.
``architectures.csv`` has patterns over lower-case names with families, the model types of Hugging Face; the first that
fits wins.
"""

from __future__ import annotations

import csv
from importlib import resources

from warehouse.database import Connection
from warehouse.literals import insert


def families() -> str:
    """SQL: the macro ``architecture_family(word)``."""
    cases = " ".join(
        f"WHEN regexp_matches(word, {_text(pattern)}) THEN {_text(name)}"
        for pattern, name in _rows("architectures.csv")
    )
    return f"CREATE OR REPLACE TEMP MACRO architecture_family(word) AS (CASE {cases} END);\n"


def learn_tasks(connection: Connection, section: str) -> None:
    """Fill the temporary table ``task_word`` for one hub: the hub's own words go before the common ones."""
    connection.execute("CREATE OR REPLACE TEMP TABLE common_word (word VARCHAR, task VARCHAR)")
    insert(connection, "common_word", _rows("tasks.csv"))
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE task_word AS
        SELECT word, arg_min(task, place) AS task
        FROM (SELECT word, task, 1 AS place FROM ({section}) UNION ALL SELECT word, task, 2 FROM common_word)
        GROUP BY word
        """
    )


def _rows(name: str) -> list[tuple[str, str]]:
    text = resources.files("warehouse").joinpath(name).read_text(encoding="utf-8")
    return [(row[0], row[1]) for row in csv.reader(text.splitlines()[1:]) if row]


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
