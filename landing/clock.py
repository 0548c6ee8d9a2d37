"""Time in one form everywhere: aware UTC in Python, ``2024-07-11T08:07:09.123456Z`` on disk."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from landing.errors import UsageError


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def to_iso(moment: datetime) -> str:
    """ISO 8601 in UTC with a ``Z``; sorts as text in the order of time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_iso(text: str) -> datetime:
    """Read a date or a time; without an offset it is taken as UTC.

    Raises :class:`UsageError` where the text is neither.
    """
    try:
        if len(text) == len("2024-07-11"):
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not a date or time; write 2024-07-11 or 2024-07-11T08:00:00Z.") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
