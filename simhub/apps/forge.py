"""A forge that speaks GitHub's REST API as far as fetching a repository goes: a branch's commit, an archive of it.

with SimApi(Forge({"toys/zoo": Path("copy.tar.gz")})) as forge:
    crawl(forge.endpoint)

Repositories are copies at hand: folders, tars, zips. A commit is a hash of the content, so that equal copies have
equal commits. Archives lie under another path of the same server, where GitHub has another host, and are not limited.
Its window of requests, where asked for, words refusals as GitHub does: 403 with nothing left, or 429 with a
time to wait.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from simhub.apps import _archives, _invent
from simhub.quota import Spent, Window
from simhub.wire import Request, Response, json_response

BRANCHES = ("HEAD", "main", "master")
DOCS = "https://docs.github.com/rest"

_REPOSITORY = re.compile(r"/repos/(?P<name>[^/]+/[^/]+)(?:/(?P<verb>commits|tarball)/(?P<ref>.+))?")
_ARCHIVE = re.compile(r"/codeload/(?P<name>[^/]+/[^/]+)/legacy\.tar\.gz/(?P<ref>.+)")


@dataclass
class Repository:
    """One repository: its name as written, and its files. An empty one has no commit."""

    name: str
    files: _archives.Files
    hostile: tuple[str, ...] = ()
    _packed: bytes = field(default=b"", repr=False)
    _commit: str = ""

    @property
    def commit(self) -> str:
        """The one commit."""
        self._commit = self._commit or _archives.commit_of(self.name, self.files)
        return self._commit

    @property
    def top(self) -> str:
        """The folder around an archive."""
        return f"{self.name.replace('/', '-')}-{self.commit[:7]}"

    def archive(self) -> bytes:
        """The archive, made once."""
        self._packed = self._packed or _archives.pack(self.top, self.commit, self.files, self.hostile)
        return self._packed

    def knows(self, ref: str) -> bool:
        """Whether a branch, or a commit by at least seven digits."""
        bare = ref.removeprefix("refs/heads/")
        return bare in BRANCHES or (len(bare) >= 7 and self.commit.startswith(bare.lower()))


class Forge:
    """A forge of the repositories given, or of so many invented ones.

    ``hostile`` puts into every archive what no archive should hold (see `_archives.HOSTILE`); ``cut`` sends only half
    of every archive, whole as far as HTTP goes; ``quota`` allows so many requests an hour.
    """

    name = "forge"

    def __init__(
        self,
        repositories: Mapping[str, Path] | int = 2,
        seed: int = 0,
        *,
        hostile: Iterable[str] = (),
        cut: bool = False,
        quota: int = 0,
        seconds: float = 3600.0,
    ) -> None:
        given = _invented(repositories, seed) if isinstance(repositories, int) else _read(repositories)
        self.repositories = {name.lower(): Repository(name, files, tuple(hostile)) for name, files in given.items()}
        self.cut = cut
        self.window = (
            Window(quota, seconds, _limits, _refuse, lambda request: "/codeload/" not in request.path)
            if quota
            else None
        )

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        if found := _ARCHIVE.fullmatch(request.path):
            return self._archive(found["name"], found["ref"])
        found = _REPOSITORY.fullmatch(request.path)
        repository = self.repositories.get(found["name"].lower()) if found else None
        if found is None or repository is None:
            return _error(404, "Not Found")
        if not found["verb"]:
            owner, name = repository.name.split("/")
            about = {"name": name, "full_name": repository.name, "owner": {"login": owner}, "default_branch": "main"}
            return json_response(about)
        if not repository.files:
            return _error(409, "Git Repository is empty.")
        if found["verb"] == "tarball":
            where = found["ref"] if len(found["ref"]) == 40 else f"refs/heads/{found['ref']}"
            target = f"{request.origin}/codeload/{repository.name}/legacy.tar.gz/{where}"
            return Response(302, b"", {"Location": target, "Content-Type": "text/html;charset=utf-8"})
        return _commit(request, repository, found["ref"])

    def _archive(self, name: str, ref: str) -> Response:
        repository = self.repositories.get(name.lower())
        if repository is None or not repository.knows(ref):
            return Response(404, b"404: Not Found", {"Content-Type": "text/plain; charset=utf-8"})
        body = repository.archive()
        file = f"{repository.top}.tar.gz"
        headers = {"Content-Type": "application/x-gzip", "Content-Disposition": f"attachment; filename={file}"}
        headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()}"'
        return Response(200, body[: len(body) // 2] if self.cut else body, headers)

    def truth(self) -> dict[str, dict[str, Any]]:
        """Commit and files of every repository, by its name."""
        return {
            repository.name: {
                "commit": repository.commit,
                "files": {path: hashlib.sha256(body).hexdigest() for path, body in sorted(repository.files.items())},
            }
            for repository in self.repositories.values()
        }


def _commit(request: Request, repository: Repository, ref: str) -> Response:
    if not repository.knows(ref):
        return _error(422, f"No commit found for SHA: {ref}")
    etag = f'W/"{repository.commit}"'
    if request.headers.get("if-none-match") == etag:
        return Response(304, b"", {"ETag": etag})
    if "application/vnd.github.sha" in request.headers.get("accept", ""):
        kind = "application/vnd.github.sha; charset=utf-8"
        return Response(200, repository.commit.encode(), {"Content-Type": kind, "ETag": etag})
    person = {"name": "Mira Vega", "email": "mira@example.org", "date": "2025-11-03T10:00:00Z"}
    about = {
        "sha": repository.commit,
        "node_id": "C_simulated",
        "url": f"{request.origin}/repos/{repository.name}/commits/{repository.commit}",
        "html_url": f"https://github.com/{repository.name}/commit/{repository.commit}",
        "commit": {"author": person, "committer": person, "message": "The copy at hand", "tree": {"sha": "0" * 40}},
        "parents": [],
        "files": [],
    }
    answer = json_response(about)
    answer.headers["ETag"] = etag
    return answer


def _error(status: int, message: str, **headers: str) -> Response:
    body = json.dumps({"message": message, "documentation_url": DOCS, "status": str(status)}).encode()
    return Response(status, body, {"Content-Type": "application/json; charset=utf-8", **headers})


def _limits(spent: Spent) -> dict[str, str]:
    return {
        "x-ratelimit-limit": str(spent.quota),
        "x-ratelimit-remaining": str(spent.left),
        "x-ratelimit-used": str(spent.used),
        "x-ratelimit-reset": str(spent.ends),
        "x-ratelimit-resource": "core",
    }


def _refuse(spent: Spent) -> Response:
    """By turns as GitHub refuses: 403 with nothing left, and 429 with a time to wait."""
    if spent.used % 2:
        return _error(403, "API rate limit exceeded for 127.0.0.1.")
    return _error(429, "You have exceeded a secondary rate limit.", **{"Retry-After": str(spent.reset)})


def _read(repositories: Mapping[str, Path]) -> dict[str, _archives.Files]:
    return {name: _archives.files_of(Path(path)) for name, path in repositories.items()}


def _invented(count: int, seed: int) -> dict[str, _archives.Files]:
    rng = Random(seed)
    found = {}
    for number in range(count):
        name = _invent.name(rng, number)
        files = {"README.md": f"# {name}\n".encode(), "hubconf.py": b"dependencies = ['torch']\n"}
        files |= {f"docs/{word}-模型.md": f"# {word}\n".encode() for word in _invent.WORDS[: 2 + number % 5]}
        found[f"{_invent.OWNERS[number % len(_invent.OWNERS)]}/{name}"] = files
    return found
