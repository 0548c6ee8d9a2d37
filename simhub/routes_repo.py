"""What a repository tells about itself: tree, paths-info, commits, refs, discussions."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode

from simhub.clock import digest, epoch, iso
from simhub.core import Gone, Row
from simhub.discussions import title
from simhub.files import File, files
from simhub.history import Commit, history, tag_names
from simhub.ratelimit import Account
from simhub.spec import Spec, commit_sha
from simhub.wire import Request, Response, error, json_response

if TYPE_CHECKING:
    from simhub.core import Hub

_DISCUSSION_PAGE = 10


def answer(hub: Hub, request: Request, who: Account, name: str, verb: str, rest: str) -> Response:
    """Dispatch on the verb after the model's id."""
    model = hub.find(request, name, who)
    if verb == "auth-check":
        return json_response({})
    revision, _, path = rest.partition("/")
    if verb == "discussions":
        return _discussions(hub, request, model, rest)
    spec, sha = hub.at(model, revision or "main")
    if verb == "tree":
        return tree(hub, request, spec, unquote(path))
    if verb == "paths-info":
        return paths_info(hub, request, spec)
    if verb == "commits":
        return _commits(hub, request, spec, sha)
    return _refs(spec, request.flag("include_prs"))


def _link(request: Request, **changed: str) -> str:
    kept = [(name, value) for name, value in request.query if name not in changed]
    return f'<{request.origin}{request.path}?{urlencode([*kept, *changed.items()])}>; rel="next"'


def _entries(found: list[File], folder: str, recursive: bool) -> list[dict[str, Any]]:
    """Files and folders under a folder, as git lists them."""
    prefix = f"{folder}/" if folder else ""
    listed: dict[str, dict[str, Any]] = {}
    for file in found:
        if not file.path.startswith(prefix):
            continue
        parts = file.path.removeprefix(prefix).split("/")
        for depth in range(1, len(parts) if recursive else min(len(parts), 2)):
            path = prefix + "/".join(parts[:depth])
            entry = {"type": "directory", "oid": digest("tree", path, file.oid), "size": 0, "path": path}
            listed.setdefault(path, entry)
        if recursive or len(parts) == 1:
            listed[file.path] = file.entry()
    return [listed[path] for path in sorted(listed)]


def tree(hub: Hub, request: Request, spec: Spec, folder: str) -> Response:
    """Files and folders, page by page."""
    expand = request.flag("expand")
    entries = _entries(files(spec), folder.strip("/"), request.flag("recursive"))
    if folder and not entries:
        return error(404, f'"{folder}" does not exist on "main"', "EntryNotFound")
    limit = int(request.first("limit") or (100 if expand else 1_000))
    start = int(base64.urlsafe_b64decode(request.first("cursor") or b"MA=="))
    part = entries[start : start + limit]
    response = json_response([_expanded(hub, spec, entry) if expand else entry for entry in part])
    if start + limit < len(entries):
        cursor = base64.urlsafe_b64encode(str(start + limit).encode()).decode()
        response.headers["Link"] = _link(request, cursor=cursor)
    return response


def _expanded(hub: Hub, spec: Spec, entry: dict[str, Any]) -> dict[str, Any]:
    commit = history(hub.store, spec)[0]
    entry["lastCommit"] = {"id": commit.sha, "title": commit.title, "date": commit.date}
    if entry["type"] == "file":
        entry["securityFileStatus"] = security(spec, entry["path"])
    return entry


def security(spec: Spec, path: str) -> dict[str, Any]:
    """Scan results of a file; a few pickles are flagged."""
    pickled = path.endswith((".bin", ".pkl", ".pt", ".pth", ".ckpt"))
    unsafe = pickled and spec.seed % 40 == 0
    imports = [{"module": "collections", "name": "OrderedDict", "safety": "innocuous"}] if pickled else []
    if unsafe:
        imports.append({"module": "posix", "name": "system", "safety": "dangerous"})
    status = "unsafe" if unsafe else "safe"
    clean = {"status": "safe", "message": "No security issues detected"}
    return {
        "status": status,
        "avScan": clean,
        "pickleImportScan": {"status": status, "pickleImports": imports, "version": "0.0.32"},
        "protectAiScan": {"status": status},
        "jFrogScan": {"status": "unscanned"},
    }


def paths_info(hub: Hub, request: Request, spec: Spec) -> Response:
    """The files that were asked for."""
    if "json" in request.headers.get("content-type", ""):
        asked = json.loads(request.body or b"{}")
        wanted, expand = asked.get("paths", []), bool(asked.get("expand"))
    else:
        pairs = parse_qsl(request.body.decode())
        wanted = [value for key, value in pairs if key == "paths"]
        expand = ("expand", "true") in [(key, value.lower()) for key, value in pairs]
    entries = {e["path"]: e for e in _entries(files(spec), "", recursive=True)}
    found = [entries[path.strip("/")] for path in wanted if path.strip("/") in entries]
    return json_response([_expanded(hub, spec, entry) if expand else entry for entry in found])


