"""W2: raw pages -> queryable tables. Ours, the plain `read_json` + unnest, and pandas -> SQLite.

Ours also normalises licences, types edges, parses claims, keeps history and provenance.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from pathlib import Path

from benchmarks import measure


def main(full: bool) -> None:
    """Compare the three."""
    from benchmarks.pages import land

    count = 100 if full else 20
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        size = land(home, count)
        variants: dict[str, tuple[object, ...]] = {"ours": (home,), "plain": (home,), "pandas": (home,)}
        costs = measure.compare("benchmarks.load", variants, 3 if full else 1)
    table = measure.Table("load")
    for name, cost in costs.items():
        table.cost(name, cost, models=count * 1000, json_mb=round(size / 1e6), **cost.facts)
    ours, plain, pandas = costs["ours"], costs["plain"], costs["pandas"]
    table.promise("CPU: pandas / ours", pandas.cpu / ours.cpu, 12, at_least=True)
    table.promise("memory: pandas / ours", pandas.rss_mb / ours.rss_mb, 5, at_least=True)
    table.promise("file: pandas / ours", pandas.facts["file_mb"] / ours.facts["file_mb"], 5, at_least=True)
    table.promise("CPU: ours / plain", ours.cpu / plain.cpu, 1.5, at_least=False)
    table.show()


def ours(home: Path) -> Path:
    """The loader as users run it."""
    from landing import Zone
    from warehouse.database import Limits
    from warehouse.load import load

    out = home / "ours.duckdb"
    load(Zone(home / "landing"), out, Limits("1GB"), rebuild=True)
    return out


def plain(home: Path) -> Path:
    """The least that could be done: typed read_json, seven tables by unnest."""
    import duckdb

    out = home / "plain.duckdb"
    out.unlink(missing_ok=True)
    connection = duckdb.connect(str(out))
    connection.execute("SET preserve_insertion_order = false; SET memory_limit = '2GB'")
    files = sorted(str(path) for path in home.glob("landing/*/*/parts/*.zst"))
    listed = ", ".join(f"'{path}'" for path in files)
    for statement in _PLAIN.replace("FILES", listed).split(";"):
        connection.execute(statement)
    connection.close()
    return out


_PLAIN = """
CREATE TEMP TABLE raw AS SELECT row_number() OVER () AS model_id, * FROM read_json([FILES], format = 'array', columns = {
    id: 'VARCHAR', author: 'VARCHAR', sha: 'VARCHAR', createdAt: 'TIMESTAMP', lastModified: 'TIMESTAMP', gated: 'VARCHAR',
    private: 'BOOLEAN', downloads: 'BIGINT', likes: 'INTEGER', pipeline_tag: 'VARCHAR', library_name: 'VARCHAR',
    tags: 'VARCHAR[]', siblings: 'STRUCT(rfilename VARCHAR)[]',
    config: 'STRUCT(architectures VARCHAR[], model_type VARCHAR)', cardData: 'JSON', "model-index": 'JSON'
}, maximum_object_size = 67108864);
CREATE TABLE models AS SELECT model_id, id, author, sha, createdAt, lastModified, gated, private, pipeline_tag,
    library_name, config.architectures[1] AS architecture, config.model_type AS model_type FROM raw;
CREATE TABLE model_tags AS SELECT model_id, unnest(tags) AS tag FROM raw;
CREATE TABLE model_files AS SELECT model_id, unnest(siblings).rfilename AS path FROM raw;
CREATE TABLE model_licences AS SELECT model_id, tag[9:] AS licence FROM model_tags WHERE starts_with(tag, 'license:');
CREATE TABLE lineage_edges AS SELECT model_id, tag[12:] AS parent FROM model_tags WHERE starts_with(tag, 'base_model:');
CREATE TABLE eval_claims AS WITH a AS (
    SELECT model_id, unnest(from_json("model-index", '[{"results": [{"task": {"type": "VARCHAR"},
        "dataset": {"type": "VARCHAR"}, "metrics": [{"type": "VARCHAR", "value": "VARCHAR"}]}]}]')) AS m
    FROM raw WHERE json_type("model-index") = 'ARRAY'), b AS (SELECT model_id, unnest(m.results) AS r FROM a)
    SELECT model_id, r.task.type AS task, r.dataset.type AS dataset, unnest(r.metrics) AS metric FROM b;
CREATE TABLE snapshot_facts AS SELECT 1 AS snap, model_id, downloads, likes FROM raw;
CHECKPOINT
"""


def pandas(home: Path) -> Path:
    """The usual pick: everything into data frames, then to_sql into SQLite."""
    import pandas as pd
    import zstandard
    from sqlalchemy import create_engine

    out = home / "pandas.sqlite"
    out.unlink(missing_ok=True)
    records = []
    for path in sorted(home.glob("landing/*/*/parts/*.zst")):
        with path.open("rb") as handle, zstandard.ZstdDecompressor().stream_reader(handle) as stream:
            records += json.load(io.TextIOWrapper(stream, encoding="utf-8"))
    tables: dict[str, list] = {
        name: [] for name in ("models", "tags", "files", "licences", "edges", "claims", "facts")
    }
    for number, model in enumerate(records):
        _rows(number, model, tables)
    engine = create_engine(f"sqlite:///{out}")
    for name, rows in tables.items():
        pd.DataFrame(rows).to_sql(name, engine, index=False)
    engine.dispose()
    return out


def _rows(number: int, model: dict, tables: dict[str, list]) -> None:
    keys = ("id", "author", "sha", "createdAt", "lastModified", "gated", "private", "pipeline_tag", "library_name")
    config = model["config"] or {}
    architecture = (config.get("architectures") or [None])[0]
    row = {"model_id": number, "architecture": architecture, "model_type": config.get("model_type")}
    tables["models"].append(row | {key: model[key] for key in keys})
    tables["facts"].append({"model_id": number, "downloads": model["downloads"], "likes": model["likes"]})
    for tag in model["tags"]:
        tables["tags"].append({"model_id": number, "tag": tag})
        if tag.startswith("license:"):
            tables["licences"].append({"model_id": number, "licence": tag[8:]})
        if tag.startswith("base_model:"):
            tables["edges"].append({"model_id": number, "parent": tag[11:]})
    for sibling in model["siblings"]:
        tables["files"].append({"model_id": number, "path": sibling["rfilename"]})
    for entry in model["model-index"] or []:
        for result in entry["results"]:
            for metric in result["metrics"]:
                claim = {"task": result["task"]["type"], "dataset": result["dataset"]["type"]}
                tables["claims"].append(
                    {"model_id": number, **claim, "metric": metric["type"], "value": metric["value"]}
                )


if __name__ == "__main__":
    made = {"ours": ours, "plain": plain, "pandas": pandas}[sys.argv[1]](Path(sys.argv[2]))
    measure.answer({"file_mb": round(made.stat().st_size / 1e6, 1)})
