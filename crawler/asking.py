"""Second requests: what a hub says about a model only when asked for that model.

A hub's ``asks`` turns a record of the listing into requests, its ``after`` an answer into further ones (the next
page, a manifest that a list names), its ``decode`` a body that is not JSON into what mappings read. Records are taken
from the pages that this run has landed, so a crawl that was cut off goes on where its bundles end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby, islice
from typing import Any, Protocol

import msgspec
import zstandard

from crawler.pool import spread
from crawler.session import Response, Session
from crawler.source import Progress
from landing import OperationalError, Record, Run, RunWriter, TransientError

THREADS = 4
CHUNK = 100
BUNDLE_RECORDS, BUNDLE_BYTES = 200, 8 << 20
# A model whose answers lead on and on is left after so many.
MAX_ASKS = 2000
# So many models in a row that fail: the hub is down, not the models.
_HOPELESS = 25

_raw = msgspec.json.Decoder(msgspec.Raw)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request about one model: the ``kind`` its envelope will have, the model's id, where."""

    kind: str
    key: str
    url: str
    cap: int = 64 << 20


class Asked(Protocol):
    """What the loop needs to know about a hub."""

    def asks(self, record: dict[str, Any], wanted: frozenset[str]) -> Iterable[Ask]:
        """The requests that a record of the listing calls for."""

    def after(self, ask: Ask, response: Response) -> Iterable[Ask]:
        """The requests that an answer calls for."""

    def decode(self, ask: Ask, response: Response) -> tuple[Any, str] | None:
        """What a body that is not JSON says, and the version of the code that read it."""


@dataclass(slots=True)
class _Answered:
    records: list[Record] = field(default_factory=list)
    failure: tuple[Ask, str] | None = None


class Asking:
    """The second requests of one run."""

    def __init__(
        self,
        session: Session,
        hub: Asked,
        writer: RunWriter,
        on_progress: Callable[[Progress], None] | None = None,
        fields: Iterable[str] = (),
    ) -> None:
        """Nothing is asked for yet; ``fields`` are what answers of the kind ``detail`` state."""
        self.session, self.hub, self.writer, self.fields = session, hub, writer, tuple(fields)
        self._tell = on_progress or (lambda _progress: None)
        self._in_a_row = 0

    def fetch(self, wanted: Iterable[str]) -> None:
        """Ask about every model of this run's listing, once each."""
        chosen = frozenset(wanted)
        cursor, done = self.writer.cursors.get("details", (0, False))
        if done:
            return
        models = _unrepeated(_listed(self.writer))
        position = sum(1 for _ in islice(models, cursor or 0))
        while chunk := list(islice(models, CHUNK)):
            position += len(chunk)
            answers: dict[int, _Answered] = {}
            for place, answered in spread(lambda job: (job[0], self._one(job[1], chosen)), enumerate(chunk), THREADS):
                self._note(answered)
                answers[place] = answered
            records: dict[str, list[Record]] = {}
            # In the order of the listing, so that a chunk lands in the same bundles whenever it is asked for.
            for record in chain.from_iterable(answers[place].records for place in sorted(answers)):
                records.setdefault(record.kind, []).append(record)
            self._land(records, position)
            self._tell(Progress("details", self.writer.landed, position))
        self.writer.mark("details", position, done=True)

    def _one(self, record: dict[str, Any], wanted: frozenset[str]) -> _Answered:
        """Every answer about one model."""
        answered = _Answered()
        ask = None
        try:
            waiting = list(self.hub.asks(record, wanted))
            while waiting and len(answered.records) < MAX_ASKS:
                ask = waiting.pop(0)
                response = self._whole(ask)
                answered.records.append(self._record(ask, response))
                if response.status == 200:
                    waiting += self.hub.after(ask, response)
        except OperationalError as error:
            answered.failure = (ask or Ask("details", str(record.get("id", "?")), ""), str(error))
        except (KeyError, TypeError, ValueError, AttributeError):
            # A record that is not what records are: the warehouse quarantines it from its page.
            pass
        return answered

    def _whole(self, ask: Ask) -> Response:
        """An answer, asked for again while it says that it is JSON and is not: a body can stop in silence."""
        for attempt in range(4):
            response = self.session.get(ask.url, cap=ask.cap, elsewhere=True)
            if response.status != 200 or "json" not in response.headers.get("Content-Type", "") or _is_json(response):
                return response
            self.session.budget.count("retries")
            self.session.budget.pause(self.session.patience.base * 2**attempt)
        raise TransientError(f"{ask.url.partition('?')[0][:200]} does not answer in JSON.")

    def _record(self, ask: Ask, response: Response) -> Record:
        decoded = self.hub.decode(ask, response) if response.status == 200 else None
        return Record(
            kind=ask.kind,
            key=ask.key,
            url=ask.url,
            status=response.status,
            fetched_at=response.received,
            body=response.body,
            etag=response.etag,
            decoded=decoded[0] if decoded else None,
            decoder=decoded[1] if decoded else None,
        )

    def _note(self, answered: _Answered) -> None:
        if answered.failure is None:
            # A model about which there was nothing to ask says nothing about the hub.
            self._in_a_row = 0 if answered.records else self._in_a_row
            return
        self._in_a_row += 1
        ask, reason = answered.failure
        if self._in_a_row >= _HOPELESS:
            raise TransientError(f"{reason} So do the {_HOPELESS} before; run the same command again later.")
        self.writer.fail(f"{ask.kind}:{ask.key}", reason, url=ask.url, during="details")

    def _land(self, records: dict[str, list[Record]], position: int) -> None:
        """Land a chunk's answers; after a kill between two bundles, what the first one held is not landed again."""
        for kind, found in sorted(records.items()):
            walk = f"details-{kind}"
            at = self.writer.cursors.get(walk, (None, False))[0] or {"position": 0}
            landed = set(at["models"]) if at["position"] == position else set()
            for bundle in _bundles([record for record in found if record.key not in landed]):
                landed |= {record.key for record in bundle}
                fields = self.fields if kind == "detail" else ()
                cursor = {"position": position, "models": sorted(landed)}
                self.writer.write_records(bundle, walk=walk, cursor=cursor, fields=fields)
        self.writer.mark("details", position, done=False)


