"""The smaller endpoints: who am I, the tag vocabulary, a few data sets, owners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from simhub.clock import FLOOR, digest, iso
from simhub.naming import followers, is_organisation, is_verified, members
from simhub.ratelimit import Account
from simhub.vocab import DATASETS, LANGUAGES, LICENCES, PROFILES
from simhub.wire import Request, Response, error, json_response

if TYPE_CHECKING:
    from simhub.core import Hub


def answer(hub: Hub, request: Request, who: Account) -> Response:
    """Dispatch on the path."""
    path = request.path.rstrip("/")
    if path == "/api/whoami-v2":
        return _whoami(who)
    if path == "/api/models-tags-by-type":
        return json_response(_tags_by_type())
    if path == "/api/datasets":
        return json_response([_dataset(n, name) for n, name in enumerate(DATASETS)])
    if path.startswith("/api/organizations/") or path.startswith("/api/users/"):
        _, _, kind, name, *verb = path.split("/")
        return (
            _owner(hub, unquote(name), kind == "organizations") if verb == ["overview"] else error(404, "Not found")
        )
    return error(404, "Not found")


def _whoami(who: Account) -> Response:
    if not who.user:
        return error(401, "Invalid username or password.")
    about = {"type": "user", "id": digest("user", who.user, length=24), "name": who.user, "fullname": who.user}
    token = {"displayName": "simulated", "role": "read", "createdAt": iso(FLOOR)}
    more = {"isPro": who.plan == "pro", "avatarUrl": "/avatars/0.svg", "orgs": [], "canPay": False}
    return json_response({**about, **more, "auth": {"type": "access_token", "accessToken": token}})


def _tags_by_type() -> dict[str, Any]:
    def tags(kind: str, names: set[str], prefix: str = "") -> list[dict[str, str]]:
        return [{"id": prefix + name, "label": name, "type": kind} for name in sorted(names)]

    return {
        "pipeline_tag": tags("pipeline_tag", {p.task for p in PROFILES if p.task}),
        "library": tags("library", {p.library for p in PROFILES if p.library}),
        "license": tags("license", {name for name, _ in LICENCES}, "license:"),
        "language": tags("language", set(LANGUAGES)),
        "dataset": tags("dataset", set(DATASETS), "dataset:"),
        "region": tags("region", {"us", "eu"}, "region:"),
    }


def _dataset(number: int, name: str) -> dict[str, Any]:
    oid = f"{FLOOR:08x}{digest('dataset', name, length=16)}"
    owner = name.partition("/")[0] if "/" in name else None
    moving = {"likes": 10 + number, "downloads": 1_000 * (number + 1), "tags": ["region:us"]}
    dates = {"createdAt": iso(FLOOR), "lastModified": iso(FLOOR), "sha": digest(name)}
    doors = {"private": False, "gated": False, "disabled": False}
    return {"_id": oid, "id": name, "author": owner, **doors, **moving, **dates}


def _owner(hub: Hub, name: str, organisation: bool) -> Response:
    """What the hub says of an owner; a user is no organisation and the other way round."""
    count = hub.db.execute("SELECT count(*) FROM state WHERE owner = ? AND private = 0", (name,)).fetchone()[0]
    if not count or organisation != is_organisation(name):
        return error(404, "This organization does not exist" if organisation else "This user does not exist")
    picture = f"/avatars/{digest('avatar', name, length=32)}.svg"
    counts = {"numModels": count, "numDatasets": 0, "numSpaces": 0, "numPapers": 0, "numFollowers": followers(name)}
    about = {"avatarUrl": picture, "fullname": name, **counts}
    if organisation:
        told = {"name": name, "isVerified": is_verified(name), "isEnterprise": is_verified(name), "type": "org"}
        return json_response({**about, **told, "numUsers": members(name), "details": ""})
    made = {"_id": digest("user", name, length=24), "createdAt": iso(FLOOR), "numDiscussions": 0, "orgs": []}
    return json_response({**about, **made, "user": name, "isPro": False, "type": "user"})
