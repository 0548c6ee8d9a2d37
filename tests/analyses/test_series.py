"""Counters over time: what is landed, what becomes of it, and the statistics on series whose answer is known."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_hub import shared_data

import analyses
from analyses import _dynamics, _leadlag
from analyses._panel import Panel, _carry
from crawler.imports import series
from landing import UsageError, Zone
from warehouse.database import Limits
from warehouse.load import load
from warehouse.reader import Reader

START = datetime(2024, 1, 1, tzinfo=UTC)


def table(path: Path, rows: list[tuple[object, ...]], header: tuple[str, ...]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def warehouse(folder: Path, *files: Path) -> Path:
    zone = Zone(folder / "landing")
    for file in files:
        series.land(zone, file, program="test")
    load(zone, folder / "warehouse.duckdb", Limits("1GB", threads=1))
    return folder / "warehouse.duckdb"


def panel(values: np.ndarray, *, step: float = 1.0, whole: bool = False, likes: np.ndarray | None = None) -> Panel:
    times = pd.DatetimeIndex([pd.Timestamp(2024, 1, 1) + pd.Timedelta(days=step * i) for i in range(len(values))])
    filled = values if whole else _carry(values, 31)
    models = [f"m/{n}" for n in range(values.shape[1])]
    liked = np.full(values.shape, np.nan) if likes is None else likes
    return Panel("p", "series p", whole, times, models, values, filled, liked, step, 1, 0)


def test_a_table_is_one_run_with_its_bytes_and_its_rows(tmp_path: Path) -> None:
    rows = [("a/x", "2024-01-01", 5, 1), ("a/x", "2024-01-02", 6, 2), ("a/y", "2024-01-02", 7, 0)]
    path = table(tmp_path / "t.csv", rows, ("id", "mined_date", "downloads", "likes"))
    zone = Zone(tmp_path / "landing")
    (first,) = series.land(zone, path, program="test")
    (again,) = series.land(zone, path, program="test")
    assert (
        first.run_id == again.run_id and first.observed_at is not None and first.observed_at.startswith("2024-01-02")
    )
    (run,) = zone.runs("series")
    original, made = run.parts()
    assert run.verify(original).read_bytes() == path.read_bytes()
    assert (made.kind, made.records) == ("series", 3)


def test_counters_of_a_series_stand_in_the_mart_and_are_no_snapshot(tmp_path: Path) -> None:
    rows = [("a/x", "2024-01", 5), ("a/x", "2024-02", 6), ("a/x", "2024-02", 9), ("", "2024-02", 1),
            ("a/y", "nonsense", 1), ("a/z", "2024-02", -1), ("a/w", "2024-02", "many")]  # fmt: skip
    path = table(tmp_path / "t.csv", rows, ("model", "month", "downloads"))
    with Reader(warehouse(tmp_path, path)) as reader:
        found = reader.rows("SELECT hub, model_id, observed_at, downloads, likes FROM mart.model_metric ORDER BY 3")
        assert found == [
            ("huggingface", "a/x", datetime(2024, 1, 1), 5, None),
            ("huggingface", "a/x", datetime(2024, 2, 1), 6, None),
        ]
        assert reader.value("SELECT count(*) FROM mart.snapshot") == 0
        assert reader.row("SELECT moments, models, observations FROM mart.series") == (2, 1, 2)
        reasons = {row[0] for row in reader.rows("SELECT reason FROM raw.quarantine")}
    assert reasons == {
        "a row without a model", "a row without a day", "a row without a counter", "a counter below zero",
        "a second row of this model and day",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (("model_url", "date", "downloads"), ("https://huggingface.co/a/x", "2024-01-01", 3)),
        (("owner", "model_name", "day", "downloads_last_month"), ("a", "x", "2024-01-01", 3)),
        (("modelId", "observed_at", "likes", "trending"), ("a/x", "2024-01-01T00:00:00Z", 3, 1)),
    ],
)
def test_columns_may_be_called_as_the_author_liked(
    tmp_path: Path, header: tuple[str, ...], row: tuple[object, ...]
) -> None:
    with Reader(warehouse(tmp_path, table(tmp_path / "t.csv", [row], header))) as reader:
        assert reader.row("SELECT model_id, coalesce(downloads, likes) FROM mart.model_metric") == ("a/x", 3)


def test_a_table_without_days_or_counters_is_refused(tmp_path: Path) -> None:
    zone = Zone(tmp_path / "landing")
    for header in (("id", "downloads"), ("id", "date"), ("date", "downloads")):
        with pytest.raises(UsageError, match="needs a column"):
            series.land(zone, table(tmp_path / "t.csv", [("a", "1")], header), program="test")
    with pytest.raises(UsageError, match="leave out --complete"):
        series.land(zone, tmp_path / "t.csv", program="test", complete=True)


def test_as_of_cuts_a_series(tmp_path: Path) -> None:
    rows = [("a/x", f"2024-01-0{day}", day) for day in range(1, 6)]
    path = warehouse(tmp_path, table(tmp_path / "t.csv", rows, ("id", "date", "downloads")))
    with Reader(path, as_of=datetime(2024, 1, 3, tzinfo=UTC)) as reader:
        assert reader.value("SELECT max(downloads) FROM mart.model_metric") == 3


def stays(values: list[list[float]], grace: float, **asked: bool) -> list[tuple[float, float, bool, bool]]:
    frame = _dynamics.spells(panel(np.array(values, dtype=float), **asked), 1, grace)
    first = frame.loc[frame["model"] == 0]
    return [tuple(row) for row in first[["from", "to", "left", "entered"]].itertuples(index=False)]


def test_stays_begin_and_end_where_they_do() -> None:
    """Model 0 is on top when it has 9; the other always has 5."""
    assert stays([[1, 5], [9, 5], [9, 5], [1, 5], [1, 5]], 1) == [(1, 3, True, True)]
    # There at the start, and still there at the end: neither its beginning nor its end is known.
    assert stays([[9, 5], [9, 5]], 1) == [(0, 1, False, False)]
    # One day out is no leaving when a week is asked for; the last days out are too few to tell.
    assert stays([[1, 5], [9, 5], [1, 5], [9, 5], [1, 5]], 7) == [(1, 3, False, True)]
    assert stays([[1, 5], [9, 5], [1, 5], [9, 5], [1, 5]], 0) == [(1, 2, True, True), (3, 4, True, True)]


def test_a_model_that_a_series_no_longer_lists_is_censored_and_gone_from_a_listing() -> None:
    gone: Callable[..., list[tuple[float, float, bool, bool]]] = stays
    values = [[1, 5], [9, 5], [9, 5], [np.nan, 5], [np.nan, 5]]
    assert gone(values, 1) == [(1, 2, False, True)]
    assert gone(values, 1, whole=True) == [(1, 3, True, True)]


def test_a_gap_in_a_list_is_bridged() -> None:
    held = _carry(np.array([[1.0], [np.nan], [np.nan], [np.nan], [4.0], [np.nan]]), 2)
    assert np.array_equal(held[:, 0], [1, 1, 1, np.nan, 4, np.nan], equal_nan=True)


def test_the_median_of_stays_holds_against_known_times() -> None:
    """Exponential times with random censoring: the interval covers the true median, and censoring is not an end."""
    rng = np.random.default_rng(7)
    time, end = rng.exponential(100, 600), rng.exponential(150, 600)
    middle, days, share, low, high = _dynamics.survival(np.minimum(time, end), time <= end)
    assert middle.low < 100 * np.log(2) < middle.high and middle.low < middle.value < middle.high
    assert np.all(np.diff(share) <= 0) and np.all(low <= share) and np.all(share <= high) and len(days) == len(share)
    assert _dynamics.survival(np.minimum(time, end), np.ones(600, dtype=bool))[0].value < middle.value


def test_two_groups_that_differ_are_told_apart() -> None:
    rng = np.random.default_rng(3)
    time = np.concatenate((rng.exponential(100, 200), rng.exponential(50, 200)))
    late = np.arange(400) >= 200
    p, ratio = _dynamics.compare(time, np.ones(400, dtype=bool), late)
    assert p < 1e-4 and 1.5 < ratio < 2.7


def test_half_life_is_where_the_curve_crosses_one_half() -> None:
    curve = pd.DataFrame({"days": [1.0, 2.0, 4.0], "share": [0.9, 0.7, 0.3]})
    assert _dynamics.half_life(curve) == pytest.approx(3.0)
    assert np.isnan(_dynamics.half_life(curve.head(2)))


def test_jumps_are_told_by_what_becomes_of_them() -> None:
    rng = np.random.default_rng(1)
    steady = 10_000 * np.exp(np.cumsum(rng.normal(0, 0.01, (90, 4)), axis=0))
    steady[20, 0] *= 10  # one wrong number
    steady[30:60, 1] += 60_000  # one day's downloads stand for 30 days
    steady[40:, 2] *= 4  # for good
    made = panel(steady)
    found = _dynamics.bursts(made, _dynamics.growth(made)[0])
    kinds = found.groupby("model_id")["kind"].agg(set).to_dict()
    assert (
        "back within a week" in kinds["m/0"]
        and kinds["m/1"] == {"echo of the window"}
        and kinds["m/2"] == {"step up"}
    )
    assert "m/3" not in kinds


def test_a_table_that_was_not_refreshed_is_no_growth() -> None:
    values = np.cumsum(np.ones((6, 10)), axis=0) * 100
    values[3] = values[2]
    change, still = _dynamics.growth(panel(values))
    assert list(still) == [False, False, True, False, False] and np.isnan(change[2]).all()


def test_likes_that_follow_downloads_are_seen_to_follow() -> None:
    rng = np.random.default_rng(5)
    weekly = rng.normal(0, 0.2, (80, 30))
    down = np.exp(8 + np.cumsum(weekly, axis=0))
    later = np.vstack((np.zeros((2, 30)), weekly[:-2]))
    likes = np.exp(6 + np.cumsum(later, axis=0))
    frame, gap, p = _leadlag.lead_lag(panel(down, step=7.0, likes=likes))
    best = frame.loc[frame["r"].idxmax()]
    assert best["lag in weeks"] == 2 and best["r"] > 0.9 and gap.low > 0 and p < 0.01


def test_weekdays_that_differ_are_told_apart() -> None:
    days = pd.date_range("2024-01-01", periods=210)
    rng = np.random.default_rng(2)
    p, effect, medians, n = _dynamics.weekday(rng.normal(0, 1, 210) + 3 * (days.day_of_week >= 5), days)
    assert p < 1e-6 and effect > 0.3 and n == 210 and medians[5:].min() > medians[:5].max()
    assert _dynamics.weekday(rng.normal(0, 1, 210), days)[0] > 0.01


def test_a_census_that_holds_a_series_alone_is_answered(tmp_path: Path) -> None:
    """Every week another of thirty models is on top, so a stay in it lasts a week."""
    rows = []
    for day in range(200):
        for model in range(30):
            value = 1_000_000 if day // 10 % 30 == model else 1_000 - model
            rows.append((f"a/{model}", f"{START + timedelta(days=day):%Y-%m-%d}", value, day))
    path = warehouse(tmp_path, table(tmp_path / "t.csv", rows, ("id", "date", "downloads", "likes")))
    with Reader(path) as reader:
        result = analyses.run("popularity_dynamics", reader)
    assert result.available and result.snapshots == []
    main = result.tables["stays"]
    one = main.loc[(main["top"] == 1) & (main["grace days"] > 0) & (main["who"] == "entered while observed")].iloc[0]
    assert one["median days"] == 10 and one["ended"] == 18


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    data = shared_data()
    if data is None:
        pytest.skip("the real dumps are not here; set HUBCENSUS_SHARED_DATA")
    names = (
        "transformersjs_feature-extraction_daily_2024-05_2026-01.parquet",
        "kblab_monthly_downloads_2023-2026-02.csv.gz",
    )
    path = warehouse(tmp_path_factory.mktemp("series"), *(data / name for name in names))
    with Reader(path, limits=Limits("1GB", threads=1)) as reader:
        yield reader


@pytest.mark.shared
def test_real_series_land_whole(real: Reader) -> None:
    assert real.rows("SELECT moments, models, observations FROM mart.series ORDER BY moments DESC") == [
        (626, 262, 101_533),
        (49, 80, 2_320),
    ]
    assert real.value("SELECT count(*) FROM raw.quarantine") == 0


@pytest.mark.shared
def test_real_series_say_for_how_long(real: Reader) -> None:
    result = analyses.run("popularity_dynamics", real)
    stays = result.table.iloc[0]
    assert stays["who"] == "entered while observed" and stays["low"] < stays["median days"] < stays["high"]
    assert stays["ended"] < stays["stays"], "some stays are not over, and they are not counted as ended"
    tau = result.tables["stability"]["tau"]
    assert tau.iloc[0] > tau.iloc[-1] > 0
    tests = result.tables["tests"]
    assert (tests["p (Holm)"] >= tests["p"]).all() and len(result.tables["lead and lag"]) == 2 * _leadlag.WEEKS + 1
