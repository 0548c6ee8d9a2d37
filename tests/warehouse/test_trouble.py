"""What goes wrong is said in one sentence, and the published warehouse stays as it was."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil

import pytest
import zstandard
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from landing import BusyError, CorruptError, OperationalError, Zone
from landing.clock import from_iso
from warehouse.database import Limits
from warehouse.load import load
from warehouse.reader import Reader

LIMITS = Limits("1GB")
FIELDS = ["id", "_id", "downloads", "likes", "tags", "siblings", "cardData", "config", "createdAt", "pipeline_tag"]


def land(home, body, *, moment="2026-01-01", complete=True, records=1, suspect=None):
    """One finished run of one page."""
    zone = Zone(home / "landing")
    with zone.lock("huggingface"):
        writer = zone.start("huggingface", kind="listing", program="test", parser="test", config={})
        writer.write_page(
            body if isinstance(body, bytes) else json.dumps(body).encode(),
            kind="models",
            key="1",
            url="http://hub/api/models",
            records=records,
            fields=FIELDS,
            fetched_at=from_iso(moment),
            walk="all",
            cursor=None,
            done=True,
            suspect=suspect,
        )
        writer.finish(complete=complete, observed_at=from_iso(moment))
    return writer.folder


@pytest.fixture
def home(tmp_path):
    """A home with a loaded warehouse and one more run to load."""
    land(tmp_path, [{"id": "a/b", "downloads": 1, "tags": ["license:mit"]}])
    load(Zone(tmp_path / "landing"), tmp_path / "warehouse.duckdb", LIMITS)
    return tmp_path


def digest(home):
    return hashlib.sha256((home / "warehouse.duckdb").read_bytes()).hexdigest()


def test_a_corrupt_part_is_named_and_nothing_is_published(home):
    folder = land(home, [{"id": "c/d"}], moment="2026-01-02")
    part = next((folder / "parts").iterdir())
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 255
    part.write_bytes(bytes(data))
    before = digest(home)
    with pytest.raises(CorruptError, match=part.name):
        load(Zone(home / "landing"), home / "warehouse.duckdb", LIMITS)
    assert digest(home) == before


def test_a_missing_part_and_a_changed_journal_are_noticed(home):
    folder = land(home, [{"id": "c/d"}], moment="2026-01-02")
    part = next((folder / "parts").iterdir())
    kept = part.read_bytes()
    part.unlink()
    with pytest.raises(CorruptError, match="missing"):
        load(Zone(home / "landing"), home / "warehouse.duckdb", LIMITS)
    part.write_bytes(kept)
    journal = folder / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"records":1', b'"records":2'))
    with pytest.raises(CorruptError, match="sealed"):
        load(Zone(home / "landing"), home / "warehouse.duckdb", LIMITS)


def test_a_full_disk_is_said_and_the_old_file_stays(home, monkeypatch):
    land(home, [{"id": "c/d"}], moment="2026-01-02")
    before = digest(home)

    def full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OperationalError, match="disk is full"):
        load(Zone(home / "landing"), home / "warehouse.duckdb", LIMITS)
    assert digest(home) == before


def test_too_little_memory_is_said(home):
    land(home, [{"id": f"c/{n}", "tags": [f"t{n}", "x"]} for n in range(20000)], moment="2026-01-02", records=20000)
    with pytest.raises(OperationalError, match="HUBCENSUS_MEMORY_LIMIT"):
        load(Zone(home / "landing"), home / "warehouse.duckdb", Limits("12MB"))


def test_two_loads_do_not_meet(home):
    land(home, [{"id": "c/d"}], moment="2026-01-02")
    with FileLock(home / ".warehouse.lock"), pytest.raises(BusyError):
        load(Zone(home / "landing"), home / "warehouse.duckdb", LIMITS)


def test_a_reader_keeps_its_file_while_a_new_one_is_published(home):
    with Reader(home / "warehouse.duckdb") as reader:
        land(home, [{"id": "a/b", "downloads": 2}, {"id": "c/d"}], moment="2026-01-02", records=2)
        load(Zone(home / "landing"), home / "warehouse.duckdb", LIMITS)
        assert reader.value("SELECT count(*) FROM mart.model") == 1
    with Reader(home / "warehouse.duckdb") as reader:
        assert reader.value("SELECT count(*) FROM mart.model") == 2


def test_provenance_leads_to_the_raw_payload(home):
    with Reader(home / "warehouse.duckdb") as reader:
        path, sha256, url = reader.row("SELECT path, sha256, url FROM mart.provenance WHERE model_id = 'a/b'")
    body = zstandard.ZstdDecompressor().decompress((home / "landing" / path).read_bytes())
    assert hashlib.sha256(body).hexdigest() == sha256
    assert json.loads(body)[0]["id"] == "a/b"
    assert url == "http://hub/api/models"


def test_what_a_source_does_not_state_is_carried_and_what_it_empties_is_empty(tmp_path):
    land(tmp_path, [{"id": "a/b", "tags": ["license:mit"], "pipeline_tag": "fill-mask"}])
    land(tmp_path, [{"id": "a/b", "tags": []}], moment="2026-01-02")
    load(Zone(tmp_path / "landing"), tmp_path / "warehouse.duckdb", LIMITS)
    with Reader(tmp_path / "warehouse.duckdb") as reader:
        row = reader.row("SELECT licence, task, list_contains(known_fields, 'task') FROM mart.model")
        versions = reader.value("SELECT count(*) FROM mart.model_version")
    assert row == (None, None, True)
    assert versions == 2


def test_a_version_is_not_opened_for_counters_alone(tmp_path):
    for day, downloads in enumerate((5, 7, 7), 1):
        land(tmp_path, [{"id": "a/b", "tags": ["x"], "downloads": downloads}], moment=f"2026-01-0{day}")
    load(Zone(tmp_path / "landing"), tmp_path / "warehouse.duckdb", LIMITS)
    with Reader(tmp_path / "warehouse.duckdb") as reader:
        assert reader.value("SELECT count(*) FROM mart.model_version") == 1
        assert reader.rows("SELECT downloads FROM mart.model_metric ORDER BY observed_at") == [(5,), (7,), (7,)]


def test_a_partial_snapshot_removes_nothing(tmp_path):
    land(tmp_path, [{"id": "a/b"}, {"id": "c/d"}], records=2)
    land(tmp_path, [{"id": "a/b"}], moment="2026-01-02", complete=False)
    land(tmp_path, [{"id": "a/b"}], moment="2026-01-03")
    land(tmp_path, [{"id": "a/b"}, {"id": "c/d"}], moment="2026-01-04", records=2)
    load(Zone(tmp_path / "landing"), tmp_path / "warehouse.duckdb", LIMITS)
    for day, there in ((2, 2), (3, 1), (4, 2)):
        with Reader(tmp_path / "warehouse.duckdb", as_of=from_iso(f"2026-01-0{day}")) as reader:
            assert reader.value("SELECT count(*) FROM mart.model WHERE NOT removed") == there, day


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
odd_records = st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=6) | json_values


@settings(max_examples=20, deadline=None)
@given(records=st.lists(odd_records, max_size=6), tail=st.sampled_from([b"", b"]", b"\xff", b', {"id":']))
def test_any_page_loads_and_every_record_is_kept_or_quarantined(tmp_path_factory, records, tail):
    home = tmp_path_factory.mktemp("odd")
    good = {"id": "certainly/good", "downloads": 3}
    body = json.dumps([good, *records]).encode()
    body = body[:-1] + tail if tail else body
    land(home, body, records=len(records) + 1)
    load(Zone(home / "landing"), home / "warehouse.duckdb", LIMITS)
    with Reader(home / "warehouse.duckdb") as reader:
        names = {row[0] for row in reader.rows("SELECT model_id FROM mart.model")}
        left_out = reader.value("SELECT count(*) FROM raw.quarantine WHERE NOT kept")
    named = {r["id"] for r in records if isinstance(r, dict) and isinstance(r.get("id"), str) and r["id"]}
    assert "certainly/good" in names
    # Every record is a model, or is counted as left out; a broken end counts once more.
    assert left_out >= len({"certainly/good", *named} - names)
    assert left_out >= sum(not isinstance(record, dict) and record is not None for record in records)
