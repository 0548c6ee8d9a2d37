"""Figure 1 of ICSE'23: tables of packages in, rank-size curves out."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import analyses
from analyses._base import Result
from crawler.imports import packages
from landing import UsageError, Zone
from warehouse.database import Limits
from warehouse.load import load
from warehouse.reader import Reader

THEN = datetime(2022, 8, 15, tzinfo=UTC)


def loaded(folder: Path, *tables: Path, at: datetime = THEN) -> Path:
    zone = Zone(folder / "landing")
    for table in tables:
        packages.land(zone, table, observed_at=at, program="test")
    load(zone, folder / "warehouse.duckdb", Limits("1GB", threads=1))
    return folder / "warehouse.duckdb"


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def rows(warehouse: Path, query: str) -> list[tuple[object, ...]]:
    with Reader(warehouse) as reader:
        return reader.rows(query)


PACKAGES = "SELECT registry, rank, name, downloads FROM mart.package ORDER BY registry, rank"


def test_columns_by_header_in_any_order_and_case(tmp_path: Path) -> None:
    text = 'Package,Monthly Downloads,Ecosystem\nb,"1,500",PyPI\na,1400,pypi\nc,,npm\nd,many,npm\ne,7,\n'
    warehouse = loaded(tmp_path, written(tmp_path / "t.csv", text))
    assert rows(warehouse, PACKAGES) == [("pypi", 1, "b", 1_500), ("pypi", 2, "a", 1_400)]
    bad = rows(warehouse, "SELECT ordinal, reason FROM raw.quarantine ORDER BY ordinal")
    assert [row[0] for row in bad] == [2, 3, 4] and {row[1] for row in bad} == {
        "no registry with a whole number of downloads"
    }


def test_columns_without_header_and_packed(tmp_path: Path) -> None:
    table = tmp_path / "t.csv.gz"
    table.write_bytes(gzip.compress(b'20,pypi,\n10,pypi,\n"1,000",npm,\n'))
    assert rows(loaded(tmp_path, table), PACKAGES) == [
        ("npm", 1, None, 1_000), ("pypi", 1, None, 20), ("pypi", 2, None, 10)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "holds no row"), ("a,b\n1,2\n", "needs a column"), ("1,2,3\n", "needs a column"), ('a,"b\n', "as CSV")],
)
def test_what_is_no_such_table_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        packages.land(Zone(tmp_path / "z"), written(tmp_path / "t.csv", text), observed_at=THEN, program="test")


def test_a_moment_is_needed_and_a_table_lands_once(tmp_path: Path) -> None:
    table, zone = written(tmp_path / "t.csv", "5,pypi,\n"), Zone(tmp_path / "landing")
    with pytest.raises(UsageError, match="--observed-at"):
        packages.land(zone, table, program="test")
    first, second = (packages.land(zone, table, observed_at=THEN, program="test") for _ in range(2))
    assert first[0].run_id == second[0].run_id and len(list(zone.runs("packages"))) == 1
    part = next(part for part in next(iter(zone.runs("packages"))).parts() if part.kind == "original")
    assert (zone.root / "packages" / first[0].run_id / part.path).read_bytes() == table.read_bytes()


def test_the_newest_table_of_each_registry_holds(tmp_path: Path) -> None:
    loaded(tmp_path, written(tmp_path / "a.csv", "5,pypi,\n9,npm,\n"))
    later = written(tmp_path / "b.csv", "7,pypi,\n6,pypi,\n")
    warehouse = loaded(tmp_path, later, at=datetime(2023, 1, 1, tzinfo=UTC))
    assert [row[3] for row in rows(warehouse, PACKAGES)] == [9, 7, 6]
    with Reader(warehouse, as_of=datetime(2022, 9, 1, tzinfo=UTC)) as reader:
        assert [row[3] for row in reader.rows(PACKAGES)] == [9, 5]


def test_measures_of_a_known_distribution(tmp_path: Path) -> None:
    """Downloads of 1e9 / rank^1.5: the drop is 1,000 to 1, the exponent two thirds."""
    ranks = np.arange(1, 1001)
    lines = "".join(f"{round(1e9 / rank**1.5)},pypi,\n" for rank in ranks)
    with Reader(loaded(tmp_path, written(tmp_path / "t.csv", lines))) as reader:
        table = analyses.run("registries", reader).table.iloc[0]
    x = np.sort(np.round(1e9 / ranks**1.5))
    gini = 2 * np.sum(np.arange(1, 1001) * x) / (1000 * x.sum()) - 1001 / 1000
    assert table["gini"] == pytest.approx(gini) and table["gini low"] < table["gini"] < table["gini high"]
    assert table["drop"] == pytest.approx(1000) and table["share of top 100"] == pytest.approx(
        x[-100:].sum() / x.sum()
    )
    assert (
        table["exponent"] == pytest.approx(2 / 3, abs=0.02) and table["exponent low"] < 2 / 3 < table["exponent high"]
    )


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The analysis of the table of the paper's artifact."""
    studies = os.environ.get("HUBCENSUS_STUDIES")
    table = Path(studies or "/nowhere") / "ICSE-23-PTM-Artifact" / "data" / "transformed packages.csv"
    if not table.is_file():
        pytest.skip("the artifact of ICSE'23 is not here; set HUBCENSUS_STUDIES")
    with Reader(loaded(tmp_path_factory.mktemp("fig1"), table)) as reader:
        return analyses.run("registries", reader)


def test_the_artifact_gives_figure_1(artifact: Result) -> None:
    table = artifact.table.set_index("of")
    assert dict(table["n"]) == {"huggingface": 6_701, "npm": 136, "pypi": 52_795}
    assert list(table["first"]) == [25_195_541, 917_000_000, 384_702_556]
    assert table.loc["pypi", "hundredth"] == pytest.approx(35.8e6, abs=5e4)
    assert table.loc["huggingface", "hundredth"] == pytest.approx(0.372e6, abs=500)
    assert table.loc["huggingface", "share of top 100"] == pytest.approx(0.822, abs=5e-4)
    assert table.loc["pypi", "share of top 100"] == pytest.approx(0.520, abs=5e-4)


def test_the_hub_falls_steeper_than_pypi(artifact: Result) -> None:
    table = artifact.table.set_index("of")
    assert table.loc["huggingface", "drop"] > 5 * table.loc["pypi", "drop"]
    assert table.loc["huggingface", "share low"] > table.loc["pypi", "share high"]
    assert table.loc["huggingface", "exponent high"] < table.loc["pypi", "exponent low"]


def test_one_row_of_npm_is_why_the_hundredth_differs(artifact: Result) -> None:
    """Without the row with thousands separators npm has the 135 rows and the hundredth that other code counted."""
    studies = Path(os.environ["HUBCENSUS_STUDIES"]) / "ICSE-23-PTM-Artifact" / "data" / "transformed packages.csv"
    npm = sorted(
        (int(line.split(",")[0]) for line in studies.read_text().splitlines() if ",npm," in line and '"' not in line),
        reverse=True,
    )
    assert len(npm) == 135 and npm[99] == pytest.approx(15.1e6, abs=5e4)
    assert artifact.table.set_index("of").loc["npm", "hundredth"] > npm[99]
