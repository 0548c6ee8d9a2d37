"""GitHub's REST API as far as repositories go: about one, its commit, its archive, its files, and who owns what.

Documented: paths, fields, paging, redirects of former names, conditional requests. Seen in public reports, not
documented: the bodies of 409 and 451, and that a blocked repository still stands in lists. Guessed: that the archive
of an empty repository is a 404.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote, urlencode

from simhub.github import archive, describe, objects
from simhub.github.limits import refused
from simhub.github.shelf import Held, Shelf, node_id, user_id
from simhub.wire import Request, Response, json_response

Route = Callable[[Held, str, Request], Response]

_NAMED = re.compile(r"/repos/(?P<name>[^/]+/[^/]+)(?:/(?P<rest>.+))?")
_NUMBERED = re.compile(r"/repositories/(?P<number>\d{1,12})(?:/(?P<rest>.+))?")
_OWNED = re.compile(r"/(?P<kind>orgs|users|organizations|user)/(?P<who>[^/]+)/repos")
_ACCOUNT = re.compile(r"/(?P<kind>orgs|users)/(?P<who>[^/]+)")


class Rest:
    """Answers what is asked under /repos, /repositories, /orgs and /users."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._routes: dict[str, Route] = {
            "commits": _commit,
            "tarball": _tarball,
            "contents": _contents,
            "git": _git,
        }

    def answer(self, request: Request) -> Response:
        """Answer one request, 404 for what is not known; 304 where the client has it already."""
        if request.method not in ("GET", "HEAD"):
            return refused(404, "Not Found")
        return _conditional(request, self._answered(request))

    def _answered(self, request: Request) -> Response:
        path = unquote(request.path)
        if found := _NAMED.fullmatch(path):
            held, moved = self._shelf.find(found["name"])
            if held is not None and moved:
                return _moved(held, found["rest"] or "", request)
            return self._about(held, found["rest"] or "", request)
        if found := _NUMBERED.fullmatch(path):
            return self._about(self._shelf.numbered(int(found["number"])), found["rest"] or "", request)
        if found := _OWNED.fullmatch(path):
            return self._owned(found["kind"], found["who"], request)
        if found := _ACCOUNT.fullmatch(path):
            return self._account(found["kind"], found["who"], request)
        return refused(404, "Not Found")

    def _about(self, held: Held | None, rest: str, request: Request) -> Response:
        if held is None:
            return refused(404, "Not Found", f"{_DOCS}/repos/repos#get-a-repository")
        if held.repository.state == "blocked":
            return json_response(_BLOCK, 451)
        if not rest:
            return json_response(describe.full(held, request.origin))
        verb, _, more = rest.partition("/")
        route = self._routes.get(verb)
        return refused(404, "Not Found") if route is None else route(held, more, request)

    def _owned(self, kind: str, who: str, request: Request) -> Response:
        """A page of an account's repositories. Links name the account by its number, as GitHub's do."""
        if kind in ("organizations", "user"):
            who = self._shelf.logins.get(int(who) if who.isdecimal() else -1, "")
        organised = self._shelf.organised(who)
        if organised is None or (kind in ("orgs", "organizations") and not organised):
            return refused(404, "Not Found", f"{_DOCS}/repos/repos#list-organization-repositories")
        found = _sorted(self._shelf.by_owner[who.lower()], request, kind in ("orgs", "organizations"))
        base = "organizations" if kind in ("orgs", "organizations") else "user"
        return _page(found, request, f"{request.origin}/{base}/{user_id(who)}/repos")

    def _account(self, kind: str, who: str, request: Request) -> Response:
        organised = self._shelf.organised(who)
        if organised is None or (kind == "orgs" and not organised):
            return refused(404, "Not Found")
        held = self._shelf.by_owner[who.lower()][0]
        shown = sum(held.repository.state != "gone" for held in self._shelf.by_owner[who.lower()])
        return json_response({**describe.owner(held, request.origin), "public_repos": shown})


