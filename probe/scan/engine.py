"""The engine: walks files, asks every detector, follows what is packed inside, and never dies of one file."""

from __future__ import annotations

import hashlib
import importlib
import mmap
import multiprocessing
import os
import pkgutil
import stat
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path

from probe.finding import FileReport, Finding, Rule, Severity
from probe.scan import detectors as _folder
from probe.scan.detector import Blob, Budget, BudgetExceeded, Detector, TimeExceeded
from probe.scan.walk import Place, files

#: Smaller files are read, larger ones mapped.
_MAPPED = 1 << 18
#: Of many packed blobs, equal ones up to this size are looked at once.
_HASHED = 1 << 20
_MANY = 500
#: Findings kept per rule and file: a hostile archive can hold a million of the same.
_KEPT = 50
_CHUNK = 64

ENGINE_RULES = {
    rule.id: rule
    for rule in (
        Rule("scan-failed", Severity.ERROR, "A detector failed", "A fault of the scanner: the file is not judged."),
        Rule("scan-unreadable", Severity.ERROR, "The file cannot be read", "Permissions, a broken link, a bad disk."),
        Rule("scan-special-file", Severity.NOTE, "Not a regular file", "Pipes, sockets and devices are not opened."),
        Rule("scan-timeout", Severity.ERROR, "The time was used up", "What was not looked at is not judged."),
        Rule(
            "scan-cap",
            Severity.SUSPICIOUS,
            "Unpacks to more than the scan may hold",
            "Too many bytes, members or layers: a bomb, or something that hides behind its size.",
        ),
    )
}


class _Broken(Detector):
    """Stands for a detector that cannot be imported: every file says so."""

    name = "broken"
    is_format = False
    rules = {}  # noqa: RUF012

    def __init__(self, module: str, problem: Exception) -> None:
        self.text = f"detector {module} cannot be loaded: {type(problem).__name__}: {problem}"

    def applies(self, blob: Blob) -> bool:
        return blob.depth == 0

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        yield Finding("scan-failed", Severity.ERROR, self.text, blob.where)


@cache
def detectors() -> tuple[Detector, ...]:
    """Every detector, by listing the folder."""
    found: list[Detector] = []
    for module in sorted(module.name for module in pkgutil.iter_modules(_folder.__path__)):
        try:
            loaded = importlib.import_module(f"{_folder.__name__}.{module}")
        except Exception as problem:
            found.append(_Broken(module, problem))
            continue
        if isinstance(detector := getattr(loaded, "DETECTOR", None), Detector):
            found.append(detector)
    return tuple(found)


def rules() -> dict[str, Rule]:
    """Every rule that a scan can report, by id."""
    known = dict(ENGINE_RULES)
    for detector in detectors():
        known.update(detector.rules)
    return dict(sorted(known.items()))


def scan(paths: Iterable[str | Path], *, budget: Budget | None = None, processes: int = 1) -> Iterator[FileReport]:
    """Judge every file under ``paths``, in order; one report each.

    ``budget`` is what one file may cost. With ``processes`` > 1 files are shared out; a process that dies costs the
    file that killed it an ERROR. Raises nothing for what it finds on disk: what cannot be read is a finding.
    """
    cost = budget or Budget()
    places = files([paths] if isinstance(paths, (str, Path)) else paths)
    if processes <= 1:
        yield from _Scanner(cost).all(places)
    else:
        yield from _shared(places, cost, processes)


def scan_bytes(data: bytes | memoryview, name: str = "bytes", budget: Budget | None = None) -> FileReport:
    """Judge bytes in memory as a file of this name."""
    view = memoryview(data)
    return _judge(Blob(name, name.rpartition("/")[2], view), replace(budget or Budget(), started=time.monotonic()))


def _pool(processes: int) -> ProcessPoolExecutor:
    # Spawned, not forked: whoever calls may have threads.
    return ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))


