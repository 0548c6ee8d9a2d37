"""The warehouse is a function of the landing zone: loaded step by step or from nothing, the tables are the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from landing import Zone
from warehouse.database import Limits
from warehouse.load import load
from warehouse.reader import Reader

pytestmark = pytest.mark.xdist_group("census")


def fingerprints(path: Path) -> dict[str, tuple]:
    """Order-free hash and count of every table."""
    with Reader(path) as reader:
        tables = reader.rows(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' "
            "AND table_catalog = 'census' ORDER BY ALL"
        )
        return {
            f"{schema}.{name}": reader.row(f"SELECT count(*), sum(hash(t)::HUGEINT) FROM {schema}.{name} t")
            for schema, name in tables
        }


def test_rebuild_gives_identical_tables(census, tmp_path):
    again = tmp_path / "again.duckdb"
    load(Zone(census.home / "landing"), again, Limits("1GB"), rebuild=True)
    stepwise, rebuilt = fingerprints(census.home / "warehouse.duckdb"), fingerprints(again)
    assert len(stepwise) > 20
    assert stepwise == rebuilt


def test_loading_again_changes_nothing(calm):
    path = calm.home / "warehouse.duckdb"
    before = path.stat().st_mtime_ns
    outcome = load(Zone(calm.home / "landing"), path, Limits("1GB"))
    assert outcome.runs == []
    assert path.stat().st_mtime_ns == before


def test_a_late_arrival_is_put_where_it_belongs(calm, tmp_path):
    """Load the last run first, then the others: history comes out as if they had come in order."""
    home = tmp_path / "home"
    last = max(calm.runs)
    ids = {day: run["run_id"] for day, run in calm.runs.items()}
    (home / "landing" / "huggingface").mkdir(parents=True)
    source = calm.home / "landing" / "huggingface"
    shutil.copytree(source / ids[last], home / "landing" / "huggingface" / ids[last])
    path = home / "warehouse.duckdb"
    load(Zone(home / "landing"), path, Limits("1GB"))
    for day in set(ids) - {last}:
        shutil.copytree(source / ids[day], home / "landing" / "huggingface" / ids[day])
    outcome = load(Zone(home / "landing"), path, Limits("1GB"))
    assert outcome.rebuilt is not None
    assert fingerprints(path) == fingerprints(calm.home / "warehouse.duckdb")


def test_a_warehouse_of_another_version_is_built_anew(calm, tmp_path):
    path = tmp_path / "warehouse.duckdb"
    shutil.copy(calm.home / "warehouse.duckdb", path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE raw.meta SET schema_version = schema_version - 1")
        connection.execute("DELETE FROM core.model WHERE model_id % 2 = 0")
    outcome = load(Zone(calm.home / "landing"), path, Limits("1GB"))
    assert outcome.rebuilt is not None and "schema" in outcome.rebuilt
    assert fingerprints(path) == fingerprints(calm.home / "warehouse.duckdb")
