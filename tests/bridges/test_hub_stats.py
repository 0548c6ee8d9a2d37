"""Dumps in Parquet whose columns and types are the dump's own affair."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from doors import hubcensus

from landing import Zone
from warehouse.reader import Reader

MOMENT = ("--observed-at", "2026-03-01")
# The same two models as one dump after the other has spelled them.
TEXT = """
    SELECT 'lab/net' AS id, '["license:mit", "dataset:imdb"]' AS tags, 'text-generation' AS pipeline_tag, 7 AS likes,
        '2026-02-03T04:05:06.000Z' AS "lastModified", '{"total": 1234, "parameters": {"F32": 1234}}' AS safetensors,
        '{"architectures": ["BertModel"], "model_type": "bert"}' AS config, '{"license": "mit"}' AS "cardData",
        'False' AS gated, '[{"rfilename": "model.bin"}, {"rfilename": "README.md"}]' AS siblings,
        99 AS "downloadsAllTime", 'x' AS novelty
    UNION ALL SELECT 'lab/other', '[]', NULL, 0, '2026-02-01T00:00:00.000Z', NULL, NULL, NULL, 'auto', NULL, NULL, 'y'
"""
NESTED = """
    SELECT 'lab/net' AS id, ['license:mit', 'dataset:imdb'] AS tags, 'text-generation' AS pipeline_tag,
        7::UTINYINT AS likes,
        TIMESTAMP '2026-02-03 04:05:06' AS "lastModified",
        {'parameters': {'F32': 1234}, 'total': 1234, 'sharded': false} AS safetensors,
        {'model_type': 'bert', 'architectures': ['BertModel'], 'tokenizer_config': {'a': 1}} AS config,
        {'license': 'mit'} AS "cardData", 'false' AS gated,
        [{'rfilename': 'model.bin'}, {'rfilename': 'README.md'}] AS siblings, 99.0 AS "downloadsAllTime",
        'x' AS novelty
    UNION ALL SELECT 'lab/other', [], NULL, 0, TIMESTAMP '2026-02-01', NULL, NULL, NULL, 'auto', NULL, NULL, 'y'
"""
QUERY = """
    SELECT model_id, task, likes, last_modified::VARCHAR, parameters, architecture, model_type, gated, licence,
        datasets, has_card, downloads_all_time, (SELECT count(*) FROM mart.file f WHERE f.model_id = m.model_id)
    FROM mart.model m ORDER BY model_id
