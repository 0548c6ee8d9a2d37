"""A server on loopback in a thread of its own: what every simulated hub stands on."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from simhub.wire import Request, Response, compress, read_request, write_response

T = TypeVar("T")


class Loopback:
    """Answers HTTP while the `with` block runs; a subclass says what.

    `latency` delays every answer by that many seconds; `gzip` compresses for clients that accept it. Everything that
    answers runs in the server's thread, so a subclass needs no locks.
    """

    def __init__(self, latency: float = 0.0, port: int = 0, gzip: bool = False) -> None:
        self.latency = latency
        self.gzip = gzip
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._serve, name="simhub", daemon=True)

    @property
    def endpoint(self) -> str:
        """The hub's address: what `HfApi(endpoint=...)` or `crawl --endpoint` takes."""
        return f"http://127.0.0.1:{self.port}"

    def reply(self, request: Request) -> Response:
        """Answer one request."""
        raise NotImplementedError

    def sent(self, count: int) -> None:
        """So many bytes went out."""

    def silence(self) -> float:
        """Seconds that a silent answer lasts."""
        return 30.0

    def close(self) -> None:
        """Free what the hub holds; the server has stopped."""

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", self.port), backlog=256)
        self.port = self._socket.getsockname()[1]
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self.close()

    def inside(self, call: Callable[[], T]) -> T:
        """Run in the server's thread, which owns the hub's state."""

        async def run() -> T:
            return call()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._main())
        self._loop.close()

    async def _main(self) -> None:
        server = await asyncio.start_server(self._accept, sock=self._socket)
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task: asyncio.Task[Any] | None = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, or the hub closes
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str(writer.get_extra_info("peername")[0])
        while (request := await read_request(reader, peer)) is not None:
            if not await self._exchange(request, writer):
                return

    async def _exchange(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection lives on."""
        response = self.reply(request)
        if response.fault == "silence":
            await asyncio.sleep(self.silence())
            return False
        if self.latency:
            await asyncio.sleep(self.latency)
        if self.gzip:
            compress(request, response)
        self.sent(await write_response(writer, request, response))
        return not response.fault and request.headers.get("connection", "").lower() != "close"
