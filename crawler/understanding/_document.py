"""A card as the rules see it: plain text with a way back to the characters of the card, tables, code and links.

The block structure is markdown-it's, the inline mark-up is taken away by one expression. Every pattern here
excludes the character that opens it, so a hostile text is passed once and not once per opening bracket.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import Any

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token

from crawler.frontmatter import bounds
from crawler.understanding._base import MAX_RAW, MAX_TEXT, Value
from crawler.understanding._vocabulary import words_of

MAX_TABLE_CELLS = 20_000
MAX_LINKS = 3_000
MAX_LABELS = 2_000
MAX_HEADING = 300

_MARKDOWN = MarkdownIt("commonmark").enable("table").disable(["inline", "text_join"], ignoreInvalid=True)
_URL = r"https?://[^\s<>\[\]\"'`|\\]{1,1500}"
_NOISE = re.compile(
    r"(?P<badge>\[!\[[^\[\]]{0,300}\]\((?P<shown>[^()\s]{1,1500})[^()\n]{0,200}\)\s?\]\((?P<target>[^()\s]{1,1500})[^()\n]{0,200}\))"
    r"|(?P<image>!\[[^\[\]]{0,300}\]\((?P<src>[^()\s]{1,1500})[^()\n]{0,200}\))"
    r"|\[(?P<words>(?!\^)[^\[\]]{0,500})\]\((?P<to><?[^()\s<>]{1,1500}(?:\([^()\s]{0,100}\))?[^()\s<>]{0,100}>?)"
    r"(?:[ \n]{1,3}[\"'][^\"'()]{0,200}[\"'])?\)"
    r"|<(?:a|img|iframe|source)\b[^<>]{0,500}?\b(?:href"
    r"|src)\s?=\s?[\"']?(?P<href>https?://[^\s\"'<>]{1,1500})[^<>]{0,500}>"
    r"|<(?P<auto>https?://[^\s<>]{1,1500})>"
    r"|</?[A-Za-z!][^<>]{0,1000}>"
    rf"|(?P<bare>{_URL})"
    r"|&(?:nbsp|emsp|ensp);|[*`\u200b]+|\s{2,}|[\t\n\u00a0]"
)
_MARKER = re.compile(r"[ \t]*(?:(?:[-*+•]|\d{1,9}[.)]|#{1,6}|>)[ \t]+){1,6}(?:\[[ xX]\] )?")
_LABEL_START = re.compile(r"(?:[-*+>] {1,3})?(?:\*\*|[A-Z][\w() -]{1,40}:\s)")
_LABEL = re.compile(
    r"^[ _]{0,3}([^\W\d_][^:：\n|]{1,60}?)(?: ?\[optional\])?[ _]{0,2}[:：][ _]{0,3}([^\n]{1,500})", re.MULTILINE
)
_CELL_SPLIT = re.compile(r"(?<!\\)\|")
_ROW = re.compile(r"<tr\b[^<>]{0,300}>", re.IGNORECASE)
_HTML_CELL = re.compile(r"<t[hd]\b[^<>]{0,300}>", re.IGNORECASE)
_HTML_HEADING = re.compile(r"<(?:h[1-6]|summary)\b", re.IGNORECASE)
_HEADING_LEVEL = re.compile(r"<h([1-6])", re.IGNORECASE)
_BOLD_LINE = re.compile(r"\s{0,3}(?:[-*] )?\*\*[^*\n]{2,80}\*\*:?\s*\Z")
_QUOTED = re.compile(r"original (?:model ?card|readme|model description|model:)|-?original model card")
_TRAILING = ".,;:!?)*_'\""


class Link(msgspec.Struct, frozen=True):
    """An address in the card: what it is called, where it points, characters of the card, place in the plain text."""

    words: str
    url: str
    start: int
    end: int
    at: int
    image: bool


class Section(msgspec.Struct, frozen=True):
    """A heading and what is under it, in plain offsets; ``titles`` are the heading's and its parents', lower case."""

    titles: tuple[str, ...]
    start: int
    body: int
    end: int
    level: int


class Cell(msgspec.Struct, frozen=True):
    """One cell of a table: its words without mark-up, its characters in the card."""

    text: str
    start: int
    end: int
    links: tuple[str, ...]


class Table(msgspec.Struct, frozen=True):
    """A table, the header first; ``at`` is where it stands in the plain text."""

    rows: list[list[Cell]]
    at: int


class Code(msgspec.Struct, frozen=True):
    """A block of code: its characters in the card, its language, where it stands in the plain text."""

    text: str
    start: int
    info: str
    at: int


class Label(msgspec.Struct, frozen=True):
    """A named entry, ``Language: English``, of a line or of a table's row: key in lower case, value, place.

    ``start`` and ``end`` are characters of the card, ``at`` is the place in the plain text.
    """

    key: str
    value: str
    start: int
    end: int
    at: int
    place: str
    urls: tuple[str, ...]


class Document:
    """The parts of one card. Offsets named ``at`` or ``plain`` count the plain text, all others the card."""

    def __init__(self, given: str) -> None:
        """Take the text apart."""
        self.given = given[:MAX_TEXT]
        self.text, self._dropped = _one_kind_of_line_end(self.given)
        where = bounds(self.text)
        self.matter = (where[0], where[1]) if where else None
        self.body = where[2] if where else 0
        self.links: list[Link] = []
        self.tables: list[Table] = []
        self.code: list[Code] = []
        self.sections: list[Section] = []
        self._pieces: list[str] = []
        self._length = 0
        self._plain_at: list[int] = []
        self._text_at: list[int] = []
        self._block_at: list[int] = []
        self._block_kind: list[str] = []
        self._headings: list[tuple[int, int, int, str]] = []
        self._read()
        self.plain = "".join(self._pieces)
        self.lower = _lower(self.plain)
        self.words = words_of(self.lower)
        self._close_sections()
        self._section_at = [section.start for section in self.sections]
        #: Where the card of another model begins that this card repeats, as cards of quantised models do.
        self.quoted = next((one.start for one in self.sections if _QUOTED.match(one.titles[0])), None)
        self.labels = list(self._labels())

    def given_offset(self, offset: int) -> int:
        """The place in the text as given of a place in the text with one kind of line end."""
        return offset + bisect_right(self._dropped, offset - 1) if self._dropped else offset

    def origin(self, plain: int) -> int:
        """The character of the card that a character of the plain text came from."""
        piece = bisect_right(self._plain_at, plain) - 1
        return self.body if piece < 0 else self._text_at[piece] + plain - self._plain_at[piece]

    def kind(self, plain: int) -> str:
        """``prose`` or ``heading``."""
        block = bisect_right(self._block_at, plain) - 1
        return self._block_kind[block] if block >= 0 else "prose"

    def block(self, plain: int) -> tuple[int, int]:
        """The paragraph, list item or heading around a place, in plain offsets."""
        block = bisect_right(self._block_at, plain) - 1
        end = self._block_at[block + 1] - 1 if block + 1 < len(self._block_at) else len(self.plain)
        return (self._block_at[block], end) if block >= 0 else (0, end)

    def titles(self, plain: int) -> tuple[str, ...]:
        """The titles of the section around a place, the innermost first."""
        section = bisect_right(self._section_at, plain) - 1
        return self.sections[section].titles if section >= 0 else ()

    def value(
        self, field: str, value: Any, start: int, end: int, rule: str, confidence: float, place: str = ""
    ) -> Value:
        """A value that the plain text says between two places."""
        first, last = self.origin(start), self.origin(max(start, end - 1)) + 1
        return self.at(field, value, first, max(first, last), rule, confidence, place or self.kind(start))

    def at(self, field: str, value: Any, start: int, end: int, rule: str, confidence: float, place: str) -> Value:
        """A value that the card says between two characters."""
        first, last = self.given_offset(start), self.given_offset(end)
        raw = self.given[first : min(last, first + MAX_RAW)]
        return Value(field, value, raw, first, last, place, confidence, rule)

    def matches(self, pattern: re.Pattern[str], words: Iterable[str], limit: int = 200) -> Iterator[re.Match[str]]:
        """The matches of a pattern that begins with one of the words, in order, none inside another.

        A pattern is tried where its first word stands and nowhere else: that is what keeps the rules fast.
        """
        places = sorted(place for word in words for place in self.words.get(word, ()))
        last = 0
        for place in places:
            if place < last:
                continue
            match = pattern.match(self.plain, place)
            if match is not None and match.end() > place:
                yield match
                last = match.end()
                limit -= 1
                if limit <= 0:
                    return

    def before(
        self, pattern: re.Pattern[str], words: Iterable[str], reach: int, limit: int = 60
    ) -> Iterator[re.Match[str]]:
        """The matches of a pattern that begins at most ``reach`` characters before one of the words."""
        last = 0
        for place in sorted(place for word in words for place in self.words.get(word, ())):
            match = pattern.search(self.plain, max(last, place - reach), min(len(self.plain), place + 60))
            if match is not None and place >= last:
                yield match
                last = match.end()
                limit -= 1
                if limit <= 0:
                    return

    def of(self, label: Label, field: str, value: Any, rule: str, confidence: float) -> Value:
        """A value that a label says."""
        return self.at(field, value, label.start, label.end, rule, confidence, label.place)

    def urls(self, start: int, end: int) -> tuple[str, ...]:
        """The addresses that stand between two places of the plain text."""
        first = bisect_left(self._link_at, start)
        return tuple(link.url for link in self.links[first : bisect_right(self._link_at, end)] if not link.image)

    def _labels(self) -> Iterator[Label]:
        self._link_at = [link.at for link in self.links]
        for match in islice(_LABEL.finditer(self.plain), MAX_LABELS):
            start, end = match.span(2)
            key = " ".join(match[1].lower().split()).strip(" -*#.")
            yield Label(
                key,
                match[2].strip(),
                self.origin(start),
                self.origin(end - 1) + 1,
                start,
                self.kind(start),
                self.urls(start, end),
            )
        for table in self.tables:
            for row in table.rows[1:200]:
                if len(row) >= 2 and row[0].text and row[1].text and (len(row) == 2 or not row[2].text):
                    key = row[0].text.lower()[:60].strip(" :*")
                    yield Label(key, row[1].text[:500], row[1].start, row[1].end, table.at, "table", row[1].links)

    def line_offset(self, line: int) -> int:
        """Where a line of the body begins in the card."""
        return self._lines[line] if line < len(self._lines) else len(self.text)

    def _read(self) -> None:
        body = self.text[self.body :]
        self._lines = [self.body, *(self.body + match.end() for match in re.finditer("\n", body))]
        skip = -1
        tokens = _MARKDOWN.parse(body)
        for position, token in enumerate(tokens):
            if token.map is None or token.map[0] < skip:
                continue
            start, end = self.line_offset(token.map[0]), self.line_offset(token.map[1])
            if token.type == "table_open":
                self._table(token)
                skip = token.map[1]
            elif token.type in ("fence", "code_block"):
                self.code.append(Code(self.text[start:end], start, token.info.strip().lower()[:40], self._length))
                # A character of its own in the plain text, so that it belongs to the section before the next heading.
                self._piece("\n", start)
            elif token.type == "html_block":
                self._html(start, end)
            elif token.type == "inline":
                self._inline(token, tokens[position - 1], start, end)

    def _inline(self, token: Token, parent: Token, start: int, end: int) -> None:
        if parent.type == "heading_open":
            self._heading(start, end, int(parent.tag[1]))
        elif end - start < 100 and _BOLD_LINE.match(self.text[start:end]):
            self._heading(start, end, 7)
        else:
            self._add(start, end, "prose")

    def _heading(self, start: int, end: int, level: int) -> None:
        before = self._length
        self._add(start, min(end, start + 4 * MAX_HEADING), "heading")
        title = "".join(self._pieces[self._first :]).strip(" :#\n_=-")[:MAX_HEADING]
        self._headings.append((before, self._length, level, title.lower()))

    def _html(self, start: int, end: int) -> None:
        """A block of HTML: its tables as tables, each line of the rest as a paragraph or a heading."""
        source = self.text[start:end]
        if len(source) > 20 and _ROW.search(source):
            self._html_table(source, start)
            return
        position = start
        for line in source.split("\n"):
            if line.strip():
                if _HTML_HEADING.search(line):
                    level = _HEADING_LEVEL.search(line)
                    self._heading(position, position + len(line), int(level[1]) if level else 6)
                else:
                    self._add(position, position + len(line), "prose")
            position += len(line) + 1

    def _html_table(self, source: str, start: int) -> None:
        rows: list[list[Cell]] = []
        starts = [match.start() for match in _ROW.finditer(source)]
        cells = 0
        for begin, stop in zip(starts, [*starts[1:], len(source)], strict=True):
            edges = [match.end() for match in _HTML_CELL.finditer(source, begin, stop)]
            rows.append([self._cell(start + a, start + b) for a, b in zip(edges, [*edges[1:], stop], strict=False)])
            cells += len(edges)
            if cells > MAX_TABLE_CELLS:
                break
        self.tables.append(Table(rows, self._length))
        self._piece("\n", start)

    def _table(self, token: Token) -> None:
        first, last = token.map or [0, 0]
        rows: list[list[Cell]] = []
        cells = 0
        for line in range(first, last):
            if line == first + 1:
                continue
            start, end = self.line_offset(line), self.line_offset(line + 1)
            source = self.text[start:end].rstrip()
            edges = [match.start() for match in _CELL_SPLIT.finditer(source)]
            if not source.lstrip().startswith("|"):
                edges.insert(0, -1)
            if not source.endswith("|"):
                edges.append(len(source))
            pairs = pairwise(edges)
            rows.append([self._cell(start + a + 1, start + b) for a, b in pairs])
            cells += len(edges)
            if cells > MAX_TABLE_CELLS:
                break
        self.tables.append(Table(rows, self._length))
        self._piece("\n", self.line_offset(first))

    def _cell(self, start: int, end: int) -> Cell:
        """A cell keeps its words; its links count as links of the card."""
        source = self.text[start : min(end, start + 2_000)]
        if not source.strip():
            return Cell("", start, end, ())
        words: list[str] = []
        urls: list[str] = []
        cursor = 0
        for match in _NOISE.finditer(source):
            words.append(source[cursor : match.start()])
            cursor = match.end()
            label, url = _link(match)
            words.append(label if label is not None else " " if url is None and match[0].isspace() else "")
            if url is not None:
                urls.append(url)
                self._note(label or "", url, start + match.start(), start + match.end(), match["image"] is not None)
        words.append(source[cursor:])
        return Cell(" ".join("".join(words).replace("\\_", "_").split()), start, end, tuple(urls))

    def _note(self, words: str, url: str, start: int, end: int, image: bool) -> None:
        if len(self.links) < MAX_LINKS:
            self.links.append(Link(words, url, start, end, self._length, image))

    def _add(self, start: int, end: int, kind: str) -> None:
        """Add one block to the plain text, without its mark-up."""
        self._block_at.append(self._length)
        self._block_kind.append(kind)
        self._first = len(self._pieces)
        marker = _MARKER.match(self.text, start, end)
        cursor = marker.end() if marker else start
        for match in _NOISE.finditer(self.text, cursor, end):
            self._piece(self.text[cursor : match.start()], cursor)
            cursor = match.end()
            label, url = _link(match)
            if url is not None:
                if match["shown"] is not None:
                    self._note("", match["shown"], match.start(), match.end(), True)
                self._note(label or "", url, match.start(), match.end(), match["image"] is not None)
            if label:
                inner = match.start("words") if match["words"] is not None else match.start()
                self._piece(label, inner)
            elif url is None and match[0][:3].lower() == "<br":
                self._break(match.start(), kind)
            elif url is None and match[0][0].isspace():
                if "\n" in match[0] and (match[0][:2] == "  " or _LABEL_START.match(self.text, cursor, end)):
                    self._break(match.start(), kind)
                else:
                    self._piece(" ", match.start())
        self._piece(self.text[cursor:end], cursor)
        self._piece("\n", max(start, end - 1))

    def _break(self, origin: int, kind: str) -> None:
        """A line end that the author meant: what follows is a block of its own."""
        self._piece("\n", origin)
        self._block_at.append(self._length)
        self._block_kind.append(kind)

    def _piece(self, words: str, origin: int) -> None:
        if words:
            self._pieces.append(words)
            self._plain_at.append(self._length)
            self._text_at.append(origin)
            self._length += len(words)

    def _close_sections(self) -> None:
        """A section ends where the next heading of its level or above begins."""
        starts = [heading[0] for heading in self._headings]
        open_ones: list[tuple[int, str]] = []
        for number, (start, body, level, title) in enumerate(self._headings):
            while open_ones and open_ones[-1][0] >= level:
                open_ones.pop()
            open_ones.append((level, title))
            end = starts[number + 1] if number + 1 < len(starts) else len(self.plain)
            titles = tuple(name for _, name in reversed(open_ones[-4:]))
            self.sections.append(Section(titles, start, body, end, level))


def _link(match: re.Match[str]) -> tuple[str | None, str | None]:
    """What a piece of mark-up leaves in the text, and the address in it."""
    if match["badge"] is not None:
        return None, match["target"].strip("<>")
    if match["image"] is not None:
        return None, match["src"]
    if match["to"] is not None:
        return match["words"].replace("\n", " ").replace("*", " ").replace("`", " "), match["to"].strip("<>")
    if match["href"] is not None:
        return None, match["href"]
    bare = match["auto"] or match["bare"]
    if bare is not None:
        return bare, bare.rstrip(_TRAILING)
    return None, None


def _one_kind_of_line_end(text: str) -> tuple[str, list[int]]:
    """The text with ``\\n`` alone, and the places in it where a character was dropped before.

    A byte order mark counts as dropped before the first character.
    """
    text = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    dropped: list[int] = []
    if text.startswith("\ufeff"):
        text, dropped = text[1:], [-1]
    if "\r" not in text:
        return text, dropped
    pieces = text.split("\r\n")
    at = 0
    for piece in pieces[:-1]:
        at += len(piece)
        dropped.append(at)
        at += 1
    return "\n".join(pieces).replace("\r", "\n"), dropped


def _lower(text: str) -> str:
    """Lower case of the same length: a few capitals have a small letter of two characters."""
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(one if len(one := character.lower()) == 1 else character for character in text)


def words_around(document: Document, start: int, end: int, reach: int = 160) -> str:
    """The lower-case words of the same block before and after a place."""
    first, last = document.block(start)
    return document.lower[max(first, start - reach) : min(last, end + reach)]


def sentence(document: Document, start: int, end: int) -> tuple[int, int]:
    """The sentence around a place, at most 600 characters to each side, in plain offsets."""
    first, last = document.block(start)
    first, last = max(first, start - 600), min(last, end + 600)
    before = max(document.plain.rfind(mark, first, start) for mark in (". ", "! ", "? "))
    after = [place for mark in (". ", "! ", "? ") if (place := document.plain.find(mark, end, last)) >= 0]
    return (before + 2 if before >= 0 else first), (min(after) + 1 if after else last)


def each_link(document: Document) -> Iterator[Link]:
    """The links that are no images."""
    return (link for link in document.links if not link.image)
