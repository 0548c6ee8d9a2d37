"""`/{id}/resolve/{revision}/{path}`: files as the Hub serves them.

Small files come directly, with the git blob sha1 as ETag. Large ones redirect to a blob URL with
`X-Linked-Etag` (sha256) and `X-Linked-Size`. Touching a query file counts as a download, HEAD included.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from simhub.core import Gone, Row
from simhub.downloads import is_query_file
from simhub.files import File, find
from simhub.ratelimit import Account
from simhub.spec import Spec
from simhub.wire import Request, Response, error

if TYPE_CHECKING:
    from simhub.core import Hub

_BLOB = re.compile(r"/cdn/(?P<oid>[0-9a-f]{24})/(?P<commit>[0-9a-f]{40})/(?P<sha>[0-9a-f]{64})/(?P<path>.+)$")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")


def resolve(hub: Hub, request: Request, who: Account, found: re.Match[str]) -> Response:
    """A file of a model at a revision."""
    hub.stats.routes["resolve"] += 1
    model = hub.find(request, found["id"], who)
    _check_doors(model, who)
    path = unquote(found["path"])
    text = hub.db.execute("SELECT body FROM card_text WHERE id = ?", (model.id,)).fetchone()
    if text is not None and path == "README.md":
        return sent(request, File(path, len(text[0]), text[0], model.sha or "0" * 40), model.sha or "0" * 40)
    spec, commit = hub.at(model, found["revision"])
    file = _find(spec, path)
    if file is None:
        return error(404, "Entry not found", "EntryNotFound", X_Repo_Commit=commit)
    _count(hub, model, path)
    if file.sha256 is None:
        return sent(request, file, commit)
    location = f"{request.origin}/cdn/{spec.oid}/{commit}/{file.sha256}/{quote(path)}"
    return Response(302, f"Found. Redirecting to {location}".encode(), {**linked(file, commit), "Location": location})


def blob(hub: Hub, request: Request) -> Response:
    """The bytes of a large file, from the URL a redirect gave."""
    hub.stats.routes["cdn"] += 1
    found = _BLOB.match(request.path)
    if found is None:
        return error(403, "Forbidden")
    row = hub.db.execute(
        "SELECT ordinal, id, owner, sha, gated, private, disabled, library FROM state WHERE ordinal = ?",
        (int(found["oid"][18:], 16),),
    ).fetchone()
    if row is None:
        return error(404, "Not found")
    spec, commit = hub.at(Row(*row), found["commit"])
    file = _find(spec, unquote(found["path"]))
    if file is None or file.sha256 != found["sha"]:
        return error(404, "Not found")
    return sent(request, file, commit)


def _check_doors(model: Row, who: Account) -> None:
    if model.disabled:
        raise Gone(error(403, "Access to this resource is disabled."))
    if model.gated in (None, "false") or model.owner == who.user:
        return
    if not who.user:
        message = f"Access to model {model.id} is restricted. You must have access to it and be authenticated."
        raise Gone(error(401, message, "GatedRepo"))
    message = f"Access to model {model.id} is restricted and you are not in the authorized list."
    raise Gone(error(403, message, "GatedRepo"))


def _find(spec: Spec, path: str) -> File | None:
    # A 20 MB card must not stay in memory; everything else is worth keeping while a client ranges over it.
    return find(spec, path) if spec.card == "big" else _kept(spec.facts(), path)


@lru_cache(maxsize=128)
def _kept(facts: str, path: str) -> File | None:
    return find(Spec.from_facts(facts), path)


def _count(hub: Hub, model: Row, path: str) -> None:
    if not is_query_file(model.library, path):
        return
    hub.stats.query_file_touches += 1
    hub.pages.forget()
    if len(hub.stats.touched) < 1_000:
        hub.stats.touched.append(f"{model.id}/{path}")
    hub.db.execute(
        "UPDATE state SET downloads = downloads + 1, all_time = all_time + 1 WHERE ordinal = ?", (model.ordinal,)
    )
    query = "INSERT OR REPLACE INTO metric SELECT ?, ordinal, downloads, likes FROM state WHERE ordinal = ?"
    hub.db.execute(query, (hub.store.day, model.ordinal))


def linked(file: File, commit: str) -> dict[str, str]:
    """The headers that tell of a large file."""
    return {
        "X-Repo-Commit": commit,
        "X-Linked-Etag": f'"{file.sha256}"',
        "X-Linked-Size": str(file.size),
        "ETag": f'"{file.sha256}"',
        "Accept-Ranges": "bytes",
    }


def sent(request: Request, file: File, commit: str) -> Response:
    """The bytes of a file, whole or the range asked for."""
    tag = f'"{file.sha256 or file.oid}"'
    headers = {"X-Repo-Commit": commit, "ETag": tag, "Accept-Ranges": "bytes"}
    if file.sha256:
        headers = linked(file, commit)
    kind = "text/plain; charset=utf-8" if file.sha256 is None else "application/octet-stream"
    headers["Content-Type"] = kind
    if request.headers.get("if-none-match", "").strip() == tag:
        return Response(304, headers=headers)
    asked = _RANGE.match(request.headers.get("range", ""))
    if asked is None:
        return Response(200, file.head, headers, zeros=file.size - len(file.head))
    return _ranged(file, headers, asked[1], asked[2])


def _ranged(file: File, headers: dict[str, str], first: str, last: str) -> Response:
    if first:
        start, end = int(first), min(int(last) if last else file.size - 1, file.size - 1)
    else:
        start, end = max(0, file.size - int(last or 0)), file.size - 1
    if start > end:
        return Response(416, b"", {**headers, "Content-Range": f"bytes */{file.size}"})
    head = file.head[start : end + 1]
    headers = {**headers, "Content-Range": f"bytes {start}-{end}/{file.size}"}
    return Response(206, head, headers, zeros=end + 1 - start - len(head))
