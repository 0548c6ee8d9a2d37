"""Every analysis on a hub that was counted by hand, and on a warehouse that holds nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import analyses
from analyses import _style
from analyses._base import PUBLISHED_COLUMNS, Result
from landing.errors import UsageError
from warehouse.reader import Reader


def run(name: str, reader: Reader) -> Result:
    return analyses.run(name, reader)


def rows(result: Result, table: str, key: str, value: str) -> dict[Any, Any]:
    frame = result.tables[table]
    return dict(zip(frame[key], frame[value], strict=True))


@pytest.mark.parametrize("name", analyses.names())
def test_protocol(name: str, reader: Reader) -> None:
    module, result = analyses.find(name), run(name, reader)
    assert (module.NAME, result.name) == (name, name)
    assert module.QUESTION.endswith("?") and module.SOURCE and module.TITLE and module.SQL
    assert result.available, result.statement
    assert result.statement.endswith(".") and "nan" not in result.statement and "snapshot" in result.statement
    assert list(result.published.columns) == list(PUBLISHED_COLUMNS)
    assert result.table is next(iter(result.tables.values())) and len(result.table)
    assert result.alt and result.snapshots == [2, 3]
    assert _style.png(result.figure(), dpi=40).startswith(b"\x89PNG")
    assert b"onerror=alert" not in _style.svg(result.figure()).replace(b"&lt;img src=x onerror=alert", b"")


@pytest.mark.parametrize("name", analyses.names())
def test_nothing_is_not_a_crash(name: str, empty: Reader) -> None:
    result = run(name, empty)
    assert not result.available and result.statement.startswith("Not answered")
    assert result.table.empty and result.published.empty and result.snapshots == []
    assert _style.png(result.figure(), dpi=40)


def test_unknown_analysis() -> None:
    with pytest.raises(UsageError, match="no analysis called 'nosuch'"):
        analyses.find("nosuch")


def test_scope_is_the_whole_listing_not_the_newest_part(reader: Reader) -> None:
    top = run("popularity", reader).tables["top"]
    assert list(top["downloads"].head(3)) == [1_000_000, 2_000, 500]
    assert reader.value("SELECT downloads FROM mart.model WHERE model_id = 'org/child-same'") == 99_999_999
    assert reader.value("SELECT count(*) FROM scope") == 10


def test_scope_as_of_an_earlier_moment(home: Path) -> None:
    from datetime import UTC, datetime

    with Reader(home / "warehouse.duckdb", as_of=datetime(2024, 2, 1, tzinfo=UTC)) as early:
        result = run("licence", early)
        assert (result.table["models"][0], result.table["n"][0], result.snapshots) == (2, 4, [1])
        assert not run("turnover", early).available


def test_overview(reader: Reader) -> None:
    hub = run("census_overview", reader).table.iloc[0]
    assert (hub["models"], hub["owners"], hub["known"], hub["removed"], hub["outside_scope"]) == (10, 5, 12, 2, 0)
    assert hub["created_before_floor"] == 1
    months = run("census_overview", reader).tables["months"]
    assert list(months["total"]) == [1, 2, 3, 6, 9, 10] and months["created"].sum() == 9


def test_tasks_libraries_formats(reader: Reader) -> None:
    assert rows(run("tasks", reader), "domains", "domain", "models") == {"NLP": 3, "Other": 1}
    assert rows(run("libraries", reader), "libraries", "library", "models")["transformers"] == 4
    assert rows(run("formats", reader), "formats", "format", "models") == {"pytorch": 2, "safetensors": 1}
    assert rows(run("formats", reader), "pickled", "tags", "models")["pickled formats only"] == 1


def test_documentation(reader: Reader) -> None:
    result = run("documentation", reader)
    fields = rows(result, "fields", "field", "models")
    assert fields == {"task": 4, "library": 6, "licence": 8, "language": 1, "base model": 5, "paper": 1, "dataset": 2,
                      "evaluation claim": 1, "carbon": 1}  # fmt: skip
    assert rows(result, "sections", "section", "models") == {"description": 1, "training": 1}
    scores = rows(result, "scores", "band", "mean")
    assert scores["> 1,000"] == pytest.approx((7 / 7 + 3 / 7) / 2) and scores["1-50"] == pytest.approx(1 / 7)
    assert result.tables["top_bottom"]["models each"][0] == 5


def test_licence(reader: Reader) -> None:
    result = run("licence", reader)
    assert rows(result, "summary", "what", "models") == {
        "declares a licence": 8, "of the SPDX list": 5, "called other": 1, "called unknown": 0, "several licences": 1
    }  # fmt: skip
    assert rows(result, "licences", "licence_raw", "models")["mit"] == 3
    assert rows(result, "bands", "band", "models") == {"0": 3, "1-50": 1, "51-1,000": 2, "> 1,000": 2}


def test_licence_drift(reader: Reader) -> None:
    result = run("licence_drift", reader)
    assert rows(result, "classes", "class", "edges") == {"different": 2, "only the child lacks": 1, "same": 1}
    assert rows(result, "classes", "class", "with_self_loops")["same"] == 2
    drifts = {(row.parent, row.child) for row in result.tables["drifts"].itertuples()}
    assert drifts == {("apache-2.0", "(none)"), ("apache-2.0", "mit"), ("apache-2.0", "other")}


def test_lineage_and_merges(reader: Reader) -> None:
    result = run("lineage", reader)
    summary = result.table.iloc[0].to_dict()
    assert summary == {"edges": 6, "children": 5, "several_parents": 1, "parents": 4, "resolved": 5, "dangling": 1,
                       "self_loops": 1, "models": 10}  # fmt: skip
    assert rows(result, "depth", "depth", "models") == {0: 1, 1: 3, 2: 1}
    assert rows(result, "parents", "parent", "children")["org/base"] == 3
    assert set(rows(run("merges", reader), "signs", "sign", "models").values()) == {1}


def test_popularity(reader: Reader) -> None:
    measures = rows(run("popularity", reader), "measures", "measure", "value")
    x = sorted([1_000_000, 2_000, 500, 60, 40, 20, 0, 0, 0, 0])
    expected = 2 * sum(i * value for i, value in enumerate(x, 1)) / (10 * sum(x)) - 11 / 10
    assert measures["Gini coefficient"] == pytest.approx(expected) and measures["share of the top 10"] == 1


def test_downloads_likes(reader: Reader) -> None:
    from scipy.stats import spearmanr

    value = rows(run("downloads_likes", reader), "correlations", "coefficient", "value")["Spearman"]
    downloads, likes = [1_000_000, 2_000, 500, 60, 40, 20, 0, 0, 0, 0], [50, 5, 1, 0, 0, 0, 0, 0, 0, 0]
    assert value == pytest.approx(spearmanr(downloads, likes).statistic)


def test_turnover_and_survival_follow_renames(reader: Reader) -> None:
    turnover = run("turnover", reader)
    assert rows(turnover, "turnover", "ids", "remained") == {"exact": 0, "renames followed": 1}
    survival = run("survival", reader).table.iloc[0]
    assert (survival["n"], survival["same_id"], survival["renamed"], survival["gone"]) == (4, 2, 1, 1)
    assert (survival["without_owner"], survival["without_owner_same_id"]) == (1, 0)


def test_claims_carbon_concentration_naming(reader: Reader) -> None:
    assert rows(run("claims", reader), "tasks", "task", "models")["text-generation"] == 1
    assert run("carbon", reader).table["models"][0] == 1
    owners = run("concentration", reader).tables["measures"].set_index("of").loc["owners"]
    assert owners["n"] == 5 and owners["hhi"] == pytest.approx((9 + 9 + 4 + 1 + 1) / 100)
    assert rows(run("naming", reader), "names", "name", "models") == {"plain": 3}


def test_queries_cannot_leave_the_scope_behind(reader: Reader) -> None:
    """After an analysis the mart answers as of the reader's moment again."""
    before = reader.value("SELECT max(last_seen) FROM mart.model")
    run("licence", reader)
    assert reader.value("SELECT max(last_seen) FROM mart.model") == before
