"""Hubs that live in a Git repository: one archive by commit, or a copy at hand, becomes one run.

Three walks, each with its cursor behind what is on disk: the wanted files land unchanged as envelopes; the facts
records that the hub's decoder reads from those landed files land as pages; the model cards land as cards do
everywhere. A kill costs at most the bundle that was being written.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import zstandard

from crawler import cards
from crawler.archive import Copy, digest, is_whole, open_copy
from crawler.session import Session
from crawler.source import Progress
from crawler.tree import MAX_FILE, ShapeError, Tree
from landing import Manifest, OperationalError, Part, Record, Run, RunWriter
from landing.clock import now
from landing.errors import storage

FORGE = "https://api.github.com"
BUNDLE_RECORDS, BUNDLE_BYTES = 200, 8 << 20
MAX_ARCHIVE = 4 << 30
# How often an archive that comes cut off is asked for again.
_AGAIN = 3
# What a decoder may let pass for one bad entry; everything else is a defect of the decoder.
_BAD_ENTRY = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError)


class Gathering:
    """One run over one repository, from where it stands to its end."""

    def __init__(
        self,
        module: ModuleType,
        session: Session,
        writer: RunWriter,
        source: Path | None,
        limit: int | None,
        tell: Any,
    ) -> None:
        """Take up the run where its journal ends."""
        self.module, self.session, self.writer = module, session, writer
        self.source, self.limit = source, limit
        self.tell = tell or (lambda _progress: None)
        self.units = self.faults = 0

    def whole(self, observed_at: datetime | None = None) -> Manifest:
        """Fetch, land, decode, seal."""
        facts = self._facts()
        self._files(facts)
        self._models(Tree(self.module.REPOSITORY, Landed(self.writer), facts["commit"]))
        self._cards()
        (self.writer.folder / "archive").unlink(missing_ok=True)
        self.writer.manifest.config["repository"] = {"name": self.module.REPOSITORY, **facts}
        return self.writer.finish(
            # An entry that could not be read hides a model: then absence proves nothing.
            complete=self.limit is None and not self.faults and not self.writer.failures,
            observed_at=observed_at,
            counts=self._counts(),
            requests=self.session.budget.report(),
        )

    # ------------------------------------------------------------ the repository

    def _facts(self) -> dict[str, Any]:
        """Which state of the repository this run is about; asked once, then journaled."""
        saved: dict[str, Any] | None = self.writer.cursors.get("repository", (None, False))[0]
        if saved:
            return saved
        if self.source:
            copy = open_copy(self.source, self.module.wanted)
            sha256 = copy.sha256 or digest(copy.files(self.module.wanted))
            facts = {"commit": copy.commit, "sha256": sha256, "url": self.source.name}
        else:
            commit = self._commit()
            url = f"{self.session.endpoint}/repos/{self.module.REPOSITORY}/tarball/{commit}"
            facts = {"commit": commit, "sha256": self._fetch(url), "url": url}
        self.writer.mark("repository", facts, done=True)
        return facts

    def _commit(self) -> str:
        """The commit that the branch stands at."""
        url = f"{self.session.endpoint}/repos/{self.module.REPOSITORY}/commits/{self.module.BRANCH}"
        response = self.session.get(url, headers={"Accept": "application/vnd.github+json"}, cap=16 << 20)
        if response.status != 200:
            said = response.body[:200].decode("utf-8", "replace")
            raise OperationalError(
                f"The forge answers {response.status} to {self.module.REPOSITORY}@{self.module.BRANCH}: {said}"
            )
        try:
            sha = msgspec.json.decode(response.body).get("sha")
        except (msgspec.MsgspecError, AttributeError):
            sha = None
        if not isinstance(sha, str) or not sha.isalnum():
            raise ShapeError(f"The forge has changed its shape: the commit of {url} has no field 'sha'.")
        return sha

    def _fetch(self, url: str) -> str:
        """The archive, whole or not at all; returns its hash."""
        target = self.writer.folder / "archive"
        for attempt in range(_AGAIN):
            with storage(target, "write"):
                response, sha256 = self.session.save(url, target, cap=MAX_ARCHIVE)
            if response.status != 200:
                raise OperationalError(f"The forge answers {response.status} to the archive {url}.")
            if is_whole(target):
                return sha256
            # A body that stops early without having announced its length shows in no other way.
            target.unlink()
            self.session.budget.count("retries")
            self.session.budget.pause(self.session.patience.base * 2**attempt)
        raise OperationalError(f"The archive {url} keeps coming cut off; run the same command again later.")

    def _copy(self, facts: dict[str, Any]) -> Copy:
        path = self.source or self.writer.folder / "archive"
        if not self.source and not path.is_file():
            self._fetch(facts["url"])
        copy = open_copy(path, self.module.wanted)
        if self.source and (copy.sha256 or digest(copy.files(self.module.wanted))) != facts["sha256"]:
            raise OperationalError(
                f"{path} has changed since this run began; bring it back, or give the run up with --fresh."
            )
        return copy

    # ------------------------------------------------------------ the walks

    def _files(self, facts: dict[str, Any]) -> None:
        """Land every wanted file as it is."""
        cursor, done = self.writer.cursors.get("files", (0, False))
        if done:
            return
        copy, moment = self._copy(facts), now()
        bundle: list[Record] = []
        number = size = 0
        for path, body in copy.files(self.module.wanted):
            number += 1
            if number <= (cursor or 0):
                continue
            if len(body) > MAX_FILE:
                self.writer.fail(path, f"longer than {MAX_FILE >> 20} MiB", url=path, during="files")
                continue
            url = f"https://github.com/{self.module.REPOSITORY}/blob/{facts['commit'] or 'HEAD'}/{path}"
            bundle.append(Record("file", path, url, 200, moment, body, revision=facts["commit"]))
            size += len(body)
            if len(bundle) >= BUNDLE_RECORDS or size >= BUNDLE_BYTES:
                self.writer.write_records(bundle, walk="files", cursor=number)
                self.tell(Progress("files", self.writer.landed, number))
                bundle, size = [], 0
        if bundle:
            self.writer.write_records(bundle, walk="files", cursor=number)
        self.writer.mark("files", number, done=True)

    def _models(self, tree: Tree) -> None:
        """Decode unit by unit; land the records as pages, with how many units they stand for."""
        hub = self.module.Hub(tree)
        cursor, done = self.writer.cursors.get("models", (None, False))
        at = cursor or {"units": 0, "records": 0, "faults": 0}
        self.faults = at["faults"]
        if done:
            return
        page: list[bytes] = []
        position = 0
        for position, unit in enumerate(hub.units(), 1):
            if position <= at["units"]:
                continue
            for record in self._decoded(hub, unit):
                page.append(record)
            enough = self.limit is not None and at["records"] + len(page) >= self.limit
            if enough or len(page) >= BUNDLE_RECORDS or sum(map(len, page)) >= BUNDLE_BYTES:
                at, page = self._page(page, position, at), []
            if enough:
                break
        if page:
            at = self._page(page, position, at)
        self.writer.mark("models", at, done=True)

    def _decoded(self, hub: Any, unit: str) -> Iterator[bytes]:
        """The records of one unit as JSON; a bad entry becomes a record of its fault."""
        try:
            yield from [msgspec.json.encode(dict(record)) for record in hub.decode(unit)]
        except _BAD_ENTRY as error:
            self.faults += 1
            reason = str(error) if type(error).__name__ == "Malformed" else f"{type(error).__name__}: {error}"
            fault = {"_unit": str(unit)[:1000], "_fault": reason[:500]}
            yield msgspec.json.encode({key: text.encode("utf-8", "replace").decode() for key, text in fault.items()})

    def _page(self, page: list[bytes], position: int, at: dict[str, int]) -> dict[str, int]:
        after = {"units": position, "records": at["records"] + len(page), "faults": self.faults}
        self.writer.write_page(
            b"[" + b",\n".join(page) + b"]",
            kind="models",
            key=f"models/{position:06d}",
            url=f"https://github.com/{self.module.REPOSITORY}",
            records=len(page),
            fields=stated(self.module.STATES),
            fetched_at=now(),
            walk="models",
            cursor=after,
        )
        self.tell(Progress("models", self.writer.landed, after["records"]))
        return after

    def _cards(self) -> None:
        """The cards that the records point to."""
        cursor, done = self.writer.cursors.get("cards", (0, False))
        if done:
            return
        files, moment = Landed(self.writer), now()
        bundle: list[Record] = []
        number = 0
        for number, (name, path) in enumerate(_pointed(self.writer), 1):
            if number <= (cursor or 0) or path not in files:
                continue
            body = files[path]
            url = f"https://github.com/{self.module.REPOSITORY}/blob/HEAD/{path}"
            decoded = cards.decode(body)
            bundle.append(Record("card", name, url, 200, moment, body, decoded=decoded, decoder=cards.VERSION))
            if len(bundle) >= BUNDLE_RECORDS or sum(len(record.body) for record in bundle) >= BUNDLE_BYTES:
                self.writer.write_records(bundle, walk="cards", cursor=number)
                bundle = []
        if bundle:
            self.writer.write_records(bundle, walk="cards", cursor=number)
        self.writer.mark("cards", number, done=True)

    def _counts(self) -> dict[str, int]:
        counts = {"faults": self.faults}
        for part in Run(self.writer.folder, self.writer.manifest).parts():
            counts[part.kind] = counts.get(part.kind, 0) + part.records
        return counts


def stated(states: tuple[str, ...]) -> list[str]:
    """The fields of the facts records of a hub that can state these facts."""
    several = {"papers": ("arxiv", "doi", "papers"), "licence": ("licence", "licence_link")}
    fields = [name for state in states for name in several.get(state, (state,))]
    return ["id", "owner", "url", "extra", "_fault", "_unit", *fields]


def _pointed(writer: RunWriter) -> Iterator[tuple[str, str]]:
    """Model ids with the paths of their cards, in the order landed."""
    run = Run(writer.folder, writer.manifest)
    for part in run.parts():
        if part.kind == "models":
            for record in msgspec.json.decode(_unpack(run, part)):
                if isinstance(record.get("card"), str) and isinstance(record.get("id"), str):
                    yield record["id"], record["card"]


class Landed(Mapping[str, bytes]):
    """The files that a run has landed, read from its parts when asked; a few parts stay in memory."""

    def __init__(self, writer: RunWriter, keep: int = 8) -> None:
        """Note which part holds which file."""
        self._run, self._keep = Run(writer.folder, writer.manifest), keep
        self._recent: OrderedDict[str, dict[str, bytes]] = OrderedDict()
        self._where: dict[str, Part] = {}
        for part in self._run.parts():
            if part.kind == "file":
                self._where.update(dict.fromkeys(self._bodies(part), part))

    def __getitem__(self, path: str) -> bytes:
        """The file's bytes."""
        return self._bodies(self._where[path])[path]

    def __iter__(self) -> Iterator[str]:
        """The paths."""
        return iter(self._where)

    def __len__(self) -> int:
        """How many files."""
        return len(self._where)

    def _bodies(self, part: Part) -> dict[str, bytes]:
        if part.path not in self._recent:
            lines = _unpack(self._run, part).splitlines()
            self._recent[part.path] = dict(map(_opened, lines))
            if len(self._recent) > self._keep:
                self._recent.popitem(last=False)
        self._recent.move_to_end(part.path)
        return self._recent[part.path]


class _Envelope(msgspec.Struct):
    key: str
    body: str | None = None
    body_base64: bytes | None = None


_envelope = msgspec.json.Decoder(_Envelope)


def _opened(line: bytes) -> tuple[str, bytes]:
    envelope = _envelope.decode(line)
    return envelope.key, envelope.body.encode() if envelope.body is not None else envelope.body_base64 or b""


def _unpack(run: Run, part: Part) -> bytes:
    with run.path(part).open("rb") as handle, zstandard.ZstdDecompressor().stream_reader(handle) as stream:
        return stream.read()
