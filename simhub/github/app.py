"""A GitHub on loopback: code search, REST, GraphQL, archives and Git itself, over repositories that are known.

with SimApi(GitHub(repositories, limits=Limits(code_search=3, search_window=2))) as forge:
    crawl(forge.endpoint, token="any")
    assert forge.truth

All of it is one server: the API at the top, as api.github.com has it; archives under /codeload; Git under
/OWNER/NAME.git. Start reading at `answer`, then `rest.py`, `codesearch.py`, `graph.py` and `githttp.py`; what a
repository is stands in `repository.py`. Each of those says what in it is documented and what is a guess.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from simhub.apps import _archives
from simhub.github.archive import Archives
from simhub.github.codesearch import CodeSearch
from simhub.github.githttp import GitHttp
from simhub.github.graph import DOCS as GRAPH_DOCS
from simhub.github.graph import Graph
from simhub.github.limits import DOCS, Caller, Limits, Meter, caller_of, points, refused
from simhub.github.repository import Repository
from simhub.github.rest import Rest
from simhub.github.shelf import Held, Shelf
from simhub.wire import Request, Response, json_response

__all__ = ["GitHub", "Limits", "from_folder"]


class GitHub:
    """The forge of the repositories given; a ``ValueError`` for two of one name.

    ``limits`` refuses what goes beyond them, None nothing; ``token_needed`` says whether code search and GraphQL ask
    for a token; ``tokens`` are the only good ones where they are given. ``cap`` is how many results of a search can
    be had, ``incomplete`` the share of queries whose pages are cut short when they are first asked for.
    """

    name = "github"
    records_at = "items"

    def __init__(
        self,
        repositories: Iterable[Repository],
        *,
        seed: int = 0,
        limits: Limits | None = None,
        token_needed: bool = True,
        tokens: Collection[str] | None = None,
        cap: int = 1000,
        incomplete: float = 0.0,
    ) -> None:
        self.shelf = Shelf(repositories)
        self.meter = Meter(limits)
        self._needed, self._tokens = token_needed, tokens
        self._rest = Rest(self.shelf)
        self._search = CodeSearch(self.shelf, seed, cap, incomplete)
        self._graph = Graph(self.shelf, seed, self.meter)
        self._archives = Archives(self.shelf)
        self._git = GitHttp(self.shelf)

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        if request.path.startswith("/codeload/"):
            return self._archives.answer(request)
        if GitHttp.takes(request.path):
            return self._git.answer(request)
        caller = caller_of(request)
        if caller.token and self._tokens is not None and caller.token not in self._tokens:
            return refused(401, "Bad credentials", DOCS)
        resource = _resource(request.path)
        response = self._limited(request, caller, resource)
        headers = {**self.meter.headers(caller, resource), "X-GitHub-Media-Type": "github.v3; format=json"}
        response.headers = {**headers, **response.headers}
        return response

    def truth(self) -> dict[str, dict[str, Any]]:
        """What is true of every repository, by its full name, in what JSON can hold."""
        return {held.repository.full_name: _true(held) for held in self.shelf.all}

    def close(self) -> None:
        """Remove what was written for Git."""
        self._git.close()

    def _limited(self, request: Request, caller: Caller, resource: str) -> Response:
        """The answer, paid for; a 304 is free for who has a token."""
        if request.path == "/rate_limit":
            return json_response(self.meter.report(caller))
        if self._needed and not caller.token and resource in ("code_search", "graphql"):
            return _unknown(resource)
        mutation = resource == "graphql" and b"mutation" in request.body[:200]
        refusal = self.meter.refusal(caller, resource, points(request, mutation))
        if refusal is not None:
            return refusal
        if resource == "graphql":
            return self._graph.answer(request, caller)
        response = self._search.answer(request) if resource == "code_search" else self._rest.answer(request)
        if response.status != 304 or not caller.token:
            self.meter.charge(caller, resource)
        return response


def from_folder(path: Path | str) -> list[Repository]:
    """The repositories of a folder, as OWNER/NAME/...; no link is followed. One without files is empty."""
    found = []
    for owner in _folders(Path(path)):
        for folder in _folders(owner):
            files = _archives.files_of(folder)
            about = {"state": "there" if files else "empty"}
            found.append(Repository(owner.name, folder.name, files, licence=None, **about))  # type: ignore[arg-type]
    return found


def _folders(path: Path) -> list[Path]:
    return sorted(
        entry
        for entry in path.iterdir()
        if entry.is_dir() and not entry.is_symlink() and not entry.name.startswith(".")
    )


def _resource(path: str) -> str:
    if path == "/graphql":
        return "graphql"
    if path == "/search/code":
        return "code_search"
    return "search" if path.startswith("/search/") else "core"


def _unknown(resource: str) -> Response:
    if resource == "graphql":
        docs = f"{GRAPH_DOCS}/guides/forming-calls-with-graphql#authenticating-with-graphql"
        return refused(401, "This endpoint requires you to be authenticated.", docs)
    body = {
        "message": "Requires authentication",
        "errors": [{"message": "Must be authenticated to access the code search API", "code": "unauthorized"}],
        "documentation_url": f"{DOCS}/search/search#search-code",
        "status": "401",
    }
    return json_response(body, 401)


def _true(held: Held) -> dict[str, Any]:
    repository = held.repository
    plain: tuple[str, ...] = (
        "stars",
        "forks",
        "watchers",
        "created_at",
        "pushed_at",
        "description",
        "homepage",
        "language",
    )
    plain += ("archived", "fork", "licence", "branch", "state", "issues", "pulls", "organisation")
    listed = ("topics", "former", "hostile")
    return {
        "id": held.number,
        "node_id": held.node,
        "commit": held.commit or None,
        **{name: getattr(repository, name) for name in plain},
        **{name: list(getattr(repository, name)) for name in listed},
        "files": {path: hashlib.sha256(body).hexdigest() for path, body in sorted(held.files.items())},
        "usages": [{**asdict(usage), "flags": list(usage.flags)} for usage in repository.usages],
        "dependencies": [asdict(dependency) for dependency in repository.dependencies],
    }
