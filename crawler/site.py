"""Hubs that are web sites: pages for people, or a saved copy of them, become one run.

The listing is walked first, then the pages of every model in it, one request at a time; each page lands as sent,
with what the hub's pure reader finds in it beside. Only from what was found are the facts records made, and from the
pages' texts the cards: reading again needs no network. Every walk journals its cursor behind what is on disk.

A page that is missing (404) or not for everybody (401, 403) is an observation and lands; a page that cannot be had,
or cannot be read, is a failure: the run goes on and ends as partial. A listing that cannot be read ends the crawl.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urljoin

import msgspec

from crawler import cards
from crawler.archive import digest, open_copy
from crawler.repository import BUNDLE_BYTES, BUNDLE_RECORDS, _unpack
from crawler.session import Response, Session, origin
from crawler.source import RESUME, Progress
from crawler.tree import Malformed, ShapeError
from landing import Manifest, OperationalError, Record, Run, RunWriter, TransientError
from landing.clock import now

MAX_PAGE = 16 << 20
MAX_LISTING = 10_000
# So many models in a row that fail: the site is down, not the models.
_HOPELESS = 25
_BAD_ENTRY = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError)

Tell = Callable[[Progress], None]


class Visit:
    """One run over one site, from where it stands to its end."""

    def __init__(
        self,
        module: ModuleType,
        session: Session,
        writer: RunWriter,
        source: Path | None = None,
        limit: int | None = None,
        wanted: Iterable[str] = (),
    ) -> None:
        """Take up the run where its journal ends."""
        self.module, self.session, self.writer = module, session, writer
        self.source, self.limit, self.wanted = source, limit, frozenset(wanted)
        self.hub = module.Hub(session.endpoint)
        self.tell: Tell = lambda _progress: None
        self.faults = 0

    def whole(self, observed_at: datetime | None = None, tell: Tell | None = None) -> Manifest:
        """Fetch, land, read, seal."""
        self.tell = tell or self.tell
        if self.source:
            self._copy(self.source)
        else:
            self._listing()
            self._pages()
        library = self.module.Library(self._said())
        self._models(library)
        self._cards(library)
        return self.writer.finish(
            # A saved copy need not hold the whole listing: there absence proves nothing.
            complete=self.limit is None and not (self.source or self.faults or self.writer.failures),
            observed_at=observed_at,
            counts=self._counts(),
            requests=self.session.budget.report(),
        )

    # ------------------------------------------------------------ fetching

    def _listing(self) -> None:
        """The pages that list models, to the last."""
        cursor, done = self.writer.cursors.get("listing", (None, False))
        at = cursor or {"url": self.hub.listing()[0].url, "pages": 0}
        while not done:
            try:
                response = self._get(at["url"])
            except TransientError as error:
                said = str(error).rstrip(".")
                raise OperationalError(f"{said}, again and again; what was landed is kept, {RESUME}") from error
            if response.status != 200:
                raise OperationalError(f"The site answers {response.status} to its listing {at['url'][:200]}.")
            key = f"listing/{at['pages'] + 1:04d}"
            record = self._read(key, at["url"], response.body, response, during="listing")
            if record.decoded is None or record.decoded["page"] != "listing":
                raise ShapeError(f"The hub has changed its shape: {at['url'][:200]} is no listing of models.")
            following = urljoin(at["url"], record.decoded.get("next") or "")
            at = {"url": following, "pages": at["pages"] + 1}
            done = not record.decoded.get("next") or origin(following) != origin(self.session.endpoint)
            done = done or at["pages"] >= MAX_LISTING or not record.decoded["models"]
            self.writer.write_records([record], walk="listing", cursor=at, done=done)

    def _names(self) -> list[str]:
        """The models of the landed listing, once each, in its order."""
        entries = (entry for page in self._said().values() if page["page"] == "listing" for entry in page["models"])
        names = list(dict.fromkeys(entry["id"] for entry in entries if "id" in entry))
        return names if self.limit is None else names[: self.limit]

    def _pages(self) -> None:
        """The pages of every model that the listing shows."""
        cursor, done = self.writer.cursors.get("pages", (0, False))
        if done:
            return
        bundle: list[Record] = []
        in_a_row = number = 0
        names = self._names()
        for number, name in enumerate(names, 1):
            if number <= (cursor or 0):
                continue
            found, failed = self._model(name)
            in_a_row = 0 if found else in_a_row + bool(failed)
            if in_a_row >= _HOPELESS:
                raise OperationalError(
                    f"{failed} So do the {_HOPELESS} models before; run the same command again later."
                )
            bundle += found
            if len(bundle) >= BUNDLE_RECORDS or sum(len(record.body) for record in bundle) >= BUNDLE_BYTES:
                self.writer.write_records(bundle, walk="pages", cursor=number)
                self.tell(Progress("pages", self.writer.landed, number, len(names)))
                bundle = []
        if bundle:
            self.writer.write_records(bundle, walk="pages", cursor=number)
        self.writer.mark("pages", number, done=True)

    def _model(self, name: str) -> tuple[list[Record], str]:
        """What the pages of one model gave, and why the last that failed did."""
        found, failed = [], ""
        for key, url in self.hub.addresses(name, self.wanted):
            try:
                response = self._get(url)
            except (TransientError, OperationalError) as error:
                failed = str(error)
                self.writer.fail(key, failed, url=url, during="pages")
                continue
            found.append(self._read(key, url, response.body, response, during="pages"))
        return found, failed

    def _get(self, url: str) -> Response:
        """An answer, asked for again while it is not whole: a body can stop in silence."""
        for attempt in range(4):
            response = self.session.get(url, cap=MAX_PAGE)
            if response.status != 200 or self.module.is_whole(response.body):
                return response
            self.session.budget.count("retries")
            self.session.budget.pause(self.session.patience.base * 2**attempt)
        raise TransientError(f"{url[:200]} keeps coming cut off.")

    def _read(self, key: str, url: str, body: bytes, response: Response | None = None, during: str = "") -> Record:
        """The envelope of one page, with what it says beside; a page that says nothing is noted."""
        status = response.status if response else 200
        said: dict[str, Any] | None = None
        if status == 200:
            try:
                said = self.module.read(key, body)
            except Malformed as error:
                if response:
                    self.writer.fail(key, f"cannot be read: {error}", url=url, during=during)
        return Record(
            kind="page",
            key=key,
            url=url,
            status=status,
            fetched_at=response.received if response else now(),
            body=body,
            etag=response.etag if response else None,
            decoded=said,
            decoder=self.module.DECODER if said is not None else None,
        )

    # ------------------------------------------------------------ a saved copy

    def _copy(self, source: Path) -> None:
        """Land the pages of a saved copy; a file that is no page of the site is passed over and counted."""
        copy = open_copy(source, self.module.wanted)
        sha256 = copy.sha256 or digest(copy.files(self.module.wanted))
        saved, done = self.writer.cursors.get("pages", (None, False))
        if saved and saved["sha256"] != sha256:
            raise OperationalError(
                f"{source} has changed since this run began; bring it back, or give the run up with --fresh."
            )
        at = saved or {"sha256": sha256, "files": 0, "others": 0}
        files = enumerate(copy.files(self.module.wanted), 1)
        while not done and (chunk := list(islice(files, BUNDLE_RECORDS))):
            read = [self._read(path, path, body) for number, (path, body) in chunk if number > at["files"]]
            bundle = [record for record in read if record.decoded is not None]
            at = {**at, "files": chunk[-1][0], "others": at["others"] + len(read) - len(bundle)}
            if bundle:
                self.writer.write_records(bundle, walk="pages", cursor=at)
                self.tell(Progress("pages", self.writer.landed, at["files"]))
        self.writer.mark("pages", at, done=True)

    # ------------------------------------------------------------ from what was landed

    def _said(self) -> dict[str, dict[str, Any]]:
        """What was read from every landed page, by the page's name."""
        run = Run(self.writer.folder, self.writer.manifest)
        said = {}
        for part in run.parts():
            if part.kind == "page":
                for line in _unpack(run, part).splitlines():
                    envelope = msgspec.json.decode(line, type=_Envelope)
                    if envelope.decoded is not None:
                        said[envelope.key] = envelope.decoded
        return said

    def _models(self, library: Any) -> None:
        """The facts records, in pages whose records state the same fields."""
        cursor, done = self.writer.cursors.get("models", (None, False))
        at = cursor or {"pages": 0, "faults": 0}
        self.faults = at["faults"]
        if done:
            return
        number = 0
        for number, (states, names) in enumerate(_alike(library, self.limit), 1):
            if number > at["pages"]:
                records = [record for name in names for record in self._decoded(library, name)]
                at = {"pages": number, "faults": self.faults}
                self._page(records, states, at)
        faults = [_fault("listing", reason) for reason in library.faults]
        self.faults += len(faults)
        if faults:
            at = {"pages": number + 1, "faults": self.faults}
            self._page(faults, (), at, done=True)
        else:
            self.writer.mark("models", at, done=True)

    def _decoded(self, library: Any, name: str) -> Iterator[bytes]:
        """The records of one model as JSON; a bad entry becomes a record of its fault."""
        try:
            yield from [msgspec.json.encode(record) for record in library.decode(name)]
        except _BAD_ENTRY as error:
            self.faults += 1
            yield _fault(name, str(error) if isinstance(error, Malformed) else f"{type(error).__name__}: {error}")

    def _page(self, records: list[bytes], states: tuple[str, ...], at: dict[str, int], *, done: bool = False) -> None:
        self.writer.write_page(
            b"[" + b",\n".join(records) + b"]",
            kind="models",
            key=f"models/{at['pages']:06d}",
            url=self.session.endpoint,
            records=len(records),
            fields=("id", "owner", "url", "extra", "_fault", "_unit", *states),
            fetched_at=now(),
            walk="models",
            cursor=at,
            done=done,
        )
        self.tell(Progress("models", self.writer.landed, self.writer.records))

    def _cards(self, library: Any) -> None:
        """The cards that pages hold."""
        if self.writer.cursors.get("cards", (None, False))[1]:
            return
        moment = now()
        bundle: list[Record] = []
        for _, names in _alike(library, self.limit):
            for name in names:
                if (text := library.readme(name)) is not None:
                    body = text.encode("utf-8", "replace")
                    said = cards.decode(body)
                    url = f"{self.session.endpoint}/{name}"
                    bundle.append(Record("card", name, url, 200, moment, body, decoded=said, decoder=cards.VERSION))
        if bundle:
            self.writer.write_records(bundle, walk="cards", done=True)
        else:
            self.writer.mark("cards", None, done=True)

    def _counts(self) -> dict[str, int]:
        counts = {"faults": self.faults}
        for part in Run(self.writer.folder, self.writer.manifest).parts():
            counts[part.kind] = counts.get(part.kind, 0) + part.records
        return counts


class _Envelope(msgspec.Struct):
    key: str
    decoded: dict[str, Any] | None = None


def _alike(library: Any, limit: int | None) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Models in bundles of which the same is known, always in the same order."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in islice(library.units(), limit):
        groups.setdefault(library.states(name), []).append(name)
    for states, names in groups.items():
        for start in range(0, len(names), BUNDLE_RECORDS):
            yield states, names[start : start + BUNDLE_RECORDS]


def _fault(unit: str, reason: str) -> bytes:
    said = {"_unit": unit[:1000], "_fault": reason[:500]}
    return msgspec.json.encode({key: text.encode("utf-8", "replace").decode() for key, text in said.items()})
