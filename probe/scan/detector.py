"""What a detector is: it looks at one blob, says what it found, and hands on what is packed inside."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from probe.finding import Finding, Rule


class BudgetExceeded(Exception):
    """A cap on size, depth, number or time was met: the engine reports it as a finding, never as a crash."""


class TimeExceeded(BudgetExceeded):
    """The time is used up: what was not looked at could not be judged."""


@dataclass(slots=True)
class Budget:
    """What one file may cost. Containers ``take`` before they unpack; everything asks ``tick`` now and then."""

    seconds: float = 60.0
    unpacked: int = 4 << 30
    member: int = 1 << 30
    members: int = 20_000
    depth: int = 8
    started: float = field(default_factory=time.monotonic)

    def tick(self) -> None:
        """Raise :class:`TimeExceeded` once the time is used up."""
        if time.monotonic() - self.started > self.seconds:
            raise TimeExceeded(f"not finished within {self.seconds:g} seconds")

    def take(self, size: int) -> None:
        """Account for ``size`` unpacked bytes of one member; raises :class:`BudgetExceeded`."""
        self.members -= 1
        self.unpacked -= size
        if self.members < 0:
            raise BudgetExceeded("too many members")
        if size > self.member or self.unpacked < 0:
            raise BudgetExceeded("unpacks to more bytes than the scan may hold")
        self.tick()


@dataclass(slots=True)
class Blob:
    """Bytes to look at: a file (mapped, never read whole) or what was unpacked from one.

    ``where`` names it (``model.pt!archive/data.pkl``), ``name`` is its own last part as claimed by whoever packed
    it: a hint, never the reason to look or not to look. ``formats`` are the names of the detectors of a format that
    apply, filled by the engine.
    """

    where: str
    name: str
    data: memoryview
    depth: int = 0
    parent: Blob | None = None
    formats: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)

    def head(self, count: int = 4096) -> bytes:
        """The first bytes."""
        return bytes(self.data[:count])

    def child(self, name: str, data: bytes | bytearray | memoryview) -> Blob:
        """A blob packed inside this one."""
        return Blob(f"{self.where}!{name}", name, memoryview(data), self.depth + 1, self)


class Detector(ABC):
    """One kind of content: how to tell it, and what can be wrong with it.

    A file in ``probe/scan/detectors`` holds one subclass and ``DETECTOR = Subclass()``; the engine finds it by
    listing the folder. Several detectors may apply to the same blob.
    """

    #: Short name of the format or concern (``pickle``, ``zip``, ``onnx``).
    name: ClassVar[str]
    #: Every rule that it can report, by id.
    rules: ClassVar[dict[str, Rule]]
    #: Whether ``name`` names a format, to be listed among what the file is; False for detectors of a concern.
    is_format: ClassVar[bool] = True

    @abstractmethod
    def applies(self, blob: Blob) -> bool:
        """Whether the content (not the name) is for this detector; cheap, and true for damaged specimens too."""

    @abstractmethod
    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Findings, and the blobs packed inside; the engine walks those. Malformed content is a finding."""

    def found(self, rule: str, blob: Blob, message: str, where: str = "") -> Finding:
        """A finding of one of this detector's rules."""
        return Finding(rule, self.rules[rule].severity, message, f"{blob.where}{f':{where}' if where else ''}")


def rules(*listed: Rule) -> dict[str, Rule]:
    """Rules by id."""
    return {rule.id: rule for rule in listed}