def _shared(places: Iterator[Place], cost: Budget, processes: int) -> Iterator[FileReport]:
    """Places shared out over processes; when one dies, the rest of its batch is done file by file."""
    pool = _pool(processes)
    try:
        while batch := list(islice(places, _CHUNK * processes)):
            shares = [batch[start : start + _CHUNK // 4] for start in range(0, len(batch), _CHUNK // 4)]
            done = 0
            try:
                for reports in pool.map(_share, shares, [cost] * len(shares)):
                    done += 1
                    yield from reports
            except BrokenProcessPool:
                pool = _pool(processes)
                yield from _alone([place for share in shares[done:] for place in share], cost)
    finally:
        pool.shutdown(cancel_futures=True)


def _alone(places: list[Place], cost: Budget) -> Iterator[FileReport]:
    """One file at a time in a process of its own, so that the file it dies of is known."""
    pool = _pool(1)
    try:
        for place in places:
            try:
                yield from pool.submit(_share, [place], cost).result()
            except BrokenProcessPool:
                pool = _pool(1)
                finding = _engine("scan-failed", "the scanning process died of this file", place.path)
                yield FileReport(place.path, None, 0, [finding])
    finally:
        pool.shutdown(cancel_futures=True)


def _share(places: list[Place], cost: Budget) -> list[FileReport]:
    return list(_Scanner(cost).all(places))


def _engine(rule: str, message: str, where: str) -> Finding:
    return Finding(rule, ENGINE_RULES[rule].severity, message, where)


class _Scanner:
    """A run over files; files that are one file under two names are judged once."""

    def __init__(self, cost: Budget) -> None:
        self.cost = cost
        self.known: dict[tuple[int, int, str], FileReport] = {}

    def all(self, places: Iterable[Place]) -> Iterator[FileReport]:
        """The report of each place."""
        for place in places:
            if place.problem:
                rule = "scan-special-file" if place.special else "scan-unreadable"
                yield FileReport(place.path, None, 0, [_engine(rule, place.problem, place.path)])
            else:
                yield self.one(place.path)

    def one(self, path: str) -> FileReport:
        """The report of a regular file."""
        try:
            # Not to wait for a pipe which took the file's place since it was looked at.
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        except (OSError, ValueError) as problem:
            return FileReport(path, None, 0, [_engine("scan-unreadable", _words(problem), path)])
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                return FileReport(path, None, 0, [_engine("scan-special-file", "not a regular file", path)])
            key = (status.st_dev, status.st_ino, Path(path).name)
            if status.st_nlink > 1 or Path(path).is_symlink():
                if (twin := self.known.get(key)) is not None:
                    return _moved(twin, path)
                self.known[key] = report = self._open(path, handle, status.st_size)
                return report
            return self._open(path, handle, status.st_size)
        except (OSError, ValueError) as problem:
            return FileReport(path, None, 0, [_engine("scan-unreadable", _words(problem), path)])
        finally:
            os.close(handle)

    def _open(self, path: str, handle: int, size: int) -> FileReport:
        name, budget = Path(path).name, replace(self.cost, started=time.monotonic())
        if size < _MAPPED:
            data = b"".join(iter(lambda: os.read(handle, _MAPPED), b""))
            return _judge(Blob(path, name, memoryview(data)), budget)
        # Never closed by hand: a view that a traceback still holds would make that an error.
        mapped = mmap.mmap(handle, size, access=mmap.ACCESS_READ)
        return _judge(Blob(path, name, memoryview(mapped)), budget)


def _words(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or type(problem).__name__


def _moved(report: FileReport, path: str) -> FileReport:
    """The same report under another path."""
    findings = [replace(one, where=path + one.where.removeprefix(report.path)) for one in report.findings]
    return replace(report, path=path, findings=findings)


def _judge(blob: Blob, budget: Budget) -> FileReport:
    """Hash a blob, look through it and everything inside."""
    begun = time.perf_counter()
    report = FileReport(blob.where, hashlib.sha256(blob.data).hexdigest(), blob.size)
    kept: dict[str, int] = {}
    formats: dict[str, None] = {}
    for finding in _walk(blob, budget, formats):
        kept[finding.rule] = kept.get(finding.rule, 0) + 1
        if kept[finding.rule] <= _KEPT:
            report.findings.append(finding)
    report.formats = list(formats)
    report.seconds = time.perf_counter() - begun
    return report


def _walk(first: Blob, budget: Budget, formats: dict[str, None]) -> Iterator[Finding]:
    """Findings of a blob and of what is packed in it, depth first.

    A cap ends the look at the blob that met it, not at its neighbours: a bomb must not hide what lies beside it.
    """
    waiting, seen, count = [first], set[tuple[str, bytes]](), 0
    while waiting:
        blob = waiting.pop()
        count += 1
        if blob.depth > budget.depth:
            yield _engine("scan-cap", f"packed in more than {budget.depth} layers", blob.where)
            continue
        if count > _MANY and blob.size <= _HASHED:
            key = (blob.name.rpartition(".")[2], hashlib.sha256(blob.data).digest())
            if key in seen:
                continue
            seen.add(key)
        try:
            budget.tick()
            for found in _look(blob, budget, formats):
                if isinstance(found, Blob):
                    waiting.append(found)
                else:
                    yield found
        except TimeExceeded as problem:
            yield _engine("scan-timeout", str(problem), blob.where)
            return
        except BudgetExceeded as problem:
            yield _engine("scan-cap", str(problem), blob.where)


def _look(blob: Blob, budget: Budget, formats: dict[str, None]) -> Iterator[Finding | Blob]:
    """What every detector that applies says of one blob; a detector that raises costs one finding."""
    applied: list[Detector] = []
    for detector in detectors():
        try:
            if detector.applies(blob):
                applied.append(detector)
        except BudgetExceeded:
            raise
        except Exception as problem:
            yield _failed(detector, blob, problem)
    blob.formats = tuple(detector.name for detector in applied if detector.is_format)
    formats.update(dict.fromkeys(blob.formats))
    for detector in applied:
        try:
            yield from detector.inspect(blob, budget)
        except BudgetExceeded:
            raise
        except Exception as problem:
            yield _failed(detector, blob, problem)


def _failed(detector: Detector, blob: Blob, problem: Exception) -> Finding:
    return _engine("scan-failed", f"{detector.name}: {type(problem).__name__}: {str(problem)[:200]}", blob.where)
