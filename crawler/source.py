"""The one loop of the crawler: page, check, land it with the cursor that follows it, next.

A hub says where a listing begins and where it goes on; everything else is here. The cursor is
journaled with the page it follows, so a crawl can be killed anywhere and goes on from the last
page that is on disk. Several walks may run side by side: they share one session, one budget and
one run. Two walks may come towards each other over the same listing; they stop when they meet.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from crawler.budget import Stopped
from crawler.check import Checked, check
from crawler.session import Response, Session, origin
from landing import OperationalError, Record, RunWriter, TransientError

# How often a page that came broken is asked for again before it is landed as it is.
_AGAIN = 3


@dataclass(frozen=True, slots=True)
class Walk:
    """One way through a listing, from ``url`` on.

    ``until``: records come newest change first, stop below this time. ``end`` is ``oldest`` or
    ``newest`` for a walk that is met by another one of the same ``name`` up to the end's name.
    """

    name: str
    kind: str
    url: str
    fields: tuple[str, ...]
    until: str | None = None
    meets: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a listener hears after every page or bundle."""

    what: str
    pages: int
    records: int
    total: int | None = None


class Paged(Protocol):
    """What the loop needs to know about a hub."""

    def next_url(self, response: Response, walk: Walk) -> str | None:
        """Where the listing goes on, verbatim, or None at its end."""

    def fewer(self, walk: Walk, response: Response) -> Walk | None:
        """The same walk with less in it, when the hub refused something that was asked for."""


class Plain:
    """What a hub with an API of its own may leave as it is."""

    def fewer(self, walk: Walk, response: Response) -> Walk | None:
        """Nothing can be left out."""
        return None

    def classify(self, url: str) -> str:
        """One class for all requests."""
        return "api"

    def guard(self, url: str, library: str | None) -> str | None:
        """Nothing here counts as a download."""
        return None


@dataclass
class Cursor:
    """Where a walk stands; what is journaled is :meth:`plain`."""

    url: str
    pages: int = 0
    records: int = 0
    newest: str = ""
    edge: str = ""
    fields: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return dict(self.__dict__)


class Frontiers:
    """How far walks have come that move towards each other through one order of time."""

    def __init__(self) -> None:
        """Nobody has moved yet."""
        self._edges: dict[str, dict[str, str]] = {}
        self._over: set[str] = set()
        self._lock = threading.Lock()

    def move(self, walk: Walk, edge: str, *, over: bool = False) -> None:
        """A walk came to ``edge``, or to the very end of the listing."""
        with self._lock:
            if edge:
                self._edges.setdefault(walk.meets, {})[walk.end] = edge
            if over:
                self._over.add(walk.meets)

    def met(self, walk: Walk) -> bool:
        """Whether everything between the two ends has been seen."""
        with self._lock:
            edges = self._edges.get(walk.meets, {})
            if not walk.meets:
                return False
            return walk.meets in self._over or edges.get("oldest", "") > edges.get("newest", "\uffff")


