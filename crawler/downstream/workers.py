"""Processes that work side by side and end with the one that started them, however it ends."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

# So many jobs are dealt out at a time, and so many wait at each process.
_WINDOW, _AHEAD = 10_000, 2


def workers(count: int) -> ProcessPoolExecutor:
    """So many processes."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, mp_context=context, initializer=_begin)


def _begin() -> None:
    # What a process knows is many objects: nobody needs them taken apart one by one at its end.
    atexit.register(os._exit, 0)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed told nobody: without this its workers would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class Team:
    """Processes that each work on neighbouring jobs: what one job has learned serves the next.

    Every process has a stretch of the jobs of its own and goes through it in order; one that is done takes over
    from the end of the longest stretch that is left.
    """

    def __init__(self, processes: int) -> None:
        """Processes start at once, while the jobs are still being listed."""
        self._pools = [workers(1) for _ in range(processes)]
        for pool in self._pools:
            pool.submit(os.getpid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in self._pools:
            pool.shutdown(wait=kind is None, cancel_futures=True)

    def map(self, work: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """The results of all jobs, in their order."""
        left = iter(jobs)
        while window := list(islice(left, _WINDOW)):
            yield from self._window(work, window)

    def _window(self, work: Callable[[Job], Result], jobs: list[Job]) -> Iterator[Result]:
        count = len(self._pools)
        cuts = [len(jobs) * number // count for number in range(count + 1)]
        stretches = [deque(range(*cuts[number : number + 2])) for number in range(count)]
        under_way: dict[Future[Result], tuple[int, int]] = {}
        for number in [*range(count)] * _AHEAD:
            self._submit(number, work, jobs, stretches, under_way)
        done: dict[int, Result] = {}
        following = 0
        while under_way:
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                number, place = under_way.pop(future)
                done[place] = future.result()
                self._submit(number, work, jobs, stretches, under_way)
            while following in done:
                yield done.pop(following)
                following += 1

    def _submit(
        self,
        number: int,
        work: Callable[[Job], Result],
        jobs: list[Job],
        stretches: list[deque[int]],
        under_way: dict[Future[Result], tuple[int, int]],
    ) -> None:
        own, longest = stretches[number], max(stretches, key=len)
        if own or longest:
            place = own.popleft() if own else longest.pop()
            under_way[self._pools[number].submit(work, jobs[place])] = (number, place)
