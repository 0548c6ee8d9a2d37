"""The landing zone: what counts, what a kill leaves, what corruption looks like."""

from __future__ import annotations

import errno
import json
import os

import pytest

from landing import CorruptError, OperationalError, Record, Run, UsageError, Zone
from landing.clock import from_iso, now, to_iso


@pytest.fixture
def zone(tmp_path):
    return Zone(tmp_path / "landing")


def begin(zone, **config):
    return zone.start("hub", kind="listing", program="test 1", parser="p/1", config=config)


def page(writer, number, *, done=False):
    body = json.dumps([{"id": f"a/{number}"}]).encode()
    facts = {"kind": "models", "key": str(number), "url": "u", "records": 1, "fields": ["id"], "fetched_at": now()}
    return writer.write_page(body, walk="w", cursor={"next": number + 1}, done=done, **facts)


def record(key, body=b"# x"):
    return Record(kind="card", key=key, url="u", status=200, fetched_at=now(), body=body)


def test_a_run_from_start_to_seal(zone):
    with zone.lock("hub"):
        writer = begin(zone)
        page(writer, 1)
        writer.write_records([record("a/1"), record("a/2", b"\xff")], walk="cards")
        page(writer, 2, done=True)
        manifest = writer.finish(complete=True, watermark="2024")
    (run,) = zone.finished("hub")
    assert run.manifest == manifest and manifest.complete and manifest.state == "complete"
    assert [part.kind for part in run.parts()] == ["models", "card", "models"]
    assert run.cursors() == {"w": ({"next": 3}, True), "cards": (None, False)}
    assert manifest.counts["records"] == 4 and all(run.verify(part).is_file() for part in run.parts())


def test_an_unfinished_run_goes_on_where_its_journal_ends(zone):
    writer = begin(zone)
    page(writer, 1)
    # A kill between the part and its line, and one in the middle of a line.
    (writer.folder / "parts" / "000002-w.json.zst").write_bytes(b"debris")
    with (writer.folder / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"at": "torn')
    again = zone.resume(zone.unfinished("hub"))
    assert again.cursors == {"w": ({"next": 2}, False)} and again.records == 1
    page(again, 2, done=True)
    again.finish(complete=True)
    run = zone.finished()[0]
    assert [part.key for part in run.parts()] == ["1", "2"]
    assert all(run.verify(part) for part in run.parts())


def test_a_finished_run_is_never_written_to(zone):
    writer = begin(zone)
    writer.finish(complete=True)
    with pytest.raises(UsageError, match="complete"):
        zone.resume(zone.runs()[0])
    assert zone.unfinished("hub") is None


def test_an_abandoned_run_is_neither_loaded_nor_gone_on_with(zone):
    writer = begin(zone)
    page(writer, 1)
    writer.abandon()
    assert zone.unfinished("hub") is None and zone.finished() == [] and len(zone.runs()) == 1


def test_a_changed_part_journal_or_manifest_is_found(zone):
    writer = begin(zone)
    part = page(writer, 1)
    writer.finish(complete=True)
    run = zone.runs()[0]
    path = run.path(part)
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(CorruptError, match="sha256"):
        run.verify(part)
    with (run.folder / "journal.jsonl").open("ab") as journal:
        journal.write(b"{}\n")
    with pytest.raises(CorruptError, match="not the one that was sealed"):
        list(run.lines())
    (run.folder / "manifest.json").write_text("{")
    with pytest.raises(CorruptError, match="cannot be read"):
        Run.read(run.folder)


def test_a_part_cannot_point_outside_its_run(zone):
    writer = begin(zone)
    part = page(writer, 1)
    run = zone.runs()[0]
    stray = part.__class__(**{**{name: getattr(part, name) for name in part.__struct_fields__}, "path": "../../x"})
    with pytest.raises(CorruptError, match="outside"):
        run.path(stray)


def test_failures_make_a_run_partial(zone):
    writer = begin(zone)
    writer.fail("card:a/1", "gone")
    manifest = writer.finish(complete=True)
    assert manifest.state == "partial" and manifest.complete and manifest.failures[0]["key"] == "card:a/1"


def test_a_full_disk_is_one_sentence_and_loses_nothing(zone, monkeypatch):
    writer = begin(zone)
    page(writer, 1)
    real = os.fsync

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OperationalError, match=r"disk is full.*resumes"):
            page(writer, 2)
    assert os.fsync is real
    again = zone.resume(zone.unfinished("hub"))
    assert again.cursors == {"w": ({"next": 2}, False)}
    page(again, 2, done=True)
    assert [part.key for part in zone.runs()[0].parts()] == ["1", "2"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_home_is_one_sentence(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OperationalError, match="--home"):
        begin(Zone(tmp_path / "landing"))


def test_a_home_that_is_a_file_is_one_sentence(tmp_path):
    (tmp_path / "landing").write_text("")
    with pytest.raises(OperationalError, match="--home"), Zone(tmp_path / "landing").lock("hub"):
        pass


def test_times_are_one_form():
    assert to_iso(from_iso("2024-07-11")) == "2024-07-11T00:00:00.000000Z"
    assert from_iso("2024-07-11T02:00:00+02:00") == from_iso("2024-07-11T00:00:00Z")
    with pytest.raises(UsageError, match="not a date"):
        from_iso("yesterday")


def test_an_envelope_holds_any_bytes():
    text = json.loads(record("a/1", "é\n".encode()).envelope())
    other = json.loads(record("a/1", b"\xff\x00").envelope())
    assert text["body"] == "é\n" and other["body_base64"] == "/wA=" and "body" not in other
    assert record("a/1").envelope().count(b"\n") == 1
