"""What every request passes: who asks, what is left of the budget, which fault strikes, then the route."""

from __future__ import annotations

from simhub.core import Gone, Hub
from simhub.ratelimit import Account, InvalidToken, account
from simhub.routes import classify, dispatch
from simhub.wire import Request, Response, error


def handle(hub: Hub, request: Request) -> Response:
    """Answer one request."""
    kind = classify(request.path)
    if not kind:
        return _run(hub, request, Account())
    hub.stats.requests += 1
    hub.stats.classes[kind] += 1
    try:
        who = account(request.headers.get("authorization", ""))
    except InvalidToken:
        return error(401, "Invalid credentials in Authorization header")
    allowed, headers = hub.meter.take(who, request.peer, kind)
    if allowed:
        response = _broken(hub, request, who, kind)
    else:
        hub.stats.throttled += 1
        response = error(429, "We had to rate limit you. Retry later or use a token with a higher quota.")
    response.headers = {**headers, **response.headers}
    hub.stats.statuses[str(response.status)] += 1
    return response


def _run(hub: Hub, request: Request, who: Account) -> Response:
    try:
        return dispatch(hub, request, who)
    except Gone as gone:
        return gone.response
    except ValueError:
        return error(400, "Bad request")


def _broken(hub: Hub, request: Request, who: Account, kind: str) -> Response:
    """The route's answer, or what a fault makes of it."""
    paged = request.path.rstrip("/") in ("/api/models", "/api/datasets")
    fault = hub.injector.breaking(hub.store.day, f"{request.method} {request.target}", paged)
    if fault == "too_many":
        hub.stats.throttled += 1
        retry = str(hub.injector.faults.retry)
        return error(429, "Too Many Requests", Retry_After=retry, RateLimit=f'"{kind}";r=0;t={retry}')
    return failing(fault, request) or spoiled(_run(hub, request, who), fault, request)


def failing(fault: str, request: Request) -> Response | None:
    """What a fault sends in place of the answer, where it does."""
    if fault == "timeout":
        return Response(200, fault="silence")
    if fault == "server_error":
        status = (500, 502, 503)[len(request.target) % 3]
        return Response(status, b"<html><body>Bad things happen</body></html>", {"Content-Type": "text/html"})
    return None


def spoiled(response: Response, fault: str, request: Request) -> Response:
    """The answer, broken where it was a good one: cut, or made something that is not JSON, or not UTF-8."""
    salt = len(request.target)
    if not fault or response.status not in (200, 206):
        return response
    if fault == "cut":
        response.fault = ("cut", "cut-chunked", "cut-close")[salt % 3]
    elif fault == "malformed":
        half = response.body[: len(response.body) // 2]
        response.body = half if salt % 2 else b"<!doctype html><title>Just a moment</title>"
    elif fault == "utf8page":
        middle = response.body.find(b'","', len(response.body) // 2)
        response.body = response.body[:middle] + b"\xff\xfe" + response.body[middle:]
    return response
