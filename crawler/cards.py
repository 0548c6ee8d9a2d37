"""Model cards: what a README says about itself, read purely and in any language.

``decode`` turns the bytes of a card into plain JSON: its front matter, a few counts, and its
sections. It opens nothing, fetches nothing and never raises; a card that cannot be read is
described as such. Every card comes from a stranger, so all that can grow is bounded.

The YAML is read as YAML 1.2 reads it, because that is how the Hub reads it: ``language: no`` is
Norwegian and not ``false``, ``1e-3`` is a number, and a date stays the text that was written.

``VERSION`` changes whenever the output for some card changes; it travels with every record.

    {"has_front_matter", "front_matter_valid", "front_matter", "front_matter_error",
     "text": {"characters", "words", "lines", "code_blocks", "links", "images", "tables", "placeholders"},
     "sections": [{"level", "title", "words", "code_blocks", "placeholders"}],
     "cut",                            whether the text was longer than what is looked at
     "truncated"}                      whether the body was cut off at the crawler's size cap
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from crawler.frontmatter import read_yaml, split

VERSION = "card/1"

MAX_TEXT = 400_000
MAX_SECTIONS = 500
MAX_TITLE = 300

# Scripts written without spaces: each character stands for a word.
_UNSPACED = "\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_IMAGE = re.compile(r"!\[[^\[\]\n]{0,500}\][(\[]|<img\b", re.IGNORECASE)
_LINK = re.compile(
    r"(?<!!)\[[^\[\]\n]{1,500}\]\([^()\s]{1,2000}|\]\([^()\s]{1,2000}\)\]\([^()\s]{1,2000}"
    r"|<a\s[^<>]{0,500}href|(?<![(\[<\"'=\w])<?https?://[^\s<>)\]\"']{1,2000}",
    re.IGNORECASE,
)
_HTML_HEADING = re.compile(r"<h([1-6])\b[^<>]{0,300}>(.{0,600}?)</h\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]{0,1000}>")
_MARKUP = re.compile(r"!?\[([^\[\]]{0,500})\]\([^()]{0,2000}\)")
_PLACEHOLDER = re.compile(r"\bmore[ ]information[ ]needed\b", re.IGNORECASE)
_CONTROL = re.compile(r"\s+")

_blocks = MarkdownIt("commonmark").enable("table").disable(["inline", "text_join"], ignoreInvalid=True)


def decode(body: bytes, *, truncated: bool = False) -> dict[str, Any]:
    """Describe the card whose bytes are ``body``."""
    whole = body.decode("utf-8", "replace").removeprefix("\ufeff")
    text = whole.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    matter, prose = split(text)
    front, error = (None, None) if matter is None else read_yaml(matter)
    looked_at = prose[:MAX_TEXT]
    counts, sections = _structure(looked_at)
    return {
        "has_front_matter": matter is not None,
        "front_matter_valid": None if matter is None else error is None,
        "front_matter": front,
        "front_matter_error": error,
        "text": {"characters": len(prose), "lines": prose.count("\n") + bool(prose), **counts},
        "sections": sections,
        "cut": len(looked_at) < len(prose),
        "truncated": truncated,
    }


def words(text: str) -> int:
    """Count words, in scripts with and without spaces between them."""
    return sum(1 for _ in _WORD.finditer(text))


def _structure(prose: str) -> tuple[dict[str, int], list[dict[str, Any]]]:
    lines = prose.split("\n")
    tokens = _blocks.parse(prose)
    code = [token for token in tokens if token.type in ("fence", "code_block")]
    for token in code:
        _blank(lines, token)
    headings = _headings(tokens)
    text = "\n".join(lines)
    counts = {
        "words": words(_PLACEHOLDER.sub(" ", text)),
        "code_blocks": len(code),
        "links": sum(1 for _ in _LINK.finditer(text)),
        "images": sum(1 for _ in _IMAGE.finditer(text)),
        "tables": sum(token.type == "table_open" for token in tokens),
        "placeholders": sum(1 for _ in _PLACEHOLDER.finditer(text)),
    }
    return counts, _sections(headings, lines, code)


def _blank(lines: list[str], token: Token) -> None:
    """Empty the lines of a code block: code is neither prose nor links."""
    start, end = token.map or (0, 0)
    for number in range(start, min(end, len(lines))):
        lines[number] = ""


def _headings(tokens: list[Token]) -> list[tuple[int, int, int, str]]:
    """(first line, line after, level, title) of every heading of the document itself."""
    found: list[tuple[int, int, int, str]] = []
    for position, token in enumerate(tokens):
        if token.level or token.map is None:
            continue
        start, end = token.map
        if token.type == "heading_open":
            found.append((start, end, int(token.tag[1]), tokens[position + 1].content))
        elif token.type == "html_block":
            found.extend(_html_headings(token.content, start))
        if len(found) >= MAX_SECTIONS:
            break
    return found[:MAX_SECTIONS]


def _html_headings(html: str, line: int) -> Iterator[tuple[int, int, int, str]]:
    for match in islice(_HTML_HEADING.finditer(html), MAX_SECTIONS):
        first = line + html.count("\n", 0, match.start())
        yield first, first + match[0].count("\n") + 1, int(match[1]), match[2]


def _sections(headings: list[tuple[int, int, int, str]], lines: list[str], code: list[Token]) -> list[dict[str, Any]]:
    starts = [token.map[0] for token in code if token.map]
    ends = [start for start, *_ in headings[1:]] + [len(lines)]
    sections = []
    for (_, begin, level, title), end in zip(headings, ends, strict=False):
        text = "\n".join(lines[begin:end])
        sections.append(
            {
                "level": level,
                "title": _title(title),
                "words": words(_PLACEHOLDER.sub(" ", text)),
                "code_blocks": sum(begin <= start < end for start in starts),
                "placeholders": sum(1 for _ in _PLACEHOLDER.finditer(text)),
            }
        )
    return sections


def _title(raw: str) -> str:
    """A heading's words without its mark-up."""
    text = _TAG.sub("", _MARKUP.sub(r"\1", raw[: 4 * MAX_TITLE]))
    return _CONTROL.sub(" ", re.sub(r"[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}", "", text)).strip()[:MAX_TITLE]