class Crawl:
    """All walks of one run over one session."""

    def __init__(
        self,
        session: Session,
        hub: Paged,
        writer: RunWriter,
        *,
        limit: int | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        at: str = "",
    ) -> None:
        """Take up the run where its journal ends; ``at`` is the path to a page's records."""
        self.session, self.hub, self.writer, self.limit, self.at = session, hub, writer, limit, at
        self._tell = on_progress or (lambda _progress: None)
        self._frontiers = Frontiers()
        self._errors: list[BaseException] = []

    def run(self, walks: list[Walk], at_once: int = 0) -> None:
        """Walk them all to their ends, one thread each or ``at_once`` threads; the first error stops every one."""
        for walk in walks:
            at, done = self._cursor(walk)
            self._frontiers.move(walk, at.edge, over=done and not at.url)
        todo = [walk for walk in walks if not self._cursor(walk)[1]]
        if len(todo) == 1 or at_once == 1:
            for walk in todo:
                self._walk(walk)
        elif todo:
            self._side_by_side(todo, at_once or len(todo))

    def newest(self, walks: list[Walk]) -> str:
        """The latest change that any walk saw."""
        return max((self._cursor(walk)[0].newest for walk in walks), default="")

    def _side_by_side(self, walks: list[Walk], at_once: int) -> None:
        left = deque(walks)
        threads = [threading.Thread(target=self._guarded, args=(left,), daemon=True) for _ in walks[:at_once]]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.5)
        except BaseException:
            self.session.budget.stop()
            for thread in threads:
                thread.join(5)
            raise
        if self._errors:
            raise self._errors[0]

    def _guarded(self, left: deque[Walk]) -> None:
        """One thread: walk after walk, until none is left."""
        try:
            while (walk := _next(left)) is not None:
                self._walk(walk)
        except Stopped:
            pass
        except BaseException as error:
            self._errors.append(error)
            self.session.budget.stop()

    def _walk(self, walk: Walk) -> None:
        at, _ = self._cursor(walk)
        if at.fields:
            walk = replace(walk, fields=tuple(at.fields))
        seen = {at.url}
        while not self._frontiers.met(walk):
            walk, response, checked = self._page(walk, at)
            following = self._following(response, walk)
            if following in seen:
                raise OperationalError(f"The listing of {walk.name} leads in a circle ({following[:200]}).")
            at = self._land(walk, at, response, checked, following)
            if not at.url or self._cursor(walk)[1]:
                return
            seen.add(at.url)
        self.writer.mark(walk.name, at.plain(), done=True)

    def _land(self, walk: Walk, at: Cursor, response: Response, checked: Checked, following: str) -> Cursor:
        """Land one page together with the cursor that follows it."""
        end = checked.created[1] if checked.created else ""
        after = Cursor(
            following,
            at.pages + 1,
            at.records + checked.records,
            max(at.newest, checked.newest or ""),
            end or at.edge,
            list(walk.fields),
        )
        if checked.lost:
            reason = f"page {after.pages} of {walk.name} came broken {_AGAIN + 1} times: {checked.broken}"
            self.writer.fail(f"{walk.name}/{after.pages}", reason, url=at.url, during=walk.name)
        done = not following or self._enough(walk, after, checked)
        self._keep_as_sent(walk, after, response)
        self.writer.write_page(
            self._readable(response),
            kind=walk.kind,
            key=f"{walk.name}/{after.pages:06d}",
            url=at.url,
            records=checked.records,
            fields=walk.fields,
            fetched_at=response.received,
            walk=walk.name,
            cursor=after.plain(),
            done=done,
            etag=response.etag,
            suspect=checked.suspect,
            at=self.at,
        )
        self._frontiers.move(walk, after.edge, over=not following and bool(walk.meets))
        self._tell(Progress(walk.kind, self.writer.landed, self.writer.records))
        return after

    def _readable(self, response: Response) -> bytes:
        """The page as JSON: as sent, or as the hub's own pure decoding reads it (a page of HTML)."""
        decode = getattr(self.hub, "decode_page", None)
        body: bytes = response.body if decode is None else decode(response.body)
        return body

    def _keep_as_sent(self, walk: Walk, after: Cursor, response: Response) -> None:
        """A page that is not JSON lands unchanged too, beside what was read from it."""
        if hasattr(self.hub, "decode_page"):
            key, place = f"{walk.name}/{after.pages:06d}", f"{walk.name}-sent"
            record = Record("page", key, response.url, 200, response.received, response.body, etag=response.etag)
            cursor = [after.pages, record.sha256]
            # Cut off before its records landed: the same page is not landed twice.
            if self.writer.cursors.get(place, (None, False))[0] != cursor:
                self.writer.write_records([record], walk=place, cursor=cursor)

    def _enough(self, walk: Walk, after: Cursor, checked: Checked) -> bool:
        if self.limit is not None and after.records >= self.limit:
            return True
        return walk.until is not None and checked.modified is not None and checked.modified[1] < walk.until

    def _cursor(self, walk: Walk) -> tuple[Cursor, bool]:
        saved, done = self.writer.cursors.get(walk.name, (None, False))
        return (Cursor(**saved), done) if saved else (Cursor(walk.url), done)

    def _page(self, walk: Walk, at: Cursor) -> tuple[Walk, Response, Checked]:
        """One page, asked for again while it comes broken or its link leads astray."""
        url = self._limited(at)
        tries = 0
        while True:
            response = self._get(walk, url)
            if response.status == 400 and not at.pages and (less := self.hub.fewer(walk, response)) is not None:
                walk, url = less, less.url
                continue
            self._refuse(walk, at, response)
            checked = check(self._readable(response), self.at)
            if checked.changed:
                raise OperationalError(
                    f"The hub has changed its shape: page {at.pages + 1} of {walk.name} has {checked.changed}; "
                    f"what was landed is kept, and this release cannot read what comes now."
                )
            astray = self._astray(response, walk)
            if tries >= _AGAIN or not (checked.broken or astray):
                break
            tries += 1
            self.session.budget.count("retries")
            self.session.budget.pause(min(self.session.patience.base * 2**tries, 10.0))
        if astray:
            raise OperationalError(f"The listing of {walk.name} goes on at another host ({astray}); not followed.")
        return walk, response, checked

    def _get(self, walk: Walk, url: str) -> Response:
        try:
            return self.session.get(url)
        except TransientError as error:
            text = str(error).rstrip(".")
            raise OperationalError(f"{text}, again and again; what was landed is kept, {RESUME}") from error

    def _refuse(self, walk: Walk, at: Cursor, response: Response) -> None:
        """Turn an answer that is not a page into one clear error."""
        if response.status == 200:
            return
        if response.status == 401:
            raise OperationalError(f"The hub does not accept the token (401); check HF_TOKEN, then {RESUME}")
        if response.status in (400, 404, 410) and at.pages:
            raise OperationalError(
                f"The hub no longer knows where the walk {walk.name} stood ({response.status}); "
                "run the same command again, or with --fresh to start over."
            )
        said = response.body[:200].decode("utf-8", "replace")
        raise OperationalError(f"The hub answers {response.status} to the listing of {walk.name}: {said}")

    def _following(self, response: Response, walk: Walk) -> str:
        return self.hub.next_url(response, walk) or ""

    def _astray(self, response: Response, walk: Walk) -> str | None:
        """The host that a next link names, if it is not the one the crawl was sent to."""
        following = self._following(response, walk)
        if not following or origin(following) == origin(self.session.endpoint):
            return None
        return urlsplit(following).hostname or following[:100]

    def _limited(self, at: Cursor) -> str:
        """The page's URL, asking for no more records than are still wanted."""
        if self.limit is None:
            return at.url
        left, parts = self.limit - at.records, urlsplit(at.url)
        pairs = [
            (key, str(min(int(value), left)) if key == "limit" and value.isdigit() else value)
            for key, value in parse_qsl(parts.query, keep_blank_values=True)
        ]
        return urlunsplit(parts._replace(query=urlencode(pairs)))


def _next(left: deque[Walk]) -> Walk | None:
    """The next of walks that several threads share; None when none is left."""
    try:
        return left.popleft()
    except IndexError:
        return None


RESUME = "run the same command again to go on."
