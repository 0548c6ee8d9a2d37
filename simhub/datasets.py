"""Datasets whose files are real: a folder laid out as `OWNER/NAME/...` is served beside the models.

What the Hub tells of a dataset repository (info, tree, paths-info) and its files, at one commit. The list of datasets
in `routes_misc` is another one: names only, for the vocabulary of tags.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from simhub.clock import FLOOR, digest, iso
from simhub.core import Gone
from simhub.files import File, files, find
from simhub.resolve import linked, sent
from simhub.routes_repo import paths_info, tree
from simhub.spec import Spec, commit_sha
from simhub.store import Store
from simhub.wire import Request, Response, error, json_response

if TYPE_CHECKING:
    from simhub.core import Hub

#: `/api/datasets/ID`, with what is asked of it.
API = re.compile(r"/api/datasets/(?P<id>.+?)(?:/(?P<verb>revision|tree|paths-info)/(?P<rest>.*))?$")
RESOLVE = re.compile(r"/datasets/(?P<id>.+?)/resolve/(?P<revision>[^/]+)/(?P<path>.+)$")
CDN = re.compile(r"/cdn/datasets/(?P<sha>[0-9a-f]{64})/(?P<id>[^/]+)/(?P<path>.+)$")
_KEY = "dataset_folders"


def add_datasets(store: Store, folder: str | Path) -> list[str]:
    """Serve every `OWNER/NAME` of a folder as a dataset; their ids."""
    found = {f"{path.parent.name}/{path.name}": str(path.resolve()) for path in sorted(Path(folder).glob("*/*"))}
    found = {name: path for name, path in found.items() if Path(path).is_dir()}
    store.put(_KEY, json.dumps({**json.loads(store.get(_KEY, "{}")), **found}))
    return list(found)


def answer(hub: Hub, request: Request, found: re.Match[str]) -> Response:
    """What a dataset tells about itself."""
    spec = _spec(hub, unquote(found["id"]))
    verb, rest = found["verb"] or "info", found["rest"] or ""
    revision, _, path = rest.partition("/")
    _check_revision(spec, revision)
    if verb == "tree":
        return tree(hub, request, spec, unquote(path))
    if verb == "paths-info":
        return paths_info(hub, request, spec)
    return json_response(_info(spec, request.flag("blobs")))


def resolve(hub: Hub, request: Request, found: re.Match[str]) -> Response:
    """A file of a dataset, or where a large one is."""
    spec = _spec(hub, unquote(found["id"]))
    _check_revision(spec, found["revision"])
    file = find(spec, unquote(found["path"]))
    if file is None:
        return error(404, "Entry not found", "EntryNotFound", X_Repo_Commit=spec.sha)
    if file.sha256 is None:
        return sent(request, file, spec.sha)
    location = f"{request.origin}/cdn/datasets/{file.sha256}/{quote(spec.id, safe='')}/{quote(file.path)}"
    return Response(
        302, f"Found. Redirecting to {location}".encode(), {**linked(file, spec.sha), "Location": location}
    )


def blob(hub: Hub, request: Request, found: re.Match[str]) -> Response:
    """The bytes of a large file of a dataset."""
    spec = _spec(hub, unquote(found["id"]))
    file = find(spec, unquote(found["path"]))
    if file is None or file.sha256 != found["sha"]:
        return error(404, "Not found")
    return sent(request, file, spec.sha)


def _spec(hub: Hub, name: str) -> Spec:
    """The dataset as a repository of files; the error the Hub answers where there is none."""
    folder = json.loads(hub.store.get(_KEY, "{}")).get(name)
    if folder is None:
        raise Gone(error(401, "Invalid username or password.", "RepoNotFound"))
    moment = iso(FLOOR)
    return Spec(0, f"{FLOOR:08x}{digest('dataset', name, length=16)}", name, moment, moment, folder=folder)


def _check_revision(spec: Spec, revision: str) -> None:
    if unquote(revision) not in ("", "main", "refs/heads/main", commit_sha(spec.oid, 1)):
        raise Gone(error(404, f"Invalid rev id: {unquote(revision)}", "RevisionNotFound"))


def _info(spec: Spec, with_blobs: bool) -> dict[str, Any]:
    listed: list[File] = files(spec)
    doors = {"private": False, "gated": False, "disabled": False}
    siblings = [file.sibling() if with_blobs else {"rfilename": file.path} for file in listed]
    dates = {"createdAt": spec.created, "lastModified": spec.modified, "sha": spec.sha}
    numbers = {"likes": 0, "downloads": 0, "tags": ["region:us"]}
    return {"_id": spec.oid, "id": spec.id, "author": spec.owner, **doors, **dates, **numbers, "siblings": siblings}
