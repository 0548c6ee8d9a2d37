"""Finding the repositories that may use models: code search in partitions, an owner's repositories, or a list.

Code search shows the first 1,000 files of a question and says how many there are. A question that has more is asked
again for files of half the sizes, as deep as it takes. Every page lands as it came; which questions are left
follows from the journal, so a search that was cut off goes on. What a partition had and what was seen of it stands
in the manifest: files of one size that are more than 1,000, and answers that GitHub itself calls incomplete, are
reported, never hidden.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from crawler.downstream.github import GitHub
from crawler.source import Progress
from landing import Manifest, OperationalError, Run, RunWriter, UsageError, Zone
from landing.clock import now

SOURCE = "downstream-discover"
PARSER = "discover/1"
#: Code search shows so many files for one question, and indexes files up to so many bytes.
CAP, LARGEST = 1000, 384 * 1024
PAGE = 100
# An answer that GitHub calls incomplete is asked for again so often.
_AGAIN = 3
_LIST = 10_000
_NAME = re.compile(r"(?:https?://)?(?:www\.)?(?:github\.com[/:])?([\w.-]+/[\w.-]+?)(?:\.git)?/?$", re.ASCII)
#: The manifest names so many partitions.
SHOWN = 5_000


@dataclass(frozen=True, slots=True)
class Partition:
    """One question for files of some sizes (bytes, both ends included)."""

    question: str
    low: int
    high: int

    @property
    def name(self) -> str:
        """A name that is a file's as well."""
        return f"search-{hashlib.sha256(self.question.encode()).hexdigest()[:12]}-{self.low}-{self.high}"

    @property
    def query(self) -> str:
        """What is asked."""
        whole = (self.low, self.high) == (0, LARGEST)
        return self.question if whole else f"{self.question} size:{self.low}..{self.high}"

    def halves(self) -> tuple[Partition, Partition]:
        """The smaller and the larger files; in the middle of the orders of magnitude, as sizes are spread."""
        middle = min(self.high - 1, max(self.low, int(((self.low + 1) * (self.high + 1)) ** 0.5) - 1))
        return Partition(self.question, self.low, middle), Partition(self.question, middle + 1, self.high)


class Discovery:
    """One run of searches, from where it stands to its end."""

    def __init__(self, hub: GitHub, writer: RunWriter, tell: Callable[[Progress], None] | None = None) -> None:
        """Take up the run where its journal ends."""
        self.hub, self.writer = hub, writer
        self._tell = tell or (lambda _progress: None)
        self._files = 0

    def whole(self) -> Manifest:
        """Ask everything, write the coverage, seal."""
        config = self.writer.manifest.config
        parts = [part for question in config["questions"] for part in self._search(Partition(question, 0, LARGEST))]
        for owner in config["owners"]:
            self._owner(owner)
        found = sum(1 for _ in names(Run(self.writer.folder, self.writer.manifest)))
        coverage = _coverage(parts)
        config["coverage"] = coverage
        return self.writer.finish(
            complete=not self.writer.failures and not coverage["short"],
            counts={"repositories": found},
            requests=self.hub.session.budget.report(),
        )

    def _search(self, part: Partition) -> Iterator[dict[str, Any]]:
        """Walk a partition, or the parts of it; what was seen of each."""
        cursor = self._cursor(part)
        if cursor is None:
            cursor = self._page(part, {"page": 0, "seen": 0})
        if cursor["total"] > CAP and part.low < part.high:
            for half in part.halves():
                yield from self._search(half)
            return
        while not self.writer.cursors[part.name][1]:
            cursor = self._page(part, cursor)
        yield {"question": part.question, "sizes": [part.low, part.high], **cursor}

    def _cursor(self, part: Partition) -> dict[str, Any] | None:
        saved: dict[str, Any] | None = self.writer.cursors.get(part.name, (None, False))[0]
        return saved

    def _page(self, part: Partition, cursor: dict[str, Any]) -> dict[str, Any]:
        """Land the next page of a partition; what was seen of it so far."""
        number = cursor["page"] + 1
        for _ in range(_AGAIN):
            response, body = self.hub.search(part.query, number, PAGE)
            items: Any = body.get("items")
            total: Any = body.get("total_count")
            if not isinstance(items, list) or not isinstance(total, int):
                raise OperationalError("GitHub has changed its shape: code search gives no items or no total_count.")
            if not body.get("incomplete_results"):
                break
        seen = cursor["seen"] + len(items)
        after = {
            "page": number,
            "seen": seen,
            "total": max(total, cursor.get("total", 0)),
            "incomplete": bool(body.get("incomplete_results")) or cursor.get("incomplete", False),
        }
        done = not items or seen >= min(after["total"], CAP) or number * PAGE >= CAP
        self.writer.write_page(
            response.body,
            kind="search",
            key=f"{part.name}/{number:02d}",
            url=response.url,
            records=len(items),
            fields=("repository", "path", "sha"),
            fetched_at=response.received,
            walk=part.name,
            cursor=after,
            done=done,
            etag=response.etag,
            at="items",
        )
        self.writer.cursors[part.name] = (after, done)
        self._files += len(items)
        self._tell(Progress("search", self.writer.landed, self.writer.records))
        return after

    def _owner(self, owner: str) -> None:
        """Land the pages of an owner's repositories."""
        walk = f"owner-{hashlib.sha256(owner.lower().encode()).hexdigest()[:12]}"
        landed, done = self.writer.cursors.get(walk, (0, False))
        if done:
            return
        for number, (response, page) in enumerate(self.hub.repositories(owner), 1):
            if number > (landed or 0):
                self.writer.write_page(
                    response.body,
                    kind="repositories",
                    key=f"{owner}/{number:03d}",
                    url=response.url,
                    records=len(page),
                    fields=("full_name",),
                    fetched_at=response.received,
                    walk=walk,
                    cursor=number,
                    etag=response.etag,
                )
        self.writer.mark(walk, number, done=True)


