"""W3: ten questions on the warehouse, and on the same facts in SQLite with six indexes."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import measure

# name: (DuckDB on our schema, SQLite on the seven plain tables); each pair answers the same.
QUERIES = {
    "doc_completeness": (
        """SELECT (SELECT count(*) FROM core.about WHERE licences > 0), (SELECT count(*) FROM core.about WHERE base_models > 0),
            (SELECT count(*) FROM core.front WHERE claims > 0)""",
        """SELECT (SELECT count(DISTINCT model_id) FROM licences), (SELECT count(DISTINCT model_id) FROM edges),
            (SELECT count(DISTINCT model_id) FROM claims)""",
    ),
    "licence_dist": (
        "SELECT licence_raw, count(*) FROM core.about WHERE licence_raw IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1",
        "SELECT licence, count(*) FROM licences GROUP BY 1 ORDER BY 2 DESC, 1",
    ),
    "licence_conflict": (
        """WITH l AS (SELECT m.name, a.about_id, a.licence_raw FROM core.model m JOIN core.model_version v USING (model_id)
            JOIN core.about a USING (about_id)) SELECT p.licence_raw, c.licence_raw, count(*) FROM core.lineage_edge e
            JOIN l c ON c.about_id = e.about_id JOIN l p ON p.name = e.parent
            WHERE p.licence_raw <> c.licence_raw GROUP BY ALL ORDER BY 3 DESC, 1, 2""",
        """SELECT lp.licence, lc.licence, count(*) FROM edges e JOIN models p ON p.id = e.parent
            JOIN licences lp ON lp.model_id = p.model_id JOIN licences lc ON lc.model_id = e.model_id
            WHERE lp.licence <> lc.licence GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2""",
    ),
    "popularity_gini": (
        """SELECT round(sum((2 * i - n - 1) * d) / (n * sum(d)), 6) FROM (SELECT downloads::DOUBLE AS d,
            row_number() OVER (ORDER BY downloads) AS i, count(*) OVER () AS n FROM core.metric) GROUP BY n""",
        """SELECT round(sum((2.0 * i - n - 1) * d) / (n * sum(d)), 6) FROM (SELECT CAST(downloads AS REAL) AS d,
            row_number() OVER (ORDER BY downloads) AS i, count(*) OVER () AS n FROM facts) GROUP BY n""",
    ),
    "top_tags": (
        """SELECT t.tag, n FROM (SELECT tag_id, count(*) AS n FROM core.about_tag GROUP BY 1) JOIN core.tag t USING (tag_id)
            ORDER BY n DESC, t.tag LIMIT 50""",
        "SELECT tag, count(DISTINCT model_id) AS n FROM tags GROUP BY 1 ORDER BY n DESC, tag LIMIT 50",
    ),
    "tag_cooc": (
        """WITH top AS (SELECT tag_id FROM (SELECT tag_id, count(*) AS n FROM core.about_tag GROUP BY 1) JOIN core.tag t
            USING (tag_id) ORDER BY n DESC, t.tag LIMIT 20), x AS (SELECT about_id, tag_id FROM core.about_tag
            WHERE tag_id IN (FROM top)) SELECT count(*) FROM x a JOIN x b ON a.about_id = b.about_id AND a.tag_id < b.tag_id""",
        """WITH top AS (SELECT tag FROM (SELECT tag, count(DISTINCT model_id) AS n FROM tags GROUP BY 1)
            ORDER BY n DESC, tag LIMIT 20), x AS (SELECT DISTINCT model_id, tag FROM tags WHERE tag IN (SELECT tag FROM top))
            SELECT count(*) FROM x a JOIN x b ON a.model_id = b.model_id AND a.tag < b.tag""",
    ),
    "lineage_depth": (
        """WITH RECURSIVE e AS (SELECT m.model_id AS child, p.model_id AS parent FROM core.lineage_edge x
            JOIN core.about a USING (about_id) JOIN core.model m ON m.model_id = a.model_id
            JOIN core.model p ON p.name = x.parent WHERE p.model_id <> m.model_id),
            w AS (SELECT child, parent, 1 AS depth FROM e UNION SELECT w.child, e.parent, depth + 1 FROM w
            JOIN e ON e.child = w.parent WHERE depth < 10) SELECT depth, count(*) FROM w GROUP BY 1 ORDER BY 1""",
        """WITH RECURSIVE e AS (SELECT DISTINCT x.model_id AS child, p.model_id AS parent FROM edges x
            JOIN models p ON p.id = x.parent WHERE p.model_id <> x.model_id),
            w AS (SELECT child, parent, 1 AS depth FROM e UNION SELECT w.child, e.parent, depth + 1 FROM w
            JOIN e ON e.child = w.parent WHERE depth < 10) SELECT depth, count(*) FROM w GROUP BY 1 ORDER BY 1""",
    ),
    "formats": (
        """SELECT sum((s > 0)::INT), count(*) FROM (SELECT files_id, count(*) FILTER (kind = 'safetensors') AS s
            FROM core.file GROUP BY 1)""",
        """SELECT sum(s > 0), count(*) FROM (SELECT model_id, sum(path LIKE '%.safetensors') AS s FROM files GROUP BY 1)""",
    ),
    "eval_summary": (
        "SELECT dataset, metric, count(*), round(avg(value), 6) FROM core.eval_claim GROUP BY ALL ORDER BY 1, 2",
        "SELECT dataset, metric, count(*), round(avg(value), 6) FROM claims GROUP BY 1, 2 ORDER BY 1, 2",
    ),
    "author_conc": (
        """SELECT o.owner, count(*) AS n FROM core.model m JOIN core.owner o USING (owner_id) GROUP BY 1
            ORDER BY n DESC, 1 LIMIT 100""",
        "SELECT author, count(*) AS n FROM models GROUP BY 1 ORDER BY n DESC, 1 LIMIT 100",
    ),
}
_INDEXES = ("tags(model_id)", "tags(tag)", "licences(model_id)", "edges(model_id)", "models(id)", "files(model_id)")


def main(full: bool) -> None:
    """Build both, compare answers, then CPU."""
    from benchmarks.load import ours, pandas
    from benchmarks.pages import land

    table = measure.Table("query")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        land(home, 100 if full else 10)
        duck = duckdb.connect(str(ours(home)), read_only=True)
        lite = sqlite3.connect(pandas(home))
        lite.execute("PRAGMA cache_size = -2000000")
        for number, columns in enumerate(_INDEXES):
            lite.execute(f"CREATE INDEX i{number} ON {columns}")
        totals = [0.0, 0.0]
        for name, (first, second) in QUERIES.items():
            answers, costs = zip(_timed(duck, first), _timed(lite, second), strict=True)
            totals = [total + cost for total, cost in zip(totals, costs, strict=True)]
            same = _plain(answers[0]) == _plain(answers[1])
            table.rows.append(
                {
                    "query": name,
                    "duckdb_ms": round(1000 * costs[0]),
                    "sqlite_ms": round(1000 * costs[1]),
                    "same": same,
                }
            )
    table.promise("CPU: SQLite / ours, ten queries", totals[1] / totals[0], 9, at_least=True)
    table.show()


def _timed(connection: Any, query: str) -> tuple[list, float]:
    connection.execute(query).fetchall()
    begun = time.process_time()
    rows = connection.execute(query).fetchall()
    return rows, time.process_time() - begun


def _plain(rows: list) -> list:
    return [tuple(float(value) if isinstance(value, (int, float)) else value for value in row) for row in rows]