"""


def parquet(path: Path, query: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path


def loaded(home: Path, query: str) -> list[tuple]:
    hubcensus(home, "load")
    hubcensus(home, "check")
    with Reader(home / "warehouse.duckdb") as reader:
        return reader.rows(query)


@pytest.mark.parametrize("query", [TEXT, NESTED], ids=["text", "nested"])
def test_columns_are_read_in_whichever_type_they_have(tmp_path, query):
    path, home = parquet(tmp_path / "models.parquet", query), tmp_path / "home"
    hubcensus(home, "import", "hub-stats", str(path), *MOMENT)
    net, other = loaded(home, QUERY)
    when = "2026-02-03 04:05:06"
    facts = ("text-generation", 7, when, 1234, "BertModel", "bert", "false", "MIT", 1, True, 99, 2)
    assert net == ("lab/net", *facts)
    assert other[:4] == ("lab/other", None, 0, "2026-02-01 00:00:00")
    assert other[4:8] == (None, None, None, "auto")


def test_a_column_that_is_not_there_is_unknown(tmp_path):
    path, home = parquet(tmp_path / "models.parquet", "SELECT 'lab/net' AS id, 3 AS likes"), tmp_path / "home"
    hubcensus(home, "import", "hub-stats", str(path), *MOMENT)
    assert loaded(home, "SELECT model_id, likes, task, downloads, has_card FROM mart.model") == [
        ("lab/net", 3, None, None, None)
    ]


def test_text_that_is_no_json_is_noted_and_the_row_kept(tmp_path):
    query = """SELECT 'lab/net' AS id, '[''a'', "b"' AS tags, 3 AS likes UNION ALL SELECT 'lab/other', '["b"]', 4"""
    path, home = parquet(tmp_path / "models.parquet", query), tmp_path / "home"
    hubcensus(home, "import", "hub-stats", str(path), *MOMENT)
    assert loaded(home, "SELECT model_id, likes, tags FROM mart.model ORDER BY 1") == [
        ("lab/net", 3, 0),
        ("lab/other", 4, 1),
    ]
    assert loaded(home, "SELECT ordinal, reason, kept FROM raw.quarantine") == [(0, "wrong type: tags", True)]


def test_the_file_lands_byte_for_byte_and_once(tmp_path):
    path, home = parquet(tmp_path / "models.parquet", NESTED), tmp_path / "home"
    first, second = (hubcensus(home, "import", "hub-stats", str(path))["runs"][0] for _ in range(2))
    assert (first["new"], second["new"]) == (True, False)
    assert first["observed_at"].startswith("2026-02-03T04:05:06")
    (run,) = Zone(home / "landing").runs("huggingface")
    (part,) = run.parts()
    assert run.verify(part).read_bytes() == path.read_bytes()
    assert {"novelty", "safetensors", "id"} <= set(part.fields)


def test_a_folder_of_shards_is_one_table(tmp_path):
    for number in range(3):
        parquet(tmp_path / "train" / f"{number:04}.parquet", f"SELECT 'lab/net-{number}' AS id, {number} AS likes")
    home = tmp_path / "home"
    (run,) = hubcensus(home, "import", "hub-stats", str(tmp_path / "train"), *MOMENT)["runs"]
    assert run["records"] == 3
    names = [(f"lab/net-{number}", number) for number in range(3)]
    assert loaded(home, "SELECT model_id, likes FROM mart.model ORDER BY 1") == names


def test_data_sets_land_and_are_no_models(tmp_path):
    query = "SELECT 'lab/data' AS id, ['size_categories:1K<n<10K'] AS tags, 5 AS downloads"
    home = tmp_path / "home"
    hubcensus(home, "import", "hub-stats", str(parquet(tmp_path / "models.parquet", NESTED)), *MOMENT)
    later = ("--observed-at", "2026-03-02", "--complete")
    hubcensus(home, "import", "hub-stats", str(parquet(tmp_path / "datasets.parquet", query)), *later)
    models = loaded(home, "SELECT model_id, removed FROM mart.model ORDER BY 1")
    assert models == [("lab/net", False), ("lab/other", False)]


@pytest.mark.parametrize(
    "query, word",
    [
        ("SELECT 'lab/space' AS id, 'gradio' AS sdk, [] AS tags, 1 AS likes", "sdk"),
        ("SELECT '2401.00001' AS id, 'A title' AS title", "title"),
        ("SELECT 1 AS number, 2 AS likes", "number"),
    ],
)
def test_other_tables_are_refused_by_their_columns(tmp_path, query, word):
    path = parquet(tmp_path / "what.parquet", query)
    assert word in hubcensus(tmp_path / "home", "import", "hub-stats", str(path), *MOMENT, code=2)


def test_files_that_are_none_are_said_in_a_sentence(tmp_path):
    path, home = tmp_path / "models.parquet", tmp_path / "home"
    path.write_bytes(b"PAR1 and no more")
    assert "cannot be read as parquet" in hubcensus(home, "import", "hub-stats", str(path), *MOMENT, code=2)
    (tmp_path / "empty").mkdir()
    assert "no .parquet file" in hubcensus(home, "import", "hub-stats", str(tmp_path / "empty"), *MOMENT, code=2)
    timeless = parquet(tmp_path / "x.parquet", "SELECT 'a/b' AS id, 1 AS likes")
    assert "--observed-at" in hubcensus(home, "import", "hub-stats", str(timeless), code=2)


def test_shards_of_different_things_are_refused(tmp_path):
    parquet(tmp_path / "all" / "models.parquet", NESTED)
    parquet(tmp_path / "all" / "datasets.parquet", "SELECT 'd' AS id, ['size_categories:n<1K'] AS tags")
    said = hubcensus(tmp_path / "home", "import", "hub-stats", str(tmp_path / "all"), *MOMENT, code=2)
    assert "datasets.parquet: datasets" in said
