"""What a server lets us ask, spent to the last request and not one beyond.

A hub counts requests per class in fixed windows and says after each answer what is left:

    RateLimit: "api";r=499;t=287
    RateLimit-Policy: "fixed window";"api";q=500;w=300

``r`` requests are left until the window ends in ``t`` seconds, rounded to whole seconds. All
walks share one :class:`Budget`: it hands out at most what is left, counting what is still on its
way, and makes the rest wait for the next window. The rounding would cost up to a second a
window, so the edge is narrowed down: every answer says that it lies in
``(sent + t - 1, received + t]``, and since windows follow each other at a fixed pace, what was
learned in one window holds for the next.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_ITEM = re.compile(r'"(?P<name>[^"]*)"(?P<rest>[^",]*)')
_PAIR = re.compile(r";\s*([a-z])\s*=\s*(\d+)")
# Wake this long after the edge: clocks tick apart by far less, a refused request costs far more.
_MARGIN = 0.01

Waiting = Callable[[str, datetime, float], None]


class Stopped(Exception):
    """The crawl is being stopped: nobody may ask any more."""


@dataclass(slots=True)
class _Window:
    """What is known of one class. Times are those of the monotonic clock."""

    left: int | None = None
    lowest: int | None = None
    quota: int | None = None
    length: float | None = None
    earliest: float | None = None
    latest: float | None = None
    in_flight: int = 0
    hold: float = 0.0
    slack: float = 0.0
    silent: bool = False

    def free(self, now: float) -> float:
        """Seconds until one more request may leave: 0 for now, infinity for "after an answer"."""
        if now < self.hold:
            return self.hold - now
        if self.latest is not None and now >= self.latest + _MARGIN:
            self._turn(now)
        if self.left is None:
            # Nothing known yet: one goes ahead to find out, unless the server never says.
            return float("inf") if self.in_flight and not self.silent else 0.0
        if self.left <= 0 and not self.in_flight and self.lowest:
            # Answers that overtake each other make us count a request twice; now all are in.
            self.left = self.lowest
        if self.left > 0:
            return 0.0
        if self.latest is None:
            return float("inf") if self.in_flight else 0.0
        return self.latest + _MARGIN - now

    def _turn(self, now: float) -> None:
        """The window ended: the next has the full quota and, at the same pace, a known edge."""
        assert self.latest is not None
        self.lowest = None
        self.left = None if self.quota is None else max(0, self.quota - self.in_flight)
        if not self.length or self.earliest is None:
            self.earliest = self.latest = None
            return
        steps = max(1, int((now - self.latest) // self.length) + 1)
        self.earliest += steps * self.length
        self.latest += steps * self.length

    def learn(self, sent: float, received: float, facts: Mapping[str, int]) -> None:
        """Take in one answer: what is left, and where the edge lies."""
        self.quota = facts.get("q", self.quota)
        self.length = float(facts["w"]) if facts.get("w") else self.length
        self.silent = "r" not in facts or "t" not in facts
        if self.silent:
            return
        earliest, latest = sent + facts["t"] - 1, received + facts["t"] + self.slack
        left = max(0, facts["r"] - self.in_flight)
        if self.earliest is None or self.latest is None or earliest > self.latest + 0.3:
            self.earliest, self.latest = earliest, latest
            self.left, self.lowest = left, facts["r"]
        elif latest >= self.earliest - 0.3:
            self.earliest, self.latest = max(self.earliest, earliest), min(self.latest, latest)
            self.latest = max(self.latest, self.earliest)
            self.left = left if self.left is None else min(self.left, left)
            self.lowest = facts["r"] if self.lowest is None else min(self.lowest, facts["r"])


class Budget:
    """The shared allowance of all rate-limit classes of one server. Safe to use from threads."""

    def __init__(self, on_wait: Waiting | None = None) -> None:
        """Know nothing yet; ``on_wait`` hears of every wait that a person would notice."""
        self._windows: dict[str, _Window] = {}
        self._changed = threading.Condition()
        self._stopped = False
        self._on_wait = on_wait
        self.spent: Counter[str] = Counter()
        self.waited = 0.0

    def acquire(self, kind: str) -> float:
        """Wait until a request of ``kind`` may leave; returns the moment it does. Then :meth:`settle` it."""
        began, told = time.monotonic(), 0.0
        with self._changed:
            window = self._windows.setdefault(kind, _Window())
            while True:
                if self._stopped:
                    raise Stopped
                now = time.monotonic()
                pause = window.free(now)
                if pause <= 0:
                    break
                if 1.0 < pause < float("inf") and now + pause > told + 1.0:
                    told = now + pause
                    self._tell(kind, pause)
                self._changed.wait(min(pause, 3600.0))
            window.in_flight += 1
            if window.left is not None:
                window.left -= 1
            self.spent[kind] += 1
            # Only the time of the longest sleeper counts: walks wait side by side.
            self.waited += now - began if now - began > 0.05 else 0.0
            return now

    def settle(
        self, kind: str, sent: float, headers: Mapping[str, str] | None, *, refused: float | None = None
    ) -> None:
        """Account for an answer (or, without ``headers``, for none). ``refused``: a 429, seconds to hold."""
        received = time.monotonic()
        with self._changed:
            window = self._windows.setdefault(kind, _Window())
            window.in_flight -= 1
            if refused is not None:
                self._refuse(window, received, refused, headers or {})
            elif headers is not None:
                stated = named(headers) or kind
                window.silent = window.silent or stated != kind
                self._windows.setdefault(stated, _Window()).learn(sent, received, facts(headers, stated))
            self._changed.notify_all()

    def _refuse(self, window: _Window, now: float, seconds: float, headers: Mapping[str, str]) -> None:
        self.spent["429"] += 1
        window.hold = max(window.hold, now + seconds)
        # A refusal just past the edge we had reckoned: this server rounds down, so its edge is later.
        length = window.length or 0.0
        if window.latest is not None and seconds <= 1 and length and window.latest - now > length - 2:
            window.slack = 1.0
        if window.latest is None:
            window.left = None

    def pause(self, seconds: float) -> None:
        """Sleep, unless the crawl is stopped meanwhile."""
        end = time.monotonic() + seconds
        with self._changed:
            while (left := end - time.monotonic()) > 0:
                if self._stopped:
                    raise Stopped
                self._changed.wait(left)

    def stop(self) -> None:
        """Let nobody ask any more; everyone who waits is woken and told."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def count(self, what: str) -> None:
        """Note something worth reporting, such as a retry."""
        with self._changed:
            self.spent[what] += 1

    def report(self) -> dict[str, float]:
        """What was spent so far, for the manifest."""
        with self._changed:
            return {**dict(sorted(self.spent.items())), "waited_s": round(self.waited, 3)}

    def _tell(self, kind: str, seconds: float) -> None:
        if self._on_wait is not None:
            self._on_wait(kind, datetime.now(UTC) + timedelta(seconds=seconds), seconds)


