"""The licences that a repository's files state: texts of licences, SPDX tags in them, fields of package manifests.

Texts are identified by :mod:`crawler.licence_text`, as those of models are.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from crawler import licence_text
from crawler.downstream.wanted import is_licence


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
    text = data[: licence_text.MAX_TEXT].decode("utf-8", "replace")
    if is_licence(path):
        tags = list(licence_text.tagged(text))
        yield from (Stated(path, "tag", tag, tag) for tag in tags)
        if not tags:
            yield _text(path, data, text)
    elif "/" not in path and path in ("pyproject.toml", "package.json", "setup.cfg"):
        word = _declared(path, text)
        if word and len(word) <= 200:
            yield Stated(path, "manifest", word, word)


def _text(path: str, data: bytes, text: str) -> Stated:
    found = licence_text.like(text) if len(data) <= licence_text.MAX_TEXT else None
    if found:
        return Stated(path, "text", found, found)
    titled = licence_text.titled(text)
    if titled is not None:
        return Stated(path, "title", titled.licence, titled.licence)
    first = next((line.strip() for line in text.splitlines() if line.strip()), "empty")
    return Stated(path, "text", first[:200], "NOASSERTION")


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
