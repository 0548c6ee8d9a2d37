"""The targets on real dumps: Hugging Face of 2022, the whole listing of 2024-07-11, a subset of 2026.

Skipped where the dumps are not on this machine (HUBCENSUS_SHARED_DATA, or shared/data beside the checkout).
The expected numbers were counted by other code; "ours" is what this pipeline makes of the same files.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import real_census

import analyses
from analyses._base import Result
from warehouse.database import Limits
from warehouse.reader import Reader

pytestmark = [
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.xdist_group("real"),
    real_census.needs_dumps,
]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real")
    real_census.build(folder)
    return folder / "warehouse.duckdb"


@pytest.fixture(scope="module")
def now(real: Path) -> Iterator[Reader]:
    """Asked without a moment: the partial subset of 2026 must not leak into the hub of 2024."""
    with Reader(real, limits=Limits("2GB", threads=2)) as opened:
        yield opened


def number(result: Result, table: str, key: str, what: str, value: str) -> float:
    frame = result.tables[table]
    return float(frame.loc[frame[key] == what, value].iloc[0])


NOT_IN_DUMPS = {
    "threads",
    "usages",
    "scans",
    "scanners",
    "scores",
    "tokens",
    "measurements",
    "packages",
    "card values",
}
OF_HUBS = [name for name in analyses.names() if NOT_IN_DUMPS.isdisjoint(analyses.find(name).NEEDS)]


@pytest.mark.parametrize("name", OF_HUBS)
def test_every_number_counted_elsewhere(name: str, now: Reader) -> None:
    """All quantities of the listing of 2024-07-11 that other code has counted, to the digits it gave."""
    result = analyses.run(name, now)
    assert result.available and result.snapshots == [4]
    for row in result.published.itertuples():
        if not str(row.source).startswith("listing of 2024-07-11"):
            continue
        if name == "merges" and row.published == 11_214:
            assert row.ours - row.published == 13, "Merge and Mergekit, written in upper case"
        elif row.unit == "count":
            assert row.ours == row.published, row.quantity
        else:
            assert row.ours == pytest.approx(row.published, abs=6e-4), row.quantity


def test_the_promised_numbers(now: Reader) -> None:
    licence, lineage = analyses.run("licence", now), analyses.run("lineage", now).table.iloc[0]
    assert licence.table["n"][0] == 760_000 and licence.table["models"][0] == 286_978
    assert (lineage["edges"], lineage["resolved"], lineage["self_loops"]) == (126_650, 105_402, 665)
    measures = analyses.run("popularity", now)
    assert number(measures, "measures", "measure", "Gini coefficient", "value") == pytest.approx(0.9988, abs=5e-5)
    assert number(measures, "measures", "measure", "share of the top 10", "value") == pytest.approx(0.5645, abs=5e-5)
    assert number(measures, "measures", "measure", "share of the top 1,000", "value") == pytest.approx(
        0.9412, abs=5e-5
    )
    spearman = analyses.run("downloads_likes", now)
    assert number(spearman, "correlations", "coefficient", "Spearman", "value") == pytest.approx(0.276, abs=5e-4)
    drifts = analyses.run("licence_drift", now).tables["drifts"]
    llama = drifts.loc[(drifts["parent"] == "llama2") & (drifts["child"] == "apache-2.0"), "edges"]
    assert list(llama) == [2_429]


def test_turnover_and_survival(now: Reader) -> None:
    table = analyses.run("turnover", now).table
    last = table.loc[table["since"] == datetime(2022, 7, 2)].set_index("ids")["remained"]
    assert last["exact"] == 228 and last["renames followed"] > last["exact"]
    survival = analyses.run("survival", now).table.set_index("since")
    august = survival.loc[datetime(2022, 8, 15)]
    assert (august["n"], august["same_id"], august["without_owner"], august["without_owner_same_id"]) == (
        63_367,
        58_771,
        68,
        0,
    )


def test_as_of_2022(real: Path) -> None:
    with Reader(real, as_of=datetime(2022, 3, 1, tzinfo=UTC), limits=Limits("2GB", threads=2)) as early:
        licence = analyses.run("licence", early)
        assert licence.snapshots == [1] and licence.table["n"][0] == 29_432
        assert licence.table["models"][0] == 7_498
