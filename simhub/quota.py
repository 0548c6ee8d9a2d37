"""Fixed windows of requests as simple APIs have them; an app says how it words its refusals."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from simhub.wire import Request, Response, error


@dataclass(frozen=True)
class Spent:
    """What is left of one asker's window. ``reset`` is in seconds from now, ``ends`` since the epoch."""

    quota: int
    used: int
    reset: int
    ends: int

    @property
    def left(self) -> int:
        """Requests that are still answered."""
        return max(0, self.quota - self.used)


def _nothing(_: Spent) -> dict[str, str]:
    return {}


def _refuse(spent: Spent) -> Response:
    return error(429, "Too Many Requests", Retry_After=str(spent.reset))


def _always(_: Request) -> bool:
    return True


@dataclass
class Window:
    """So many requests in so many seconds for each token, or address where there is none.

    ``headers`` says in every answer what is left; ``refuse`` words what comes beyond the quota; ``counts`` says which
    requests are limited.
    """

    quota: int
    seconds: float = 60.0
    headers: Callable[[Spent], dict[str, str]] = _nothing
    refuse: Callable[[Spent], Response] = _refuse
    counts: Callable[[Request], bool] = _always
    _started: float = field(default_factory=time.monotonic)
    _number: int = -1
    _used: Counter[str] = field(default_factory=Counter)

    def take(self, request: Request) -> tuple[Response | None, dict[str, str]]:
        """Spend one request: the refusal, where it is one too many, and the headers that say what is left."""
        if not self.counts(request):
            return None, {}
        number, inside = divmod(time.monotonic() - self._started, self.seconds)
        if int(number) != self._number:
            self._number, self._used = int(number), Counter()
        who = request.headers.get("authorization") or request.peer
        self._used[who] += 1
        left = self.seconds - inside
        spent = Spent(self.quota, self._used[who], max(1, int(-(-left // 1))), int(-(-(time.time() + left) // 1)))
        return (self.refuse(spent) if spent.used > self.quota else None), self.headers(spent)
