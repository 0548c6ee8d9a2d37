"""GitHub's APIs as the stages need them: one session with a token, classes of requests, GraphQL with its errors.

Code search, GraphQL and everything else are limited apart (``code_search``, ``graphql``, ``core``); what is left of
each stands in the headers of every answer, and refusals are waited out (crawler.budget, crawler.session).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import requests

from crawler.budget import Budget, Waiting
from crawler.session import Patience, Response, Session, origin
from landing import OperationalError, TransientError, UsageError

API = "https://api.github.com"
SITE = "https://github.com"
ACCEPT = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
# A body that is not whole JSON is asked for again so often.
_AGAIN = 4


def session(
    endpoint: str, token: str | None, *, program: str, contact: str, patience: Patience, on_wait: Waiting | None
) -> Session:
    """A session with GitHub, or with another server that speaks its API.

    Raises :class:`UsageError` where there is no token: code search and GraphQL answer to nobody without one.
    """
    scheme, host, _ = origin(endpoint)
    if scheme not in ("http", "https") or not host or "@" in endpoint:
        raise UsageError(f"{endpoint!r} is no endpoint; write {API} or http://127.0.0.1:8000.")
    if token and scheme == "http" and host not in ("127.0.0.1", "localhost", "::1"):
        raise UsageError(f"The token would travel unprotected to {host}; use https, or unset the token.")
    if not token:
        raise UsageError(
            "GitHub answers code search and GraphQL only to a token; set GITHUB_TOKEN (it needs no scope)."
        )
    agent = f"{program.replace(' ', '/')}{f' (+{contact})' if contact else ''} requests/{requests.__version__}"
    return Session(endpoint.rstrip("/"), Budget(on_wait), agent, token, patience=patience, classify=classify)


def classify(url: str) -> str:
    """The resource that a request is charged to."""
    path = urlsplit(url).path
    if path.endswith("/search/code"):
        return "code_search"
    return "graphql" if path.endswith("/graphql") else "core"


class GitHub:
    """What the stages ask."""

    def __init__(self, session: Session) -> None:
        """Nothing is sent yet."""
        self.session = session
        self.endpoint = session.endpoint

    @property
    def site(self) -> str:
        """Where repositories are cloned from."""
        return SITE if self.endpoint == API else self.endpoint

    def search(self, query: str, page: int, size: int = 100) -> tuple[Response, dict[str, Any]]:
        """One page of code search: the answer, and its body."""
        words = urlencode({"q": query, "per_page": size, "page": page}, quote_via=quote)
        return self._json(f"{self.endpoint}/search/code?{words}", dict)

    def repositories(self, owner: str) -> Iterator[tuple[Response, list[Any]]]:
        """The pages of an organisation's repositories, or of a person's."""
        url = f"{self.endpoint}/orgs/{quote(owner)}/repos?per_page=100&type=public"
        first = True
        while url:
            try:
                response, page = self._json(url, list)
            except _Missing:
                if not first or "/users/" in url:
                    raise
                url = f"{self.endpoint}/users/{quote(owner)}/repos?per_page=100&type=owner"
                continue
            yield response, page
            first, url = False, _next(response)

    def graphql(self, query: str, variables: dict[str, Any]) -> tuple[Response, dict[str, Any]]:
        """The answer to a query; ``data`` may be null in places, with ``errors`` that say why.

        Raises :class:`TransientError` where GitHub gives up on the query, which may be too heavy.
        """
        body = json.dumps({"query": query, "variables": variables}).encode()
        for attempt in range(_AGAIN):
            response = self.session.post(f"{self.endpoint}/graphql", body, headers=_JSON)
            self._refuse(response)
            answer = _decoded(response)
            if isinstance(answer, dict) and ("data" in answer or "errors" in answer):
                break
            self._pause(attempt)
        else:
            raise TransientError("GitHub's GraphQL does not answer in JSON.")
        if answer.get("data") is None:
            said = "; ".join(str(e.get("message")) for e in answer.get("errors") or [] if isinstance(e, dict))
            raise TransientError(f"GitHub's GraphQL gives no data: {said[:300]}")
        return response, answer

    def archive_url(self, name: str, commit: str) -> str:
        """Where the archive of a commit is asked for."""
        return f"{self.endpoint}/repos/{name}/tarball/{commit}"

    def _json(self, url: str, kind: type) -> tuple[Response, Any]:
        for attempt in range(_AGAIN):
            response = self.session.get(url, headers=ACCEPT)
            self._refuse(response)
            value = _decoded(response)
            if isinstance(value, kind):
                return response, value
            self._pause(attempt)
        raise TransientError(f"{url.partition('?')[0]} does not answer with what it should.")

    def _pause(self, attempt: int) -> None:
        self.session.budget.count("retries")
        self.session.budget.pause(self.session.patience.base * 2**attempt)

    def _refuse(self, response: Response) -> None:
        """Turn an answer that is not the one asked for into one clear error."""
        if response.status == 200:
            return
        said = response.body[:300].decode("utf-8", "replace")
        if response.status == 401:
            raise OperationalError("GitHub does not accept the token (401); check GITHUB_TOKEN.")
        where = response.url.partition("?")[0]
        kind = _Missing if response.status == 404 else OperationalError
        raise kind(f"GitHub answers {response.status} to {where}: {said}")


class _Missing(OperationalError):
    """A 404."""


_JSON = {**ACCEPT, "Content-Type": "application/json"}


def _decoded(response: Response) -> Any:
    try:
        return msgspec.json.decode(response.body.decode("utf-8"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _next(response: Response) -> str:
    """The next page, by the ``Link`` header; only on the same server."""
    links = requests.utils.parse_header_links(response.headers.get("Link", ""))
    url = next((link["url"] for link in links if link.get("rel") == "next"), "")
    return url if not url or origin(url) == origin(response.url) else ""
