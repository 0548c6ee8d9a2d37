"""The one seam to the outside: HTTP GET (and the POST of a query) with a budget, time limits, retries and a careful
token.

* Every request has time limits, for the connection, for a silence and for the whole body.
* The token goes to the scheme, host and port it belongs to, and to nobody else: redirects are
  followed by hand, and a host they lead to elsewhere gets no token. It is kept out of errors.
* What may pass later is tried again: 408, 429, 5xx, silence, lost connections, cut bodies;
  a bounded number of times, at growing, jittered intervals, or when the server says.
* A guard is asked about every URL before it is requested: files whose reading would change what
  is measured are never touched.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin, urlsplit

import requests
import tenacity
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from crawler.budget import Budget, facts
from landing import OperationalError, TransientError
from landing.files import sha256_file

_REDIRECTS = (301, 302, 303, 307, 308)
_TRANSIENT = (408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524)
_BLOCK = 1 << 18

Guard = Callable[[str, str | None], str | None]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try. ``deadline`` bounds one body, however slowly it drips."""

    attempts: int = 8
    base: float = 0.5
    longest: float = 60.0
    refusals: int = 30
    connect: float = 10.0
    silence: float = 30.0
    deadline: float = 600.0


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, whole unless ``truncated``. ``url`` is where it came from in the end."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    received: datetime
    truncated: bool = False

    @property
    def etag(self) -> str | None:
        """The entity tag."""
        return self.headers.get("ETag")


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what a token belongs to."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return parts.scheme.lower(), (parts.hostname or "").lower(), port


