"""Small readings that many hubs need: sizes as people write them, licences by their text or their address."""

from __future__ import annotations

import re
from typing import Any

_MAGNITUDE = re.compile(
    r"(?<![\w.])([0-9][0-9,]*\.?[0-9]*)\s*(thousand|million|billion|trillion|[KMBT])?\b", re.IGNORECASE
)
_SCALE = {"k": 1e3, "t": 1e12, "m": 1e6, "b": 1e9}
_BYTES = re.compile(r"([0-9][0-9,]*\.?[0-9]*)\s*([KMGT]?)(i?)B\b", re.IGNORECASE)
_TEXTS = (
    ("Apache-2.0", ("apache license", "version 2.0")),
    ("AGPL-3.0", ("gnu affero general public license", "version 3")),
    ("LGPL-3.0", ("gnu lesser general public license", "version 3")),
    ("GPL-3.0", ("gnu general public license", "version 3")),
    ("GPL-2.0", ("gnu general public license", "version 2")),
    ("MPL-2.0", ("mozilla public license", "2.0")),
    ("CC-BY-NC-SA-4.0", ("attribution-noncommercial-sharealike 4.0",)),
    ("CC-BY-NC-4.0", ("attribution-noncommercial 4.0",)),
    ("CC-BY-SA-4.0", ("attribution-sharealike 4.0",)),
    ("CC-BY-4.0", ("attribution 4.0",)),
    ("MIT", ("permission is hereby granted, free of charge", "without restriction")),
    ("BSD-3-Clause", ("redistribution and use in source and binary forms", "neither the name")),
    ("BSD-2-Clause", ("redistribution and use in source and binary forms",)),
)
_ADDRESSES = (
    (r"apache\.org/licenses/LICENSE-2\.0", "Apache-2.0"),
    (r"opensource\.org/licen[sc]es?/mit", "MIT"),
    (r"opensource\.org/licen[sc]es?/bsd-3-clause", "BSD-3-Clause"),
    (r"opensource\.org/licen[sc]es?/apache-2\.0", "Apache-2.0"),
    (r"gnu\.org/licenses/agpl-3\.0", "AGPL-3.0"),
    (r"gnu\.org/licenses/gpl-3\.0", "GPL-3.0"),
    (r"creativecommons\.org/publicdomain/zero/1\.0", "CC0-1.0"),
)
_COMMONS = re.compile(r"creativecommons\.org/licenses/([a-z-]+)/([0-9.]+[0-9])", re.IGNORECASE)


def magnitude(text: Any) -> int | None:
    """A number of things: ``25.5M``, ``~74M``, ``1.3 billion``, ``11170000``; None where it is none."""
    if isinstance(text, bool) or text is None:
        return None
    if isinstance(text, (int, float)):
        return int(text)
    found = _MAGNITUDE.search(str(text)[:200])
    if found is None:
        return None
    return round(float(found[1].replace(",", "")) * _SCALE.get((found[2] or "")[:1].lower(), 1))


def size(text: Any) -> int | None:
    """Bytes: ``35 MB``, ``97.4MB``, ``1.2 GiB``; decimal units unless an i says otherwise."""
    found = _BYTES.search(str(text)[:200])
    if found is None:
        return None
    power = " KMGT".index(found[2].upper() or " ")
    unit: int = (1024 if found[3] else 1000) ** power
    return round(float(found[1].replace(",", "")) * unit)


def licence_of_text(text: str) -> str | None:
    """The licence that a text is, where its head says so beyond doubt; None for all but the common ones."""
    head = " ".join(text[:3000].lower().split())
    return next((name for name, marks in _TEXTS if all(mark in head for mark in marks)), None)


def licence_of_link(url: str) -> str | None:
    """The licence that lies at a well-known address."""
    for pattern, name in _ADDRESSES:
        if re.search(pattern, url, re.IGNORECASE):
            return name
    found = _COMMONS.search(url)
    return f"CC-{found[1].upper()}-{found[2]}" if found else None


def licence(link: Any, *, texts: dict[str, str | None] | None = None) -> dict[str, Any]:
    """The facts about a licence that is stated by an address alone; ``texts`` are files of the hub's own."""
    if not isinstance(link, str) or not link.startswith("http"):
        return {}
    known = licence_of_link(link) or next((name for part, name in (texts or {}).items() if part in link), None)
    return {"licence": [known or "other"], "licence_link": link}
