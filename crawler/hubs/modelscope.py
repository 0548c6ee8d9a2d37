"""ModelScope, over its open API.

**Listing.** ``GET /openapi/v1/models`` gives pages (``page_number``, at most 50 a page) in one of four orders,
and says how many models a question has (``total_count``), but shows only the first 3,000 of them:
``page_number`` times ``page_size`` ends there. There are many times more models. So the listing is asked in
slices: by the first letters of names (``search`` finds names that begin with a text), where that does not reach
everything by owner, task, library and licence, as far as records name them. The union of what came is held
against ``total_count`` before and after; the run's manifest says how much of everything was seen, slice by
slice (``config.coverage``), and a run that saw less is never taken as complete. ``--walks 4`` asks four
questions side by side.

**Gives.** Title, description, tasks, tags (libraries, licences and base models among them), parameters, size,
times, downloads, likes. With ``--with files`` the files of each model with sizes and hashes, at one request a
model.

**Limits and politeness.** No quota is published; a 429 is waited out, and a crawl that would need far more
requests than the models it counts have pages ends and says so. Nothing is requested that could count as a
download: files go through ``.../repo?FilePath=``, which is refused here, model cards included. Public models
need no key and none is sent. Each model is under its own licence; ModelScope's terms of use apply.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import msgspec

from crawler.asking import Ask
from crawler.session import Response
from crawler.slices import Slice
from crawler.source import Plain, Walk
from crawler.tree import ShapeError

NAME = "modelscope"
TITLE = "ModelScope"
ENDPOINT = "https://modelscope.cn"
GIVES = ("models", "files")
BY_DEFAULT = ()
PARSER = "modelscope/1"
RECORDS_AT = "data.models"
PAGE, WINDOW = 50, 3_000
MAX_WALKS = 8
POLITENESS = "Only the listing and, where asked, lists of files were requested; no file was."
FIELDS = (
    "id", "display_name", "description", "downloads", "likes", "license", "tasks", "tags", "created_at",
    "last_modified", "file_size", "params", "private", "gated",
)  # fmt: skip
DETAIL_FIELDS = ("Data",)

_ID = re.compile(r"[\w-][\w.-]{0,127}/[\w-][\w.-]{0,255}", re.ASCII)


class Hub(Plain):
    """One hub that speaks this API."""

    orders = ("last_modified", "downloads", "likes", "default")
    facets = ("owner", "filter.task", "filter.library", "filter.license")

    def __init__(self, endpoint: str = ENDPOINT) -> None:
        self.endpoint, self.page, self.window = endpoint, PAGE, WINDOW

    def listing(self, walks: int = 1, limit: int | None = None) -> list[Walk]:
        """The question for everything; where a limit is set, as far as it leads, else what it leads to follows."""
        if limit is None:
            return [self.ask(Slice(), self.orders[0], "models")]
        self.page = -(-limit // -(-limit // PAGE))
        return [self.ask(Slice(), self.orders[0], f"models~{self.orders[0]}~all")]

    def ask(self, asked: Slice, order: str, name: str) -> Walk:
        """The walk of a slice in an order."""
        pairs = [("page_number", "1"), ("page_size", str(self.page)), ("sort", order)]
        pairs += [(asked.facet, asked.value)] if asked.facet else []
        pairs += [("search", asked.prefix)] if asked.prefix else []
        return Walk(name, "models", f"{self.endpoint}/openapi/v1/models?{urlencode(pairs, errors='replace')}", FIELDS)

    def total(self, page: Any) -> int:
        """How many models the question of a page has."""
        total = page["data"]["total_count"]
        if not isinstance(total, int):
            raise TypeError(total)
        return total

    def next_url(self, response: Response, walk: Walk) -> str | None:
        """The next number, inside the window; a question with too many models is not walked unless told to."""
        try:
            page = msgspec.json.decode(response.body)
            models, total = page["data"]["models"], self.total(page)
        except msgspec.MsgspecError:
            return None
        except (KeyError, TypeError):
            raise ShapeError("The hub has changed its shape: a page has no number 'data.total_count'.") from None
        number, size = (int(_asked(response.url, name)) for name in ("page_number", "page_size"))
        if walk.name.endswith("~after") or (total > self.window and not walk.name.endswith("~all")):
            return None
        if not models or number * size >= total or (number + 1) * size > self.window:
            return None
        return response.url.replace(f"page_number={number}&", f"page_number={number + 1}&", 1)

    def values(self, record: dict[str, Any]) -> Iterable[tuple[str, str]]:
        """Owner, tasks, library and licence of a record."""
        if owner := record["id"].rpartition("/")[0]:
            yield "owner", owner
        yield from (("filter.task", task) for task in _words(record.get("tasks")))
        for tag in _words(record.get("tags")):
            kind, _, value = tag.partition(":")
            if kind in ("library", "license") and value:
                yield f"filter.{kind}", value

    def guard(self, url: str, library: str | None) -> str | None:
        """Why a URL must not be requested."""
        parts = urlsplit(url)
        reads = parts.path.endswith("/repo") or "/resolve/" in parts.path
        return "Files of ModelScope are not read: that would be a download." if reads else None

    def asks(self, record: dict[str, Any], wanted: frozenset[str]) -> Iterable[Ask]:
        """The model's files."""
        name = record["id"]
        if "files" in wanted and _ID.fullmatch(name):
            url = f"{self.endpoint}/api/v1/models/{quote(name)}/repo/files?Revision=master&Recursive=true"
            yield Ask("detail", name, url)

    def after(self, ask: Ask, response: Response) -> Iterable[Ask]:
        """An answer is whole."""
        return ()

    def decode(self, ask: Ask, response: Response) -> tuple[Any, str] | None:
        """Answers are JSON."""
        return None


def _asked(url: str, name: str) -> str:
    return parse_qs(urlsplit(url).query)[name][0]


def _words(value: Any) -> list[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []
