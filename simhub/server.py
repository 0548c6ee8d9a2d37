"""`SimHub`: a hub on loopback, in a thread of its own.

with SimHub(build_synthetic(3_000, seed=1), faults="5xx=0.02") as hub:
    crawl(hub.endpoint)
    hub.advance()
    assert hub.truth.models(day=1)
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from simhub.control import report
from simhub.core import Hub
from simhub.faults import Faults
from simhub.ratelimit import Limits
from simhub.serving import handle
from simhub.store import Store
from simhub.truth import Truth
from simhub.wire import Request, compress, read_request, write_response

T = TypeVar("T")


class SimHub:
    """A simulated hub that answers HTTP while the `with` block runs.

    `population` is a store or the path of one. A store made without a path is deleted at the end.
    `latency` delays every answer by that many seconds; `gzip` compresses for clients that accept it; `cache`
    keeps so many bytes of list pages (for benchmarks: walk once, then measure).
    """

    def __init__(
        self,
        population: Store | str | Path,
        faults: Faults | str = "",
        limits: Limits | str = "",
        latency: float = 0.0,
        port: int = 0,
        gzip: bool = False,
        cache: int = 0,
    ) -> None:
        self.store = population if isinstance(population, Store) else Store(population)
        asked = faults if isinstance(faults, Faults) else Faults.parse(faults)
        budget = limits if isinstance(limits, Limits) else Limits.parse(limits)
        self.hub = Hub(self.store, asked, budget, cache)
        #: What is true of the population, on any day so far.
        self.truth = Truth(self.store.path)
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
        """The hub's address: what `HfApi(endpoint=...)` takes."""
        return f"http://127.0.0.1:{self.port}"

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
        self.truth.close()
        self.store.close()
        if self.store.path.parent.name.startswith("simhub-") and self.store.path.name == "hub.sqlite":
            shutil.rmtree(self.store.path.parent, ignore_errors=True)

    def stats(self) -> dict[str, Any]:
        """Requests, bytes, touches of query files, and what serving cost."""
        return self._inside(lambda: report(self.hub))

    def advance(self, days: int = 1) -> int:
        """Let days pass; the new day."""
        return self._inside(lambda: self.hub.advance(days))

    def set_faults(self, faults: Faults | str) -> None:
        """Replace the faults."""
        asked = faults if isinstance(faults, Faults) else Faults.parse(faults)
        self._inside(lambda: self.hub.set_faults(asked))

    def _inside(self, call: Callable[[], T]) -> T:
        """Run in the server's thread, which owns the database."""

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
        task = asyncio.current_task()
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
            if not await self._reply(request, writer):
                return

    async def _reply(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection lives on."""
        response = handle(self.hub, request)
        if response.fault == "silence":
            await asyncio.sleep(self.hub.injector.faults.silence)
            return False
        if self.latency:
            await asyncio.sleep(self.latency)
        if self.gzip:
            compress(request, response)
        self.hub.stats.bytes_sent += await write_response(writer, request, response)
        return not response.fault and request.headers.get("connection", "").lower() != "close"