def _commits(hub: Hub, request: Request, spec: Spec, sha: str) -> Response:
    commits = history(hub.store, spec)
    shas = [commit.sha for commit in commits]
    commits = commits[shas.index(sha) :] if sha in shas else commits
    limit, number = int(request.first("limit") or 50), int(request.first("p") or 0)
    part: list[Commit] = commits[number * limit : (number + 1) * limit]
    formatted = "formatted" in request.every("expand", "expand[]")
    response = json_response([c.entry(formatted) for c in part], X_Total_Count=str(len(commits)))
    if (number + 1) * limit < len(commits):
        response.headers["Link"] = _link(request, p=str(number + 1))
    return response


def _refs(spec: Spec, with_pull_requests: bool) -> Response:
    first = commit_sha(spec.oid, 1)
    found: dict[str, Any] = {
        "branches": [{"name": "main", "ref": "refs/heads/main", "targetCommit": spec.sha}],
        "converts": [],
        "tags": [{"name": n, "ref": f"refs/tags/{n}", "targetCommit": first} for n in tag_names(spec)],
    }
    if with_pull_requests:
        found["pullRequests"] = [
            {"name": f"{d['num']}", "ref": f"refs/pr/{d['num']}", "targetCommit": spec.sha}
            for d in discussions(spec)
            if d["isPullRequest"]
        ]
    return json_response(found)


def discussions(spec: Spec) -> list[dict[str, Any]]:
    """The discussions of a model: most have none, a few have more than a page. Newest first."""
    count = 0 if spec.seed % 6 else 23 if spec.seed % 37 == 0 else 1 + spec.seed % 4
    start = epoch(spec.created)
    return [_discussion(spec, number, iso(start + 3_600 * number)) for number in range(count, 0, -1)]


def _person(name: str) -> dict[str, Any]:
    about = {"_id": digest("user", name, length=24), "avatarUrl": "/avatars/0.svg", "fullname": name, "name": name}
    return {**about, "type": "user", "isPro": False, "isHf": False, "isHfAdmin": False, "isMod": False}


def _discussion(spec: Spec, number: int, created: str) -> dict[str, Any]:
    pull = (spec.seed + number) % 3 == 0
    return {
        "num": number,
        "author": _person(f"reader{(spec.seed + number) % 97}"),
        "repo": {"name": spec.id, "type": "model"},
        "title": title(spec, number, pull)[0],
        "createdAt": created,
        "status": "merged" if pull and number % 2 else "closed" if number % 5 == 0 else "open",
        "isPullRequest": pull,
        "numComments": 1 + number % 3,
        "numReactionUsers": 0,
        "pinned": False,
        "topReactions": [],
        "repoOwner": {"name": spec.owner, "type": "user", "isParticipating": False, "isDiscussionAuthor": False},
    }


def _discussions(hub: Hub, request: Request, model: Row, rest: str) -> Response:
    spec = hub.store.current(model.ordinal)
    found = discussions(spec) if spec else []
    if rest:
        return _details(found, rest)
    kind, status = request.first("type", "all"), request.first("status", "all")
    if kind != "all":
        found = [d for d in found if d["isPullRequest"] == (kind == "pull_request")]
    if status != "all":
        found = [d for d in found if (d["status"] in ("open", "draft")) == (status == "open")]
    start = int(request.first("p") or 0) * _DISCUSSION_PAGE
    closed = sum(d["status"] in ("closed", "merged") for d in found)
    part = found[start : start + _DISCUSSION_PAGE]
    body = {"discussions": part, "count": len(found), "start": start, "numClosedDiscussions": closed}
    return json_response(body)


def _details(found: list[dict[str, Any]], number: str) -> Response:
    one = next((d for d in found if str(d["num"]) == number), None)
    if one is None:
        raise Gone(error(404, "Discussion not found"))
    latest = {"raw": "Could you clarify?", "html": "<p>Could you clarify?</p>", "updatedAt": one["createdAt"]}
    event = {
        "id": digest("event", one["repo"]["name"], number, length=24),
        "type": "comment",
        "createdAt": one["createdAt"],
        "author": one["author"],
        "data": {"edited": False, "hidden": False, "latest": latest, "numEdits": 0, "reactions": []},
    }
    details = {**one, "_id": digest("discussion", one["repo"]["name"], number, length=24), "events": [event]}
    if one["isPullRequest"]:
        details |= {"changes": {"base": "refs/heads/main"}, "filesWithConflicts": [], "diff": ""}
    return json_response(details)
