"""`SimHub`: a hub on loopback, in a thread of its own.

with SimHub(build_synthetic(3_000, seed=1), faults="5xx=0.02") as hub:
    crawl(hub.endpoint)
    hub.advance()
    assert hub.truth.models(day=1)
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from simhub.control import report
from simhub.core import Hub
from simhub.faults import Faults
from simhub.loopback import Loopback
from simhub.ratelimit import Limits
from simhub.serving import handle
from simhub.store import Store
from simhub.truth import Truth
from simhub.wire import Request, Response


class SimHub(Loopback):
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
        super().__init__(latency, port, gzip)
        self.store = population if isinstance(population, Store) else Store(population)
        asked = faults if isinstance(faults, Faults) else Faults.parse(faults)
        budget = limits if isinstance(limits, Limits) else Limits.parse(limits)
        self.hub = Hub(self.store, asked, budget, cache)
        #: What is true of the population, on any day so far.
        self.truth = Truth(self.store.path)

    def reply(self, request: Request) -> Response:
        """Answer one request."""
        return handle(self.hub, request)

    def sent(self, count: int) -> None:
        """So many bytes went out."""
        self.hub.stats.bytes_sent += count

    def silence(self) -> float:
        """Seconds that a silent answer lasts."""
        return self.hub.injector.faults.silence

    def close(self) -> None:
        """Close the store; one that nobody named goes."""
        self.truth.close()
        self.store.close()
        if self.store.path.parent.name.startswith("simhub-") and self.store.path.name == "hub.sqlite":
            shutil.rmtree(self.store.path.parent, ignore_errors=True)

    def stats(self) -> dict[str, Any]:
        """Requests, bytes, touches of query files, and what serving cost."""
        return self.inside(lambda: report(self.hub))

    def advance(self, days: int = 1) -> int:
        """Let days pass; the new day."""
        return self.inside(lambda: self.hub.advance(days))

    def set_faults(self, faults: Faults | str) -> None:
        """Replace the faults."""
        asked = faults if isinstance(faults, Faults) else Faults.parse(faults)
        self.inside(lambda: self.hub.set_faults(asked))
