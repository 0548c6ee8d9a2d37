"""Progress on a terminal: one line on stderr that says where a crawl stands and what it waits for."""

from __future__ import annotations

import sys
import threading
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hubcensus.output import inert, say

if TYPE_CHECKING:
    from rich.progress import TaskID

    from crawler.source import Progress as Step


class Reporter:
    """Hears of pages and waits. Without a terminal only the long waits and notes are said."""

    def __init__(self, title: str) -> None:
        """Name the work; nothing is shown before ``with``."""
        self.title = title
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}
        self._bar = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), MofNCompleteColumn())
            self._bar = Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def progress(self, step: Step) -> None:
        """A page or a bundle is on disk."""
        if not self._bar:
            return
        with self._lock:
            if step.what not in self._tasks:
                self._tasks[step.what] = self._bar.add_task(f"{self.title}: {step.what}", total=step.total)
            self._bar.update(self._tasks[step.what], completed=step.records, total=step.total)

    def wait(self, kind: str, until: datetime, seconds: float) -> None:
        """The hub's budget is spent until then."""
        if seconds < 2:
            return
        local = until.astimezone()
        text = f"{self.title}: the {kind} allowance is spent; waiting until {local:%H:%M:%S} ({seconds:.0f} s)."
        self.note(text)

    def note(self, text: str) -> None:
        """Something to know."""
        if self._bar:
            self._bar.console.print(inert(text), markup=False, highlight=False)
        else:
            say(text)
