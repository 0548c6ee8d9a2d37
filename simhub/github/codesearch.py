"""Legacy code search over the files of the default branches, as the REST API still offers it.

The index is made once, when it is first asked: which files have a word, and the words of each file in a row for
quoted ones. It is as stale as GitHub's: repositories that are gone or blocked are still found. Documented: 1,000
results at most, files below 384 KB, forks only when asked for, 401 without a token, 422 for a repository or user that
is not there. Guessed: the order of results, and that the page that goes just past the last result is cut there.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from simhub.clock import chance, digest
from simhub.github import describe
from simhub.github.limits import refused
from simhub.github.query import Invalid, Query, Term, parse, words_of
from simhub.github.rest import links, page_of
from simhub.github.shelf import Held, Shelf
from simhub.wire import Request, Response, json_response

MOST_BYTES = 384 << 10
REMEMBERED = 64
DOCS = "https://docs.github.com/rest/search/search"

#: Languages by lower-case name: the endings of their files, and whole names.
LANGUAGES: dict[str, tuple[str, ...]] = {
    "python": (".py", ".pyi", ".pyw", "wscript", "sconstruct"),
    "jupyter notebook": (".ipynb",),
    "markdown": (".md", ".markdown"),
    "yaml": (".yml", ".yaml"),
    "json": (".json", ".jsonl", "pipfile.lock"),
    "toml": (".toml", "poetry.lock", "cargo.lock", "pipfile"),
    "shell": (".sh", ".bash"),
    "dockerfile": ("dockerfile", ".dockerfile"),
    "text": (".txt",),
    "ini": (".ini", ".cfg"),
    "javascript": (".js", ".mjs", ".cjs"),
    "typescript": (".ts", ".tsx"),
    "c++": (".cpp", ".cc", ".hpp"),
    "rust": (".rs",),
    "go": (".go",),
    "java": (".java",),
    "r": (".r",),
    "html": (".html", ".htm"),
    "restructuredtext": (".rst",),
}
_ALIASES = {"py": "python", "ipynb": "jupyter notebook", "jupyter-notebook": "jupyter notebook", "yml": "yaml"}
_ALIASES |= {"md": "markdown", "js": "javascript", "ts": "typescript", "cpp": "c++", "sh": "shell", "bash": "shell"}


@dataclass(slots=True)
class Found:
    """One file of the index: the words of its content and of its path stand between single spaces."""

    held: Held
    path: str
    size: int
    content: str
    named: str

    @property
    def low(self) -> str:
        """Its path in lower case."""
        return self.path.lower()


@dataclass
class _Index:
    files: list[Found] = field(default_factory=list)
    words: dict[str, array[int]] = field(default_factory=dict)


class CodeSearch:
    """Answers /search/code; a share ``incomplete`` of the queries is cut short when a page is first asked for."""

    def __init__(self, shelf: Shelf, seed: int, cap: int, incomplete: float) -> None:
        self._shelf, self._seed, self._cap, self._incomplete = shelf, seed, cap, incomplete
        self._index: _Index | None = None
        self._results: OrderedDict[str, list[int]] = OrderedDict()
        self._asked: set[str] = set()

    def answer(self, request: Request) -> Response:
        """A page of results; 422 for a query that GitHub refuses and for what lies beyond the first 1,000."""
        text = request.first("q")
        page, size = page_of(request)
        if not text.strip():
            return _invalid("The search contains no query.", "missing")
        try:
            found = self._found(text)
        except Invalid as bad:
            return _invalid(str(bad), "invalid")
        if (page - 1) * size >= self._cap:
            return refused(422, f"Only the first {self._cap} search results are available", f"{DOCS}#search-code")
        found, whole = self._cut(request, text, found)
        shown = found[: self._cap][(page - 1) * size : page * size]
        files = self._whole().files
        items = [_item(files[number], request.origin) for number in shown]
        answer = json_response({"total_count": len(found), "incomplete_results": not whole, "items": items})
        last = -(-min(len(found), self._cap) // size)
        answer.headers.update(links(request, f"{request.origin}/search/code", page, last))
        return answer

    def _cut(self, request: Request, text: str, found: list[int]) -> tuple[list[int], bool]:
        """The results, and whether they are whole: two of three of them where the query ran out of time."""
        if not self._incomplete or chance(self._seed, "incomplete", text) >= self._incomplete:
            return found, True
        key = digest(request.target, length=16)
        if key in self._asked:
            return found, True
        self._asked.add(key)
        return [number for place, number in enumerate(found) if place % 3 != 1], False

    def _found(self, text: str) -> list[int]:
        if text in self._results:
            self._results.move_to_end(text)
            return self._results[text]
        query = parse(text)
        self._check_scope(query)
        found = self._evaluate(query)
        self._results[text] = found
        if len(self._results) > REMEMBERED:
            self._results.popitem(last=False)
        return found

    def _check_scope(self, query: Query) -> None:
        """A query whose repositories and users are all unknown is refused."""
        names = query.wanted.get("repo", [])
        owners = query.wanted.get("user", []) + query.wanted.get("org", [])
        known = [name for name in names if name in self._shelf.by_name]
        known += [owner for owner in owners if owner in self._shelf.by_owner]
        if (names or owners) and not known:
            raise Invalid(
                "The listed users and repositories cannot be searched either because the resources do not exist"
                " or you do not have permission to view them."
            )

    def _evaluate(self, query: Query) -> list[int]:
        files, where = self._whole().files, query.where
        found: set[int] | None = None
        unwanted: set[int] = set()
        for group in query.groups:
            if len(group) == 1 and group[0].negated:
                unwanted |= self._having(group[0], where)
                continue
            having = set().union(*(self._having(term, where) for term in group if not term.negated))
            found = having if found is None else found & having
        numbers = range(len(files)) if found is None else sorted(found)
        return [number for number in numbers if number not in unwanted and _fits(files[number], query)]

    def _having(self, term: Term, where: set[str]) -> set[int]:
        """The files that have all words of a term in a row."""
        index, row = self._whole(), f" {' '.join(term.words)} "
        found: set[int] = set()
        if "file" in where:
            lists = sorted((index.words.get(word, array("I")) for word in term.words), key=len)
            found = set(lists[0])
            for other in lists[1:]:
                found &= set(other)
            if len(term.words) > 1:
                found = {number for number in found if row in index.files[number].content}
        if "path" in where:
            found |= {number for number, file in enumerate(index.files) if row in file.named}
        return found

    def _whole(self) -> _Index:
        if self._index is None:
            self._index = _indexed(self._shelf, self._seed)
        return self._index


def _indexed(shelf: Shelf, seed: int) -> _Index:
    """The index. Files are numbered in the order in which results show them."""
    found = [(held, path) for held in shelf.all for path in held.files if len(held.files[path]) < MOST_BYTES]
    found.sort(key=lambda pair: digest(seed, pair[0].number, pair[1], length=16))
    index = _Index()
    for number, (held, path) in enumerate(found):
        body = held.files[path]
        words = [] if b"\0" in body[:8000] else words_of(body.decode("utf-8", "replace"))
        index.files.append(Found(held, path, len(body), f" {' '.join(words)} ", f" {' '.join(words_of(path))} "))
        for word in set(words):
            index.words.setdefault(word, array("I")).append(number)
    return index


def _fits(file: Found, query: Query) -> bool:
    """Whether a file meets the qualifiers: any of those wanted of each kind, and none of those unwanted."""
    repository = file.held.repository
    fork = query.wanted.get("fork", ["false"])[-1]
    if repository.fork != (fork == "only") and fork != "true":
        return False
    if any(not low <= file.size <= high for low, high in query.sizes):
        return False
    scope = [*query.wanted.get("repo", []), *query.wanted.get("user", []), *query.wanted.get("org", [])]
    if scope and not {repository.full_name.lower(), repository.owner.lower()} & set(scope):
        return False
    for key, test in _TESTS.items():
        if key in query.wanted and not any(test(file, value) for value in query.wanted[key]):
            return False
        if any(test(file, value) for value in query.unwanted.get(key, [])):
            return False
    if not query.unwanted:
        return True
    away = [value for key in ("repo", "user", "org") for value in query.unwanted.get(key, [])]
    return not {repository.full_name.lower(), repository.owner.lower()} & set(away)


def _language(file: Found, value: str) -> bool:
    ends = LANGUAGES.get(_ALIASES.get(value, value), ())
    name = file.low.rpartition("/")[2]
    return any(name.endswith(end) if end.startswith(".") else name == end for end in ends)


def _extension(file: Found, value: str) -> bool:
    name = file.low.rpartition("/")[2]
    return "." in name and name.rpartition(".")[2] == value.lstrip(".")


def _filename(file: Found, value: str) -> bool:
    """By the words of a file's name; a star finds nothing, as has been reported."""
    row = f" {' '.join(words_of(value))} "
    if not row.strip() or "*" in value or row not in file.named:
        return False
    return row in f" {' '.join(words_of(file.low.rpartition('/')[2]))} "


def _path(file: Found, value: str) -> bool:
    """Below a folder that is named from the top; "/" is the top itself."""
    if value == "/":
        return "/" not in file.path
    folder = value.strip("/")
    return "*" not in value and file.low.startswith(f"{folder}/")


_TESTS = {"language": _language, "extension": _extension, "filename": _filename, "path": _path}


def _item(file: Found, origin: str) -> dict[str, Any]:
    held, sha = file.held, file.held.snapshot.blobs[file.path]
    base, place = f"{origin}/repositories/{held.number}", quote(file.path)
    return {
        "name": file.path.rpartition("/")[2],
        "path": file.path,
        "sha": sha,
        "url": f"{base}/contents/{place}?ref={held.commit}",
        "git_url": f"{base}/git/blobs/{sha}",
        "html_url": f"{describe.SITE}/{held.repository.full_name}/blob/{held.commit}/{place}",
        "repository": describe.short(held, origin),
        "score": 1.0,
    }


def _invalid(message: str, code: str) -> Response:
    errors = [{"message": message, "resource": "Search", "field": "q", "code": code}]
    docs = f"{DOCS}#search-code"
    body = {"message": "Validation Failed", "errors": errors, "documentation_url": docs, "status": "422"}
    return json_response(body, 422)