@dataclass
class Session:
    """GETs from one hub. Safe to use from threads."""

    endpoint: str
    budget: Budget
    agent: str
    token: str | None = field(default=None, repr=False)
    scheme: str = "Bearer"
    headers: Mapping[str, str] = field(default_factory=dict)
    patience: Patience = field(default_factory=Patience)
    classify: Callable[[str], str] = field(default=lambda _url: "api")
    guard: Guard = field(default=lambda _url, _library: None)
    connections: int = 16

    def __post_init__(self) -> None:
        """Open the pool; nothing is sent yet."""
        self._http = requests.Session()
        # The environment is read here, once: requests would read it for every request, and take
        # passwords for any host from ~/.netrc.
        self._http.trust_env = False
        self._http.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        self._proxies: dict[tuple[str, str, int], dict[str, str]] = {}
        self._http.headers["User-Agent"] = self.agent
        self._http.headers.update(self.headers)
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=self.connections)
        self._http.mount("http://", adapter)
        self._http.mount("https://", adapter)
        self._reached = False

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        library: str | None = None,
        cap: int = 256 << 20,
        elsewhere: bool = False,
        into: BinaryIO | None = None,
    ) -> Response:
        """The final answer to a GET: a success or a client error; raises when there is none.

        Where ``into`` is given, a successful body goes there and not into memory.

        ``cap`` bounds the body; a longer one comes truncated. ``elsewhere`` allows redirects to
        other hosts (files lie on them); ``library`` is passed to the guard.
        Raises :class:`TransientError` when trying again did not help.
        """
        return self._patiently(url, dict(headers or {}), library, cap, elsewhere, into, None)

    def post(self, url: str, body: bytes, *, headers: Mapping[str, str], cap: int = 64 << 20) -> Response:
        """The final answer to the POST of a query, which changes nothing at the server and so may be tried again.

        Raises as :meth:`get`; a redirect is not followed.
        """
        return self._patiently(url, dict(headers), None, cap, False, None, body)

    def _patiently(self, url: str, *asked: Any) -> Response:
        attempts = self.patience.attempts if self._reached else min(self.patience.attempts, 4)
        state = _Tries(self.patience, attempts)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            stop=state.stop,
            wait=state.wait,
            sleep=self.budget.pause,
            before_sleep=lambda _state: self.budget.count("retries"),
            reraise=True,
        )
        return retrying(self._follow, url, *asked)

    def save(self, url: str, target: Path, *, cap: int) -> tuple[Response, str]:
        """The final answer to a GET, its body in ``target`` (whole or not there at all), and that file's sha256.

        Raises :class:`OperationalError` where the body is longer than ``cap``.
        """
        partial = target.with_name(f".{target.name}.tmp")
        with partial.open("wb") as handle:
            response = self.get(url, cap=cap, elsewhere=True, into=handle)
            handle.flush()
            os.fsync(handle.fileno())
        if response.truncated:
            partial.unlink()
            raise OperationalError(f"{_shown(url)} is longer than {cap >> 20} MiB; it is not fetched.")
        if response.status == 200:
            partial.replace(target)
            return response, sha256_file(target)
        return response, ""

    def _follow(
        self,
        url: str,
        headers: dict[str, str],
        library: str | None,
        cap: int,
        elsewhere: bool,
        into: BinaryIO | None,
        posted: bytes | None,
    ) -> Response:
        for _ in range(6):
            response = self._once(url, headers, library, cap, into, posted)
            if response.status not in _REDIRECTS or posted is not None:
                return response
            target = urljoin(url, response.headers.get("Location", ""))
            if origin(target) != origin(self.endpoint) and not (elsewhere and _may_lead(url, target)):
                raise OperationalError(f"{_shown(url)} redirects to another host ({_shown(target)}); not followed.")
            url = target
        raise OperationalError(f"{_shown(url)} redirects without end.")

    def _once(
        self,
        url: str,
        headers: dict[str, str],
        library: str | None,
        cap: int,
        into: BinaryIO | None,
        posted: bytes | None,
    ) -> Response:
        refusal = self.guard(url, library)
        if refusal:
            raise OperationalError(refusal)
        at_home = origin(url) == origin(self.endpoint)
        if at_home and self.token:
            headers = {**headers, "Authorization": f"{self.scheme} {self.token}"}
        kind = self.classify(url) if at_home else "elsewhere"
        sent = self.budget.acquire(kind)
        answer: Mapping[str, str] | None = None
        refused: float | None = None
        try:
            response = self._exchange(url, headers, cap, into, posted)
            answer, self._reached = response.headers, True
            refused = _hold(response, kind) if _refuses(response) else None
        finally:
            self.budget.settle(kind, sent, answer, refused=refused)
        _raise_transient(response, refused)
        return response

    def _exchange(
        self, url: str, headers: dict[str, str], cap: int, into: BinaryIO | None, posted: bytes | None
    ) -> Response:
        limits = (self.patience.connect, self.patience.silence)
        asked: dict[str, Any] = {"headers": headers, "timeout": limits, "proxies": self._proxies_to(url)}
        try:
            asked |= {"allow_redirects": False, "stream": True}
            with self._http.request("GET" if posted is None else "POST", url, data=posted, **asked) as answer:
                body, truncated = self._read(answer, cap, into if answer.status_code == 200 else None)
                return Response(url, answer.status_code, answer.headers, body, datetime.now(UTC), truncated)
        except requests.Timeout as error:
            raise TransientError(f"{_shown(url)} was silent for {self.patience.silence:g} seconds.") from error
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError) as error:
            raise TransientError(f"{_shown(url)} sent a body that was cut off.") from error
        except requests.ConnectionError as error:
            reason = _reason(error)
            if "timed out" in reason:
                raise TransientError(f"{_shown(url)} fell silent in the middle of its answer.") from error
            raise TransientError(f"{_shown(url)} cannot be reached ({reason}).") from error
        except (requests.RequestException, ValueError) as error:
            raise OperationalError(f"{_shown(url)} cannot be requested ({type(error).__name__}).") from error

    def _proxies_to(self, url: str) -> dict[str, str]:
        """What the environment says about the way to a host."""
        host = origin(url)
        if host not in self._proxies:
            self._proxies[host] = get_environ_proxies(url)
        return self._proxies[host]

    def _read(self, answer: requests.Response, cap: int, into: BinaryIO | None) -> tuple[bytes, bool]:
        """The body up to ``cap`` bytes, in the time allowed."""
        end = time.monotonic() + self.patience.deadline
        if into is not None:
            into.seek(0)
            into.truncate()
        blocks: list[bytes] = []
        size = 0
        for block in answer.iter_content(_BLOCK):
            blocks.append(block) if into is None else into.write(block)
            size += len(block)
            if size > cap:
                return b"".join(blocks)[:cap], True
            if time.monotonic() > end:
                raise TransientError(f"{_shown(answer.url)} did not end within {self.patience.deadline:g} seconds.")
        return b"".join(blocks), False


