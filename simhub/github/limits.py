"""Rate limits as GitHub documents them: a primary one for each resource, and a secondary one in points.

Documented ("Rate limits for the REST API", "Rate limits and query limits for the GraphQL API"): the numbers, the
headers, 403 or 429 with nothing remaining, ``Retry-After`` for a secondary limit, points by method, that /rate_limit
is free and that a 304 is free for who is authenticated. Guessed: that 403 and 429 come by turns, that a window
starts with its first request, that points are counted over all endpoints of an API together. The limit of requests
at once is carried but never reached: the simulation answers one request after another.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import time
import zlib
from dataclasses import dataclass

from simhub.wire import Request, Response

DOCS = "https://docs.github.com/rest"
RATES = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"
RESOURCES = ("core", "search", "code_search", "graphql")


@dataclass(frozen=True)
class Limits:
    """What is allowed. ``window`` is of core and graphql, in seconds; ``anonymous`` is core without a token."""

    core: int = 5_000
    search: int = 30
    code_search: int = 10
    graphql: int = 5_000
    anonymous: int = 60
    anonymous_search: int = 10
    window: float = 3_600.0
    search_window: float = 60.0
    secondary_points: int = 900
    graphql_points: int = 2_000
    secondary_window: float = 60.0
    concurrent: int = 100

    def quota(self, resource: str, known: bool) -> tuple[int, float]:
        """How much in how many seconds; ``known`` says that there was a token."""
        if resource in ("search", "code_search"):
            return (getattr(self, resource) if known else self.anonymous_search), self.search_window
        if resource == "graphql":
            return (self.graphql if known else 0), self.window
        return (self.core if known else self.anonymous), self.window


#: What headers show where nothing is limited.
_OPEN = Limits(*(1_000_000,) * 6, secondary_points=1_000_000, graphql_points=1_000_000)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a token ("" where there is none) from an address."""

    token: str
    address: str

    @property
    def number(self) -> int:
        """The number of the account behind the token."""
        return 1_000 + zlib.crc32(self.token.encode()) % 100_000_000

    @property
    def who(self) -> str:
        """As refusals name it."""
        return f"user ID {self.number}" if self.token else self.address


def caller_of(request: Request) -> Caller:
    """Who asks, by the Authorization header: ``Bearer``, ``token``, or ``Basic`` with the token as its password."""
    kind, _, value = request.headers.get("authorization", "").strip().partition(" ")
    if kind.lower() == "basic":
        try:
            value = base64.b64decode(value).decode().rpartition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            value = "?"
    return Caller(value.strip(), request.peer)


@dataclass(slots=True)
class _Window:
    ends: float
    reset: int
    used: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Spent:
    """What a window looks like: the limit, what was used of it, what remains, and its end since the epoch."""

    limit: int
    used: int
    remaining: int
    reset: int

    def as_dict(self) -> dict[str, int]:
        """As /rate_limit writes it."""
        return {"limit": self.limit, "used": self.used, "remaining": self.remaining, "reset": self.reset}


class Meter:
    """Counts what everybody spends; without limits nothing is refused."""

    def __init__(self, limits: Limits | None) -> None:
        self._limited = limits is not None
        self._limits = limits or _OPEN
        self._windows: dict[tuple[str, str], _Window] = {}
        self._points: dict[tuple[str, str], _Window] = {}

    def refusal(self, caller: Caller, resource: str, points: int) -> Response | None:
        """The refusal where a limit is reached, the secondary one before the primary one."""
        if not self._limited:
            return None
        return self._secondary(caller, resource, points) or self._primary(caller, resource)

    def charge(self, caller: Caller, resource: str, cost: int = 1) -> None:
        """Spend; never more than there is."""
        quota, length = self._limits.quota(resource, bool(caller.token))
        window = self._window(self._windows, (caller.who, resource), length)
        window.used = max(0, min(quota, window.used + cost))

    def spent(self, caller: Caller, resource: str) -> Spent:
        """What is left of a resource."""
        quota, length = self._limits.quota(resource, bool(caller.token))
        window = self._window(self._windows, (caller.who, resource), length)
        return Spent(quota, window.used, quota - window.used, window.reset)

    def exhausted(self, caller: Caller, resource: str) -> bool:
        """Whether nothing remains."""
        return self._limited and self.spent(caller, resource).remaining <= 0

    def headers(self, caller: Caller, resource: str) -> dict[str, str]:
        """The headers that every answer of the API has."""
        spent = self.spent(caller, resource)
        told = {f"x-ratelimit-{name}": str(value) for name, value in spent.as_dict().items()}
        return {**told, "x-ratelimit-resource": resource}

    def report(self, caller: Caller) -> dict[str, object]:
        """The body of /rate_limit."""
        found = {resource: self.spent(caller, resource).as_dict() for resource in RESOURCES}
        return {"resources": found, "rate": found["core"]}

    def _primary(self, caller: Caller, resource: str) -> Response | None:
        # GraphQL says it in its own way, with status 200.
        if resource == "graphql" or not self.exhausted(caller, resource):
            return None
        window = self._windows[caller.who, resource]
        window.refused += 1
        more = "" if caller.token else " (But here's the good news: Authenticated requests get a higher rate limit.)"
        return refused(403 if window.refused % 2 else 429, f"API rate limit exceeded for {caller.who}.{more}", RATES)

    def _secondary(self, caller: Caller, resource: str, points: int) -> Response | None:
        api = "graphql" if resource == "graphql" else "rest"
        most = self._limits.graphql_points if api == "graphql" else self._limits.secondary_points
        window = self._window(self._points, (caller.who, api), self._limits.secondary_window)
        if window.used + points <= most:
            window.used += points
            return None
        wait = max(1, math.ceil(window.ends - time.monotonic()))
        said = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        return refused(403, said, f"{RATES}#about-secondary-rate-limits", **{"Retry-After": str(wait)})

    @staticmethod
    def _window(windows: dict[tuple[str, str], _Window], key: tuple[str, str], length: float) -> _Window:
        """The window that runs now; a new one starts with the first request after the last one."""
        now = time.monotonic()
        window = windows.get(key)
        if window is None or now >= window.ends:
            window = windows[key] = _Window(now + length, math.ceil(time.time() + length))
        return window


def refused(status: int, message: str, docs: str = DOCS, **headers: str) -> Response:
    """An error as GitHub's REST API words it."""
    body = json.dumps({"message": message, "documentation_url": docs, "status": str(status)}, ensure_ascii=False)
    return Response(status, body.encode(), {"Content-Type": "application/json; charset=utf-8", **headers})


def points(request: Request, mutation: bool = False) -> int:
    """What a request costs of the secondary limit."""
    if request.path == "/graphql":
        return 5 if mutation else 1
    return 1 if request.method in ("GET", "HEAD", "OPTIONS") else 5
