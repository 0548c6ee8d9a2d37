"""Fetching repositories one after the other, within a budget."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Collection
from pathlib import Path
from types import TracebackType
from typing import Self

from landing.errors import storage
from probe.fetch import tensors
from probe.fetch.cache import Cache, check, name_of
from probe.fetch.door import Door
from probe.fetch.results import Fetched, Got, Unfetched
from probe.fetch.wanted import STAGES, Remote, Wanted, choose, safe_name

Select = Callable[[list[Remote]], Wanted]
_COMMIT = re.compile(r"[0-9a-f]{40}")
_REPOSITORY = re.compile(r"[A-Za-z0-9_][\w.-]{0,95}(/[\w.-]{1,96})?", re.ASCII)
#: Files whose requests a hub counts as downloads of a model, by its documentation; of which depends on the library.
_QUERY_FILES = re.compile(
    r"(config|adapter_config|model_index|params|cfg)\.json|(config|hyperparams|meta|model_config)\.yaml|"
    r".*\.(gguf|nemo|keras)|saved_model\.pb"
)
_MOST_FILES = 20_000
_DATASET_CAP = 5_000


class Fetcher:
    """A hub and a cache. Use as a context manager; one at a time in a process.

    ``budget``: bytes that the cache may hold; older repositories make room, those of this session stay.
    ``largest``: bytes of weights that are fetched whole; of larger ones a table of embeddings of at most ``tensor``.
    ``wait`` sleeps so many seconds.
    """

    def __init__(
        self,
        models: Path,
        *,
        endpoint: str,
        token: str | None = None,
        budget: int,
        largest: int = 2 * 10**9,
        tensor: int = 4 * 10**9,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.door = Door(endpoint, token, wait=wait)
        self.cache = Cache(models, budget)
        self.largest, self.tensor = largest, tensor
        self._keep: set[Path] = set()
        self.query_files = 0

    def __enter__(self) -> Self:
        self.door.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.door.__exit__(kind, error, trace)

    @property
    def spent(self) -> dict[str, float]:
        """What this session asked of the hub: requests, bytes, retries, seconds waited, query files."""
        door = self.door
        return {
            "requests": door.requests,
            "bytes": door.received,
            "retries": door.retries,
            "waited_seconds": round(door.waited, 3),
            "query_files": self.query_files,
        }

    def model(
        self, model_id: str, revision: str, *, stages: Collection[str] = STAGES, verdicts: bool = True
    ) -> Fetched:
        """What ``stages`` need of a model at a commit, and (``verdicts``) what the hub's scanners say of it.

        What the hub refuses or breaks is told in the result. Raises OperationalError where the hub cannot be reached
        and StorageError where the disk is full: nothing after that would go better.
        """
        return self._fetch(model_id, revision, "model", lambda files: choose(files, stages, self.largest), verdicts)

    def dataset(self, dataset_id: str, revision: str = "main", *, most: int = 200 * 10**6) -> Fetched:
        """The data files of a dataset (CSV, JSON, Parquet, text) and its card, of at most ``most`` bytes in all."""
        return self._fetch(dataset_id, revision, "dataset", lambda files: _of_dataset(files, most), False)

    def _fetch(self, repo_id: str, revision: str, kind: str, select: Select, verdicts: bool) -> Fetched:
        done = Fetched(repo_id, revision)
        before = self.door.requests
        try:
            self._repository(done, kind, select, verdicts)
        except Unfetched as error:
            done.code, done.reason = error.code, error.reason
        done.requests = self.door.requests - before
        return done

    def _repository(self, done: Fetched, kind: str, select: Select, verdicts: bool) -> None:
        if not _REPOSITORY.fullmatch(done.repo_id) or ".." in done.repo_id or "--" in done.repo_id:
            raise Unfetched("UNSAFE_NAME", f"{done.repo_id[:100]!r} is no name of a repository.")
        commit, files = self.door.listing(done.repo_id, done.revision, kind)
        if not _COMMIT.fullmatch(commit) or (_COMMIT.fullmatch(done.revision) and commit != done.revision):
            raise Unfetched("BROKEN", f"The hub answers with another commit ({commit[:60]!r}).")
        if len(files) > _MOST_FILES:
            raise Unfetched("TOO_LARGE", f"The repository has {len(files)} files.")
        done.revision = commit
        wanted = select([file for file in files if file.size >= 0])
        done.left_out = [{"path": path, "bytes": size, "why": why} for path, size, why in wanted.left_out]
        done.failures = [{"path": path, "code": "UNSAFE_NAME", "reason": "a hostile name"} for path in wanted.unsafe]
        repository = self.cache.folder(done.repo_id, kind)
        self._keep.add(repository)
        self.cache.touch(repository)
        need = sum(file.size for file in wanted.whole if not self.cache.held(repository, file))
        done.evicted = self.cache.make_room(need, self._keep)
        blobs = [(file, blob) for file in wanted.whole if (blob := self._file(done, repository, kind, file))]
        for file, blob in blobs:  # only now: a snapshot that is there is as whole as it will get
            self.cache.link(repository, commit, file, blob)
        if wanted.ranged:
            self._embedding(done, repository, wanted.ranged)
        folder = repository / "snapshots" / commit
        done.folder = folder if folder.is_dir() else None
        if verdicts and kind == "model" and done.files:
            done.hub_says = self.door.verdicts(done.repo_id, commit, [got.path for got in done.files])
        if done.failures and not done.code:
            done.code, done.reason = done.failures[0]["code"], _counted(done.failures)

    def _file(self, done: Fetched, repository: Path, kind: str, file: Remote) -> Path | None:
        """One verified file in the cache; None, and a line in ``done.failures``, where it cannot be had."""
        try:
            blob = self.cache.held(repository, file)
            received = 0
            if blob is None:
                blob, received = self._download(done, repository, kind, file)
            found = check(blob, file)
            if found is None and received < file.size:
                # Part of it came earlier, and something happened to that: once more from the beginning.
                self._delete(blob)
                blob, more = self._download(done, repository, kind, file)
                received, found = received + more, check(blob, file)
            if found is None:
                self._delete(blob)
                raise Unfetched("HASH_MISMATCH", "its bytes are not those that the hub states; it was deleted")
        except Unfetched as error:
            if error.code == "GATED_OR_PRIVATE":
                raise  # the next file would be refused as well, and asking costs the hub
            done.failures.append({"path": file.path, "code": error.code, "reason": error.reason})
            return None
        done.files.append(Got(file.path, received, found[0], found[1]))
        return blob

    def _delete(self, blob: Path) -> None:
        self.cache.used -= blob.stat().st_size
        blob.unlink()

    def _download(self, done: Fetched, repository: Path, kind: str, file: Remote) -> tuple[Path, int]:
        if _QUERY_FILES.fullmatch(file.path):
            done.query_files += 1
            self.query_files += 1
        blob = repository / "blobs" / name_of(file)
        part = blob.with_name(f"{blob.name}.part")
        before = part.stat().st_size if part.exists() else 0
        url = self.door.url(done.repo_id, file.path, done.revision, kind)
        try:
            received = self.door.download(url, part, file)
        except Unfetched as error:
            if error.code != "NOT_AVAILABLE":  # what came so far is good where only the rest is missing
                part.unlink(missing_ok=True)
                self.cache.used -= before
            raise
        with storage(blob, "write"):
            part.replace(blob)
        self.cache.used += file.size - before
        return blob, received

    def _embedding(self, done: Fetched, repository: Path, files: list[Remote]) -> None:
        place = repository / "snapshots" / done.revision
        done.partial = True
        if (place / tensors.FILE).is_file():
            done.files.append(Got(files[0].path, 0, None, None, ranged=True))
            return
        room = min(self.tensor, self.cache.budget - self.cache.used)
        try:
            with storage(place, "write"):
                _, got = tensors.embedding(
                    self.door,
                    lambda path: self.door.url(done.repo_id, path, done.revision, "model"),
                    sorted(files, key=lambda file: file.path),
                    room,
                    place,
                )
        except Unfetched as error:
            done.failures.append({"path": files[0].path, "code": error.code, "reason": error.reason})
            return
        self.cache.used += (place / tensors.FILE).stat().st_size
        done.files += got

    def keep(self, repo_id: str, kind: str = "model") -> None:
        """Never evict this repository in this session: an earlier part of the same run has fetched it."""
        self._keep.add(self.cache.folder(repo_id, kind))

    def forget(self, repo_id: str, kind: str = "model") -> None:
        """Delete a repository from the cache."""
        folder = self.cache.folder(repo_id, kind)
        self._keep.discard(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _of_dataset(files: list[Remote], most: int) -> Wanted:
    """The data and the card of a dataset, smallest files first."""
    wanted = Wanted()
    room = most
    for file in sorted(files, key=lambda one: (one.size, one.path)):
        if not safe_name(file.path):
            wanted.unsafe.append(file.path[:200])
        elif not re.search(r"(^|/)README\.md$|\.(csv|tsv|jsonl|json|parquet|txt)(\.gz)?$", file.path):
            wanted.left_out.append((file.path, file.size, "no data that is read here"))
        elif file.size > room or len(wanted.whole) >= _DATASET_CAP:
            wanted.left_out.append((file.path, file.size, "too large"))
        else:
            wanted.whole.append(file)
            room -= file.size
    return wanted


def _counted(failures: list[dict[str, str]]) -> str:
    more = f", and {len(failures) - 1} more" if len(failures) > 1 else ""
    return f"{failures[0]['path'][:120]}: {failures[0]['reason']}{more}"
