"""The stage ``cards understand``: what the rules find in every landed card, as one record for each.

    {"method": "rules", "characters", "values": [{"field", "value", "raw", "start", "end", "place", "confidence",
     "rule"}], "error"}

A reading is a pure function of the card's text and of the rules' version. It needs no network; kill it anywhere and
run it again.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, islice
from typing import Any

import msgspec

from crawler.card_stage import landed
from crawler.card_stage.landed import Card, Seen
from crawler.downstream.workers import workers
from crawler.source import Progress
from crawler.understanding import VERSION, understand
from landing import Manifest, OperationalError, Record, Run, RunWriter, UsageError, Zone
from landing.clock import now

SOURCE = "cards"
#: Seconds that one card may take: the rules are linear, and a card that proves them wrong stops nobody.
LONGEST = 30.0
_CHUNK, _BUNDLE, _BYTES = 32, 1000, 8 << 20
# Below so many cards starting processes costs more than it saves.
_WORTH = 500

Tell = Callable[[Progress], None]


def understand_all(
    zone: Zone, *, limit: int | None, fresh: bool, processes: int, program: str, tell: Tell | None = None
) -> Manifest | None:
    """Read every landed card that this version has not read, or the first ``limit``; None where none is left.

    Goes on with a run that was cut off, unless ``fresh``. ``processes`` 0 means as many as there are cores.
    Raises :class:`UsageError` where no card was landed.
    """
    with_cards = landed.with_cards(zone)
    if not any(part.kind == "card" for run in with_cards for part in run.parts()):
        raise UsageError("No card was landed yet; run 'hubcensus crawl HUB --with cards' or import a dump of cards.")
    with zone.lock(SOURCE), Seen() as seen:
        cut = take_up(zone, SOURCE, VERSION, fresh=fresh)
        landed.done([run for run in zone.finished(SOURCE) if run.manifest.parser == VERSION], seen)
        before = landed.done([Run(cut.folder, cut.manifest)], seen) if cut else 0
        found = landed.cards(with_cards, seen)
        first = next(found, None)
        if first is None and cut is None:
            return None
        todo = chain([first], found) if first else iter(())
        writer = cut or zone.start(SOURCE, kind="understand", program=program, parser=VERSION, config={})
        if limit is not None:
            todo = islice(todo, max(0, limit - before))
        _land(writer, todo, processes or _cores(), tell or (lambda _progress: None))
        writer.manifest.config["limit"] = limit
        return writer.finish(complete=limit is None, counts=counted(writer))


def take_up(zone: Zone, source: str, parser: str, *, fresh: bool) -> RunWriter | None:
    """The run that was cut off, to go on with; one of another version, or where ``fresh``, is given up."""
    cut = zone.unfinished(source)
    if cut is None:
        return None
    writer = zone.resume(cut)
    if fresh or cut.manifest.parser != parser:
        writer.abandon()
        return None
    return writer


def read(card: Card) -> Record:
    """The reading of one card; it never fails, and says so where the rules did."""
    values: list[Any] = []
    error = None
    try:
        with _at_most(LONGEST):
            values = understand(card.text)
    except Exception as caught:  # whatever a hostile card brings about stays with that card
        error = f"{type(caught).__name__}: {caught}"[:300]
    body = {"method": "rules", "characters": len(card.text), "values": values, "error": error}
    return record(card.sha256, body, VERSION, now())


def record(sha256: str, body: dict[str, Any], tool: str, moment: datetime) -> Record:
    """A reading as it lands."""
    return Record(landed.KIND, sha256, "", 200, moment, msgspec.json.encode(body), decoded={}, decoder=tool)


def counted(writer: RunWriter) -> dict[str, int]:
    """Cards, values and errors, from what has landed: a run that was cut off counts the whole."""
    counts = {"cards": 0, "values": 0, "unread": 0}
    for body in bodies(Run(writer.folder, writer.manifest)):
        counts["cards"] += 1
        counts["values"] += len(body.values)
        counts["unread"] += body.error is not None
    return counts


class Body(msgspec.Struct):
    """What of a landed reading is counted."""

    values: list[msgspec.Raw] = []
    rejected: list[msgspec.Raw] = []
    usage: dict[str, int] = {}
    error: str | None = None


class _Envelope(msgspec.Struct):
    body: str


_envelope = msgspec.json.Decoder(_Envelope)
_body = msgspec.json.Decoder(Body)


def bodies(run: Run) -> Iterator[Body]:
    """The readings of a run."""
    for part in run.parts():
        for line in landed.lines(run.path(part)):
            yield _body.decode(_envelope.decode(line).body)


def _land(writer: RunWriter, todo: Iterator[Card], processes: int, tell: Tell) -> None:
    bundle: list[Record] = []
    size = 0
    for one in _records(todo, processes):
        bundle.append(one)
        size += len(one.body)
        if len(bundle) >= _BUNDLE or size >= _BYTES:
            writer.write_records(bundle, walk="cards", cursor=writer.records + len(bundle))
            tell(Progress("cards", writer.landed, writer.records))
            bundle, size = [], 0
    if bundle:
        writer.write_records(bundle, walk="cards", cursor=writer.records + len(bundle))
        tell(Progress("cards", writer.landed, writer.records))


def _records(todo: Iterator[Card], processes: int) -> Iterator[Record]:
    """The readings in the order of the cards, on so many processes where there are cards enough."""
    head = list(islice(todo, _WORTH))
    if processes <= 1 or len(head) < _WORTH:
        yield from map(read, chain(head, todo))
        return
    try:
        with workers(processes) as pool:
            under_way: deque[Future[list[Record]]] = deque()
            for chunk in _chunks(chain(head, todo)):
                under_way.append(pool.submit(_read_chunk, chunk))
                if len(under_way) > 4 * processes:
                    yield from under_way.popleft().result()
            while under_way:
                yield from under_way.popleft().result()
    except BrokenProcessPool:
        raise OperationalError(
            "A process that read cards was ended from outside (out of memory?); what was landed is kept, run the "
            "same command again, with fewer --processes."
        ) from None


def _chunks(cards: Iterator[Card]) -> Iterator[list[Card]]:
    while chunk := list(islice(cards, _CHUNK)):
        yield chunk


def _read_chunk(cards: list[Card]) -> list[Record]:
    return [read(card) for card in cards]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise :class:`TimeoutError` after so long, where this is a main thread and the system has such a clock."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(_number: int, _frame: Any) -> None:
        raise TimeoutError(f"not read within {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
