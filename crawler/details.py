"""Per-model detail: cards, file trees, commits, discussions, heads of safetensors files.

Each costs at least one request per model, so only models whose commit has not been seen with that
detail are asked for, and only where their files say that there is something to get. Owners are
asked for once each, however many models they have, and again after a month. What was fetched
lands in bundles of envelopes; on resume, what is in the journal is not fetched again.

A refusal (401, 403) or an absence (404) is an observation and lands as such. A hub that keeps
failing is a failure: the run goes on, ends as partial, and lists it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from crawler import cards, headers, licence_text
from crawler.hubs.huggingface import is_id, may_read
from crawler.pool import spread
from crawler.session import Response, Session
from crawler.source import Progress
from crawler.todo import ORGANISATION, Model, Todo
from landing import OperationalError, Record, RunWriter, TransientError, Zone

KINDS = {
    "cards": "card",
    "commits": "commits",
    "discussions": "discussions",
    "files": "tree",
    "headers": "header",
    "licences": "licence-text",
    "owners": "owner",
}
CARD_CAP = 5 << 20
JSON_CAP = 64 << 20
MAX_PAGES = 200
MAX_HEADERS = 8
LICENCE_CAP = 512 << 10
MAX_LICENCES = 5
BUNDLE_RECORDS, BUNDLE_BYTES = 200, 8 << 20
THREADS = 8
# So many models in a row that fail: the hub is down, not the models.
_HOPELESS = 25

_rows = msgspec.json.Decoder(msgspec.Raw)


class _Discussions(msgspec.Struct):
    discussions: list[msgspec.Raw] = []
    count: int = 0


@dataclass(slots=True)
class Fetched:
    """What one model gave."""

    model: Model
    records: list[Record] = field(default_factory=list)
    failure: str | None = None
    url: str = ""


class Details:
    """Fetches details for the models of one run."""

    def __init__(
        self,
        session: Session,
        hub: Any,
        writer: RunWriter,
        zone: Zone,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """Nothing is asked for yet."""
        self.session, self.hub, self.writer, self.zone = session, hub, writer, zone
        self._tell = on_progress or (lambda _progress: None)

    def fetch(self, details: Iterable[str]) -> None:
        """Fetch each detail for the models that lack it."""
        with Todo(self.zone, self.writer) as todo:
            for detail in details:
                total = todo.choose(detail, KINDS[detail])
                self._land(detail, total, todo)

    def _land(self, detail: str, total: int, todo: Todo) -> None:
        bundle: list[Record] = []
        done = in_a_row = 0
        askable = (model for model in todo.models() if is_id(model.id))
        try:
            for fetched in spread(lambda model: self._one(detail, model), askable, THREADS):
                done += 1
                in_a_row = in_a_row + 1 if fetched.failure else 0
                self._note(detail, fetched, in_a_row)
                bundle += fetched.records
                if len(bundle) >= BUNDLE_RECORDS or sum(len(record.body) for record in bundle) >= BUNDLE_BYTES:
                    bundle = self._flush(detail, bundle)
                    self._tell(Progress(detail, self.writer.landed, done, total))
        finally:
            self._flush(detail, bundle)
        self._tell(Progress(detail, self.writer.landed, done, total))

    def _note(self, detail: str, fetched: Fetched, in_a_row: int) -> None:
        if fetched.failure is None:
            return
        if in_a_row >= _HOPELESS:
            raise OperationalError(
                f"{fetched.failure} So do the {_HOPELESS} before; run the same command again later."
            )
        # A run that is taken up again asks for everything that has not landed, so this counts only if it is not.
        name = f"{KINDS[detail]}:{fetched.model.id}"
        self.writer.fail(name, fetched.failure, url=fetched.url, during=f"{detail}-asked")

    def _flush(self, detail: str, bundle: list[Record]) -> list[Record]:
        if bundle:
            self.writer.write_records(bundle, walk=detail)
        return []

    def _one(self, detail: str, model: Model) -> Fetched:
        """Everything of one detail for one model; a hub that fails for it is noted."""
        fetched = Fetched(model)
        try:
            fetched.records = list(getattr(self, f"_{detail}")(model))
        except (TransientError, OperationalError) as error:
            fetched.records, fetched.failure = [], str(error)
        return fetched

    def _cards(self, model: Model) -> Iterator[Record]:
        url = self.hub.card_url(model.id, model.sha)
        response = self._whole(url, model)
        decoded = cards.decode(response.body, truncated=response.truncated) if response.status == 200 else None
        yield _record("card", model, url, response, decoded, cards.VERSION)

    def _whole(self, url: str, model: Model, cap: int = CARD_CAP) -> Response:
        """A small file, asked for again while it is not what its ETag (its Git blob id) says.

        A body that stops early without having announced its length shows in no other way.
        """
        for attempt in range(4):
            response = self.session.get(url, library=model.library, cap=cap, elsewhere=True)
            if response.status != 200 or response.truncated or _is_blob(response.body, response.etag):
                return response
            self.session.budget.count("retries")
            self.session.budget.pause(self.session.patience.base * 2**attempt)
        raise TransientError(f"{url} keeps coming with other bytes than its ETag says.")

    def _licences(self, model: Model) -> Iterator[Record]:
        """Licence files, those first that are named as such; notices and use policies come last."""
        paths = [path for path in model.files if may_read(path, model.library)]
        for path in sorted(paths, key=licence_text.order)[:MAX_LICENCES]:
            url = self.hub.file_url(model.id, model.sha, path)
            response = self._whole(url, model, LICENCE_CAP)
            read = response.status == 200
            decoded = licence_text.decode(response.body, path, truncated=response.truncated) if read else None
            yield _record("licence-text", model, url, response, decoded, licence_text.VERSION)

    def _files(self, model: Model) -> Iterator[Record]:
        return self._pages("tree", model, self.hub.tree_url(model.id, model.sha))

    def _commits(self, model: Model) -> Iterator[Record]:
        return self._pages("commits", model, self.hub.commits_url(model.id, model.sha))

    def _pages(self, kind: str, model: Model, url: str) -> Iterator[Record]:
        """Pages that lead on by their ``Link``."""
        for _ in range(MAX_PAGES):
            response = self._json(url)
            yield _record(kind, model, url, response)
            following = self.hub.next_url(response)
            if response.status != 200 or not following or following == url:
                return
            url = following

    def _discussions(self, model: Model) -> Iterator[Record]:
        """Pages by number; the answer says how many discussions there are."""
        seen = 0
        for page in range(MAX_PAGES):
            url = self.hub.discussions_url(model.id, page)
            response = self._json(url)
            yield _record("discussions", model, url, response)
            if response.status != 200:
                return
            answer = msgspec.json.decode(response.body, type=_Discussions)
            seen += len(answer.discussions)
            if not answer.discussions or seen >= answer.count:
                return

    def _owners(self, owner: Model) -> Iterator[Record]:
        """What the hub says of an owner; a name that is of the other kind is a 404, which lands too."""
        for url in self.hub.owner_urls(owner.id, organisation=owner.library == ORGANISATION):
            response = self._json(url)
            yield _record("owner", owner, url, response)
            if response.status != 404:
                return

    def _headers(self, model: Model) -> Iterator[Record]:
        """The heads of the first few safetensors files, those at the top first."""
        paths = [path for path in model.files if path.endswith(".safetensors") and may_read(path, model.library)]
        for path in sorted(paths, key=lambda path: (path.count("/"), path))[:MAX_HEADERS]:
            url = self.hub.file_url(model.id, model.sha, path)
            response = self._range(url, model, 0, headers.FIRST_READ - 1)
            if response.status not in (200, 206):
                yield _record("header", model, url, response)
                continue
            yield self._header(model, path, url, response)

    def _header(self, model: Model, path: str, url: str, response: Response) -> Record:
        body, length = response.body, headers.length(response.body)
        about: dict[str, Any] = {"path": path, "file_size": _file_size(response)}
        if length is None:
            about |= headers.decode(b"{}") | {"error": "no header of a possible length"}
            return _record("header", model, url, response, about, headers.VERSION, b"")
        if len(body) < 8 + length:
            rest = self._range(url, model, len(body), 7 + length)
            if rest.status != 206 or len(body) + len(rest.body) < 8 + length:
                raise OperationalError(f"The rest of the header of {model.id}/{path} cannot be read ({rest.status}).")
            body += rest.body
        header = body[8 : 8 + length]
        return _record("header", model, url, response, about | headers.decode(header), headers.VERSION, header)

    def _range(self, url: str, model: Model, first: int, last: int) -> Response:
        asked = {"Range": f"bytes={first}-{last}", "Accept-Encoding": "identity"}
        return self.session.get(url, headers=asked, library=model.library, cap=last - first + 1, elsewhere=True)

    def _json(self, url: str) -> Response:
        """An answer that is JSON, asked for again while it is not."""
        for attempt in range(4):
            response = self.session.get(url, cap=JSON_CAP)
            if response.status != 200 or _is_json(response.body):
                return response
            self.session.budget.count("retries")
            self.session.budget.pause(self.session.patience.base * 2**attempt)
        raise TransientError(f"{url.partition('?')[0]} does not answer in JSON.")


def _is_blob(body: bytes, etag: str | None) -> bool:
    """Whether ``body`` has the Git blob id that the ETag states; an ETag of another kind proves nothing."""
    stated = (etag or "").removeprefix("W/").strip('"').lower()
    if len(stated) != 40 or set(stated) - set("0123456789abcdef"):
        return True
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest() == stated


def _is_json(body: bytes) -> bool:
    try:
        _rows.decode(body)
        body.decode("utf-8")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return True


def _file_size(response: Response) -> int | None:
    """The size of the whole file, from ``Content-Range: bytes 0-65535/1234567``."""
    total = response.headers.get("Content-Range", "").rpartition("/")[2]
    return int(total) if total.isdigit() and len(total) < 19 else None


def _record(
    kind: str,
    model: Model,
    url: str,
    response: Response,
    decoded: Any = None,
    decoder: str | None = None,
    body: bytes | None = None,
) -> Record:
    """The envelope. The URL is the one asked for: where a redirect led to may carry a signature."""
    return Record(
        kind=kind,
        key=model.id,
        url=url,
        status=200 if response.status == 206 else response.status,
        fetched_at=response.received,
        body=response.body if body is None else body,
        etag=response.etag,
        revision=model.sha or None,
        decoded=decoded,
        decoder=decoder if decoded is not None else None,
    )
