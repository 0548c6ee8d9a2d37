"""NumPy's ``.npy``: a header, then raw numbers, or a pickle where the items are Python objects."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules

MAGIC = b"\x93NUMPY"
#: NumPy itself refuses longer headers unless told otherwise.
_HEADER = 65536


class NumpyDetector(Detector):
    """Arrays saved by ``numpy.save``; archives of them are zips."""

    name = "npy"
    rules = rules(
        Rule("npy-malformed", Severity.SUSPICIOUS, "The header of an array that is none"),
        Rule("npy-truncated", Severity.ERROR, "Fewer bytes than the header claims"),
        Rule("npy-objects", Severity.NOTE, "An array of Python objects: a pickle follows"),
    )

    def applies(self, blob: Blob) -> bool:
        """By the magic bytes."""
        return blob.data[:6] == MAGIC

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """The header; what follows it is handed on unless it is just the numbers."""
        header, start = _header(blob.data)
        if header is None:
            yield self.found("npy-malformed", blob, "its header cannot be read")
            yield blob.child("after-magic", blob.data[6:])
            return
        if _objects(header["descr"]):
            yield self.found("npy-objects", blob, "items are Python objects")
            yield blob.child("objects.pkl", blob.data[start:])
            return
        size = _bytes(header)
        if size is None:
            yield self.found("npy-malformed", blob, "shape or type make no sense")
            yield blob.child("data", blob.data[start:])
        elif start + size > blob.size:
            yield self.found("npy-truncated", blob, f"{blob.size - start} bytes of {size}")
        elif start + size < blob.size:
            yield blob.child("tail", blob.data[start + size :])


def _header(data: memoryview) -> tuple[dict[str, Any] | None, int]:
    """The header's dict and the offset of what follows."""
    wide = 4 if len(data) > 6 and data[6] >= 2 else 2
    count = int.from_bytes(data[8 : 8 + wide], "little")
    start = 8 + wide + count
    if len(data) < 8 + wide or data[6] not in (1, 2, 3) or not 0 < count <= _HEADER or start > len(data):
        return None, 0
    try:
        text = bytes(data[8 + wide : start]).decode("utf-8" if data[6] == 3 else "latin-1")
        # Python 2 wrote long integers with an L.
        header = ast.literal_eval(re.sub(r"(\d)L\b", r"\1", text.strip()))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None, 0
    if not isinstance(header, dict) or not {"descr", "shape"} <= header.keys():
        return None, 0
    return header, start


def _objects(descr: Any, depth: int = 0) -> bool:
    """Whether a type holds Python objects anywhere."""
    if isinstance(descr, str):
        return "O" in descr
    if isinstance(descr, (list, tuple)) and depth < 32:
        return any(_objects(one, depth + 1) for one in descr if not isinstance(one, int))
    return False


def _bytes(header: dict[str, Any]) -> int | None:
    """Bytes of all items; None where the header makes no sense."""
    import numpy

    shape = header["shape"]
    if not isinstance(shape, tuple) or not all(isinstance(one, int) and one >= 0 for one in shape):
        return None
    try:
        size = int(numpy.dtype(_plain(header["descr"])).itemsize)
    except (TypeError, ValueError, SyntaxError, RecursionError):
        return None
    for one in shape:
        size *= one
    return size


def _plain(descr: Any) -> Any:
    """As :func:`numpy.dtype` wants it: lists of fields as lists of tuples."""
    if isinstance(descr, list):
        return [tuple(_plain(part) for part in field) if isinstance(field, tuple) else field for field in descr]
    return descr


DETECTOR = NumpyDetector()