def named(headers: Mapping[str, str]) -> str | None:
    """The class that an answer was charged to, by the server's own account."""
    found = _ITEM.match(headers.get("RateLimit", "").strip())
    return found["name"] if found else headers.get("x-ratelimit-resource")


def facts(headers: Mapping[str, str], kind: str) -> dict[str, int]:
    """``r``, ``t``, ``q`` and ``w`` of one class, as far as the headers state them."""
    found: dict[str, int] = {}
    for name in ("RateLimit", "RateLimit-Policy"):
        for item in _ITEM.finditer(headers.get(name, "")):
            pairs = {key: int(value) for key, value in _PAIR.findall(item["rest"])}
            if pairs and item["name"] == kind:
                found |= pairs
    return found or _github(headers, kind)


def _github(headers: Mapping[str, str], kind: str) -> dict[str, int]:
    """The same in GitHub's words: what is left of a resource, until a moment on the server's clock."""
    limit, left, reset = (headers.get(f"x-ratelimit-{name}", "") for name in ("limit", "remaining", "reset"))
    if headers.get("x-ratelimit-resource") != kind or not (limit.isdigit() and left.isdigit() and reset.isdigit()):
        return {}
    try:
        now = parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError):
        now = datetime.now(UTC)
    return {"q": int(limit), "r": int(left), "t": max(0, int(reset) - int(now.timestamp()))}
