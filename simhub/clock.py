"""Simulated time and the one hash everything deterministic is drawn from.

Day 0 is 2026-01-01. Nothing in the simulated hub looks at the real calendar: the real clock only
drives rate-limit windows.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

DAY0 = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
DAY_SECONDS = 86_400
#: The Hub backfilled `createdAt` to this moment for everything older.
FLOOR = int(datetime(2022, 3, 2, 23, 29, 4, tzinfo=UTC).timestamp())


def iso(seconds: int) -> str:
    """Seconds since the epoch as the Hub writes dates."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def epoch(text: str) -> int:
    """The inverse of `iso`, for any ISO 8601 date."""
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def within(day: int, second: int) -> str:
    """A moment inside a simulated day."""
    return iso(DAY0 + day * DAY_SECONDS + second % DAY_SECONDS)


def digest(*parts: object, length: int = 40) -> str:
    """Hex digest of the parts: shas, ids and other names that must be stable and look random."""
    return hashlib.sha256(":".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:length]


def number(*parts: object) -> int:
    """A 64-bit integer drawn from the parts: seeds for `random.Random`."""
    return int(digest(*parts, length=16), 16)


def chance(*parts: object) -> float:
    """A number in [0, 1) drawn from the parts."""
    return number(*parts) / 2**64