def _coverage(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """What was seen of what there is, in all and by partition."""
    short = [part for part in parts if part["seen"] < part["total"] or part["incomplete"]]
    total, seen = (sum(part[name] for part in parts) for name in ("total", "seen"))
    return {
        "partitions": len(parts),
        "files": seen,
        "total_count": total,
        "share": round(min(1.0, seen / total), 6) if total else 1.0,
        "short": len(short),
        "per_partition": (short + [part for part in parts if part not in short])[:SHOWN],
    }


def from_list(zone: Zone, path: Path, *, program: str) -> Manifest:
    """Land a list of repositories: names or addresses, one a line, or the first column of a CSV; gzip or not.

    Raises :class:`UsageError` where a file names none. Landing the same file twice gives one run.
    """
    if not path.is_file():
        raise UsageError(f"There is no file {path}.")
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()
    listed, odd = read_list(path)
    if not listed:
        raise UsageError(f"{path} names no repository; write owner/name or an address, one a line.")
    with zone.lock(SOURCE):
        for run in zone.finished(SOURCE):
            if run.manifest.config.get("sha256") == digest:
                return run.manifest
        config = {"list": path.name, "sha256": digest, "questions": [], "owners": []}
        writer = zone.start(SOURCE, kind="import", program=program, parser=PARSER, config=config)
        for start in range(0, len(listed), _LIST):
            page = [{"full_name": name} for name in listed[start : start + _LIST]]
            writer.write_page(
                json.dumps(page).encode(),
                kind="repositories",
                key=f"{path.name}/{start:06d}",
                url="",
                records=len(page),
                fields=("full_name",),
                fetched_at=now(),
                walk="list",
                cursor=start + len(page),
                done=start + _LIST >= len(listed),
            )
        for line in odd[:100]:
            writer.fail(line[:200], "no name of a repository")
        return writer.finish(complete=True, counts={"repositories": len(listed), "lines_left_out": len(odd)})


def read_list(path: Path) -> tuple[list[str], list[str]]:
    """The names in a file, each once in any capitals, and the lines that hold none."""
    found: dict[str, str] = {}
    odd: list[str] = []
    opened: Any = gzip.open if path.suffix == ".gz" else Path.open
    with opened(path, "rt", encoding="utf-8", errors="replace") as lines:
        for row in csv.reader(line.replace("\0", "") for line in lines):
            first = row[0].strip() if row else ""
            if match := _NAME.fullmatch(first):
                found.setdefault(match[1].lower(), match[1])
            elif first and not first.startswith("#"):
                odd.append(first)
    return list(found.values()), odd


def names(run: Run) -> Iterator[str]:
    """The repositories that a run found, each once, in order; only names are kept in memory."""
    seen: set[str] = set()
    for part in run.parts():
        if part.kind not in ("search", "repositories"):
            continue
        with run.path(part).open("rb") as handle, zstandard.ZstdDecompressor().stream_reader(handle) as stream:
            body = msgspec.json.decode(stream.read().decode("utf-8", "replace"))
        for name in _named(body["items"] if part.kind == "search" else body):
            if name.lower() not in seen:
                seen.add(name.lower())
                yield name


def _named(records: Iterable[Any]) -> Iterator[str]:
    for record in records:
        about = record.get("repository", record) if isinstance(record, dict) else None
        name = about.get("full_name") if isinstance(about, dict) else None
        if isinstance(name, str) and (match := _NAME.fullmatch(name)):
            yield match[1]


def search(
    zone: Zone,
    hub: GitHub,
    *,
    questions: list[str],
    owners: list[str],
    fresh: bool,
    program: str,
    tell: Callable[[Progress], None] | None = None,
) -> Manifest:
    """Search code and list owners in one run; goes on with one that was cut off, unless ``fresh``.

    Raises :class:`UsageError` where the unfinished run was asked for something else.
    """
    asked = {"endpoint": hub.endpoint, "questions": questions, "owners": owners}
    with zone.lock(SOURCE):
        writer = take_up(zone, SOURCE, "discover", PARSER, asked, fresh=fresh, program=program)
        try:
            return Discovery(hub, writer, tell).whole()
        except BaseException:
            writer.manifest.requests = hub.session.budget.report()
            writer.save()
            raise


def take_up(
    zone: Zone, source: str, kind: str, parser: str, asked: dict[str, Any], *, fresh: bool, program: str
) -> RunWriter:
    """The unfinished run of a stage where it was asked for the same, else a new one."""
    unfinished = zone.unfinished(source)
    if unfinished and fresh:
        zone.resume(unfinished).abandon()
        unfinished = None
    if unfinished is None:
        return zone.start(source, kind=kind, program=program, parser=parser, config=asked)
    other = [name for name, value in asked.items() if unfinished.manifest.config.get(name) != value]
    if other:
        raise UsageError(
            f"The unfinished run {unfinished.run_id} was asked for something else ({', '.join(other)}); "
            "ask for the same to go on with it, or give it up with --fresh."
        )
    return zone.resume(unfinished)
