"""The one look at a page on its way to disk: is it whole JSON in UTF-8, and what times does it state?

Everything else about a page is for the warehouse. Three fields are decoded, the rest is skipped
over, so that the check costs a few milliseconds per thousand records.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec


class _Seen(msgspec.Struct):
    id: str | None = None
    createdAt: str | None = None
    lastModified: str | None = None


_records = msgspec.json.Decoder(list[_Seen])
_anything = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Checked:
    """What the look found.

    ``broken`` says why the page may be better when asked for again, ``lost`` that nothing can be
    read in it as it is; ``odd`` that it is whole but holds a record that is not what records are;
    ``changed`` which field of a page that is an object is not what it should be.
    ``created`` and ``modified`` are the (first, last) times in the order of the page, where it
    states them.
    """

    records: int
    broken: str | None = None
    lost: bool = False
    odd: str | None = None
    created: tuple[str, str] | None = None
    modified: tuple[str, str] | None = None
    newest: str | None = None
    changed: str | None = None

    @property
    def suspect(self) -> str | None:
        """Why the page is not what it should be, if it is not."""
        return self.broken or self.odd


def check(body: bytes, at: str = "") -> Checked:
    """Look at one page of a listing; ``at`` is the path to its records where a page is an object."""
    if at:
        return _inside(body, at)
    try:
        if not body.isascii():
            body.decode("utf-8")
    except UnicodeDecodeError as error:
        mended = _read(body.decode("utf-8", "replace").encode())
        return replace(mended, broken=mended.broken or f"not UTF-8 at byte {error.start}")
    return _read(body)


def _inside(body: bytes, at: str) -> Checked:
    """A page that is an object: its records are counted, and left to the warehouse."""
    try:
        value: Any = msgspec.json.decode(body.decode("utf-8"), type=msgspec.Raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return Checked(0, broken=f"not JSON: {error}", lost=True)
    for name in at.split("."):
        try:
            fields = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
        except msgspec.MsgspecError:
            return Checked(0, changed=f"no field {at!r}: what should hold {name!r} is no object")
        if name not in fields:
            there = ", ".join(sorted(fields)[:20]) or "none"
            return Checked(0, changed=f"no field {at!r} (fields there: {there})")
        value = fields[name]
    try:
        rows = _anything.decode(value)
    except msgspec.MsgspecError:
        return Checked(0, changed=f"a field {at!r} that is no list")
    odd = sum(not bytes(row).lstrip().startswith(b"{") for row in rows)
    return Checked(len(rows), odd=f"{odd} of its records are no objects" if odd else None)


def _read(body: bytes) -> Checked:
    try:
        return _times(_records.decode(body))
    except msgspec.ValidationError as error:
        return _odd(body, str(error))
    except msgspec.MsgspecError as error:
        return Checked(0, broken=f"not JSON: {error}", lost=True)


def _times(seen: list[_Seen]) -> Checked:
    created = [record.createdAt for record in seen if record.createdAt]
    modified = [record.lastModified for record in seen if record.lastModified]
    return Checked(
        len(seen),
        created=(created[0], created[-1]) if created else None,
        modified=(modified[0], modified[-1]) if modified else None,
        newest=max(modified, default=None),
    )


def _odd(body: bytes, reason: str) -> Checked:
    """JSON that is not a list of records: a list with odd ones among them, or something else altogether."""
    try:
        rows = _anything.decode(body)
    except msgspec.MsgspecError:
        return Checked(0, broken=f"not a list of records: {reason}", lost=True)
    good = [row for row in map(_record, rows) if row is not None]
    return replace(_times(good), records=len(rows), odd=reason)


def _record(row: msgspec.Raw) -> _Seen | None:
    try:
        return msgspec.json.decode(row, type=_Seen)
    except msgspec.MsgspecError:
        return None
