"""Running what is scheduled: one worker, nothing twice at once, what was missed is caught up once.

A schedule runs a hubcensus verb as a child process of the same interpreter and home, never through a
shell. The child can be killed at any time: crawls resume and loads start anew.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from hubcensus.ledger import Ledger, utc
from hubcensus.output import say
from landing.errors import HubCensusError, UsageError, storage

VERBS = frozenset({"analyze", "check", "crawl", "downstream", "export", "import", "load", "rebuild", "report"})
LEASE, LEASE_SECONDS, HEARTBEAT = "schedule", 90.0, 30.0
_INTERVAL = re.compile(r"(\d+)\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def trigger(kind: str, expression: str) -> BaseTrigger:
    """The trigger of a schedule; raises :class:`UsageError` for an expression that is none."""
    if kind == "every":
        found = _INTERVAL.fullmatch(expression.strip())
        if not found or int(found[1]) == 0:
            raise UsageError(f"{expression!r} is no interval; write for example 30m, 6h or 1d.")
        return IntervalTrigger(**{_UNITS[found[2]]: int(found[1])}, timezone=UTC)
    try:
        return CronTrigger.from_crontab(expression, timezone=UTC)
    except ValueError as error:
        raise UsageError(f"{expression!r} is no cron expression ({error}); write for example '0 3 * * *'.") from error


def check_command(argv: list[str]) -> None:
    """Only verbs that do unattended work may be scheduled."""
    if not argv or argv[0] not in VERBS:
        raise UsageError(f"Only {', '.join(sorted(VERBS))} can be scheduled, after a '--'.")


def next_due(schedule: dict[str, Any]) -> datetime | None:
    """When a schedule is due next, without an offset, in UTC; in the past when a firing was missed."""
    last = schedule["last"]
    since = (last["due_at"] if last else schedule["created_at"]).replace(tzinfo=UTC)
    found = trigger(schedule["kind"], schedule["expression"])
    due = (
        since + found.interval
        if isinstance(found, IntervalTrigger)
        else found.get_next_fire_time(None, since + _TICK)
    )
    return due.replace(tzinfo=None) if due else None


_TICK = timedelta(microseconds=1)


class Worker:
    """The one that runs the schedule of a home."""

    def __init__(self, home: Path, ledger: Ledger) -> None:
        """Nothing runs yet."""
        self.home, self.ledger = home, ledger
        self.holder = f"{socket.gethostname()}:{os.getpid()}"
        self._child: subprocess.Popen[bytes] | None = None
        self._stop = threading.Event()

    def once(self) -> list[dict[str, Any]]:
        """Run what is due now, each once however many firings were missed; returns the executions."""
        self.ledger.lease(LEASE, self.holder, LEASE_SECONDS)
        beat = threading.Thread(target=self._beat, daemon=True)
        beat.start()
        try:
            return [self._run(schedule) for schedule in self._due()]
        finally:
            self._stop.set()
            self._end_child()
            self.ledger.release(LEASE, self.holder)

    def forever(self) -> None:
        """Catch up, then run each schedule when it is due, until interrupted."""
        self.ledger.lease(LEASE, self.holder, LEASE_SECONDS)
        scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1), "lease": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        scheduler.add_job(self._renew, "interval", seconds=HEARTBEAT, executor="lease")
        for schedule in self.ledger.schedules():
            due = next_due(schedule)
            scheduler.add_job(
                self._fire,
                trigger(schedule["kind"], schedule["expression"]),
                args=[schedule["name"]],
                id=schedule["name"],
                next_run_time=max(due or utc(), utc()).replace(tzinfo=UTC),
            )
            say(f"{schedule['name']}: {' '.join(schedule['argv'])}; next at {due:%Y-%m-%d %H:%M} UTC.")
        scheduler.start()
        try:
            self._stop.wait()
        finally:
            self._end_child()
            scheduler.shutdown(wait=False)
            self.ledger.release(LEASE, self.holder)

    def _due(self) -> list[dict[str, Any]]:
        rows = [(next_due(schedule), schedule) for schedule in self.ledger.schedules() if schedule["enabled"]]
        return [schedule for due, schedule in rows if due is not None and due <= utc()]

    def _fire(self, name: str) -> None:
        for schedule in self.ledger.schedules():
            if schedule["name"] == name and schedule["enabled"]:
                try:
                    self._run(schedule)
                except HubCensusError as error:
                    say(f"{name}: {error}")

    def _run(self, schedule: dict[str, Any]) -> dict[str, Any]:
        """Run one schedule to its end and note it."""
        name, begun = schedule["name"], utc()
        log = self.home / "logs" / f"{name}-{begun:%Y%m%dT%H%M%S}.log"
        number = self.ledger.begin(name, begun, self.holder, log)
        say(f"{name}: {' '.join(schedule['argv'])} ...")
        code = self._call(schedule["argv"], log)
        self.ledger.end(number, code)
        say(f"{name}: exit code {code}; output in {log}.")
        return {"name": name, "exit_code": code, "log": log, "seconds": round((utc() - begun).total_seconds(), 1)}

    def _call(self, argv: list[str], log: Path) -> int:
        command = [sys.executable, "-m", "hubcensus", "--home", str(self.home), *argv]
        with storage(log, "write"):
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("wb") as output:
                self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            return self._child.wait()
        finally:
            self._end_child()

    def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is not None and child.poll() is None:
            child.send_signal(signal.SIGINT)
            try:
                child.wait(timeout=20)
            except subprocess.TimeoutExpired:
                child.kill()

    def _beat(self) -> None:
        while not self._stop.wait(HEARTBEAT):
            self._renew()

    def _renew(self) -> None:
        self.ledger.lease(LEASE, self.holder, LEASE_SECONDS)
