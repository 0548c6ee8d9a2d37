"""Which handler answers which path, and to which class of the rate limit it belongs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simhub import control, datasets, resolve, routes_misc, routes_models, routes_repo
from simhub.ratelimit import Account
from simhub.wire import Request, Response, error

if TYPE_CHECKING:
    from simhub.core import Hub

_MODEL = re.compile(
    r"/api/models/(?P<id>.+?)"
    r"(?:/(?P<verb>revision|tree|paths-info|commits|refs|discussions|auth-check)(?:/(?P<rest>.*))?)?$"
)
_RESOLVE = re.compile(r"/(?P<id>.+?)/resolve/(?P<revision>[^/]+)/(?P<path>.+)$")
_FREE = ("/cdn/", "/__sim__/", "/api/agent-harnesses")


def classify(path: str) -> str:
    """The rate-limit class of a path; empty for what the Hub serves from elsewhere."""
    if path.startswith(_FREE):
        return ""
    if path.startswith("/api/"):
        return "api"
    return "resolvers" if "/resolve/" in path else "pages"


def dispatch(hub: Hub, request: Request, who: Account) -> Response:
    """Answer a request by its path."""
    path = request.path
    if path.startswith("/__sim__/"):
        return control.answer(hub, request)
    if found := datasets.CDN.match(path):
        return datasets.blob(hub, request, found)
    if path.startswith("/cdn/"):
        return resolve.blob(hub, request)
    if path.rstrip("/") == "/api/models":
        return _counted(hub, "list", routes_models.models(hub, request, who))
    if found := _MODEL.match(path):
        return _model(hub, request, who, found)
    if found := datasets.API.match(path):
        return _counted(hub, "dataset", datasets.answer(hub, request, found))
    if path.startswith("/api/"):
        return _counted(hub, "misc", routes_misc.answer(hub, request, who))
    if found := datasets.RESOLVE.match(path):
        return _counted(hub, "resolve", datasets.resolve(hub, request, found))
    if found := _RESOLVE.match(path):
        return resolve.resolve(hub, request, who, found)
    return error(404, "Sorry, we can't find the page you are looking for.")


def _model(hub: Hub, request: Request, who: Account, found: re.Match[str]) -> Response:
    verb, rest = found["verb"] or "info", found["rest"] or ""
    hub.stats.routes[verb] += 1
    if verb in ("info", "revision"):
        return routes_models.info(hub, request, who, found["id"], rest)
    return routes_repo.answer(hub, request, who, found["id"], verb, rest)


def _counted(hub: Hub, route: str, response: Response) -> Response:
    hub.stats.routes[route] += 1
    return response
