"""HDF5 files of Keras: the configuration stands in an attribute as JSON and is read without an HDF5 library."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.detectors.keras import DETECTOR as KERAS
from probe.scan.readers.keras import embedded

_MAGIC = b"\x89HDF\r\n\x1a\n"
# The signature may also stand at 512, 1024, 2048, ... behind a user block.
_PLACES = (0, 512, 1024, 2048)
_HIDDEN = re.compile(rb"\\u00[2-7][0-9A-Fa-f]")
_MODEL = re.compile(rb"model_config\x00")
# A link message whose type field says "external link", and an "external data files" message in both header styles.
_LINK = re.compile(rb"\x01[\x08-\x1f]\x40")
_STORAGE = re.compile(
    rb"\x07(?:\x00..[\x00-\x1f]\x00\x00\x00|..[\x00-\x1f])\x01\x00\x00\x00(..)(..)(.{8})", re.DOTALL
)


class KerasHdf5(Detector):
    """Legacy ``.h5`` models and weight files."""

    name = "hdf5"
    rules = KERAS.rules | rules(
        Rule(
            "hdf5-external",
            Severity.SUSPICIOUS,
            "HDF5 file names a file outside itself",
            "External links and external storage let a reader open that file.",
        ),
        Rule(
            "keras-hidden",
            Severity.SUSPICIOUS,
            "model configuration hides plain letters behind escapes",
        ),
    )

    def applies(self, blob: Blob) -> bool:
        """The signature, also behind a user block."""
        data = blob.data
        return any(bytes(data[at : at + 8]) == _MAGIC for at in _PLACES)

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """Every configuration in it, and files that it would reach."""
        seen = unreadable = False
        for offset, document in embedded(blob, budget):
            seen = True
            if document is not None:
                yield from KERAS.judge(document, blob, budget, f"byte {offset} ")
            elif not unreadable:
                unreadable = True
                yield self.found("keras-unreadable", blob, "a configuration that is no JSON", f"byte {offset}")
        if match := _HIDDEN.search(blob.data):
            yield self.found("keras-hidden", blob, "escaped plain letters", f"byte {match.start()}")
            seen = True
        if not seen and (match := _MODEL.search(blob.data)):
            yield self.found("keras-unreadable", blob, "names a model_config, but none was found", "model_config")
        for at, path in islice(_outside(blob.data, budget), 8):
            yield self.found("hdf5-external", blob, f"names {path[:120]!r}", f"byte {at}")


def _outside(data: memoryview, budget: Budget) -> Iterator[tuple[int, str]]:
    """External links and external storage: (offset, the file that they name)."""
    for match in _LINK.finditer(data):
        if path := _link(bytes(data[match.start() : match.start() + 4096])):
            yield match.start(), path
    budget.tick()
    for match in _STORAGE.finditer(data):
        slots, used, heap = (int.from_bytes(part, "little") for part in match.groups())
        if 0 < used <= slots and bytes(data[heap : heap + 4]) == b"HEAP":
            yield match.start(), _heap_names(data, heap)
    budget.tick()


def _link(message: bytes) -> str:
    """The file that a link message of type 64 names, or nothing where its lengths do not agree."""
    flags, at = message[1], 3
    at += (8 if flags & 4 else 0) + (1 if flags & 16 else 0)
    width = 1 << (flags & 3)
    name = int.from_bytes(message[at : at + width], "little")
    at += width + name
    size = int.from_bytes(message[at : at + 2], "little")
    value = message[at + 2 : at + 2 + size]
    if not 0 < name < 2048 or len(value) != size or size < 4 or value[0] or value[-1] or value.count(b"\0") != 3:
        return ""
    return value[1:].split(b"\0")[0].decode("utf-8", "replace")


def _heap_names(data: memoryview, heap: int) -> str:
    """The file names in a local heap."""
    size = int.from_bytes(data[heap + 8 : heap + 16], "little")
    start = int.from_bytes(data[heap + 24 : heap + 32], "little")
    content = bytes(data[start : start + min(size, 4096)])
    return ", ".join(part.decode("utf-8", "replace") for part in content.split(b"\0") if len(part) > 1)


DETECTOR = KerasHdf5()
