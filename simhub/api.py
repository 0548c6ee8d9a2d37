"""`SimApi`: any simulated API on loopback, with the faults that the simulated Hugging Face hub has.

with SimApi(build("civitai", models=300, seed=1), faults="5xx=0.02,shape=3") as hub:
    crawl(hub.endpoint)
    assert hub.truth

An app answers requests and knows the truth; nothing in it knows of faults. Three of its attributes are optional:
``records_at``, the path to the records where a page is an object ("data.models"; "" for a page that is an array;
faults that edit pages need it), ``window``, a `simhub.quota.Window` where the API limits requests, and ``close()``,
which frees what the app holds when the server has stopped.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

from simhub.control import cost
from simhub.core import Stats
from simhub.faults import Faults, Injector
from simhub.hostile import bad_body
from simhub.loopback import Loopback
from simhub.quota import Window
from simhub.serving import failing, spoiled
from simhub.wire import Request, Response, error, json_response

_BAD = ("noid", "notobject", "wrongtype")
MEMORY = 64


class App(Protocol):
    """What an API answers, and what is true."""

    name: str

    def answer(self, request: Request) -> Response:
        """Answer one request."""

    def truth(self) -> Any:
        """What is true of every model, by its id."""


class SimApi(Loopback):
    """A simulated API that answers HTTP while the `with` block runs; ``silence`` and the like are in ``faults``."""

    def __init__(
        self,
        app: App,
        faults: Faults | str = "",
        latency: float = 0.0,
        port: int = 0,
        limits: Window | None = None,
        gzip: bool = False,
    ) -> None:
        super().__init__(latency, port, gzip)
        self.app, self.counted = app, Stats()
        self.window: Window | None = limits or getattr(app, "window", None)
        self.injector = Injector(faults if isinstance(faults, Faults) else Faults.parse(faults))
        self._pages = Pages(getattr(app, "records_at", None))

    @property
    def truth(self) -> Any:
        """What is true of every model, by its id."""
        return self.inside(self.app.truth)

    def stats(self) -> dict[str, Any]:
        """Requests by path and status, bytes, and what serving cost."""
        return self.inside(self._report)

    def set_faults(self, faults: Faults | str) -> None:
        """Replace the faults."""
        asked = faults if isinstance(faults, Faults) else Faults.parse(faults)
        self.inside(lambda: self._break(asked))

    def reply(self, request: Request) -> Response:
        """Answer one request."""
        if request.path.startswith("/__sim__/"):
            return self._control(request)
        self.counted.requests += 1
        self.counted.routes[request.path] += 1
        refusal, headers = self.window.take(request) if self.window else (None, {})
        response = refusal or self._answered(request)
        response.headers = {**headers, **response.headers}
        self.counted.throttled += response.status == 429
        self.counted.statuses[str(response.status)] += 1
        return response

    def sent(self, count: int) -> None:
        """So many bytes went out."""
        self.counted.bytes_sent += count

    def close(self) -> None:
        """Free what the app holds, where it holds anything."""
        getattr(self.app, "close", lambda: None)()

    def silence(self) -> float:
        """Seconds that a silent answer lasts."""
        return self.injector.faults.silence

    def _answered(self, request: Request) -> Response:
        """The app's answer, or what a fault makes of it."""
        response = self.app.answer(request)
        page = self._pages.look(request, response)
        fault = self.injector.breaking(0, f"{request.method} {request.target}", page is not None)
        if fault == "too_many":
            return error(429, "Too Many Requests", Retry_After=str(self.injector.faults.retry))
        if (broken := failing(fault, request)) is not None:
            return broken
        if page is not None:
            response.body = self._pages.edit(page, self.injector)
        return spoiled(response, fault, request)

    def _control(self, request: Request) -> Response:
        """Control from another process: `/__sim__/stats`, `POST /__sim__/faults?spec=`, `/__sim__/truth`."""
        action = request.path.removeprefix("/__sim__/")
        if action == "stats":
            return json_response(self._report())
        if action == "truth":
            return json_response(self.app.truth())
        if action == "faults" and request.method == "POST":
            try:
                self._break(Faults.parse(request.first("spec")))
            except ValueError as bad:
                return error(400, str(bad))
            return json_response({"faults": request.first("spec")})
        return error(404, "Not found")

    def _break(self, faults: Faults) -> None:
        self.injector = Injector(faults)

    def _report(self) -> dict[str, Any]:
        return {**self.counted.as_dict(), "faults": dict(self.injector.counts), **cost()}


@dataclass(frozen=True)
class Page:
    """One page of a listing: all of it, what holds its records (None: it is them), and which one it is."""

    whole: Any
    holder: dict[str, Any] | None
    name: str
    records: list[Any]
    number: int


class Pages:
    """The pages of a listing as they pass, and the faults that edit them.

    A page is an answer with records at the path. Its number is the order in which its address was first answered, so
    that a page asked for again is the same page.
    """

    def __init__(self, at: str | None) -> None:
        """Where records stand; None where the app has no such pages."""
        self._at = at
        self._numbers: dict[str, int] = {}
        self._kept: dict[int, list[Any]] = {}

    def look(self, request: Request, response: Response) -> Page | None:
        """The page that an answer is; None for any other answer."""
        if self._at is None or response.status != 200:
            return None
        *outer, name = self._at.split(".")
        try:
            whole = holder = json.loads(response.body)
            for step in outer:
                holder = holder[step]
            records = holder[name] if name else whole
        except (ValueError, KeyError, TypeError):
            return None
        if not isinstance(records, list):
            return None
        number = self._numbers.setdefault(request.target, len(self._numbers) + 1)
        self._kept[number] = records
        self._kept.pop(number - MEMORY, None)
        return Page(whole, holder if name else None, name, records, number)

    def edit(self, page: Page, injector: Injector) -> bytes:
        """The body of a page with what faults put into it."""
        edited, whole = self._edited(page, injector), page.whole
        if page.holder is None:
            whole = edited
        elif 0 < injector.faults.shape <= page.number:
            del page.holder[page.name]
            page.holder[f"{page.name}_v2"] = edited
            injector.note("shape")
        else:
            page.holder[page.name] = edited
        return json.dumps(whole, ensure_ascii=False).encode("utf-8", "surrogatepass")

    def _edited(self, page: Page, injector: Injector) -> list[Any]:
        """The records, with those of the page before, and with broken ones: one on each page, from the first on."""
        number, records = page.number, page.records
        before = self._kept.get(number - 1, [])
        if records and injector.editing("dup", 0, f"page {number}"):
            records = [*records, records[0], *before[-1:]]
        if before and injector.editing("again", 0, f"page {number}"):
            records = [*before, *records]
        kinds = [kind for kind in _BAD for _ in range(getattr(injector.faults, kind))]
        if number <= len(kinds):
            middle, body = len(records) // 2, bad_body(kinds[number - 1], number)
            records = [*records[:middle], json.loads(body), *records[middle:]]
            injector.note("bad")
        return records
