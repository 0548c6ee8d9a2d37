"""A repository at one commit, as a hub's decoder sees it: the kept files, and nothing else.

Paths are those of the repository, relative and with ``/``. A tree never gives more than
:data:`MAX_FILE` bytes of a file: what is longer is not metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token

from crawler.frontmatter import read_any_yaml, split
from landing import OperationalError

MAX_FILE = 32 << 20


class Malformed(ValueError):
    """One entry of a hub that cannot be read; it is quarantined with this reason and the others go on."""


class ShapeError(OperationalError):
    """A hub's index or page is not what it was: names the place and the field."""


class Tree:
    """The kept files of one repository at one commit."""

    def __init__(self, name: str, files: Mapping[str, bytes] | Any, commit: str | None = None) -> None:
        """``files`` maps paths to bytes; any mapping will do, also one that reads from disk when asked."""
        self.name, self.commit, self._files = name, commit, files
        self._sorted: list[str] | None = None

    def paths(self, under: str = "", named: str = "") -> list[str]:
        """Paths in order: below the folder ``under``, and with the file name ``named``, where given."""
        if self._sorted is None:
            self._sorted = sorted(self._files)
        prefix = under.rstrip("/") + "/" if under else ""
        return [
            path
            for path in self._sorted
            if path.startswith(prefix) and (not named or path.rsplit("/", 1)[-1] == named)
        ]

    def __contains__(self, path: str) -> bool:
        """Whether the file is kept."""
        return path in self._files

    def read(self, path: str) -> bytes:
        """The bytes of a file; raises :class:`Malformed` where there is none or it is too long."""
        if path not in self._files:
            raise Malformed(f"there is no file {path}")
        body = bytes(self._files[path])
        if len(body) > MAX_FILE:
            raise Malformed(f"{path} is longer than {MAX_FILE >> 20} MiB")
        return body

    def text(self, path: str) -> str:
        """A text file; raises :class:`Malformed` where it is not UTF-8."""
        try:
            return self.read(path).decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            raise Malformed(f"{path} is not UTF-8 at byte {error.start}") from None

    def json(self, path: str) -> Any:
        """A JSON file; raises :class:`Malformed`."""
        try:
            return msgspec.json.decode(self.text(path))
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Malformed(f"{path} is not JSON: {str(error)[:200]}") from None

    def yaml(self, path: str) -> Any:
        """A YAML file with one document, read as YAML 1.2 with bounds; raises :class:`Malformed`."""
        return yaml(self.text(path), path)

    def front_matter(self, path: str) -> tuple[dict[str, Any], str]:
        """The front matter of a Markdown file (empty where there is none), and the text below it."""
        matter, prose = split(self.text(path))
        if matter is None:
            return {}, prose
        facts = yaml(matter, path)
        if not isinstance(facts, dict):
            raise Malformed(f"the front matter of {path} is no mapping")
        return facts, prose

    def web(self, path: str, view: str = "blob") -> str:
        """Where people see a file on GitHub."""
        return f"https://github.com/{self.name}/{view}/{self.commit or 'HEAD'}/{path}"


def yaml(text: str, where: str) -> Any:
    """YAML 1.2, bounded; raises :class:`Malformed`."""
    value, error = read_any_yaml(text)
    if error is not None:
        raise Malformed(f"{where} is not YAML: {error[:200]}")
    return value


def need(facts: Any, *names: str, where: str = "the entry") -> Any:
    """A field that an entry cannot be without, found through nested mappings; raises :class:`Malformed`."""
    for name in names:
        if not isinstance(facts, Mapping) or facts.get(name) in (None, "", [], {}):
            raise Malformed(f"{where} has no field {'.'.join(names)!r}")
        facts = facts[name]
    return facts


_KINDS = {"list": "a list", "dict": "a mapping", "str": "text", "NoneType": "missing"}


