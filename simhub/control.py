"""Control of a hub that runs in another process: `/__sim__/stats`, `/__sim__/advance`, `/__sim__/faults`."""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING, Any

from simhub.faults import Faults
from simhub.wire import Request, Response, error, json_response

if TYPE_CHECKING:
    from simhub.core import Hub


def report(hub: Hub) -> dict[str, Any]:
    """Everything counted, with what it cost the server."""
    found = hub.stats.as_dict()
    found["day"] = hub.store.day
    found["faults"] = dict(hub.injector.counts)
    return {**found, **cost()}


def cost() -> dict[str, Any]:
    """What serving cost. The server runs in one thread: its CPU can be told from the client's in the same process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"cpu_seconds": time.thread_time(), "peak_rss_bytes": peak}


def answer(hub: Hub, request: Request) -> Response:
    """Dispatch on the path."""
    action = request.path.removeprefix("/__sim__/")
    if action == "stats":
        return json_response(report(hub))
    if request.method != "POST":
        return error(405, "POST only")
    if action == "advance":
        return json_response({"day": hub.advance(int(request.first("days", "1")))})
    if action == "faults":
        try:
            hub.set_faults(Faults.parse(request.first("spec")))
        except ValueError as bad:
            return error(400, str(bad))
        return json_response({"faults": request.first("spec")})
    return error(404, "Not found")
