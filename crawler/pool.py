"""A small pool of daemon threads: results as they come, nothing piles up, Ctrl-C is not kept waiting."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from crawler.budget import Stopped

Job = TypeVar("Job")
Result = TypeVar("Result")


def spread(work: Callable[[Job], Result], jobs: Iterable[Job], threads: int) -> Iterator[Result]:
    """Do every job on one of ``threads`` threads and yield the results in the order they are done.

    An error in a job is raised here. Jobs are drawn only as fast as they are done.
    """
    waiting: queue.Queue[Job | None] = queue.Queue()
    done: queue.Queue[Result | BaseException] = queue.Queue()

    def labour() -> None:
        while (job := waiting.get()) is not None:
            try:
                done.put(work(job))
            except Stopped:
                return
            except BaseException as error:
                done.put(error)

    for _ in range(threads):
        threading.Thread(target=labour, daemon=True).start()
    under_way = 0
    try:
        for job in jobs:
            waiting.put(job)
            under_way += 1
            if under_way >= 2 * threads:
                yield _take(done)
                under_way -= 1
        for _ in range(under_way):
            yield _take(done)
    finally:
        for _ in range(threads):
            waiting.put(None)


def _take(done: queue.Queue[Result | BaseException]) -> Result:
    while True:
        try:
            result = done.get(timeout=0.5)
        except queue.Empty:
            continue
        if isinstance(result, BaseException):
            raise result
        return result
