"""What ICSE'23 says of the Hugging Face of August 2022, on the states of 2022 that are at hand.

Skipped where the dumps are not on this machine (HUBCENSUS_SHARED_DATA, or shared/data beside the checkout).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from small_hub import shared_data

import analyses
from crawler.imports import hf_list
from landing import Zone
from warehouse.database import Limits
from warehouse.load import load
from warehouse.reader import Reader

pytestmark = [
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.xdist_group("real"),
    pytest.mark.skipif(shared_data() is None, reason="the real dumps are not here; set HUBCENSUS_SHARED_DATA"),
]

DUMPS = [
    ("2022-02-15_models_full.jsonl.gz", datetime(2022, 2, 15, 14, 15, tzinfo=UTC), True),
    ("2022-02-15_model_cards.jsonl.gz", datetime(2022, 2, 15, 14, 15, tzinfo=UTC), False),
    ("2022-07-02_models_downloads.csv.gz", datetime(2022, 7, 2, tzinfo=UTC), True),
    ("2022-08-15_model_ids.csv.gz", datetime(2022, 8, 15, tzinfo=UTC), True),
]


@pytest.fixture(scope="module")
def august(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """The hub of 2022-08-15: every id, and of the older half what was stated in February and July."""
    folder, data = tmp_path_factory.mktemp("august"), shared_data()
    assert data is not None
    zone = Zone(folder / "landing")
    for name, moment, complete in DUMPS:
        hf_list.land(zone, data / name, observed_at=moment, program="test", complete=complete)
    load(zone, folder / "warehouse.duckdb", Limits("2GB", threads=2))
    with Reader(folder / "warehouse.duckdb", limits=Limits("2GB", threads=2)) as opened:
        yield opened


def test_repositories_and_owners(august: Reader) -> None:
    """63,182 cloned and 186 failed are 63,368; the artifact lists 63,367."""
    analyses.run("concentration", august)
    total, owners, bert = august.row(
        "SELECT count(*), count(DISTINCT nullif(owner, '')), count(*) FILTER (contains(lower(model_id), 'bert')) "
        "FROM main"
    )
    assert total == 63_182 + 186 - 1 and owners == 17_136
    assert bert == 19_551
    top = analyses.run("concentration", august).tables["owners"].head(3)
    assert list(zip(top["owner"], top["models"], strict=True)) == [
        ("huggingtweets", 3_073), ("Jeevesh8", 2_443), ("Helsinki-NLP", 1_410)
    ]  # fmt: skip


def test_base_names_that_several_owners_use(august: Reader) -> None:
    analyses.run("concentration", august)
    names = august.rows("SELECT lower(name), count(*) FROM main GROUP BY 1 HAVING count(*) > 1 ORDER BY 2 DESC, 1")
    assert len(names) == 2_519 and names[0] == ("test", 447)


def test_claims_by_the_rule_of_figure_7(august: Reader) -> None:
    """By the tag twice as many claim as by the rule; by the rule we are within a point of the paper."""
    result = analyses.run("claims", august)
    strict, tagged = result.tables["by the rule of fig. 7"], result.tables["tasks"]
    assert tagged["models"].sum() > 1.8 * strict["models"].sum()
    row = result.published.iloc[0]
    assert row["published"] == pytest.approx(0.0415, abs=5e-5) and abs(row["ours"] - row["published"]) < 0.01
    text = result.tables["fig7"].set_index("task").loc["text-classification"]
    assert text["low"] < text["published share"] < text["high"] and abs(text["cohen_h"]) < 0.05


def test_figure_6_and_the_count_that_no_listing_has(august: Reader) -> None:
    fig6 = analyses.run("concentration", august).tables["fig6"].set_index(["of", "name"])
    for name in ("bert", "wav2vec2", "roberta", "t5", "xlm-roberta"):
        row = fig6.loc[("architecture", name)]
        assert row["share"] == pytest.approx(row["published"], abs=0.015), name
    assert fig6.loc[("dataset", "(none)"), "share"] == pytest.approx(0.821, abs=0.035)
    universal = fig6.loc[("dataset", "universal_dependencies")]
    assert universal["models"] < 1_207 < 1_673 < 6_834 and universal["high"] < universal["published"] / 10


def test_attributes_that_a_listing_does_not_state_are_unknown(august: Reader) -> None:
    """The ids of August say nothing but the id: attributes are of the models that were there before."""
    fields = analyses.run("missing_attributes", august).table.set_index("field")
    assert fields.loc["dataset", "n"] < 30_000 < 63_367 and not {"parameters", "licence"} & set(fields.index)
    assert fields.loc["dataset", "share"] == pytest.approx(0.82, abs=0.02)


def test_how_far_the_universal_dependencies_ever_came(tmp_path: Path) -> None:
    """Of the models of August 2022 that still are there in July 2024, not a tenth of 6,834 names that dataset."""
    data = shared_data()
    assert data is not None
    import duckdb

    with duckdb.connect() as connection:
        row = connection.execute(
            f"""
            SELECT count(*) FILTER (list_contains(tags, 'dataset:universal_dependencies')),
                count(*) FILTER (list_contains(tags, 'dataset:universal_dependencies')
                    AND id IN (SELECT "column0" FROM read_csv('{data}/2022-08-15_model_ids.csv.gz', header = false)))
            FROM read_parquet('{data}/2024-07-11_models_list.parquet')
            """
        ).fetchone()
    assert row is not None and row[1] <= row[0] < 683
