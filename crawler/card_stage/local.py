"""READMEs on this machine, read as landed cards are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from crawler.card_stage import rules
from crawler.card_stage.landed import Card
from crawler.cards import decode
from crawler.details import CARD_CAP as CAP

_SUFFIXES = (".md", ".markdown", ".mdx")


def cards(paths: Iterable[Path]) -> Iterator[Path]:
    """The files named, and the Markdown files below the folders named, in order; no links, no hidden folders."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for root, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                file = Path(root, name)
                if name.lower().endswith(_SUFFIXES) and not file.is_symlink():
                    yield file


def read(path: Path) -> tuple[dict[str, Any] | None, str]:
    """What a file says, or None and why it cannot be read.

    ``{"path", "characters", "truncated", "values", "text", "sections"}``; the last two as in :mod:`crawler.cards`.
    """
    try:
        with path.open("rb") as handle:
            data = handle.read(CAP + 1)
    except OSError as error:
        return None, error.strerror or type(error).__name__
    text = data[:CAP].decode("utf-8", "replace")
    told = msgspec.json.decode(rules.read(Card("", text)).body)
    if told["error"]:
        return None, told["error"]
    more = {"characters": told["characters"], "truncated": len(data) > CAP}
    structure = decode(data[:CAP])
    more |= {"text": structure["text"], "sections": structure["sections"]}
    return {"path": path.as_posix(), **more, "values": told["values"]}, ""