def index(value: Any, kind: type, where: str, field: str = "") -> Any:
    """An index that must have a type; raises :class:`ShapeError` that names the place and the field."""
    if not isinstance(value, kind):
        what = f"the field {field!r} of {where}" if field else where
        wanted, found = (_KINDS.get(name, name) for name in (kind.__name__, type(value).__name__))
        raise ShapeError(f"The hub has changed its shape: {what} should be {wanted} and is {found}.")
    return value


# ---------------------------------------------------------------- Markdown

_markdown = MarkdownIt("commonmark").enable("table")
_ARXIV = re.compile(
    r"(?:arxiv\.org/(?:abs|pdf|html)/|arxiv[:\s]\s*|10\.48550/arxiv\.)(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})",
    re.I,
)
_DOI = re.compile(r"(?:doi\.org/|\bdoi[:\s]\s*)(10\.\d{4,9}/[^\s\"'<>)\]}]+)", re.I)
_URL = re.compile(r"https?://[^\s<>\"'`)\]}|]+")


class Table(msgspec.Struct):
    """A table: the headings above it from the outside in, its header, its rows. Cells are text without markup."""

    headings: list[str]
    header: list[str]
    rows: list[list[str]]
    links: list[list[list[str]]]
    """The link targets of every cell of every row."""


def tables(text: str) -> list[Table]:
    """The tables of a Markdown text, pipe tables only, in order."""
    found: list[Table] = []
    headings: list[tuple[int, str]] = []
    cells: list[str] = []
    links: list[list[str]] = []
    tokens = _markdown.parse(text)
    for position, token in enumerate(tokens):
        if token.type == "heading_open":
            level = int(token.tag[1])
            headings = [entry for entry in headings if entry[0] < level]
            headings.append((level, plain(tokens[position + 1])))
        elif token.type == "table_open":
            found.append(Table([title for _, title in headings], [], [], []))
        elif token.type == "tr_open":
            cells, links = [], []
        elif token.type in ("th_open", "td_open"):
            cells.append(plain(tokens[position + 1]))
            links.append(targets(tokens[position + 1]))
        elif token.type == "tr_close" and not found[-1].header:
            found[-1].header = cells
        elif token.type == "tr_close":
            found[-1].rows.append(cells)
            found[-1].links.append(links)
    return found


def plain(token: Token) -> str:
    """The text of an inline token without its markup."""
    parts = [
        child.content
        if child.type in ("text", "code_inline")
        else " "
        if child.type in ("softbreak", "hardbreak")
        else ""
        for child in token.children or []
    ]
    return " ".join("".join(parts).split())


def targets(token: Token) -> list[str]:
    """Where the links of an inline token lead."""
    return [
        str(child.attrs["href"])
        for child in token.children or []
        if child.type == "link_open" and "href" in child.attrs
    ]


def urls(text: str) -> list[str]:
    """Web addresses in a text, once each, in order."""
    return list(dict.fromkeys(url.rstrip(".,;:!?*_") for url in _URL.findall(text)))


def papers(text: str) -> dict[str, list[str]]:
    """``arxiv`` ids and ``doi`` s that a text names, once each, in order; fit for a facts record."""
    arxiv = dict.fromkeys(found.lower() if "/" in found else found for found in _ARXIV.findall(text))
    doi = dict.fromkeys(found.rstrip(".,;").lower() for found in _DOI.findall(text) if "arxiv" not in found.lower())
    return {"arxiv": list(arxiv), "doi": list(doi)}


def github(text: str) -> str | None:
    """The first GitHub repository that a text links to, as ``https://github.com/owner/name``."""
    found = re.search(r"github\.com/([\w.-]+)/([\w.-]+)", text)
    return f"https://github.com/{found[1]}/{found[2].removesuffix('.git')}" if found else None


def texts(value: Any) -> list[str]:
    """A list of texts from a text, a list of texts, or nothing; anything else in it is left out."""
    entries: Iterable[Any] = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [entry.strip() for entry in entries if isinstance(entry, str) and entry.strip()]
