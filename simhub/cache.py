"""Kept list pages, for benchmarks: a second walk over an unchanged hub then costs the server next to nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from simhub.wire import Response


@dataclass
class PageCache:
    """Whole answers by URL, up to so many bytes; any write to the hub forgets them all. 0 bytes: off."""

    room: int = 0
    _kept: dict[str, Response] = field(default_factory=dict)
    _used: int = 0

    def get(self, key: str) -> Response | None:
        """A kept answer, ready to be sent (its headers are a copy)."""
        kept = self._kept.get(key)
        return None if kept is None else Response(kept.status, kept.body, dict(kept.headers))

    def put(self, key: str, response: Response) -> None:
        """Keep an answer while there is room."""
        if self._used + len(response.body) <= self.room:
            self._kept[key] = Response(response.status, response.body, dict(response.headers))
            self._used += len(response.body)

    def forget(self) -> None:
        """The hub changed."""
        self._kept.clear()
        self._used = 0
