"""What a blob looks like as text, and the JSON in it, looked at once however many detectors ask."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from probe.scan.detector import Blob, Budget

#: Text above this size is searched but not parsed.
MAX_TEXT = 32 << 20
#: How deep a walk over parsed JSON follows.
MAX_DEPTH = 200

_HEAD = 512
_CONTROL = bytes(set(range(32)) - {9, 10, 12, 13, 27}) + b"\x7f"
# An escape that stands for a plain ASCII character can hide any word from a search of the raw bytes.
_HIDDEN = re.compile(rb"\\u00[2-7][0-9A-Fa-f]")
_BLANKS = re.compile(rb"[ \t\r\n]*")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

Kind = Literal["json", "xml", "text", "binary"]


class _Unreadable:
    """The mark of JSON that could not be parsed."""

    def __repr__(self) -> str:
        return "UNREADABLE"


#: What :attr:`Look.document` is when there is no JSON, or none that can be parsed within the caps.
UNREADABLE = _Unreadable()


class Look:
    """One blob as text. ``kind`` is decided by the first bytes; the rest is read only when asked for."""

    __slots__ = ("_document", "_hidden", "_raw", "blob", "encoding", "kind")

    def __init__(self, blob: Blob) -> None:
        self.blob = blob
        head = blob.head(_HEAD)
        self.encoding = next((name for bom, name in _BOMS if head.startswith(bom)), "utf-8")
        if not head.strip() and blob.size > len(head):
            # Blanks alone are put first to hide what follows from those who look at the head.
            start = _BLANKS.match(blob.data)
            head = bytes(blob.data[start.end() :][:_HEAD]) if start else head
        self.kind: Kind = _kind(head, self.encoding)
        self._raw: bytes | None = None
        self._hidden: bool | None = None
        self._document: Any = None

    @property
    def raw(self) -> bytes:
        """The bytes, as UTF-8, up to :data:`MAX_TEXT`."""
        if self._raw is None:
            raw = bytes(self.blob.data[:MAX_TEXT])
            if self.encoding != "utf-8":
                raw = raw.decode(self.encoding, "replace").encode("utf-8", "replace")
            self._raw = raw
        return self._raw

    @property
    def truncated(self) -> bool:
        """Whether there is more text than is looked at."""
        return self.blob.size > MAX_TEXT

    @property
    def text(self) -> str:
        """The text; what is not UTF-8 is replaced."""
        return self.raw.decode("utf-8", "replace")

    def mentions(self, *words: bytes) -> bool:
        """Whether any of the words stands in the text, or could, behind an escape."""
        if self.kind == "binary":
            return False
        raw = self.raw
        if any(word in raw for word in words):
            return True
        if self.kind != "json":
            return False
        if self._hidden is None:
            self._hidden = any(_escaped(raw, match.start()) for match in _HIDDEN.finditer(raw))
        return self._hidden

    @property
    def document(self) -> Any:
        """The parsed JSON, or :data:`UNREADABLE`. The last of two equal keys wins, as in every loader."""
        if self._document is None:
            self._document = _parse(self.raw) if self.kind == "json" and not self.truncated else UNREADABLE
        return self._document


_last: Look | None = None


def look(blob: Blob) -> Look:
    """The look at this blob; the last one is kept, as the detectors ask one after another."""
    global _last
    seen = _last
    if seen is None or seen.blob is not blob:
        _last = seen = Look(blob)
    return seen


def _kind(head: bytes, encoding: str) -> Kind:
    if encoding != "utf-8":
        head = head[: len(head) & ~1].decode(encoding, "replace").encode("utf-8", "replace")
    if not head or head.translate(None, _CONTROL) != head:
        return "binary"
    start = head.lstrip()[:2]
    if start[:1] in (b"{", b"["):
        # "{%", "{{" and "{#" open a template, never an object.
        return "text" if start in (b"{%", b"{{", b"{#") else "json"
    if start[:1] == b"<":
        return "xml"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return "text" if sum(byte > 127 for byte in head) < len(head) // 4 else "binary"
    return "text"


def _escaped(raw: bytes, at: int) -> bool:
    """Whether the backslash at ``at`` begins an escape: an even number of backslashes stands before it."""
    start = at
    while start and raw[start - 1] == 0x5C and at - start < 64:
        start -= 1
    return (at - start) % 2 == 0


def _parse(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except RecursionError:
        return UNREADABLE
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    # NaN, Infinity and lone surrogates: Python's reader takes them, so loaders do.
    try:
        return json.loads(raw.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError, MemoryError):
        return UNREADABLE


def objects(document: Any, budget: Budget) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every JSON object in a parsed document with its path (``layers[3].config``), nearest first."""
    stack: list[tuple[str, Any, int]] = [("", document, 0)]
    count = 0
    while stack:
        path, value, depth = stack.pop()
        count += 1
        if count % 4096 == 0:
            budget.tick()
        if isinstance(value, dict):
            yield path, value
            items: Any = value.items()
        else:
            items = enumerate(value) if isinstance(value, list) else ()
        if depth < MAX_DEPTH:
            for key, item in items:
                if isinstance(item, dict | list):
                    name = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key[:80]}" if path else key[:80]
                    stack.append((name[-400:], item, depth + 1))


def strings(document: Any, budget: Budget) -> Iterator[tuple[str, str]]:
    """Every string value in a parsed document with its path."""
    if isinstance(document, str):
        yield "", document
    if isinstance(document, list):
        document = {"": document}
    for path, found in objects(document, budget):
        for key, value in found.items():
            name = f"{path}.{key[:80]}" if path else key[:80]
            if isinstance(value, str):
                yield name, value
            elif isinstance(value, list):
                yield from ((f"{name}[{at}]", item) for at, item in enumerate(value) if isinstance(item, str))


def is_text(blob: Blob) -> bool:
    """Whether it reads as text of any kind."""
    return look(blob).kind != "binary"


def is_json(blob: Blob) -> bool:
    """Whether it begins like a JSON object or array."""
    return look(blob).kind == "json"
