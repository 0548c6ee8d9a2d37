"""The hub's door: huggingface_hub's client, and what it lacks: counts, caps, patience, a token that stays home.

Everything is streamed under a cap: a listing, a header, a file. The library's own calls read an answer whole, however
long a server makes it.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar
from urllib.parse import quote, urlsplit

from landing.errors import HubCensusError, OperationalError, TransientError, storage
from probe.fetch.results import Unfetched
from probe.fetch.wanted import Remote

T = TypeVar("T")

#: A file may take this long, and a second more for each so many bytes: a server that drips is given up.
_PATIENCE, _SLOWEST = 120.0, 50_000
#: Seconds without a byte.
_STALL = 30.0
_TRIES = 6
_LONGEST_WAIT = 900.0
_ABSENT = (404, 410)
_ANSWER = 64 << 20
_PAGE = 100
#: So many questions in a row without an answer: it is the hub that is down, not a file that is broken.
_SILENT = 4


class Door:
    """One hub at ``endpoint``. ``token`` goes to that host alone; without one nobody's stored token is used."""

    def __init__(
        self, endpoint: str, token: str | None = None, *, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self.endpoint, self._token, self._wait = endpoint.rstrip("/"), token or False, wait
        self._silent = 0
        self.requests = self.received = self.retries = 0
        self.waited = 0.0

    def __enter__(self) -> Self:
        """From here on every request of huggingface_hub in this process is counted here."""
        # Its other transport goes past everything that is counted and capped here.
        os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
        try:
            import huggingface_hub
            from huggingface_hub.utils import _http
        except ImportError as error:
            raise OperationalError("This needs huggingface_hub: pip install hubcensus.") from error
        self._default: Any = _http.default_client_factory
        self._home = _origin(self.endpoint)
        huggingface_hub.set_client_factory(self._client)
        # What it warns of is counted or told here.
        self._level = logging.getLogger("huggingface_hub").level
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import huggingface_hub

        huggingface_hub.set_client_factory(self._default)
        logging.getLogger("huggingface_hub").setLevel(self._level)

    def _client(self) -> Any:
        client = self._default()
        hooks = client.event_hooks
        client.event_hooks = {**hooks, "request": [*hooks.get("request", ()), self._before]}
        client.timeout = _STALL
        return client

    def _before(self, request: Any) -> None:
        self.requests += 1
        if _origin(str(request.url)) != self._home:
            request.headers.pop("authorization", None)

    def listing(self, repo_id: str, revision: str, kind: str) -> tuple[str, list[Remote]]:
        """The commit that ``revision`` is, and its files. Raises :class:`Unfetched`."""
        place = f"{self.endpoint}/api/{kind}s/{repo_id}/revision/{quote(revision, safe='')}"
        info = self._object(self.ask(lambda: self._whole("GET", f"{place}?blobs=true")), dict)
        files = []
        for entry in self._object(info.get("siblings"), list):
            lfs = entry.get("lfs") if isinstance(entry, dict) else None
            name, size = (entry.get("rfilename"), entry.get("size")) if isinstance(entry, dict) else (None, None)
            if not isinstance(name, str) or isinstance(size, bool) or not isinstance(size, int):
                raise Unfetched("BROKEN", "The hub's listing of files is not what it should be.")
            sha256 = lfs.get("sha256") if isinstance(lfs, dict) else None
            files.append(Remote(name, size, _text(sha256), _text(entry.get("blobId"))))
        return str(info.get("sha")), files

    def verdicts(self, repo_id: str, revision: str, paths: list[str]) -> dict[str, dict[str, Any]]:
        """What the hub's own scanners say of these files; a hub that does not tell says nothing."""
        found: dict[str, dict[str, Any]] = {}
        place = f"{self.endpoint}/api/models/{repo_id}/paths-info/{revision}"
        for start in range(0, len(paths), _PAGE):
            asked = {"paths": paths[start : start + _PAGE], "expand": True}
            try:
                page = self.ask(lambda words=asked: self._whole("POST", place, json=words))  # type: ignore[misc]
                for entry in self._object(page, list):
                    said = self._object(entry, dict).get("securityFileStatus")
                    if isinstance(said, dict) and isinstance(said.get("status"), str):
                        scan = said.get("pickleImportScan")
                        version = scan.get("version") if isinstance(scan, dict) else None
                        found[str(entry.get("path"))] = {
                            "verdict": said["status"],
                            "version": version,
                            "detail": said,
                        }
            except Unfetched:
                return found
        return found

    def _object(self, value: Any, kind: type[T]) -> T:
        if not isinstance(value, kind):
            raise Unfetched("BROKEN", "The hub answers with something else than its documentation says.")
        return value

    def _whole(self, method: Any, url: str, **more: Any) -> Any:
        """The JSON of an answer that is no longer than an answer may be."""
        body = bytearray()
        until = time.monotonic() + _PATIENCE
        with self._open(method, url, headers=self._headers(), **more) as response:
            for block in response.iter_raw():
                body += block
                self.received += len(block)
                if len(body) > _ANSWER or time.monotonic() > until:
                    raise Unfetched("BROKEN", "The hub's answer does not end.")
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise TransientError(f"The hub's answer is no JSON: {_brief(error)}.") from error

    def url(self, repo_id: str, path: str, revision: str, kind: str) -> str:
        """Where a file is."""
        from huggingface_hub import hf_hub_url

        url: str = hf_hub_url(repo_id, path, repo_type=kind, revision=revision, endpoint=self.endpoint)
        return url

    def download(self, url: str, part: Path, file: Remote) -> int:
        """Bring ``part`` to the file's size, from where it stands; bytes received. Raises :class:`Unfetched`."""
        before = self.received
        with storage(part, "write"):
            part.parent.mkdir(parents=True, exist_ok=True)
            part.touch()
        have = part.stat().st_size
        if have > file.size:
            os.truncate(part, have := 0)
        if have < file.size:
            self.ask(lambda: self._stream(url, part, file))
        if part.stat().st_size != file.size:
            raise Unfetched(
                "BROKEN", f"{file.path[:120]} has {part.stat().st_size} bytes, not {file.size} as listed."
            )
        return self.received - before

    def _stream(self, url: str, part: Path, file: Remote) -> None:
        have = part.stat().st_size
        headers = {**self._headers(), **({"Range": f"bytes={have}-"} if have else {})}
        until = time.monotonic() + _PATIENCE + (file.size - have) / _SLOWEST
        with self._open("GET", url, headers=headers) as response:
            if have and response.status_code != 206:
                os.truncate(part, have := 0)
            with storage(part, "write"), part.open("ab") as handle:
                for block in response.iter_raw():
                    have += len(block)
                    self.received += len(block)
                    if have > file.size:
                        raise Unfetched("BROKEN", f"{file.path[:120]} does not end at its {file.size} bytes.")
                    if time.monotonic() > until:
                        raise TransientError(f"{file.path[:120]} comes too slowly.")
                    handle.write(block)
        if have < file.size:
            raise TransientError(f"{file.path[:120]} was cut off at {have} of {file.size} bytes.")

    def ranged(self, url: str, start: int, stop: int) -> bytes:
        """Bytes ``start`` to ``stop`` (exclusive) of a file and no others. Raises :class:`Unfetched`."""
        return self.ask(lambda: self._range(url, start, stop))

    def _range(self, url: str, start: int, stop: int) -> bytes:
        headers = {**self._headers(), "Range": f"bytes={start}-{stop - 1}"}
        blocks, have = [], 0
        until = time.monotonic() + _PATIENCE + (stop - start) / _SLOWEST
        with self._open("GET", url, headers=headers) as response:
            if response.status_code != 206:
                raise Unfetched("NOT_AVAILABLE", "The server sends whole files only.")
            for block in response.iter_raw():
                blocks.append(block)
                have += len(block)
                self.received += len(block)
                if have > stop - start or time.monotonic() > until:
                    raise Unfetched("BROKEN", "The server sends more than it was asked for, or too slowly.")
        if have != stop - start:
            raise TransientError(f"{have} of {stop - start} bytes came.")
        return b"".join(blocks)

    @contextmanager
    def _open(self, method: Any, url: str, **more: Any) -> Iterator[Any]:
        """One request, its answer not read yet; raises what huggingface_hub makes of an error's status."""
        from huggingface_hub.utils._http import hf_raise_for_status, http_stream_backoff

        options: dict[str, Any] = {"max_retries": 0, "timeout": _STALL, "retry_on_status_codes": (), **more}
        with http_stream_backoff(method, url, **options) as response:
            if response.status_code >= 400:
                hf_raise_for_status(response)
            yield response

    def _headers(self) -> dict[str, str]:
        from huggingface_hub.utils._headers import build_hf_headers

        # Sizes and hashes are those of the file itself, so it must not be compressed on its way.
        headers: dict[str, str] = build_hf_headers(token=self._token, library_name="hubcensus")
        return {**headers, "Accept-Encoding": "identity"}

    def ask(self, question: Callable[[], T]) -> T:
        """Ask, and again after a while where that may help.

        Raises :class:`Unfetched` for what the hub refuses or does not get done, OperationalError where the hub itself
        cannot be reached or wants no more questions.
        """
        pause = 1.0
        for left in reversed(range(_TRIES)):
            try:
                answer = question()
            except Exception as error:
                wait = _judged(error)
                if not left:
                    self._given_up(error)
                self.retries += 1
                seconds = min(_LONGEST_WAIT, wait if wait is not None else pause)
                self.waited += seconds
                self._wait(seconds)
                pause *= 2
            else:
                self._silent = 0
                return answer
        raise AssertionError("unreachable")

    def _given_up(self, error: Exception) -> NoReturn:
        self._silent += 1
        status = getattr(getattr(error, "response", None), "status_code", None)
        unreachable = type(error).__name__ in ("ConnectError", "ConnectTimeout", "ProxyError")
        if unreachable or status == 429 or self._silent >= _SILENT:
            raise OperationalError(f"The hub at {self.endpoint} does not answer: {_brief(error)}.") from error
        raise Unfetched("NOT_AVAILABLE", f"It could not be had in {_TRIES} tries: {_brief(error)}.") from error


def _judged(error: Exception) -> float | None:
    """Seconds the server wants to wait, None where it does not say; raises what no waiting cures."""
    from huggingface_hub import errors

    if isinstance(error, HubCensusError) and not isinstance(error, TransientError):
        raise error
    if isinstance(error, errors.OfflineModeIsEnabled):
        raise OperationalError("HF_HUB_OFFLINE is set; unset it to fetch.") from error
    if isinstance(error, errors.RepositoryNotFoundError) and not isinstance(error, errors.GatedRepoError):
        raise Unfetched("GONE", "There is no such repository, or it is private.") from error
    if isinstance(error, (errors.GatedRepoError, errors.DisabledRepoError)):
        raise Unfetched("GATED_OR_PRIVATE", "The repository is gated or disabled.") from error
    if isinstance(error, errors.RevisionNotFoundError):
        raise Unfetched("REVISION_GONE", "The repository has no such commit any more.") from error
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if status is None:
        known = isinstance(error, TransientError) or type(error).__module__.split(".")[0] in ("httpx", "httpx2")
        if not known and not isinstance(error, (ConnectionError, TimeoutError)):
            if isinstance(error, (KeyError, TypeError, ValueError, AttributeError, LookupError)):
                raise Unfetched("BROKEN", f"The hub's answer makes no sense: {_brief(error)}.") from error
            raise error
        return None
    if status in _ABSENT:
        raise Unfetched("GONE", "The hub has no such file.") from error
    if status in (401, 403):
        raise Unfetched("GATED_OR_PRIVATE", f"The hub refuses it (HTTP {status}).") from error
    if status != 429 and status != 408 and status < 500:
        raise Unfetched("BROKEN", f"The hub answers HTTP {status}.") from error
    return _asked_to_wait(getattr(response, "headers", {}))


def _asked_to_wait(headers: Any) -> float | None:
    from huggingface_hub.utils._http import parse_ratelimit_headers

    text = headers.get("retry-after", "")
    if text.isdigit():
        return float(text) + 0.5
    limit = parse_ratelimit_headers(headers)
    return float(limit.reset_in_seconds) + 0.5 if limit is not None and limit.remaining == 0 else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
