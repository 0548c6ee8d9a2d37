"""Licence files of invented models: a pure function of the spec, with the truth about each.

Known texts are those that the package `identify` carries. Of licences made for models there is only a title line and
paragraphs in our own words, which speak of what such licences speak of; they are no licences.

Kinds: `text` (the licence that the card declares, or one where it declares none), `modified` (a paragraph added),
`other` (another licence than declared), `name` (a sentence that names it), `custom` (terms nobody knows), `empty`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from simhub.spec import Spec

#: Word of the card -> (SPDX id or LicenseRef, title line where the text is not in the package).
_MEANT: dict[str, tuple[str, str]] = {
    "apache-2.0": ("Apache-2.0", ""),
    "mit": ("MIT", ""),
    "afl-3.0": ("AFL-3.0", ""),
    "bsd-3-clause": ("BSD-3-Clause", ""),
    "gpl-3.0": ("GPL-3.0-only", ""),
    "agpl-3.0": ("AGPL-3.0-only", ""),
    "cc0-1.0": ("CC0-1.0", ""),
    "cc-by-4.0": ("CC-BY-4.0", ""),
    "cc-by-sa-4.0": ("CC-BY-SA-4.0", ""),
    "cc-by-nc-4.0": ("CC-BY-NC-4.0", "Attribution-NonCommercial 4.0 International"),
    "cc-by-nc-sa-4.0": ("CC-BY-NC-SA-4.0", "Attribution-NonCommercial-ShareAlike 4.0 International"),
    "openrail": ("LicenseRef-OpenRAIL", "OpenRAIL-M License"),
    "openrail++": ("LicenseRef-OpenRAIL++-M", "CreativeML Open RAIL++-M License"),
    "creativeml-openrail-m": ("LicenseRef-CreativeML-OpenRAIL-M", "CreativeML Open RAIL-M"),
    "bigscience-bloom-rail-1.0": ("LicenseRef-BigScience-BLOOM-RAIL-1.0", "BigScience RAIL License v1.0"),
    "llama2": ("LicenseRef-Llama-2", "LLAMA 2 COMMUNITY LICENSE AGREEMENT"),
    "llama3": ("LicenseRef-Llama-3", "META LLAMA 3 COMMUNITY LICENSE AGREEMENT"),
    "gemma": ("LicenseRef-Gemma", "Gemma Terms of Use"),
}
_PATHS = ("LICENSE", "LICENSE", "LICENSE", "LICENSE.txt", "LICENSE.md")
_KINDS = ("text", "text", "text", "text", "text", "modified", "other", "name", "custom", "empty")
_INVENTED = """
Whoever accepts this agreement may use, copy and distribute the materials and derivatives of the model, if the
use-based restrictions of Attachment A are passed on with every copy. Acceptable use policy: see the page of the
licensor. The licensed rights cover adapted material and model derivatives; no warranty is given, no liability is
taken, and the grant of permission ends where its restrictions are not kept. Nobody reads invented terms to the end,
so this paragraph says the same again: use, copy, distribute, keep the restrictions, expect no warranty.
"""
_CUSTOM = "Terms of our house\n\nAsk us before you do anything with these files, and tell us of your plans. " * 12


@dataclass(frozen=True, slots=True)
class LicenceFile:
    """A licence file: `licence` is what its text is or names, None where nobody could know."""

    path: str
    kind: str
    licence: str | None
    body: bytes


def licence_file(spec: Spec) -> LicenceFile | None:
    """The licence file of a model, None where it has none."""
    declared = spec.seed % 4 == 0 and bool(spec.licences)
    undeclared = spec.seed % 12 == 1 and not spec.licences
    if spec.folder or not (declared or undeclared):
        return None
    kind = _KINDS[(spec.seed >> 5) % len(_KINDS)]
    word = spec.licences[0] if declared else list(_MEANT)[(spec.seed >> 9) % len(_MEANT)]
    if kind == "other":
        word = "mit" if word != "mit" else "gpl-3.0"
    if word not in _MEANT and kind not in ("empty", "name"):
        kind = "custom"
    path = _PATHS[(spec.seed >> 3) % len(_PATHS)]
    licence, body = _body(kind, word, spec)
    return LicenceFile(path, kind, licence, body.encode())


def _body(kind: str, word: str, spec: Spec) -> tuple[str | None, str]:
    if kind == "empty":
        return None, "\n" * (spec.seed % 3)
    if kind == "custom":
        return None, _CUSTOM
    if kind == "name":
        return _MEANT.get(word, (None, ""))[0], f"The terms of {word} apply to {spec.label[:40]}.\n"
    licence, title = _MEANT[word]
    text = f"{title}\n\n{_INVENTED * 3}" if title else _texts()[licence.removesuffix("-only")]
    if kind == "modified":
        middle = text.index("\n\n", len(text) // 2)
        text = f"{text[:middle]}\n\nRevision of the authors of {spec.label}: be kind to one another.\n{text[middle:]}"
    return licence, text


@cache
def _texts() -> dict[str, str]:
    from identify.vendor.licenses import LICENSES

    return dict(LICENSES)
