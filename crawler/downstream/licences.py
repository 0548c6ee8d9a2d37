"""The licences that a repository's files state: texts of licences, SPDX tags in them, fields of package manifests.

Texts are compared with those of choosealicense.com, as `identify` does it (at most 5 % of the letters may differ).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import msgspec

from crawler.downstream.wanted import is_licence

# A licence is no longer than this; comparing texts costs with the square of their length.
_LONGEST = 128 << 10
_TAG = re.compile(r"SPDX-License-Identifier:\s*([\w.+()\- ]+?)\s*(?:\*/|-->|$)", re.MULTILINE)
_TITLES = {
    "Apache-2.0": r"Apache License\s*,?\s*Version 2\.0",
    "AGPL-3.0": r"GNU AFFERO GENERAL PUBLIC LICENSE\s*Version 3",
    "LGPL-3.0": r"GNU LESSER GENERAL PUBLIC LICENSE\s*Version 3",
    "LGPL-2.1": r"GNU LESSER GENERAL PUBLIC LICENSE\s*Version 2\.1",
    "GPL-3.0": r"GNU GENERAL PUBLIC LICENSE\s*,?\s*Version 3",
    "GPL-2.0": r"GNU GENERAL PUBLIC LICENSE\s*,?\s*Version 2",
    "MPL-2.0": r"Mozilla Public License,?\s*Version 2\.0",
    "MIT": r"\A\W*(?:The )?MIT License\b",
    "CC-BY-NC-SA-4.0": r"Attribution-NonCommercial-ShareAlike 4\.0",
    "CC-BY-NC-4.0": r"Attribution-NonCommercial 4\.0",
    "CC-BY-SA-4.0": r"Attribution-ShareAlike 4\.0",
    "CC-BY-4.0": r"Attribution 4\.0 International",
}


class Stated(msgspec.Struct, frozen=True):
    """A licence that a file states: ``evidence`` is text, title, tag or manifest; ``raw`` as found or detected."""

    path: str
    evidence: str
    raw: str
    licence: str


def stated(files: Mapping[str, bytes]) -> list[Stated]:
    """The licences that files state, in the order of paths; a licence file that nobody knows is ``NOASSERTION``."""
    return [found for path, data in sorted(files.items()) for found in _of(path, data)]


def _of(path: str, data: bytes) -> Iterator[Stated]:
    text = data[:_LONGEST].decode("utf-8", "replace")
    if is_licence(path):
        tags = list(dict.fromkeys(_TAG.findall(text)))
        yield from (Stated(path, "tag", tag, tag) for tag in tags)
        if not tags:
            yield _text(path, data, text)
    elif "/" not in path and path in ("pyproject.toml", "package.json", "setup.cfg"):
        word = _declared(path, text)
        if word and len(word) <= 200:
            yield Stated(path, "manifest", word, word)


def _text(path: str, data: bytes, text: str) -> Stated:
    found = _alike(data)
    if found:
        return Stated(path, "text", found, found)
    for licence, title in _TITLES.items():
        if re.search(title, text[:2000], re.IGNORECASE):
            return Stated(path, "title", licence, licence)
    first = next((line.strip() for line in text.splitlines() if line.strip()), "empty")
    return Stated(path, "text", first[:200], "NOASSERTION")


def _alike(data: bytes) -> str | None:
    """The licence whose text this is."""
    from identify.identify import license_id

    if len(data) > _LONGEST:
        return None
    with NamedTemporaryFile(suffix=".txt") as file:
        Path(file.name).write_bytes(data)
        try:
            return license_id(file.name)
        except (UnicodeDecodeError, ValueError):
            return None


def _declared(path: str, text: str) -> str | None:
    """What a manifest declares."""
    try:
        if path == "package.json":
            value: Any = json.loads(text).get("license")
        elif path == "setup.cfg":
            line = re.search(r"^license\s*=\s*(.+)$", text, re.MULTILINE)
            return line[1].strip() if line else None
        else:
            project = tomllib.loads(text)
            value = project.get("project", {}).get("license") or project.get("tool", {}).get("poetry", {}).get(
                "license"
            )
            value = value.get("text") if isinstance(value, dict) else value
    except (ValueError, AttributeError, RecursionError):
        return None
    return value.strip() if isinstance(value, str) and "\n" not in value.strip() and value.strip() else None
