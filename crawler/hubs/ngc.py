"""The NVIDIA NGC catalogue, over the search behind its web site.

**API.** ``GET /v2/search/catalog/resources/MODEL?q={...}`` takes its question as JSON (text, page from 0, page
size, order) and answers 400 to one that is not well formed or asks for too many at once: then the page size is
halved. A page holds groups of results, and a model may stand in several of them; what lands as records is each
once. The page as sent lands beside. ``resultPageTotal`` says how many pages there are.

**Gives.** Organisation, team, name, title, short description, dates, labels (framework, precision, publisher,
areas) and attributes (application, format, newest version with its size). With ``--with versions`` (the
default) each model's versions with dates and sizes, and whether it has a long description.

**Access.** Guests see what is public. Versions of a model that is shared with an organisation only answer 401
or 403 without a key; that is an observation and lands as one. No key is used: what only members see is no
census.

**Limits and terms.** No limits are published; requests are few (one for every 50 models, one for each model's
versions). Licences are texts behind links in descriptions and stay unknown. NVIDIA's terms of use apply. Files
are never requested: ``.../files`` and ``.../zip`` are downloads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import msgspec

from crawler.asking import Ask
from crawler.session import Response
from crawler.source import Plain, Walk
from crawler.tree import ShapeError

NAME = "ngc"
TITLE = "NVIDIA NGC"
ENDPOINT = "https://api.ngc.nvidia.com"
GIVES = ("models", "versions")
BY_DEFAULT = ("versions",)
PARSER = "ngc/1"
PAGE = 50
POLITENESS = "Only the search and lists of versions were requested; no file was."
FIELDS = (
    "resourceId", "orgName", "teamName", "name", "displayName", "description", "dateCreated", "dateModified",
    "isPublic", "guestAccess", "labels", "attributes",
)  # fmt: skip
DETAIL_FIELDS = ("model", "modelVersions")

_ID = re.compile(r"[\w-][\w.-]{0,127}(?:/[\w-][\w.-]{0,127}){1,2}", re.ASCII)
_ORDER = [{"field": "nameSort", "value": "ASC"}, {"field": "resourceId", "value": "ASC"}]


class _Answer(msgspec.Struct):
    results: Any = None
    resultPageTotal: int | None = None


class _Pages(msgspec.Struct):
    index: int = 0
    totalPages: int = 1


class _Versions(msgspec.Struct):
    paginationInfo: _Pages | None = None


class Hub(Plain):
    """One catalogue that speaks this API."""

    def __init__(self, endpoint: str = ENDPOINT) -> None:
        self.endpoint = endpoint

    def listing(self, walks: int = 1, limit: int | None = None) -> list[Walk]:
        """Every model that a guest sees, by name: names do not move."""
        return [Walk("models", "models", self._page(0, min(limit or PAGE, PAGE)), FIELDS)]

    def _page(self, number: int, size: int) -> str:
        asked = {"query": "", "page": number, "pageSize": size, "orderBy": _ORDER}
        text = msgspec.json.encode(asked).decode()
        return f"{self.endpoint}/v2/search/catalog/resources/MODEL?{urlencode({'q': text})}"

    def next_url(self, response: Response, walk: Walk) -> str | None:
        """The next number, while there are pages."""
        number, size = _asked(response.url)
        try:
            total = msgspec.json.decode(response.body, type=_Answer).resultPageTotal or 0
        except msgspec.MsgspecError:
            return None
        return self._page(number + 1, size) if number + 1 < total else None

    def fewer(self, walk: Walk, response: Response) -> Walk | None:
        """Half as many a page, when the hub refuses so many."""
        _, size = _asked(walk.url)
        return replace(walk, url=self._page(0, size // 2)) if size > 1 else None

    def decode_page(self, body: bytes) -> bytes:
        """The models of all groups of a page, each once; a page that is not JSON is left as it is."""
        try:
            answer = msgspec.json.decode(body, type=_Answer)
        except msgspec.ValidationError:
            raise ShapeError("The hub has changed its shape: a page of the search is no object.") from None
        except msgspec.MsgspecError:
            return body
        if not isinstance(answer.results, list):
            raise ShapeError("The hub has changed its shape: the search's page has no list 'results'.")
        seen: dict[str, Any] = {}
        for place, group in enumerate(answer.results):
            resources = group.get("resources") if isinstance(group, dict) else None
            if not isinstance(resources, list):
                raise ShapeError("The hub has changed its shape: a group of the search has no list 'resources'.")
            for number, found in enumerate(resources):
                name = found.get("resourceId") if isinstance(found, dict) else None
                seen.setdefault(name if isinstance(name, str) else f"{place} {number}", found)
        return msgspec.json.encode(list(seen.values()))

    def guard(self, url: str, library: str | None) -> str | None:
        """Why a URL must not be requested."""
        parts = urlsplit(url).path.split("/")
        return "Files of NGC are not read: that would be a download." if {"files", "zip"} & set(parts) else None

    def asks(self, record: dict[str, Any], wanted: frozenset[str]) -> Iterable[Ask]:
        """The model's versions."""
        name = record["resourceId"]
        if "versions" in wanted and _ID.fullmatch(name):
            yield Ask("detail", name, f"{self.endpoint}/v2/models/{quote(name)}/versions?page-size=1000")

    def after(self, ask: Ask, response: Response) -> Iterable[Ask]:
        """The next page of versions."""
        try:
            at = msgspec.json.decode(response.body, type=_Versions).paginationInfo or _Pages()
        except msgspec.MsgspecError:
            return
        if at.index + 1 < at.totalPages:
            yield Ask(ask.kind, ask.key, f"{ask.url.partition('&page-number=')[0]}&page-number={at.index + 1}")

    def decode(self, ask: Ask, response: Response) -> tuple[Any, str] | None:
        """Answers are JSON."""
        return None


def _asked(url: str) -> tuple[int, int]:
    """Page and page size of a question."""
    asked = msgspec.json.decode(parse_qs(urlsplit(url).query)["q"][0])
    return asked["page"], asked["pageSize"]
