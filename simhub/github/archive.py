"""Archives under another path of the same server, where GitHub has another host: not limited, and not of the API."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from urllib.parse import quote, unquote

from simhub.apps import _archives
from simhub.github.shelf import Held, Shelf
from simhub.wire import Request, Response

#: Bytes of zero behind a "huge" archive. A reader of gzip skips them; who counts bytes must stop.
HUGE_BYTES = 640 << 20
KEPT = 32

_PATH = re.compile(r"/codeload/(?P<name>[^/]+/[^/]+)/legacy\.tar\.gz/(?P<ref>.+)")


def location(request: Request, held: Held, ref: str) -> str:
    """Where the archive of a branch or a commit lies."""
    where = ref if len(ref) == 40 else f"refs/heads/{ref.removeprefix('refs/heads/')}"
    return f"{request.origin}/codeload/{held.repository.full_name}/legacy.tar.gz/{quote(where)}"


class Archives:
    """Makes archives when they are asked for, and keeps the last few."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._kept: OrderedDict[int, bytes] = OrderedDict()

    def answer(self, request: Request) -> Response:
        """The archive of a path; 404 as codeload words it, 451 for a blocked repository."""
        found = _PATH.fullmatch(unquote(request.path))
        held = self._shelf.find(found["name"])[0] if found else None
        if found is None or held is None or held.empty or not held.knows(_bare(found["ref"])):
            return Response(404, b"404: Not Found", {"Content-Type": "text/plain; charset=utf-8"})
        if held.repository.state == "blocked":
            return Response(451, b"451: Unavailable", {"Content-Type": "text/plain; charset=utf-8"})
        return self._sent(held)

    def _sent(self, held: Held) -> Response:
        hostile = held.repository.hostile
        body, top = self._packed(held), _top(held)
        headers = {
            "Content-Type": "application/x-gzip",
            "Content-Disposition": f"attachment; filename={top}.tar.gz",
            "ETag": f'"{hashlib.sha256(body).hexdigest()}"',
        }
        if "cut" in hostile:
            return Response(200, body[: len(body) // 2], headers)
        return Response(200, body, headers, zeros=HUGE_BYTES if "huge" in hostile else 0)

    def _packed(self, held: Held) -> bytes:
        if held.number in self._kept:
            self._kept.move_to_end(held.number)
            return self._kept[held.number]
        body = _archives.pack(_top(held), held.commit, held.files, held.repository.hostile)
        self._kept[held.number] = body
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return body


def _top(held: Held) -> str:
    return f"{held.repository.full_name.replace('/', '-')}-{held.commit[:7]}"


def _bare(ref: str) -> str:
    return ref.removeprefix("refs/heads/")