def page_of(request: Request, default: int = 30) -> tuple[int, int]:
    """The page and its size, at least 1 and at most 100, as asked for."""
    page, size = (request.first(name) for name in ("page", "per_page"))
    number = int(page) if page.isdecimal() and int(page) > 0 else 1
    return number, min(100, int(size)) if size.isdecimal() and int(size) > 0 else default


def links(request: Request, url: str, page: int, last: int) -> dict[str, str]:
    """The Link header of a page; none where there is only one."""
    others = [(key, value) for key, value in request.query if key != "page"]

    def link(number: int, rel: str) -> str:
        return f'<{url}?{urlencode([*others, ("page", str(number))])}>; rel="{rel}"'

    found = []
    if page > 1:
        found.append(link(min(page - 1, max(last, 1)), "prev"))
    if page < last:
        found += [link(page + 1, "next"), link(last, "last")]
    if page > 1:
        found.append(link(1, "first"))
    return {"Link": ", ".join(found)} if found else {}


_DOCS = "https://docs.github.com/rest"
_BLOCK = {
    "message": "Repository access blocked",
    "block": {
        "reason": "dmca",
        "created_at": "2025-01-15T12:00:00Z",
        "html_url": "https://github.com/github/dmca/blob/master/2025/01/2025-01-14-simulated.md",
    },
}


def _moved(held: Held, rest: str, request: Request) -> Response:
    target = f"{request.origin}/repositories/{held.number}" + (f"/{quote(rest)}" if rest else "")
    query = request.target.partition("?")[2]
    target += f"?{query}" if query else ""
    body = {"message": "Moved Permanently", "url": target, "documentation_url": f"{_DOCS}/guides/best-practices"}
    return json_response(body, 301, Location=target)


def _sorted(owned: list[Held], request: Request, organised: bool) -> list[Held]:
    """In the order asked for: by name for users and newest first for organisations, where none is."""
    order = request.first("sort") or ("created" if organised else "full_name")
    keys: dict[str, Callable[[Held], tuple[str, str]]] = {
        "created": lambda held: (held.repository.created_at, held.repository.full_name.lower()),
        "pushed": lambda held: (held.repository.pushed_at, held.repository.full_name.lower()),
        "updated": lambda held: (held.repository.pushed_at, held.repository.full_name.lower()),
        "full_name": lambda held: (held.repository.full_name.lower(), ""),
    }
    key = keys.get(order, keys["full_name"])
    down = (request.first("direction") or ("asc" if order == "full_name" else "desc")) == "desc"
    kind = request.first("type") or request.first("kind") or "all"
    shown = [held for held in owned if held.repository.state != "gone"]
    if kind in ("forks", "sources"):
        shown = [held for held in shown if held.repository.fork == (kind == "forks")]
    return sorted(shown, key=key, reverse=down)