def _is_json(response: Response) -> bool:
    try:
        _raw.decode(response.body.decode("utf-8"))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return True


def _bundles(records: list[Record]) -> Iterator[list[Record]]:
    """Records in bundles that are not too long; those of one model stay together."""
    bundle: list[Record] = []
    size = 0
    for _, group in groupby(records, lambda record: record.key):
        answers = list(group)
        weight = sum(len(record.body) for record in answers)
        if bundle and (len(bundle) + len(answers) > BUNDLE_RECORDS or size + weight > BUNDLE_BYTES):
            yield bundle
            bundle, size = [], 0
        bundle += answers
        size += weight
    if bundle:
        yield bundle


def _listed(writer: RunWriter) -> Iterator[dict[str, Any]]:
    """The records of the pages landed so far, page by page; what is no object is passed over."""
    run = Run(writer.folder, writer.manifest)
    for part in run.parts():
        if part.kind != "models" or part.format not in ("json-array", "json-object"):
            continue
        with run.path(part).open("rb") as handle, zstandard.ZstdDecompressor().stream_reader(handle) as stream:
            body = stream.read()
        try:
            value = msgspec.json.decode(body.decode("utf-8", "replace"))
        except (msgspec.MsgspecError, RecursionError):
            continue
        for name in filter(None, part.at.split(".")):
            value = value.get(name) if isinstance(value, dict) else None
        yield from (record for record in value or () if isinstance(record, dict))


def _unrepeated(records: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each model once: overlapping pages repeat some."""
    seen: set[int] = set()
    for record in records:
        mark = hash(msgspec.json.encode([record.get(name) for name in ("id", "slug", "name", "ref", "resourceId")]))
        if mark not in seen:
            seen.add(mark)
            yield record
