"""A hub from outside the package: installed, crawled, loaded, queried; no file of HubCensus knows it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOY = Path(__file__).parent / "toy"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The toy hub as pip would have installed it."""
    site = tmp_path / "site"
    (site / "toy_zoo_sql").mkdir(parents=True)
    shutil.copy(TOY / "toy_zoo.py", site)
    shutil.copy(TOY / "toy-zoo.sql", site / "toy_zoo_sql")
    about = site / "toy_zoo-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-zoo\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[hubcensus.hubs]\ntoy-zoo = toy_zoo\n\n[hubcensus.mappings]\ntoy-zoo = toy_zoo_sql\n"
    )
    return site


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    """Two toys and a broken one."""
    toys = tmp_path / "zoo" / "toys"
    toys.mkdir(parents=True)
    (tmp_path / "zoo" / "README.md").write_text("# Toys\n\n## Usage\nPlay.\n")
    bear = "name: Bär\nmaker: steiff\ndoes: Cuddling\nlicence: MIT\npaper: https://arxiv.org/abs/1512.03385\n"
    (toys / "bear.yml").write_text(
        bear + "bytes: 12\nsha256: ABC\nversions: ['1', '2']\nfun: 99.5\n", encoding="utf-8"
    )
    (toys / "car.yml").write_text("name: car\nmaker: lego\ndoes: driving\n")
    (toys / "bad.yml").write_text("name: [\n")
    return tmp_path / "zoo"


def test_a_hub_from_outside_the_package(site, zoo, tmp_path):
    def hubcensus(*words: str) -> str:
        command = [sys.executable, "-m", "hubcensus", "--home", str(tmp_path / "home"), *words]
        environment = {**os.environ, "PYTHONPATH": str(site)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "toy-zoo" in hubcensus("hubs")
    hubcensus("crawl", "toy-zoo", "--from", str(zoo))
    hubcensus("load")
    hubcensus("check")
    query = "SELECT model_id, owner, task, task_raw, licence, papers, has_card FROM mart.model ORDER BY 1 DESC"
    assert json.loads(hubcensus("sql", query, "--format", "json")) == [
        {"model_id": "steiff/Bär", "owner": "steiff", "task": "image-classification", "task_raw": "Cuddling",
         "licence": "MIT", "papers": 1, "has_card": True},
        {"model_id": "lego/car", "owner": "lego", "task": None, "task_raw": "driving",
         "licence": None, "papers": 0, "has_card": True},
    ]  # fmt: skip
    rows = "SELECT (SELECT count(*) FROM mart.release) AS releases, (SELECT value FROM mart.claim) AS claim, "
    rows += "(SELECT sha256 FROM mart.file WHERE sha256 IS NOT NULL) AS hash, (SELECT key FROM raw.quarantine) AS bad"
    assert json.loads(hubcensus("sql", rows, "--format", "json")) == [
        {"releases": 2, "claim": 99.5, "hash": "abc", "bad": "toys/bad.yml"}
    ]


def test_without_the_package_the_hub_is_unknown(zoo, tmp_path, capsys):
    from hubcensus.cli import run

    assert run(["--home", str(tmp_path / "home"), "crawl", "toy-zoo", "--from", str(zoo)]) == 2
    assert "There is no hub 'toy-zoo'" in capsys.readouterr().err
