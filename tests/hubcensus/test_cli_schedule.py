"""The schedule as a user drives it: add, list, run, remove; nothing twice, nothing lost."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from hubcensus.cli import run
from hubcensus.ledger import Execution, Ledger, Schedule, utc
from hubcensus.scheduler import LEASE, next_due


def hubcensus(capsys, home, *arguments):
    code = run(["--home", str(home), "--json", *arguments])
    printed = capsys.readouterr()
    return code, json.loads(printed.out) if printed.out else None, printed.err


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def ledger(home):
    return Ledger(home / "ledger.db")


def make_due(home, name, hours):
    with ledger(home).session() as session:
        session.get(Schedule, name).created_at = utc() - timedelta(hours=hours)


def test_what_is_due_runs_once_however_often_it_was_missed(capsys, home):
    assert hubcensus(capsys, home, "schedule", "add", "loads", "--every", "1h", "--", "load")[0] == 0
    assert hubcensus(capsys, home, "schedule", "run", "--once")[1] == {"executions": []}
    make_due(home, "loads", 100)
    code, document, _ = hubcensus(capsys, home, "schedule", "run", "--once")
    assert code == 0
    assert [execution["exit_code"] for execution in document["executions"]] == [0]
    assert hubcensus(capsys, home, "schedule", "run", "--once")[1] == {"executions": []}
    listed = hubcensus(capsys, home, "schedule", "list")[1]["schedules"]
    assert listed[0]["last"]["exit_code"] == 0
    assert (home / "warehouse.duckdb").is_file()


def test_a_failure_is_recorded_with_its_output(capsys, home):
    hubcensus(capsys, home, "schedule", "add", "checks", "--cron", "* * * * *", "--", "check")
    make_due(home, "checks", 1)
    code, document, _ = hubcensus(capsys, home, "schedule", "run", "--once")
    assert code == 1
    assert document["executions"][0]["exit_code"] == 2
    assert "no warehouse" in Path(document["executions"][0]["log"]).read_text()


def test_one_worker_at_a_time(capsys, home):
    ledger(home).lease(LEASE, "another:1", 60)
    code, _, err = hubcensus(capsys, home, "schedule", "run", "--once")
    assert code == 2
    assert "one worker at a time" in err
    with ledger(home).session() as session:
        assert session.query(Execution).count() == 0


def test_a_lease_that_ran_out_is_taken_over(capsys, home):
    ledger(home).lease(LEASE, "another:1", -1)
    assert hubcensus(capsys, home, "schedule", "run", "--once")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "x", "--cron", "nonsense", "--", "load"),
        ("add", "x", "--every", "0h", "--", "load"),
        ("add", "x", "--every", "6h", "--", "demo"),
        ("add", "x", "--", "load"),
        ("remove", "nobody"),
    ],
)
def test_wrong_words_are_one_sentence(capsys, home, arguments):
    code, _, err = hubcensus(capsys, home, "schedule", *arguments)
    assert code == 2
    assert "Traceback" not in err and err.strip()


def test_a_name_is_taken_once(capsys, home):
    assert hubcensus(capsys, home, "schedule", "add", "x", "--every", "6h", "--", "load")[0] == 0
    code, _, err = hubcensus(capsys, home, "schedule", "add", "x", "--every", "6h", "--", "load")
    assert code == 2
    assert "already" in err


def test_a_damaged_ledger_is_said_and_left_alone(capsys, home):
    home.mkdir()
    (home / "ledger.db").write_bytes(b"not a database at all" * 100)
    code, _, err = hubcensus(capsys, home, "schedule", "list")
    assert code == 2
    assert "damaged" in err and "Traceback" not in err
    assert (home / "ledger.db").read_bytes().startswith(b"not a database")
    (home / "ledger.db").unlink()
    sqlite3.connect(home / "ledger.db").close()
    assert hubcensus(capsys, home, "schedule", "list")[0] == 0


def test_cron_and_interval_count_from_the_last_firing(home):
    row = {"kind": "cron", "expression": "0 3 * * *", "created_at": utc().replace(2026, 1, 1, 12, 0), "last": None}
    assert (next_due(row).day, next_due(row).hour) == (2, 3)
    row = {"kind": "every", "expression": "6h", "created_at": utc().replace(2026, 1, 1, 12, 0), "last": None}
    assert next_due(row).hour == 18


def test_the_worker_fires_and_ends_cleanly(tmp_path):
    home = tmp_path / "home"
    ledger(home).add("often", "every", "1s", ["load"])
    command = [sys.executable, "-m", "hubcensus", "--home", str(home), "schedule", "run"]
    worker = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(100):
            time.sleep(0.2)
            last = ledger(home).schedules()[0]["last"]
            if last and last["exit_code"] == 0:
                break
    finally:
        worker.send_signal(2)
    assert worker.wait(timeout=120) == 130
    assert last and last["exit_code"] == 0


def test_compose_has_both_over_one_volume(request):
    compose = yaml.safe_load((request.config.rootpath / "docker-compose.yml").read_text())
    assert set(compose["services"]) == {"census", "jupyter"}
    assert all("census:" in service["volumes"][0] for service in compose["services"].values())
