"""Reading cards from the command line: each content once, resumable, the same after a rebuild, at the right place."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from doors import hubcensus
from dumps import APACHE, MIT, PLAIN, landed, readings, rows

from crawler.card_stage import rules
from landing import Zone


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_each_content_is_read_once_whatever_runs_and_models_have_it(tmp_path):
    landed(tmp_path, {"lab/net": MIT, "joe/copy": MIT, "lab/other": APACHE})
    landed(tmp_path, {"lab/net": MIT, "lab/plain": PLAIN}, "2024-06-01")
    told = hubcensus(tmp_path, "cards", "understand")["run"]
    assert told["counts"]["cards"] == 3 and told["state"] == "complete" and told["source"] == "cards"
    found = list(readings(tmp_path))
    assert sorted(key for key, _, _ in found) == sorted(map(sha, (MIT, APACHE, PLAIN)))
    assert {tool for _, _, tool in found} == {rules.VERSION}
    assert told["counts"]["values"] == sum(len(body["values"]) for _, body, _ in found)
    assert hubcensus(tmp_path, "cards", "understand") == {"run": None}
    landed(tmp_path, {"lab/new": MIT + "More.\n", "lab/net": MIT}, "2024-07-01")
    assert hubcensus(tmp_path, "cards", "understand")["run"]["counts"]["cards"] == 1


def test_values_are_those_of_every_model_with_the_card_and_stand_where_they_say(tmp_path):
    landed(tmp_path, {"lab/net": MIT, "joe/copy": MIT, "lab/other": APACHE, "lab/plain": PLAIN})
    hubcensus(tmp_path, "cards", "understand")
    hubcensus(tmp_path, "load")
    licences = rows(tmp_path, "SELECT model_id, value FROM mart.card_value WHERE field = 'licence' ORDER BY 1")
    assert [(row["model_id"], row["value"]) for row in licences] == [
        ("joe/copy", "mit"), ("lab/net", "mit"), ("lab/other", "apache-2.0"),
    ]  # fmt: skip
    (size,) = rows(tmp_path, "SELECT number, place, method, tool FROM mart.card_value "
                   "WHERE model_id = 'lab/net' AND field = 'parameter_count'")  # fmt: skip
    assert (size["number"], size["method"], size["tool"]) == (110e6, "rules", rules.VERSION)
    wrong = rows(tmp_path, """SELECT v.field, v.raw FROM core.card_value v JOIN core.card_reading r USING (reading_id)
        JOIN core.card c USING (card_id) WHERE substring(c.text, v.start + 1, length(v.raw)) <> v.raw
        OR v."end" - v.start < length(v.raw)""")  # fmt: skip
    assert wrong == []
    read = rows(tmp_path, "SELECT count(*) AS n FROM mart.card_reading")
    assert read[0]["n"] == 4, "a card without values was read all the same"
    assert hubcensus(tmp_path, "check")


def test_loaded_step_by_step_or_from_nothing_the_values_are_the_same(tmp_path):
    everything = "SELECT * EXCLUDE (reading_id) FROM mart.card_value ORDER BY ALL"
    landed(tmp_path, {"lab/net": MIT, "lab/other": APACHE})
    hubcensus(tmp_path, "cards", "understand", "--limit", "1")
    hubcensus(tmp_path, "load")
    some = rows(tmp_path, everything)
    hubcensus(tmp_path, "cards", "understand")
    hubcensus(tmp_path, "load")
    more = rows(tmp_path, everything)
    assert 0 < len(some) < len(more)
    hubcensus(tmp_path, "rebuild")
    assert rows(tmp_path, everything) == more


def test_a_reading_that_comes_before_its_card_finds_it_later(tmp_path):
    landed(tmp_path / "a", {"lab/net": MIT})
    hubcensus(tmp_path / "a", "cards", "understand")
    landed(tmp_path / "b", {"lab/else": APACHE})
    shutil.copytree(tmp_path / "a" / "landing" / "cards", tmp_path / "b" / "landing" / "cards")
    hubcensus(tmp_path / "b", "load")
    assert rows(tmp_path / "b", "SELECT card_id FROM core.card_reading") == [{"card_id": None}]
    landed(tmp_path / "b", {"lab/net": MIT, "lab/else": APACHE}, "2029-01-01")
    hubcensus(tmp_path / "b", "load")
    assert rows(tmp_path / "b", "SELECT DISTINCT model_id FROM mart.card_value") == [{"model_id": "lab/net"}]


def test_a_new_version_reads_again_and_its_values_win(tmp_path, monkeypatch):
    landed(tmp_path, {"lab/net": MIT})
    monkeypatch.setattr(rules, "VERSION", "understanding/0")
    hubcensus(tmp_path, "cards", "understand")
    hubcensus(tmp_path, "load")
    monkeypatch.undo()
    hubcensus(tmp_path, "cards", "understand")
    hubcensus(tmp_path, "load")
    assert rows(tmp_path, "SELECT count(*) AS n FROM core.card_reading")[0]["n"] == 2
    assert rows(tmp_path, "SELECT DISTINCT tool FROM mart.card_value") == [{"tool": rules.VERSION}]


def test_cards_change_and_as_of_tells_the_values_of_their_day(tmp_path):
    landed(tmp_path, {"lab/net": MIT})
    landed(tmp_path, {"lab/net": MIT.replace("mit", "cc0-1.0")}, "2024-08-01")
    hubcensus(tmp_path, "cards", "understand")
    hubcensus(tmp_path, "load")
    query = "SELECT value FROM mart.card_value WHERE field = 'licence'"
    assert rows(tmp_path, query) == [{"value": "cc0-1.0"}]
    assert rows(tmp_path, query, "--as-of", "2024-06-01") == [{"value": "mit"}]


def test_what_is_not_there_is_one_sentence(tmp_path):
    assert "No card was landed" in hubcensus(tmp_path, "cards", "understand", code=2)
    assert "no file or folder" in hubcensus(tmp_path, "cards", "read", str(tmp_path / "gone.md"), code=2)
    assert "--llm-model" in hubcensus(tmp_path, "cards", "understand", "--llm", "http://127.0.0.1:1/v1", code=2)


def test_a_card_that_breaks_the_rules_is_told_and_stops_nobody(tmp_path, monkeypatch):
    landed(tmp_path, {"lab/net": MIT, "evil/net": "boom", "slow/net": "slow"})

    def broken(text: str) -> list[object]:
        if text == "boom":
            raise ValueError("\x1b[31m of a rule")
        if text == "slow":
            time.sleep(5)
        return []

    monkeypatch.setattr(rules, "understand", broken)
    monkeypatch.setattr(rules, "LONGEST", 0.2)
    told = hubcensus(tmp_path, "cards", "understand", code=3)["run"]
    assert (told["counts"]["cards"], told["counts"]["unread"]) == (3, 2)
    hubcensus(tmp_path, "load")
    errors = rows(tmp_path, "SELECT error FROM mart.card_reading WHERE error IS NOT NULL ORDER BY 1")
    assert [row["error"].split(":")[0] for row in errors] == ["TimeoutError", "ValueError"]


def test_hostile_records_of_the_landing_zone_are_quarantined(tmp_path):
    from landing import Record
    from landing.clock import now

    landed(tmp_path, {"lab/net": MIT})
    good = {"field": "licence", "value": "mit", "raw": "mit", "start": 13, "end": 16, "place": "front matter",
            "confidence": 0.9, "rule": "x"}  # fmt: skip
    bad = [{**good, "confidence": 7}, {**good, "start": 20}, {**good, "field": None}, {"field": "x"}, "text", None,
           {**good, "start": -1}]  # fmt: skip
    bodies = [{"method": "rules", "values": [good, *bad]}, {"method": "magic", "values": []}, ["no object"],
              {"method": "rules", "values": "none"}]  # fmt: skip
    zone = Zone(tmp_path / "landing")
    writer = zone.start("cards", kind="understand", program="test", parser="x/1", config={})
    writer.write_records(
        [
            Record("understood", sha(MIT), "", 200, now(), json.dumps(b).encode(), decoded={}, decoder="x/1")
            for b in bodies
        ],
        walk="cards",
    )
    writer.finish(complete=True)
    hubcensus(tmp_path, "load")
    assert rows(tmp_path, "SELECT count(*) AS n FROM core.card_value")[0]["n"] == 1
    kept = rows(tmp_path, "SELECT reason, count(*) AS n FROM raw.quarantine GROUP BY 1 ORDER BY 1")
    assert {row["reason"]: row["n"] for row in kept} == {
        "a value lacks what it must have": len(bad), "no reading of a card": 2, "values is no list": 1,
    }  # fmt: skip
    assert hubcensus(tmp_path, "check")


def test_many_cards_on_processes_are_what_one_process_finds(tmp_path):
    cards = {f"lab/net{n}": MIT.replace("110M", f"{n}M") for n in range(1, 1101)}
    landed(tmp_path / "one", cards)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    for name, processes in (("one", "1"), ("two", "2")):
        told = hubcensus(tmp_path / name, "cards", "understand", "--processes", processes)["run"]
        assert told["counts"]["cards"] == 1100
    one, two = ({key: body for key, body, _ in readings(tmp_path / name)} for name in ("one", "two"))
    assert one == two


def test_killed_anywhere_and_run_again_nothing_is_lost_or_doubled(tmp_path):
    cards = {f"lab/net{n}": MIT.replace("110M", f"{n}M") for n in range(1, 3001)}
    landed(tmp_path, cards)
    words = [sys.executable, "-m", "hubcensus", "--home", str(tmp_path), "cards", "understand", "--processes", "2"]
    begun = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    journal: list[Path] = []
    until = time.monotonic() + 60
    while time.monotonic() < until and begun.poll() is None:
        journal = list((tmp_path / "landing" / "cards").glob("*/journal.jsonl"))
        if journal and journal[0].stat().st_size:
            break
        time.sleep(0.01)
    begun.kill()
    begun.wait()
    assert journal, "it was killed after the first bundle"
    told = hubcensus(tmp_path, "cards", "understand", "--processes", "1")
    if told["run"] is not None:  # it may have ended before it was killed
        assert told["run"]["counts"]["cards"] == 3000
    keys = [key for key, _, _ in readings(tmp_path)]
    assert len(keys) == len(set(keys)) == 3000
    assert len(Zone(tmp_path / "landing").runs("cards")) == 1


def test_local_files_and_folders_are_read_without_a_census(tmp_path):
    folder = tmp_path / "repo"
    (folder / ".git").mkdir(parents=True)
    (folder / "README.md").write_text(MIT)
    (folder / ".git" / "notes.md").write_text(APACHE)
    (folder / "weights.bin").write_bytes(b"\x80")
    (folder / "link.md").symlink_to("/etc/hostname")
    told = hubcensus(tmp_path / "none", "cards", "read", str(folder))
    (card,) = told["cards"]
    assert card["path"].endswith("README.md") and told["unread"] == []
    (licence,) = [value for value in card["values"] if value["field"] == "licence"]
    assert licence["value"] == "mit" and MIT[licence["start"] : licence["end"]] == "mit"
    assert not (tmp_path / "none").exists()
    alone = hubcensus(tmp_path / "none", "cards", "read", str(folder / "README.md"), "--min-confidence", "1")
    assert alone["cards"][0]["values"] == []


@pytest.mark.parametrize("name", ["README.md", "\x1b[31mred.md"])
def test_a_table_for_people_holds_nothing_that_drives_the_terminal(tmp_path, capsys, name):
    from hubcensus.cli import run

    (tmp_path / name).write_text('---\nlicense: "mit\\e[2J"\nlanguage: en\n---\n', encoding="utf-8")
    assert run(["cards", "read", str(tmp_path / name)]) == 0
    out = capsys.readouterr()
    assert "language" in out.out and "\x1b[2J" not in out.out + out.err and "\x1b[31m" not in out.out + out.err
