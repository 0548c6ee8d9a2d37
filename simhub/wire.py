"""HTTP on the wire: reads requests, writes responses, and breaks them on purpose when told to.

Hand-written on asyncio streams because the faults need it (a cut body, a silent server, a chunked answer
that never ends) and because it costs less than a framework.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

_BLOCK = bytes(1 << 16)
_STRIDE = 1 << 17
MAX_BODY = 1 << 22


@dataclass(slots=True)
class Request:
    """One request. `path` is as sent (still quoted); header names are lower case."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes = b""
    peer: str = ""
    target: str = ""

    def first(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), default)

    def every(self, *names: str) -> list[str]:
        """All values of a query parameter, under any of its names."""
        return [value for key, value in self.query if key in names]

    def flag(self, name: str) -> bool:
        """Whether a query parameter says yes."""
        return self.first(name).lower() in ("1", "true", "yes")

    @property
    def origin(self) -> str:
        """Scheme and host the client used: what links are built from."""
        return f"http://{self.headers.get('host', '127.0.0.1')}"


@dataclass(slots=True)
class Response:
    """One response. `zeros` bytes of zero follow `body`; `fault` says how to break it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    zeros: int = 0
    fault: str = ""

    @property
    def length(self) -> int:
        """Bytes of the whole body."""
        return len(self.body) + self.zeros


def json_response(value: Any, status: int = 200, **headers: str) -> Response:
    """A response that says something in JSON."""
    body = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    named = {key.replace("_", "-"): text for key, text in headers.items()}
    return Response(status, body, {"Content-Type": "application/json; charset=utf-8", **named})


def error(status: int, message: str, code: str = "", **headers: str) -> Response:
    """An error as the Hub writes it: a JSON body, and the code and message in headers too."""
    # Part of a message may come from the URL: no control character may reach a header.
    shown = "".join(c if c.isprintable() else " " for c in message)
    response = json_response({"error": message}, status, X_Error_Message=shown, **headers)
    if code:
        response.headers["X-Error-Code"] = code
    return response


async def read_request(reader: asyncio.StreamReader, peer: str) -> Request | None:
    """The next request on a connection; None when the client is done."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        return None
    lines = head.decode("latin-1").split("\r\n")
    try:
        method, target, _ = lines[0].split(" ", 2)
    except ValueError:
        return None
    headers = {}
    for line in lines[1:-2]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    path, _, query = target.partition("?")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _chunks(reader)
    else:
        size = min(int(headers.get("content-length") or 0), MAX_BODY)
        body = await reader.readexactly(size) if size else b""
    pairs = parse_qsl(query, keep_blank_values=True) if query else []
    return Request(method, path, pairs, headers, body, peer, target)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    """A body sent in chunks, as Git sends a long one; beyond the limit the connection is given up."""
    body = b""
    try:
        while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
            if not 0 < size <= MAX_BODY - len(body):
                raise ConnectionError("the body is too long")
            body += (await reader.readexactly(size + 2))[:-2]
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass
    except (ValueError, asyncio.LimitOverrunError) as bad:
        raise ConnectionError("the chunks make no sense") from bad
    return body


def compress(request: Request, response: Response) -> None:
    """Gzip a body when the client takes it."""
    if "gzip" in request.headers.get("accept-encoding", "") and len(response.body) > 1024 and not response.zeros:
        response.body = gzip.compress(response.body, 6, mtime=0)
        response.headers["Content-Encoding"] = "gzip"


async def write_response(writer: asyncio.StreamWriter, request: Request, response: Response) -> int:
    """Send a response, whole or broken; the bytes sent. A broken one closes the connection."""
    head_only = request.method == "HEAD" or response.status in (204, 304)
    if response.fault.startswith("cut"):
        return await _write_cut(writer, response, request.method == "HEAD")
    head = _head(response, f"Content-Length: {response.length}")
    if head_only:
        writer.write(head)
        await writer.drain()
        return len(head)
    await _send(writer, head, response.body)
    left = response.zeros
    while left > 0:
        writer.write(_BLOCK if left >= len(_BLOCK) else bytes(left))
        left -= len(_BLOCK)
        await writer.drain()
    return len(head) + response.length


async def _send(writer: asyncio.StreamWriter, head: bytes, body: bytes) -> None:
    """Send a body in strides, so that what the socket does not take at once is copied in small parts."""
    if len(body) <= _STRIDE:
        writer.write(head + body)
        await writer.drain()
        return
    writer.write(head)
    view = memoryview(body)
    for start in range(0, len(body), _STRIDE):
        writer.write(view[start : start + _STRIDE])
        await writer.drain()


async def _write_cut(writer: asyncio.StreamWriter, response: Response, head_only: bool) -> int:
    """Half a body: with its length announced, in chunks without the last one, or with no length at all."""
    framing = {"cut": f"Content-Length: {response.length}", "cut-chunked": "Transfer-Encoding: chunked"}
    half = response.body[: len(response.body) // 2]
    if response.fault == "cut-chunked":
        half = b"%x\r\n%s\r\n" % (len(half), half) if half else b""
    head = _head(response, framing.get(response.fault, "Connection: close"))
    writer.write(head + (b"" if head_only else half))
    await writer.drain()
    return len(head) + len(half)


def _head(response: Response, framing: str) -> bytes:
    phrase = HTTPStatus(response.status).phrase
    lines = [f"HTTP/1.1 {response.status} {phrase}", framing]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
