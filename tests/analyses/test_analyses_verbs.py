"""``analyze``, ``report`` and ``sql``, and ``hubcensus.open``."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pandas as pd
import pytest

import analyses
import hubcensus
from hubcensus.cli import run
from landing.errors import UsageError


@pytest.fixture
def census(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUBCENSUS_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "200")
    return home


def test_analyze_lists(census: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", "--list", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == analyses.names()


def test_analyze_all_prints_sentences(census: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze"]) == 0
    out = capsys.readouterr().out
    assert "80.00 % (95 % CI 49.02 to 94.33 %; n = 10) of models declare a licence" in out


def test_analyze_one_as_json_as_of(census: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--json", "analyze", "licence", "--as-of", "2024-02-01"]) == 0
    (document,) = json.loads(capsys.readouterr().out)
    assert document["snapshots"] == [1] and document["as_of"].startswith("2024-02-01")
    assert document["tables"]["summary"][0]["models"] == 2


def test_analyze_as_table_and_csv_is_inert(census: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", "libraries"]) == 0
    assert "\x1b[31m" not in capsys.readouterr().out
    assert run(["analyze", "libraries", "--format", "csv"]) == 0
    assert "\n'=1+1" in capsys.readouterr().out
    assert run(["analyze", "--format", "csv"]) == 2
    assert "name one" in capsys.readouterr().err


def test_unknown_analysis_is_exit_code_two(census: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", "nosuch"]) == 2
    assert capsys.readouterr().err.startswith("hubcensus: There is no analysis called 'nosuch'")


def test_report_verb(census: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "--out", str(tmp_path / "r"), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert Path(answer["index"]).is_file() and len(answer["analyses"]) == len(analyses.names())
    assert "Every licence word has a meaning." in Path(answer["index"]).read_text(encoding="utf-8")


def test_sql_formats(census: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    query = (
        "SELECT model_id, downloads, library, known_fields, created_at FROM mart.model WHERE NOT removed ORDER BY 1"
    )
    assert run(["sql", query]) == 0
    assert "99,999,999" in (out := capsys.readouterr().out) and "\x1b[31m" not in out
    assert run(["sql", query, "--json", "--as-of", "2024-06-01"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 10 and rows[-1]["model_id"] == "org/child-same" and rows[-1]["downloads"] == 2000
    assert run(["sql", query, "--format", "csv", "--out", str(tmp_path / "x.csv")]) == 0
    assert len((tmp_path / "x.csv").read_text(encoding="utf-8").splitlines()) == 11
    assert run(["sql", query, "--format", "parquet", "--out", str(tmp_path / "x.parquet")]) == 0
    copied = duckdb.sql(f"SELECT * FROM '{tmp_path / 'x.parquet'}'")
    assert [str(kind) for kind in copied.types] == ["VARCHAR", "BIGINT", "VARCHAR", "VARCHAR[]", "TIMESTAMP"]
    assert len(copied.fetchall()) == 10


def test_sql_parquet_of_no_rows_and_without_a_file(census: Path, tmp_path: Path) -> None:
    none = "SELECT 1::BIGINT AS a, 'x' AS a WHERE false"
    assert run(["sql", none, "--format", "parquet", "--out", str(tmp_path / "none.parquet")]) == 0
    assert duckdb.sql(f"SELECT * FROM '{tmp_path / 'none.parquet'}'").columns == ["a", "a_2"]
    assert run(["sql", none, "--format", "parquet"]) == 2


def test_sql_reads_stdin_and_caps_tables(
    census: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT * FROM range(1000)"))
    assert run(["sql", "-"]) == 0
    caught = capsys.readouterr()
    assert "first 200 rows" in caught.err and "199" in caught.out and "  500" not in caught.out


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM core.model",
        "COPY (SELECT 1) TO '{tmp}/x.csv'",
        "SELECT * FROM read_text('/etc/hostname')",
        "ATTACH '{tmp}/y.duckdb'",
        "SET enable_external_access = true",
        "SELEKT",
        " ",
    ],
)
def test_sql_can_only_read(census: Path, tmp_path: Path, query: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sql", query.format(tmp=tmp_path)]) == 2
    caught = capsys.readouterr()
    assert caught.out == "" and caught.err.startswith("hubcensus: ") and "Traceback" not in caught.err
    assert list(tmp_path.iterdir()) == []


def test_open(home: Path) -> None:
    with hubcensus.open(home) as census:
        assert census.analyses == analyses.names()
        assert list(census.snapshots["records"]) == [4, 10, 0, 1]
        assert census.sql("SELECT count(*) AS n FROM mart.model WHERE licence = $1", ["MIT"])["n"][0] == 3
        result = census.analyze("licence", as_of="2024-02-01")
        assert result.snapshots == [1] and isinstance(result.table, pd.DataFrame)
        assert census.analyze("licence").snapshots == [2, 3]
        assert census.model("org/base")["licence"] == "Apache-2.0"
        assert census.model("org/child-same", as_of="2024-06-01T12:00Z")["downloads"] == 2000
        assert repr(census).startswith("<Census at")
        with pytest.raises(UsageError, match="knows no model"):
            census.model("no/such")


def test_open_without_a_warehouse(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no warehouse"):
        _ = hubcensus.open(tmp_path).snapshots
