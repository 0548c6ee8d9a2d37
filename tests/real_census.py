"""The census of the real dumps that several tests look at; skipped where the dumps are not here."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.imports import hf_list, packages, peatmoss_licences, series, versions
from landing import Zone
from warehouse.database import Limits
from warehouse.load import load

DUMPS = [
    ("2022-02-15_models_full.jsonl.gz", datetime(2022, 2, 15, 14, 15, tzinfo=UTC), True),
    ("2022-07-02_models_downloads.csv.gz", datetime(2022, 7, 2, tzinfo=UTC), True),
    ("2022-08-15_model_ids.csv.gz", datetime(2022, 8, 15, tzinfo=UTC), True),
    ("2024-07-11_models_list.parquet", datetime(2024, 7, 11, tzinfo=UTC), True),
    ("radar_2026-08-21T20-00Z.parquet", datetime(2026, 8, 21, 20, tzinfo=UTC), False),
]
SERIES = [
    "transformersjs_feature-extraction_daily_2024-05_2026-01.parquet",
    "kblab_monthly_downloads_2023-2026-02.csv.gz",
]


def shared_data() -> Path | None:
    """The folder of real dumps, where this machine has it."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ["HUBCENSUS_SHARED_DATA"]) if "HUBCENSUS_SHARED_DATA" in os.environ else beside
    return folder if (folder / "hf").is_dir() else None


def studies() -> Path | None:
    """The folder of the artifacts that studies have published, where this machine has it."""
    folder = os.environ.get("HUBCENSUS_STUDIES")
    return Path(folder) if folder and Path(folder).is_dir() else None


needs_dumps = pytest.mark.skipif(
    shared_data() is None, reason="the real dumps are not here; set HUBCENSUS_SHARED_DATA"
)


def build(home: Path) -> None:
    """Land the dumps of the hub and load them."""
    data, zone = shared_data(), Zone(home / "landing")
    assert data is not None
    for name, moment, complete in DUMPS:
        hf_list.land(zone, data / "hf" / name, observed_at=moment, program="test", complete=complete)
    load(zone, home / "warehouse.duckdb", Limits("2GB", threads=2))


def build_studies(home: Path) -> None:
    """Land what else the studies rest on: links and licences, series of counters, versions, package registries."""
    data, artifacts, zone = shared_data(), studies(), Zone(home / "landing")
    assert data is not None
    peatmoss_licences.land(zone, data, program="test")
    for name in SERIES:
        series.land(zone, data / "hf" / name, program="test")
    for path in sorted((data / "versions").glob("*.csv*")):
        versions.land(zone, path, observed_at=datetime(2024, 7, 1, tzinfo=UTC), program="test")
    if artifacts:
        table = artifacts / "ICSE-23-PTM-Artifact" / "data" / "transformed packages.csv"
        packages.land(zone, table, observed_at=datetime(2022, 8, 15, tzinfo=UTC), program="test")
    load(zone, home / "warehouse.duckdb", Limits("2GB", threads=2))
