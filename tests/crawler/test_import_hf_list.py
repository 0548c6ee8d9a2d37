"""Public dumps land byte for byte, once, at the right moment."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import duckdb
import pytest
from crawling import SHARED, envelopes, run_of

from crawler import imports
from landing import UsageError, Zone
from landing.clock import from_iso

ROWS = [
    {"id": f"a/{n}", "downloads": n, "tags": ["x"], "lastModified": f"2024-01-0{n + 1}T00:00:00.000Z"}
    for n in range(3)
]


def land(zone: Zone, path: Path, **asked):
    return imports.load("hf-list").land(zone, path, program="test 1", **asked)


def write(folder: Path, name: str) -> Path:
    """The same three rows in the format of the name."""
    path = folder / name
    if ".parquet" in name:
        duckdb.execute(
            f"COPY (SELECT unnest(['a/0', 'a/1', 'a/2']) AS id, 1 AS downloads) TO '{path}' (FORMAT parquet)"
        )
    elif ".csv" in name:
        path.write_text("id,downloads\n" + "".join(f"{row['id']},{row['downloads']}\n" for row in ROWS))
    else:
        text = (
            json.dumps(ROWS)
            if ".json" in name and "jsonl" not in name
            else "".join(json.dumps(r) + "\n" for r in ROWS)
        )
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("d.json", "json-array"), ("d.json.gz", "json-array"), ("d.jsonl", "jsonl"), ("d.jsonl.gz", "jsonl"),
        ("d.parquet", "parquet"), ("d.csv", "csv"),
    ],
)  # fmt: skip
def test_a_dump_lands_as_it_is(zone, tmp_path, name, format):
    path = write(tmp_path, name)
    (manifest,) = land(zone, path, observed_at=from_iso("2024-02-01"))
    run = run_of(zone, manifest)
    (part,) = run.parts()
    assert run.verify(part).read_bytes() == path.read_bytes()
    assert part.format == format and part.records == 3 and part.kind == "models"
    assert {"id", "downloads"} <= set(part.fields)
    assert manifest.kind == "import" and manifest.state == "complete" and not manifest.complete
    assert manifest.observed_at == "2024-02-01T00:00:00.000000Z"


def test_the_moment_comes_from_the_name_then_from_the_rows(zone, tmp_path):
    assert land(zone, write(tmp_path, "state_2026-08-19T07-36Z.json"))[0].observed_at[:16] == "2026-08-19T07:36"
    assert land(zone, write(tmp_path, "2024-07-11_models.jsonl"))[0].observed_at[:10] == "2024-07-11"
    assert land(zone, write(tmp_path, "rows.json"))[0].observed_at[:10] == "2024-01-03"
    with pytest.raises(UsageError, match="--observed-at"):
        land(zone, write(tmp_path, "bare.csv"))


def test_the_same_dump_lands_once(zone, tmp_path):
    path = write(tmp_path, "2024-07-11.json")
    heard = []
    first = land(zone, path, on_landed=lambda manifest, new: heard.append(new))
    assert land(zone, path, on_landed=lambda manifest, new: heard.append(new)) == first
    assert heard == [True, False] and len(zone.runs()) == 1
    assert land(zone, path, observed_at=from_iso("2024-08-01"))[0].run_id != first[0].run_id


def test_an_import_that_was_cut_off_goes_on(zone, tmp_path, monkeypatch):
    path = tmp_path / "cards_2024-01-01.jsonl"
    path.write_text("".join(json.dumps({"modelId": f"a/{n}", "readme": f"# {n}"}) + "\n" for n in range(450)))
    from landing import RunWriter

    whole = RunWriter.write_records

    def third_fails(self, records, **asked):
        if self.landed == 2:
            raise KeyboardInterrupt
        return whole(self, records, **asked)

    with monkeypatch.context() as patched:
        patched.setattr(RunWriter, "write_records", third_fails)
        with pytest.raises(KeyboardInterrupt):
            land(zone, path)
    (manifest,) = land(zone, path)
    keys = [row["key"] for row in envelopes(run_of(zone, manifest), "card")]
    assert keys == [f"a/{n}" for n in range(450)] and len(zone.runs()) == 1


def test_a_series_becomes_a_run_per_day_with_all_columns(zone, tmp_path):
    path = tmp_path / "series.csv"
    path.write_text("model_url,downloads,date\nu/a,1,2024-01-01\nu/b,2,2024-01-01\nu/a,3,2024-02-01\n")
    manifests = land(zone, path)
    assert [manifest.observed_at[:10] for manifest in manifests] == ["2024-01-01", "2024-02-01"]
    run = run_of(zone, manifests[0])
    (part,) = run.parts()
    rows = duckdb.sql(f"SELECT model_url, downloads, date FROM '{run.path(part)}' ORDER BY ALL").fetchall()
    assert rows == [("u/a", "1", "2024-01-01"), ("u/b", "2", "2024-01-01")] and part.records == 2
    assert land(zone, path) == manifests and len(zone.runs()) == 2
    with pytest.raises(UsageError, match="2 days"):
        land(zone, path, observed_at=from_iso("2024-01-01"))


def test_cards_are_no_listing(zone, tmp_path):
    path = tmp_path / "2024-01-01.jsonl"
    path.write_text('{"modelId": "a/b", "readme": "# x"}\n')
    with pytest.raises(UsageError, match="--complete"):
        land(zone, path, complete=True)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", "x", "none of .json"),
        ("a.json", "[{", "cannot be read"),
        ("a.parquet", "no", "cannot be read"),
        ("missing.json", None, "no file"),
    ],
)
def test_what_cannot_be_read_is_said(zone, tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match=said):
        land(zone, path)
    assert zone.runs() == []


def test_an_unknown_format_lists_those_known():
    with pytest.raises(UsageError, match="hf-list"):
        imports.load("nothing")


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the shared dumps are not here")
@pytest.mark.parametrize(
    ("name", "runs", "records"),
    [
        ("2022-02-15_models_full.jsonl.gz", 1, 29_432),
        ("2022-07-02_models_downloads.csv.gz", 1, 55_524),
        ("2022-08-15_model_ids.csv.gz", 1, 63_367),
        ("2024-07-11_models_list.parquet", 1, 760_000),
        ("2024-07_models_detail_0-9.jsonl.gz", 2, 4_271),
        ("kblab_monthly_downloads_2023-2026-02.csv.gz", 49, 2_320),
        ("radar_2026-08-21T20-00Z.parquet", 1, 13_862),
        ("raw_2024-07-11_api_models_page760.json.gz", 1, 1_000),
    ],
)
def test_the_real_dumps(zone, name, runs, records):
    manifests = land(zone, SHARED / "hf" / name)
    assert len(manifests) == runs and sum(manifest.counts["records"] for manifest in manifests) == records