class _Tries:
    """When to stop and how long to wait: refusals (429) are the server's pace, failures are counted."""

    def __init__(self, patience: Patience, attempts: int) -> None:
        self.patience, self.attempts = patience, attempts
        self.failures = self.refusals = 0
        self.jittered = tenacity.wait_random_exponential(multiplier=patience.base, max=patience.longest)

    def stop(self, state: tenacity.RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _Refused):
            self.refusals += 1
        else:
            self.failures += 1
        return self.failures >= self.attempts or self.refusals >= self.patience.refusals

    def wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _Refused):
            return 0.0  # the budget holds the whole class back
        asked = error.retry_after if isinstance(error, TransientError) else None
        return max(min(asked or 0.0, 600.0), self.jittered(state))


class _Refused(TransientError):
    """A 429: not a failure but the server's pace."""


def _raise_transient(response: Response, refused: float | None) -> None:
    shown = _shown(response.url)
    if refused is not None:
        raise _Refused(f"{shown} still answers 429 (too many requests).", refused)
    if response.status in _TRANSIENT:
        raise TransientError(f"{shown} answers {response.status}.", retry_after(response.headers))


def _refuses(response: Response) -> bool:
    """Whether the server holds us back: 429, or GitHub's ways: a 403 with nothing left or a time to wait, or the
    errors
    of a query that was answered with 200."""
    if response.status == 429:
        return True
    spent = response.headers.get("x-ratelimit-remaining") == "0"
    if response.status == 403:
        return spent or "Retry-After" in response.headers or _secondary(response)
    return response.status == 200 and (
        (spent and b'"RATE_LIMIT' in response.body[:4096])
        or ("Retry-After" in response.headers and _secondary(response))
    )


def _secondary(response: Response) -> bool:
    """GitHub's limit on bursts."""
    return b"secondary rate limit" in response.body[:4096]


def _hold(response: Response, kind: str) -> float:
    """How long a refusal asks the whole class to hold back; never less than a second."""
    if _secondary(response) and "Retry-After" not in response.headers:
        return 60.0
    told: float | None = facts(response.headers, kind).get("t")
    reset = response.headers.get("x-ratelimit-reset", "")
    if told is None and reset.isdigit():
        told = float(reset) - (_moment(response.headers.get("Date", "")) or datetime.now(UTC)).timestamp()
    asked = retry_after(response.headers)
    return max(1.0, min(float(asked if asked is not None else told if told is not None else 10.0), 3600.0))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds asked for by ``Retry-After``, written as a number or as a date."""
    text = headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    moment = _moment(text)
    if moment is None:
        return None
    # By the server's own clock, where it shows it: ours may be wrong.
    return max(0.0, (moment - (_moment(headers.get("Date", "")) or datetime.now(UTC))).total_seconds())


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _may_lead(url: str, target: str) -> bool:
    """Files may lie on another host, but never on a less protected one."""
    return urlsplit(target).scheme == "https" or urlsplit(url).scheme == urlsplit(target).scheme == "http"


def _shown(url: str) -> str:
    """A URL fit for a message: no user, no password, no query (signed links carry secrets there)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"[:300]


def _reason(error: Exception) -> str:
    """The innermost cause, in a word or two."""
    inner: object = error
    for _ in range(6):
        arguments = getattr(inner, "args", ())
        inner = getattr(inner, "reason", None) or (arguments[0] if arguments else inner)
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
    text = str(inner)
    return text.split(": ")[-1][:120] if "Max retries" not in text else "no connection"
