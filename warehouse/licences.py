"""What a licence word means: SPDX id or LicenseRef, and family."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Any

from warehouse.database import Connection
from warehouse.literals import insert


def learn(connection: Connection) -> None:
    """Add to ``core.licence`` every licence word that it does not have yet."""
    words = connection.execute(
        """
        SELECT DISTINCT lower(value) FROM core.tag
        WHERE kind = 'licence' AND lower(value) NOT IN (SELECT raw FROM core.licence)
        ORDER BY 1
        """
    ).fetchall()
    insert(connection, "core.licence", [(word, *understand(word)) for (word,) in words])


def understand(word: str) -> tuple[str, str, bool, str]:
    """(licence, family, in the SPDX list, source) of a word as claimed, lower case."""
    for spelling in dict.fromkeys((word, _plain(word), _dashed(word))):
        known = _table().get(spelling) or _ids().get(spelling)
        if known is not None:
            return known[0], known[1], not known[0].startswith("LicenseRef-"), "table"
        spdx = _spdx(spelling)
        if spdx is not None:
            return spdx, _family(spdx), True, "spdx"
    if (scanned := _scancode().get(word)) is not None:
        return scanned, _family(scanned), True, "scancode"
    return (
        "LicenseRef-"
        + (re.sub(r"[^A-Za-z0-9.-]+", "-", word.removeprefix("licenseref-")).strip("-")[:100] or "none"),
        "unknown",
        False,
        "none",
    )


def _plain(word: str) -> str:
    """``Apache License, Version 2.0`` as ``apache-2.0``: what people write around an id taken away."""
    bare = re.sub(r"\b(?:the|gnu|licen[sc]e|version|public|general|software|open.?source)\b|[(),\"']", " ", word)
    bare = re.sub(r"\bv\.?\s*(?=\d)", " ", bare)
    return re.sub(r"[\s_]+", "-", bare.strip()).strip("-")


def _dashed(word: str) -> str:
    """``_plain`` with a version that has no minor number given one: ``gpl 3`` as ``gpl-3.0``."""
    return re.sub(
        r"-(\d)$", r"-\1.0", re.sub(r"-clause.*$", "-clause", re.sub(r"(?<=[a-z])(\d)", r"-\1", _plain(word)))
    )


@cache
def _table() -> dict[str, tuple[str, str]]:
    text = resources.files("warehouse").joinpath("licences.csv").read_text(encoding="utf-8")
    rows = [line.split(",") for line in text.splitlines()[1:] if line]
    return {raw: (licence, family) for raw, licence, family in rows}


@cache
def _ids() -> dict[str, tuple[str, str]]:
    """Licences without an SPDX id by their own, in lower case: texts and prose are read as those."""
    return {
        licence.lower(): (licence, family)
        for licence, family in _table().values()
        if licence.startswith("LicenseRef")
    }


def parts(expression: str) -> tuple[str, list[str]]:
    """(OR, AND or mixed, licences) of an SPDX expression of several; a licence with an exception stays one."""
    try:
        parsed = _licensing().parse(expression)
        found = [str(symbol) for symbol in _licensing().license_symbols(parsed, unique=True, decompose=False)]
    except Exception:  # as above
        return "mixed", [expression]
    operators = set(re.findall(r" (OR|AND) ", expression))
    return (operators.pop() if len(operators) == 1 else "mixed"), found[:20]


def _spdx(word: str) -> str | None:
    """The word as an SPDX expression in its official spelling, where it is one."""
    try:
        parsed = _licensing().parse(word, validate=True)
    except Exception:  # the library raises several unrelated types for text that is no expression
        return None
    return str(parsed) if parsed is not None and "LicenseRef" not in str(parsed) else None


@cache
def _scancode() -> dict[str, str]:
    """SPDX ids by the keys of ScanCode, as studies of source code write them (``bsd-new``, ``gpl-3.0-plus``)."""
    from license_expression import get_license_index

    pairs = ((entry.get("license_key"), entry.get("spdx_license_key")) for entry in get_license_index())
    return {key: spdx for key, spdx in pairs if key and spdx and not spdx.startswith("LicenseRef")}


@cache
def _licensing() -> Any:
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()


def _family(spdx: str) -> str:
    families = dict(_table().values())
    bare = spdx.removesuffix("-only").removesuffix("-or-later")
    spellings = (spdx, f"{bare}-only", f"{bare}-or-later", bare)
    return next((families[one] for one in spellings if one in families), "other")