def _page(found: list[Held], request: Request, url: str) -> Response:
    page, size = page_of(request)
    shown = [describe.listed(held, request.origin) for held in found[(page - 1) * size : page * size]]
    answer = json_response(shown)
    answer.headers.update(links(request, url, page, -(-len(found) // size)))
    return answer


def _commit(held: Held, ref: str, request: Request) -> Response:
    """One commit, or the list of commits, which has one."""
    if held.empty:
        return refused(409, "Git Repository is empty.", f"{_DOCS}/commits/commits#get-a-commit")
    if ref and not held.knows(ref):
        return refused(422, f"No commit found for SHA: {ref}", f"{_DOCS}/commits/commits#get-a-commit")
    if "application/vnd.github.sha" in request.headers.get("accept", ""):
        return Response(200, held.commit.encode(), {"Content-Type": "application/vnd.github.sha; charset=utf-8"})
    about = _committed(held, request.origin)
    return json_response({**about, "stats": {}, "files": []} if ref else [about])


def _committed(held: Held, origin: str) -> dict[str, Any]:
    name, commit = held.repository.full_name, held.commit
    person = {"name": objects.AUTHOR, "email": objects.EMAIL, "date": held.repository.pushed_at}
    base = f"{origin}/repos/{name}"
    tree = {"sha": held.snapshot.tree, "url": f"{base}/git/trees/{held.snapshot.tree}"}
    return {
        "sha": commit,
        "node_id": node_id("C", held.number),
        "commit": {
            "author": person,
            "committer": person,
            "message": objects.MESSAGE,
            "tree": tree,
            "url": f"{base}/git/commits/{commit}",
            "comment_count": 0,
            "verification": {"verified": False, "reason": "unsigned", "signature": None, "payload": None},
        },
        "url": f"{base}/commits/{commit}",
        "html_url": f"{describe.SITE}/{name}/commit/{commit}",
        "comments_url": f"{base}/commits/{commit}/comments",
        "author": None,
        "committer": None,
        "parents": [],
    }


def _tarball(held: Held, ref: str, request: Request) -> Response:
    if held.empty:
        return refused(404, "Not Found")
    target = archive.location(request, held, ref or held.repository.branch)
    return Response(302, b"", {"Location": target, "Content-Type": "text/html;charset=utf-8"})


def _contents(held: Held, path: str, request: Request) -> Response:
    """One file, as JSON or raw; folders are not served."""
    ref = request.first("ref") or held.repository.branch
    body = held.files.get(path)
    if body is None or not held.knows(ref):
        return refused(404, "Not Found", f"{_DOCS}/repos/contents#get-repository-content")
    if ".raw" in request.headers.get("accept", ""):
        return Response(200, body, {"Content-Type": "application/vnd.github.raw; charset=utf-8"})
    sha, base = held.snapshot.blobs[path], f"{request.origin}/repos/{held.repository.full_name}"
    place = f"{describe.SITE}/{held.repository.full_name}/blob/{held.commit}/{quote(path)}"
    about = {"type": "file", "name": path.rpartition("/")[2], "path": path, "html_url": place, "download_url": None}
    about["url"] = f"{base}/contents/{quote(path)}?ref={ref}"
    about["git_url"] = f"{base}/git/blobs/{sha}"
    return json_response({**about, **_blob(sha, body)})


def _git(held: Held, rest: str, request: Request) -> Response:
    """``blobs/SHA`` and ``trees/SHA_OR_REF``, which is always whole."""
    kind, _, ref = rest.partition("/")
    if held.empty:
        return refused(409, "Git Repository is empty.")
    if kind == "blobs":
        path = next((path for path, sha in held.snapshot.blobs.items() if sha == ref), None)
        return refused(404, "Not Found") if path is None else json_response(_blob(ref, held.files[path]))
    if kind == "trees" and (held.knows(ref) or ref == held.snapshot.tree):
        entries = [
            {"path": path, "mode": "100644", "type": "blob", "sha": sha, "size": len(held.files[path])}
            for path, sha in sorted(held.snapshot.blobs.items())
        ]
        return json_response({"sha": held.snapshot.tree, "tree": entries, "truncated": False})
    return refused(404, "Not Found")


def _blob(sha: str, body: bytes) -> dict[str, Any]:
    return {"sha": sha, "size": len(body), "encoding": "base64", "content": b64encode(body).decode()}


def _conditional(request: Request, response: Response) -> Response:
    """The answer with its ETag, or 304 where the client has that already. Weak tags and strong ones are the same."""
    if response.status != 200:
        return response
    etag = hashlib.sha256(response.body + json.dumps(response.headers).encode()).hexdigest()
    response.headers = {**response.headers, "ETag": f'W/"{etag}"', "Vary": "Accept, Authorization, Cookie"}
    response.headers["Cache-Control"] = "public, max-age=60, s-maxage=60"
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if f'"{etag}"' in known or "*" in known:
        return Response(304, b"", {"ETag": response.headers["ETag"]})
    return response
